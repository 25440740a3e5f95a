"""A client that knows the server's address and what stands in its OpenAPI document, and nothing else.

Operations are called by their operationId, parameters by their names. What is sent is held against the document first;
an answer of a status, a type or a shape that the document does not name is a broken promise; so is a field too many.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.integration.http import Answer, bearer, exchange

Schema: TypeAlias = Mapping[str, Any]
Address: TypeAlias = tuple[str, int]
Files: TypeAlias = Mapping[str, Sequence[tuple[str, bytes]]]  # field → name and content of each

_WHERE = "/api/v1/openapi.json"  # the one address that somebody has to be told


class Broken(AssertionError):
    """The document and the server say different things, or the caller does what the document does not describe."""


@dataclass(frozen=True)
class Operation:
    """One operation as the document describes it."""

    name: str
    method: str
    path: str
    described: Schema

    @cached_property
    def parameters(self) -> dict[str, Schema]:
        return {each["name"]: each for each in self.described.get("parameters", ())}

    @property
    def good(self) -> int:
        """The one status of success."""
        (status,) = [int(status) for status in self.described["responses"] if status.startswith("2")]
        return status


class Document:
    """The OpenAPI document of a server."""

    def __init__(self, read: Schema) -> None:
        self._schemas: dict[str, Any] = read["components"]["schemas"]
        self._closed = {name: closed(schema) for name, schema in self._schemas.items()}
        self._validators: dict[tuple[Any, ...], Draft202012Validator] = {}
        self.operations = {
            described["operationId"]: Operation(described["operationId"], method.upper(), path, described)
            for path, methods in read["paths"].items()
            for method, described in methods.items()
        }

    def operation(self, name: str) -> Operation:
        if name not in self.operations:
            raise Broken(f"the document has no operation {name}")
        return self.operations[name]

    def hold(self, told: Any, schema: Schema, *about: Any, answered: bool = False) -> None:
        """Nothing, if this is as the schema says. `about` names the schema; what is answered has no field more."""
        key = (*about, answered)
        if key not in self._validators:
            schemas = self._closed if answered else self._schemas
            whole = {**(closed(schema) if answered else schema), "components": {"schemas": schemas}}
            self._validators[key] = Draft202012Validator(whole, format_checker=FormatChecker())
        _hold(self._validators[key], told, about)


@dataclass(frozen=True)
class Contract:
    """Somebody with a token, or without one, who has read the document."""

    address: Address
    token: str = ""
    document: Document = field(repr=False, kw_only=True)

    @classmethod
    def read(cls, address: Address) -> "Contract":
        """Nobody yet, with the document as the server gives it."""
        answer = exchange(address, "GET", _WHERE, {})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        return cls(address, document=Document(answer.json))

    def with_token(self, token: str) -> "Contract":
        return Contract(self.address, token, document=self.document)

    # ---- what a client does --------------------------------------------------------------------

    def call(self, operation_id: str, body: Any = None, /, *, files: Files | None = None, **parameters: Any) -> Any:
        """The answer to an operation that must succeed: JSON read, anything else as its bytes."""
        operation = self.document.operation(operation_id)
        answer = self.ask(operation_id, body, files=files, **parameters)
        if answer.status != operation.good:
            raise Broken(f"{operation_id}: {answer.status} {answer.body.decode()}")
        return answer.json if _type_of(answer) == "application/json" else answer.body

    def refused(self, operation_id: str, body: Any = None, /, **parameters: Any) -> tuple[int, str]:
        """Status and code of an operation that must not succeed."""
        return self.ask(operation_id, body, **parameters).refusal

    def every(self, operation_id: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The rows of a list, a page after another: `next` is the same list with other parameters."""
        known = self.document.operation(operation_id).parameters
        while True:
            page = self.call(operation_id, **parameters)
            yield from page["items"]
            if not page.get("next"):
                return
            given = parse_qsl(urlsplit(page["next"]).query)
            parameters |= {name: _typed(known[name]["schema"], text) for name, text in given}

    def ask(self, operation_id: str, body: Any = None, /, *, files: Files | None = None, **parameters: Any) -> Answer:
        """Send what the document describes, and nothing else; the answer is one that it describes."""
        operation = self.document.operation(operation_id)
        target, headers = self._placed(operation, parameters)
        if operation.described["security"] and not self.token:
            raise Broken(f"{operation_id} asks for a token")
        content, media_type = self._written(operation, body, files)
        headers |= {"Content-Type": media_type} if media_type else {}
        answer = exchange(self.address, operation.method, target, {**headers, **bearer(self.token)}, content)
        self.expect(operation, answer)
        return answer

    def expect(self, operation: Operation, answer: Answer) -> None:
        """Nothing, if the answer is one that the document describes."""
        told = operation.described["responses"].get(str(answer.status))
        if told is None:
            raise Broken(f"{operation.name}: {answer.status} is not described: {answer.body.decode()[:300]}")
        for name in told.get("headers", {}):
            if name.lower() not in answer.headers:
                raise Broken(f"{operation.name}: no header {name}")
        described, media_type = told.get("content", {}), _type_of(answer)
        if not described:
            if answer.body:
                raise Broken(f"{operation.name}: {answer.status} has no body in the document")
            return
        if media_type not in described:
            raise Broken(f"{operation.name}: {media_type} is not described for {answer.status}")
        if media_type.endswith("json"):
            schema = described[media_type]["schema"]
            self.document.hold(answer.json, schema, operation.name, answer.status, answered=True)

    # ---- what is sent --------------------------------------------------------------------------

    def _placed(self, operation: Operation, parameters: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """The parameters where the document puts them: the address with its query, and headers."""
        known = operation.parameters
        if unknown := parameters.keys() - known.keys():
            raise Broken(f"{operation.name} has no parameter {', '.join(sorted(unknown))}")
        if missing := {name for name, each in known.items() if each["required"]} - parameters.keys():
            raise Broken(f"{operation.name} asks for {', '.join(sorted(missing))}")
        target, query, headers = operation.path, dict[str, str](), dict[str, str]()
        for name, value in parameters.items():
            self.document.hold(value, known[name]["schema"], operation.name, "parameter", name)
            match known[name]["in"]:
                case "path":
                    target = target.replace(f"{{{name}}}", quote(str(value), safe=""))
                case "query":
                    query[name] = str(value)
                case "header":
                    headers[name] = str(value)
        return f"{target}?{urlencode(query)}" if query else target, headers

    def _written(self, operation: Operation, body: Any, files: Files | None) -> tuple[bytes | None, str]:
        content = operation.described.get("requestBody", {}).get("content", {})
        if body is None and files is None:
            if operation.described.get("requestBody", {}).get("required"):
                raise Broken(f"{operation.name} asks for a body")
            return None, ""
        media_type = "application/json" if files is None else "multipart/form-data"
        if media_type not in content:
            raise Broken(f"{operation.name} takes no {media_type}")
        schema = content[media_type]["schema"]
        if files is None:
            self.document.hold(body, schema, operation.name, media_type)
            return json.dumps(body).encode(), media_type
        several = {name: schema["properties"].get(name, {}).get("type") == "array" for name in files}
        shown = {name: ["" for _ in sent] if several[name] else "" for name, sent in files.items()}
        self.document.hold({**(body or {}), **shown}, schema, operation.name, media_type)
        parts: dict[str, Any] = {name: str(value) for name, value in (body or {}).items()}
        parts |= {
            name: [FileStorage(BytesIO(bytes_), called) for called, bytes_ in sent] for name, sent in files.items()
        }
        boundary, written = encode_multipart(parts)
        return written, f"{media_type}; boundary={boundary}"


def closed(schema: Any) -> Any:
    """The schema with no room for what it does not name, wherever it does not say that there is some."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), Mapping) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def hold_form(form: Schema, data: Mapping[str, Any]) -> None:
    """Nothing, if these answers fit a form's JSON Schema, as the document says it is to be read.

    A field is asked for if the field that its `x-show-when` names is asked for and has one of the values `in`.
    """
    asked: dict[str, Any] = {}
    for name, schema in form["properties"].items():
        when = schema.get("x-show-when")
        if when is None or (when["field"] in asked and data.get(when["field"]) in when["in"]):
            asked[name] = schema
    required = [name for name in form.get("required", ()) if name in asked]
    _hold(Draft202012Validator({**form, "properties": asked, "required": required}), data, (form["title"],))


def _hold(validator: Draft202012Validator, told: Any, about: Sequence[Any]) -> None:
    wrong = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(told)]
    if wrong:
        raise Broken(f"{about}: " + "; ".join(wrong[:5]))


def _typed(schema: Schema, text: str) -> Any:
    return int(text) if schema["type"] == "integer" else text


def _type_of(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0]
