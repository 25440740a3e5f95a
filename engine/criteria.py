"""The recognition criteria: a cluster's facts go through criteria.dmn, and each criterion gets its verdict."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from config import regime as regimes
from config import tables
from config.errors import JiqunError, RegimeInvalid
from config.regime import Regime
from config.sentences import Said, enumerated, in_turn, said
from engine import bpmn, calendar, growth, numerals, vocabulary, xml
from engine.errors import StepFailed
from engine.expressions import UNKNOWN
from engine.forms.kinds import FACTS_OF_THE_ROUND

Facts: TypeAlias = dict[str, Any]  # every name of NAMES; what was not given is UNKNOWN

YEARS = 3  # 近三年
SHARES = ("sme_share_pct", "leading_share_pct", "above_scale_share_pct", "industrial_internet_pct")  # % of a whole
GROWTHS = ("output_growth_pct", "rd_growth_pct", "patent_growth_pct")  # %, may be negative
AMOUNTS = ("area_km2", "patents_per_10k")
COUNTS = ("champions_and_giants",)
YEARLY_GROWTHS = ("rd_growth_by_year_pct",)  # year → %, may be negative
YEARLY = ("output_100m_yuan", "co2_intensity", *YEARLY_GROWTHS)  # year → amount
TRUTHS = (
    "energy_intensive", "energy_benchmark_met", "water_intensive", "water_benchmark_met",
    "no_major_incidents", "no_violations", "plan_provided", "industrial_software_rising", "industry_permitted",
)  # fmt: skip
TITLES = ("high_tech", "specialised", "innovative", "chain_leader", "champion")  # keys of quality_smes
LEVELS = ("provincial", "national")  # of higher_level_recognition, from below; null is an answer: none
PREREQUISITE = "prerequisite"  # the row that asks for a recognition of the level below
FACTS = (*AMOUNTS, *SHARES, *GROWTHS, *COUNTS, *YEARLY, *TRUTHS, "quality_smes", "higher_level_recognition")
NAMES = frozenset({*FACTS, *FACTS_OF_THE_ROUND, "criteria", "advisory"})  # what a cell of criteria.dmn may name

PASS, FAIL, REVIEW = "pass", "fail", "review"
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_YEAR = re.compile(r"(19|20)[0-9]{2}", re.ASCII)
_UNITS = {
    "area_km2": "平方公里",
    "output_100m_yuan": "亿元",
    "co2_intensity": "吨二氧化碳/万元",
    "patents_per_10k": "个",
    "champions_and_giants": "家",
    "quality_smes": "家",
}  # of the others: %
_OPERATORS = {
    "<=": said("不超过"),
    ">=": said("不低于"),
    ">": said("高于"),
    "any >=": said("任一项不低于"),
    "all >=": said("均不低于"),
}
_WHY = {PASS: said("达到"), FAIL: said("未达到"), REVIEW: said("缺少数据，由审核人员判断")}
_ADVISORY = said("未达到，但条文只作一般要求，由审核人员判断")
_RELAXED = said("未达到，推荐机关适当放宽，由审核人员判断")


class FactsInvalid(JiqunError):
    """The facts are not readable, or one of them has an unknown name or an impossible value."""

    code = "facts_invalid"


@dataclass(frozen=True)
class Verdict:
    """What the numbers say about one criterion. `review`: a person has to judge."""

    criterion: str
    verdict: str  # pass, fail, review
    value: Any  # Decimal, bool, text, a list where the row has several arms; None: not given
    operator: str
    threshold: Any
    clause: str
    text: str  # for people
    computed: Decimal | None = None  # what the three years come to, where the criterion is an average; never compared
    differs: bool = False  # the stated average does not follow from them: for a reviewer to look into
    relaxed: str | None = None  # why the office that recommends the cluster relaxed it


@dataclass(frozen=True)
class Condition:
    """What one criterion asks, before anybody has answered: for the notice of a round."""

    clause: str
    text: str  # "占地面积（平方公里）：不超过 100"
    advisory: bool


def conditions(files: Mapping[str, bytes]) -> list[Condition]:
    """What the bundle's regime asks in numbers, in the order of its file: from the same table that the precheck reads.

    Raises as `precheck`.
    """
    regime = regimes.load(files["regime.toml"])
    rows = _rows(files, regime, {})
    return [
        Condition(regime.criteria[name], _asked(rows[name]), bool(rows[name]["advisory"])) for name in regime.criteria
    ]


def precheck(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> list[Verdict]:
    """A verdict for each criterion of the bundle's regime, in the order of its file.

    A missing fact makes `review`, never `pass`; so does an advisory bound (一般) that is not met. One
    satisfied arm of an 或者 passes though the others are unknown. Raises RegimeInvalid where the regime
    names a row that criteria.dmn lacks, StepFailed where a cell cannot be answered.
    """
    regime = regimes.load(files["regime.toml"])
    rows = _rows(files, regime, facts)
    return [_verdict(regime, rows[name], facts) for name in regime.criteria]


def read_by(files: Mapping[str, bytes]) -> frozenset[str]:
    """The facts that the rows of the bundle's regime read."""
    regime = regimes.load(files["regime.toml"])
    table = xml.read("criteria.dmn", files["criteria.dmn"])
    rows = (node for node in table.iter() if xml.local(node) == "rule" and node.get("id") in regime.criteria)
    text = " ".join(cell.text or "" for row in rows for cell in row.iter() if isinstance(cell.tag, str))
    return frozenset(FACTS).intersection(re.findall(r"[a-z0-9_]+", text))


