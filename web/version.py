"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version


def current() -> str:
    """The installed release; "0" where the program runs from a source tree that nobody installed."""
    try:
        return version("jiqun")
    except PackageNotFoundError:
        return "0"
