"""Asides: what a person has to know beside a form, worked out for the task at hand: who may be chosen, what is left."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from flask import url_for

from config.chain import OVER
from engine import (
    access,
    assessments,
    automatic,
    clock,
    conventions,
    criteria,
    dispatches,
    filing,
    identities,
    inspections,
    lives,
    objections,
    papers,
    recommendations,
    reports,
    samples,
    site_reports,
    visits,
)
from engine.identities import Recognition
from engine.models import Cluster, Organisation, Round
from engine.register import STATES
from web.pages.work import comparisons
from web.pages.work.at_hand import AtHand
from web.pages.work.comparisons import Table
from web.wording import N_, _

MOST_LINES = 50


@dataclass(frozen=True)
class Aside:
    """A card beside the form."""

    title: str
    text: str = ""
    lines: tuple[str, ...] = ()
    address: str = ""  # where more of it stands
    way: str = ""  # what the link there says
    tables: tuple[Table, ...] = ()


def of(at: AtHand) -> list[Aside]:
    """What stands beside this task's form while it is open; for the office that acts on it alone."""
    make = _ASIDES.get(at.sheet.task.form)
    return list(make(at)) if make and at.can_act else []


def _sample(at: AtHand) -> Iterator[Aside]:
    reviewed = samples.standing(at.session, at.sheet.case)
    rule = reviewed.rule
    text = _(
        "可以抽取的办件 %(ready)s 件；按规则（%(share)s%%，不足一件的进为一件，不少于 %(least)s 件）"
        "随机抽取 %(size)s 件。依据：%(basis)s。",
        ready=len(reviewed.ready),
        share=rule.share_pct,
        least=rule.at_least,
        size=reviewed.size,
        basis=_(rule.basis),
    )
    yield Aside(_("抽取范围"), text, _lines(reviewed.ready))
    if reviewed.unfinished:
        more = _(
            "下列 %(count)s 件评审尚未完成，不在抽取范围内。不再等待的，请在表单中勾选确认。",
            count=len(reviewed.unfinished),
        )
        yield Aside(_("评审尚未完成的办件"), more, _lines(reviewed.unfinished))


def _team(at: AtHand) -> Iterator[Aside]:
    barred = [
        (name, why)
        for _member, name, why in inspections.choices(at.session, at.sheet.case, at.sheet.task.organisation_code)
        if why
    ]
    if barred:
        lines = tuple(_("%(name)s：%(why)s", name=name, why=why) for name, why in barred[:MOST_LINES])
        yield Aside(_("不能参加本次抽查的人员"), lines=lines)


def _visit(at: AtHand) -> Iterator[Aside]:
    first = site_reports.earliest(at.session, at.sheet.case)
    for visit in visits.visits(at.session, at.actor, case_id=at.sheet.case.id)[:1]:
        lines = [inspections.when(visit.inspection), visit.inspection.place, visit.inspection.contact]
        if visit.state == "cancelled":
            lines = [_("本次安排已取消，请等待重新安排。")]
        if first:
            lines.append(_("抽查日期不得早于 %(day)s（专家评审结束、抽取样本之日）。", day=first.isoformat()))
        address = url_for("visits.show", inspection_id=visit.inspection.id)
        way = _("查看安排")
        if access.may(at.actor, "inspection.read", visit.inspection):
            yield Aside(_("抽查安排"), lines=tuple(lines), address=address, way=way)


def _objection(at: AtHand) -> Iterator[Aside]:
    found = objections.of_case(at.session, at.actor, at.sheet.case)
    if found is None:
        return
    address, way = url_for("objection_desk.show", objection_id=found.id), _("查看异议")
    if access.may(at.actor, "objection.handle", found):
        lines = [_("异议人：%(name)s（%(contact)s）", name=found.name, contact=found.contact)]
        lines += [_("证明材料 %(count)s 份", count=len(found.files))] if found.files else []
        yield Aside(_("异议内容"), found.grounds, tuple(lines), address, way)
    elif objections.barred(at.session, at.actor, found):
        text = _("您办理了该集群申报的初审，不能核查针对它的异议，也看不到异议人的信息。请由本局其他经办人认领。")
        yield Aside(_("异议内容"), text, address=address, way=way)


def _higher_level(at: AtHand) -> Iterator[Aside]:
    """What the system itself knows of the recognitions that an applicant states."""
    if cluster := _cluster(at):
        yield _known(_("系统中的上级认定"), identities.above(at.session, cluster, clock.today()))


def _acceptance(at: AtHand) -> Iterator[Aside]:
    yield from _prerequisite(at)
    yield from _over(at)


