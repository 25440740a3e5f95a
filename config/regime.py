"""A regime: every number and date of one rule set, parsed from its file and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from types import MappingProxyType

from config import chain, cultivation, fixed_dates, grounds, ladders, numbering, openings, renewals, tables
from config.chain import Chain, Closing, Papers, Quota
from config.cultivation import Cultivation, TypicalCases
from config.errors import RegimeInvalid
from config.fixed_dates import FixedDate
from config.grounds import Ground
from config.ladders import Ladder
from config.numbering import Register
from config.openings import Opening
from config.renewals import Renewal

FOLDER = Path(__file__).parent / "regimes"
SETTING = chain.SETTING
OF_CLUSTERS = ("renewal", "expiry")  # dates of a cluster beside the fixed ones
DATES = (*OF_CLUSTERS, "task", "publicity", "round_closing", "rules_end")  # that have ladders, beside the fixed dates

_TOP = (
    "name", "title", "source", "bureau", "in_force_from", "in_force_until",
    "rounds", "criteria", "thresholds", "limits", "periods", "obligations", "validity", "renewal", "inspection",
    "objections", "register", "review", "ladders", "chain", "quota", "closings", "paper", "opens", "grounds",
    "evaluation", "cultivation", "typical_cases",
)  # fmt: skip
_STANDS_ON = ("clause", "basis")


@dataclass(frozen=True)
class Rounds:
    """批次 in a year, in principle (原则上): a further one needs a recorded reason."""

    most_a_year: int
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING


@dataclass(frozen=True)
class Threshold:
    """认定条件中的数. Whether it must be reached, passed or stayed under stands in criteria.dmn."""

    value: Decimal
    unit: str  # 亿元, %, 家 …
    clause: str
    advisory: bool  # the text says 一般: not meeting it is for a reviewer to judge


@dataclass(frozen=True)
class Period:
    """期限 in working days (工作日)."""

    working_days: int
    count_first: bool  # does the day of the event count? 民法典 第二百零一条: it does not
    clause: str | None  # None: the text is silent

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING


@dataclass(frozen=True)
class Validity:
    """有效期 of a recognition."""

    years: int
    clause: str
    counts_first_day: bool  # is the day of publication the first of the days counted?


@dataclass(frozen=True)
class Review:
    """评审意见的分歧: from when on the opinions of a panel are marked as conflicting."""

    conflict_points: Decimal  # more than so many between highest and lowest, in total or of an indicator
    conclusions_differ: bool  # are conclusions that differ a conflict as well?
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING


@dataclass(frozen=True)
class Inspection:
    """实地抽查: how large the sample is that is drawn at random from the reviewed."""

    share_pct: Decimal  # of the reviewed
    at_least: int  # clusters, if there are as many
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING

    def sample_size(self, reviewed: int) -> int:
        """How many of so many reviewed clusters are drawn: the share, rounded up to a whole cluster.

        Never fewer than `at_least`, never more than there are: of 5, 30 % and at least two give 2; of 7, 2.1 give 3.
        """
        share = (self.share_pct * reviewed / 100).to_integral_value(ROUND_CEILING)
        return min(reviewed, max(self.at_least, int(share)))


@dataclass(frozen=True)
class Objections:
    """异议 against a published list: until when they count, and what an upheld one leads to."""

    upheld: str  # "remove": the cluster leaves the list; "publicise_anew": it may be publicised for a new period
    file_until: str  # "last_day": to the end of the period's last day
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING


@dataclass(frozen=True)
class Regime:
    """规则体系. Mappings keep the order of the file."""

    name: str
    title: str  # the title that is given, 认定名称
    source: str  # 文号
    bureau: str  # code of the organisation that recognises
    in_force_from: date
    in_force_until: date | None  # last day; None: not stated
    criteria: Mapping[str, str]  # id of a row of criteria.dmn → the clause it stands on; none: only its dates are known
    thresholds: Mapping[str, Threshold]
    limits: Mapping[str, Period]  # for a step
    periods: Mapping[str, Period]  # for the public
    obligations: Mapping[str, FixedDate]
    validity: Validity
    renewal: Renewal
    objections: Objections
    review: Review | None = None  # None: nothing is marked
    inspection: Inspection | None = None  # None: a text, or an older deployment, that draws no sample
    rounds: Rounds | None = None  # None: the text does not say how many a year
    register: Register | None = None  # None: clusters get no number
    ladders: Mapping[str, Ladder] = field(default_factory=dict)  # kind of date → when it is reminded of; none: never
    opens: Mapping[str, Opening] = field(default_factory=dict)  # kind of date → the case it opens; none: no case
    grounds: Mapping[str, Ground] = field(default_factory=dict)  # of revocation; none: nothing can be revoked
    evaluation: str | None = None  # the clause that asks for a 集群发展评估报告; None: the text has none
    chain: Chain | None = None  # None: no office between county and bureau
    quota: Mapping[str, Quota] = field(default_factory=dict)  # level of the chain → how many it may recommend
    closings: tuple[Closing, ...] = ()  # what the notices of some years print
    paper: Mapping[str, Papers] = field(default_factory=dict)  # level of the chain → what it sends on paper
    cultivation: Cultivation | None = None  # None: the text has no cultivation pool
    typical_cases: TypicalCases | None = None  # None: the text asks for none

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels between county and bureau, from below."""
        return self.chain.levels if self.chain else ()

    def opens_on(self, kind: str, printed: date) -> date | None:
        """The day on which the case for this date of a cluster opens by itself; None: no case does."""
        opening = self.opens.get(kind)
        if opening is None:
            return None
        if opening.days_before is None:
            return self.renewal.opens_on(printed)
        return printed - timedelta(days=opening.days_before)

    @property
    def deployable(self) -> bool:
        """Whether cases can run by it. A text of which only the dates are written down has no steps yet."""
        return bool(self.limits)

    @property
    def advisory(self) -> tuple[str, ...]:
        """Names of the thresholds that bind nobody."""
        return tuple(name for name, threshold in self.thresholds.items() if threshold.advisory)

    def validity_days(self, published: date) -> tuple[date, date]:
        """First and last valid day of a recognition published on that day.

        The day of publication is valid and, unless the regime counts it, not one of the days counted:
        2025-06-20 → 2028-06-20. Where the month has no such day, its last day ends the period:
        2024-02-29 → 2027-02-28. Source: 民法典 第二百零一条、第二百零二条.
        """
        last = self.prolonged(published)
        if self.validity.counts_first_day and last.day == published.day:
            last -= timedelta(days=1)
        return published, last

    def prolonged(self, day: date) -> date:
        """The same day after one more validity: 2028-06-20 → 2031-06-20 (延长三年, counted from the old last day)."""
        return renewals.months_later(day, 12 * self.validity.years)


