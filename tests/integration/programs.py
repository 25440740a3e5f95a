"""The office behind its server, whose people do their steps by programs that have read the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.bureau import Bureau
from tests.integration.contract import Contract, hold_form


@dataclass
class Programs:
    """An office whose people, and the public, have programs that have read the document."""

    bureau: Bureau
    nobody: Contract
    cases: dict[str, int] = field(default_factory=dict)
    round: dict[str, Any] = field(default_factory=dict)

    def as_(self, who: str) -> Contract:
        return self.nobody.with_token(self.bureau.at.tokens[who])

    def on(self, text: str) -> None:
        """It is this moment from now on, and the worker has looked what is due."""
        self.bureau.on(text)
        self.bureau.tick()

    def waiting(self, who: str, case_id: int, element: str) -> dict[str, Any]:
        """The one task at this element in somebody's inbox, with its form."""
        inbox = self.as_(who).every("list_tasks", mine="1", limit=7)
        (found,) = [row for row in inbox if (row["case_id"], row["element"]) == (case_id, element)]
        return dict(self.as_(who).call("show_task", task_id=found["id"]))

    def about(self, who: str, case_id: int, element: str) -> dict[str, Any]:
        """What is known to who takes this step: where its form begins, and what may be chosen, by field."""
        told = self.as_(who).call("show_worksheet", task_id=self.waiting(who, case_id, element)["id"])
        choices = {each["field"]: [one["value"] for one in each["choices"]] for each in told["choices"]}
        return {**told, "choices": choices}

    def do(self, who: str, case_id: int, element: str, data: Mapping[str, Any], deed: str = "complete_task") -> Any:
        """Take a step from one's inbox, with answers that fit its form."""
        task = self.waiting(who, case_id, element)
        assert task["can_act"]
        hold_form(task["schema"], data)
        return self.as_(who).call(deed, {"data": dict(data)}, task_id=task["id"])

    def case(self, who: str) -> dict[str, Any]:
        """The case of an applicant, as its officers see it."""
        return dict(self.as_("city").call("show_case", case_id=self.cases[who]))

    def steps(self, who: str) -> list[str]:
        return sorted(task["element"] for task in self.case(who)["tasks"])

    @property
    def newest_notice(self) -> dict[str, Any]:
        listed = self.nobody.call("list_notices", limit=1)["items"]
        return dict(self.nobody.call("show_notice", notice_id=listed[0]["id"]))