def _over(at: AtHand) -> Iterator[Aside]:
    """How many the office below has sent on, and what its rules say of too many: a person decides."""
    below, regime = _below(at), at.sheet.deployed.regime
    quota = regime.quota.get(below.level) if below else None
    if below is None or quota is None or quota.over is None:
        return
    round_ = at.session.get_one(Round, at.sheet.case.round_id)
    asked = recommendations.terms(at.session, round_, regime, below.level)
    sent = _(
        "%(office)s本批次已推荐 %(sent)s 个，最多 %(most)s 个（%(basis)s）。",
        office=below.name,
        sent=recommendations.sent(at.session, round_.id, below.code),
        most=recommendations.most(below, asked),
        basis=asked.basis,
    )
    rule = _(
        "对超过报送数量的，一律不予受理（%(clause)s）。文件未写明不予受理的范围，本局设置为：%(what)s。"
        "是否受理由受理人员决定，系统不自动处理。",
        clause=quota.over_clause,
        what=_(OVER[quota.over]),
    )
    yield Aside(_("报送数量"), sent, (rule,))


def _prerequisite(at: AtHand) -> Iterator[Aside]:
    """Where a recognition of the level below is asked for: whether the round is excepted, and what is known."""
    clause = at.sheet.deployed.regime.criteria.get(criteria.PREREQUISITE)
    cluster = _cluster(at)
    if clause is None or cluster is None:
        return
    round_ = at.session.get(Round, at.sheet.case.round_id)
    first = (
        _("本批次为首批，不要求已获认定（%(clause)s）。", clause=clause)
        if round_ and round_.first_batch
        else _("本批次不是首批，申报的集群须已获认定（%(clause)s）。", clause=clause)
    )
    yield _known(_("系统中的上级认定"), identities.above(at.session, cluster, clock.today()), first)


def _recommendation(at: AtHand) -> Iterator[Aside]:
    """How many and until when; and what the office's own rules ask, a fact for it, which holds nothing back."""
    cluster = _cluster(at)
    office = at.sheet.task.organisation_code
    yield _terms(at, office)
    for asked in identities.asked_before(at.session, office, cluster) if cluster else ():
        text = _("%(gist)s（%(source)s %(clause)s）。", gist=asked.gist, source=asked.source, clause=asked.clause)
        line = (
            _told(asked.recognition) if asked.recognition else _("系统中没有本集群的“%(title)s”认定", title=asked.title)
        )
        yield Aside(_("本单位规定的推荐条件"), text, (line,))


def _terms(at: AtHand, office: str) -> Aside:
    round_, organisation = at.session.get_one(Round, at.sheet.case.round_id), at.session.get_one(Organisation, office)
    asked = recommendations.terms(at.session, round_, at.sheet.deployed.regime, organisation.level)
    sent, most = recommendations.sent(at.session, round_.id, office), recommendations.most(organisation, asked)
    line = (
        _("本批次已推荐 %(sent)s 个，不限数量。", sent=sent)
        if most is None
        else _("本批次已推荐 %(sent)s 个，最多 %(most)s 个（%(basis)s）。", sent=sent, most=most, basis=asked.basis)
    )
    until = recommendations.closes_at(at.session, round_, organisation.level, office)
    lines = (line, _("推荐截止：%(moment)s。", moment=filing.in_words(until))) if until else (line,)
    return Aside(_("推荐数量和截止时间"), lines=lines)


def _papers(at: AtHand) -> Iterator[Aside]:
    """What is to be sent, and where the printed sets are, once there is one."""
    yield from _due(at, at.sheet.task.organisation_code)
    if papers.asked(at.sheet.deployed):
        text = _("推荐汇总表、申报表和光盘文件夹按本单位已推荐的集群制作；推荐之后可以下载、打印、盖章。")
        address = url_for("round_pages.papers_of", round_id=at.sheet.case.round_id)
        yield Aside(_("报送材料"), text, address=address, way=_("查看和下载"))


def _arriving(at: AtHand) -> Iterator[Aside]:
    """What is to arrive from the office below, and what that says it sent."""
    below = _below(at)
    if below is None:
        return
    yield from _due(at, below.code)
    sent = papers.filed_at(at.session, at.sheet.case, "dispatch", below.code)
    if sent and sent.answers:
        form, told = at.sheet.deployed.form("dispatch"), sent.answers
        named = ((form.title_of(name), told.get(name)) for name in ("copies", "discs", "sent_on", "ems_number"))
        lines = tuple(_("%(title)s：%(value)s", title=title, value=value) for title, value in named)
        yield Aside(_("%(office)s登记的寄送", office=below.name), lines=lines)


