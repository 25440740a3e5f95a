"""Rules of our own about Python code. Each is shown what it must find and what it must let pass."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT, finds, modules, offences

# ---- no regime is known to Python: it is data --------------------------------------------------

FILES = sorted((ROOT / "config" / "regimes").glob("*.toml"))
REGIMES = {path.stem for path in FILES} | {"qingyuan", "shantou", "guangxi", "national"}
IDS = re.compile("|".join(sorted(REGIMES - {"national"})), re.IGNORECASE)
BUREAUS = {tomllib.loads(path.read_text(encoding="utf-8"))["bureau"] for path in FILES}
NAMED = re.compile(
    "|".join([IDS.pattern, "清远", "汕头", "广西", *(rf"\b{code}\b" for code in BUREAUS)]), re.IGNORECASE
)
NATIONAL = re.compile(r"(^|[/.])national([/.]|$)")  # alone, or in a path


def a_regime(tree: ast.Module) -> Iterator[ast.AST]:
    """Names and strings that speak of one regime; and "national", unless it is the level of a recognition.

    A docstring may quote a regime's law by its Chinese name, but not the id.
    """
    levels = {id(child) for node in ast.walk(tree) for child in _beside_provincial(node)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if any(IDS.search(name) for name in _names(node)):
            yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")
            named = IDS.search(text) if id(node) in docstrings else NAMED.search(text)
            if named or (NATIONAL.search(text) and id(node) not in levels):
                yield node


def _names(node: ast.AST) -> Iterator[str]:
    for field in ("id", "attr", "name", "arg", "module", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def _beside_provincial(node: ast.AST) -> Iterator[ast.AST]:
    """FACTS.json knows recognitions "provincial" and "national"; named together they are levels and no regimes."""
    children = list(ast.iter_child_nodes(node))
    if any(isinstance(child, ast.Constant) and child.value == "provincial" for child in children):
        yield from children


@pytest.mark.parametrize(
    "code",
    [
        "if regime == 'qingyuan': pass",
        "NAMES = {'national': 1}",
        "if regime.name == 'national': pass",
        "match regime:\n    case 'shantou': pass",
        "PATH = 'config/regimes/guangxi.toml'",
        "qingyuan = 1",
        "def load_shantou(): pass",
        "from config import guangxi",
        "title.startswith('清远市')",
        "LEVELS = ('provincial',)\nREGIME = 'national'",
        "if case.bureau_code == '441800': pass",
        "BUREAUS = {'清远市工业和信息化局': 1}",
        '"""See config/regimes/qingyuan.toml."""',
    ],
)
def test_a_regime_in_python_is_found(code: str) -> None:
    assert finds(a_regime, code)


@pytest.mark.parametrize(
    "code",
    [
        "LEVELS = {None, 'provincial', 'national'}",
        'raise Wrong(\'应为 "provincial"、"national" 或 null\')',
        "international = 'internationally'",
        '"""Seven working days. 清远 第十五条（二）."""',
    ],
)
def test_what_only_looks_like_a_regime_passes(code: str) -> None:
    assert not finds(a_regime, code)


def test_no_regime_is_named_in_python() -> None:
    assert offences(a_regime, modules()) == []


def test_no_regime_is_named_in_a_comment() -> None:
    assert [str(path) for path in modules() if IDS.search(path.read_text(encoding="utf-8"))] == []


# ---- the caller commits ------------------------------------------------------------------------


def a_commit(tree: ast.Module) -> Iterator[ast.AST]:
    """Anything called `commit`, or handed over under that name, on whatever object."""
    for node in ast.walk(tree):
        word = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
        if isinstance(word, str) and word.strip(" ;").lower() == "commit":
            yield node


@pytest.mark.parametrize(
    "code",
    ["session.commit()", "connection.execute('COMMIT')", "finish = session.commit", "getattr(session, 'commit')()"],
)
def test_a_commit_is_found(code: str) -> None:
    assert finds(a_commit, code)


def test_a_word_about_commits_passes() -> None:
    assert not finds(a_commit, '"""The caller commits."""\nevent.listen(session, "after_commit", put_back)')


def test_the_engine_and_the_letters_never_commit() -> None:
    assert offences(a_commit, modules("engine", "notifications", "config")) == []


# ---- Python is never evaluated -----------------------------------------------------------------

EVALUATORS = {"eval", "exec", "compile", "__import__"}
RUNNERS = {"builtins", "pickle", "marshal", "shelve", "dill", "code"}


def an_evaluation(tree: ast.Module) -> Iterator[ast.AST]:
    """The built-in evaluators by name or through builtins; and what runs code while it reads data."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in EVALUATORS:
                yield node
            case ast.Attribute(value=ast.Name(id="builtins" | "__builtins__"), attr=name) if name in EVALUATORS:
                yield node
            case ast.ImportFrom(module=module) if module in RUNNERS:
                yield node
            case ast.Import(names=names) if any(alias.name in RUNNERS for alias in names):
                yield node


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "exec(code)",
        "run = eval",
        "compile(text, 'f', 'eval')",
        "builtins.eval('1')",
        "from builtins import exec as run",
        "__import__('os')",
        "import pickle",
    ],
)
def test_an_evaluation_is_found(code: str) -> None:
    assert finds(an_evaluation, code)


