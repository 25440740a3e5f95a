"""专家库和抽查人员名录."""

from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import pool
from engine.access import Actor
from engine.pool import Member
from web.given_review import CardGiven, InterestGiven, MemberGiven, PoolAsked, ReasonGiven
from web.guard import guard
from web.operations import operation
from web.told_review import Interest, InterestList, PoolList, PoolMember

routes = Blueprint("pool", __name__)


@routes.get("/pool")
@guard("pool.read")
@operation()
def list_members(session: Session, actor: Actor, query: PoolAsked) -> PoolList:
    """名录

    本局人员看到全部，专家和抽查人员只看到自己。
    """
    found = pool.listed(session, actor, kind=query.kind, words=query.words)
    return PoolList(items=[_told(member) for member in found])


@routes.post("/pool")
@guard("pool.change")
@operation(status=201, problems={404, 409}, location="/api/v1/pool/{id}")
def add_member(session: Session, actor: Actor, body: MemberGiven) -> PoolMember:
    """加入名录

    账号须已有相应岗位。
    """
    member = pool.add(session, actor, body.bureau_code, body.name, kind=body.kind, card=body.card())
    return _one(session, actor, member.id)


@routes.get("/pool/<number:member_id>")
@guard("pool.read")
@operation(problems={404})
def show_member(session: Session, actor: Actor, member_id: int) -> PoolMember:
    """名录中的一人"""
    return _one(session, actor, member_id)


@routes.put("/pool/<number:member_id>")
@guard("pool.change")
@operation(problems={404})
def change_member(session: Session, actor: Actor, member_id: int, body: CardGiven) -> PoolMember:
    """修改名录中的一人

    已经抽取的专家组不受影响。
    """
    return _one(session, actor, pool.change(session, actor, member_id, body.card()).id)


@routes.post("/pool/<number:member_id>/suspend")
@guard("pool.change")
@operation(problems={404})
def suspend_member(session: Session, actor: Actor, member_id: int, body: ReasonGiven) -> PoolMember:
    """暂停抽取

    现任的席位不受影响。
    """
    return _one(session, actor, pool.suspend(session, actor, member_id, body.reason).id)


@routes.post("/pool/<number:member_id>/resume")
@guard("pool.change")
@operation(problems={404})
def resume_member(session: Session, actor: Actor, member_id: int) -> PoolMember:
    """恢复抽取"""
    return _one(session, actor, pool.resume(session, actor, member_id).id)


@routes.get("/pool/<number:member_id>/interests")
@guard("pool.read")
@operation(problems={404})
def list_interests(session: Session, actor: Actor, member_id: int) -> InterestList:
    """申报的利害关系"""
    return InterestList.model_validate({"items": pool.interests(session, actor, member_id)})


@routes.post("/pool/<number:member_id>/interests")
@guard("pool.declare")
@operation(status=201, problems={404})
def declare_interest(session: Session, actor: Actor, member_id: int, body: InterestGiven) -> Interest:
    """申报利害关系

    由本人，或由主管部门经办人代为申报；有利害关系的集群或单位，不抽取该专家。
    """
    made = pool.declare(
        session, actor, member_id, body.statement, cluster=body.cluster, organisation_code=body.organisation_code
    )
    found = pool.interests(session, actor, member_id)
    return Interest.model_validate(next(row for row in found if row["id"] == made.id))


def _one(session: Session, actor: Actor, member_id: int) -> PoolMember:
    pool.find(session, actor, member_id)
    return _told(next(member for member in pool.listed(session, actor) if member.id == member_id))


def _told(member: Member) -> PoolMember:
    facts: dict[str, Any] = {**vars(member), **vars(member.card), "fields": list(member.card.fields)}
    return PoolMember.model_validate(facts)
