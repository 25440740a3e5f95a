"""A report beside the year before and the plan's targets: for who fills it in, and for who checks it."""

from dataclasses import dataclass
from decimal import Decimal

from engine import comparisons, reports
from engine.comparisons import Beside, Change, Comparison
from web.pages.work.at_hand import AtHand
from web.wording import N_, _, spoken, titled

ABOUT = N_("按填报数据逐项计算，只供核对，不作评价。")


@dataclass(frozen=True)
class Table:
    """Numbers on a card; the first cell of a row names it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(at: AtHand) -> tuple[Table, ...]:
    """What is filled in, or was reported to be checked; nothing in a case that is about no report."""
    made = _made(at)
    return (_changes(made), _targets(made)) if made else ()


def _made(at: AtHand) -> Comparison | None:
    case, form = at.sheet.case, at.sheet.deployed.form(reports.FORM)
    if at.sheet.task.form == reports.FORM:
        return comparisons.of_case(at.session, case, form, at.answers)
    return comparisons.filed(at.session, case, form)


def _changes(made: Comparison) -> Table:
    heads = (_("指标"), _("%(year)s 年", year=str(made.year - 1)), _("%(year)s 年", year=str(made.year)), _("变化"))
    return Table(_("比上一年度"), heads, tuple(map(_change, made.changes)))


def _change(each: Change) -> tuple[str, ...]:
    return titled(each.schema), _told(each.before), _told(each.now), spoken(comparisons.in_words(each)) or "—"


def _targets(made: Comparison) -> Table:
    heads = (
        *(_("规划目标"), _("基准值"), _("%(year)s 年", year=str(made.year - 1)), _("%(year)s 年", year=str(made.year))),
        *(_("目标值"), _("距目标")),
    )
    return Table(_("比规划目标"), heads, tuple(map(_beside, made.targets)))


def _beside(each: Beside) -> tuple[str, ...]:
    goal = _told(each.goal)
    if each.reported_goal is not None:
        goal = _("%(goal)s（本次填报为 %(other)s，与规划不一致）", goal=goal, other=_told(each.reported_goal))
    return titled(each.schema), _told(each.base), _told(each.before), _told(each.now), goal, _left(each)


def _left(each: Beside) -> str:
    if each.left is None:
        return "—"
    left = format(each.left, "f")
    if each.in_points:
        return _("%(left)s 个百分点", left=left)
    if each.share is None:
        return left
    return _("%(left)s（为目标值的 %(share)s%%）", left=left, share=format(each.share, "f"))


def _told(value: Decimal | str | None) -> str:
    return "—" if value is None else format(value, "f") if isinstance(value, Decimal) else value
