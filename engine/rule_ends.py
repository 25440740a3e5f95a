"""A rule set's own end (规则体系的施行期限): its bureau is told in time that a successor is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from config.regime import Regime
from engine import clock, deployments, due_dates, once, particulars
from engine.calendar import DAY
from engine.expansion import BUREAU_ROLE, LEADER
from engine.models import Letter, Organisation

RULES_END: Final = "rules_end"  # the letter, and its ladder in the regime's file
SOON: Final = 365 * DAY  # pages say so from then on


@dataclass(frozen=True)
class Ending:
    """A text that will be, or is, no longer in force, and none is put in force after it."""

    rules: Regime
    last_day: date

    @property
    def over(self) -> bool:
        """Is it no longer in force today? No round is opened then; what began goes on under it."""
        return self.last_day < clock.today()


def coming(session: Session) -> Sequence[Ending]:
    """The texts in force whose end is near or past and that have no successor, by their names."""
    found = []
    for name in deployments.names(session):
        rules = deployments.rules(session, name)
        until = rules.in_force_until if rules else None
        if rules and until and until - SOON <= clock.today() and not _succeeded(session, rules, until):
            found.append(Ending(rules, until))
    return found


def tell(session: Session) -> Sequence[Ending]:
    """Write to the officers of each bureau whose text ends, once for each rung of its ladder; answers those texts.

    Of rungs that were passed while nobody ticked only the nearest is written.
    """
    ending = coming(session)
    for each in ending:
        ladder = each.rules.ladders.get(RULES_END)
        office = session.get(Organisation, each.rules.bureau)
        if ladder is None or office is None:
            continue
        rung = next((rung for rung in reversed(ladder.rungs) if each.last_day - rung * DAY <= clock.today()), None)
        if rung is None:
            continue
        for role in (BUREAU_ROLE, LEADER) if ladder.escalates(rung) else (BUREAU_ROLE,):
            once.insert(
                session,
                Letter,
                dedupe_key=f"{RULES_END}:{each.rules.name}:{each.last_day}:{rung}:{role}",
                template=RULES_END,
                deployment_id=deployments.current(session, each.rules.name).id,
                organisation_code=office.code,
                role=role,
                fields=_fields(office, each),
                created_at=clock.now(),
            )
    return ending


def _fields(office: Organisation, ending: Ending) -> dict[str, str]:
    told = {
        "机构": office.name,
        "对象": f"{ending.rules.title}（{ending.rules.source}）",
        "期限": particulars.in_words(ending.last_day),
        "剩余": particulars.left(due_dates.end_of(ending.last_day)),
    }
    return particulars.whole(told)


def _succeeded(session: Session, rules: Regime, until: date) -> bool:
    """Is a text to be put in force that lasts longer?"""
    coming = deployments.planned(session, rules.name)
    if not coming:
        return False
    after = deployments.deployed(session, coming[-1].id).regime.in_force_until
    return after is None or after > until
