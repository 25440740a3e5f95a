"""A person's own account: their password, their sign-ins, their API tokens, their language."""

from sqlalchemy.orm import Session

from config.sentences import said
from config.settings import Settings
from engine import access, accounts, events, passwords, sign_ins
from engine.access import ADMINISTRATORS, SCOPES, Actor
from engine.errors import Forbidden
from engine.models import Person
from engine.passwords import PasswordWeak
from engine.sign_ins import Proof, TokenInvalid

MOST_TOKENS = 20  # of one person at a time
LONGEST_LABEL = 60  # characters


def person(session: Session, actor: Actor) -> Person:
    """The actor's account."""
    access.require(actor, "own.read")
    return session.get_one(Person, actor.person_id)


def change_password(
    session: Session, actor: Actor, proof: Proof, password: str, settings: Settings, *, address: str, keep: str
) -> None:
    """The new password, proved by the old one. All other sign-ins end but `keep`; tokens live on.

    Raises SignInFailed for a wrong old password (it is counted like one at the door), PasswordWeak.
    """
    access.require(actor, "password.change")
    if proof.person_id != actor.person_id:
        raise Forbidden(said("只能修改本人的密码"))
    own = sign_ins.confirmed(session, proof, settings, address=address)
    if passwords.verify(own.password_hash, password):
        raise PasswordWeak(said("新密码不能与原密码相同"))
    accounts.set_password(session, own, password, by=actor.name, keep=keep)


def end_sign_in(session: Session, actor: Actor, marked: str) -> None:
    """One of the actor's sign-ins ends. Raises NotFound."""
    access.require(actor, "own.change")
    sign_ins.end(session, session.get_one(Person, actor.person_id), marked, by=actor.name)


def end_other_sign_ins(session: Session, actor: Actor, keep: str) -> None:
    """All of the actor's sign-ins end but the one they are using."""
    access.require(actor, "own.change")
    sign_ins.end_all(session, session.get_one(Person, actor.person_id), keep=keep)
    events.record(session, events.SYSTEM, actor.name, "sign_in.others_ended", payload={"account": actor.name})


def scopes_for(actor: Actor) -> dict[str, str]:
    """What a token of the actor may be good for: an administrator's for nothing of business, others' not for theirs."""
    useful = {"admin"} if actor.roles & ADMINISTRATORS else {"read", "act"}
    return {scope: title for scope, title in SCOPES.items() if scope in useful}


def issue_token(session: Session, actor: Actor, scopes: frozenset[str], *, days: int, label: str) -> str:
    """A new API token of the actor, told only here. Raises TokenInvalid; its fact `field` is "label" if that is why."""
    access.require(actor, "own.change")
    own, label = session.get_one(Person, actor.person_id), label.strip()
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise TokenInvalid(
            said("请填写令牌的用途，不超过 %(most)s 个字，以便日后辨认", most=LONGEST_LABEL), field="label"
        )
    held = sign_ins.tokens(session, own)
    if label in {token.label for token in held}:  # a double click makes one token
        raise TokenInvalid(
            said("已有用途为“%(label)s”的令牌；请换一个用途，或先吊销原来的令牌", label=label), field="label"
        )
    if len(held) >= MOST_TOKENS:
        raise TokenInvalid(said("每人至多 %(most)s 个令牌，请先吊销不再使用的", most=MOST_TOKENS))
    if scopes - scopes_for(actor).keys():
        raise TokenInvalid(said("令牌的权限范围超出了您的岗位"))
    return sign_ins.issue_token(session, own, scopes, days=days, label=label, by=actor.name)


def revoke_token(session: Session, actor: Actor, marked: str) -> None:
    """One of the actor's API tokens ends. Raises NotFound."""
    access.require(actor, "own.change")
    sign_ins.revoke(session, session.get_one(Person, actor.person_id), marked, by=actor.name)


def choose_language(session: Session, actor: Actor, language: str) -> None:
    """In which language the pages greet the actor from the next sign-in on."""
    access.require(actor, "own.change")
    session.get_one(Person, actor.person_id).language = language
    session.flush()
