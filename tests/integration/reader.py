"""The pages as people read them: a browser's cookies and form tokens, without the browser."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine import accounts, clock
from engine.db import Database
from engine.models import SignIn
from web import csrf

COOKIE = "jiqun"


@dataclass(frozen=True)
class Reader:
    """Somebody at a browser; `token` is their sign-in, empty for a passer-by."""

    client: FlaskClient
    token: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.open(path, method="GET", buffered=True, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, data=data, **options)

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {**options.pop("headers", {}), **form_token(self.token)}
        return self.client.open(path, method=method, headers=headers, buffered=True, **options)


def reader(app: Flask, token: str = "") -> Reader:
    """A browser, with a sign-in's token or without."""
    client = app.test_client()
    if token:
        client.set_cookie(COOKIE, token)
    return Reader(client, token)


def form_token(token: str) -> dict[str, str]:
    """The header that a page's own script sends with an unsafe request."""
    return {csrf.HEADER: csrf.token(token)} if token else {}


def signed_in(database: Database, name: str) -> str:
    """The token of a sign-in that this person has, as if they had typed their password."""
    token = "jqs_" + secrets.token_urlsafe(32)
    with database.write() as session:
        now = clock.now()
        session.add(
            SignIn(
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                person_id=accounts.by_name(session, name).id,
                address="127.0.0.1",
                agent="",
                created_at=now,
                last_seen_at=now,
                ends_at=now + timedelta(days=300),
            )
        )
    return token
