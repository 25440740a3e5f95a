"""Planted while reading, and in the elements: what the reader refuses, and what SpiffWorkflow would break or ignore."""

from tests.bundles import bundle
from tests.diagrams import Diagram
from tests.planted import Fault, changed, empty, examined, fault, one, queue

CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:assignee="a"'
TASK = '<bpmn:userTask id="examine"'
NO_LONGER = examined().text().replace(b"UTF-8", b"UTF-7")
IMPORT = examined().text().replace(b"bpmn:definitions", b"bpmn:import")
LINK = '<bpmn:linkEventDefinition name="a"/>'
CONDITION = "<bpmn:conditionalEventDefinition><bpmn:condition>a</bpmn:condition></bpmn:conditionalEventDefinition>"
SIGNAL_END = Diagram().start().end("done", inner="<bpmn:signalEventDefinition/>").path("filed", "done")
LOOP = '<bpmn:standardLoopCharacteristics loopMaximum="3"/>'

READING = [
    Fault("encoding", "", bundle(examined(), application_bpmn=NO_LONGER), "<?xml"),
    changed("doctype", "", "?>\n", '?>\n<!DOCTYPE x [<!ENTITY q "1">]>\n', at="<!DOCTYPE"),
    changed("unreadable-xml", "", '<bpmn:endEvent id="done"', "<bpmn:endEvent <", at="<bpmn:endEvent <"),
    Fault("wrong-root", "definitions", bundle(examined(), application_bpmn=IMPORT), "targetNamespace"),
    changed("foreign-namespace", "examine", TASK, '<bpmn:userTask xmlns:z="http://zeebe" z:a="1" id="examine"'),
    changed("bad-id", "application", ' id="examine"', ' id="审查"', at="审查"),
    changed(
        "bad-id", "application", ' id="examine"', ' id="&lt;img src=x&gt;"', at="&lt;img", remark="a page shows it"
    ),
    changed("duplicate-id", "filed", ' id="done"', ' id="filed"', at="<bpmn:endEvent"),
    changed("dangling-reference", "examine_to_done", 'targetRef="done"', 'targetRef="nowhere"'),
    changed("bad-drawing", "filed_di", 'x="40"', 'x="left"'),
    fault("too-large", "task_399", queue(399), remark="400 flow nodes are read, the 401st is not"),
]

ELEMENTS = [
    fault("event-sub-process", "objection", examined().sub("objection", empty("inner"), triggeredByEvent="true")),
    fault("signal-end", "done", SIGNAL_END),
    fault("link-event", "step", one("intermediateThrowEvent", LINK), at="linkEvent"),
    fault("compensation", "step", one("intermediateThrowEvent", "<bpmn:compensateEventDefinition/>"), at="compensateE"),
    fault("conditional-event", "step", one("intermediateCatchEvent", CONDITION), at="conditionalEvent"),
    fault("complex-gateway", "step", one("complexGateway")),
    fault("ad-hoc", "step", one("adHocSubProcess")),
    fault("plain-task", "step", one("task")),
    fault("manual-task", "step", one("manualTask")),
    fault("script", "step", one("scriptTask"), remark="without one"),
    fault("script", "step", one("scriptTask", "<bpmn:script>import os</bpmn:script>"), at="import os"),
    fault(
        "script",
        "examine",
        examined(extension="<spiffworkflow:preScript>x = 1\ny = open('a')</spiffworkflow:preScript>"),
        at="y = open",
    ),
    fault(
        "unknown-extension",
        "examine",
        examined(extension="<spiffworkflow:variableName>x</spiffworkflow:variableName>"),
        at="variableName",
    ),
    fault("standard-loop", "examine", examined(inner=LOOP), at="standardLoop"),
    fault("data-object", "dossier", examined().raw('<bpmn:dataObject id="dossier"/>')),
    changed("camunda-dropped", "examine", TASK, f'<bpmn:userTask {CAMUNDA} id="examine"'),
    fault("unsupported-element", "dance", examined().raw('<bpmn:choreographyTask id="dance"/>')),
    fault("event-definition", "step", one("intermediateCatchEvent"), remark="an event that waits for nothing"),
    fault("reserved-id", "Start", Diagram().start().user("Start", "审查材料").end().path("filed", "Start", "done")),
    fault("reserved-id", "End", Diagram().start().end("End").path("filed", "End")),
    fault("reserved-id", "Root", Diagram().start("Root").end().path("Root", "done")),
]
