"""Planted in the shape of a process: beginnings, ends, gateways, joins and circles."""

from tests.bundles import bundle
from tests.diagrams import Diagram
from tests.planted import (
    ACCEPTED,
    REFUSED,
    Fault,
    calling,
    changed,
    chosen,
    empty,
    examined,
    exploding,
    fault,
    judged,
    queue,
    repeated,
    told,
    without,
)

PROCESS = '<bpmn:process id="application"'
SECOND = (
    '<bpmn:process id="second" isExecutable="true"><bpmn:startEvent id="a"/><bpmn:endEvent id="b"/>'
    '<bpmn:sequenceFlow id="c" sourceRef="a" targetRef="b"/></bpmn:process></bpmn:definitions>'
)
HEADLESS = Diagram().user("examine", "审查材料").end().path("examine", "done")
NO_END = (
    Diagram()
    .start()
    .user("examine", "审查材料", variables="decision")
    .user("revise", "修改")
    .exclusive("ok", "是否通过")
    .path("filed", "examine", "ok")
    .flow("ok", "examine", default=True)
    .flow("ok", "revise", REFUSED)
    .path("revise", "examine")
)
UNDECIDED = Diagram().start().user("examine", "审查材料", variables="decision").end().path("filed", "examine")
EVENTS = Diagram().start().event_gateway("first").wait("late", "closes_at").end().path("filed", "first", "late", "done")
ENDLESS = (
    Diagram()
    .start()
    .user("examine", "审查材料")
    .user("check", "核对")
    .boundary("late", "examine", "closes_at")
    .end()
    .path("filed", "examine", "check", "examine")
    .path("late", "done")
)
BUSY = told().exclusive("ok", "是否通过").flow("ok", "done", default=True).flow("ok", "tell", "case_id == 1")
BUSY.flows[1].target = "ok"  # the letter leads to the gateway now
AT_OFFICE = Diagram("visit").start().user("examine", "审查材料", at="office").end().path("filed", "examine", "done")
FOR_NOBODY = (
    Diagram("application")
    .start()
    .call("application_calls", "visit")
    .extend(
        '<spiffworkflow:properties><spiffworkflow:property name="office" value="province"/></spiffworkflow:properties>'
    )
    .end()
    .path("filed", "application_calls", "done")
)
PUBLICITY_INSIDE = Diagram().start().sub("publicity", empty("inner")).end().path("filed", "publicity", "done")
LEVELS = [calling(f"level_{number}", f"level_{number + 1}") for number in range(11)]

SHAPES = [
    changed("process-count", "second", "</bpmn:definitions>", SECOND),
    Fault(
        "process-name",
        "application",
        {**without("application.bpmn"), "appeal.bpmn": examined().text()},
        PROCESS,
        "appeal.bpmn",
    ),
    changed("not-executable", "application", 'isExecutable="true"', 'isExecutable="false"', at=PROCESS),
    fault("start-count", "again", examined().start("again").path("again", "done")),
    fault("start-count", "application", HEADLESS, at=PROCESS),
    fault("end-missing", "application", NO_END, at=PROCESS),
    fault("unreachable", "lost", examined().user("lost", "走失的环节").path("lost", "done")),
    fault(
        "dead-end",
        "lost",
        chosen(REFUSED).user("lost", "走失的环节").flow("ok", "lost", ACCEPTED),
        remark="a loose end",
    ),
    fault("condition-outside-gateway", "examine_to_done", UNDECIDED.copy().flow("examine", "done", ACCEPTED)),
    fault("condition-outside-gateway", "examine", UNDECIDED.copy().flow("examine", "done", default=True)),
    fault("several-flows-out", "examine", examined().end("also").path("examine", "also")),
    fault("no-default", "ok", judged().flow("ok", "done", ACCEPTED).flow("ok", "examine", REFUSED)),
    fault("condition-missing", "ok_to_examine", chosen(None)),
    fault(
        "condition-on-default",
        "ok_to_done",
        judged().flow("ok", "done", ACCEPTED, default=True).flow("ok", "examine", REFUSED),
    ),
    fault(
        "event-gateway", "first_to_examine", EVENTS.copy().user("examine", "审查材料").path("first", "examine", "done")
    ),
    fault("event-gateway-timers", "first", EVENTS.copy().wait("later", "closes_at").path("first", "later", "done")),
    fault("inclusive-join-in-cycle", "join", repeated("inclusiveGateway")),
    fault("parallel-join-in-cycle", "join", repeated("parallelGateway")),
    fault("endless-loop", "examine", ENDLESS),
    fault("busy-loop", "tell", BUSY),
    fault(
        "too-many-predicted", "fork_4", exploding(), remark="21, 93, 381, 1533 ahead of the forks behind, 6141 of this"
    ),
    fault("too-long", "application", queue(149), at=PROCESS, remark="with start and end 151 in a row"),
    fault("unnamed", "examine", examined(name="examine")),
    fault("unknown-process", "application_calls", calling("application", "publicity")),
    Fault(
        "office-missing",
        "application_calls",
        bundle(calling("application", "visit"), AT_OFFICE),
        ' id="application_calls"',
    ),
    Fault("unknown-place", "application_calls", bundle(FOR_NOBODY, AT_OFFICE), ' id="application_calls"'),
    Fault("call-depth", "level_0", bundle(*LEVELS, empty("level_11")), '<bpmn:process id="level_0"', "level_0.bpmn"),
    Fault(
        "duplicate-process",
        "publicity",
        {**bundle(PUBLICITY_INSIDE), "publicity.bpmn": empty("publicity").text()},
        ' id="publicity"',
    ),
]
