"""Examples (示例): the path of a case that an owner keeps with the bundle, and how it has to end.

    {"title": "应予认定的申报", "process": "application", "begins_at": "2026-03-02T09:00:00+08:00",
     "start": {"applicant_level": "county", …},
     "steps": [{"element": "filing/fill_in", "at": "…", "answers": {…}, "given": {…}},
               {"message": "round_decided", "brings": {…}}, {"timer": true}],
     "expect": {"end": "recognised"}}

`answers` go through the form as it is in the bundle; `given` is what no form asks: what acts found, or all of a step
whose answers are nobody's to keep. `at` is when it was done; a timer that is due by then has fired before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from config.errors import JiqunError

FOLDER: Final = "examples/"
MAX_STEPS: Final = 300
_KEYS: Final = {"title": str, "process": str, "begins_at": str, "start": dict, "steps": list, "expect": dict}


class ExampleInvalid(JiqunError):
    """An example's file does not say what an example says; the message names the first thing that is wrong."""

    code = "example_invalid"


@dataclass(frozen=True)
class Example:
    """A case's path, and how it has to end."""

    title: str
    process: str
    begins_at: datetime
    start: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    end: str


def read(content: bytes) -> Example:
    """Raises ExampleInvalid."""
    try:
        told = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ExampleInvalid("示例不是 UTF-8 的 JSON；请重新保存示例") from error
    if not isinstance(told, dict) or (unknown := sorted(told.keys() - _KEYS.keys())):
        raise ExampleInvalid(f"示例里有不认识的内容{'：' + unknown[0] if isinstance(told, dict) else ''}；请删去")
    for key, kind in _KEYS.items():
        if not isinstance(told.get(key), kind):
            raise ExampleInvalid(f"示例缺少 {key}，或者写法不对；请补上，或重新保存示例")
    end = told["expect"].get("end")
    if not isinstance(end, str) or not end or told["expect"].keys() != {"end"}:
        raise ExampleInvalid('示例没有写明应当怎样办结；请写成 "expect": {"end": "结束事件的编号"}')
    if not told["title"].strip() or len(told["steps"]) > MAX_STEPS:
        raise ExampleInvalid(f"示例应有名称，步骤不超过 {MAX_STEPS} 个；请改正")
    for number, step in enumerate(told["steps"], 1):
        _require_step(number, step)
    begins_at = moment(told["begins_at"], "begins_at")
    return Example(told["title"], told["process"], begins_at, told["start"], told["steps"], end)


def moment(text: str, what: str) -> datetime:
    """The moment that stands in an example. Raises ExampleInvalid."""
    try:
        found: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ExampleInvalid(f"示例的 {what} 应是带时区的时间，如 2026-03-02T09:00:00+08:00；请改正")
    return found


def _require_step(number: int, step: Any) -> None:
    kinds = {"element", "message", "timer"} & step.keys() if isinstance(step, dict) else set()
    if len(kinds) != 1 or step.keys() - {"element", "message", "timer", "at", "answers", "given", "brings"}:
        raise ExampleInvalid(f"示例的第 {number} 步应写明 element、message 或 timer 之一；请改正")
    for key, kind in {"element": str, "message": str, "at": str, "answers": dict, "given": dict}.items():
        if key in step and not isinstance(step[key], kind):
            raise ExampleInvalid(f"示例第 {number} 步的 {key} 写法不对；请改正")
    if "at" in step:
        moment(step["at"], f"第 {number} 步的 at")
