"""A cluster that is followed over the years: what it applied with, and the reports that it files."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundle, deploying, deployments, obligations, timers
from engine.db import Database
from engine.models import Case, Cluster, Obligation, Task
from tests import chain, owing, samples, yearly
from tests.chain import Chain
from tests.clock import StandingClock, moment
from tests.office import BUREAU, COUNTY, REGIME, Office

PUBLISHED, LAST = date(2025, 6, 20), date(2028, 6, 20)  # its first report, about 2025, is due on 15 March 2026
IN_TIME = "2026-02-02 09:00"


def recognised(office: Office, clock: StandingClock, **application: Any) -> int:
    """A cluster of the county that applied in April 2025, with three years up to 2024, and was recognised in June."""
    clock.move_to("2025-06-20 10:00")
    cluster_id = owing.recognised(office, PUBLISHED, LAST)
    applied(office, cluster_id, **application)
    return cluster_id


def applied(office: Office, cluster_id: int, **changes: Any) -> None:
    """The application that the cluster was recognised on."""
    at = samples.MOMENT
    with office.database.write() as session:
        deployment = deployments.current(session, REGIME)
        case = Case(
            regime=REGIME,
            deployment_id=deployment.id,
            process="application",
            title=samples.CLUSTER,
            bureau_code=BUREAU,
            organisation_code=COUNTY,
            cluster_id=cluster_id,
            status="ended",
            awaits=" ",
            opened_at=at,
            opened_by="county",
            ended_at=at,
            state_format=1,
            state=b"{}",
        )
        session.add(case)
        session.flush()
        session.add(
            Task(
                id=str(uuid.uuid4()),
                case_id=case.id,
                process="filing",
                element="fill_in",
                instance_path="",
                pass_number=1,
                title="填写申报表",
                form="application",
                roles=" county_officer ",
                organisation_code=COUNTY,
                state="done",
                opened_at=at,
                closed_at=at,
                closed_by="county",
                answers=deployments.deployed(session, deployment.id)
                .form("application")
                .clean(samples.application_data(**changes)),
            )
        )


def open_step(office: Office, element: str) -> Task:
    """The open step of that name; of several cases the first one's."""
    with office.database.read() as session:
        query = select(Task).where(Task.element == element, Task.state == "open").order_by(Task.case_id).limit(1)
        return session.scalars(query).one()


def reported(office: Office, clock: StandingClock, at: str, **changes: Any) -> None:
    """The county files the report that is open then; about the year before, unless it says otherwise."""
    clock.move_to(at)
    timers.post(office.database)
    year = moment(at).year - 1
    answers = yearly.report(**{"report_year": year, "signed_on": at[:10], **changes})
    office.complete("county", open_step(office, "fill_in_report"), answers)


def cluster(office: Office, cluster_id: int) -> Cluster:
    with office.database.read() as session:
        return session.get_one(Cluster, cluster_id)


def rename(session: Session, cluster_id: int, name: str) -> None:
    session.get_one(Cluster, cluster_id).name = name


def deploy(session: Session, regime: str) -> None:
    deploying.deploy(session, regime, bundle.shipped(regime), by="setup")


def in_chain(database: Database, clock: StandingClock) -> tuple[Chain, int]:
    """A cluster of the region, whose county has filed the report about 2026; the city has it now. With its case."""
    clock.move_to("2025-04-10 09:00")
    offices = chain.furnish(database, clock, "guangxi")
    clock.move_to("2026-06-20 10:00")
    name = "柳城县中小企业特色产业集群（螺蛳粉产业）"
    recognised_on, last = date(2026, 6, 20), date(2029, 6, 20)
    with database.write() as session:
        found = Cluster(
            regime="guangxi",
            bureau_code="450000",
            organisation_code="450222",
            name=name,
            state="recognised",
            recognised_on=recognised_on,
            first_day=recognised_on,
            last_day=last,
            created_at=clock.at,
        )
        session.add(found)
        session.flush()
        rules = deployments.rules(session, "guangxi")
        assert rules
        obligations.of_cluster(session, found, rules, recognised_on, last)
    clock.move_to("2027-02-01 09:00")
    timers.post(database)
    with database.read() as session:
        case_id = session.scalars(select(Obligation.case_id).where(Obligation.case_id.is_not(None))).one()
    assert case_id
    offices.answer(case_id, "fill_in_report", **yearly.report(cluster_name=name))
    return offices, case_id
