"""What a diagram says and what a command made of it, in plain values: steps, effects, messages, the way taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Words: TypeAlias = Mapping[str, Callable[..., Any]]  # the vocabulary: a word and what it does


@dataclass(frozen=True)
class Specs:
    """The parsed diagrams behind one process. Shared by all its instances and never changed by them."""

    process: str
    main: Any
    called: Mapping[str, Any]
    opening: Mapping[str, str]  # properties of the start event: the form to begin with, who may


@dataclass(frozen=True)
class Drawn:
    """A step as its diagram has it."""

    name: str
    instructions: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """A step that waits for a person."""

    id: str
    process: str
    element: str
    path: str  # call activities and multi-instance indices above it, "publicity/"
    name: str
    properties: Mapping[str, str]
    seat: int | None  # whose holder it is for, out of the variable that the property `held_by` names
    office: str | None = None  # for which its process was called

    @property
    def place(self) -> str:
        """Whose officers act: "applicant", "county", "bureau", a level of the chain, or "above" and such a level."""
        at = self.properties["at"]
        return {"office": self.office or "", "above": f"above {self.office}"}.get(at, at)


@dataclass(frozen=True)
class Effect:
    """Something a service task asked for; engine.effects carries it out as rows of the same transaction."""

    name: str
    element: str
    parameters: Mapping[str, Any]
    answered: str | None  # the task whose completion led here; None: a timer or a message did


@dataclass(frozen=True)
class Thrown:
    """A message on its way to other instances."""

    name: str
    element: str
    to: str  # "round" or "cases"
    payload: Any


@dataclass(frozen=True)
class Written:
    """What a script changed: a replay takes it from here, for the script is not run again."""

    place: str  # path and element
    changes: Mapping[str, Any]


@dataclass
class Journal:
    """What one command made happen, in order; the caller writes it into the record."""

    answered: str | None = None  # the task that was completed
    passed: list[str] = field(default_factory=list)  # paths and elements completed by the engine itself
    fired: list[str] = field(default_factory=list)  # timers among them
    effects: list[Effect] = field(default_factory=list)
    thrown: list[Thrown] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)  # by scripts, in the order in which they ran
    ended_at: str | None = None  # the end event of the main process
