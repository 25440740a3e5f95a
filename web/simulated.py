"""The simulated bureau: its people and pool, the applications of its counties and parks, and an answer to every form.

A form that a diagram asks for and ANSWERS lacks stops the simulation with its name: the table follows the diagrams.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    access,
    accounts,
    calendar,
    clock,
    deployments,
    inspections,
    organisations,
    pool,
    settlement,
)
from engine.access import Actor
from engine.models import Objection
from engine.pool import Card
from web import demo, demo_applications, filled
from web.filled import Answers, Waiting

BY = "simulate"
CITY, SPARE = 3, 3  # officers of the bureau; experts in the pool for each seat of a panel
INSPECTORS = 6
FILING_DAYS = 30  # working days from the call to the closing minute


class NotYet(Exception):  # not an error: a visit is reported once it is over
    """Somebody has to wait until then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True)
class Applied:
    """What will become of one application; what else happens to it follows from its quality."""

    number: int
    higher: bool  # recognised at a higher level already: the short way
    returned: bool  # sent back once for correction
    fails: bool  # at the first review
    quality: int  # about what experts give it

    @property
    def cluster(self) -> dict[str, Any]:
        clusters = list(demo.plan()["clusters"].values())
        return {**clusters[self.number % len(clusters)], "place": f"模拟第{self.number + 1}镇"}

    @property
    def name(self) -> str:
        return demo_applications.name_of(self.cluster)


@dataclass(frozen=True)
class Asked(Waiting):
    """A task of the simulated bureau that waits for its answer."""

    office: "Office"

    @property
    def applied(self) -> Applied:
        return self.office.applied[self.case.title]

    def luck(self, *more: object) -> random.Random:
        """Chance that hangs on the seed, the case and the step alone, not on the order of the work."""
        return self.office.luck(self.case.title, self.task.element, self.task.pass_number, *more)


