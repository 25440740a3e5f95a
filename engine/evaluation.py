"""集群发展评估报告: a draft from the figures of a year, for people to finish (清远 第十七条, 广西 and 国家 第十六条).

It says what the figures say and judges nothing; where somebody has to judge stands a marked place.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Final, TypeAlias

from sqlalchemy.orm import Session

from config.regime import Regime
from config.sentences import said
from engine import access, charts, comparisons, deployments, documents, monitoring, reports, yearly, yearly_reports
from engine.access import Actor
from engine.charts import Chart, spoken
from engine.criteria import FAIL, PASS
from engine.deployments import Deployed
from engine.documents import Column, Grid, Heading, Paragraph, Pictured, ToWrite
from engine.errors import Refused
from engine.models import Cluster, Organisation
from engine.monitoring import Standing
from engine.yearly import Figure, Record
from engine.yearly_reports import Report

Part: TypeAlias = Heading | Paragraph | ToWrite | Grid | Pictured

_YEARS: Final = 3  # that a chart of all clusters shows
_ON_PAGE: Final = 6  # charts
_PLACES: Final = 50


@dataclass(frozen=True)
class Entry:
    """A cluster with what is known of it."""

    cluster: Cluster
    report: Report
    record: Record
    standing: Standing | None  # None: it has not reported about the year


@dataclass(frozen=True)
class Basis:
    """What the draft is made of."""

    about: int
    regime: Regime
    deployed: Deployed
    issuer: str
    entries: Sequence[Entry]

    @property
    def reported(self) -> list[Entry]:
        return [each for each in self.entries if each.report.filed_on]


def draft(session: Session, actor: Actor, bureau: str, regime: str, about: int) -> bytes:
    """The Word document, the same for the same figures.

    Raises Forbidden; Refused where the text asks for none, or the bureau's clusters owe no report about the year.
    """
    access.require(actor, "evaluation.make", bureau)
    found = yearly_reports.of_year(session, actor, regime, about).reports
    own = [each for each in found if each.bureau_code == bureau]
    if not own:
        raise Refused(said("%(year)s 年度没有本机关认定的集群应报送年度报告，无从起草", year=str(about)))
    deployed = deployments.deployed(session, deployments.current(session, regime).id)
    if deployed.regime.evaluation is None:
        raise Refused(said("“%(title)s”的办法没有要求编制集群发展评估报告", title=deployed.regime.title))
    issuer = session.get_one(Organisation, bureau).name
    basis = Basis(about, deployed.regime, deployed, issuer, [_entry(session, each, about) for each in own])
    title = f"{about}年度{deployed.regime.title}发展评估报告"
    parts = list(_parts(title, basis))
    return documents.draft_docx(documents.Draft(title, issuer, date(about, 12, 31), parts))


def _entry(session: Session, report: Report, about: int) -> Entry:
    cluster = session.get_one(Cluster, report.cluster_id)
    record = yearly.of_cluster(session, cluster)
    standing = monitoring.standing(session, cluster, record, about) if report.filed_on else None
    return Entry(cluster, report, record, standing)


def _parts(title: str, basis: Basis) -> Iterator[Part]:
    source = f"{basis.regime.source}{basis.regime.evaluation}"
    yield Heading(title, 1)
    yield Paragraph(f"（草稿。依据{source}，按已报送的数据起草；标黄处由人填写。）")
    yield Heading("一、年度报告报送情况", 2)
    yield from _filed(basis)
    yield Heading("二、集群发展情况", 2)
    yield from _development(basis)
    yield Heading("三、规划目标进展", 2)
    yield from _targets(basis)
    yield Heading("四、对照认定条件", 2)
    yield from _conditions(basis)
    yield Heading("五、监督和考核情况", 2)
    yield ToWrite("监督和考核的组织、方式和结果")
    yield Heading("六、工作经验和问题", 2)
    yield ToWrite("可以推广的经验，存在的主要问题")
    yield Heading("七、下一步工作", 2)
    yield ToWrite("下一步工作建议")
    yield Heading("附：各集群情况", 2, on_new_page=True)
    for place, entry in enumerate(basis.entries):
        yield from _cluster(basis, entry, place)


def _filed(basis: Basis) -> Iterator[Part]:
    late = [each for each in basis.reported if each.report.days_late]
    without = [each.cluster.name for each in basis.entries if not each.report.filed_on]
    yield Paragraph(
        f"应报送{basis.about}年度报告的集群{len(basis.entries)}个，已报送{len(basis.reported)}个，"
        f"其中逾期报送{len(late)}个；未报送{len(without)}个。"
    )
    if late:
        told = "、".join(f"{each.cluster.name}（逾期{each.report.days_late}天）" for each in late)
        yield Paragraph(f"逾期报送的：{told}。")
    if without:
        yield Paragraph(f"未报送的：{'、'.join(without)}。以下数据不含这些集群。")
    yield ToWrite("报送情况的说明")


def _development(basis: Basis) -> Iterator[Part]:
    sums, rates, drawn = [], [], list[tuple[str, Chart]]()
    for name in basis.deployed.form(reports.FORM).document["properties"]:
        figures = [each.record.figures[name] for each in basis.reported if name in each.record.figures]
        there = [figure for figure in figures if basis.about in figure.values]
        if not there:
            continue
        title = str(there[0].schema["title"])
        if not there[0].adds_up:
            rates.append([title, str(len(there)), *_spread([figure.values[basis.about] for figure in there])])
            continue
        total = _sum(figure.values[basis.about] for figure in there)
        both = [figure for figure in there if basis.about - 1 in figure.values]
        sums.append([title, str(len(there)), spoken(total), *_course(both, basis.about)])
        if chart := charts.of(_totals(there, basis.about)):
            drawn.append((title, chart))
    if not sums and not rates:
        yield Paragraph("没有已报送的数据。")
    if sums:
        yield from _sentences(sums)
        heads = ("指标", "集群数", "合计", "可比集群", "上年", "本年", "变化（%）")
        yield Grid(_columns(heads), sums)
        yield Paragraph("可比集群为上年和本年都有数据的集群，上年、本年和变化按可比集群计算。")
    if drawn:
        yield from _pictures(drawn, "各项合计的历年数值，取各年都有数据的集群；数字见图中各柱。")
    if rates:
        yield Grid(_columns(("指标", "集群数", "最低", "中位数", "最高")), rates)
    yield ToWrite("对集群总体发展情况的评价")


def _sentences(sums: Sequence[Sequence[str]]) -> Iterator[Part]:
    for title, count, total, both, before, now, percent in sums:
        course = f"；可比的{both}个集群由{before}变为{now}" if both != "0" else ""
        changed = f"，变化{percent}%" if percent != "—" else ""
        yield Paragraph(f"{title}：{count}个集群合计{total}{course}{changed}。")


def _course(both: Sequence[Figure], about: int) -> list[str]:
    """The clusters that can be compared, what they came to a year before and in the year, and the change in %."""
    if not both:
        return ["0", "—", "—", "—"]
    before, now = (_sum(figure.values[year] for figure in both) for year in (about - 1, about))
    percent = comparisons.percent(before, now)
    return [str(len(both)), spoken(before), spoken(now), "—" if percent is None else format(percent, "+f")]


def _totals(figures: Sequence[Figure], about: int) -> dict[int, Decimal]:
    """The sums of the last years, of the clusters that have them all; of none, nothing."""
    span = range(about - _YEARS + 1, about + 1)
    whole = [figure for figure in figures if all(year in figure.values for year in span)]
    return {year: _sum(figure.values[year] for figure in whole) for year in span} if whole else {}


def _targets(basis: Basis) -> Iterator[Part]:
    counted: dict[str, Counter[bool | None]] = {}
    for entry in basis.reported:
        for target in entry.record.targets.values():
            if isinstance(target.now.get(basis.about), Decimal) and isinstance(target.goal, Decimal):
                counted.setdefault(str(target.schema["title"]), Counter())[target.reached(basis.about)] += 1
    if not counted:
        yield Paragraph("没有可以计算的规划目标。")
    else:
        heads = ("规划目标", "集群数", "已达到", "未达到", "基准不明")
        rows = [
            [title, *map(str, (found.total(), found[True], found[False], found[None]))]
            for title, found in counted.items()
        ]
        yield Paragraph("按规划从基准值到目标值的方向，将报告年度的数值与规划目标值相比：")
        yield Grid(_columns(heads), rows)
    yield ToWrite("对规划执行情况的评价")


def _conditions(basis: Basis) -> Iterator[Part]:
    found: dict[tuple[str, str], Counter[str]] = {}
    unmet = []
    for entry in basis.reported:
        for each in entry.standing.verdicts if entry.standing else ():
            found.setdefault((each.text.partition("：")[0], each.clause), Counter())[each.verdict] += 1
            if each.verdict == FAIL:
                unmet.append(f"{entry.cluster.name}：{each.text}（{each.clause}）。")
    rows = [
        [label, clause, *map(str, (told[PASS], told[FAIL], told.total() - told[PASS] - told[FAIL]))]
        for (label, clause), told in found.items()
    ]
    if rows:
        yield Grid(_columns(("认定条件", "依据", "符合", "不符合", "须人工判断")), rows)
    yield from map(Paragraph, unmet)
    yield Paragraph("对照结果只作提示，本身不产生任何后果；缺少数据的列为须人工判断。")
    yield ToWrite("对不再符合认定条件的集群的处理意见")


def _cluster(basis: Basis, entry: Entry, place: int) -> Iterator[Part]:
    cluster, report = entry.cluster, entry.report
    yield Heading(f"{place + 1}．{cluster.name}", 3, on_new_page=place > 0)
    facts = [f"登记编号{cluster.number}" if cluster.number else "", f"申报主体{report.county}"]
    facts += [f"主导产业{cluster.industry}" if cluster.industry else "", f"有效期至{cluster.last_day}"]
    yield Paragraph("，".join(filter(None, facts)) + "。")
    if report.filed_on is None:
        yield Paragraph(f"未报送{basis.about}年度报告。")
        yield ToWrite("对该集群的评价和建议")
        return
    late = f"，逾期{report.days_late}天" if report.days_late else ""
    yield Paragraph(f"{report.filed_on}报送{basis.about}年度报告{late}。")
    yield from _numbers(basis, entry.record)
    for each in entry.standing.unmet if entry.standing else ():
        yield Paragraph(f"不再符合认定条件：{each.text}（{each.clause}）。")
    asked = [entry.record.figures[name] for name in monitoring.asked(basis.deployed) if name in entry.record.figures]
    if drawn := [(str(each.schema["title"]), chart) for each in asked if (chart := _chart(each, basis.about))]:
        yield from _pictures(drawn, f"{cluster.name}与认定条件有关的历年数据，数字见图中各柱。")
    yield ToWrite("对该集群的评价和建议")


def _pictures(drawn: Sequence[tuple[str, Chart]], described: str) -> Iterator[Part]:
    yield from (Pictured(drawn[first : first + _ON_PAGE], described) for first in range(0, len(drawn), _ON_PAGE))


def _chart(figure: Figure, about: int) -> Chart | None:
    """The years up to the one that is told of."""
    return charts.of({year: value for year, value in figure.values.items() if year <= about})


def _numbers(basis: Basis, record: Record) -> Iterator[Part]:
    rows = []
    for figure in record.yearly:
        if basis.about in figure.values:
            before, now = figure.values.get(basis.about - 1), figure.values[basis.about]
            became = comparisons.in_words(comparisons.change(figure.schema, before, now))
            title = str(figure.schema["title"])
            rows.append([title, "—" if before is None else spoken(before), spoken(now), became or "—"])
    yield Grid(_columns(("指标", f"{basis.about - 1}年", f"{basis.about}年", "变化")), rows)
    rows = [
        [str(target.schema["title"]), *map(_told, (target.base, target.now.get(basis.about), target.goal))]
        for target in record.targets.values()
    ]
    yield Grid(_columns(("规划目标", "基准值", f"{basis.about}年", "目标值")), rows)


def _columns(heads: Sequence[str]) -> list[Column]:
    return [Column(head, 2 if place else 4, centred=place > 0) for place, head in enumerate(heads)]


def _spread(values: Sequence[Decimal]) -> list[str]:
    """Lowest, middle, highest; of an even number the middle of the two in the middle."""
    ranked = sorted(values)
    low, high = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
    with localcontext() as context:
        context.prec = _PLACES
        middle = (low + high) / 2 if low != high else low
    return [spoken(ranked[0]), spoken(middle), spoken(ranked[-1])]


def _sum(values: Iterable[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = _PLACES
        return sum(values, Decimal(0))


def _told(value: Decimal | str | None) -> str:
    return "—" if value is None else spoken(value) if isinstance(value, Decimal) else value
