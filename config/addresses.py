"""Mail addresses: what one looks like that every mail server takes, and nothing that could write a mail's headers."""

import re

from config.errors import JiqunError
from config.sentences import said

LONGEST = 254  # characters (RFC 5321 4.5.3.1.3, less the angle brackets)

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)


class AddressInvalid(JiqunError):
    """This is no mail address, or none that can be written to."""

    code = "address_invalid"


def require(address: str) -> str:
    """The address, if it is one. Raises AddressInvalid.

    Letters, digits and the signs of RFC 5321's dot-string alone: no quoted names, no line breaks, no full-width
    characters, which a mail server refuses or, worse, takes for a command.
    """
    if not address:
        raise AddressInvalid(said("没有填写邮箱地址"))
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        raise AddressInvalid(said("“%(address)s”不是有效的邮箱地址，应如 name@example.cn", address=_shown(address)))
    return address


def usable(address: str | None) -> bool:
    """Whether there is an address that can be written to."""
    return bool(address) and len(address or "") <= LONGEST and _ADDRESS.fullmatch(address or "") is not None


def _shown(address: str) -> str:
    """Short, and in one line whatever stands in it."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in address[:64])
