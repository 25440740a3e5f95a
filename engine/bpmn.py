"""SpiffWorkflow, spoken to in our words: parse a bundle, run an instance, keep its state as bytes.

Nobody else imports it. What is repaired or forbidden here was measured on 3.2.0: parallel joins inside loops
(count tokens, merge three-way), serialised specs (parsed again from the deployment instead), Python
expressions (engine.expressions instead), state that grows with history (pruned after every command).
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Self
from uuid import UUID

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnSubWorkflowConverter, BpmnWorkflowConverter
from SpiffWorkflow.bpmn.serializer.helpers.encoder import create_encoder
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.event_definitions import timer as spiff_timer
from SpiffWorkflow.bpmn.specs.mixins.events.end_event import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import ThrowingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.start_event import StartEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.parallel_gateway import ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.process import VALIDATOR
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskIterator

from config.sentences import said
from engine import clock, expressions, scripts, xml
from engine.errors import ExpressionFailed, ExpressionInvalid, NotFound, StateUnreadable
from engine.instance import bounds, joins, standing, tree
from engine.instance.journal import Drawn, Effect, Journal, Specs, Step, Thrown, Words
from engine.instance.marking import Marking
from engine.instance.scripting import Scripting
from engine.instance.wording import in_our_words

STATE_FORMAT = 1  # of the bytes `dump` writes; a release that changes them counts up and keeps reading the older


# ---- the repaired join -------------------------------------------------------------------------


def _nothing_else_open(join: Any, task: Task) -> bool:
    unfinished = TaskIterator(
        task.workflow.task_tree, state=TaskState.NOT_FINISHED_MASK, max_depth=bounds.MAX_TOKENS, end_at_spec=join.name
    )
    return all(t.task_spec is join for t in unfinished)


UnstructuredJoin._update_hook = joins.update
UnstructuredJoin._run_hook = lambda _join, _task: True
ParallelGateway._check_threshold_unstructured = joins.every_flow_arrived
_EndJoin._check_threshold_unstructured = _nothing_else_open


for _name in ("spiff.task", "spiff.workflow"):  # it gathers what it would log, though nobody listens
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Clock(datetime):
    """The timers' clock is ours."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return clock.now().astimezone(tz or UTC)


spiff_timer.datetime = _Clock


# ---- bounded instances -------------------------------------------------------------------------


class _Sub(bounds.Bounded, BpmnSubWorkflow):
    pass


