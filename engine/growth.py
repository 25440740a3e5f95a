"""年均: the compound average growth of three years, held beside the one that an applicant states.

No text says how an average is formed; it is the stated one that is held against the conditions.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import Any, Final

# Criterion → the fact that states the average, and the fact by year that it should follow from: amounts or rates (%).
_FOLLOW: Final = {
    "output_growth": ("output_growth_pct", "output_100m_yuan"),
    "rd_growth": ("rd_growth_pct", "rd_growth_by_year_pct"),
}
_RATES: Final = frozenset({"rd_growth_by_year_pct"})
_CENT: Final = Decimal("0.01")


def average(criterion: str, facts: Mapping[str, Any]) -> Decimal | None:
    """The compound average growth (%) of the years in the facts, to two decimals, halves up.

    None where this criterion has none, or a year is not known or stands at zero: 21.30, 22.90, 24.10 give 6.37.
    """
    _, by_year = _FOLLOW.get(criterion, ("", ""))
    series = facts.get(by_year)
    if not isinstance(series, Mapping) or not all(isinstance(value, int | Decimal) for value in series.values()):
        return None
    values = [Decimal(series[year]) for year in sorted(series)]
    if by_year in _RATES:
        factors = [1 + value / 100 for value in values]
    else:
        factors = [after / before for before, after in pairwise(values)] if all(values) else []
    return _compound(factors) if factors and min(factors) > 0 else None


def differs(criterion: str, facts: Mapping[str, Any], computed: Decimal | None) -> bool:
    """Is the stated average another than the computed one, at the decimals that the applicant gives (two at most)?"""
    stated = facts.get(_FOLLOW[criterion][0]) if criterion in _FOLLOW else None
    if computed is None or not isinstance(stated, int | Decimal):
        return False
    step = max(Decimal(1).scaleb(int(Decimal(stated).as_tuple().exponent)), _CENT)
    return computed.quantize(step, ROUND_HALF_UP) != Decimal(stated).quantize(_CENT, ROUND_HALF_UP)


def _compound(factors: list[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = 50
        product = Decimal(1)
        for factor in factors:
            product *= factor
        return ((product ** (Decimal(1) / len(factors)) - 1) * 100).quantize(_CENT, ROUND_HALF_UP)
