"""Acts: what a person's step does besides being answered, before the diagram runs on and in the same transaction.

A step names its act in the property `does`. An act refuses what its form alone cannot see, writes its own rows and
gives the variables that engine.conventions lists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from engine.access import Actor
from engine.instance.journal import Step
from engine.models import Case, Task

Variables: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """A step that somebody is finishing just now, with the answers that its form has cleaned."""

    session: Session
    actor: Actor
    case: Case
    task: Task
    step: Step
    answers: Mapping[str, Any]


_ACTS: Mapping[str, Callable[[Answered], Variables]] = {}


def do(answered: Answered) -> dict[str, Any]:
    """Carry out the step's act, if it has one; answers the variables it gives.

    Raises what the act refuses: FormInvalid for an answer, Refused for the moment.
    """
    name = answered.step.properties.get("does")
    return dict(_ACTS[name](answered)) if name else {}