def load(content: bytes | str, name: str = "regime.toml") -> Regime:
    """The regime in this file. Raises RegimeInvalid with the path of the key, and what is allowed there."""
    top = tables.read(content, name, _TOP)
    limits, periods = _periods(top, "limits"), _periods(top, "periods")
    for twice in limits.keys() & periods.keys():
        raise RegimeInvalid(f'{name}: limits.{twice} 与 periods.{twice} 重名；deadline("{twice}") 无从选择', path=twice)
    validity = top.table("validity", ("years", "clause", "counts_first_day"))
    chained = chain.read(top)
    levels = chained.levels if chained else ()
    regime = Regime(
        name=top.text("name"),
        title=top.text("title"),
        source=top.text("source"),
        bureau=top.text("bureau"),
        in_force_from=top.day("in_force_from"),
        in_force_until=top.day("in_force_until") if "in_force_until" in top else None,
        criteria=MappingProxyType(top.texts("criteria") if "criteria" in top else {}),
        thresholds=MappingProxyType(_thresholds(top) if "thresholds" in top else {}),
        limits=MappingProxyType(limits),
        periods=MappingProxyType(periods),
        obligations=MappingProxyType(fixed_dates.read(top)),
        validity=Validity(validity.whole("years", 1, 50), validity.text("clause"), validity.flag("counts_first_day")),
        renewal=renewals.read(top),
        objections=_objections(top),
        inspection=_inspection(top) if "inspection" in top else None,
        rounds=_rounds(top) if "rounds" in top else None,
        register=numbering.read(top) if "register" in top else None,
        review=_review(top) if "review" in top else None,
        ladders=MappingProxyType(_ladders(top)),
        opens=MappingProxyType(_opens(top) if "opens" in top else {}),
        grounds=MappingProxyType(grounds.read(top) if "grounds" in top else {}),
        evaluation=top.table("evaluation", ("clause",)).text("clause") if "evaluation" in top else None,
        chain=chained,
        quota=MappingProxyType(chain.quotas(top, levels) if "quota" in top else {}),
        closings=chain.closings(top, levels) if "closings" in top else (),
        paper=MappingProxyType(chain.papers(top, levels) if "paper" in top else {}),
        cultivation=cultivation.pool(top) if "cultivation" in top else None,
        typical_cases=cultivation.typical_cases(top) if "typical_cases" in top else None,
    )
    if regime.in_force_until and regime.in_force_until < regime.in_force_from:
        raise RegimeInvalid(f"{name}: in_force_until 早于 in_force_from", path="in_force_until")
    return regime


