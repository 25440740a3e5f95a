"""What every request of an application shares: its settings and its database."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from config.settings import Settings
from engine.db import Database

_NAME = "jiqun"


@dataclass(frozen=True)
class Context:
    settings: Settings
    database: Database


def install(app: Flask, settings: Settings, database: Database) -> None:
    app.extensions[_NAME] = Context(settings, database)


def current() -> Context:
    """The context of the application that answers this request."""
    return cast(Context, current_app.extensions[_NAME])
