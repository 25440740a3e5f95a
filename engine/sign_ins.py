"""Sign-ins and tokens: how a person proves who they are, for how long, and how it is taken back."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import enumerated, said
from config.settings import Settings
from engine import clock, events, once, passwords
from engine.access import SCOPES
from engine.errors import NotFound, SignInFailed
from engine.models import ApiToken, Person, SignIn, SignInFailure

SESSION_PREFIX = "jqs_"  # tells a reader, and a scanner for lost secrets, what it is
TOKEN_PREFIX = "jqt_"  # noqa: S105  # a prefix, no secret
LONGEST_TOKEN_DAYS = 366
ADDRESS_ALLOWANCE = 10  # a whole office sits behind one address: it may fail this many times as often as an account
MARK = 16  # characters of a hash that tell one from another
SEEN_EVERY = timedelta(minutes=1)  # a sign-in's last use is written down at most this often

_REFUSED = said("登录名或密码不正确，或者账号已锁定、停用")  # one answer for all: nobody learns which names exist
_ENDED = said("登录已失效，请重新登录")

_Kept = TypeVar("_Kept", SignIn, ApiToken)


class TokenInvalid(JiqunError):
    """A token that may not be issued like this."""

    code = "token_invalid"


@dataclass(frozen=True)
class Proof:
    """What the password check said. It decides nothing yet: `sign_in` looks at the lock first."""

    name: str
    person_id: int | None
    verified_hash: str | None  # the stored hash that the password belongs to


def prove(session: Session, name: str, password: str) -> Proof:
    """Check a password. Slow on purpose (about 20 ms), so call it outside a writing transaction.

    An unknown name takes as long as a known one.
    """
    person = session.scalar(select(Person).where(Person.name == name))
    stored = person.password_hash if person and person.disabled_at is None else None
    right = passwords.verify(stored, password)
    return Proof(name, person.id if person else None, stored if right else None)


def sign_in(
    session: Session,
    proof: Proof,
    settings: Settings,
    *,
    address: str,
    agent: str = "",
    renewed_hash: str | None = None,
) -> str:
    """A new sign-in's token. Raises SignInFailed, the same for every reason; its aftermath counts and records it.

    After `settings.lock_after_failures` failures within `settings.lock_minutes` the account is locked for that long,
    whether it exists or not; the address after ten times as many (GB/T 22239-2019 8.1.4.1 b).
    `renewed_hash` replaces a hash of older parameters (`passwords.renewed`).
    """
    person, now = confirmed(session, proof, settings, address=address), clock.now()
    if renewed_hash:
        person.password_hash = renewed_hash
    token = SESSION_PREFIX + secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_hash=_hash(token),
            person_id=person.id,
            address=address,
            agent=agent[:200],
            created_at=now,
            last_seen_at=now,
            ends_at=now + timedelta(hours=settings.session_hours),
        )
    )
    session.flush()
    _record(session, proof, "sign_in.accepted", address)
    return token


def confirmed(session: Session, proof: Proof, settings: Settings, *, address: str) -> Person:
    """Whose proof it is, if it holds and nothing is locked. Raises SignInFailed, whose aftermath counts and records."""
    person = session.get(Person, proof.person_id, with_for_update=True) if proof.person_id else None
    # The hash is compared again: the password may have changed since it was checked.
    right = proof.verified_hash is not None and person is not None and person.password_hash == proof.verified_hash
    if _locked(session, proof, address):
        raise SignInFailed(_REFUSED, lambda after: _record(after, proof, "sign_in.refused", address, reason="locked"))
    if not right or person is None or person.disabled_at is not None:
        raise SignInFailed(_REFUSED, lambda after: _count_failure(after, proof, settings, address))
    # Set to nothing and not deleted: somebody may be counting in it just now. The address's count stays, for
    # one good account must not wash it clean.
    session.execute(update(SignInFailure).where(SignInFailure.key == _account_key(proof)).values(failures=0))
    return person


def sign_out(session: Session, token: str) -> None:
    """This sign-in ends. Twice is once."""
    found = session.get(SignIn, _hash(token))
    if found is None or found.revoked_at is not None:
        return
    found.revoked_at = clock.now()
    person = session.get_one(Person, found.person_id)
    events.record(session, "system", person.name, "sign_in.ended", payload={"account": person.name})


def holder(session: Session, token: str, settings: Settings) -> tuple[Person, frozenset[str] | None]:
    """Whose token this is: a sign-in's, or an API token's with its scopes. Raises SignInFailed."""
    now = clock.now()
    scopes: frozenset[str] | None = None
    if token.startswith(TOKEN_PREFIX):
        issued = session.get(ApiToken, _hash(token))
        if issued is None or issued.revoked_at is not None or issued.expires_at <= now:
            raise SignInFailed(said("令牌无效、已过期或已吊销，请重新申请"))
        person_id, scopes = issued.person_id, frozenset(issued.scopes)
    else:
        found = session.get(SignIn, _hash(token))
        idle = timedelta(minutes=settings.session_idle_minutes)
        if found is None or found.revoked_at is not None or found.ends_at <= now or found.last_seen_at + idle <= now:
            raise SignInFailed(_ENDED)
        person_id = found.person_id
    person = session.get_one(Person, person_id)
    if person.disabled_at is not None:
        raise SignInFailed(_ENDED)
    return person, scopes


def unseen(session: Session, token: str) -> bool:
    """Whether the last use of this sign-in should be written down again."""
    found = session.get(SignIn, _hash(token))
    return found is not None and clock.now() - found.last_seen_at >= SEEN_EVERY


def seen(session: Session, token: str) -> None:
    """Write down that the sign-in was used now."""
    session.execute(update(SignIn).where(SignIn.token_hash == _hash(token)).values(last_seen_at=clock.now()))


def end_all(session: Session, person: Person, *, keep: str = "") -> None:
    """All sign-ins of the person end but `keep`: after a change of password or office, and when disabled."""
    open_ones = update(SignIn).where(SignIn.person_id == person.id, SignIn.revoked_at.is_(None))
    session.execute(open_ones.where(SignIn.token_hash != _hash(keep)).values(revoked_at=clock.now()))


def holding(session: Session, person: Person, settings: Settings) -> list[SignIn]:
    """The person's sign-ins that still hold, the last used first."""
    now, idle = clock.now(), timedelta(minutes=settings.session_idle_minutes)
    query = select(SignIn).where(
        SignIn.person_id == person.id,
        SignIn.revoked_at.is_(None),
        SignIn.ends_at > now,
        SignIn.last_seen_at > now - idle,
    )
    return list(session.scalars(query.order_by(SignIn.last_seen_at.desc(), SignIn.token_hash)))


