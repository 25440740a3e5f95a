"""Figures: what several scores come to, exact as far as decimals go; rounded for people alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Final

from config.regime import Review

CENT: Final = Decimal("0.01")
_DIGITS = 50  # of a mean that does not end: enough that equal means stay equal


@dataclass(frozen=True)
class Figures:
    """What several scores come to. Exact but for the root and the endless mean, which have 50 digits."""

    count: int
    mean: Decimal
    lowest: Decimal
    highest: Decimal
    deviation: Decimal | None  # sample standard deviation; None for a single score

    @property
    def spread(self) -> Decimal:
        """分差: between the highest score and the lowest."""
        return self.highest - self.lowest


def of(scores: Sequence[Decimal]) -> Figures:
    """Mean, lowest, highest and sample standard deviation (n − 1). Raises ValueError without a score."""
    if not scores:
        raise ValueError("figures of no score")
    exact = [Fraction(score) for score in scores]
    mean = sum(exact, Fraction(0)) / len(exact)
    squares = sum(((one - mean) ** 2 for one in exact), Fraction(0))
    deviation = _decimal(squares / (len(exact) - 1)) if len(exact) > 1 else None
    with localcontext() as context:
        context.prec = _DIGITS
        root = deviation.sqrt() if deviation is not None else None
    return Figures(len(scores), _decimal(mean), min(scores), max(scores), root)


def shown(number: Decimal) -> Decimal:
    """For people: two places, halves up. Never compared."""
    return number.quantize(CENT, ROUND_HALF_UP)


def conflicts(rule: Review | None, spread: Decimal) -> bool:
    """Whether scores lie further apart than the regime's setting lets pass unmarked; exactly so far is no conflict."""
    return rule is not None and spread > rule.conflict_points


def _decimal(number: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(number.numerator) / Decimal(number.denominator)
