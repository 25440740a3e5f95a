"""Styles and scripts as the build left them: which file a name stands for, and its address in a page.

`frontend/build.mjs` writes `static/manifest.json`; a server that is running when it is written anew reads it again.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for
from markupsafe import Markup

from config.errors import JiqunError

FOLDER = Path(__file__).with_name("static")
MANIFEST = FOLDER / "manifest.json"


class FrontEndMissing(JiqunError):
    """Styles and scripts were never built here: the pages would stand there undressed."""

    code = "front_end_missing"


def require() -> None:
    """See that there is something to dress the pages with. Raises FrontEndMissing."""
    if not files():
        raise FrontEndMissing("页面的样式和脚本尚未构建；请用 sh run.sh run 启动，会自动构建")


def files() -> Mapping[str, str]:
    """The name that a template asks for → the name of its file; empty where nothing was built."""
    try:
        return _read(MANIFEST, MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


def asset(name: str) -> str:
    """The address of a style sheet, a script or a picture. Raises KeyError for what the build does not make."""
    known = files()
    file = known[name] if known else name  # without a build nothing is found there, and `serve` has said so
    return url_for("assets.file", name=file)


def script(name: str) -> Markup:
    """The elements that bring the script `name`, and the styles that it brings along."""
    styles = f"{name}.css"
    link = Markup('<link rel="stylesheet" href="{}">').format(asset(styles)) if styles in files() else Markup()
    return link + Markup('<script type="module" src="{}"></script>').format(asset(f"{name}.js"))


def install(app: Flask) -> None:
    """Let the templates of `app` say `asset("site.css")` and `script("forms")`."""
    app.jinja_env.globals.update(asset=asset, script=script)


@lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> Mapping[str, str]:  # noqa: ARG001  # a manifest of another time is another manifest
    found: dict[str, str] = json.loads(path.read_bytes())
    return found
