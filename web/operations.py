"""Operations of the API: a typed function becomes a view, in one transaction, done once, and described by its types.

    @routes.post("/tasks/<task_id>/claim")
    @guard("task.claim")
    @operation(problems={404, 409})
    def claim_task(session: Session, actor: Actor, task_id: str) -> TaskState: ...

`session`, `actor`, `body` and `query` are filled in by name, everything else comes from the address.
"""

import hashlib
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, get_args, get_type_hints

from flask import Response, g, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from web import context, guard, idempotency, reading
from web.errors import RequestInvalid
from web.idempotency import Answer

_OPERATION = "jiqun_operation"


@dataclass(frozen=True)
class Operation:
    """What a view takes and answers: read by openapi.py, and by the view itself."""

    answer: type[BaseModel] | None = None  # None: nothing, or what `media_types` says
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    problems: frozenset[int] = frozenset()  # statuses beside those that every such operation may answer
    location: str = ""  # of what was made, filled from the answer: "/api/v1/cases/{id}"
    multipart: Mapping[str, str] = field(default_factory=dict)  # field → what it holds, for uploads
    most_files: int = 0  # in each of those fields, beside those of a body; 0: it is one file, and nothing else
    media_types: tuple[str, ...] = ("application/json",)


def operation(
    *, status: int = 200, problems: Collection[int] = (), location: str = "", media_types: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Make a view of a function. GET reads; all else writes, and is carried out once a key."""

    def make(function: Callable[..., Any]) -> Callable[..., Response]:
        hints, wanted = get_type_hints(function), inspect.signature(function).parameters
        answers = get_args(hints["return"]) or (hints["return"],)
        described = Operation(
            answer=next((kind for kind in answers if issubclass(kind, BaseModel)), None),
            status=status,
            body=hints.get("body"),
            query=hints.get("query"),
            problems=frozenset(problems),
            location=location,
            media_types=media_types or ("application/json",),
        )

        @documented(described)
        @wraps(function)
        def view(**given: Any) -> Response:
            if described.query:
                given["query"] = reading.query(described.query)
            else:
                no_query()
            if described.body:
                given["body"] = reading.body(described.body)
            if "actor" in wanted:
                given["actor"] = guard.actor()
            if request.method in {"GET", "HEAD"}:
                with context.current().database.read() as session:
                    return answered(described, function(session=session, **given))
            return carry_out(described, lambda session: function(session=session, **given))

        return view

    return make


def documented(described: Operation) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe a view that does its own reading, as an upload must before a transaction begins."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        setattr(view, _OPERATION, described)
        return view

    return mark


def of(view: Callable[..., Any]) -> Operation | None:
    """The description of a view, if it is an operation."""
    return getattr(view, _OPERATION, None)


def carry_out(described: Operation, command: Callable[[Session], Any], *content: str) -> Response:
    """Run a command in a transaction of its own, once for its Idempotency-Key if it has one.

    `content` stands for the body in the comparison of requests where its bytes differ each time (multipart).
    """
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    if key is not None and (not 1 <= len(key) <= idempotency.LONGEST_KEY or not key.isprintable()):
        raise RequestInvalid(f"Idempotency-Key 应为 1 至 {idempotency.LONGEST_KEY} 个字符")
    with context.current().database.write() as session:

        def effect() -> Answer:
            made = command(session)
            return Answer(described.status, made.model_dump_json() if made is not None else "")

        if key is None or g.actor is None:
            answer = effect()
        else:
            asked = _request_hash(content)
            answer = idempotency.carried_out(session, g.actor.person_id, key, asked, effect)
    return _sent(described, answer)


def answered(described: Operation, made: Any) -> Response:
    """What was made, as it is told: for a view that does its own reading."""
    if isinstance(made, Response):
        return made
    return _sent(described, Answer(described.status, made.model_dump_json()))


def _sent(described: Operation, answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status)
    if answer.body:
        response.mimetype = "application/json"
    else:
        response.headers.remove("Content-Type")
    if described.location:
        response.headers["Location"] = described.location.format(**reading.parse(answer.body.encode()))
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _request_hash(content: tuple[str, ...]) -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}".encode())
    for part in content or (hashlib.sha256(request.get_data()).hexdigest(),):
        digest.update(b"\x00" + part.encode())
    return digest.hexdigest()


def no_query() -> None:
    """Nothing, if the address has no parameters. Raises RequestInvalid: 422."""
    if request.args:
        unknown = next(iter(request.args))
        raise RequestInvalid(
            "此地址不带参数", 422, [{"field": unknown[:100], "code": "extra_forbidden", "message": "没有这一项"}]
        )
