"""Planted in what steps say: expressions, timers, references, decision tables, and the other files of a bundle."""

from tests.bundles import CLAUSES, REGIME, bundle, form
from tests.diagrams import Diagram
from tests.planted import (
    Fault,
    chosen,
    examined,
    fault,
    in_table,
    one,
    reviewed,
    reviewed_again,
    table,
    told,
    waited,
    without,
)

GONE = b'[[internal]]\nelement = "application.gone"\nreason = "x"\n'
UNCARRIED = '[[clause]]\nclause = "第二条"\ngist = "监督集群"\nactor = "市局"\n'.encode()
CHAINED = REGIME + "[chain]\nlevels = ['city']\nbureau_sees = 'filing'\nbasis = 'setting'\n"
DEAD = {  # what stands in its line → the regime with a number that nobody asks for
    "decision": REGIME.replace("limits = { ", "limits = { decision = { working_days = 5, basis = 'setting' }, "),
    "hearing": REGIME.replace("periods = { ", "periods = { hearing = { working_days = 5, basis = 'setting' }, "),
    "output": REGIME.replace("area_km2 =", "output = { value = '5', unit = '亿元', clause = '第一条' }, area_km2 ="),
    "[inspection]": REGIME + "[inspection]\nshare_pct = '30'\nat_least = 2\nbasis = 'setting'\n",
    "[review]": REGIME + "[review]\nconflict_points = '20'\nconclusions_differ = true\nbasis = 'setting'\n",
    "[quota.city]": CHAINED + "[quota.city]\nmost = 2\nbasis = 'setting'\n",
    "[[closings]]": CHAINED
    + "[[closings]]\nyear = 2022\nlevel = 'city'\nat = 2022-10-14T17:30:00+08:00\nbasis = 'setting'\n",
    "[paper.city]": CHAINED
    + "[paper.city]\npapers = ['申报表']\ncopies = 4\ndiscs = 2\nhow = '送达'\nbasis = 'setting'\n",
}
BLANK = REGIME.replace("某工信〔2025〕1号", "请填写文号").encode()
LENIENT = REGIME.replace("window_months = 6", 'window_months = "some"').encode()
NO_OBJECT = form(decision=["accept"]).replace(b'"type": "object"', b'"type": "array"')
POINTING = b"""{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "?", "type": "object",
"additionalProperties": false, "properties": {"at": {"$ref": "#/$defs/line", "title": "?",
"x-ui": {"widget": "field_of", "form": "figures"}}},
"$defs": {"line": {"type": "string", "minLength": 1, "maxLength": 200, "format": "one-line"}}}"""
TOO_MANY = (
    "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>1000001</bpmn:loopCardinality>"
    "</bpmn:multiInstanceLoopCharacteristics>"
)
NO_LANE = Diagram().start().user("examine", "审查材料", lane=None).end().path("filed", "examine", "done")
SHOUTED = Diagram().start().throw("step", "told", "everybody", "case_id").end().path("filed", "step", "done")
DECIDED = Diagram().start().decide("step", "nothing").end().path("filed", "step", "done")

EXPRESSIONS = [
    fault("expression", "ok_to_examine", chosen("().__class__.__base__.__subclasses__()")),
    fault("expression", "ok_to_examine", chosen("10**10**10")),
    fault("expression", "ok_to_examine", chosen("decision =")),
    fault("expression", "ok_to_examine", chosen("")),
    fault("unknown-word", "ok_to_examine", chosen("open('/etc/passwd') == decision")),
    fault("unknown-name", "ok_to_examine", chosen("approved")),
    fault("unknown-period", "publicity", waited('deadline("inspection")'), at="deadline"),
    fault("unknown-threshold", "ok_to_examine", chosen('limit("height") > 5')),
    fault("timer", "publicity", waited("P7D"), at="P7D", remark="no quotes"),
    fault("timer", "publicity", waited("P7D", "timeDuration"), at="P7D", remark="no quotes"),
    fault("timer", "publicity", waited("'10 days'", "timeDuration"), at="10 days"),
    fault("timer", "publicity", waited("'2026-03-02T18:00:00'"), at="2026-03-02", remark="in which zone?"),
    fault("timer", "publicity", waited("'P7D'"), at="P7D", remark="a length where a moment is asked for"),
    fault("timer", "publicity", waited("'R/P1M'", "timeCycle"), at="R/P1M", remark="it would never end"),
    fault("timer", "publicity", waited("limit('area_km2')"), at="area_km2", remark="a number"),
    fault("multi-instance", "review", reviewed(collection="experts")),
    fault("multi-instance", "examine", examined(inner=TOO_MANY), remark="a million and one"),
    fault("multi-instance", "review", reviewed_again(), remark="the item stays behind in the data"),
    fault("multi-instance", "review", reviewed_again(results="found", result="decision"), remark="no longer empty"),
    fault("multi-instance", "review", reviewed_again(results="cases", result="finding"), remark="nobody finds one"),
    fault("completion-condition", "review", reviewed(until="length(cases) > 2"), at="completionCondition"),
]