def mark(kept: SignIn | ApiToken) -> str:
    """What a page calls a sign-in or a token by: a part of its hash, which opens nothing."""
    return kept.token_hash[:MARK]


def is_of(kept: SignIn | ApiToken, token: str) -> bool:
    """Whether this is the sign-in or token that somebody shows."""
    return kept.token_hash == _hash(token)


def end(session: Session, person: Person, marked: str, *, by: str) -> None:
    """One sign-in of the person ends. Twice is once. Raises NotFound."""
    found = _marked(session, SignIn, person, marked)
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        events.record(
            session, "system", by, "sign_in.ended", payload={"account": person.name, "address": found.address}
        )


def tokens(session: Session, person: Person) -> list[ApiToken]:
    """The person's API tokens that nobody revoked, the newest first; expired ones too."""
    query = select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
    return list(session.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.token_hash)))


def revoke(session: Session, person: Person, marked: str, *, by: str) -> None:
    """One API token of the person ends. Twice is once. Raises NotFound."""
    found = _marked(session, ApiToken, person, marked)
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        events.record(session, "system", by, "token.revoked", payload={"account": person.name, "label": found.label})


def unlock(session: Session, person: Person, *, by: str) -> None:
    """Failed sign-ins of the account are forgotten; those of an address are not."""
    own = update(SignInFailure).where(SignInFailure.key == f"person:{person.name}")
    session.execute(own.values(failures=0, locked_until=None))
    events.record(session, "system", by, "account.unlocked", payload={"account": person.name})


