"""报送材料: what an office prints and sends in a round: its 推荐汇总表, each cluster's 申报表, the disc's folder."""

import hashlib
import io
from tempfile import TemporaryFile
from typing import IO

from flask import Response, request, send_file
from sqlalchemy.orm import Session

from engine import access, archives, papers
from engine.errors import NotFound
from engine.models import Case, Round
from engine.papers import Summary
from engine.sheets import XLSX
from web import context, guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.rounds.lists import routes
from web.wording import _


@routes.get("/rounds/<number:round_id>/papers")
@guarded("papers.read")
def papers_of(round_id: int) -> Response:
    """What the reader's offices have to send in the round, to be printed and taken away."""
    with frame.reading() as session:
        round_ = _round(session, round_id)
        found = papers.offices(session, guard.actor(), round_)
        return frame.page(
            "rounds/papers.html",
            here="rounds",
            round=round_,
            summaries=found,
            columns=[column.title for column in papers.COLUMNS[1:]],
        )


@routes.get("/rounds/<number:round_id>/papers/summary.pdf")
@guarded("papers.read")
def summary_pdf(round_id: int) -> Response:
    """The 推荐汇总表, to be printed and sealed."""
    with frame.reading() as session:
        made = _summary(session, round_id)
        return _taken(io.BytesIO(papers.summary_pdf(made)), made, "推荐汇总表.pdf", "application/pdf")


@routes.get("/rounds/<number:round_id>/papers/summary.xlsx")
@guarded("papers.read")
def summary_xlsx(round_id: int) -> Response:
    """The 推荐汇总表 as a spreadsheet."""
    with frame.reading() as session:
        made = _summary(session, round_id)
        return _taken(io.BytesIO(papers.summary_xlsx(made)), made, "推荐汇总表.xlsx", XLSX)


@routes.get("/rounds/<number:round_id>/papers/disc.zip")
@guarded("papers.read")
def disc(round_id: int) -> Response:
    """The disc's folder."""
    out = TemporaryFile()  # noqa: SIM115  # the server closes it behind the last byte
    try:
        with frame.reading() as session:
            made = _summary(session, round_id)
            papers.write_disc(made, papers.disc(session, made), out)
        return _taken(out, made, "光盘.zip", "application/zip")
    except BaseException:
        out.close()
        raise


@routes.get("/cases/<number:case_id>/papers/application.pdf")
@guarded("papers.read")
def application_pdf(case_id: int) -> Response:
    """The 申报表 of a case, to be printed."""
    actor = guard.actor()
    with frame.reading() as session:
        case = session.get(Case, case_id)
        if case is None:
            raise NotFound(_("没有这个办件，或者您无权查看"))
        access.require(actor, "papers.read", case)
        content = papers.application_pdf(session, actor, case)
    out = io.BytesIO(content)
    _note(out, "申报表.pdf", case=case_id)
    return _sent(out, "申报表.pdf", "application/pdf")


def _round(session: Session, round_id: int) -> Round:
    round_ = session.get(Round, round_id)
    if round_ is None:
        raise NotFound(_("没有这个批次，或者您无权查看"))
    access.require(guard.actor(), "papers.read", round_)
    return round_


def _summary(session: Session, round_id: int) -> Summary:
    """The table of the office in the address; without one, of the reader's only office with something to send."""
    round_, actor = _round(session, round_id), guard.actor()
    mine = papers.offices(session, actor, round_)
    office = request.args.get("office") or (mine[0].office if mine else "")
    return papers.summary(session, actor, round_, office)


def _taken(out: IO[bytes], made: Summary, name: str, kind: str) -> Response:
    _note(out, name, round=made.round_id, office=made.office)
    return _sent(out, name, kind)


def _note(out: IO[bytes], what: str, **about: object) -> None:
    """The record says first who takes it."""
    digest = hashlib.sha256()
    out.seek(0)
    while chunk := out.read(archives.CHUNK):
        digest.update(chunk)
    out.seek(0)
    if request.method == "GET":  # and not HEAD, which takes nothing
        with context.current().database.write() as session:
            papers.note_taken(session, guard.actor().name, what, digest.hexdigest(), **about)


def _sent(out: IO[bytes], name: str, kind: str) -> Response:
    answer = send_file(out, mimetype=kind, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
