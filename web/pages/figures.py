"""历年数据: a cluster's figures over the years as charts and tables, its targets, and conditions no longer met."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, send_file
from sqlalchemy.orm import Session

from engine import charts, clusters, comparisons, deployments, monitoring, reports, sheets, yearly
from engine.charts import Chart
from engine.documents import Column
from engine.models import Cluster
from engine.yearly import APPLICATION, Figure, Record, Target
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work import prechecks
from web.wording import _, spoken, titled

routes = Blueprint("figures", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Drawn:
    """A figure or a target, for the page."""

    id: str
    title: str
    chart: Chart | None
    rows: Sequence[tuple[str, str, str]]  # year, number, and what became of it within the year
    notes: Sequence[str]


@routes.get("/clusters/<number:cluster_id>/figures")
@guarded("cluster.read")
def show(cluster_id: int) -> Response:
    """The figures of a cluster."""
    with frame.reading() as session:
        cluster = clusters.find(session, guard.actor(), cluster_id)
        record = yearly.of_cluster(session, cluster)
        standing = monitoring.standing(session, cluster, record)
        return frame.page(
            "lives/figures.html",
            here="clusters",
            cluster=cluster,
            record=record,
            groups=list(_groups(session, cluster, record)),
            targets=[_target(each) for each in record.targets.values() if each.goal is not None],
            standing=standing,
            unmet=prechecks.lines(vars(each) for each in standing.unmet) if standing else [],
            conditions=prechecks.lines(vars(each) for each in standing.verdicts) if standing else [],
        )


@routes.get("/clusters/<number:cluster_id>/figures.xlsx")
@guarded("cluster.read")
def table(cluster_id: int) -> Response:
    """The figures as a spreadsheet: a row a figure, a column a year."""
    with frame.reading() as session:
        cluster = clusters.find(session, guard.actor(), cluster_id)
        record = yearly.of_cluster(session, cluster)
    years = sorted({year for each in record.yearly for year in each.values})
    columns = [Column("指标", 8), *(Column(f"{year}年", 3, centred=True) for year in years), Column("更正", 8)]
    rows = [
        [
            str(each.schema["title"]),
            *(charts.spoken(each.values[year]) if year in each.values else "" for year in years),
            "；".join(f"{told.year}年原为{charts.spoken(told.before)}" for told in each.corrections),
        ]
        for each in record.yearly
    ]
    made = sheets.summary("历年数据", [cluster.name], columns, rows, None)
    return taken(made, f"{cluster.name}历年数据.xlsx", XLSX)


def taken(content: bytes, name: str, kind: str) -> Response:
    """The answer with a file to keep."""
    answer = send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _groups(session: Session, cluster: Cluster, record: Record) -> Iterator[tuple[str, list[Drawn]]]:
    """The figures under the headings of the report's form, then of the application's."""
    deployed = deployments.deployed(session, deployments.current(session, cluster.regime).id)
    left = {each.name: each for each in record.yearly}
    for name in (reports.FORM, APPLICATION):
        for section in deployed.form(name).document["x-ui"]["sections"]:
            found = [left.pop(field) for field in section["fields"] if field in left]
            if found:
                yield titled(section), [_figure(each) for each in found]


def _figure(figure: Figure) -> Drawn:
    notes = [
        _(
            "更正：%(year)s 年原为 %(before)s，%(day)s 改为 %(after)s。",
            year=str(each.year),
            before=charts.spoken(each.before),
            day=each.on.isoformat(),
            after=charts.spoken(each.after),
        )
        for each in figure.corrections
    ]
    rows = list(_rows(figure.schema, figure.values))
    return Drawn(figure.name, titled(figure.schema), charts.of(figure.values), rows, notes)


def _rows(schema: Mapping[str, Any], values: Mapping[int, Decimal]) -> Iterator[tuple[str, str, str]]:
    for year in sorted(values):
        became = comparisons.in_words(comparisons.change(schema, values.get(year - 1), values[year]))
        yield str(year), charts.spoken(values[year]), str(spoken(became)) or "—"


def _target(target: Target) -> Drawn:
    """Words have no chart and stand in the table."""
    goal = target.goal if isinstance(target.goal, Decimal) else None
    known = dict(target.now)
    if target.base is not None and target.base_year is not None:
        known.setdefault(target.base_year, target.base)
    numbers = {year: value for year, value in known.items() if isinstance(value, Decimal)}
    rows = [(str(year), _told(known[year]), _reached(target, year)) for year in sorted(known)]
    notes = [
        _("%(year)s 年报告所填目标值为 %(told)s，与规划不一致。", year=str(year), told=_told(told))
        for year, told in sorted(target.told.items())
    ]
    chart = charts.of(numbers, goal) if goal is not None else None
    return Drawn(target.name, titled(target.schema), chart, [*rows, (_("目标值"), _told(target.goal or ""), "")], notes)


def _reached(target: Target, year: int) -> str:
    if year == target.base_year and year not in target.now:
        return _("基准")
    reached = target.reached(year)
    return "—" if reached is None else _("已达到目标值") if reached else _("未达到目标值")


def _told(value: Decimal | str) -> str:
    return charts.spoken(value) if isinstance(value, Decimal) else value
