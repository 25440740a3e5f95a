"""Rewording (改写通知): an owner's own words for a letter, submitted as a draft and approved by another."""

import hashlib

from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, deliveries, deployments, events, holiday_notices, letter_samples, letters
from engine.access import Actor
from engine.errors import Conflict, FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import BundleDraft
from engine.workshop import approval, drafts

MAX_REASON = 500  # characters
OF_NO_REGIME = {deliveries.DIGEST, holiday_notices.MISSING}


def obstacle(session: Session, actor: Actor, regime_name: str, letter: str) -> str:
    """Why the actor cannot put other words for a letter in force; empty where they can."""
    rules = deployments.rules(session, regime_name)
    if rules is None:
        return said("该规则体系尚未部署，这里是随程序提供的文字；部署之后才能存为新版本")
    if letter in OF_NO_REGIME:
        return said("这件通知不属于哪个规则体系，只用随程序提供的文字，不能存为新版本")
    if not access.may(actor, "letter.edit", rules.bureau):
        return said("该规则体系属于其他主管部门，只有其流程管理人员可以存为新版本")
    return ""


def proposed(
    session: Session, actor: Actor, regime_name: str, letter: str, text: str, *, seen: int, reason: str
) -> BundleDraft:
    """A draft in which `text` is the letter's file, submitted: approved by another person, it is in force from then on.

    `seen` is the number of the deployment whose words the owner had before them. Raises NotFound, Forbidden, Refused
    for a letter that no deployment words, Conflict where another was deployed meanwhile, FormInvalid without a reason
    or a change, IntakeRefused and BundleInvalid as `drafts.save` and `approval.submit`.
    """
    access.require(actor, "letter.edit")
    current = deployments.held(session, regime_name)
    deployed = deployments.deployed(session, current.id)
    access.require(actor, "letter.edit", deployed.regime.bureau)
    if letter not in letter_samples.names(session, regime_name):
        raise NotFound(said("没有名为 %(name)s 的通知", name=letter))
    if why := obstacle(session, actor, regime_name, letter):
        raise Refused(why)
    if current.number != seen:
        raise Conflict(
            said(
                "打开本页之后已部署第 %(number)s 版，您写的文字仍在下面；请与现行文字对照，确认后再存",
                number=current.number,
            )
        )
    path = f"letters/{letter}.txt"
    before = deployed.files.get(path)
    reason = " ".join(reason.split())
    if problems := _problems(before, text, reason):
        raise FormInvalid(problems)
    subject = text.partition("\n")[0].strip() or letter
    draft = drafts.opened(session, actor, regime_name, f"改写通知：{subject}"[: drafts.MAX_TITLE])
    drafts.save(session, actor, draft, path, text.encode())
    approval.submit(session, actor, draft, reason)
    payload = {
        "regime": regime_name,
        "letter": letter,
        "draft": draft.id,
        "before": _sha(before) if before is not None else None,  # it stood in no deployment yet
        "after": _sha(text.encode()),
        "reason": reason,
    }
    events.record(session, events.SYSTEM, actor.name, "letter.reworded", payload=payload)
    return draft


def _problems(before: bytes | None, text: str, reason: str) -> list[Problem]:
    problems = []
    if before is not None and letters.text(before) == text:
        problems.append(Problem("text", "same", said("与现行文字相同，没有可存的改动")))
    if not 0 < len(reason) <= MAX_REASON:
        problems.append(Problem("reason", "required", said("请写明理由，不超过 %(limit)s 字", limit=MAX_REASON)))
    return problems


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