def issue_token(session: Session, person: Person, scopes: frozenset[str], *, days: int, label: str, by: str) -> str:
    """A new API token. Its text is only here: the database holds its hash. Raises TokenInvalid."""
    if not scopes or scopes - set(SCOPES):
        raise TokenInvalid(said("令牌的权限范围应为 %(known)s 中的一项或几项", known=enumerated(SCOPES)))
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise TokenInvalid(said("令牌的有效期应为 1 至 %(most)s 天", most=LONGEST_TOKEN_DAYS))
    if person.disabled_at is not None:
        raise TokenInvalid(said("账号 %(name)s 已停用，不能发放令牌", name=person.name))
    token, now = TOKEN_PREFIX + secrets.token_urlsafe(32), clock.now()
    session.add(
        ApiToken(
            token_hash=_hash(token),
            person_id=person.id,
            label=label,
            scopes=sorted(scopes),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    session.flush()
    payload = {"account": person.name, "scopes": sorted(scopes), "days": days, "label": label}
    events.record(session, "system", by, "token.issued", payload=payload)
    return token


def revoke_tokens(session: Session, person: Person) -> None:
    """All API tokens of the person end."""
    open_ones = update(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
    session.execute(open_ones.values(revoked_at=clock.now()))


def _marked(session: Session, kind: type[_Kept], person: Person, marked: str) -> _Kept:
    query = select(kind).where(kind.person_id == person.id, kind.token_hash.startswith(marked, autoescape=True))
    found = session.scalar(query) if len(marked) == MARK else None
    if found is None:
        raise NotFound(said("没有这一登录或令牌，可能已经失效"))
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()  # 256 random bits need no slow hash


def _account_key(proof: Proof) -> str:
    """Of an unknown name only a hash is kept: people type their password into the wrong box."""
    return f"person:{proof.name}" if proof.person_id else f"person:{_hash(proof.name)}"


def _locked(session: Session, proof: Proof, address: str) -> bool:
    keys = (_account_key(proof), f"address:{address}")
    locked = select(SignInFailure.key).where(SignInFailure.key.in_(keys), SignInFailure.locked_until > clock.now())
    return session.scalar(locked.limit(1)) is not None


def _count_failure(session: Session, proof: Proof, settings: Settings, address: str) -> None:
    """Count it for account and address, in this order everywhere, and lock whichever has had enough."""
    window, limit = timedelta(minutes=settings.lock_minutes), settings.lock_after_failures
    for key, most in ((_account_key(proof), limit), (f"address:{address}", limit * ADDRESS_ALLOWANCE)):
        if _counted(session, key, most, window):
            _record(session, proof, "sign_in.locked", address, locked=key.partition(":")[0])
    _record(session, proof, "sign_in.refused", address, reason="wrong")


def _counted(session: Session, key: str, most: int, window: timedelta) -> bool:
    """One failure more; True if it is the one that locks."""
    now = clock.now()
    once.insert(session, SignInFailure, key=key, failures=0, last_at=now)
    counter = session.get_one(SignInFailure, key, with_for_update=True, populate_existing=True)
    if counter.locked_until is not None and now < counter.locked_until:
        return False
    if counter.locked_until is not None or counter.last_at + window <= now:
        counter.failures, counter.locked_until = 0, None
    counter.failures, counter.last_at = counter.failures + 1, now
    if counter.failures < most:
        return False
    counter.locked_until = now + window
    return True


def _record(session: Session, proof: Proof, kind: str, address: str, **facts: str) -> None:
    known = proof.name if proof.person_id else None
    by = known if kind == "sign_in.accepted" and known else "public"
    events.record(session, "system", by, kind, payload={"account": known, "address": address, **facts})
