"""What takes long to make is made by the first of a session's workers that needs it; the others wait and use it too."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def folder(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """A folder that `fill` has filled, once in the session. Copy from it, change nothing."""
    root = shared(factory)
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found, full = root / name, root / f"{name}.full"
        if not full.exists():
            shutil.rmtree(found, ignore_errors=True)
            found.mkdir()
            fill(found)
            full.touch()
    return found


def shared(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of the session have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
