"""A bundle: every file a deployment freezes, where they come from, and the hash that tells bundles apart."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import processes
from config import clauses
from config import regime as regime_files
from config.errors import RegimeInvalid
from engine import conventions, form_changes, indicators, needed

# Content by name: application.bpmn criteria.dmn forms/<id>.json letters/<id>.txt examples/<id>.json
# regime.toml clauses.toml
Files: TypeAlias = Mapping[str, bytes]

FOLDER = Path(processes.__file__).parent
PATTERNS = (
    "*.bpmn",
    "*.dmn",
    "forms/*.json",
    "letters/*.txt",
    "examples/*.json",
)  # beside regime.toml and clauses.toml

# What a regime's folder may have instead of a whole form: only what is different, put into the common one.
_COMPOSED: dict[str, Callable[[bytes, bytes, str], bytes]] = {
    form_changes.ENDING: form_changes.applied,
    indicators.ENDING: indicators.applied,
}


def regimes() -> list[str]:
    """The regimes that ship with all that a deployment needs, by name; of others only the dates are known yet."""
    return [name for name in regime_files.names() if regime_files.shipped(name).deployable]


def shipped(regime: str) -> Files:
    """The files of a regime as it ships. Raises RegimeInvalid if there is no such regime."""
    return {name: _content(name, path) for name, path in sources(regime).items()}


def sources(regime: str) -> dict[str, Path]:
    """Where each shipped file comes from; the regime's own folder shadows the common one.

    Of the common diagrams come those that the regime's processes call. A form of which the regime's folder only has
    what is different comes from there. A file that should be there and is not is left out: the check says so.
    Raises RegimeInvalid.
    """
    rules = regime_files.shipped(regime)
    if not rules.deployable:
        raise RegimeInvalid(
            f"规则体系 {regime} 目前只有日期和期限，尚无流程，不能部署；可部署的有 {'、'.join(regimes())}", name=regime
        )
    own = _own(FOLDER / regime)
    opened = [opening.process for opening in rules.opens.values()]
    opened += [conventions.TYPICAL_CASE] if rules.typical_cases else []
    found = needed.of({**_within(FOLDER), **own}, own, opened)
    found["regime.toml"] = regime_files.FOLDER / f"{regime}.toml"
    found["clauses.toml"] = clauses.FOLDER / f"{regime}.toml"
    return {name: path for name, path in sorted(found.items()) if path.is_file()}


def common() -> dict[str, Path]:
    """Where the common files are that a regime gets which brings none of its own."""
    return needed.of(_within(FOLDER), ())


def from_folder(folder: Path) -> Files:
    """The files of a folder that is laid out like a bundle. Other files in it are no part of it."""
    found = _within(folder)
    found |= {name: folder / name for name in ("regime.toml", "clauses.toml") if (folder / name).is_file()}
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def content_hash(files: Files) -> str:
    """SHA-256, in hexadecimal, over names and contents. Lengths are counted in, so no byte can change its side."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def processes_of(files: Files) -> list[str]:
    """The ids of the bundle's processes: a diagram's file is named after its process."""
    return sorted(name.removesuffix(".bpmn") for name in files if name.endswith(".bpmn"))


def is_composed(path: Path) -> bool:
    """Does this file only say what is different in a form? The form that is made of it has lines of its own."""
    return path.name.endswith(tuple(_COMPOSED))


def _within(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for pattern in PATTERNS for path in folder.glob(pattern)}


def _own(folder: Path) -> dict[str, Path]:
    """A regime's own files by the name they have in its bundle."""
    parts = {
        f"forms/{path.name.removesuffix(ending)}.json": path
        for ending in _COMPOSED
        for path in folder.glob(f"forms/*{ending}")
    }
    whole = {name: path for name, path in _within(folder).items() if not is_composed(path)}
    for name in parts.keys() & whole.keys():
        raise RegimeInvalid(f"{whole[name]} 与 {parts[name].name} 只能留一个", path=name)
    return {**whole, **parts}


def _content(name: str, path: Path) -> bytes:
    for ending, applied in _COMPOSED.items():
        if path.name.endswith(ending):
            if not (FOLDER / name).is_file():
                raise RegimeInvalid(f"{path} 没有可以改动的共用表单 {name}；请写成完整的表单", path=name)
            return applied((FOLDER / name).read_bytes(), path.read_bytes(), str(path))
    return path.read_bytes()
