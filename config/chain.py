"""The chain (逐级推荐): the offices between county and bureau, and how many applications each may send on."""

from dataclasses import dataclass

from config import tables

LEVELS = ("city", "province")  # from below
SEEN_FROM = ("filing", "recommendation")
_STANDS_ON = ("clause", "basis")


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
    one_a_niche: bool  # one of each 细分领域, unless a reason is recorded
    clause: str | None

    def of(self, *, special: bool) -> int:
        """How many an office may recommend."""
        return self.special if special and self.special is not None else self.most


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
    found = {}
    for level, table in top.tables("quota", ("most", "special", "one_a_niche", *_STANDS_ON)).items():
        if level not in levels:
            top.refuse("quota", f"中的 {level} 不在 chain.levels 之中；可用的有 {'、'.join(levels) or '（没有）'}")
        found[level] = Quota(
            most=table.whole("most", 1, 1000),
            special=table.whole("special", 1, 1000) if "special" in table else None,
            one_a_niche=table.flag("one_a_niche") if "one_a_niche" in table else False,
            clause=tables.clause(table),
        )
    return found
