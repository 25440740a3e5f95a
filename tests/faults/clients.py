"""Clients who work on while their server dies: they retry what was not answered, and send some of it twice on purpose.

Each client is an office of its own people. It looks into their inboxes, takes a task that is theirs or anybody's,
and answers it; what was acknowledged is kept in the `Ledger`, with a word that stands nowhere else.
"""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import clock
from tests import office, samples
from tests.faults.invariants import Done

ROLES = {  # every client has one of each
    "applicant": ("county_officer", office.COUNTY),
    "officer": ("bureau_officer", office.BUREAU),
    "expert": ("expert", office.BUREAU),
    "inspector": ("inspector", office.BUREAU),
    "leader": ("bureau_leader", office.BUREAU),
    "publisher": ("publisher", office.BUREAU),
}
REPEATED = 0.2  # of the acknowledged requests are sent again
MOST_OPEN = 30  # applications a client begins
POOLED = ("expert", "inspector")  # who is drawn or sent
RETURNING = {"acceptance", "first_review"}  # forms that may hand an application back
TEXT_OF = {  # where the word stands
    "application": "governance",
    "call_notice": "title",
    "panel": "fields",
    "draw_sample": "note",
    "late_sample": "reason",
    "check_objections": "note",
    "publish": "title",
}
WORDLESS = {"declare_interest", "open_opinions", "stance"}  # who agrees has nothing to write
# What a colleague, the closing time or four eyes may answer to a first attempt. Never to one's own repetition.
REFUSALS = {"task_already_done", "task_claimed_by_another", "conflict", "refused", "not_found", "forbidden"}


@dataclass
class Ledger:
    """What the clients were told, all of them together."""

    done: list[Done] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # task, person, code: a colleague was faster
    faults: list[str] = field(default_factory=list)  # 5xx, or an answer that should not be
    counts: Counter[str] = field(default_factory=Counter)
    concluded: set[int] = field(default_factory=set)  # cases whose panel's opinion was acknowledged
    round_of: dict[int, int] = field(default_factory=dict)


@dataclass
class Line:
    """Where the server is now, and how far its clock is ahead."""

    port: int = 0
    ahead_seconds: float = 0.0
    open: threading.Event = field(default_factory=threading.Event)  # cleared while no server listens
    over: threading.Event = field(default_factory=threading.Event)  # finish what you are at, and go

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_seconds)