class _Main(bounds.Bounded, BpmnWorkflow):
    def create_subprocess(self, my_task: Task, spec_name: str) -> _Sub:
        bounds.require_depth(my_task.workflow.depth)
        my_task.data.update(_drawn(my_task.task_spec).properties)  # `office`, before the data are handed over
        sub = _Sub(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = sub
        return sub


class _MainConverter(BpmnWorkflowConverter):
    """State without specs: those are parsed from the deployment."""

    def to_dict(self, workflow: _Main) -> dict[str, Any]:
        state = super(BpmnWorkflowConverter, self).to_dict(workflow)
        return {**state, "subprocesses": self.mapping_to_dict(workflow.subprocesses)}


_config = {k: v for k, v in SPIFF_CONFIG.items() if k not in {BpmnWorkflow, BpmnSubWorkflow}}
_registry = BpmnWorkflowSerializer.configure({**_config, _Main: _MainConverter, _Sub: BpmnSubWorkflowConverter})
_registry.register(Decimal, lambda v: {"value": str(v)}, lambda v: Decimal(v["value"]))
_registry.register(date, lambda v: {"value": v.isoformat()}, lambda v: date.fromisoformat(v["value"]))
_registry._encoder_mode = True  # only dumping looks at it; set once, so that threads may share the registry
_converter = _MainConverter(_Main, _registry)
_encoder = create_encoder(_registry)


class _Engine(Scripting, PythonScriptEngine):
    """Answers expressions with engine.expressions, has scripts run in their sandbox, collects effects."""

    def __init__(self, words: Words, journal: Journal | None = None) -> None:
        super().__init__(environment=self)  # never its default, which is Python
        self.words = words
        self.journal = journal or Journal()

    def validate(self, expression: str) -> None:
        try:
            expressions.check(expression, words=self.words)
        except ExpressionInvalid as invalid:
            raise SyntaxError(invalid.message) from invalid  # so SpiffWorkflow learns that a cell is an operator

    def evaluate(self, task: Any, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return expressions.evaluate(expression, {**task.data, **(external_context or {})}, self.words)
        except ExpressionFailed as failed:
            failed.facts.setdefault("element", getattr(getattr(task, "task_spec", None), "bpmn_id", None))
            raise

    def call_service(self, task: Task, **call: Any) -> str:
        values = {name: parameter["value"] for name, parameter in call["operation_params"].items()}
        values |= {"to": task.data["office"]} if values.get("to") == "office" else {}
        effect = Effect(call["operation_name"], task.task_spec.bpmn_id, values, self.journal.answered)
        self.journal.effects.append(effect)
        return "null"


# ---- parsing -----------------------------------------------------------------------------------


def parse(files: Mapping[str, bytes], process: str) -> Specs:
    """The specs of `process` and of all it calls. Raises NotFound, XmlRefused, StepFailed."""
    parser = SpiffBpmnParser(validator=VALIDATOR)
    roots = []  # kept until the end: the parser keys lanes by id(root), and a freed id comes again
    with in_our_words():
        for name, content in sorted(files.items()):
            if name.endswith((".bpmn", ".dmn")):
                root = xml.read(name, content)
                roots.append(root)
                parser.add_bpmn_xml(root, name) if name.endswith(".bpmn") else parser.add_dmn_xml(root, name)
        if process not in parser.process_parsers:
            raise NotFound(said("部署中没有流程 %(process)s", process=process), process=process)
        main, called = parser.get_spec(process), parser.get_subprocess_specs(process)
    for spec in (main, *called.values()):
        _wire(spec)
    opening = next(spec for spec in main.task_specs.values() if isinstance(spec, StartEvent))
    return Specs(process, main, called, _drawn(opening).properties)


def step(specs: Specs, process: str, element: str) -> Drawn:
    """A step of the process or of one it calls. Raises NotFound."""
    spec = specs.main if process == specs.process else specs.called.get(process)
    drawn = spec and (spec.task_specs.get(f"{element} [child]") or spec.task_specs.get(element))  # one of several
    if drawn is None:
        why = said("流程 %(process)s 中没有环节 %(element)s", process=process, element=element)
        raise NotFound(why, element=element)
    return _drawn(drawn)


def _drawn(spec: Any) -> Drawn:
    properties: Mapping[str, str] = (spec.extensions or {}).get("properties", {})
    return Drawn(spec.bpmn_name or spec.bpmn_id, (spec.documentation or "").strip(), properties)


def _wire(spec: Any) -> None:
    """Connect multi-instance children to their parents, which only a serialised spec does by itself."""
    for loop in spec.task_specs.values():
        if isinstance(loop, LoopTask):
            child = spec.task_specs[loop.task_spec]
            if not child.completed_event.is_connected(loop.merge_child):
                child.completed_event.connect(loop.merge_child)


@lru_cache(maxsize=64)
def _table(name: str, content: bytes) -> DMNEngine:
    root = xml.read(name, content)
    spaces = {"dmn": root.nsmap[None] if None in root.nsmap else root.nsmap["dmn"]}
    parser = DMNParser(None, root, spaces, filename=name)
    parser.parse()
    return DMNEngine(parser.decision.decisionTables[0])


def decide(files: Mapping[str, bytes], table: str, data: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """The matching rows of `<table>.dmn`, in its order, each as output name → value. Raises StepFailed."""
    name = f"{table}.dmn"
    with in_our_words():
        engine = _table(name, files[name])
        row = SimpleNamespace(data=dict(data), workflow=SimpleNamespace(script_engine=_Engine(words)))  # for a task
        return [dict(rule.output_as_dict(row)) for rule in engine.decide(row)]


# ---- an instance -------------------------------------------------------------------------------


class Workflow:
    """One running instance. A command runs it, reads `journal`, `ready`, `wake_at`, then `dump`s it."""

    def __init__(self, inner: _Main, words: Words) -> None:
        self._inner = inner
        self.journal = Journal()
        self.rows: frozenset[str] | None = None  # ids of its open task rows, for engine.cases; None: not known yet
        inner.script_engine = _Engine(words, self.journal)

    @classmethod
    def start(cls, specs: Specs, data: Mapping[str, Any], words: Words, runner: scripts.Runner | None = None) -> Self:
        """A new instance, run up to its first waiting steps. Raises StepFailed, BudgetExceeded."""
        with in_our_words():
            workflow = cls(_Main(specs.main, dict(specs.called)), words)
            workflow.run_scripts_by(runner)
            workflow._inner.task_tree.data.update(data)
        workflow.wake()
        return workflow

    @classmethod
    def load(cls, specs: Specs, state: bytes, state_format: int, words: Words) -> "Workflow":
        """The instance that `dump` wrote. Raises StateUnreadable for any other format, before reading it."""
        if state_format != STATE_FORMAT:
            facts = {"stored": state_format, "known": STATE_FORMAT}
            why = said("办件状态的格式 %(stored)s 不是本程序的格式 %(known)s，请先升级程序", **facts)
            raise StateUnreadable(why, format=state_format)
        try:
            stored = json.loads(state)
            inner = _Main(specs.main, dict(specs.called), deserializing=True)
            inner.tasks = {}
            for key, task in stored["tasks"].items():
                inner.tasks[UUID(key)] = _registry.restore(task, workflow=inner)
            inner.task_tree = inner.tasks[UUID(stored["root"])]
            _converter.set_default_attributes(inner, stored)
            _converter.subprocesses_from_dict(stored["subprocesses"], inner)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StateUnreadable(said("办件状态已损坏，无法读取；请从备份恢复"), error=type(error).__name__) from error
        return cls(inner, words)

    def run_scripts_by(self, runner: scripts.Runner | None) -> None:
        """Who runs its scripts until somebody else is named; None: their sandbox, unasked."""
        self._inner.script_engine.runner = runner or scripts.run_at

    def dump(self) -> bytes:
        """The state as JSON text, after the finished history was pruned. The journal begins anew."""
        self.journal = Journal()
        self._inner.script_engine.journal = self.journal
        tree.prune(self._inner)
        state = _converter.to_dict(self._inner)
        return json.dumps(state, cls=_encoder, ensure_ascii=False, separators=(",", ":")).encode()

    def ready(self) -> list[Step]:
        """The steps that wait for a person."""
        return [_step(task) for task in self._inner.get_tasks(state=TaskState.READY, manual=True)]

    def step(self, step_id: str) -> Step | None:
        """A step that waits for a person; None where it does not, or no longer."""
        task = self._waiting(step_id)
        return _step(task) if task else None

    def complete(self, step_id: str, variables: Mapping[str, Any]) -> Step:
        """Finish a step with its routing variables and run on. Raises NotFound unless it is ready."""
        task = self._waiting(step_id)
        if task is None:
            raise NotFound(said("这一步已不在办理中"), step=step_id)
        step = _step(task)
        self.journal.answered = step.id
        with self._running():
            task.data.update(variables)
            task.run()
        return step

    def wake(self) -> None:
        """Fire the timers that are due and run on."""
        with self._running():
            self._inner.refresh_timers()

    def deliver(self, name: str, payload: Any) -> None:
        """Give a message to whoever waits for it. Raises NotFound when nobody does."""
        if name not in self.awaits:
            raise NotFound(said("办件没有在等待消息 %(name)s", name=name), awaited=name)
        with self._running():
            self._inner.send_event(BpmnEvent(MessageEventDefinition(name), payload=payload))

    def set_variables(self, variables: Mapping[str, Any]) -> None:
        """Put right what the waiting steps and timers know: the repair of an incident by a person."""
        tree.put(self._standing(), variables)

    def variables(self) -> dict[str, Any]:
        """What the waiting steps and timers know."""
        return tree.known_to(self._standing())

    def delay(self, steps: Mapping[str, tuple[datetime, datetime]]) -> list[str]:
        """Let the timers on these steps that fire at the one moment fire at the other; answers where they stand."""
        return tree.delay(self._inner, self._standing(), steps)

    def postpone(self, variable: str, moment: str) -> None:
        """Let the timers that wait for the moment of this variable (ISO 8601) wait for another."""
        tree.postpone(self._inner.event_manager.tasks.values(), variable, moment)
        self.set_variables({variable: moment})

    def cancel(self) -> None:
        """End the instance without an outcome."""
        self._inner.cancel()

    @property
    def awaits(self) -> frozenset[str]:
        """Names of the messages it waits for."""
        waiting = (t.task_spec.event_definition for t in self._inner.event_manager.tasks.values())
        single = (part for each in waiting for part in getattr(each, "event_definitions", [each]))
        return frozenset(part.name for part in single if isinstance(part, MessageEventDefinition))

    @property
    def wake_at(self) -> datetime | None:
        """When the earliest waiting timer fires; SpiffWorkflow fires just after the moment, not at it."""
        values = [t.internal_data.get("event_value") for t in self._inner.event_manager.tasks.values()]
        moments = [value["next"] if isinstance(value, dict) else value for value in values if value]
        due = [spiff_timer.TimerEventDefinition.parse_time_or_duration(moment) for moment in moments]
        return min(due) + timedelta(microseconds=1) if due else None

    @property
    def standing(self) -> Marking:
        """Where its tokens are."""
        return standing.of(self._inner)

    def timers(self) -> dict[str, list[Any]]:
        """What its waiting timers wait for, by path and element."""
        return standing.timers(self._inner)

    def set_timers(self, moments: Mapping[str, list[Any]]) -> None:
        """Let its waiting timers wait for these moments."""
        standing.set_timers(self._inner, moments)

    @property
    def ended(self) -> bool:
        return bool(self._inner.is_completed())

    @property
    def data(self) -> Mapping[str, Any]:
        """Of the last step taken: what a replay compares."""
        last = self._inner.last_task
        return dict(self._inner.data if self.ended or last is None else last.data)

    def _standing(self) -> list[Task]:
        return list(self._inner.get_tasks(state=TaskState.READY | TaskState.WAITING | TaskState.STARTED))

    def _waiting(self, step_id: str) -> Task | None:
        task = self._inner.get_task_from_id(UUID(step_id)) if UUID(step_id) in tree.known(self._inner) else None
        return task if task and task.state == TaskState.READY and task.task_spec.manual else None

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Run what the block set going, within the budgets, and keep the journal."""
        budget = self._inner.script_engine.budget = bounds.Budget()

        def before(task: Task) -> None:
            if isinstance(task.task_spec, EndEvent) and task.workflow is not self._inner:
                task.data["outcome"] = task.task_spec.bpmn_id  # for the gateway behind the call
            budget.spend(len(self._inner.tasks) + sum(len(sub.tasks) for sub in self._inner.subprocesses.values()))

        with in_our_words():
            yield
            self._inner.do_engine_steps(will_complete_task=before, did_complete_task=self._note)

    def _note(self, task: Task) -> None:
        spec = task.task_spec
        if spec.bpmn_id is None:
            return
        here = tree.path(task) + spec.bpmn_id
        self.journal.passed.append(here)
        if isinstance(getattr(spec, "event_definition", None), spiff_timer.TimerEventDefinition):
            self.journal.fired.append(here)
        if isinstance(spec, EndEvent) and task.workflow is self._inner:
            self.journal.ended_at = spec.bpmn_id
        if isinstance(spec, ThrowingEvent):
            to = _drawn(spec).properties.get("to", "")
            for event in self._inner.get_events():
                self.journal.thrown.append(Thrown(event.event_definition.name, spec.bpmn_id, to, event.payload))


def _step(task: Task) -> Step:
    drawn = _drawn(task.task_spec)
    process, element = task.workflow.spec.name, task.task_spec.bpmn_id
    seat, office = (task.data.get(name) for name in (drawn.properties.get("held_by", ""), "office"))
    return Step(str(task.id), process, element, tree.path(task), drawn.name, drawn.properties, seat, office)
