"""The chain (逐级推荐): the offices between county and bureau; how many each sends on, until when, on what paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from config import tables
from config.sentences import said

LEVELS = ("city", "province")  # from below
SEEN_FROM = ("filing", "recommendation")
OVER = {
    "excess": said("超过数量的部分"),
    "whole": said("该推荐机关本批次报送的全部集群"),
}  # what is not taken where an office sent on more than it may
SETTING = str(said("本局设置"))  # shown where the text is silent and the bureau decides
_STANDS_ON = ("clause", "basis")
_QUOTA = ("most", "special", "one_a_niche", "over", *_STANDS_ON)
_PAPERS = ("papers", "copies", "originals", "discs", "how", *_STANDS_ON)


@dataclass(frozen=True)
class Chain:
    """The levels through which an application comes to the bureau, from below."""

    levels: tuple[str, ...]
    bureau_sees: str  # from when on: "filing", the beginning; "recommendation", once an application is sent on to it
    clause: str | None  # None: the bureau decided


@dataclass(frozen=True)
class Quota:
    """推荐名额: how many an office of the level may recommend in a round, unless the round's notice says otherwise."""

    most: int
    special: int | None  # of 计划单列市 and 兵团; None: as the others
    niche: str | None  # basis of one of each 细分领域, unless a reason is recorded; None: as many as they like
    over: str | None  # key of OVER: what is not accepted of more, by the bureau's reading; None: nothing is said
    over_clause: str | None  # that says so, and not how much
    basis: str

    def of(self, *, special: bool) -> int:
        """How many an office may recommend."""
        return self.special if special and self.special is not None else self.most


@dataclass(frozen=True)
class Closing:
    """推荐截止 of a level, as the notice of one year prints it."""

    year: int
    level: str
    at: datetime
    basis: str


@dataclass(frozen=True)
class Papers:
    """纸质报送: what an office of the level seals and sends with its recommendations."""

    papers: tuple[str, ...]  # each in so many copies
    copies: int
    originals: int | None  # 正本 among them, the others are 副本; None: not told apart
    discs: int
    how: str  # 送达, 邮政特快专递（EMS）
    basis: str


def read(top: tables.Table) -> Chain | None:
    """The chain of a file; None where the bureau takes applications itself. Raises RegimeInvalid."""
    if "chain" not in top:
        return None
    table = top.table("chain", ("levels", "bureau_sees", *_STANDS_ON))
    levels = table.words("levels")
    if list(levels) != [level for level in LEVELS if level in levels]:
        table.refuse("levels", f"应为 {'、'.join(LEVELS)} 中的一级或几级，从下往上各写一次，现为 {list(levels)}")
    return Chain(levels, table.choice("bureau_sees", SEEN_FROM), tables.clause(table))


def quotas(top: tables.Table, levels: tuple[str, ...]) -> dict[str, Quota]:
    """The quotas of a file by level. Raises RegimeInvalid for a level that is not in the chain."""
    return {
        level: Quota(
            most=table.whole("most", 1, 1000),
            special=table.whole("special", 1, 1000) if "special" in table else None,
            niche=_basis(table.table("one_a_niche", _STANDS_ON)) if "one_a_niche" in table else None,
            over=over.choice("refused", OVER) if over else None,
            over_clause=over.text("clause") if over else None,
            basis=_basis(table),
        )
        for level, table in _by_level(top, "quota", _QUOTA, levels)
        for over in [table.table("over", ("refused", "clause")) if "over" in table else None]
    }


def closings(top: tables.Table, levels: tuple[str, ...]) -> tuple[Closing, ...]:
    """The closing moments that notices print. Raises RegimeInvalid for a level that is not in the chain."""
    found = []
    for table in top.array("closings", ("year", "level", "at", *_STANDS_ON)):
        level = table.text("level")
        if level not in levels:
            table.refuse("level", f"应为 chain.levels 中的一级（{'、'.join(levels) or '没有'}），现为 {level!r}")
        found.append(Closing(table.whole("year", 2000, 2100), level, table.moment("at"), _basis(table)))
    return tuple(found)


def papers(top: tables.Table, levels: tuple[str, ...]) -> dict[str, Papers]:
    """What goes on paper by level. Raises RegimeInvalid for a level that is not in the chain."""
    return {
        level: Papers(
            papers=table.words("papers"),
            copies=table.whole("copies", 1, 100),
            originals=table.whole("originals", 1, 100) if "originals" in table else None,
            discs=table.whole("discs", 0, 100),
            how=table.text("how"),
            basis=_basis(table),
        )
        for level, table in _by_level(top, "paper", _PAPERS, levels)
    }


def _by_level(
    top: tables.Table, key: str, known: tuple[str, ...], levels: tuple[str, ...]
) -> Iterator[tuple[str, tables.Table]]:
    for level, table in top.tables(key, known).items():
        if level not in levels:
            top.refuse(key, f"中的 {level} 不在 chain.levels 之中；可用的有 {'、'.join(levels) or '（没有）'}")
        yield level, table


def _basis(table: tables.Table) -> str:
    return tables.clause(table) or SETTING
