"""The editors of a draft as pages: numbers, forms, letters and clauses, saved against the version that was seen."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from engine import clock as clocks
from engine.db import Database
from engine.models import Letter
from tests.clock import StandingClock
from tests.drafting import as_, current, furnished, opened
from tests.integration.desk import Desk
from tests.integration.test_letter_pages import rows, text
from tests.office import COUNTY

SEEN = re.compile(r'name="seen" value="([^"]*)"')


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(database, clock, tmp_path)


@pytest.fixture
def here(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(sqlite_database, clock, tmp_path)


def seen(page: Any) -> str:
    """The version that a page was made from."""
    found = SEEN.search(text(page))
    assert found
    return unescape(found[1])


def typed(page: Any) -> dict[str, str]:
    """Everything that a page of questions would send if nobody touched it."""
    html = text(page)
    found = {
        name: unescape(value)
        for name, value in re.findall(
            r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"(?![^>]*type="checkbox")', html
        )
    }
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def file(at: Desk, draft: str, path: str) -> bytes:
    content: bytes = as_(at, "owner").get(f"{draft}/files/{path}").data
    return content


def test_two_owners_of_the_numbers_do_not_overwrite_each_other(at: Desk) -> None:
    owner, other, draft = as_(at, "owner"), as_(at, "owner2"), opened(at)
    page = owner.get(f"{draft}/numbers")
    asked = typed(page)
    assert owner.post(f"{draft}/numbers", asked).status_code == 303
    assert file(at, draft, "regime.toml") == current(at)["regime.toml"]  # nothing was touched
    given = {**asked, "thresholds.area_km2.value": "120", "limits.decision.working_days": "12 个工作日"}
    assert owner.post(f"{draft}/numbers", given).status_code == 303
    after = text(owner.get(f"{draft}/numbers"))
    assert after.count("jq-entry-changed") == 2
    assert re.search(r"现行：.{0,20}100 平方公里", after)
    late = other.post(f"{draft}/numbers", {**asked, "thresholds.area_km2.value": "90"})
    assert late.status_code == 412
    told = text(late)
    assert "保存了较新的一版，您的改动没有覆盖它" in told
    assert "草案中现为：120" in re.sub(r"<[^>]+>", "", told)
    assert 'value="90"' in told  # what was typed is still there
    again = other.post(f"{draft}/numbers", {**given, "thresholds.area_km2.value": "90", "seen": seen(late)})
    assert again.status_code == 303
    assert 'area_km2 = { value = "90"' in file(at, draft, "regime.toml").decode()


def test_a_wrong_number_is_told_as_it_is_typed_and_when_it_is_saved(here: Desk) -> None:
    owner, draft = as_(here, "owner"), opened(here)
    asked = {"name": "thresholds.area_km2.value", "text": "120亩"}
    why = "“集群占地面积”的数值以平方公里计，您写的单位是“亩”；请换算成平方公里后只填数字"
    assert owner.get(f"{draft}/numbers/checked", query_string=asked).get_json()["message"] == why
    assert owner.get(f"{draft}/numbers/checked", query_string={**asked, "text": "120"}).get_json()["message"] == ""
    page = owner.get(f"{draft}/numbers")
    refused = owner.post(f"{draft}/numbers", {"seen": seen(page), asked["name"]: asked["text"]})
    assert refused.status_code == 422
    assert f'<a href="#thresholds.area_km2.value">{why}</a>' in text(refused)
    added = {"seen": seen(page), "name": "second_opinion", "working_days": "3"}
    assert owner.post(f"{draft}/numbers/limits", added).status_code == 303
    assert b"second_opinion = { working_days = 3" in file(here, draft, "regime.toml")
    assert owner.post(f"{draft}/numbers/limits", {**added, "name": "Neu"}).status_code == 412  # seen before


def test_a_letter_is_reworded_with_a_real_case_before_the_eyes(here: Desk) -> None:
    owner, draft = as_(here, "owner"), opened(here)
    address = f"{draft}/letters/urged"
    assert address in text(owner.get(f"{draft}/letters"))
    round_ = here.office.open_round()
    with here.database.write() as session:
        fields = {"办件标题": "真实的办件", "环节": "受理", "机构": "清远市工业和信息化局"}
        letter = Letter(
            dedupe_key="x", case_id=round_.case_id, template="urged", fields=fields, created_at=clocks.now()
        )
        letter.organisation_code, letter.role = COUNTY, "county_officer"
        session.add(letter)
    page = owner.get(address)
    assert "真实的办件" in text(page)
    words = {"seen": seen(page), "subject": "【催办】{{办件标题}}", "body": "请尽快办理：\r\n{{环节}}"}
    shown = owner.post(address, {**words, "deed": "preview"})
    assert shown.status_code == 200
    assert "【催办】真实的办件" in text(shown)
    assert file(here, draft, "letters/urged.txt") == current(here)["letters/urged.txt"]  # looking saves nothing
    wrong = owner.post(address, {**words, "body": "{{集群名}}", "deed": "save"})
    assert wrong.status_code == 422
    assert "没有“集群名”这个空，是否想写“集群名称”？" in text(wrong)
    assert owner.post(address, {**words, "deed": "save"}).status_code == 303
    assert file(here, draft, "letters/urged.txt") == "【催办】{{办件标题}}\n\n请尽快办理：\n{{环节}}\n".encode()
    late = as_(here, "owner2").post(address, {**words, "subject": "又一标题", "deed": "save"})
    assert late.status_code == 412


def test_a_form_is_edited_field_by_field_and_what_is_read_stays(here: Desk) -> None:
    owner, draft = as_(here, "owner"), opened(here)
    address, path = f"{draft}/forms/acceptance", "forms/acceptance.json"
    assert address in text(owner.get(f"{draft}/forms"))
    page = owner.get(f"{address}?field=decision")
    assert "环节“受理”把它交给流程" in text(page)
    same = {**typed(page), "field": "decision", "deed": "save", "required": "on"}
    assert owner.post(address, same).status_code == 303
    assert file(here, draft, path) == current(here)[path]
    # removing what the diagram reads, or a choice it asks for, is refused by name
    gone = owner.post(address, {"seen": seen(page), "field": "decision", "deed": "remove"})
    assert (gone.status_code, "intake.bpmn：环节“受理”把它交给流程" in text(gone)) == (422, True)
    less = owner.post(address, {**same, "option-0-label": ""})
    assert less.status_code == 422
    assert "不能删去" in text(less)
    # a field is added, gets its words, is moved and taken away again
    new = {"seen": seen(page), "deed": "add", "title": "来文编号", "kind": "line", "name": "reference"}
    assert owner.post(address, new).headers["Location"].endswith("field=reference")
    assert owner.post(address, new).status_code == 412  # that version is not the newest any more
    page = owner.get(f"{address}?field=reference")
    assert "来文编号" in text(page)
    up = owner.post(address, {"seen": seen(page), "field": "reference", "deed": "up"})
    assert up.status_code == 303
    assert list(json.loads(file(here, draft, path))["properties"])[-2:] == ["reference", "opinion"]
    page = owner.get(f"{address}?field=reference")
    hint = {**typed(page), "field": "reference", "deed": "save", "hint": "照来文填写", "most_length": "40"}
    assert owner.post(address, hint).status_code == 303
    assert "照来文填写" in text(owner.get(f"{address}/preview"))
    page = owner.get(f"{address}?field=reference")
    assert owner.post(address, {"seen": seen(page), "field": "reference", "deed": "remove"}).status_code == 303
    assert file(here, draft, path) == current(here)[path]


def test_sections_rules_and_a_new_form_have_their_questions(here: Desk) -> None:
    owner, draft = as_(here, "owner"), opened(here)
    made = owner.post(f"{draft}/forms", {"seen": "", "name": "countersign", "title": "会签意见"})
    address, path = str(made.headers["Location"]), "forms/countersign.json"
    assert address == f"{draft}/forms/countersign"
    assert owner.post(f"{draft}/forms", {"seen": "", "name": "countersign", "title": "会签"}).status_code == 412
    assert owner.post(f"{draft}/forms", {"seen": "", "name": "Counter", "title": "会签"}).status_code == 422

    def deed(**given: str) -> Any:
        answer = owner.post(address, {"seen": seen(owner.get(address)), **given})
        assert answer.status_code == 303, text(answer)
        return json.loads(file(here, draft, path))

    assert deed(deed="words", title="会签单", hint="逐项写明")["description"] == "逐项写明"
    assert len(deed(deed="section_add", title="附件")["x-ui"]["sections"]) == 2
    assert deed(deed="words", section="section_2", title="附带材料")["x-ui"]["sections"][1]["title"] == "附带材料"
    deed(deed="section_up", section="section_2")
    assert deed(deed="into", field="opinion", section="section_2")["x-ui"]["sections"][0]["fields"][-1] == "opinion"
    assert deed(deed="section_remove", section="section_1")["x-ui"]["sections"][0]["id"] == "section_2"
    rule = {"rule": "length_together", "fields": "opinion", "limit": "500"}
    assert deed(deed="rule_add", **rule)["x-rules"] == [
        {"rule": "length_together", "fields": ["opinion"], "limit": 500}
    ]
    assert "合计不超过 500 字" in text(owner.get(f"{address}?about=rules&rule=requires_when"))
    assert "x-rules" not in deed(deed="rule_remove", number="0")
    for shown in ("?about=new", "?section=section_2", "?field=opinion", "/preview"):
        assert owner.get(f"{address}{shown}").status_code == 200
    assert owner.post(address, {"seen": seen(owner.get(address)), "deed": "burn"}).status_code == 422
    assert owner.get(f"{draft}/forms/nothing").status_code == 404


def test_a_step_gets_its_clause_from_the_panels_link(here: Desk) -> None:
    owner, draft = as_(here, "owner"), opened(here)
    diagram = file(here, draft, "intake.bpmn")
    tag = owner.get(f"{draft}/files/intake.bpmn").headers["ETag"]
    renamed = diagram.replace(b"acceptance", b"second_look")
    put = owner.send("PUT", f"{draft}/files/intake.bpmn", data=renamed, headers={"If-Match": tag})
    assert put.status_code == 200
    assert "还没有依据的环节" in text(owner.get(f"{draft}/clauses"))
    page = owner.get(f"{draft}/clauses?element=second_look&file=intake.bpmn")
    assert "intake.second_look" in text(page)
    form = {"seen": seen(page), "element": "intake.second_look"}
    assert owner.post(f"{draft}/clauses", {**form, "how": "internal", "reason": ""}).status_code == 422
    assert owner.post(f"{draft}/clauses", {**form, "how": "article"}).status_code == 422
    assert owner.post(f"{draft}/clauses", {**form, "how": "internal", "reason": "再看一遍"}).status_code == 303
    assert as_(here, "owner2").post(f"{draft}/clauses", {**form, "how": "internal", "reason": "又"}).status_code == 412
    page = owner.get(f"{draft}/clauses")  # the step that is gone is still named, and can be taken out
    assert "流程图中已没有的环节" in text(page)
    assert "还没有依据的环节" not in text(page)
    gone = {"seen": seen(page), "element": "intake.acceptance", "how": "forget"}
    assert owner.post(f"{draft}/clauses", gone).status_code == 303
    assert b"intake.acceptance" not in file(here, draft, "clauses.toml")


PAGES = ("numbers", "numbers/checked", "letters", "letters/urged", "forms", "forms/acceptance", "clauses")


def test_a_leader_reads_and_only_owners_of_the_bureau_edit(here: Desk) -> None:
    draft = opened(here)
    for page in PAGES:
        assert as_(here, "owner").get(f"{draft}/{page}").status_code == 200, page
        told = as_(here, "leader").get(f"{draft}/{page}")
        assert (told.status_code, "jq-button-main" in text(told)) == (200, False), page
        assert as_(here, "city").get(f"{draft}/{page}").status_code in (403, 404), page
    for page in ("numbers", "numbers/limits", "letters/urged", "forms", "forms/acceptance", "clauses"):
        for who in ("leader", "city", "county"):
            assert as_(here, who).post(f"{draft}/{page}", {"deed": "save"}).status_code in (403, 404), (page, who)
    assert rows(here, Letter) == []