@dataclass(frozen=True)
class Request:
    account: str
    method: str
    path: str
    given: Any
    key: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    status: int
    replayed: bool
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Client(threading.Thread):
    """One of the offices at work."""

    def __init__(
        self,
        number: int,
        tokens: Mapping[str, str],
        round_id: int,
        line: Line,
        ledger: Ledger,
        *,
        pool: Mapping[str, int],
        returns: float,
    ) -> None:
        super().__init__(name=f"client {number}")
        self.number = number
        self.tokens = tokens  # by account
        self.pool = pool  # account → number in the pool
        self.experts = [account for account in pool if account.startswith("expert.")]  # one a client
        self.round_id = round_id  # one that stays open
        self.line = line
        self.ledger = ledger
        self.returns = returns  # share of the applications handed back
        self.random = random.Random(number)
        self._numbers = itertools.count(1)
        self.opened = 0

    def run(self) -> None:
        try:
            while not self.line.over.is_set():
                self._turn()
        except Exception as error:  # a client that fails must not do so in silence
            self.ledger.faults.append(f"{self.name}: {error!r}")

    # -- what it does ----------------------------------------------------------------------------------

    def _turn(self) -> None:
        if self.random.random() < 0.03:
            self._open_round()
        for role in sorted(ROLES, key=self._turn_of):
            if role == "expert":
                if self._together():
                    return None
                continue
            tasks = self._inbox(role)
            if tasks:
                return self._complete(role, self.random.choice(tasks))
        return self._open_case() if self.opened < MOST_OPEN else time.sleep(0.05)

    def _turn_of(self, role: str) -> float:
        """The two who hand an application to and fro look first, mostly."""
        return self.random.random() * (1 if role in {"applicant", "officer"} else 4)

    def _inbox(self, role: str) -> list[dict[str, Any]]:
        answer = self._ask(role, "GET", "/tasks?mine=1&limit=100")
        return list(answer.said["items"]) if answer.status == 200 else []

    def _open_round(self) -> None:
        word = self._word()
        given = {"regime": office.REGIME, "year": samples.YEAR, "title": word, "again": "试验用的批次"}
        self._ask("officer", "POST", "/rounds", given, key=word)

    def _open_case(self) -> None:
        rounds = self._ask("applicant", "GET", "/rounds").said["items"]
        ids = [round_["id"] for round_ in rounds if round_["state"] == "open"]
        chosen = self.random.choice([self.round_id, *ids])
        word = self._word()
        name = f"{word}中小企业特色产业集群（特种铝型材产业）"
        data = {**samples.ANSWERS["application_start"], "round_id": chosen, "cluster_name": name}
        given = {"regime": office.REGIME, "process": "application", "data": data}
        answer = self._ask("applicant", "POST", "/cases", given, key=word)
        if answer.status == 201:
            self.opened += 1
            self.ledger.round_of[answer.said["id"]] = chosen
            self.ledger.done.append(Done("case", str(answer.said["id"]), self._account("applicant"), name))

    def _together(self) -> bool:
        """The experts of one case finish at the same moment: as many commands, as many tasks, one state.

        Experts are drawn from all; one client sees to a case's panel, so that nobody has two pairs of hands.
        """
        waiting: dict[int, list[tuple[str, dict[str, Any]]]] = {}
        for expert in self.experts:
            for task in self._inbox(expert):
                if task["case_id"] % len(self.experts) == self.number:
                    waiting.setdefault(task["case_id"], []).append((expert, task))
        if not waiting:
            return False
        chosen = self.random.choice(list(waiting.values()))
        together = [threading.Thread(target=self._complete, args=each) for each in chosen]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
        return True

    def _complete(self, role: str, task: dict[str, Any]) -> None:
        detail = self._ask(role, "GET", f"/tasks/{task['id']}")
        if detail.status != 200:  # a colleague took it meanwhile
            return
        form, word = detail.said["form"], self._word()
        given = {"data": self._data(task["case_id"], form, word)}
        answer = self._ask(role, "POST", f"/tasks/{task['id']}/complete", given, key=word)
        if answer.status == 200:
            if answer.said["id"] != task["case_id"]:
                self.ledger.faults.append(f"{task['id']}: the answer speaks of case {answer.said['id']}")
            if form == "expert_review":
                self.ledger.concluded.add(task["case_id"])
            self.ledger.done.append(Done("task", task["id"], self._account(role), "" if form in WORDLESS else word))
        elif answer.status in {403, 404, 409} and answer.said["code"] in REFUSALS:
            self.ledger.refused.append((task["id"], self._account(role), answer.said["code"]))
        elif answer.status != 422 or form not in {"call_notice", "draft_list"}:
            self.ledger.faults.append(f"{form}: {answer.status} {answer.body[:300]!r}")

    def _data(self, case_id: int, form: str, word: str) -> dict[str, Any]:
        """A right answer for the form, with the word in a text of it."""
        right = samples.ANSWERS[form]
        if form in WORDLESS:
            return right
        if form in RETURNING and self.random.random() < self.returns:
            findings = {name: finding for name, finding in right.items() if name.startswith("finding_")}
            return {**findings, "decision": "return", "opinion": word, "remarks": [{"field": "output", "remark": word}]}
        said = [word] if form == "panel" else word
        return {**right, TEXT_OF.get(form, "opinion"): said, **self._particular(case_id, form, word)}

    def _particular(self, case_id: int, form: str, word: str) -> dict[str, Any]:
        """What the samples cannot know."""
        beside = (self.number + 1) % len(self.experts)
        team = [self.pool[f"inspector.{number}"] for number in (self.number, beside)]  # who leads reports
        match form:
            case "call_notice":  # it closes before the next server lives
                return {"closes_at": (self.line.now() + timedelta(hours=12)).isoformat(timespec="seconds")}
            case "draw_sample":  # who is still under review is left out
                return {"without_unfinished": True}
            case "arrange_inspection":
                return {"inspectors": team, "leader": team[0]}
            case "site_inspection":
                today = f"{self.line.now().astimezone(clock.SHANGHAI):%Y-%m-%d}"
                return {"inspectors": team, "inspected_on": today}
            case "draft_list":
                cases = self._reviewed(case_id)
                return {"cases": cases, "reasons": [{"case": case, "reason": word} for case in cases]}
        return {}

    def _reviewed(self, round_case: int) -> list[int]:
        """The round's cases whose panel is through and that have nothing left to do."""
        round_id = self._ask("officer", "GET", f"/cases/{round_case}").said["round_id"]
        concluded = [id_ for id_ in sorted(self.ledger.concluded.copy()) if self.ledger.round_of.get(id_) == round_id]
        seen = {id_: self._ask("officer", "GET", f"/cases/{id_}").said for id_ in concluded}
        return [id_ for id_, case in seen.items() if case["status"] == "open" and not case["tasks"]]

    # -- how it asks -----------------------------------------------------------------------------------

    def _ask(self, role: str, method: str, path: str, given: Any = None, *, key: str = "") -> Answer:
        """The answer, however often it takes: the same request with the same key until a server answers it."""
        asked = Request(self._account(role), method, path, given, f"{self.number}:{key}" if key else "")
        first = self._until_answered(asked)
        if first.status >= 500:
            self.ledger.faults.append(f"{asked}: {first.status} {first.body[:300]!r}")
        elif key and first.status < 300:
            self.ledger.counts["acknowledged"] += 1
            self.ledger.counts["replayed after a lost answer"] += first.replayed
            if self.random.random() < REPEATED:
                self._repeat(asked, first)
        return first

    def _repeat(self, asked: Request, first: Answer) -> None:
        again = self._until_answered(asked)
        self.ledger.counts["repeated on purpose"] += 1
        if (again.status, again.body, again.replayed) != (first.status, first.body, True):
            self.ledger.faults.append(f"{asked} again: {again.status} {again.body[:300]!r}, at first {first}")

    def _until_answered(self, asked: Request) -> Answer:
        while True:
            self.line.open.wait()
            try:
                return self._once(asked)
            except (OSError, http.client.HTTPException):  # it died before or after it did it
                self.ledger.counts["unanswered"] += 1
                time.sleep(0.02)

    def _once(self, asked: Request) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[asked.account]}"}
        headers |= {"Idempotency-Key": asked.key} if asked.key else {}
        headers |= {"Content-Type": "application/json"} if asked.given is not None else {}
        body = json.dumps(asked.given) if asked.given is not None else None
        connection = http.client.HTTPConnection("127.0.0.1", self.line.port, timeout=30)
        try:
            connection.request(asked.method, f"/api/v1{asked.path}", body, headers)
            with connection.getresponse() as response:
                replayed = response.getheader("Idempotency-Replayed") == "true"
                return Answer(response.status, replayed, response.read())
        finally:
            connection.close()

    def _word(self) -> str:
        return f"c{self.number}w{next(self._numbers)}z"

    def _account(self, role: str) -> str:
        """The account of this client's that has the role; an account itself stays what it is."""
        return role if "." in role else f"{role}.{self.number}"
