"""What stands beside the code is true, and holds nothing of a machine or of a person."""

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.settings import PREFIX, Settings
from tests.source import PACKAGES, ROOT, texts
from web import demo

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"]
READMES = ["README.md", "README.zh-CN.md"]


# ---- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_is_documented_with_its_default(readme: str) -> None:
    documented = _settings_table((ROOT / readme).read_text(encoding="utf-8"))
    expected = {PREFIX + field.name.upper(): str(field.default) for field in fields(Settings)}
    assert all(field.default is not MISSING for field in fields(Settings))
    assert documented == expected


def test_a_setting_left_out_or_wrong_would_be_noticed() -> None:
    table = "| `JIQUN_PORT` | `9` | x |\n| `JIQUN_DATABASE_URL` |  | x |\n"
    assert _settings_table(table) == {"JIQUN_PORT": "9", "JIQUN_DATABASE_URL": ""}


def _settings_table(text: str) -> dict[str, str]:
    rows = re.findall(r"^\| `(JIQUN_\w+)` \| *(?:`([^`]*)`)? *\|", text, re.MULTILINE)
    return dict(rows)


# ---- the demo ----------------------------------------------------------------------------------


@pytest.mark.parametrize("readme", READMES)
def test_the_demo_accounts_that_are_told_are_there_with_the_password_that_is_told(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.partition("`Jiqun-Demo-")[2], maxsplit=1, flags=re.MULTILINE)[0]
    told = set(re.findall(r"`([a-z][a-z0-9-]*)`", section))
    assert len(told) >= 40
    assert told <= {account["name"] for account in demo.plan()["accounts"]}
    assert f"`{demo.plan()['password']}`" in text


# ---- dependencies ------------------------------------------------------------------------------


def test_no_dependency_brings_a_package_of_our_names() -> None:
    assert list(_intruders(importlib.metadata.distributions())) == []


def test_a_dependency_that_brought_one_would_be_noticed(tmp_path: Path) -> None:
    for name, file in (("intruder", "engine/__init__.py"), ("single", "config.py"), ("harmless", "engines/config.py")):
        about = tmp_path / f"{name}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", encoding="utf-8")
        (about / "RECORD").write_text(f"{file},,\n", encoding="utf-8")
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    found = list(_intruders(importlib.metadata.distributions(path=[str(tmp_path)])))
    assert sorted(found) == ["intruder: engine/__init__.py", "single: config.py"]


def _intruders(distributions: Iterable[importlib.metadata.Distribution]) -> Iterator[str]:
    for distribution in distributions:
        for file in distribution.files or ():
            top = file.parts[0].removesuffix(".py")
            if distribution.metadata["Name"] != "jiqun" and top in (*PACKAGES, "tests") and file.suffix == ".py":
                yield f"{distribution.metadata['Name']}: {file}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"--(extra-)?(index-url|find-links|trusted-host)", text)
    for entry in re.split(r"\n(?=[a-z])", text)[1:]:
        assert re.match(r"[a-z0-9-]+==\S+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev",))])
def test_a_lock_has_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """Otherwise somebody changed pyproject.toml without `sh run.sh lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    wanted += project["build-system"]["requires"]
    wanted += [line for extra in extras for line in project["project"]["optional-dependencies"][extra]]
    locked = _pins(lock)
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{lock} lacks {name}"
        assert requirement.specifier.contains(locked[name]), f"{lock} has {name} {locked[name]}, not {requirement}"


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    assert _pins("requirements.lock").items() <= _pins("requirements-dev.lock").items()


def test_the_front_end_is_locked_to_the_letter_and_to_no_machine() -> None:
    text = (ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    lock = json.loads(text)["packages"]
    own = lock.pop("")
    asked = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    for kind in ("dependencies", "devDependencies"):
        assert own[kind] == asked[kind]
        assert {name: lock[f"node_modules/{name}"]["version"] for name in asked[kind]} == asked[kind]
    assert [name for name, entry in lock.items() if "integrity" not in entry] == []


def test_node_is_locked_as_the_project_asks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (requirement,) = map(Requirement, project["dependency-groups"]["node"])
    assert requirement.specifier.contains(_pins("requirements-node.lock")[canonicalize_name(requirement.name)])


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


# ---- nothing of a machine, nothing of a person -------------------------------------------------

# Folders of one machine: behind a word or another slash it is an address or a path of ours.
MACHINE = re.compile(r"(?<![\w./~-])/(?:work|home|root|farm|Users|opt)/\w")
# 区号-号码, mobile numbers and mail addresses. 0000-style and 1380013800x numbers belong to nobody.
TELEPHONE = re.compile(r"(?<![\d.])0\d{2,3}[-－ ]\d{7,8}(?!\d)|(?<![\d.])1[3-9]\d{9}(?!\d)")
NOBODYS = re.compile(r"0\d{2,3}[-－ ]0{7,8}|1380013800\d|13[0-9]0{8}")


def a_machine(text: str) -> list[str]:
    return MACHINE.findall(text)


def a_telephone(text: str) -> list[str]:
    return [number for number in TELEPHONE.findall(text) if not NOBODYS.fullmatch(number)]


@pytest.mark.parametrize("text", ["cd /home/somebody/jiqun", "(/opt/x)", "path = '/Users/somebody/jiqun'"])
def test_a_path_of_a_machine_is_found(text: str) -> None:
    assert a_machine(text)


@pytest.mark.parametrize(
    "text", ["POST /api/v1/cases", "see docs/home/x", "PYTHON=/路径/python3", "https://a.example/work/x"]
)
def test_other_paths_pass(text: str) -> None:
    assert not a_machine(text)


@pytest.mark.parametrize("text", ["电话：0755-8312345", "0755-83123456", "联系 13912345678。", "020 81234567"])
def test_a_telephone_number_is_found(text: str) -> None:
    assert a_telephone(text)


@pytest.mark.parametrize("text", ["0755-00000000", "13800138000", "2026-03-02", "441800", "sha256:013912345678901"])
def test_numbers_of_nobody_pass(text: str) -> None:
    assert not a_telephone(text)


def test_no_file_names_a_machine_or_a_telephone() -> None:
    own = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path, text in texts()
        if path != own
        for what in a_machine(text) + a_telephone(text)
    ]
    assert found == []


def test_the_lock_files_name_no_machine() -> None:
    assert [lock for lock in LOCKS if MACHINE.search((ROOT / lock).read_text(encoding="utf-8"))] == []