@dataclass
class Office:
    """A bureau in an empty database, with as many experts and applications as wanted."""

    seed: int
    applications: int
    experts: int
    year: int

    def luck(self, *about: object) -> random.Random:
        return random.Random(":".join(map(str, (self.seed, *about))))  # noqa: S311  # it is to be repeated

    @cached_property
    def applied(self) -> dict[str, Applied]:
        """The applications by name: a few of each kind, the more the more there are."""
        few = max(1, self.applications // 25)
        kinds = ["higher"] * few + ["returned"] * 2 * few + ["fails"] * few
        kinds += [""] * (self.applications - len(kinds))
        kinds = kinds[: self.applications]
        self.luck("kinds").shuffle(kinds)
        found = [
            Applied(
                number,
                kind == "higher",
                kind == "returned",
                kind == "fails",
                self.luck("quality", number).randint(58, 95),
            )
            for number, kind in enumerate(kinds)
        ]
        return {each.name: each for each in found}

    def furnish(self, session: Session, bureau: str) -> dict[str, Actor]:
        """Organisations, people and pool; answers who may act, by account."""
        told = demo.plan()
        for each in told["organisations"]:
            organisations.add(session, each["code"], each["name"], each["level"], each.get("parent"))
        people = {f"city{number}": ("bureau_officer", bureau) for number in range(1, CITY + 1)}
        people |= {"leader": ("bureau_leader", bureau), "publisher": ("publisher", bureau)}
        own = demo.below(bureau)
        for each in told["organisations"]:
            if each["code"] in own and each["level"] in {"county", "park"}:
                people[f"{each['level']}-{each['code']}"] = (f"{each['level']}_officer", each["code"])
        people |= {f"expert{number}": ("expert", bureau) for number in range(1, self.experts * SPARE + 1)}
        people |= {f"inspector{number}": ("inspector", bureau) for number in range(1, INSPECTORS + 1)}
        actors = {}
        for name, (role, organisation) in people.items():
            person = accounts.add(session, name, display_name=f"模拟·{name}", by=BY)
            accounts.grant(session, person, role, organisation, by=BY)
            actors[name] = accounts.actor(session, person)
        for number, (name, (role, _)) in enumerate(people.items()):
            if role in {"expert", "inspector"}:
                first = clock.today()
                card = Card((("产业经济", "材料", "装备")[number % 3],), f"模拟单位{number}（虚构）", "", first, None)
                pool.add(session, actors["city1"], bureau, name, kind=role, card=card)
        return actors

    def applicants(self, actors: Mapping[str, Actor]) -> list[Actor]:
        """Who applies, in turn: every county and every park."""
        return [actor for actor in actors.values() if actor.as_any_of(access.APPLICANTS)]

    def started(self, applied: Applied, round_id: int) -> Answers:
        """The form that begins an application."""
        cluster = applied.cluster
        higher = {"higher_level_recognition": "none"}
        if applied.higher:
            higher = {"higher_level_recognition": "provincial", "higher_level_reference": "模拟公告〔2024〕1号"}
        return {
            "round_id": round_id,
            "cluster_name": applied.name,
            "leading_industry": cluster["industry"],
            "niche": cluster["niche"],
            **higher,
        }


def answer(asked: Asked) -> Answers:
    """What somebody fills in at this task. Raises NotYet, KeyError for a form without an answer."""
    return ANSWERS[asked.task.form](asked)


def _application(asked: Asked) -> Answers:
    higher = {"higher_level_recognition": "provincial" if asked.applied.higher else "none"}
    told, cluster = demo.plan()["application"], asked.applied.cluster
    return demo_applications.answers(
        asked.form, told, cluster, year=asked.office.year, today=clock.today(), changes=higher
    )


def _call(asked: Asked) -> Answers:
    closes_on = calendar.shipped().nth_working_day(clock.today(), FILING_DAYS).date
    return {
        "title": f"关于组织申报{asked.office.year}年度集群的通知",
        "year": asked.office.year,
        "body": "请各县（市、区）中小企业主管部门、园区管委会组织申报。",
        "closes_at": f"{closes_on.isoformat()}T17:30:00+08:00",
        "contact_office": "中小企业服务科 0000000",
    }


def _acceptance(asked: Asked) -> Answers:
    if asked.applied.returned and asked.task.pass_number == 1:
        remarks = [{"field": "output", "remark": "与企业发展情况表不一致，请核对"}]
        return {"decision": "return", "opinion": "请补正", "remarks": remarks}
    form = deployments.deployed(asked.session, asked.case.deployment_id).form(asked.task.form)
    recognised = {"prerequisite": "recognised"} if "prerequisite" in form.fields() else {}
    return {"decision": "accept", "within_one_county": True, "opinion": "材料齐全", **recognised}


def _first_review(asked: Asked) -> Answers:
    form = deployments.deployed(asked.session, asked.case.deployment_id).form(asked.task.form)
    finding = {"judgement": "met", "reason": "见申报表和佐证材料"}
    findings = {name: dict(finding) for name in form.fields() if name.startswith("finding_")}
    if asked.applied.fails:
        return {**findings, "decision": "fail", "opinion": "产值不足"}
    return {**findings, "decision": "pass", "opinion": "符合条件"}


def _declare(asked: Asked) -> Answers:
    if asked.luck(asked.task.instance_path).random() < 0.02 and asked.task.pass_number == 1:
        return {"decision": "recuse", "grounds": "unavailable", "reason": "出差，不能按时评审"}
    return filled.ANSWERS["declare_interest"](asked)


def _score(asked: Asked) -> Answers:
    chance = asked.luck(asked.task.instance_path)
    if chance.random() < 0.01 and asked.task.pass_number == 1:
        return {"decision": "ask", "question": "请说明研发投入的口径"}
    return filled.score_sheet(asked, lambda _: chance.randint(-8, 8) + asked.applied.quality)


def _arrange(asked: Asked) -> Answers:
    free = [
        member
        for member, _, excluded in inspections.choices(asked.session, asked.case, asked.task.organisation_code)
        if not excluded
    ]
    team = [free[(asked.case.id + number) % len(free)] for number in range(2)]
    return filled.appointment(team, calendar.shipped().nth_working_day(clock.today(), 2 + asked.case.id % 5).date)


def _inspect(asked: Asked) -> Answers:
    if clock.now() < asked.visit.ends_at:
        raise NotYet(asked.visit.ends_at)
    return filled.report(asked, asked.luck().choices(["conforms", "does_not_conform", "falsehood"], [88, 9, 3])[0])


def _draft_list(asked: Asked) -> Answers:
    """As proposed, but for the last one, which is left out for a reason: the rule about departures is used too."""
    proposed = filled.draft_list(asked)
    listed, reasons = list(proposed["cases"]), list(proposed["reasons"])
    if len(listed) > 3:
        reasons = [row for row in reasons if row["case"] != listed[-1]]
        reasons.append({"case": listed.pop(), "reason": "本年度名额已满，建议下一批次申报"})
    return {**proposed, "cases": listed, "reasons": reasons}


def _settle(asked: Asked) -> Answers:
    begun = settlement.settlement_begun(asked.session, asked.case, asked.task.form)
    return {"decision": "close", "cases": [], "blocked": [], **begun, "opinion": "按异议处理结果办理"}


def _publish(asked: Asked) -> Answers:
    return {
        "title": f"关于公布{asked.office.year}年度集群名单的公告",
        "document_number": f"模拟〔{asked.office.year}〕{asked.task.pass_number}号",
        "body": "经公示，现予公布。",
    }


def _decide_objection(asked: Asked) -> Answers:
    """The first objection is upheld, the others are not."""
    objection = asked.session.scalar(select(Objection).where(Objection.case_id == asked.case.id))
    first = asked.session.scalar(select(Objection.id).order_by(Objection.id).limit(1))
    upheld = objection is not None and objection.id == first
    return {"decision": "uphold" if upheld else "dismiss", "reasons": "见调查情况", "answer": "感谢监督，处理结果如上"}


ANSWERS: Mapping[str, Callable[[Asked], Answers]] = {
    **filled.ANSWERS,
    "call_notice": _call,
    "application": _application,
    "forward": filled.always(decision="forward", opinion="同意报送"),
    "acceptance": _acceptance,
    "verify_higher_level": filled.always(decision="confirm", checked_document="模拟公告〔2024〕1号", opinion="属实"),
    "first_review": _first_review,
    "declare_interest": _declare,
    "score_sheet": _score,
    "pass_on": filled.always(decision="pass", question="请说明研发投入的口径"),
    "answer_question": filled.always(answer="按统计口径填报"),
    "expert_review": lambda asked: filled.panel_opinion(asked.applied.quality),
    "panel": lambda asked: filled.panel(asked.office.experts),
    "arrange_inspection": _arrange,
    "site_inspection": _inspect,
    "confirm_falsehood": filled.always(site_decision="falsehood", heard="已听取申报主体陈述", opinion="事实清楚"),
    "draft_list": _draft_list,
    "decide_list": filled.always(decision="approve", opinion="同意"),
    "decide_objection": _decide_objection,
    "settle_held": _settle,
    "publish": _publish,
}
