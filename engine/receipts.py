"""Receipt numbers: what somebody without an account asks by. Nobody guesses one, and a slip of the pen is noticed.

Two digits of the year, eleven random characters out of 31 that are not taken for each other (54 bits), one that
checks them: weighted by place, modulo the prime 31, it notices every wrong character and every swap of neighbours.
"""

import re
import secrets
import unicodedata

from config.errors import JiqunError
from config.sentences import said

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RANDOM = 11  # characters
_KEPT = re.compile(f"[0-9]{{2}}[{ALPHABET}]{{{RANDOM + 1}}}")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")  # people set blanks and dashes of every kind


class ReceiptInvalid(JiqunError):
    """What was typed is no receipt number."""

    code = "receipt_invalid"


def number(year: int) -> str:
    """A new one as it is kept: without dashes."""
    drawn = f"{year % 100:02}" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return drawn + _check(drawn)


def shown(receipt: str) -> str:
    """As people read it: 25-7KQM-2XWD-R9TF."""
    return "-".join((receipt[:2], receipt[2:6], receipt[6:10], receipt[10:]))


def read(typed: str) -> str:
    """The number as it is kept, however it was typed. Raises ReceiptInvalid for a slip of the pen."""
    folded = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper()
    if not _KEPT.fullmatch(folded):
        raise ReceiptInvalid(said("回执号应为 25-XXXX-XXXX-XXXX 的样子，共 14 位数字和字母；请对照回执核对"))
    if folded[-1] != _check(folded[:-1]):
        raise ReceiptInvalid(said("回执号有误，可能输错了一位，或前后两位颠倒；请对照回执核对"))
    return folded


def _check(text: str) -> str:
    values = [int(character) if place < 2 else ALPHABET.index(character) for place, character in enumerate(text)]
    return ALPHABET[-sum(weight * value for weight, value in enumerate(values, 2)) % len(ALPHABET)]