def relaxed(verdicts: Iterable[Verdict], reason: str) -> list[Verdict]:
    """The verdicts where an office of the west relaxes (适当放宽): a number that fails is to be judged, none passes."""
    return [
        _relaxed(each, reason) if each.verdict == FAIL and each.operator in _OPERATORS else each for each in verdicts
    ]


def _relaxed(verdict: Verdict, reason: str) -> Verdict:
    text = _text(verdict.text.partition("：")[0], verdict.value, verdict.operator, verdict.threshold, _RELAXED)
    text = _beside(text, verdict.computed, verdict.differs)
    return replace(verdict, verdict=REVIEW, text=str(text), relaxed=reason)


def _rows(files: Mapping[str, bytes], regime: Regime, facts: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rows of criteria.dmn that the regime names, each answered with these facts."""
    data = {
        **dict.fromkeys((*FACTS, *FACTS_OF_THE_ROUND), UNKNOWN),
        **facts,
        "criteria": list(regime.criteria),
        "advisory": list(regime.advisory),
    }
    rows = bpmn.decide(files, "criteria", data, vocabulary.words(regime, calendar.shipped()))
    found: dict[str, Mapping[str, Any]] = {row["row"]: row for row in rows}
    for name in regime.criteria:
        if name not in found:
            table = xml.read("criteria.dmn", files["criteria.dmn"])
            there_are = [str(node.get("id")) for node in table.iter() if xml.local(node) == "rule"]
            raise RegimeInvalid(
                f"regime.toml: criteria.{name} 在 criteria.dmn 中没有这一行{tables.among(name, there_are)}", path=name
            )
    return found


def told(verdict: Mapping[str, Any]) -> str:
    """The text of a verdict, which was kept perhaps, as a sentence that can be said in other languages.

    A text that another release has worded stays as it is.
    """
    text: str = verdict["text"]
    label = text.partition("：")[0]
    for why in (_ADVISORY, _RELAXED, *_WHY.values()):
        again = _text(label, verdict["value"], verdict["operator"], verdict["threshold"], why)
        again = _beside(again, verdict.get("computed"), verdict.get("differs", False))
        if again == text:
            return again
    return text


def read_facts(text: str) -> Facts:
    """The facts in this JSON text, as `facts_of` gives them. Raises FactsInvalid naming the fact."""
    try:
        given = json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError) as error:
        raise FactsInvalid(f"不是有效的 JSON：{error}") from error
    if not isinstance(given, dict):
        raise FactsInvalid("应为一个 JSON 对象，键为指标名称")
    return facts_of(given)


def facts_of(given: Mapping[str, Any]) -> Facts:
    """The facts as exact decimals; what was not given is UNKNOWN. Raises FactsInvalid naming the fact.

    Numbers come as text, int or Decimal. Of a yearly fact the newest three years count, up to the newest year
    that any of them gives; a year without a value is UNKNOWN.
    """
    _only("", given, (*FACTS, *FACTS_OF_THE_ROUND))
    facts: Facts = {name: _fact(name, given.get(name)) for name in FACTS}
    facts |= {name: _truth(name, given.get(name, False)) for name in FACTS_OF_THE_ROUND}
    if "higher_level_recognition" in given and given["higher_level_recognition"] is None:
        facts["higher_level_recognition"] = "none"
    newest = max((int(year) for name in YEARLY for year in facts[name]), default=0)
    last = [str(year) for year in range(newest - YEARS + 1, newest + 1)]
    for name in YEARLY:
        facts[name] = {year: facts[name].get(year, UNKNOWN) for year in last} if newest else UNKNOWN
    return facts


def _fact(name: str, value: Any) -> Any:
    if name in YEARLY:
        least = -100 if name in YEARLY_GROWTHS else 0
        return {year: _number(f"{name}.{year}", item, least) for year, item in _years(name, value).items()}
    if name == "quality_smes":
        return {title: _whole(f"{name}.{title}", item) for title, item in _titles(name, value).items()}
    if name in TRUTHS:
        return _truth(name, value)
    if name == "higher_level_recognition":
        return _one_of(name, value, LEVELS, '"provincial"、"national" 或 null')
    if name in COUNTS:
        return _whole(name, value)
    least, most = (-100, None) if name in GROWTHS else (0, 100 if name in SHARES else None)
    return _number(name, value, least, most)


def _truth(name: str, value: Any) -> Any:
    return _one_of(name, value, (True, False), "true、false 或 null")


def _years(name: str, value: Any) -> dict[str, Any]:
    years = _mapping(name, value)
    for year in years:
        if not _YEAR.fullmatch(year):
            raise FactsInvalid(f"{name}.{year} 不是四位数的年份", name=f"{name}.{year}")
    return years


def _titles(name: str, value: Any) -> dict[str, Any]:
    titles = _mapping(name, value)
    _only(f"{name}.", titles, TITLES)
    return {title: titles.get(title) for title in TITLES}


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FactsInvalid(f"{name} 应为一个 JSON 对象，现为 {value!r}", name=name)
    return value


def _only(prefix: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise FactsInvalid(f"没有名为 {prefix}{name} 的指标；可用的有 {'、'.join(known)}", name=prefix + name)


def _one_of(name: str, value: Any, among: tuple[Any, ...], spoken: str) -> Any:
    if value is None:
        return UNKNOWN
    if not any(value is item or (isinstance(item, str) and value == item) for item in among):
        raise FactsInvalid(f"{name} 应为 {spoken}，现为 {value!r}", name=name)
    return value


def _whole(name: str, value: Any) -> Any:
    number = _number(name, value, 0)
    if number is not UNKNOWN and number != number.to_integral_value():
        raise FactsInvalid(f"{name} 按家数计，应为整数，现为 {number}", name=name)
    return number


def _number(name: str, value: Any, least: int, most: int | None = None) -> Any:
    """The exact decimal, or UNKNOWN for null. `True` is no number, though Python counts it as one."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise FactsInvalid(f"{name} 应为数，现为 {value!r}", name=name)
    short = isinstance(value, Decimal) and int(value.as_tuple().exponent) >= -10 and value.adjusted() < 15
    written = format(value, "f") if short else numerals.plain(str(value))  # 1e2 is 100; 1e-999999999 is not spelt out
    if not _DECIMAL.fullmatch(written):
        bounds = "整数部分至多15位，小数至多10位"
        said = f"{name} 应为十进制数（以{unit_of(name)}计，不写单位；{bounds}），现为 {str(value)[:40]!r}"
        raise FactsInvalid(said, name=name)
    number = Decimal(written)
    if number < least or (most is not None and number > most):
        bounds = f"{least} 至 {most}" if most is not None else f"不小于 {least}"
        raise FactsInvalid(f"{name} 应为{bounds}的数，现为 {written}", name=name)
    return number


def unit_of(name: str) -> str:
    """The unit that an indicator is given in, and a threshold on it."""
    return _UNITS.get(name.partition(".")[0], "%")


def _verdict(regime: Regime, row: Mapping[str, Any], facts: Mapping[str, Any]) -> Verdict:
    met, advisory = row["met"], row["advisory"]
    if met is not UNKNOWN and not isinstance(met, bool):
        raise StepFailed(f"criteria.dmn 第 {row['row']} 行的 met 应得出是或否，现为 {met!r}", element=row["row"])
    verdict = REVIEW if met is UNKNOWN or (not met and advisory) else PASS if met else FAIL
    value, threshold = _known(row["value"]), _known(row["threshold"])
    operator = str(row["operator"])
    why = _ADVISORY if met is False and advisory else _WHY[verdict]
    criterion, clause = str(row["criterion"]), regime.criteria[row["row"]]
    computed = growth.average(criterion, facts)
    differs = growth.differs(criterion, facts, computed)
    text = str(_beside(_text(str(row["label"]), value, operator, threshold, why), computed, differs))
    return Verdict(criterion, verdict, value, operator, threshold, clause, text, computed, differs)


def _asked(row: Mapping[str, Any]) -> str:
    """The criterion as a requirement: its label, and each number with how it is to be met, where it has numbers."""
    operator, threshold, label = str(row["operator"]), _known(row["threshold"]), str(row["label"])
    if operator not in _OPERATORS or threshold is None:
        return label
    how = _OPERATORS[operator].removeprefix("任一项").removeprefix("均")
    if not isinstance(threshold, list):
        return f"{label}{how} {_spoken(threshold)}"
    arms, _, together = label.rpartition("，")
    parts = [f"{arm}{how} {_spoken(one)}" for arm, one in zip(arms.split("；"), threshold, strict=True)]
    return f"{'；'.join(parts)}；{together}"


def _text(label: str, value: Any, operator: str, threshold: Any, why: str) -> Said:
    """For people; the label of the table is a sentence of its own."""
    found = said("%(label)s：%(value)s", label=said(label), value=_spoken(value))
    if operator in _OPERATORS:
        bound = said("%(operator)s %(threshold)s", operator=_OPERATORS[operator], threshold=_spoken(threshold))
        found = said("%(found)s，要求%(bound)s", found=found, bound=bound)
    return said("%(found)s；%(why)s", found=found, why=why)


def _beside(text: Said, computed: Any, differs: bool) -> Said:
    """The verdict with what the three years come to."""
    if computed is None:
        return text
    if differs:
        return said(
            "%(text)s；按近三年数据计算的年均值为 %(computed)s%%，与申报的不一致，请核对",
            text=text,
            computed=_spoken(computed),
        )
    return said("%(text)s；按近三年数据计算的年均值为 %(computed)s%%", text=text, computed=_spoken(computed))


def _known(value: Any) -> Any:
    """The value with None for what is not known, and for a cell left empty."""
    if value is UNKNOWN or value == "":
        return None
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list | tuple) else value


def _spoken(value: Any) -> str:
    if isinstance(value, Mapping):
        return enumerated(said("%(year)s年 %(value)s", year=key, value=_spoken(item)) for key, item in value.items())
    if isinstance(value, list):
        return in_turn(map(_spoken, value))
    return format(value, "f") if isinstance(value, Decimal) else WORDS.get(value, str(value))


WORDS: Mapping[Any, str] = {  # what is no number, as people say it
    None: said("未填"),
    True: said("是"),
    False: said("否"),
    "none": said("无"),
    "provincial": said("省级"),
    "national": said("国家级"),
    "first_batch": said("首批"),
}


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} 不是数")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} 出现了两次")
        found[name] = value
    return found