def names() -> list[str]:
    """The regimes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def content(name: str) -> bytes:
    """The shipped file of that regime. Raises RegimeInvalid, naming those there are."""
    if name not in names():
        raise RegimeInvalid(f"没有名为 {name} 的规则体系；现有 {'、'.join(names())}", name=name)
    return (FOLDER / f"{name}.toml").read_bytes()


def shipped(name: str) -> Regime:
    """The regime of that name as it ships. Raises RegimeInvalid."""
    label = f"config/regimes/{name}.toml"
    regime = load(content(name), label)
    if regime.name != name:
        raise RegimeInvalid(f"{label}: name 应与文件名一致，现为 {regime.name!r}", path="name")
    return regime


def _rounds(top: tables.Table) -> Rounds:
    table = top.table("rounds", ("most_a_year", *_STANDS_ON))
    return Rounds(table.whole("most_a_year", 1, 50), tables.clause(table))


def _review(top: tables.Table) -> Review:
    table = top.table("review", ("conflict_points", "conclusions_differ", *_STANDS_ON))
    return Review(table.decimal("conflict_points"), table.flag("conclusions_differ"), tables.clause(table))


def _thresholds(top: tables.Table) -> dict[str, Threshold]:
    found = top.tables("thresholds", ("value", "unit", "clause", "advisory"))
    return {
        name: Threshold(
            value=table.decimal("value"),
            unit=table.text("unit"),
            clause=table.text("clause"),
            advisory=table.flag("advisory") if "advisory" in table else False,
        )
        for name, table in found.items()
    }


def _periods(top: tables.Table, key: str) -> dict[str, Period]:
    found = top.tables(key, ("working_days", "count_first", *_STANDS_ON)) if key in top else {}
    return {
        name: Period(
            working_days=table.whole("working_days", 1, 1000),
            count_first=table.flag("count_first") if "count_first" in table else False,
            clause=tables.clause(table),
        )
        for name, table in found.items()
    }


def _ladders(top: tables.Table) -> dict[str, Ladder]:
    """By kind of date. Before there were ladders, a fixed date had its rungs beside it."""
    fixed = top.tables("obligations", fixed_dates.KEYS)
    before = {
        kind: ladders.of_days(table.wholes("reminders", -366, 366))
        for kind, table in fixed.items()
        if "reminders" in table
    }
    found = before | ladders.read(top, (*fixed, *DATES))
    for kind, table in fixed.items():
        if kind not in found:
            raise RegimeInvalid(f"{table.path} 没有提醒梯级；请写明 ladders.{kind}", path=f"ladders.{kind}")
    return found


def _opens(top: tables.Table) -> dict[str, Opening]:
    fixed = top.tables("obligations", fixed_dates.KEYS)
    return openings.read(top, (*fixed, *OF_CLUSTERS))


def _inspection(top: tables.Table) -> Inspection:
    table = top.table("inspection", ("share_pct", "at_least", *_STANDS_ON))
    share = table.decimal("share_pct")
    if not 0 < share <= 100:
        raise RegimeInvalid(
            f"{table.path}.share_pct 应大于 0、不超过 100，现为 {share}", path=f"{table.path}.share_pct"
        )
    return Inspection(share, table.whole("at_least", 1, 1000), tables.clause(table))


def _objections(top: tables.Table) -> Objections:
    if "objections" not in top:  # a deployment made before there were any
        return Objections("remove", "last_day", None)
    table = top.table("objections", ("upheld", "file_until", *_STANDS_ON))
    return Objections(
        table.choice("upheld", ("remove", "publicise_anew")),
        table.choice("file_until", ("last_day",)),
        tables.clause(table),
    )
