"""Running the examples of a bundle: each lives through its path once more, and has to end as it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config import regime
from config.errors import JiqunError
from engine import bpmn, calendar, clock, forms, vocabulary
from engine.bundle import Files
from engine.checking.walking import Walk
from engine.errors import FormInvalid, Refused
from engine.examples import Example, moment, read
from engine.instance.journal import Step
from engine.lint.surroundings import listed


@dataclass(frozen=True)
class Outcome:
    """What became of an example."""

    file: str
    title: str
    process: str
    expected: str
    passed: bool
    ended_at: str
    why: str  # empty where it passed; ends with the way out
    step: int  # at which it stopped, from 1; 0: none
    touched: tuple[tuple[str, str], ...]  # process and element


def run(files: Files, name: str) -> Outcome:
    """Live through the example of this file once more. `files` are without errors of the lint."""
    example = read(files[name])
    touched: set[tuple[str, str]] = set()
    number, why, ended_at = 0, "", ""
    try:
        words = vocabulary.words(regime.load(files["regime.toml"]), calendar.shipped())
        life = _Life(files, bpmn.parse(files, example.process), words, example)
        touched |= life.touched
        for number, step in enumerate(example.steps, 1):  # noqa: B007  # told where it stops
            if life.ended_at is not None:
                raise Refused("办件到这里已经办结，后面的步骤没有走到；请核对示例或流程")
            life.take(step)
            touched |= life.touched
        ended_at = life.ended_at or ""
        if life.ended_at is None:
            why = f"所有步骤走完后仍未办结，停在 {life.where()}；请补上后面的步骤，或检查流程"
        elif ended_at != example.end:
            why = f"应当办结于 {example.end}，实际办结于 {ended_at}；请检查条件，或确认后改示例的结果"
    except JiqunError as error:
        why = _in_words(error)
    return Outcome(
        name, example.title, example.process, example.end, not why, ended_at, why, number if why else 0,
        tuple(sorted(touched)),
    )  # fmt: skip


class _Life:
    """The case of an example while it is lived through."""

    def __init__(self, files: Files, specs: Any, words: Any, example: Example) -> None:
        self.files, self.at = files, example.begins_at
        with clock.replaced_by(lambda: self.at):
            self.walk = Walk.start(specs, example.start, words)
        self.touched: set[tuple[str, str]] = set()
        self._ran()

    def take(self, step: Mapping[str, Any]) -> None:
        """Do one thing more. Raises what forbids it."""
        if "timer" in step:
            if self.walk.wake_at is None:
                raise Refused(f"这时没有等待时间的环节（停在 {self.where()}）；请删去这一步，或检查流程")
            self.at = max(self.at, self.walk.wake_at)
            self._now(self.walk.wake)
            return
        if "at" in step:
            self.at = max(self.at, moment(step["at"], "at"))
            while not self.walk.ended and self.walk.wake_at is not None and self.walk.wake_at <= self.at:
                self._now(self.walk.wake)
        if "message" in step:
            self._now(lambda: self.walk.deliver(step["message"], step.get("brings")))
        else:
            waiting = [each for each in self.walk.ready() if each.path + each.element == step["element"]]
            if not waiting:
                raise Refused(f"环节 {step['element']} 这时不在办理（停在 {self.where()}）；请检查流程，或改示例")
            variables = self._variables(waiting[0], step)
            self._now(lambda: self.walk.complete(waiting[0].id, variables))

    @property
    def ended_at(self) -> str | None:
        return (self.walk.journal.ended_at or "") if self.walk.ended else None

    def where(self) -> str:
        """What it waits for, in words."""
        steps = [f"“{step.name}”（{step.path}{step.element}）" for step in self.walk.ready()]
        waits = [f"消息 {name}" for name in sorted(self.walk.awaits)] + (["定时器"] if self.walk.wake_at else [])
        return "、".join(steps + waits) or "无处"

    def _variables(self, step: Step, said: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(said.get("given") or {})
        if "answers" not in said:
            return given
        with clock.replaced_by(lambda: self.at):
            answers = forms.parse(self.files[f"forms/{step.properties['form']}.json"]).clean(said["answers"])
        asked = listed(step.properties.get("variables", ""))
        return given | {name: answers.get(name, given.get(name)) for name in asked}

    def _now(self, act: Any) -> None:
        with clock.replaced_by(lambda: self.at):
            act()
        self._ran()

    def _ran(self) -> None:
        self.touched |= self.walk.entered()
        if not self.walk.ended:
            self.walk.dump()  # as each command does: pruned, and the journal begins anew


def _in_words(error: JiqunError) -> str:
    if isinstance(error, FormInvalid) and error.problems:
        return f"表单不再接受示例的答案：{error.problems[0].message}；请核对表单，或重新保存示例"
    return error.message
