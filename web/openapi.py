"""The OpenAPI 3.1 document, generated from routes, policies, models and docstrings: nothing in it is written twice."""

import inspect
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from engine import access
from engine.columns import dump_json
from web import errors, operations, told, version
from web.guard import guard, policy_of
from web.idempotency import LONGEST_KEY
from web.operations import Operation

routes = Blueprint("openapi", __name__)

PREFIX = "/api/v1"
_REFERENCE = "#/components/schemas/{model}"
_CONVERTERS: Mapping[str, Mapping[str, Any]] = {
    "number": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "default": {"type": "string", "minLength": 1},
}
_WORDS = {200: "好", 201: "已建立", 204: "已完成"}


@routes.get("/openapi.json")
@guard("public.read")
def openapi() -> Response:
    """本接口的说明"""
    return Response(_text(current_app._get_current_object()), mimetype="application/json")  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def _text(app: Flask) -> str:
    return dump_json(document(app))


def document(app: Flask) -> dict[str, Any]:
    """The description of every operation of `app` below /api/v1."""
    described = [(rule, operation) for rule in _rules(app) if (operation := operations.of(_view(app, rule)))]
    named = _definitions([operation for _, operation in described])
    paths: dict[str, dict[str, Any]] = {}
    for rule, operation in described:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            address = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            paths.setdefault(address, {})[method.lower()] = _operation(app, rule, operation, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "集群通 API",
            "version": version.current(),
            "description": "集群的申报、审核、公示与认定。拒绝的原因一律以 application/problem+json 说明。",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in sorted(_tags(app, described).items())],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "接口令牌（jiqun user token）或登录令牌（POST /session）",
                }
            },
        },
    }


def _rules(app: Flask) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIX + "/")]
    return sorted(rules, key=lambda rule: rule.rule)


def _view(app: Flask, rule: Rule) -> Any:
    return app.view_functions[rule.endpoint]


def _operation(app: Flask, rule: Rule, operation: Operation, method: str) -> dict[str, Any]:
    view, action = _view(app, rule), policy_of(app, rule.endpoint) or ""
    summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n")
    signed_in = action not in access.OPEN_TO_ALL
    described: dict[str, Any] = {
        "operationId": view.__name__,
        "summary": summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": [*_path(rule), *_query(operation), *([_KEY] if method == "POST" else [])],
        "responses": _responses(rule, operation, method, signed_in),
        "security": [{"bearer": []}] if signed_in else [],
    }
    allowed = "、".join(access.ROLES[role] for role in access.ROLES if action and _allows(action, role))
    notes = [more.strip(), f"岗位：{allowed}。" if signed_in and allowed else ""]
    if any(notes):
        described["description"] = "\n\n".join(note for note in notes if note)
    taken = {}
    if operation.body:
        taken["application/json"] = _reference(operation.body)
    if operation.multipart:
        taken["multipart/form-data"] = _form(operation)
    if taken:
        content = {media_type: {"schema": schema} for media_type, schema in taken.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _form(operation: Operation) -> dict[str, Any]:
    """A form with files: alone, or a list of them beside what the body has."""
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    beside: dict[str, Any] = operation.body.model_json_schema() if operation.body else {"properties": {}}
    required = beside.get("required", []) if operation.most_files else list(operation.multipart)
    fields = dict(beside["properties"])
    for name, text in operation.multipart.items():
        several = {"type": "array", "items": file, "maxItems": operation.most_files}
        fields[name] = {**(several if operation.most_files else file), "description": text}
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _allows(action: str, role: str) -> bool:
    policy = access.POLICIES.get(action)
    return policy is not None and role in policy.roles


def _path(rule: Rule) -> list[dict[str, Any]]:
    found = re.findall(r"<(?:(\w+):)?(\w+)>", rule.rule)
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(_CONVERTERS[kind or "default"])}
        for kind, name in found
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", [])
    return [_parameter(name, part, name in required) for name, part in schema["properties"].items()]


def _parameter(name: str, part: dict[str, Any], required: bool) -> dict[str, Any]:
    schema = {key: value for key, value in part.items() if key not in ("title", "description", "anyOf")}
    if "anyOf" in part:  # "or null" means that it may be left out
        schema |= part["anyOf"][0]
        del schema["default"]
    description = part.get("description", schema.pop("description", ""))
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _responses(rule: Rule, operation: Operation, method: str, signed_in: bool) -> dict[str, Any]:
    good: dict[str, Any] = {"description": _WORDS[operation.status]}
    content: dict[str, Any] = {}
    for media_type in operation.media_types if operation.status != 204 else ():
        if media_type == "application/json" and operation.answer:
            content[media_type] = {"schema": _reference(operation.answer)}
        elif media_type != "application/json":
            content[media_type] = {"schema": {"type": "string"}}
    if content:
        good["content"] = content
    if operation.location:
        good["headers"] = {"Location": {"description": "所建立者的地址", "schema": {"type": "string"}}}
    statuses = set(operation.problems) | {400, 503}
    if "<" in rule.rule:
        statuses.add(404)
    if signed_in:
        statuses |= {401, 403}
    if operation.body:
        statuses |= {413, 415}
    if method != "DELETE":
        statuses.add(422)
    refused = {str(status): _refusal(status) for status in sorted(statuses)}
    return {str(operation.status): good, **refused, "default": _refusal(500)}


def _refusal(status: int) -> dict[str, Any]:
    content = {errors.MEDIA_TYPE: {"schema": _reference(told.Problem)}}
    return {"description": errors.TITLES[status], "content": content}


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _definitions(described: list[Operation]) -> dict[str, Any]:
    answers: list[type[BaseModel]] = [operation.answer for operation in described if operation.answer]
    bodies = [operation.body for operation in described if operation.body]
    taken = [(model, "validation") for model in dict.fromkeys(bodies)]
    given_back = [(model, "serialization") for model in dict.fromkeys([*answers, told.Problem])]
    _, schema = models_json_schema([*taken, *given_back], ref_template=_REFERENCE)  # type: ignore[list-item]
    return dict(schema["$defs"])


def _tags(app: Flask, described: list[tuple[Rule, Operation]]) -> dict[str, str]:
    return {
        rule.endpoint.partition(".")[0]: (sys.modules[_view(app, rule).__module__].__doc__ or "").partition("\n")[0]
        for rule, _ in described
    }


_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "同一请求重复发送时带同一个键：只办理一次，得到同一答复。保留七天。",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
