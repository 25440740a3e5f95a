"""The API as people use it: a client for each of them, with a token of their own."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from config.settings import Settings
from engine import accounts, lint, models, sign_ins
from engine.access import SCOPES
from engine.db import Database
from tests import office
from web.app import create_app

V1 = "/api/v1"
PASSWORD = "Copper-Kettle-77"


@dataclass(frozen=True)
class Person:
    """Somebody with a token. Paths begin behind /api/v1; `key` is the Idempotency-Key."""

    client: FlaskClient
    token: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.ask("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.ask("PUT", path, json=json, **options)

    def ask(self, method: str, path: str, *, key: str = "", json: Any = None, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        if json is not None:
            options["json"] = json
        return self.client.open(V1 + path, method=method, headers=headers, buffered=True, **options)

    def upload(self, content: bytes, name: str = "证明.pdf", *, key: str = "") -> TestResponse:
        """Send a file, as a browser would: the boundary is another each time."""
        boundary, body = encode_multipart({"file": FileStorage(BytesIO(content), name)})
        return self.ask("POST", "/files", key=key, data=body, content_type=f"multipart/form-data; boundary={boundary}")


@dataclass(frozen=True)
class Desk:
    """An office with its application."""

    office: office.Office
    app: Flask
    settings: Settings
    tokens: dict[str, str]

    @property
    def database(self) -> Database:
        return self.office.database

    def engage(self, name: str, role: str, organisation: str) -> None:
        """Somebody more, with a token."""
        with self.database.write() as session:
            person = accounts.add(session, name, display_name=name, by="setup")
            accounts.grant(session, person, role, organisation, by="setup")
            self.tokens[name] = _token(session, person)

    def as_(self, name: str) -> Person:
        return Person(self.app.test_client(), self.tokens[name])

    def anonymous(self) -> Person:
        return Person(self.app.test_client(), "")

    def with_token(self, token: str) -> Person:
        return Person(self.app.test_client(), token)


def furnish(database: Database, data: Path, **settings: Any) -> Desk:
    """An office, its application and a token for each of its people."""
    with patch.object(lint, "problems", return_value=[]):  # a second each time; that it is right is tested elsewhere
        made = office.furnish(database)
    return of(made, data, **settings)


def of(made: office.Office, data: Path, **settings: Any) -> Desk:
    """The application of an office that is furnished, and a token for each of its people."""
    chosen = Settings(data=data, **settings)
    with made.database.write() as session:
        tokens = {name: _token(session, accounts.by_name(session, name)) for name in made.actors}
    return Desk(made, create_app(chosen, made.database), chosen, tokens)


def _token(session: Session, person: models.Person) -> str:
    return sign_ins.issue_token(session, person, frozenset(SCOPES), days=300, label="", by="setup")
