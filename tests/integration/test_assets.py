"""What pages are dressed with: named by content, kept for ever, compressed, and nothing else of the folder."""

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engine.errors import NotFound
from tests.source import ROOT
from web import assets
from web.pages import assets as pages

STYLE = "body{color:#123}"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the build leaves it, with something beside it that is nobody's business."""
    folder = tmp_path / "static"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    for name, text in {
        "site-AAAA.css": STYLE,
        "table-CCCC.css": "td{}",
        "table-BBBB.js": "1",
        "licences.txt": "MIT",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        (folder / f"{name}.br").write_bytes(b"br:" + text.encode())
    _announce(folder, {"site.css": "site-AAAA.css", "table.js": "table-BBBB.js", "table.css": "table-CCCC.css"})
    monkeypatch.setattr(assets, "FOLDER", folder)
    monkeypatch.setattr(assets, "MANIFEST", folder / "manifest.json")
    return folder


@pytest.fixture
def app() -> Flask:
    app = Flask("web", static_folder=None)
    app.register_blueprint(pages.routes)
    app.register_error_handler(NotFound, lambda _error: ("", 404))
    assets.install(app)
    return app


@pytest.fixture
def browser(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def test_a_file_named_by_its_content_may_be_kept_for_ever(built: Path, browser: FlaskClient) -> None:
    answer = browser.get("/static/site-AAAA.css", buffered=True)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, STYLE, "text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_file_that_keeps_its_name_is_asked_for_again(built: Path, browser: FlaskClient) -> None:
    _announce(built, {"licences.txt": "licences.txt"})
    answer = browser.get("/static/licences.txt", buffered=True)
    assert (answer.text, answer.mimetype) == ("MIT", "text/plain")
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None), ("", None)],
)
def test_a_browser_gets_what_it_can_read(built: Path, browser: FlaskClient, accepted: str, coding: str | None) -> None:
    answer = browser.get("/static/site-AAAA.css", buffered=True, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.mimetype == "text/css"
    wanted = {"br": b"br:" + STYLE.encode(), "gzip": gzip.compress(STYLE.encode()), None: STYLE.encode()}[coding]
    assert answer.data[10:] == wanted[10:]  # gzip's first ten bytes hold the time


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "site.css",
        "site-AAAA.css.gz",
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
    ],
)
def test_nothing_leaves_that_the_build_did_not_name(built: Path, browser: FlaskClient, name: str) -> None:
    assert browser.get(f"/static/{name}", buffered=True).status_code == 404


def test_a_page_asks_by_name_and_a_script_brings_its_styles(built: Path, app: Flask) -> None:
    with app.test_request_context():
        assert assets.asset("site.css") == "/static/site-AAAA.css"
        assert assets.script("table") == (
            '<link rel="stylesheet" href="/static/table-CCCC.css">'
            '<script type="module" src="/static/table-BBBB.js"></script>'
        )
        with pytest.raises(KeyError, match=r"chart\.js"):
            assets.script("chart")


def test_a_new_build_is_seen_by_the_running_server(built: Path, app: Flask) -> None:
    with app.test_request_context():
        assert assets.asset("site.css") == "/static/site-AAAA.css"
        _announce(built, {"site.css": "site-DDDD.css"}, later=2)
        assert assets.asset("site.css") == "/static/site-DDDD.css"


def test_without_a_build_the_server_says_so(built: Path) -> None:
    assets.require()
    (built / "manifest.json").unlink()
    with pytest.raises(assets.FrontEndMissing, match=r"sh run\.sh run"):
        assets.require()


def test_what_the_pages_ask_for_was_built() -> None:
    assets.require()
    asked = set()
    for template in (ROOT / "web" / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""\basset\(["']([^"']+)["']\)""", text))
        asked |= {f"{name}.js" for name in re.findall(r"""\bscript\(["']([^"']+)["']\)""", text)}
    assert {"site.css", "page.js"} <= asked
    assert asked <= assets.files().keys()


def _announce(folder: Path, names: dict[str, str], *, later: int = 0) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(names), encoding="utf-8")
    moment = manifest.stat().st_mtime + later  # seconds
    os.utime(manifest, (moment, moment))
