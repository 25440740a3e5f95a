"""The cultivation pool as a spreadsheet, to be sent or filed: one row a cluster-to-be, as its last figures have it."""

from typing import Final

from sqlalchemy.orm import Session

from config.sentences import in_turn
from engine import criteria, cultivation, measurements, organisations, sheets
from engine.access import Actor
from engine.documents import Column
from engine.models import Prospect

TITLE: Final = "集群培育库"
COLUMNS: Final = (
    Column("序号", 2, centred=True),
    Column("集群名称", 7),
    Column("主导产业", 4),
    Column("所属细分领域", 4),
    Column("所在单位", 5),
    Column("状态", 2, centred=True),
    Column("测评年度", 2, centred=True),
    Column("达到的条件", 2, centred=True),
    Column("差距", 12),
)
MOST: Final = 3000  # characters of the last column


def made(session: Session, actor: Actor) -> bytes:
    """The file's bytes: what the actor may see of the pools."""
    rows = [_row(session, number, each) for number, each in enumerate(cultivation.listed(session, actor), 1)]
    return sheets.summary(TITLE, (), COLUMNS, rows, MOST)


def _row(session: Session, number: int, each: Prospect) -> list[str]:
    measured = measurements.of(session, each)
    gaps = measurements.gaps(session, each, measured[-1].answers) if measured else []
    short = [gap for gap in gaps if gap.verdict.verdict != criteria.PASS]
    return [
        str(number),
        each.name,
        each.industry,
        each.niche,
        organisations.get(session, each.organisation_code).name,
        str(cultivation.STATES[each.state]),
        str(measured[-1].year) if measured else "",
        f"{len(gaps) - len(short)}/{len(gaps)}" if gaps else "",
        str(in_turn(f"{gap.verdict.text}（{gap.text}）" for gap in short))[:MOST] if short else "",
    ]