STEPS = [
    fault("no-lane", "examine", NO_LANE),
    fault("property-missing", "examine", examined(form="")),
    fault("property-missing", "examine", examined(role="")),
    fault("property-missing", "examine", examined(at="")),
    fault("unknown-property", "examine", examined(limits="acceptance"), at='name="limits"'),
    fault("unknown-form", "examine", examined(form="opinions")),
    fault("unknown-form", "filed", Diagram().start(form="opinions").end().path("filed", "done")),
    fault("unknown-form", "examine", examined(prechecks="figures")),
    fault("unknown-form", "examine", examined(prechecks="opinion"), remark="a form without facts"),
    fault("unknown-role", "examine", examined(role="bureau_officer,mayor")),
    fault("unknown-place", "examine", examined(at="province")),
    fault("unknown-limit", "examine", examined(limit="acceptances")),
    fault("unknown-limit", "examine", examined(closes_with="year")),
    fault("unknown-element", "examine", examined(not_by="nobody")),
    fault("unknown-act", "examine", examined(does="wonders")),
    fault("act-without-rule", "examine", examined(does="draw_sample"), remark="nowhere stands how many to draw"),
    fault("act-without-rule", "examine", examined(does="register_dispatch"), remark="or to send"),
    fault("unknown-seat", "examine", examined(held_by="nobody")),
    fault("variables", "examine", examined(tells="question")),
    fault("variables", "examine", examined(variables="approved")),
    fault("variables", "examine", examined(variables="case_id"), forms__opinion_json=form(case_id=["1"])),
    fault("return-not-drawn", "examine", examined(), forms__opinion_json=form(decision=["accept", "return"])),
    fault("no-clause", "examine", examined(), clauses_toml=CLAUSES.encode()),
    fault("operator-missing", "tell", told(None)),
    fault("operator-unknown", "tell", told("http_get")),
    fault("operator-parameters", "tell", told(template="'told'")),
    fault("operator-parameters", "tell", told(template="told", to="'applicant'"), at="value", remark="no quotes"),
    fault("unknown-letter", "tell", told(template="'tolled'", to="'applicant'"), at="tolled"),
    fault("unknown-place", "tell", told(template="'told'", to="'province'"), at="province"),
    fault("message", "step", SHOUTED),
    fault("message", "step", one("receiveTask"), remark="which message?"),
    fault("unknown-decision", "step", DECIDED),
]

FILES = [
    in_table("dmn-shape", "size_output", name=""),
    Fault(
        "dmn-shape", "size", {**bundle(examined(), size_dmn=table()), "twice.dmn": table()}, 'id="size"', "twice.dmn"
    ),
    in_table("dmn-hit-policy", "size_table", policy="PRIORITY"),
    in_table("dmn-feel", "size_cell", cell="[1..10]"),
    in_table("dmn-feel", "size_cell", cell="1,2,5"),
    in_table("dmn-feel", "size_cell", cell='"a","b"'),
    in_table("dmn-feel", "size_cell", cell="not(5)"),
    in_table("dmn-feel", "size_cell", cell="in (1, 5)", remark="SpiffWorkflow would read area_km2in"),
    in_table("dmn-feel", "size_cell", given="area_km2 + 1", remark="the operator would take only the 1"),
    in_table("dmn-feel", "size_result", output="true"),
    in_table("dmn-overlap", "rest", policy="UNIQUE", rest="&gt;= 100", remark="100 itself is in both"),
    in_table("dmn-gap", "size_table", rest="&gt; 200"),
    in_table("expression", "size_cell", cell="__import__('os').system('x') == ?"),
    in_table("unknown-name", "size_input", given="area_in_km2", cell="5 == ?"),
    Fault("missing-file", "", without("clauses.toml"), "", "clauses.toml"),
    Fault("missing-file", "", without("regime.toml"), "", "regime.toml"),
    Fault("example", "", bundle(examined(), examples__kept_json=b"{}"), "", "examples/kept.json"),
    Fault("unknown-file", "", bundle(examined(), letters__Told_txt="题\n\n文\n".encode()), "", "letters/Told.txt"),
    Fault("form", "", bundle(examined(), forms__broken_json=NO_OBJECT), "type", "forms/broken.json"),
    Fault("form", "", bundle(examined(), forms__remark_json=POINTING), "figures", "forms/remark.json"),
    Fault(
        "letter", "", bundle(examined(), letters__told_txt="结果\n\n{{天气}}\n".encode()), "天气", "letters/told.txt"
    ),
    Fault("regime", "", bundle(examined(), regime_toml=LENIENT), "window_months", "regime.toml"),
    *(
        Fault("dead-number", "", bundle(examined(), regime_toml=text.encode()), at, "regime.toml")
        for at, text in DEAD.items()
    ),
    Fault("unfilled", "", bundle(examined(), regime_toml=BLANK), "请填写", "regime.toml"),
    *(
        Fault(
            "clauses",
            "",
            bundle(examined(), clauses_toml=bundle(examined())["clauses.toml"] + more),
            at,
            "clauses.toml",
        )
        for more, at in ((GONE, "gone"), (UNCARRIED, "监督集群"))
    ),
]
