"""A round whose list is public, brought there the short way: clusters recognised from above need no panel.

清远 第十五条（二）: they are checked by a person and published with the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine import accounts, objections, timers
from engine.db import Database
from engine.models import Case, Notice, Objection
from engine.objections import Sent, Written
from tests import office, samples
from tests.clock import StandingClock
from tests.kept import kept
from tests.office import Office
from tests.samples import ANSWERS

DRAFTED, LAST_MINUTE, OVER = "2025-07-01 09:00", "2025-07-10 23:59:59", "2025-07-11 00:00:00"
# Tuesday 1 July is not counted; 2, 3, 4, 7, 8, 9, 10 July are the seven working days.
INDUSTRIES = ("红茶精深加工", "新型建材", "特种铝型材", "竹木家具")
GROUNDS = "所列龙头企业已于去年迁出，主导产业占比与申报材料不符。"
INVESTIGATED = {
    "checked_how": ["material", "site"],
    "findings": "查阅社保和用电记录，企业仍在原址生产。",
    "proposal": "dismiss",
    "proposal_reason": "反映的情况与事实不符。",
}
UPHELD = {"decision": "uphold", "reasons": "占比低于规定。", "answer": "经核查，您反映的情况属实，该集群不予认定。"}
DISMISSED = {"decision": "dismiss", "reasons": "占比达到规定。", "answer": "经核查，企业仍在原址生产，异议不成立。"}


@dataclass(frozen=True)
class List:
    """A published list: `city` checked the applications, `city2` did not; `leader2` is free to decide."""

    office: Office
    clock: StandingClock
    round_case: int
    cases: Sequence[int]

    @property
    def notice(self) -> Notice:
        """The newest publicity."""
        with self.office.database.read() as session:
            query = select(Notice).where(Notice.kind == "publicity").order_by(Notice.id.desc()).limit(1)
            return session.scalars(query).one()

    def object(self, to: int, *, form: str = "", source: str = "somewhere", **changes: Any) -> Objection:
        """Somebody objects to the place-th cluster of the list, from an address of their own each time."""
        written = Written(
            **{"name": "示例反映人", "contact": "0763-0000000", "target": self.cases[to], "grounds": GROUNDS, **changes}
        )
        with self.office.database.write() as session:
            number = len(session.scalars(select(Objection.id)).all())
            sent = Sent(source=f"{source}{number}", form=form or f"form{number}", an_hour=5, in_all=99)
            return objections.receive(session, self.notice.id, written, sent)

    def answer(self, who: str, case_id: int | None, element: str, data: Mapping[str, Any]) -> None:
        self.clock.move_by(minutes=1)
        self.office.complete(who, self.office.open_task(case_id or 0, element), data)

    def decided(self, objection: Objection, decision: Mapping[str, Any]) -> None:
        self.answer("city2", objection.case_id, "investigate", INVESTIGATED)
        self.answer("leader", objection.case_id, "decide", decision)

    def tick(self) -> None:
        """What is due by now happens."""
        timers.tick(self.office.database)

    def checked(self, *blocked: int, objections: str = "some") -> None:
        """The officer's check after the period, with these places of the list held back."""
        data = {"objections": objections, "blocked": [self.cases[place] for place in blocked], "note": "见异议办理情况"}
        self.answer("city", self.round_case, "check_objections", data)

    def published(self, number: str = "示例〔2025〕1号") -> None:
        self.answer("publisher", self.round_case, "publish", ANSWERS["publish"] | {"document_number": number})
        timers.tick(self.office.database)

    def settled(self, decision: str, cases: Sequence[int] = (), blocked: Sequence[int] = (), number: str = "") -> None:
        """What becomes of those held back, by their places on the list; `number` is the new publicity's."""
        data = {
            "decision": decision,
            "cases": [self.cases[place] for place in cases],
            "blocked": [self.cases[place] for place in blocked],
            "opinion": "见异议办理情况",
            **({"publicity_number": number} if number else {}),
        }
        self.answer("city", self.round_case, "settle_held", data)
        timers.tick(self.office.database)

    def outcome(self, place: int) -> str | None:
        with self.office.database.read() as session:
            return session.get_one(Case, self.cases[place]).outcome


def publicised(at: Office, clock: StandingClock, *, clusters: int = 3, **decided: Any) -> List:
    """A list of so many clusters, public since 1 July 2025; `decided` goes into the leader's form."""
    clock.move_to(samples.MOMENT)
    round_ = at.open_round()
    round_case = round_.case_id or 0
    at.complete("city", at.open_task(round_case, "call_notice"), ANSWERS["call_notice"])
    cases = []
    for industry in INDUSTRIES[:clusters]:
        start = ANSWERS["application_start"] | {
            "round_id": round_.id,
            "cluster_name": f"英德市中小企业特色产业集群（{industry}产业）",
        }
        case_id = at.open_case("county", start).id
        filled = samples.application_data(higher_level_recognition="national")
        at.complete("county", at.open_task(case_id, "fill_in"), filled)
        for element in ("acceptance", "verify_higher_level"):
            at.complete("city", at.open_task(case_id, element), ANSWERS[element])
        cases.append(case_id)
    clock.move_to(DRAFTED)
    timers.tick(at.database)
    made = List(at, clock, round_case, cases)
    made.answer("city", round_case, "draw_sample", {"added": [], "note": "无"})
    reasons = [{"case": case_id, "reason": "已获国家级认定"} for case_id in cases]
    made.answer("city", round_case, "draft_list", {"cases": cases, "reasons": reasons, "opinion": "无"})
    made.answer("leader", round_case, "decide_list", ANSWERS["decide_list"] | decided)
    return made


@kept
def listed(
    database: Database, clock: StandingClock, *, clusters: int = 3, second_leader: bool = False, **decided: Any
) -> List:
    """The office of tests.office with such a list."""
    made = office.furnish(database)
    return publicised(with_second_leader(made) if second_leader else made, clock, clusters=clusters, **decided)


def with_second_leader(at: Office) -> Office:
    """The at with `leader2`, and with `both`, who is officer and leader."""
    with at.database.write() as session:
        for name, roles in {"leader2": ("bureau_leader",), "both": ("bureau_officer", "bureau_leader")}.items():
            person = accounts.add(session, name, by="setup")
            for role in roles:
                accounts.grant(session, person, role, "441800", by="setup")
        known = {
            name: accounts.actor(session, accounts.by_name(session, name)) for name in (*at.actors, "leader2", "both")
        }
    return Office(at.database, known)
