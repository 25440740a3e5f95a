"""The invented bureau of a rehearsal: its offices by the regime's chain, a person a desk, clusters recognised today."""

from typing import Final

from sqlalchemy.orm import Session

from config.regime import Regime
from engine import accounts, clock, clusters, organisations
from engine.models import Cluster

BY: Final = "rehearse"
COUNTIES: Final = 10  # over which the clusters are spread


def furnish(session: Session, regime: Regime, count: int) -> None:
    """Organisations, one person for each role they need, and so many clusters."""
    counties = _offices(session, regime)
    for number in range(1, count + 1):
        cluster = Cluster(
            regime=regime.name,
            bureau_code=regime.bureau,
            organisation_code=counties[number % len(counties)],
            name=f"推演第{number}中小企业特色产业集群（示例产业）",
            state="candidate",
            created_at=clock.now(),
        )
        session.add(cluster)
        session.flush()
        clusters.recognise(session, cluster, regime)


def _offices(session: Session, regime: Regime) -> list[str]:
    """The bureau, what is below it by the regime's chain, and counties; answers these."""
    organisations.add(session, regime.bureau, "推演认定机关", _level(regime.bureau))
    _sit(session, regime.bureau, ("bureau_officer", "bureau_leader", "publisher"))
    above = regime.bureau
    for number, below in enumerate(reversed(regime.levels), 1):
        office = f"9{number}0000" if below == "province" else f"9{number}0100"
        organisations.add(session, office, f"推演{organisations.LEVELS[below]}主管部门", below, above)
        _sit(session, office, ("bureau_officer", "bureau_leader"))
        above = office
    found = []
    for number in range(1, COUNTIES + 1):
        county = f"9901{number:02}"
        organisations.add(session, county, f"推演第{number}县主管部门", "county", above)
        _sit(session, county, ("county_officer",))
        found.append(county)
    return found


def _sit(session: Session, code: str, roles: tuple[str, ...]) -> None:
    for role in roles:
        person = accounts.add(session, f"{role}-{code}", display_name=f"推演·{role}", by=BY)
        person.email = f"{role}-{code}@rehearsal.invalid"
        accounts.grant(session, person, role, code, by=BY)


def _level(code: str) -> str:
    """By GB/T 2260: xx0000 a province, xxxx00 a city; no province begins with 10, which stands for the state."""
    if code.startswith("10"):
        return "ministry"
    return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
