"""The one base of everything jiqun refuses, and what can be wrong with its configuration."""

from typing import Any


class JiqunError(Exception):
    """Something was refused. `code` is stable and for machines; the message is for people.

    The message names the thing and the way out, in Chinese where officers or citizens may read it.
    `facts` are further values a caller may want to show; they are never personal data.
    """

    code = "error"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class SettingInvalid(JiqunError):
    """An environment variable has a value that cannot be used, or a name nobody knows."""

    code = "setting_invalid"


class RegimeInvalid(JiqunError):
    """A regime's file lacks something, has something unknown, or does not exist."""

    code = "regime_invalid"
