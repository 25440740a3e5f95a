"""Asides: what a person has to know beside a form, worked out for the task at hand: who may be chosen, what is left."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from flask import url_for

from engine import access, conventions, inspections, objections, samples, site_reports, visits
from web.pages.work.at_hand import AtHand
from web.wording import _

MOST_LINES = 50


@dataclass(frozen=True)
class Aside:
    """A card beside the form."""

    title: str
    text: str = ""
    lines: tuple[str, ...] = ()
    address: str = ""  # where more of it stands
    way: str = ""  # what the link there says


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
    barred = [(name, why) for _member, name, why in inspections.choices(at.session, at.sheet.case) if why]
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


def _lines(titles: Mapping[int, str]) -> tuple[str, ...]:
    shown = [f"{number} {title}" for number, title in list(titles.items())[:MOST_LINES]]
    left = len(titles) - len(shown)
    return (*shown, _("另有 %(count)s 件", count=left)) if left else tuple(shown)


_ASIDES: Mapping[str, Callable[[AtHand], Iterator[Aside]]] = {
    samples.FORM: _sample,
    inspections.FORM: _team,
    site_reports.FORM: _visit,
    conventions.INVESTIGATION_OF_OBJECTION: _objection,
    conventions.DECISION_ON_OBJECTION: _objection,
}
