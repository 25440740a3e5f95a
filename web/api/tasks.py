"""待办."""

from datetime import datetime
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import accounts, queries, tasks, urging, worksheet
from engine.access import Actor
from engine.models import Task
from web.api import paging
from web.form_html import layout_of
from web.given import Answers, AssignGiven, DraftGiven, InboxAsked
from web.guard import guard
from web.operations import operation
from web.told import CaseState, Draft, TaskDetail, TaskPage, TaskState
from web.told_work import TaskWorksheet

routes = Blueprint("tasks", __name__)


@routes.get("/tasks")
@guard("task.list")
@operation()
def list_tasks(session: Session, actor: Actor, query: InboxAsked) -> TaskPage:
    """待办列表

    先到期的在前，同日到期的先到的在前。
    """
    rows = queries.inbox(
        session,
        actor,
        mine=query.mine == "1",
        state=query.state,
        regime=query.regime,
        limit=query.limit + 1,
        after=paging.marked(query.after, _moment, _moment, str),
    )
    return TaskPage.model_validate(paging.page([_with_roles(row) for row in rows], query, _mark))


@routes.get("/tasks/<task_id>")
@guard("task.read")
@operation(problems={404})
def show_task(session: Session, actor: Actor, task_id: str) -> TaskDetail:
    """待办详情

    含表单的 JSON Schema、已有内容与本人草稿、为何由我办理、何时办结、不办的后果、所依条款。
    """
    return TaskDetail.model_validate(queries.task_detail(session, actor, task_id))


@routes.get("/tasks/<task_id>/worksheet")
@guard("task.read")
@operation(problems={404})
def show_worksheet(session: Session, actor: Actor, task_id: str) -> TaskWorksheet:
    """填写待办所需

    表单从何开始、可以选择哪些办件和人员、上一环节的意见。可以选择的内容随办理进展而变。
    """
    sheet = worksheet.worksheet(session, actor, task_id)
    layout = layout_of(sheet.form)
    found = worksheet.choices(session, actor, sheet, of_cases=layout.case_paths, of_members=layout.member_paths)
    choices = [
        {"field": path, "choices": [{"value": number, "title": title} for number, title in chosen]}
        for path, chosen in found.items()
    ]
    return TaskWorksheet.model_validate({"known": sheet.known, "choices": choices, "returned": sheet.returned})


@routes.post("/tasks/<task_id>/claim")
@guard("task.claim")
@operation(problems={404, 409})
def claim_task(session: Session, actor: Actor, task_id: str) -> TaskState:
    """认领待办

    认领后本单位同事不能办理，直至释放。重复认领自己的待办不改变什么。
    """
    return _state(tasks.claim(session, actor, task_id), actor)


@routes.post("/tasks/<task_id>/release")
@guard("task.release")
@operation(problems={404, 409})
def release_task(session: Session, actor: Actor, task_id: str) -> TaskState:
    """释放待办"""
    return _state(tasks.release(session, actor, task_id), actor)


@routes.post("/tasks/<task_id>/urge")
@guard("task.urge")
@operation(problems={404, 409})
def urge_task(session: Session, actor: Actor, task_id: str) -> TaskState:
    """催办

    通知承办单位尽快办理，每个工作日至多一次；当日已催办的，返回 409。
    """
    return _state(urging.urge(session, actor, task_id), actor)


@routes.post("/tasks/<task_id>/assign")
@guard("task.assign")
@operation(problems={404, 409})
def assign_task(session: Session, actor: Actor, task_id: str, body: AssignGiven) -> TaskState:
    """转交同事"""
    colleague = accounts.id_of(session, body.person) or 0  # nobody: refused in the same words as a stranger
    return _state(tasks.assign(session, actor, task_id, colleague), actor)


@routes.put("/tasks/<task_id>/draft")
@guard("task.draft")
@operation(problems={404, 409})
def save_draft(session: Session, actor: Actor, task_id: str, body: DraftGiven) -> Draft:
    """保存草稿

    `version` 为所依据的版本；草稿已在别处更新的，返回 409。
    """
    return Draft.model_validate(tasks.save_draft(session, actor, task_id, body.data, body.version))


@routes.post("/tasks/<task_id>/complete")
@guard("task.complete")
@operation(problems={404, 409})
def complete_task(session: Session, actor: Actor, task_id: str, body: Answers) -> CaseState:
    """办结待办

    表单有误的返回 422，每个字段一条；已由他人办结的返回 409。
    """
    return CaseState.model_validate(tasks.complete(session, actor, task_id, body.data))


@routes.post("/tasks/<task_id>/return")
@guard("task.return")
@operation(problems={404, 409})
def return_task(session: Session, actor: Actor, task_id: str, body: Answers) -> CaseState:
    """退回补正

    只适用于流程图画有退回路径的待办（`can_return`）。
    """
    return CaseState.model_validate(tasks.hand_back(session, actor, task_id, body.data))


def _state(task: Task, actor: Actor) -> TaskState:
    mine = task.assignee_id == actor.person_id
    return TaskState(id=task.id, case_id=task.case_id, state=task.state, assignee=actor.name if mine else None)


def _with_roles(row: paging.Row) -> dict[str, Any]:
    return {**row, "roles": row["roles"].split()}


def _mark(row: paging.Row) -> tuple[str, str, str]:
    return (row["due_at"] or queries.NEVER).isoformat(), row["opened_at"].isoformat(), row["id"]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment
