"""迁移."""

from typing import Annotated

from flask import Blueprint
from pydantic import Field
from sqlalchemy.orm import Session

from engine import deployments
from engine.access import Actor
from engine.models import Case
from engine.moves import moving
from web.given import Given
from web.guard import guard
from web.operations import operation
from web.told_moves import MoveDone, MoveVerdict

routes = Blueprint("moves", __name__)

Number = Annotated[int, Field(ge=1, le=2**31 - 1, description="流程版本")]


class MoveAsked(Given):
    """预演到哪一版本。"""

    to: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="流程版本；不写则为现行版本")] = None


class MoveGiven(Given):
    to: Number
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="预演时办件的版次")] = None
    unknown: Annotated[bool, Field(description="预演未能断定的也迁移")] = False


@routes.get("/cases/<number:case_id>/move")
@guard("case.move")
@operation(problems={404, 409})
def judge_move(session: Session, actor: Actor, case_id: int, query: MoveAsked) -> MoveVerdict:
    """预演迁移

    依办理记录在另一版本上重演，再查看此后的每一种走法。不改变办件。
    """
    case, other, found = moving.verdict(session, actor, case_id, query.to)
    return MoveVerdict(
        case=case.id,
        version=case.version,
        before=deployments.number(session, case.deployment_id),
        to=other.number,
        verdict=found.result,
        why=found.why,
        path=list(found.path),
        stands=list(found.stands),
        words=list(found.words),
        notes=list(found.notes),
    )


@routes.post("/cases/<number:case_id>/move")
@guard("case.move")
@operation(problems={404, 409})
def move_case(session: Session, actor: Actor, case_id: int, body: MoveGiven) -> MoveDone:
    """迁移

    待办、草稿、经办人和期限不变。其后没有办理的，可以撤销。
    """
    made = moving.move(session, actor, case_id, body.to, seen=body.version, unknown=body.unknown)
    return _done(session, case_id, made.from_id, made.to_id)


@routes.post("/cases/<number:case_id>/move/undo")
@guard("case.move")
@operation(problems={404, 409})
def undo_move(session: Session, actor: Actor, case_id: int) -> MoveDone:
    """撤销迁移

    办件回到迁移之前；迁移之后有办理的，不能撤销。
    """
    made = moving.undo(session, actor, case_id)
    return _done(session, case_id, made.to_id, made.from_id)


def _done(session: Session, case_id: int, before: int, after: int) -> MoveDone:
    return MoveDone(
        case=case_id,
        before=deployments.number(session, before),
        to=deployments.number(session, after),
        version=session.get_one(Case, case_id).version,
    )
