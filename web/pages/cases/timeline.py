"""The record of a case in sentences of the office."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from engine.deployments import Deployed
from engine.forms import Form
from engine.letters import FIELDS
from engine.suspensions import GROUNDS
from notifications import wording
from web.form_html.wording import labels
from web.wording import N_, _, language, spoken

Row: TypeAlias = Mapping[str, Any]

_ITSELF = N_("自动")
_LEVELS = {  # of a decision; the others are well
    "return": "soon",
    "does_not_conform": "soon",
    "refuse": "late",
    "reject": "late",
    "falsehood": "late",
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    at: datetime
    title: str
    badge: str
    level: str  # of the badge
    text: str
    stopped: bool = False  # an incident


def entries(rows: list[Row], deployed: Deployed, facts: Mapping[str, str]) -> list[Entry]:
    """What the rows of `progress.told` say; `facts` fills the blanks of a letter's subject."""
    found = []
    for row in rows:
        tell = _TOLD.get(row["kind"])
        if tell:
            found.append(tell(row, deployed, facts))
    return found


def _plain(title: str, badge: str = "", level: str = "quiet") -> "_Tell":
    def tell(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
        return Entry(row["at"], _(title), _(badge) if badge else "", level, "" if badge == _ITSELF else _by(row))

    return tell


def _closed(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    payload = row.get("payload") or {}
    badge, level = _decision(payload, deployed)
    if skipped := payload.get("skipped"):
        return Entry(row["at"], row["name"], _("跳过"), "late", _("；").join([skipped["reason"], _by(row)]))
    said = [_("%(who)s办结", who=row["who"]) if row["who"] else _("已办结")]
    if payload.get("pass", 1) > 1:
        said.append(_("第 %(times)s 次办理本环节", times=payload["pass"]))
    return Entry(row["at"], row["name"], badge, level, _("；").join(said))


def _decision(payload: Mapping[str, Any], deployed: Deployed) -> tuple[str, str]:
    """What was decided, in the words of the form, and how it reads."""
    variables = payload.get("variables") or {}
    name = next((name for name in variables if name.endswith("decision")), "")
    path = f"forms/{payload.get('form')}.json"
    if not name or path not in deployed.files:
        return "", "done"
    value = str(variables[name])
    return _choice(deployed.form(payload["form"]), name, value), _LEVELS.get(value, "done")


def _choice(form: Form, field: str, value: str) -> str:
    schema = form.document["properties"].get(field, {})
    return labels(schema).get(value, "")


def _letter(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:
    template = deployed.files.get(f"letters/{(row.get('payload') or {}).get('template', '')}.txt")
    subject = row["name"]
    if template:
        with suppress(wording.LetterInvalid):  # what cannot be written goes by the name of its step
            subject, _body = wording.render(template, {**dict.fromkeys(FIELDS, ""), **facts}, language())
    return Entry(row["at"], _("发出通知"), _(_ITSELF), "quiet", subject)


def _fired(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    return Entry(row["at"], _("、").join(row["fired"]) or _("时限已到"), _(_ITSELF), "quiet", _("到时自动办理"))


def _received(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    titles = {"sample_drawn": _("收到抽查样本"), "round_decided": _("收到批次结果")}
    title = titles.get((row.get("payload") or {}).get("name", ""), _("收到批次消息"))
    return Entry(row["at"], title, _(_ITSELF), "quiet", "")


def _stopped(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    text = row["name"] and _("停在“%(step)s”，由流程管理人员处理", step=row["name"])
    return Entry(row["at"], _("办件出现异常"), _("异常"), "late", text or _("由流程管理人员处理"), stopped=True)


def _moved(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    payload = row.get("payload") or {}
    said = _("由 %(old)s 改为 %(new)s", old=payload["old"][:10], new=payload["new"][:10]) if payload else ""
    return Entry(row["at"], _("办理期限变更"), _(_ITSELF), "soon", _("；").join(filter(None, [row["name"], said])))


def _suspended(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    payload = row.get("payload") or {}
    why = spoken(GROUNDS.get(payload.get("ground", ""), ""))
    text = _("；").join(filter(None, [why, payload.get("clause"), payload.get("reason"), _by(row)]))
    return Entry(row["at"], _("中止办理"), _("中止"), "soon", text)


def _resumed(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    payload = row.get("payload") or {}
    days = _("各环节的期限顺延 %(days)s 个工作日", days=payload["working_days"]) if payload else ""
    text = _("；").join(filter(None, [days, payload.get("note"), _by(row)]))
    return Entry(row["at"], _("恢复办理"), _("恢复"), "done", text)


def _ended(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
    return Entry(row["at"], _("办结"), row["name"], "done", "")


def _by(row: Row) -> str:
    return _("%(who)s办理", who=row["who"]) if row["who"] else ""


def _step(sentence: str) -> "_Tell":
    def tell(row: Row, deployed: Deployed, facts: Mapping[str, str]) -> Entry:  # noqa: ARG001  # as all of them
        said = _(sentence, who=row["who"]) if row["who"] else ""
        return Entry(row["at"], row["name"], "", "quiet", said or _(sentence, who=_("经办人")))

    return tell


_Tell: TypeAlias = Callable[[Row, Deployed, Mapping[str, str]], Entry]

# What stands on the time line. `task.opened` does not: the open tasks stand above it, the others end as closed.
_TOLD: Mapping[str, _Tell] = {
    "case.opened": _plain(N_("发起")),
    "case.ended": _ended,
    "case.stopped": _stopped,
    "case.suspended": _suspended,
    "case.resumed": _resumed,
    "incident.retried": _plain(N_("异常已处理，继续办理"), N_("恢复"), "done"),
    "incident.repaired": _plain(N_("已更正流程数据"), N_("恢复"), "done"),
    "incident.skipped": _plain(N_("经两人确认跳过一个环节，继续办理"), N_("恢复"), "done"),
    "incident.skip_asked": _plain(N_("申请跳过异常的环节"), N_("异常"), "soon"),
    "incident.skip_refused": _plain(N_("没有跳过异常的环节"), N_("异常"), "soon"),
    "incident.cancelled": _plain(N_("办件终止"), N_("终止"), "late"),
    "task.closed": _closed,
    "task.assigned": _step(N_("%(who)s指定经办人")),
    "task.claimed": _step(N_("%(who)s认领")),
    "task.released": _step(N_("%(who)s释放，待同岗位认领")),
    "task.cancelled": _step(N_("办理时间已过，待办失效")),
    "task.moved": _moved,
    "publicity.too_short": _plain(N_("因工作日调整，公示期不足规定的天数，请考虑重新公示"), N_("公示"), "late"),
    "letter.queued": _letter,
    "message.sent": _plain(N_("告知批次内的办件"), _ITSELF),
    "message.received": _received,
    "timer.fired": _fired,
    "notice.published": _plain(N_("对外发布公告"), N_("公开"), "fine"),
    "publicity.opened": _plain(N_("开始公示"), N_("公开"), "fine"),
    "objection.received": _plain(N_("收到异议"), N_("公众"), "soon"),
    "objection.decided": _plain(N_("作出异议处理决定")),
    "panel.drawn": _plain(N_("随机抽取专家组")),
    "seat.recused": _plain(N_("专家回避，由下一位递补"), N_("回避"), "soon"),
    "seat.replaced": _plain(N_("更换专家，由下一位递补"), N_("更换"), "soon"),
    "seat.passed_over": _plain(N_("不再等待一位专家的互评"), N_("略过"), "soon"),
    "chair.passed_on": _plain(N_("专家组意见改由下一席位填写"), N_("略过"), "soon"),
    "seat.added": _plain(N_("加签一位专家"), N_("加签"), "soon"),
    "panel.asked_again": _plain(N_("请专家再评")),
    "panel.opened": _plain(N_("公开评审意见")),
    "panel.concluded": _plain(N_("专家组评审完毕")),
    "sample.drawn": _plain(N_("抽取实地抽查样本")),
    "sample.added": _plain(N_("抽取之后另加实地抽查")),
    "inspection.arranged": _plain(N_("安排实地抽查")),
    "inspection.changed": _plain(N_("变更抽查安排"), N_("变更"), "soon"),
    "inspection.cancelled": _plain(N_("取消抽查安排"), N_("取消"), "soon"),
    "inspection.reported": _plain(N_("提交抽查记录")),
    "round.open": _plain(N_("开放申报"), _ITSELF),
    "round.closed": _plain(N_("停止接收申报"), _ITSELF),
    "round.late_filing": _plain(N_("同意逾期受理")),
    "case.moved": _plain(N_("改按流程的另一版本办理"), N_("迁移"), "soon"),
    "case.move_undone": _plain(N_("撤销迁移，仍按原来的版本办理"), N_("迁移"), "soon"),
    "case.extended": _plain(N_("申报期限延长")),
    "round.published": _plain(N_("批次办结"), _ITSELF),
    "cluster.recognised": _plain(N_("集群获得认定"), N_("认定"), "done"),
    "cluster.renewed": _plain(N_("复核通过，有效期延长"), N_("复核"), "done"),
    "cluster.revoked": _plain(N_("认定撤销"), N_("撤销"), "late"),
    "cluster.changed": _plain(N_("记入集群的变动记录"), N_("变动"), "done"),
    "case.cancelled": _plain(N_("认定已撤销，办件终止"), N_("终止"), "late"),
    "obligation.met": _plain(N_("应报送的事项已办结"), _ITSELF),
    "typical_case.published": _plain(N_("典型案例对外公开"), N_("公开"), "fine"),
    "precheck.done": _plain(N_("按认定条件预审"), _ITSELF),
}
