"""Passwords: argon2id hashes, and what a password must be like."""

import secrets
import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.errors import JiqunError
from config.sentences import said

SHORTEST = 8  # characters
SHORTEST_ADMINISTRATOR = 12
LONGEST = 128
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
CLASSES_WANTED = 3  # of: lower case, upper case, digits, others (等保 身份鉴别 a)

# The least that OWASP's password storage page asks of argon2id: 19 MiB, two passes, one lane; about 26 ms.
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_at_once = BoundedSemaphore(4)  # 19 MiB each: a flood of sign-ins must not eat the machine
_nobodys = _hasher.hash("the password of nobody, so that an unknown name takes as long as a known one")


class PasswordWeak(JiqunError):
    """A password that the rules do not allow."""

    code = "password_weak"


def check(password: str, *, name: str, administrator: bool) -> None:
    """Nothing, if this may be the password of `name`. Raises PasswordWeak saying which rule it breaks."""
    password = _normal(password)
    shortest = SHORTEST_ADMINISTRATOR if administrator else SHORTEST
    if not shortest <= len(password) <= LONGEST:
        raise PasswordWeak(
            said(
                "密码应为 %(shortest)s 至 %(longest)s 个字符，现为 %(length)s 个",
                shortest=shortest,
                longest=LONGEST,
                length=len(password),
            )
        )
    if _classes(password) < CLASSES_WANTED:
        raise PasswordWeak(said("密码应至少包含大写字母、小写字母、数字、其他符号中的三类"))
    if name.casefold() in password.casefold():
        raise PasswordWeak(said("密码中不能含有登录名"))
    if len(set(password)) < SHORTEST // 2:
        raise PasswordWeak(said("密码中不同的字符太少，请换一个"))


def made_up() -> str:
    """A password to be used once: easy to read out and to type, 79 random bits, right for an administrator too."""
    groups = ["".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4)]
    return "Jq-" + "-".join(groups)


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    with _at_once:
        return _hasher.hash(_normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the hash. Without a hash: never, and after as long a time."""
    with _at_once:
        try:
            _hasher.verify(stored or _nobodys, _normal(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def renewed(verified_hash: str | None, password: str) -> str | None:
    """A new hash of a password just verified, if the stored one was made with other parameters than today's."""
    outdated = verified_hash is not None and _hasher.check_needs_rehash(verified_hash)
    return hashed(password) if outdated else None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _classes(password: str) -> int:
    lower = any(character.islower() for character in password)
    upper = any(character.isupper() for character in password)
    digit = any(character.isdigit() for character in password)
    other = any(not character.isalnum() for character in password)
    return lower + upper + digit + other
