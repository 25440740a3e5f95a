"""The client of the contract notices where document and server part, and where its own caller leaves the document."""

import json
from typing import Any

import pytest

from tests.integration.contract import Broken, Contract, Document, hold_form
from tests.integration.http import Answer

READ: dict[str, Any] = {
    "paths": {
        "/things/{thing_id}": {
            "get": {
                "operationId": "show_thing",
                "security": [],
                "parameters": [
                    {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "maximum": 200}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "204": {"description": "已完成"},
                    "default": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            },
            "post": {
                "operationId": "make_thing",
                "security": [{"bearer": []}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {"201": {"headers": {"Location": {}}}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "part": {"$ref": "#/components/schemas/Part"}},
                "required": ["id"],
            },
            "Part": {
                "type": "object",
                "properties": {"day": {"type": "string", "format": "date"}},
                "required": ["day"],
            },
        }
    },
}
NOWHERE = ("127.0.0.1", 1)  # nobody listens: what is wrong is found before anything is sent
GUEST = Contract(NOWHERE, document=Document(READ))


def answer(told: Any, status: int = 200, media_type: str = "application/json") -> Answer:
    return Answer(status, {"content-type": media_type}, json.dumps(told).encode())


def expect(given: Answer, operation: str = "show_thing") -> None:
    GUEST.expect(GUEST.document.operation(operation), given)


def test_an_answer_as_described_is_taken() -> None:
    expect(answer({"id": 1}))
    expect(answer({"id": 1, "part": {"day": "2025-10-13"}}, media_type="application/json; charset=utf-8"))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (answer({}), "'id' is a required property"),
        (answer({"id": "1"}), "is not of type 'integer'"),
        (answer({"id": 1, "more": 2}), "'more' was unexpected"),
        (answer({"id": 1, "part": {}}), "'day' is a required property"),
        (answer({"id": 1, "part": {"day": "2025-10-13", "more": 2}}), "'more' was unexpected"),
        (answer({"id": 1, "part": {"day": "2025-02-30"}}), "is not a 'date'"),
        (answer({"id": 1}, 202), "202 is not described"),
        (answer({"code": "refused"}, 409), "409 is not described"),  # `default` stands for a server that is broken
        (answer({"id": 1}, media_type="text/html"), "text/html is not described"),
        (answer({"id": 1}, 204), "204 has no body"),
    ],
)
def test_an_answer_that_is_not_described_is_noticed(given: Answer, why: str) -> None:
    with pytest.raises(Broken, match=why):
        expect(given)


def test_a_header_that_is_promised_is_looked_for() -> None:
    with pytest.raises(Broken, match="no header Location"):
        expect(Answer(201, {}, b""), "make_thing")
    expect(Answer(201, {"location": "/things/1"}, b""), "make_thing")


@pytest.mark.parametrize(
    ("operation", "body", "parameters", "why"),
    [
        ("lose_thing", None, {}, "no operation lose_thing"),
        ("show_thing", None, {}, "asks for thing_id"),
        ("show_thing", None, {"thing_id": 1, "colour": "red"}, "has no parameter colour"),
        ("show_thing", None, {"thing_id": "one"}, "is not of type 'integer'"),
        ("show_thing", None, {"thing_id": 1, "limit": 201}, "greater than the maximum"),
        ("show_thing", {"id": 1}, {"thing_id": 1}, "takes no application/json"),
        ("make_thing", {"id": 1}, {}, "asks for a token"),
    ],
)
def test_what_the_document_does_not_describe_is_not_sent(
    operation: str, body: Any, parameters: dict[str, Any], why: str
) -> None:
    with pytest.raises(Broken, match=why):
        GUEST.ask(operation, body, **parameters)


@pytest.mark.parametrize(("body", "why"), [(None, "asks for a body"), ({"id": None}, "is not of type 'integer'")])
def test_a_body_that_is_not_as_described_is_not_sent(body: Any, why: str) -> None:
    with pytest.raises(Broken, match=why):
        GUEST.with_token("secret").ask("make_thing", body)


FORM: dict[str, Any] = {
    "title": "受理",
    "type": "object",
    "additionalProperties": False,
    "required": ["decision", "remark"],
    "properties": {
        "decision": {"enum": ["accept", "return"]},
        "remark": {"type": "string", "x-show-when": {"field": "decision", "in": ["return"]}},
    },
}


def test_a_form_asks_for_what_it_shows() -> None:
    hold_form(FORM, {"decision": "accept"})
    hold_form(FORM, {"decision": "return", "remark": "请补交"})
    for data in ({}, {"decision": "return"}, {"decision": "accept", "remark": "请补交"}, {"decision": "lose"}):
        with pytest.raises(Broken, match="受理"):
            hold_form(FORM, data)
