"""公开信息: no name is asked."""

import csv
import io
from collections.abc import Sequence

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from engine import bulletin, register, uploads
from web import context
from web.api import files, paging
from web.given import Paged, PlacesAsked, RegisterAsked
from web.guard import guard
from web.operations import operation
from web.told_public import Notice, NoticePage, PlaceCounts, Register, RegisterEntry

routes = Blueprint("public", __name__)

_COLUMNS = {
    "number": "登记编号",
    "name": "集群名称",
    "industry": "主导产业",
    "applicant": "申报主体",
    "division": "行政区划代码",
    "state": "状态",
    "recognised_on": "公布日期",
    "first_day": "有效期起",
    "last_day": "有效期止",
}
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate a cell that begins so


@routes.get("/public/notices")
@guard("public.read")
@operation()
def list_notices(session: Session, query: Paged) -> NoticePage:
    """公告列表

    新的在前。
    """
    (after,) = paging.marked(query.after, paging.number) or (None,)
    rows = bulletin.notices(session, limit=query.limit + 1, after=after)
    return NoticePage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.get("/public/notices/<number:notice_id>")
@guard("public.read")
@operation(problems={404})
def show_notice(session: Session, notice_id: int) -> Notice:
    """公告全文"""
    return Notice.model_validate(bulletin.notice(session, notice_id))


@routes.get("/public/notices/<number:notice_id>/files/<file_id>")
@guard("public.read")
@operation(problems={404}, media_types=tuple(uploads.MEDIA_TYPES.values()))
def download_notice_file(session: Session, notice_id: int, file_id: str) -> Response:
    """下载公告的附件

    只有公告列明的文件可以下载。
    """
    return files.sent(context.current(), bulletin.file(session, notice_id, file_id))


@routes.get("/public/clusters")
@guard("public.read")
@operation(media_types=("application/json", "text/csv"))
def list_register(session: Session, query: RegisterAsked) -> Register | Response:
    """已认定集群名录

    `format=csv` 给出可用电子表格打开的文件。
    """
    rows = register.entries(session, wanted(query))
    return sheet(rows) if query.format == "csv" else listed(rows)


@routes.get("/public/clusters/by-place")
@guard("public.read")
@operation()
def count_register(session: Session, query: PlacesAsked) -> PlaceCounts:
    """各地已认定集群数"""
    return PlaceCounts.model_validate({"items": register.by_place(session, wanted(query))})


@routes.get("/public/clusters/<number:cluster_id>")
@guard("public.read")
@operation(problems={404})
def show_register_entry(session: Session, cluster_id: int) -> RegisterEntry:
    """一个已认定的集群

    附它在其他规则体系中的认定，和列有它的公告；公文和附件见公告。
    """
    entry = register.entry(session, cluster_id)
    return RegisterEntry.model_validate({**entry, "others": [vars(each) for each in entry["others"]]})


def wanted(query: PlacesAsked) -> register.Wanted:
    """The entries that a query asks for."""
    return register.Wanted(query.words.strip(), query.division, query.industry, query.state)


def listed(rows: Sequence[paging.Row]) -> Register:
    """The rows of the register as a program reads them."""
    return Register.model_validate({"items": rows})


def sheet(rows: Sequence[paging.Row]) -> Response:
    """The rows of the register as a file for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS.values())
    for row in rows:
        shown = {**row, "state": register.STATES.get(row["state"], row["state"])}
        writer.writerow([_cell(shown[name]) for name in _COLUMNS])
    answer = Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv")  # the mark tells spreadsheets: UTF-8
    answer.headers["Content-Disposition"] = "attachment; filename=clusters.csv"
    return answer


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULAS) else text