@pytest.mark.parametrize("code", ["re.compile('a')", "session.exec_driver_sql('BEGIN')", "def evaluate(text): ..."])
def test_what_only_sounds_like_an_evaluation_passes(code: str) -> None:
    assert not finds(an_evaluation, code)


def test_python_is_never_evaluated() -> None:
    sandbox = ROOT / "engine" / "scripts" / "child.py"  # a process of its own, and RestrictedPython's code alone
    assert offences(an_evaluation, [sandbox]) != []
    assert offences(an_evaluation, [path for path in modules() if path != sandbox]) == []


# ---- one reader of the environment -------------------------------------------------------------


ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}


def the_environment(tree: ast.Module) -> Iterator[ast.AST]:
    """os.environ and its relatives, however imported, and click's own way to them."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os" | "posix"), attr=name) if name in ENVIRONMENT:
                yield node
            case ast.ImportFrom(module="os", names=names) if any(alias.name in ENVIRONMENT for alias in names):
                yield node
            case ast.keyword(arg="envvar" | "auto_envvar_prefix"):
                yield node


@pytest.mark.parametrize(
    "code",
    ["os.environ['PORT']", "os.getenv('PORT')", "from os import environ", "click.option('--port', envvar='PORT')"],
)
def test_a_reader_of_the_environment_is_found(code: str) -> None:
    assert finds(the_environment, code)


def test_the_settings_alone_read_the_environment() -> None:
    settings = ROOT / "config" / "settings.py"
    assert offences(the_environment, [settings]) != []
    assert offences(the_environment, [path for path in modules() if path != settings]) == []


# ---- files small enough to read ----------------------------------------------------------------

LONGEST = 400  # lines; past 300 look for the second subject


def test_no_module_is_too_long_and_each_says_what_it_is_about() -> None:
    for path in modules():
        if "versions" in path.parts:
            continue  # history is written once and only read to look something up
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        assert len(text.splitlines()) <= LONGEST, f"{name} has more than {LONGEST} lines"
        assert ast.get_docstring(ast.parse(text)), f"{name} does not say what it is about"


def test_the_packages_are_looked_at() -> None:
    """A rule that looks at no file is always kept."""
    seen = {path.relative_to(ROOT) for path in modules()}
    assert {Path("engine/clock.py"), Path("config/settings.py"), Path("web/__init__.py")} <= seen


# ---- what a regime has of its own is told, with why --------------------------------------------


def test_the_files_of_each_regime_are_told_with_their_reason() -> None:
    told = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## What a regime has of its own")[1]
    lines = told.split("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    (_, *regimes, _), _, *files = rows
    assert all(why for *_, why in files)
    marked = [
        (regime, name.strip("`")) for name, *has, _ in files for regime, mark in zip(regimes, has, strict=True) if mark
    ]
    listed = {f"{regime}/{name}" for regime, name in marked}
    folder = ROOT / "processes"
    assert listed == {
        path.relative_to(folder).as_posix() for regime in regimes for path in (folder / regime).rglob("*.*")
    }
    assert set(regimes) == {path.stem for path in FILES}
