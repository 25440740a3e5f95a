"""Letters as pages and the API tell them."""

from typing import Any

from sqlalchemy.orm import Session

from engine import letter_log
from engine.models import Delivery, Person
from notifications import wording
from notifications.wording import LetterInvalid
from web.wording import N_, _

KINDS = {  # a letter's name → what it is about, in two words
    "accepted": N_("已受理"),
    "annual_report": N_("年度报告"),
    "assessed": N_("考核结论"),
    "assessment": N_("监督和考核"),
    "calendar_missing": N_("放假通知"),
    "date_changed": N_("日期变更"),
    "digest": N_("每日汇总"),
    "draft_deployed": N_("草案通过"),
    "draft_returned": N_("草案退回"),
    "draft_submitted": N_("待审核的草案"),
    "escalation": N_("督促"),
    "expired_unfiled": N_("未按期提交"),
    "falsified": N_("终止申报"),
    "inspection": N_("实地抽查"),
    "inspection_changed": N_("抽查变更"),
    "list_returned": N_("名单退回"),
    "not_listed": N_("未予认定"),
    "not_passed": N_("初审未通过"),
    "not_recommended": N_("未推荐"),
    "not_revoked": N_("不予撤销"),
    "objection_decided": N_("异议已处理"),
    "objection_received": N_("新异议"),
    "panel_invitation": N_("评审邀请"),
    "publicity_begins": N_("公示开始"),
    "publicity_ends": N_("公示期满"),
    "publicity_too_short": N_("公示期不足"),
    "question_passed": N_("评审答复"),
    "recognised": N_("认定"),
    "recommended": N_("已推荐"),
    "refused": N_("不予受理"),
    "renewal_failed": N_("复核未通过"),
    "renewed": N_("复核通过"),
    "returned": N_("退回补正"),
    "revocation_hearing": N_("陈述和申辩"),
    "revoked": N_("撤销认定"),
    "round_closing": N_("申报截止"),
    "rules_end": N_("施行期限"),
    "second_review_failed": N_("复审未通过"),
    "submitted": N_("新申报"),
    "task_assigned": N_("新待办"),
    "task_due": N_("到期提醒"),
    "task_overdue": N_("逾期"),
    letter_log.TRIAL: N_("试发"),
    "urged": N_("催办"),
    "validity": N_("有效期"),
}


def told(session: Session, delivery: Delivery, person: Person) -> dict[str, Any]:
    """A delivery as lists show it: in the words it was written in, or would be written in now."""
    try:
        subject, body = wording.shown(session, delivery, person)
    except LetterInvalid as error:  # one that cannot be written must not hide the others
        subject, body = _("（通知无法成文）"), error.message
    return {
        "id": delivery.id,
        "kind": kind(delivery.template),
        "subject": subject,
        "body": body,
        "created_at": delivery.created_at,
        "read_at": delivery.read_at,
        "statutory": delivery.statutory,
    }


def kind(template: str) -> str:
    """What a letter of this name is called; one of a bureau's own goes by its name."""
    return _(KINDS[template]) if template in KINDS else template
