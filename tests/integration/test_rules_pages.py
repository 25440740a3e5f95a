"""The table of clauses on its page: what carries each article, which article is behind each step, and the way there."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask

from config import clauses
from config.settings import Settings
from engine import bundle, deploying
from engine.db import Database
from tests import office, pages, samples
from tests.clock import StandingClock
from tests.integration import reader
from tests.office import Office
from tests.pages import Page
from web.app import create_app

STEP = "/rules/qingyuan?element=filing.fill_in"


@dataclass(frozen=True)
class Hall:
    """An office at the browser."""

    office: Office
    app: Flask

    def ask(self, who: str, path: str, look: str = "") -> str:
        browser = reader.reader(self.app, reader.signed_in(self.office.database, who))
        if look:
            browser.client.set_cookie("jq_look", look)
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def read(self, who: str, path: str) -> Page:
        return pages.read(self.ask(who, path))

    def status(self, who: str, path: str) -> int:
        return reader.reader(self.app, reader.signed_in(self.office.database, who)).get(path).status_code


@pytest.fixture
def hall(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Hall:
    clock.move_to(samples.MOMENT)
    made = office.furnish(sqlite_database)
    return Hall(made, create_app(Settings(data=tmp_path), sqlite_database))


def row(html: str, clause: str) -> str:
    """The words of a clause's first row."""
    found = re.search(rf'<tr id="clause-{clause}".*?</tr>', html, re.DOTALL)
    assert found, clause
    return " ".join(re.sub(r"<[^>]*>", "", found[0]).split())


def test_an_article_is_told_with_who_does_it_and_all_that_carries_it(hall: Hall) -> None:
    html = hall.ask("county", "/rules/qingyuan")
    output = row(html, "第十四条（二）")
    assert "核心竞争力强" in output
    assert "申报单位" in output
    assert "占地面积（平方公里）" in output, "the condition's number"
    assert "占地面积（平方公里）不超过 100" in output
    assert "集群总产值" in output, "a field by its title"
    assert "criteria." not in output, "no ids"
    assert "application." not in output
    assert "到期事项：年度报告" in pages.read(html).text
    assert "系统之外" in row(html, "第九条")
    assert "政府的政策措施，不经办件办理" in row(html, "第九条")


def test_every_duty_of_the_text_has_its_row(hall: Hall) -> None:
    html = hall.ask("city", "/rules/qingyuan")
    duties = clauses.load(clauses.content("qingyuan")).duties
    body = html.partition('id="by-clause"')[2].partition("</section>")[0]
    assert body.count("<tr") - 1 == len(duties)
    for duty in duties:
        assert duty.gist in body
        assert f'id="clause-{duty.clause}"' in body


def test_a_carriers_link_shows_its_step_on_the_diagram_and_in_words(hall: Hall) -> None:
    shown = hall.read("county", "/rules/qingyuan")
    (address,) = {link for link, words in shown.links if words == "填写申报表（申报）"}
    assert address.startswith(STEP)
    assert address.endswith("#diagram")
    step = hall.ask("county", address)
    words = " ".join(re.sub(r"<[^>]*>", "", step).split())
    assert "环节：填写申报表" in words
    assert "承办申报主体 依据第十五条（一）" in words
    drawn = re.search(r'data-diagram="([^"]*)"', step)
    assert drawn
    answer = reader.reader(hall.app, reader.signed_in(hall.office.database, "county")).get(
        drawn[1].replace("&amp;", "&")
    )
    diagram = answer.get_json()
    assert [place["element"] for place in diagram["current"]] == ["fill_in"]
    assert 'id="fill_in"' in diagram["xml"]


def test_a_step_without_an_article_says_why_it_is_there(hall: Hall) -> None:
    html = hall.ask("city", "/rules/qingyuan?element=intake.acceptance")
    assert "内部环节：" in html
    assert "办法未规定受理环节" in html.partition('id="by-clause"')[0]


def test_a_task_leads_to_its_articles_row(hall: Hall) -> None:
    hall.office.complete(
        "city",
        hall.office.open_task(hall.office.open_round().case_id or 0, "call_notice"),
        samples.ANSWERS["call_notice"],
    )
    case = hall.office.open_case("county", samples.ANSWERS["application_start"])
    task = hall.office.open_task(case.id, "fill_in")
    links = {words: unquote(link) for link, words in hall.read("county", f"/tasks/{task.id}").links}
    assert links["第十五条（一）"] == "/rules/qingyuan?version=1#clause-第十五条（一）"
    assert "clause-第十五条（一）" in hall.read("county", links["第十五条（一）"]).ids
    assert "/rules/qingyuan?version=1" in {link for link, _ in hall.read("county", f"/cases/{case.id}").links}


def test_a_case_keeps_the_table_of_the_version_it_runs_on(hall: Hall) -> None:
    changed = dict(bundle.shipped("qingyuan"))
    changed["clauses.toml"] = changed["clauses.toml"].replace("建立集群培育库".encode(), "建立培育名录".encode())
    with hall.office.database.write() as session:
        deploying.deploy(session, "qingyuan", changed, by="owner")
    assert "建立培育名录" in row(hall.ask("city", "/rules/qingyuan"), "第八条")
    assert "建立集群培育库" in row(hall.ask("city", "/rules/qingyuan?version=1"), "第八条")


@pytest.mark.parametrize(
    "path",
    [
        "/rules/nowhere",
        "/rules/qingyuan?version=7",
        "/rules/qingyuan?element=filing.gone",
        "/rules/qingyuan?element=gone",
        "/rules/qingyuan/diagram",
        "/rules/qingyuan/diagram?element=filing.gone",
    ],
)
def test_what_is_not_there_is_said_so(hall: Hall, path: str) -> None:
    assert hall.status("city", path) == 404


def test_the_frame_speaks_english_and_marks_what_stays_chinese(hall: Hall) -> None:
    html = hall.ask("city", "/rules/qingyuan", look="en")
    assert "table of clauses" in html
    assert "What it asks" in html
    assert '<span lang="zh-CN">建立集群培育库' in html


def test_the_deployed_texts_are_listed(hall: Hall) -> None:
    (link,) = [link for link, words in hall.read("county", "/rules").links if link.startswith("/rules/")]
    assert link == "/rules/qingyuan"


@pytest.mark.parametrize("name", bundle.regimes())
def test_every_regimes_table_can_be_told_in_words(hall: Hall, name: str) -> None:
    if name != office.REGIME:
        with hall.office.database.write() as session:
            deploying.deploy(session, name, bundle.shipped(name), by="owner")
    html = hall.ask("city", f"/rules/{name}")
    body = html.partition('id="by-clause"')[2].partition("</section>")[0]
    assert "无人承载" not in body
    words = re.sub(r"<[^>]*>", " ", body)
    assert re.findall(r"[a-z]+(?:_[a-z]+)+|[a-z]+\.[a-z]+", words) == [], "an id where words should be"
