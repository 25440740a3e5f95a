"""The API keeps its word: the OpenAPI document is valid, complete, and what schemathesis finds true of the answers."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask, Response
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from engine import access, queries
from engine.access import ROLES
from engine.db import Database
from tests import samples
from tests.clock import StandingClock
from tests.integration import place as place_
from tests.integration.place import NOBODY, THINGS, Place, nothing_kept
from web import guard, openapi
from web.worker import Worker

EXAMPLES = 10  # of each operation, for each kind of person, right and wrong together
NOWHERE = "0" * 32  # of no file and no task

# What the interfaces promise. Written by hand: the document is generated, the promise is not.
PROMISED = {
    "get /calendar/days",
    "get /calendar/notices",
    "post /calendar/notices",
    "get /calendar/notices/{holiday_notice_id}",
    "post /calendar/notices/{holiday_notice_id}/confirm",
    "post /calendar/notices/{holiday_notice_id}/reject",
    "post /calendar/overrides",
    "post /calendar/overrides/{override_id}/withdraw",
    "get /year",
    "post /obligations/{obligation_id}/urge",
    "get /pool",
    "post /pool",
    "get /pool/{member_id}",
    "put /pool/{member_id}",
    "post /pool/{member_id}/suspend",
    "post /pool/{member_id}/resume",
    "get /pool/{member_id}/interests",
    "post /pool/{member_id}/interests",
    "get /cases/{case_id}/candidates",
    "get /cases/{case_id}/panels",
    "get /cases/{case_id}/opinions",
    "post /seats/{seat_id}/replace",
    "post /seats/{seat_id}/pass-over",
    "get /cases/{case_id}/dossier",
    "get /cases/{case_id}/move",
    "post /cases/{case_id}/move",
    "post /cases/{case_id}/move/undo",
    "get /public/clusters/by-place",
    "get /public/clusters/{cluster_id}",
    "get /public/notices/{notice_id}/files/{file_id}",
    "get /tasks",
    "get /tasks/{task_id}",
    "get /tasks/{task_id}/worksheet",
    "get /regimes",
    "get /openings",
    "post /tasks/{task_id}/claim",
    "post /tasks/{task_id}/release",
    "post /tasks/{task_id}/complete",
    "post /tasks/{task_id}/return",
    "put /tasks/{task_id}/draft",
    "post /cases",
    "get /cases/{case_id}",
    "get /cases/{case_id}/history",
    "get /cases/{case_id}/answers",
    "get /cases/{case_id}/letters",
    "get /cases/{case_id}/prechecks",
    "get /messages",
    "post /messages/{message_id}/read",
    "get /calendar/{secret}.ics",
    "get /cases/{case_id}/files",
    "get /incidents",
    "get /suspensions",
    "post /cases/{case_id}/suspension",
    "post /cases/{case_id}/resumption",
    "get /cases/{case_id}/incident",
    "post /cases/{case_id}/incident/skip",
    "post /cases/{case_id}/incident/skip/confirm",
    "post /cases/{case_id}/incident/skip/refuse",
    "post /cases/{case_id}/incident/retry",
    "post /cases/{case_id}/incident/repair",
    "post /cases/{case_id}/incident/cancel",
    "get /rounds",
    "post /rounds",
    "get /rounds/{round_id}/cases",
    "get /rounds/{round_id}/late-filings",
    "post /rounds/{round_id}/late-filings",
    "post /tasks/{task_id}/urge",
    "post /tasks/{task_id}/assign",
    "get /rounds/{round_id}/samples",
    "get /visits",
    "get /visits/{inspection_id}",
    "post /visits/{inspection_id}/change",
    "post /visits/{inspection_id}/cancel",
    "get /clusters",
    "get /clusters/{cluster_id}",
    "get /clusters/{cluster_id}/obligations",
    "post /files",
    "get /files/{file_id}",
    "get /public/notices",
    "get /public/notices/{notice_id}",
    "get /public/clusters",
    "post /public/notices/{notice_id}/objections",
    "get /public/objections/{receipt}",
    "get /objections",
    "get /objections/{objection_id}",
    "get /objections/{objection_id}/files/{file_id}",
    "get /healthz",
    "get /readyz",
}


@pytest.fixture
def place(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Place:
    clock.move_to(samples.MOMENT)
    made = place_.furnish(sqlite_database, tmp_path / "data")
    Worker(sqlite_database, made.at.settings).tick()  # so that it is ready
    return made


def described(place: Place) -> dict[str, Any]:
    document: dict[str, Any] = place.ask(place.at.app, NOBODY, "GET", "/api/v1/openapi.json").get_json()
    return document


def each_operation(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path.removeprefix('/api/v1')}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_is_openapi_3_1(place: Place) -> None:
    document = described(place)
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_everything_promised_is_described(place: Place) -> None:
    assert each_operation(described(place)).keys() >= PROMISED


def test_every_operation_of_the_application_is_described(place: Place) -> None:
    app, routes = place.at.app, set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json"):
            path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule).removeprefix("/api/v1")
            routes |= {f"{method.lower()} {path}" for method in (rule.methods or set()) - {"HEAD"}}
    assert each_operation(described(place)).keys() == routes


def test_every_operation_says_in_chinese_what_it_does_and_who_may(place: Place) -> None:
    for name, operation in each_operation(described(place)).items():
        assert re.search(r"[\u4e00-\u9fff]", operation["summary"]), name
        view = next(v for v in place.at.app.view_functions.values() if v.__name__ == operation["operationId"])
        endpoint = next(e for e, v in place.at.app.view_functions.items() if v is view)
        action = guard.policy_of(place.at.app, endpoint)
        assert operation["security"] == ([] if action in access.OPEN_TO_ALL else [{"bearer": []}]), name
        if action in access.POLICIES:
            allowed = {role for role, title in ROLES.items() if title in operation["description"]}
            assert allowed == access.POLICIES[action].roles, name


def test_every_refusal_is_a_problem_document(place: Place) -> None:
    for name, operation in each_operation(described(place)).items():
        for status, answer in operation["responses"].items():
            if status == "default" or status >= "400":
                assert set(answer["content"]) == {"application/problem+json"}, (name, status)
        if operation["security"]:
            assert {"401", "403"} <= operation["responses"].keys(), name
        if "{" in name:
            assert "404" in operation["responses"], name


def test_every_post_takes_a_key(place: Place) -> None:
    for name, operation in each_operation(described(place)).items():
        headers = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"]
        assert headers == (["Idempotency-Key"] if name.startswith("post ") else []), name


def test_operations_have_names_of_their_own(place: Place) -> None:
    document = described(place)
    names = [operation["operationId"] for operation in each_operation(document).values()]
    assert len(names) == len(set(names))
    assert openapi.document(place.at.app) == document


# ---- schemathesis -------------------------------------------------------------------------------


def seeded(place: Place) -> dict[str, Any]:
    """The document, with the addresses narrowed to things that are there, and one that is not."""
    document = described(place)
    for operation in each_operation(document).values():
        # A header of its own is laid over by the one that says who asks; wrong keys have tests of their own.
        operation["parameters"] = [each for each in operation["parameters"] if each["in"] != "header"]
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                number = parameter["schema"]["type"] == "integer"
                ids = [place.ids[thing] for thing in THINGS[parameter["name"]]]
                known = [int(each) for each in ids] if number else ids
                parameter["schema"] = {"type": parameter["schema"]["type"]}
                parameter["schema"]["enum"] = [*known, 2**31 - 1 if number else NOWHERE]
    for schema in document["components"]["schemas"].values():
        for name in ("data", "variables"):
            given = schema.get("additionalProperties") is False  # what is answered stays as it is described
            if given and schema.get("properties", {}).get(name, {}).get("type") == "object":
                schema["properties"][name]["additionalProperties"] = ANSWER
    return document


# What stands in a form: numbers of a length that people write.
ANSWER = {"anyOf": [{"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": -9, "maximum": 10**12}]}

# A form's own rules are in its JSON Schema, not in this document: an answer of 422 to any object is right. What is
# wrong may be too much as well (413): a form of more parts than are read.
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "429"]
CHECKS = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    }
}


def read_whole(app: Flask) -> Any:
    """The same application; schemathesis leaves the file of a download open, so it gets it read already."""

    def serve(environ: Any, start_response: Any) -> list[bytes]:
        answer = app(environ, start_response)
        with closing(answer):
            return [b"".join(answer)]

    return serve


def try_all(place: Place, who: str, mode: GenerationMode, only: str = "") -> set[str]:
    """Call every operation as described; raises FailureGroup where an answer is not. Answers which were called."""
    schema = schemathesis.openapi.from_dict(seeded(place), config=SchemathesisConfig.from_dict(CHECKS))
    schema.app = read_whole(place.at.app)
    token = place.tokens.get(who, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    tried = set()
    with nothing_kept(place.at.database):
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)
            operation = result.ok()
            nothing_to_get_wrong = mode is GenerationMode.NEGATIVE and not (operation.query or operation.body)
            if nothing_to_get_wrong or only not in operation.label:
                continue

            @settings(
                max_examples=EXAMPLES,
                phases=[Phase.generate],
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case) -> None:
                tried.add(case.operation.label)
                case.call_and_validate(headers=headers)

            check()
    return tried


PEOPLE = ["county", "park", "city", "expert", "publisher", "owner", "auditor", "nobody"]


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_sent_as_described_is_answered_as_described(place: Place, who: str) -> None:
    """By whomever: no 5xx, no status, header, type or shape that the document does not name."""
    assert len(try_all(place, who, GenerationMode.POSITIVE)) == len(each_operation(described(place)))


@pytest.mark.parametrize("who", ["county", "city", "owner", "nobody"])
def test_what_is_not_as_described_is_not_accepted(place: Place, who: str) -> None:
    operations = each_operation(described(place)).values()
    with_query = {each["operationId"] for each in operations if any(one["in"] == "query" for one in each["parameters"])}
    with_body = {each["operationId"] for each in operations if "requestBody" in each}
    assert len(try_all(place, who, GenerationMode.NEGATIVE)) == len(with_query | with_body)
    assert len(with_query) >= 7
    assert len(with_body) >= 9


def test_an_answer_of_another_shape_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def untrue(cluster_id: int) -> Response:
        return Response('{"items": [{"id": "one"}]}', mimetype="application/json")

    monkeypatch.setattr(queries, "obligations", lambda *_: 1 / 0)
    with pytest.raises(FailureGroup):
        try_all(place, "city", GenerationMode.POSITIVE, only="obligations")
    monkeypatch.undo()
    endpoint = "clusters.list_obligations"
    monkeypatch.setitem(place.at.app.view_functions, endpoint, guard.guard("cluster.read")(untrue))
    with pytest.raises(FailureGroup):
        try_all(place, "city", GenerationMode.POSITIVE, only="obligations")
