"""A bundle: every file a deployment freezes, where they come from, and the hash that tells bundles apart."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import processes
from config import clauses
from config import regime as regime_files
from config.errors import RegimeInvalid

# Content by name: application.bpmn criteria.dmn forms/<id>.json letters/<id>.txt regime.toml clauses.toml
Files: TypeAlias = Mapping[str, bytes]

FOLDER = Path(processes.__file__).parent
PATTERNS = ("*.bpmn", "*.dmn", "forms/*.json", "letters/*.txt")  # beside regime.toml and clauses.toml


def regimes() -> list[str]:
    """The regimes that ship with all that a deployment needs, by name; of others only the dates are known yet."""
    return [name for name in regime_files.names() if regime_files.shipped(name).deployable]


def shipped(regime: str) -> Files:
    """The files of a regime as it ships. Raises RegimeInvalid if there is no such regime."""
    return {name: path.read_bytes() for name, path in sources(regime).items()}


def sources(regime: str) -> dict[str, Path]:
    """Where each shipped file comes from; the regime's own folder shadows the common one.

    A file that should be there and is not is left out: the check says so. Raises RegimeInvalid.
    """
    if not regime_files.shipped(regime).deployable:
        raise RegimeInvalid(
            f"规则体系 {regime} 目前只有日期和期限，尚无流程，不能部署；可部署的有 {'、'.join(regimes())}", name=regime
        )
    found = {**_within(FOLDER), **_within(FOLDER / regime)}
    found["regime.toml"] = regime_files.FOLDER / f"{regime}.toml"
    found["clauses.toml"] = clauses.FOLDER / f"{regime}.toml"
    return {name: path for name, path in sorted(found.items()) if path.is_file()}


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


def _within(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for pattern in PATTERNS for path in folder.glob(pattern)}
