"""The public in a rehearsal: whether somebody objects to a list that is made public meanwhile."""

from sqlalchemy import exists, select

from config.errors import JiqunError
from engine import clock, objections
from engine.db import Database
from engine.models import Notice, Objection
from engine.objections import Sent, Written
from web.rehearsal.people import People

_GROUNDS = "推演：反映所列数据与实际情况不符，请核查。"


def object_to_lists(database: Database, people: People) -> bool:
    """One objection to each list that is public now, where the scenario says so. True if there was any."""
    if people.scenario.of("objections") == "none":
        return False
    objected = exists().where(Objection.notice_id == Notice.id, Objection.sent_with.startswith("rehearsal"))
    public = select(Notice).where(Notice.regime == people.regime.name, Notice.kind == "publicity", ~objected)
    with database.read() as session:
        found = session.scalars(
            public.where(Notice.first_day <= clock.today(), Notice.last_day >= clock.today()).order_by(Notice.id)
        ).all()
        first = {each.id: _first_of(each) for each in found}
    for notice_id, case_id in first.items():
        written = Written("推演反映人", "0000-0000000", case_id, _GROUNDS)
        sent = Sent("rehearsal", f"rehearsal:{notice_id}", 10**6, 10**6)
        try:
            with database.write() as session:
                objections.receive(session, notice_id, written, sent)
        except JiqunError:  # a list of nobody, a bureau without the process: nothing is objected to
            first[notice_id] = None
    return any(first.values())


def _first_of(notice: Notice) -> int | None:
    entries = [each.get("case") for each in notice.entries if isinstance(each, dict)]
    return next((each for each in entries if each), None)
