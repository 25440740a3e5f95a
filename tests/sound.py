"""A sound diagram with everything in it that a process owner may use."""

from tests.diagrams import Diagram, for_each
from tests.planted import ACCEPTED, REFUSED

LETTER = {"template": "'told'", "to": "'applicant'"}


def everything() -> Diagram:
    """One sound diagram that uses all that a process owner may use."""
    inner = (
        Diagram()
        .start("heard")
        .user("hear", "听取意见", lane="专家")
        .end("heard_out")
        .path("heard", "hear", "heard_out")
    )
    each = for_each("cases", "reviewed_case", results="opinions", result="decision", until="reviewed_case == 1")
    drawn = Diagram().start(form="opinion", opened_by="county_officer").end().end("late_end").document("结束之前请核对")
    drawn.user("list_cases", "列出办件", variables="cases, decision", limit="acceptance", consequence="标记为逾期")
    drawn.boundary("late", "list_cases", 'deadline("acceptance")', interrupting=False).path(
        "late", "remind", "late_end"
    )
    drawn.service("remind", "letter", **LETTER).exclusive("ok", "是否齐全").parallel("fork").parallel("join")
    drawn.user("review", "评审", inner=each, not_by="list_cases", variables="decision").sub("hearing", inner).decide(
        "sized", "size"
    )
    drawn.event_gateway("first").catch("answered", "answer", "answer").wait("waited", "closes_at")
    drawn.throw("tell_cases", "result", "cases", '{"accepted": cases, "size": size}').call("publicity", "publicity")
    drawn.inclusive("which", "还需要什么").user("check", "核查", closes_with="round").service(
        "told", "letter", **LETTER
    )
    drawn.path("filed", "list_cases", "ok").flow("ok", "list_cases", default=True).flow("ok", "fork", ACCEPTED)
    drawn.path("fork", "review", "join").path("fork", "hearing", "join", "sized", "first")
    drawn.path("first", "answered", "tell_cases").path("first", "waited", "tell_cases", "publicity", "which")
    drawn.flow("which", "check", f"{REFUSED} and limit('area_km2') > 5").flow("which", "told", default=True)
    return drawn.path("check", "done").path("told", "done")
