"""管理·办理记录: what the audit administrator reads, verifies and takes out."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, stream_with_context, url_for

from engine import directory, events
from engine.access import ROLES, SCOPES
from engine.columns import dump_json
from engine.organisations import LEVELS
from web import context
from web.guard import actor, guard
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("record", __name__)

ON_PAGE = 30
AT_ONCE = 200_000  # entries verified in one request: about two seconds

KINDS = {  # what happened → how the office says it
    "account.address_changed": N_("修改邮箱地址"),
    "account.created": N_("开设账号"),
    "account.disabled": N_("停用账号"),
    "account.enabled": N_("启用账号"),
    "account.unlocked": N_("解锁账号"),
    "case.ended": N_("办件办结"),
    "case.moved": N_("迁移办件"),
    "case.move_undone": N_("撤销迁移"),
    "case.opened": N_("开始办件"),
    "case.resumed": N_("恢复办理"),
    "case.stopped": N_("办件转异常"),
    "case.suspended": N_("中止办理"),
    "cluster.recognised": N_("认定集群"),
    "demo.begun": N_("开始装入演示数据"),
    "demo.loaded": N_("装入演示数据"),
    "deployment.created": N_("部署流程"),
    "dossier.taken": N_("取走卷宗"),
    "feed.issued": N_("新建日历订阅"),
    "feed.revoked": N_("吊销日历订阅"),
    "incident.cancelled": N_("终止异常办件"),
    "incident.repaired": N_("更正异常办件"),
    "incident.retried": N_("恢复异常办件"),
    "incident.skip_asked": N_("申请跳过环节"),
    "incident.skip_refused": N_("不同意跳过环节"),
    "incident.skipped": N_("跳过环节"),
    "letter.cancelled": N_("通知不再发送"),
    "letter.queued": N_("发出通知"),
    "letter.retried": N_("重试发送通知"),
    "draft.opened": N_("开草案"),
    "draft.changed": N_("修改草案"),
    "draft.updated": N_("更新草案的依据"),
    "draft.submitted": N_("提交草案"),
    "draft.withdrawn": N_("撤回草案"),
    "draft.returned": N_("退回草案"),
    "draft.deployed": N_("草案通过"),
    "draft.discarded": N_("作废草案"),
    "letter.reworded": N_("改写通知"),
    "letter.sent_again": N_("重发通知"),
    "letter.told": N_("电话告知通知"),
    "mail_account.resumed": N_("恢复发信账号"),
    "message.received": N_("收到消息"),
    "message.sent": N_("发出消息"),
    "notice.published": N_("发布公告"),
    "objection.decided": N_("决定异议"),
    "objection.passed_on": N_("收到逾期异议"),
    "objection.received": N_("收到异议"),
    "organisation.added": N_("新增机构"),
    "organisation.renamed": N_("机构改名"),
    "organisation.marked": N_("标记机构"),
    "papers.taken": N_("取走报送材料"),
    "password.changed": N_("修改密码"),
    "password.reset": N_("重置密码"),
    "precheck.done": N_("预审"),
    "publicity.opened": N_("开始公示"),
    "record.exported": N_("导出记录"),
    "record.verified": N_("核验记录"),
    "role.granted": N_("授予岗位"),
    "role.withdrawn": N_("收回岗位"),
    "round.closed": N_("截止申报"),
    "round.open": N_("开放申报"),
    "round.published": N_("公布批次结果"),
    "sign_in.accepted": N_("登录"),
    "sign_in.all_ended": N_("强制退出登录"),
    "sign_in.ended": N_("退出登录"),
    "sign_in.locked": N_("登录锁定"),
    "sign_in.others_ended": N_("退出其他会话"),
    "sign_in.refused": N_("登录被拒"),
    "substitute.ended": N_("取消代理"),
    "substitute.named": N_("安排代理"),
    "task.cancelled": N_("待办失效"),
    "task.claimed": N_("认领待办"),
    "task.closed": N_("办结待办"),
    "task.opened": N_("产生待办"),
    "task.released": N_("释放待办"),
    "timer.fired": N_("到期处理"),
    "token.issued": N_("发放令牌"),
    "token.revoked": N_("吊销令牌"),
}

FACTS = {  # a name in an entry's payload → how the office says it
    "account": N_("账号"),
    "address": N_("来源地址"),
    "after": N_("改后"),
    "approved_by": N_("审核人"),
    "before": N_("改前"),
    "broken_at": N_("断裂处"),
    "case": N_("办件编号"),
    "chain": N_("记录链"),
    "complete": N_("全部核完"),
    "content_hash": N_("内容散列"),
    "days": N_("天数"),
    "label": N_("用途"),
    "level": N_("层级"),
    "locked": N_("锁定对象"),
    "name": N_("名称"),
    "number": N_("部署号"),
    "organisation": N_("机构"),
    "parent": N_("上级机构"),
    "reason": N_("原因"),
    "regime": N_("规则体系"),
    "role": N_("岗位"),
    "scopes": N_("权限范围"),
    "sha256": N_("文件散列"),
    "until": N_("核验至"),
}
VALUES: Mapping[str, Mapping[str, str]] = {  # and what stands under that name
    "role": ROLES,
    "scopes": SCOPES,
    "level": LEVELS,
    "reason": {"wrong": N_("登录名或密码不符"), "locked": N_("已锁定")},
    "locked": {"person": N_("账号"), "address": N_("来源地址")},
    "complete": {"True": N_("是"), "False": N_("否")},
}


@routes.get("/office/record")
@guard("record.read")
def show() -> Response:
    """The record of a chain, newest first."""
    return _page()


@routes.post("/office/record/verify")
@guard("record.verify")
def verify() -> Response:
    """Look whether a chain holds: a part of it at once, and the next part when asked."""
    chain, after = request.form.get("chain", events.SYSTEM), request.form.get("after", "")
    anchors = context.current().settings.data / "anchors"
    with frame.reading() as session:
        checked = events.check(
            session,
            chain if chain in {row["chain"] for row in directory.chains(session, actor())} else events.SYSTEM,
            anchors if anchors.is_dir() else None,
            after=int(after) if after.isdecimal() and len(after) < 10 else 0,
            most=AT_ONCE,
        )
    with frame.writing() as session:
        directory.note_check(session, actor(), checked)
    return _page(checked, anchored=anchors.is_dir())


@routes.post("/office/record/export")
@guard("record.export")
def export() -> Response:
    """The whole record as lines of JSON, business without its content; it can be verified elsewhere."""
    database = context.current().database
    with frame.writing() as session:
        directory.note_export(session, actor())

    def lines() -> Iterator[str]:
        with database.read() as session:
            for row in directory.exported(session):
                yield dump_json(row) + "\n"

    answer = Response(stream_with_context(lines()), mimetype="application/jsonl")
    answer.headers["Content-Disposition"] = "attachment; filename=record.jsonl"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(checked: events.Checked | None = None, *, anchored: bool = False) -> Response:
    given = {name: request.values.get(name, "").strip() for name in ("chain", "who", "kind", "on", "case")}
    before, case_id = request.args.get("before", ""), _number(given["case"])
    with frame.reading() as session:
        chains = directory.chains(session, actor())
        if not given["chain"] and case_id:
            given["chain"] = directory.chain_of(session, actor(), case_id)
        if given["chain"] not in {row["chain"] for row in chains}:
            given["chain"] = events.SYSTEM
        rows = directory.entries(
            session,
            actor(),
            given["chain"],
            who=given["who"],
            kind=given["kind"],
            on=_day(given["on"]),
            case_id=case_id,
            limit=ON_PAGE + 1,
            before=_number(before),
        )
    kept: dict[str, Any] = {name: value for name, value in given.items() if value}
    more = len(rows) > ON_PAGE
    return frame.page(
        "office/record.html",
        here="office",
        room="record",
        chains=chains,
        found=[{**row, "said": _said(str(row["kind"])), "facts": _facts(row["payload"])} for row in rows[:ON_PAGE]],
        asked=given,
        kinds={kind: _(said) for kind, said in KINDS.items()},
        checked=checked,
        anchored=anchored,
        system=events.SYSTEM,
        next_href=url_for("record.show", **kept, before=rows[ON_PAGE - 1]["seq"]) if more else None,
        first_href=url_for("record.show", **kept) if before else None,
    )


def _said(kind: str) -> str:
    return _(KINDS.get(kind, kind))


def _facts(payload: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The facts of an entry as pairs for reading; what has no word of ours stays as it was written."""
    pairs = []
    for name, value in (payload or {}).items():
        if value is None or value == "":
            continue
        values = value if isinstance(value, list) else [value]
        words = VALUES.get(name, {})
        said = _("、").join(_(words[str(each)]) if str(each) in words else str(each) for each in values)
        pairs.append((_(FACTS.get(name, name)), said))
    return pairs


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
