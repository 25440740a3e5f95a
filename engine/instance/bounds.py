"""Bounds of an instance: steps, seconds, tokens and depth that no diagram may go over."""

import time
from typing import Any
from uuid import UUID

from config.sentences import said
from engine.errors import BudgetExceeded
from engine.instance import tree

MAX_STEPS = 1000  # automatic steps in one command
MAX_SECONDS = 5.0  # of one command, on the monotonic clock
MAX_TOKENS = 3000  # tasks of one instance, predicted ones included
MAX_DEPTH = 10  # of sub-processes


class Tokens(dict[UUID, Any]):
    """The tasks of an instance, which refuse to grow without end: eight forks in a row would predict 393,215."""

    def __setitem__(self, key: UUID, task: Any) -> None:
        if len(self) >= MAX_TOKENS:
            why = said("流程推演超过 %(most)s 个节点，已停止；请减少连续的并行分支", most=MAX_TOKENS)
            raise BudgetExceeded(why, limit=MAX_TOKENS)
        super().__setitem__(key, task)


class Bounded:
    """A workflow that keeps its bounds, and forgets with a task whatever the task runs or waits for.

    SpiffWorkflow 3.2.0 drops what stands below a cancelled task without a word: the processes that were called there,
    one for each of several, would go on running, and their timers and messages would wake a case that has left them.
    """

    @property
    def tasks(self) -> Tokens:
        return self._tokens

    @tasks.setter
    def tasks(self, tasks: dict[UUID, Any]) -> None:
        self._tokens = Tokens()
        for key, task in tasks.items():
            self._tokens[key] = task

    def get_tasks_iterator(self, first_task: Any = None, **kwargs: Any) -> Any:
        return super().get_tasks_iterator(first_task, **{"max_depth": MAX_TOKENS, **kwargs})  # type: ignore[misc]

    def _task_removed_notify(self, task: Any) -> None:
        super()._task_removed_notify(task)  # type: ignore[misc]
        tree.forget(task)


class Budget:
    """What one command may still use."""

    def __init__(self) -> None:
        self.steps = 0
        self.until = time.monotonic() + MAX_SECONDS

    def spend(self, tokens: int) -> None:
        """One more step, in an instance of so many tokens. Raises BudgetExceeded."""
        self.steps += 1
        if self.steps > MAX_STEPS or tokens > MAX_TOKENS or time.monotonic() > self.until:
            why = said("流程一次运行的步数、时间或节点数超过上限，请检查是否有不停的循环")
            raise BudgetExceeded(why, steps=self.steps, tokens=tokens)


def require_depth(depth: int) -> None:
    """Raises BudgetExceeded for a sub-process in a sub-process in … too deep."""
    if depth >= MAX_DEPTH:
        raise BudgetExceeded(said("子流程嵌套超过 %(most)s 层", most=MAX_DEPTH), limit=MAX_DEPTH)
