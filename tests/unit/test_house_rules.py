"""The tools of the house are quiet on the whole tree, and each of them notices what is planted for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = {
    "ruff": [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "lint-imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
}

# tool, file, what is planted there, what the tool says about it
PLANTED = [
    ("ruff", "engine/cases.py", "import SpiffWorkflow\n\nprint_ = SpiffWorkflow\n", "engine/bpmn.py alone"),
    ("ruff", "engine/cases.py", "import datetime\n\nNOW = datetime.datetime.now()\n", "engine.clock.now()"),
    ("ruff", "web/pages.py", "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n", "engine.clock.now()"),
    ("ruff", "engine/cases.py", "from datetime import date\n\nTODAY = date.today()\n", "engine.clock.today()"),
    ("ruff", "web/pages.py", "import os\n\nPORT = os.environ['PORT']\n", "config/settings.py alone"),
    ("ruff", "engine/timers.py", "import apscheduler\n\nprint_ = apscheduler\n", "web/worker.py alone"),
    ("ruff", "engine/letters.py", "import yagmail\n\nprint_ = yagmail\n", "notifications/mailer.py alone"),
    ("ruff", "engine/cases.py", "import docx\n\nprint_ = docx\n", "engine/documents alone"),
    ("ruff", "engine/cases.py", "import typst\n\nprint_ = typst\n", "engine/documents alone"),
    ("ruff", "web/pages.py", "import openpyxl\n\nprint_ = openpyxl\n", "engine/sheets alone"),
    ("ruff", "engine/cases.py", "import tomlkit\n\nprint_ = tomlkit\n", "engine/workshop/toml_edits.py alone"),
    ("ruff", "web/pages.py", "def page():\n    print('seen')\n", "T201"),
    ("ruff format", "engine/cases.py", "CASES = {'one' : 1}\n", "engine/cases.py"),
    ("mypy", "engine/cases.py", "def close(case):\n    return case\n", "no-untyped-def"),
    ("mypy", "web/pages.py", "def page(number: int) -> str:\n    return number\n", "return-value"),
    ("mypy", "engine/cases.py", "LEVEL: int = 1  # type: ignore[assignment]\n", "unused-ignore"),
    ("lint-imports", "engine/cases.py", "import SpiffWorkflow\n", "SpiffWorkflow is known to engine.bpmn alone BROKEN"),
    ("lint-imports", "engine/timers.py", "import apscheduler\n", "APScheduler is known to web.worker alone BROKEN"),
    ("lint-imports", "engine/letters.py", "import yagmail\n", "yagmail is known to notifications.mailer alone BROKEN"),
    ("lint-imports", "engine/cases.py", "import openpyxl\n", "openpyxl is known to engine.sheets alone BROKEN"),
    (
        "lint-imports",
        "web/pages.py",
        "import docx\n",
        "known to engine.documents alone BROKEN",
    ),
    (
        "lint-imports",
        "web/pages.py",
        "import typst\n",
        "known to engine.documents alone BROKEN",
    ),
    ("lint-imports", "engine/cases.py", "import web\n", "engine on config BROKEN"),
    ("lint-imports", "config/regime.py", "import engine.clock\n", "engine on config BROKEN"),
    ("lint-imports", "notifications/rules.py", "import web\n", "engine on config BROKEN"),
]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tree_is_clean(tool: str) -> None:
    status, said = _run(tool, ROOT)
    assert status == 0, said


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tree_with_nothing_planted_is_clean(tool: str, small_tree: Path) -> None:
    """Otherwise what follows would prove nothing."""
    status, said = _run(tool, small_tree)
    assert status == 0, said


@pytest.mark.parametrize(("tool", "file", "code", "complaint"), PLANTED)
def test_a_planted_violation_is_found(tool: str, file: str, code: str, complaint: str, small_tree: Path) -> None:
    (small_tree / file).write_text(f'"""Something forbidden."""\n\n{code}', encoding="utf-8")
    status, said = _run(tool, small_tree)
    assert status == 1, said
    assert complaint in said


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("engine/bpmn.py", "import SpiffWorkflow\n\n__all__ = ['SpiffWorkflow']\n"),
        ("web/worker.py", "import apscheduler\n\n__all__ = ['apscheduler']\n"),
        ("engine/documents/paper.py", "import typst\n\n__all__ = ['typst']\n"),
        ("engine/documents/word.py", "import docx\n\n__all__ = ['docx']\n"),
        ("engine/sheets/template.py", "import openpyxl\n\n__all__ = ['openpyxl']\n"),
    ],
)
@pytest.mark.parametrize("tool", ["ruff", "lint-imports"])
def test_the_owner_of_a_library_may_use_it(tool: str, file: str, code: str, small_tree: Path) -> None:
    for package in ("documents", "sheets"):
        (small_tree / "engine" / package).mkdir()
        (small_tree / "engine" / package / "__init__.py").write_text(f'"""{package}."""\n', encoding="utf-8")
    (small_tree / file).write_text(f'"""The owner."""\n\n{code}', encoding="utf-8")
    status, said = _run(tool, small_tree)
    assert status == 0, said


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """The packages with hardly anything in them, under our own settings of the tools."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "README.md").touch()
    for package in ("config", "engine", "notifications", "processes", "web"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f'"""{package}."""\n', encoding="utf-8")
    shutil.copy(ROOT / "engine" / "clock.py", tmp_path / "engine")
    return tmp_path


def _run(tool: str, folder: Path) -> tuple[int, str]:
    """Status and words of the tool, run in `folder` and seeing our packages only there."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"}
    result = subprocess.run(
        TOOLS[tool], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    return result.returncode, result.stdout + result.stderr
