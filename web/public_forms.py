"""Forms that anybody may send without signing in: from where one comes, and whether a person has filled it in.

Nobody solves a puzzle. A form carries a signed token that says when it was drawn: what comes back within three
seconds, or after a day, is not taken, and a person who was that quick is told and presses once more. A field that
people do not see must stay empty.
"""

import hashlib
import hmac
import ipaddress
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import request

from engine import clock, objections, receipts
from engine.objections import Sent, Standing
from web import context

FIELD, BAIT = "_drawn", "website"
FASTEST = timedelta(seconds=3)
LONGEST = timedelta(days=1)
KEY_FILE = "forms.key"


@dataclass(frozen=True)
class Drawn:
    """A form's token, read: which form it is, and what speaks against taking it now."""

    id: str  # the same however often this form is sent; nobody can make one up
    early: bool = False
    old: bool = False
    baited: bool = False

    @property
    def fits(self) -> bool:
        return bool(self.id) and not (self.early or self.old or self.baited)


def token(purpose: str) -> str:
    """What a form drawn now carries."""
    text = f"{int(clock.now().timestamp())}.{secrets.token_hex(8)}"
    return f"{text}.{_mac(purpose, text)}"


def drawn(purpose: str) -> Drawn:
    """The form that the request brings back. One that we did not draw is as old as can be."""
    at, _, rest = request.form.get(FIELD, "").partition(".")
    number, _, mac = rest.partition(".")
    text = f"{at}.{number}"
    if not hmac.compare_digest(mac.encode(), _mac(purpose, text).encode()):
        return Drawn("", old=True)
    age = clock.now() - datetime.fromtimestamp(int(at), UTC)
    return Drawn(_mac("sent", text), age < FASTEST, age > LONGEST, bool(request.form.get(BAIT)))


def known(key: str) -> str:
    """The same for a program's own Idempotency-Key; without one every request is another form."""
    return _mac("key", f"{source()} {key}") if key else secrets.token_hex(32)


def source() -> str:
    """Whose request it is, for counting: a keyed hash of the address. One line of IPv6 is a whole network (/64)."""
    address = request.remote_addr or ""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return _mac("source", address)
    if read.version == 6 and read.ipv4_mapped is None:
        address = str(ipaddress.ip_network((read, 64), strict=False))
    return _mac("source", address)


def sender(form: str) -> Sent:
    """Where an objection comes from, with what this installation allows."""
    chosen = context.current().settings
    return Sent(source(), form, chosen.objections_an_hour, chosen.objections_in_all)


def asked(typed: str) -> Standing:
    """The standing of the receipt that somebody typed. Raises NotFound, ReceiptInvalid, TooMany."""
    receipt, here = receipts.read(typed), context.current()
    with here.database.write() as session:
        objections.count_question(session, source(), here.settings.receipts_an_hour)
    with here.database.read() as session:
        return objections.asked(session, receipt)


def _mac(purpose: str, text: str) -> str:
    return hmac.new(_key(context.current().settings.data), f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()


def _key(folder: Path) -> bytes:
    """The key of the installation's public forms: in the data folder, made once, readable by the owner alone."""
    file = folder / KEY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{KEY_FILE}.{secrets.token_hex(8)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            os.link(fresh, file)  # another process may have been faster: then its key counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()