def _due(at: AtHand, office: str) -> Iterator[Aside]:
    due = at.sheet.deployed.regime.paper.get(at.session.get_one(Organisation, office).level)
    if due:
        yield Aside(_("应报送的纸质材料"), _("%(due)s。", due=dispatches.in_words(due)))


def _report(at: AtHand) -> Iterator[Aside]:
    """A report beside the year before and the plan's targets; nothing where there is nothing to hold it against."""
    if tables := comparisons.tables(at):
        address = url_for("figures.show", cluster_id=at.sheet.case.cluster_id)
        title, way = _("与上一年度和规划目标比较"), _("查看历年数据")
        yield Aside(title, _(comparisons.ABOUT), address=address, way=way, tables=tables)


def _years(at: AtHand) -> Iterator[Aside]:
    """Where the years and the targets stand that a 复核 examines."""
    address = url_for("figures.show", cluster_id=at.sheet.case.cluster_id)
    text = _("有效期内各年度报告的数据、规划目标与实际、不再符合的认定条件。")
    yield Aside(_("集群三年情况"), text, address=address, way=_("查看历年数据"))


def _assessment(at: AtHand) -> Iterator[Aside]:
    """The report that the assessment is about, what was found, and what was said the year before."""
    cluster = _cluster(at)
    if cluster is None:
        return
    address = url_for("lives.show", cluster_id=cluster.id)
    for report in assessments.report(at.session, at.sheet.case):
        words = _REPORTED[report.state]
        line = _(words, year=report.year - 1, day=(report.settled_on or report.printed_on).isoformat())
        late = (_("迟报 %(days)s 天", days=report.days_late),) if report.days_late else ()
        way = _("查看年度报告") if report.case_id else ""
        yield Aside(_("年度报告"), line, late, _report_at(report.case_id), way)
    waiting = lives.listed(at.session, at.actor, cluster_id=cluster.id, state="open")
    text = _("待处理的情形线索 %(count)s 条。", count=len(waiting))
    lines = tuple(found.facts for found in waiting[:MOST_LINES])
    yield Aside(_("情形线索和历年情况"), text, lines, address, _("查看集群"))
    for last in assessments.of_cluster(at.session, cluster.id)[:1]:
        yield Aside(_("上次考核（%(year)s 年度）", year=last.year), last.conclusion)


def _report_at(case_id: int | None) -> str:
    return url_for("case_pages.show", case_id=case_id) if case_id else ""


def _below(at: AtHand) -> Organisation | None:
    """The office that sends on to this one; None: the applicant does."""
    case, office = at.sheet.case, at.sheet.task.organisation_code
    offices = [*case.chain.split(), case.bureau_code]
    return at.session.get(Organisation, offices[offices.index(office) - 1]) if office in offices[1:] else None


def _known(title: str, found: list[Recognition], text: str = "") -> Aside:
    lines = tuple(map(_told, found)) or (_("系统中没有本集群的上级认定，请核对申报主体提供的认定文件。"),)
    return Aside(title, text, lines)


def _told(recognition: Recognition) -> str:
    return _(
        "%(bureau)s：%(title)s %(number)s，有效期 %(first)s 至 %(last)s，%(state)s",
        bureau=recognition.bureau,
        title=recognition.title,
        number=recognition.number or "",
        first=recognition.first_day,
        last=recognition.last_day,
        state=_(STATES[recognition.state]),
    )


def _cluster(at: AtHand) -> Cluster | None:
    return at.session.get(Cluster, at.sheet.case.cluster_id) if at.sheet.case.cluster_id else None


def _lines(titles: Mapping[int, str]) -> tuple[str, ...]:
    shown = [f"{number} {title}" for number, title in list(titles.items())[:MOST_LINES]]
    left = len(titles) - len(shown)
    return (*shown, _("另有 %(count)s 件", count=left)) if left else tuple(shown)


_REPORTED = {  # a report's state → what is said of it
    "open": N_("%(year)s 年度报告尚未报送，应于 %(day)s 前报送。"),
    "met": N_("%(year)s 年度报告已于 %(day)s 报送。"),
}

_ASIDES: Mapping[str, Callable[[AtHand], Iterator[Aside]]] = {
    assessments.FORM: _assessment,
    automatic.FORM: _higher_level,
    "acceptance": _acceptance,
    reports.FORM: _report,
    "check_report": _report,
    "renewal_review": _years,
    "decide_renewal": _years,
    "recommend": _recommendation,
    "dispatch": _papers,
    "receive": _arriving,
    samples.FORM: _sample,
    inspections.FORM: _team,
    site_reports.FORM: _visit,
    conventions.INVESTIGATION_OF_OBJECTION: _objection,
    conventions.DECISION_ON_OBJECTION: _objection,
}
