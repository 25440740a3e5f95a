"""A round that calls for applications, opened behind the pages: where a test begins that is about filling in."""

from sqlalchemy import select

from engine import accounts, rounds, tasks
from engine.models import Task
from tests import samples
from tests.browser.filling import YEAR
from tests.browser.office import Office

TITLE = f"{YEAR}年度认定批次"


def call_for_applications(office: Office) -> int:
    """The bureau opens a round and publishes its call; the round's number."""
    with office.database.write() as session:
        city = accounts.actor(session, accounts.by_name(session, "city"))
        round_ = rounds.open_round(session, city, "qingyuan", YEAR, TITLE)
        session.flush()
        call = session.scalars(select(Task.id).where(Task.case_id == round_.case_id, Task.state == "open")).one()
        notice = {"year": YEAR, "closes_at": "2026-06-30T17:30:00+08:00"}
        tasks.complete(session, city, call, samples.ANSWERS["call_notice"] | notice)
        return round_.id
