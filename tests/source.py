"""Our own source, as the rules of the house look at it."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "engine", "notifications", "processes", "web")
NOT_OURS = {".git", ".venv", "node_modules", "static", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache"}

Rule = Callable[[ast.Module], Iterable[ast.AST]]  # the nodes that offend


def modules(*packages: str) -> Iterator[Path]:
    """Python files of the packages, of all of them if none is named."""
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the tree that people wrote."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = NOT_OURS.isdisjoint(parts) and parts[0] not in {"data", "dist", "artefacts"}
        if ours and path.is_file() and path.suffix != ".lock":
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def offences(rule: Rule, paths: Iterable[Path]) -> list[str]:
    """`file:line` of everything that breaks the rule."""
    return [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
        for path in paths
        for node in rule(ast.parse(path.read_text(encoding="utf-8")))
    ]


def finds(rule: Rule, code: str) -> bool:
    """Whether the rule notices `code`."""
    return bool(list(rule(ast.parse(code))))
