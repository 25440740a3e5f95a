"""法规对照表: each article with what carries it, each step with its articles, and the step shown on its diagram."""

from itertools import groupby

from flask import Blueprint, Response, jsonify, request, url_for

from engine import clause_table, deployments, particulars, rule_ends
from engine.carriers import CULTIVATION, EVALUATION, RECOMMENDATION, TYPICAL_CASES
from engine.clause_table import Carried
from web import letters
from web.guard import guard
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("rules", __name__)

KINDS = {  # of a carrier
    "element": N_("环节"),
    "field": N_("栏目"),
    "row": N_("认定条件"),
    "letter": N_("发出的通知"),
    "obligation": N_("到期事项"),
    "page": N_("页面"),
}
PAGES = {
    RECOMMENDATION.id: N_("推荐上报前列出本级认定情况"),
    "figures": N_("历年数据，对照认定条件"),
    "reports": N_("年度报告报送情况"),
    "findings": N_("情形线索"),
    EVALUATION: N_("起草集群发展评估报告"),
    CULTIVATION.id: N_("培育库"),
    TYPICAL_CASES.id: N_("公开的典型案例"),
}


@routes.get("/rules")
@guard("rules.read")
def list_() -> Response:
    """The regimes that are deployed here."""
    with frame.reading() as session:
        regimes = clause_table.regimes(session)
        return frame.page(
            "rules/list.html",
            here="rules",
            regimes=regimes,
            planned={name: deployments.planned(session, name) for name in regimes},
            ending=rule_ends.coming(session),
        )


@routes.get("/rules/<regime>")
@guard("rules.read")
def show(regime: str) -> Response:
    """The table of one text; with `element`, that step on its diagram above it."""
    element, number = request.args.get("element", ""), request.args.get("version", type=int)
    with frame.reading() as session:
        table = clause_table.table(session, regime, number)
        diagram, node = clause_table.place(session, regime, element, number) if element else (None, None)
        return frame.page(
            "rules/show.html",
            here="rules",
            name=regime,
            table=table,
            duties=[(duty, _groups(duty.carried)) for duty in table.duties],
            diagram=diagram,
            node=node,
            step=next((step for step in table.steps if step.id == element), None),
            element=element,
            number=number,
            anchor=anchor,
        )


@routes.get("/rules/<regime>/diagram")
@guard("rules.read")
def diagram(regime: str) -> Response:
    """What the viewer draws: one diagram, and the step that is shown on it."""
    element, number = request.args.get("element", ""), request.args.get("version", type=int)
    with frame.reading() as session:
        drawn, node = clause_table.place(session, regime, element, number)
    place = {"element": node.id, "name": node.name, "level": "", "told": ""}
    answer = jsonify(
        path="",
        process=drawn.process,
        name=drawn.name,
        xml=drawn.text,
        passed={"elements": {}, "flows": {}},
        current=[place],
        called=[],
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def address(regime: str, number: int, clause: str) -> str:
    """Where a clause stands in the table of a deployment."""
    return url_for("rules.show", regime=regime, version=number, _anchor=anchor(clause))


def anchor(clause: str) -> str:
    """The id of a clause's first row; names of clauses may have spaces, ids may not."""
    return f"clause-{clause.replace(' ', '-')}"


def _groups(carried: tuple[Carried, ...]) -> list[tuple[str, str, list[tuple[Carried, str]]]]:
    """What carries a duty: the kind in words, the form that fields stand in, and each carrier by what it is called."""
    together = groupby(carried, key=lambda each: (each.kind, each.within if each.kind == "field" else ""))
    return [(_(KINDS[kind]), within, [(each, _called(each)) for each in every]) for (kind, within), every in together]


def _called(carrier: Carried) -> str:
    if carrier.kind == "letter":
        return letters.kind(carrier.id)
    if carrier.kind == "obligation":
        return _(particulars.DUTIES.get(carrier.id, carrier.id))
    return _(PAGES.get(carrier.id, carrier.id)) if carrier.kind == "page" else carrier.title
