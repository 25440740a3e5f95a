"""The report of a check: what the lint finds, what carries each clause, which flows were walked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from config.errors import JiqunError
from engine import bundle, clause_table, clock, lint
from engine.bundle import Files
from engine.checking import child
from engine.checking.child import Told
from engine.checking.smoke import Drawn, drawn, roots
from engine.deployments import Deployed
from engine.examples import FOLDER
from engine.lint import Finding, surroundings
from engine.lint.surroundings import Surroundings

FORMAT: Final = 1  # of what `plain` gives: a report of another one is made again
_DIED: Final = "超过时间或内存，已停止；请减少循环和并行分支"


@dataclass(frozen=True)
class Row:
    """One thing that is wrong, whoever found it."""

    severity: str  # error, warning
    file: str
    line: int | None
    element: str
    rule: str  # of the lint; or flow-unwalked, flow-forced, walk-…, paths-…, example-failed
    reason: str
    way_out: str
    way: Sequence[Mapping[str, Any]] = ()  # what was done until it happened


@dataclass(frozen=True)
class Coverage:
    """The clauses without a carrier, the steps without a clause, and how many there are of each."""

    duties: int
    carried: int
    outside: int  # not the system's, with the reason
    uncarried: tuple[str, ...]  # clause and gist
    steps: int
    internal: tuple[tuple[str, str, str], ...]  # element, name, and why the bureau has it
    baseless: tuple[tuple[str, str], ...]  # neither a clause nor a reason


@dataclass(frozen=True)
class Diagram:
    """How far a diagram was walked."""

    file: str
    flows: int
    walked: tuple[str, ...]  # by sample data
    forced: tuple[str, ...]  # only because a condition was said to hold
    unwalked: tuple[str, ...]
    examples: tuple[str, ...] = ()  # elements that an example comes to


@dataclass
class Report:
    """What a check came to."""

    files: str  # hash of what was checked
    at: str
    rows: list[Row] = field(default_factory=list)
    coverage: Coverage | None = None
    diagrams: list[Diagram] = field(default_factory=list)  # empty where errors of the lint stand in the way
    ends: list[Mapping[str, Any]] = field(default_factory=list)  # each with the way that led there
    examples: list[Mapping[str, Any]] = field(default_factory=list)
    form: int = FORMAT

    @property
    def errors(self) -> int:
        return sum(row.severity == "error" for row in self.rows)

    @property
    def warnings(self) -> int:
        return sum(row.severity == "warning" for row in self.rows)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def whole(files: Files, *, walk: bool = True, told: Told = lambda _done, _of: None) -> Report:
    """Check a bundle altogether. Without `walk`, or with an error of the lint, nothing is walked and no example runs.

    `told` hears how far the walks are, as the child gets on with them.
    """
    report = Report(bundle.content_hash(files), clock.now().isoformat(timespec="seconds"))
    found = lint.problems(files, dry_run=not walk)  # a walk begins every process as well
    report.rows = [_of_finding(finding) for finding in found]
    if report.errors:
        return report
    report.coverage = coverage(files)
    if walk:
        _walk(report, files, told)
    report.rows.sort(key=lambda row: (row.severity, row.file, row.line or 0, row.element, row.rule))
    return report


def coverage(files: Files) -> Coverage | None:
    """Clauses against steps, both ways; None where they cannot be held against each other."""
    deployed = Deployed(0, files)
    try:
        duties, steps = deployed.clauses.duties, clause_table.steps(deployed)
    except (JiqunError, KeyError):
        return None
    bare = [step for step in steps if not step.clauses]
    return Coverage(
        len(duties),
        sum(bool(duty.carriers) for duty in duties),
        sum(bool(duty.outside) for duty in duties),
        tuple(f"{duty.clause} {duty.gist}" for duty in deployed.clauses.uncarried()),
        len(steps),
        tuple((step.id, step.name, step.internal) for step in bare if step.internal),
        tuple((step.id, step.name) for step in bare if not step.internal),
    )


def _walk(report: Report, files: Files, told: Told) -> None:
    """Walk every flow and run every example, in a child."""
    around = surroundings.read(files)
    asked = [("process", process) for process in roots(around)]
    asked += [("paths", process) for process in roots(around)]
    asked += [("example", name) for name in sorted(files) if name.startswith(FOLDER)]
    answered = dict(zip(asked, child.answers(files, asked, told), strict=True))
    walked = {name: answer for (kind, name), answer in answered.items() if kind == "process"}
    outcomes = {name: answer for (kind, name), answer in answered.items() if kind == "example"}
    explored = {name: answer for (kind, name), answer in answered.items() if kind == "paths"}
    report.rows += [*of_walks(around, walked), *_of_paths(around, explored)]
    report.diagrams = list(_diagrams(around, walked, outcomes))
    report.ends = [end for answer in walked.values() if answer for end in answer["ends"]]
    report.examples = [outcome or {"file": name, "passed": False, "why": _DIED} for name, outcome in outcomes.items()]
    report.rows += [_of_example(outcome) for outcome in report.examples if not outcome["passed"]]


def _of_finding(finding: Finding) -> Row:
    reason, way_out = _parted(finding.message)
    return Row(finding.severity, finding.file, finding.line, finding.element, finding.rule, reason, way_out)


def _of_example(outcome: Mapping[str, Any]) -> Row:
    reason, way_out = _parted(outcome["why"])
    step = f"第 {outcome['step']} 步：" if outcome.get("step") else ""
    return Row("error", outcome["file"], None, "", "example-failed", step + reason, way_out)


def of_walks(around: Surroundings, walked: Mapping[str, Any]) -> Iterator[Row]:
    """What the walks of each process tell, as rows."""
    there, short, broken = drawn(around), False, False
    done = {tuple(crossed) for answer in walked.values() if answer for crossed in answer["flows"]}
    forced = {tuple(each[:3]): each[3] for answer in walked.values() if answer for each in answer["forced"]}
    for process, answer in walked.items():
        if answer is None:
            broken = True
            yield Row("error", around.processes[process], None, process, "walk-died", *_parted(f"试走{_DIED}"))
            continue
        short = short or answer["bound"]
        for trouble in answer["troubles"]:
            level = "warning" if trouble["forced"] or trouble["kind"] == "form" else "error"
            broken = broken or trouble["kind"] != "form"
            rule, place = f"walk-{trouble['kind']}", (trouble["file"], None, trouble["element"])
            yield Row(level, *place, rule, *_parted(trouble["why"]), trouble["way"])
    for crossed, flows in there.items():
        for flow in () if crossed in done else flows:
            if crossed in forced:
                why = f"没有一种示例答案会从 {flow.source} 走到 {flow.target}；请核对条件，或确认表单能填出这样的答案"
                yield Row("warning", flow.file, None, flow.id, "flow-forced", *_parted(why), forced[crossed])
            else:
                level = "warning" if short or broken else "error"
                yield Row(level, flow.file, None, flow.id, "flow-unwalked", *_parted(_why(flow, short, broken)))


def _of_paths(around: Surroundings, explored: Mapping[str, Any]) -> Iterator[Row]:
    """What the token game tells, in which every decision is free: also what no answer may ever lead to."""
    for process, answer in explored.items():
        file = around.processes[process]
        if answer is None or answer["result"] == "bound":
            why = "推演的走法太多，没有全部看完；请把流程分成几个，用调用活动连接"
            yield Row("warning", file, None, process, "paths-bound", *_parted(why))
        elif answer["result"] == "stuck":
            way = " → ".join(answer["path"])
            why = f"这样走会停在 {'、'.join(answer['stands'])}，再也不能办结：{way}；请检查汇合和等待的环节"
            yield Row("warning", file, None, (answer["stands"] or [process])[0], "paths-stuck", *_parted(why))


def _why(flow: Drawn, short: bool, broken: bool) -> str:
    which = f"{flow.source} 到 {flow.target} 的连线"
    if broken:
        return f"试走在前面中断，没有经过 {which}；请先改正试走中断的环节"
    if short:
        return f"试走的步数或时间用尽，还没有经过 {which}；请把流程分成几个，或自行推演"
    return f"没有一次试走经过 {which}；请检查前面的环节，以及它们等待的消息和时间"


def _diagrams(around: Surroundings, walked: Mapping[str, Any], outcomes: Mapping[str, Any]) -> Iterator[Diagram]:
    done = {tuple(crossed) for answer in walked.values() if answer for crossed in answer["flows"]}
    forced = {tuple(each[:3]) for answer in walked.values() if answer for each in answer["forced"]} - done
    touched = {(scope, name) for outcome in outcomes.values() if outcome for scope, name in outcome["touched"]}
    flows = drawn(around)
    for file in sorted(around.diagrams):
        mine = {crossed: each for crossed, flows_ in flows.items() for each in flows_ if each.file == file}
        scopes = {crossed[0] for crossed in mine}
        yield Diagram(
            file,
            sum(each.file == file for flows_ in flows.values() for each in flows_),
            tuple(each.id for crossed, each in mine.items() if crossed in done),
            tuple(each.id for crossed, each in mine.items() if crossed in forced),
            tuple(each.id for crossed, each in mine.items() if crossed not in done | forced),
            tuple(sorted(name for scope, name in touched if scope in scopes)),
        )


def _parted(message: str) -> tuple[str, str]:
    """The reason, and the way out that every message ends with."""
    reason, mark, way_out = message.rpartition("；")
    return (reason, way_out) if mark else (message, "")
