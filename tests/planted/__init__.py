"""Faults that a process owner can draw, each in a bundle that is sound but for it, and the small diagrams they need."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bundles import bundle
from tests.diagrams import Diagram, for_each

ACCEPTED = "decision == 'accept'"
REFUSED = "decision == 'refuse'"
WARNINGS = {"dmn-gap", "unnamed", "parallel-join-in-cycle", "unfilled"}


@dataclass(frozen=True)
class Fault:
    """A bundle with one thing wrong, and where: the file, the element, and a piece of text that is on the line."""

    rule: str
    element: str
    files: Mapping[str, bytes]
    at: str  # "" where no line is to be told
    file: str = "application.bpmn"
    remark: str = ""

    @property
    def line(self) -> int | None:
        lines = self.files.get(self.file, b"").decode("utf-8", "replace").splitlines()
        return next(number for number, line in enumerate(lines, 1) if self.at in line) if self.at else None

    @property
    def severity(self) -> str:
        return "warning" if self.rule in WARNINGS else "error"


def fault(rule: str, element: str, diagram: Diagram, *, at: str = "", remark: str = "", **more: bytes) -> Fault:
    """The fault of a diagram's element, on the line with its id unless `at` says which."""
    file = f"{diagram.process}.bpmn"
    return Fault(rule, element, bundle(diagram, **more), at or f' id="{element}"', file, remark)


def changed(rule: str, element: str, old: str, new: str, *, at: str = "", remark: str = "") -> Fault:
    """The fault of a sound diagram in whose text one piece was changed by hand."""
    text = examined().text(drawn=True).decode()
    if old not in text:
        raise ValueError(old)
    files = bundle(examined()) | {"application.bpmn": text.replace(old, new, 1).encode()}
    return Fault(rule, element, files, at or f' id="{element}"', remark=remark)


def examined(*, extension: str = "", inner: str = "", name: str = "审查材料", **properties: str) -> Diagram:
    """The smallest sound diagram: one person examines."""
    drawn = Diagram().start().user("examine", name, inner=inner, **properties)
    if extension:
        drawn.extend(extension)
    return drawn.end().path("filed", "examine", "done")


def one(tag: str, inner: str = "", **attributes: str) -> Diagram:
    """A diagram around one flow node of any kind."""
    return Diagram().start().node(tag, "step", "某个环节", inner, **attributes).end().path("filed", "step", "done")


def judged() -> Diagram:
    """Examined, then a gateway `ok` whose ways out are still to be drawn."""
    drawn = Diagram().start().user("examine", "审查材料", variables="decision").exclusive("ok", "是否通过").end()
    return drawn.path("filed", "examine", "ok")


def chosen(condition: str | None) -> Diagram:
    """Examined, then done, or under this condition examined again."""
    return judged().flow("ok", "done", default=True).flow("ok", "examine", condition)


def waited(until: str, kind: str = "timeDate") -> Diagram:
    """A timer on the way."""
    return Diagram().start().wait("publicity", until, kind=kind).end().path("filed", "publicity", "done")


def told(operator: str | None = "letter", **parameters: str) -> Diagram:
    """A letter on the way, unless operator and parameters say something else."""
    given = parameters or {"template": "'told'", "to": "'applicant'"}
    return Diagram().start().service("tell", operator, **given).end().path("filed", "tell", "done")


def reviewed(*, until: str = "", collection: str = "cases") -> Diagram:
    """Cases are listed, then reviewed side by side."""
    each = for_each(collection, "reviewed_case", until=until)
    drawn = Diagram().start().user("list_cases", "列出办件", variables="cases").user("review", "评审", inner=each).end()
    return drawn.path("filed", "list_cases", "review", "done")


