"""How an instance has its scripts run: within the command's budget, each change in the journal."""

from typing import Any

from engine import scripts
from engine.errors import ScriptFailed, ScriptInvalid
from engine.instance import bounds, tree
from engine.instance.journal import Journal, Words, Written


class Scripting:
    """The part of the engine that SpiffWorkflow asks for script tasks, and for what runs before and after a step."""

    words: Words
    journal: Journal
    runner: scripts.Runner = staticmethod(scripts.run_at)
    budget: bounds.Budget | None = None  # of the command that runs

    def execute(self, task: Any, script: str, *_given: Any) -> bool:
        """Run the script on the task's data. Raises ScriptInvalid, ScriptFailed, BudgetExceeded with `element`."""
        place = tree.path(task) + task.task_spec.bpmn_id
        if self.budget is not None:
            self.budget.spend(0)
        try:
            changes = self.runner(place, script, task.data, self.words)
        except (ScriptFailed, ScriptInvalid) as failed:
            failed.facts.setdefault("element", task.task_spec.bpmn_id)
            raise
        task.data.update(changes)
        self.journal.written.append(Written(place, changes))
        return True