def reviewed_again(*, results: str = "", result: str = "") -> Diagram:
    """Cases are listed, reviewed side by side, and reviewed once more as often as somebody decides."""
    each = for_each("cases", "reviewed_case", results=results, result=result)
    drawn = (
        Diagram()
        .start()
        .user("list_cases", "列出办件", variables="cases")
        .user("review", "评审", inner=each, variables="decision")
    )
    drawn.user("decide", "审定", variables="decision").exclusive("enough", "够了").end()
    drawn.path("filed", "list_cases", "review", "decide", "enough").flow("enough", "done", default=True)
    return drawn.flow("enough", "review", 'decision == "refuse"')


def repeated(gateway: str) -> Diagram:
    """Two reviews between two such gateways, and a way back to before them."""
    drawn = (
        Diagram().start().exclusive("again", "再来").node(gateway, "fork", "分头").node(gateway, "join", "汇总").end()
    )
    drawn.user("review", "评审").user("inspect", "抽查").user("decide", "审定", variables="decision")
    drawn.exclusive("ok", "是否通过").flow("ok", "done", default=True).flow("ok", "again", REFUSED)
    drawn.path("filed", "again", "fork").path("review", "join").path("inspect", "join", "decide", "ok")
    if gateway == "parallelGateway":
        return drawn.path("fork", "review").path("fork", "inspect")
    return drawn.flow("fork", "review", ACCEPTED).flow("fork", "inspect", default=True)


def exploding() -> Diagram:
    """Eight times four branches, each joined: valid BPMN of a few kilobytes, hundreds of thousands of tasks."""
    drawn, before = Diagram().start().end(), "filed"
    for number in range(1, 9):
        drawn.parallel(f"fork_{number}").parallel(f"join_{number}").flow(before, f"fork_{number}")
        for branch in range(4):
            drawn.user(f"task_{number}_{branch}").path(f"fork_{number}", f"task_{number}_{branch}", f"join_{number}")
        before = f"join_{number}"
    return drawn.flow(before, "done")


def queue(length: int) -> Diagram:
    """So many people, one after the other."""
    tasks = [f"task_{number}" for number in range(1, length + 1)]
    drawn = Diagram().start().end().path("filed", *tasks, "done")
    for task in tasks:
        drawn.user(task)
    return drawn


def calling(process: str, called: str) -> Diagram:
    """A process that does nothing but call another."""
    begin, call, end = (f"{process}_{part}" for part in ("begins", "calls", "ends"))
    return Diagram(process).start(begin).call(call, called).end(end).path(begin, call, end)


def empty(process: str) -> Diagram:
    """A process in which nobody does anything."""
    return (
        Diagram(process).start(f"{process}_begins").end(f"{process}_ends").path(f"{process}_begins", f"{process}_ends")
    )


def table(
    *,
    given: str = "area_km2",
    cell: str = "&lt;= 100",
    output: str = '"fits"',
    policy: str = "FIRST",
    name: str = "size",
    rest: str = "-",
) -> bytes:
    """A decision table of one row, and one for whatever that does not take."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="面积" namespace="https://jiqun.example/d">
<decision id="size" name="面积">
<decisionTable id="size_table" hitPolicy="{policy}">
<input id="size_input"><inputExpression id="size_expression"><text>{given}</text></inputExpression></input>
<output id="size_output" name="{name}"/>
<rule id="size_rule">
<inputEntry id="size_cell"><text>{cell}</text></inputEntry>
<outputEntry id="size_result"><text>{output}</text></outputEntry>
</rule>
<rule id="rest">
<inputEntry id="rest_cell"><text>{rest}</text></inputEntry>
<outputEntry id="rest_result"><text>"too large"</text></outputEntry>
</rule>
</decisionTable>
</decision>
</definitions>
""".encode()


def in_table(rule: str, element: str, *, remark: str = "", **cells: str) -> Fault:
    """The fault of a decision table."""
    return Fault(rule, element, bundle(examined(), size_dmn=table(**cells)), f' id="{element}"', "size.dmn", remark)


def without(name: str) -> dict[str, bytes]:
    """A sound bundle that lacks this file."""
    return {key: content for key, content in bundle(examined()).items() if key != name}
