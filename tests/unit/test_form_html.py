"""Forms as HTML: what a page shows of a form, and what comes back from it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, get_template_attribute
from werkzeug.datastructures import MultiDict

from config.settings import Settings
from engine import clock, deployments, differences
from engine.db import Database
from engine.forms import Form, Problem
from tests import pages, samples
from web import form_html
from web.app import create_app
from web.form_html import Filling, Layout
from web.form_html.layout import PAGE_ROWS

FILE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    return create_app(Settings(data=tmp_path), sqlite_database)


@pytest.fixture(autouse=True)
def at_the_samples_moment() -> Iterator[None]:
    with clock.replaced_by(lambda: samples.MOMENT):
        yield


def form(name: str) -> Form:
    return deployments.shipped("qingyuan").form(name)


def layout(name: str) -> Layout:
    return form_html.layout_of(form(name))


def html(app: Flask, of: Layout, names: Any, filling: Filling) -> str:
    """The fields as a page has them."""
    with app.test_request_context():
        items = form_html.draw(of, names, filling)
        return f'<form action="/x">{get_template_attribute("work/fields.html", "items")(items)}<button></button></form>'


def page(app: Flask, of: Layout, names: Any, filling: Filling) -> pages.Page:
    return pages.read(html(app, of, names, filling))


def answers_of(name: str) -> dict[str, Any]:
    evidence = FILE if name == "application" else None
    return samples.application_data(evidence=evidence) if evidence else samples.ANSWERS[name]


# ---- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(samples.ANSWERS))
def test_what_a_page_shows_comes_back_unchanged(app: Flask, name: str) -> None:
    of, answers = layout(name), answers_of(name)
    kept = of.form.draft(answers)
    for section in of.sections:
        posted = page(app, of, section.fields, Filling(kept)).forms[0].sent()
        back = form_html.read(of, section.fields, posted, kept)
        assert differences.changes(of.form, kept, of.form.draft(back)) == []
    whole = page(app, of, of.fields, Filling(kept)).forms[0].sent()
    assert of.form.clean(form_html.kept(of, form_html.read(of, of.fields, whole, {}))) == of.form.clean(answers)


@pytest.mark.parametrize("name", sorted(samples.ANSWERS))
def test_every_field_is_drawn_where_the_error_summary_links_to(app: Flask, name: str) -> None:
    of = layout(name)
    answers = {"application_year": 2025} if name == "application" else {}
    ids = page(app, of, of.fields, Filling(answers)).ids
    assert len(ids) == len(set(ids))
    for field in of.fields:
        assert of.place(field).id in ids
    for problem in form_html.problems_of(of, answers):
        assert of.place(problem.field).id in ids, problem


def test_a_form_nobody_has_touched_sends_nothing(app: Flask) -> None:
    of = layout("call_notice")
    posted = page(app, of, of.fields, Filling({})).forms[0].sent()
    back = form_html.read(of, of.fields, posted, {})
    assert {name: value for name, value in back.items() if value != []} == {}


# ---- texts and numbers ---------------------------------------------------------------------------


def test_a_text_that_is_too_long_is_kept_and_told_by_how_much(app: Flask) -> None:
    of, text = layout("application"), "字" * 5000
    shown = html(app, of, ["niche", "brand_building"], Filling({"niche": text, "brand_building": text}))
    assert text in shown
    assert "maxlength" not in shown
    assert "已超出 4800 字（5000 / 200）" in shown
    posted = pages.read(shown).forms[0].sent()
    assert form_html.read(of, ["niche", "brand_building"], posted, {}) == {"niche": text, "brand_building": text}


def test_characters_are_counted_with_one_for_a_line_end(app: Flask) -> None:
    shown = html(app, layout("application"), ["brand_building"], Filling({"brand_building": "一\r\n二\r\n𠮷"}))
    assert "已输入 5 / 200 字" in shown


def test_a_number_with_its_unit_stays_as_it_was_typed(app: Flask) -> None:
    of = layout("application")
    problem = Problem("area_km2", "not_a_number", "“集群占地面积（平方公里）”应填数字，不带单位和逗号，例如 12.50")
    shown = html(app, of, ["area_km2"], Filling({"area_km2": "30亿"}, [problem]))
    assert 'value="30亿"' in shown
    for attribute in (
        'type="text"',
        'inputmode="decimal"',
        'aria-invalid="true"',
        'aria-describedby="f-area_km2-error"',
    ):
        assert attribute in shown
    assert '<span class="jq-hidden">错误：</span>' in shown


def test_optional_questions_are_marked_and_the_others_not(app: Flask) -> None:
    of = layout("application")
    assert "（选填）" in html(app, of, ["signed_statement"], Filling({}))
    assert "（选填）" not in html(app, of, ["niche"], Filling({}))


def test_what_is_typed_never_becomes_markup(app: Flask) -> None:
    evil = '"><script>alert(1)</script>'
    shown = html(
        app, layout("application"), ["niche", "brand_building"], Filling({"niche": evil, "brand_building": evil})
    )
    assert "<script>" not in shown
    table = html(app, layout("draft_list"), ["reasons"], Filling({"reasons": [{"case": 1, "reason": evil}]}))
    assert "<script>" not in table


# ---- days and moments ----------------------------------------------------------------------------


def test_a_moment_is_asked_as_a_day_and_a_time_in_shanghai(app: Flask) -> None:
    of = layout("call_notice")
    posted = page(app, of, ["closes_at"], Filling({"closes_at": "2025-06-30T09:30:00Z"})).forms[0].sent()
    assert (posted["closes_at.date"], posted["closes_at.time"]) == ("2025-06-30", "17:30")
    assert form_html.read(of, ["closes_at"], posted, {}) == {"closes_at": "2025-06-30T17:30:00+08:00"}


def test_half_a_moment_is_kept_for_the_person_to_complete(app: Flask) -> None:
    of = layout("call_notice")
    half = form_html.read(of, ["closes_at"], MultiDict({"closes_at.date": "2025-06-30", "closes_at.time": ""}), {})
    problems = form_html.problems_of(of, samples.ANSWERS["call_notice"] | half)
    assert [problem.field for problem in problems] == ["closes_at"]
    shown = html(app, of, ["closes_at"], Filling(half, problems))
    assert 'value="2025-06-30"' in shown
    assert "请填写日期和时间" in shown


def test_a_day_that_no_calendar_shows_stays_as_it_was_typed(app: Flask) -> None:
    assert 'type="text" name="applied_on" id="f-applied_on" value="4月9日"' in html(
        app, layout("application"), ["applied_on"], Filling({"applied_on": "4月9日"})
    )


# ---- years ---------------------------------------------------------------------------------------


def test_the_years_asked_for_are_the_three_before_the_year_of_application(app: Flask) -> None:
    fields = (
        page(app, layout("application"), ["output", "sme_share"], Filling({"application_year": 2025})).forms[0].fields
    )
    assert [name for name, _ in fields] == [
        f"{name}.{year}" for name in ("output", "sme_share") for year in (2022, 2023, 2024)
    ]


def test_without_the_year_the_page_says_how_to_get_the_columns_and_loses_nothing(app: Flask) -> None:
    of, known = layout("application"), {"output": {"2024": "24.10"}}
    shown = page(app, of, ["output"], Filling(known))
    assert "请先填写“申报年度”" in shown.text
    assert form_html.read(of, ["output"], shown.forms[0].sent(), known) == known


def test_a_year_that_is_no_longer_asked_for_can_be_seen_and_emptied(app: Flask) -> None:
    of, known = layout("application"), {"application_year": 2025, "output": {"2021": "20", "2022": "21"}}
    shown = page(app, of, ["output"], Filling(known))
    assert "2021 年不在应填的三个年度之内" in shown.text
    back = form_html.read(of, ["output"], shown.forms[0].sent({"output.2021": ""}), known)
    assert back["output"] == {"2022": "21"}


# ---- choices -------------------------------------------------------------------------------------


def test_unticking_everything_empties_the_answer() -> None:
    of = layout("application")
    assert form_html.read(of, ["brand_activities"], MultiDict(), {"brand_activities": ["collective_mark"]}) == {
        "brand_activities": []
    }
    assert form_html.read(of, ["truth_statement"], MultiDict(), {"truth_statement": True}) == {}


def test_a_choice_that_no_longer_exists_is_shown_and_not_lost(app: Flask) -> None:
    of = layout("application")
    shown = page(app, of, ["industry_class"], Filling({"industry_class": "quaternary"}))
    assert ("industry_class", "quaternary") in shown.forms[0].fields


def test_cases_are_chosen_by_their_titles(app: Flask) -> None:
    of = layout("draft_list")
    options = {"cases": [("7", "7 甲集群"), ("8", "8 乙集群")], "reasons.case": [("7", "7 甲集群")]}
    shown = page(app, of, of.fields, Filling({"cases": [7]}, options=options))
    assert "乙集群" in shown.text
    posted = shown.forms[0].sent({"cases": ["7", "8"]})
    assert of.form.draft(form_html.read(of, ["cases"], posted, {})) == {"cases": [7, 8]}


# ---- what another answer hides -------------------------------------------------------------------


def test_a_question_that_depends_on_another_says_so_to_readers_and_scripts(app: Flask) -> None:
    shown = html(app, layout("application"), ["evidence_1_files"], Filling({}))
    assert 'data-show-field="evidence_1" data-show-in="[&#34;provided&#34;]"' in shown
    assert "“1.提供集群内企业名单”选“已提供（上传文件）”时填写" in shown


def test_a_hidden_answer_waits_in_the_draft_and_is_not_submitted() -> None:
    of = layout("application")
    given = MultiDict({"evidence_1": "on_paper", "evidence_1_files": FILE})
    draft = form_html.read(of, ["evidence_1", "evidence_1_files"], given, {})
    assert draft["evidence_1_files"] == [FILE]
    assert "evidence_1_files" not in form_html.kept(of, draft)


def test_a_hidden_question_that_a_script_does_not_send_keeps_its_answer() -> None:
    of, base = layout("application"), {"evidence_1": "provided", "evidence_1_files": [FILE]}
    names = ["evidence_1", "evidence_1_files"]
    assert form_html.given(of, names, {"evidence_1": "on_paper"}, base)["evidence_1_files"] == [FILE]
    assert "evidence_1_files" not in form_html.given(of, names, {"evidence_1": "provided"}, base)


# ---- tables --------------------------------------------------------------------------------------


def rows(count: int) -> list[dict[str, Any]]:
    return [samples.enterprise(f"第{number}家") for number in range(count)]


def test_a_long_table_is_shown_in_pages_and_a_page_brings_back_its_own_rows_only(app: Flask) -> None:
    of, base = layout("application"), {"enterprises": rows(2 * PAGE_ROWS + 20)}
    shown = page(app, of, ["enterprises"], Filling(base, pages={"enterprises": 2}))
    posted = shown.forms[0].sent({"enterprises[3].name": "改了名的一家"})
    back = form_html.read(of, ["enterprises"], posted, base)["enterprises"]
    names = [row["name"] for row in back]
    assert len(names) == 2 * PAGE_ROWS + 20
    assert names[PAGE_ROWS + 3] == "改了名的一家"
    assert [name for place, name in enumerate(names) if place != PAGE_ROWS + 3] == [
        f"第{number}家" for number in range(2 * PAGE_ROWS + 20) if number != PAGE_ROWS + 3
    ]


def test_rows_added_on_the_last_page_come_behind_all_others(app: Flask) -> None:
    of, base = layout("application"), {"enterprises": rows(PAGE_ROWS + 1)}
    shown = page(app, of, ["enterprises"], Filling(base, pages={"enterprises": 2}))
    posted = shown.forms[0].sent({"enterprises[1].name": "新来的一家"})
    back = form_html.read(of, ["enterprises"], posted, base)["enterprises"]
    assert [row["name"] for row in back[-2:]] == [f"第{PAGE_ROWS}家", "新来的一家"]


def test_blank_rows_go_when_somebody_saves_and_stay_while_they_write() -> None:
    of = layout("application")
    posted = MultiDict({"enterprises[0].name": "甲", "enterprises[1].name": " ", "enterprises[2].name": "丙"})
    saved = form_html.read(of, ["enterprises"], posted, {})["enterprises"]
    assert [row["name"] for row in saved] == ["甲", "丙"]
    writing = form_html.read(of, ["enterprises"], posted, {}, blank_rows=True)["enterprises"]
    assert len(writing) == 3


def test_what_is_wrong_in_a_row_stands_in_its_cell_and_other_pages_are_pointed_to(app: Flask) -> None:
    of = layout("application")
    base = {"enterprises": [*rows(PAGE_ROWS + 1), {"name": "缺数据的一家"}]}
    problems = [found for found in form_html.problems_of(of, base) if found.field.startswith("enterprises")]
    first = page(app, of, ["enterprises"], Filling(base, problems))
    assert "第 2 页：请填写“企业发展情况表”第 52 行“主营业务”" in first.text
    second = html(app, of, ["enterprises"], Filling(base, problems, pages={"enterprises": 2}))
    assert 'id="f-enterprises-1-main_business-error"' in second
    place = of.place("enterprises[51].main_business")
    assert (place.page, place.id) == (2, "f-enterprises-1-main_business")


def test_a_list_of_lines_has_a_box_for_each(app: Flask) -> None:
    of = layout("site_inspection")
    shown = page(app, of, ["present"], Filling({"present": ["丙", "丁"]}))
    assert [name for name, _ in shown.forms[0].fields] == ["present[0]", "present[1]"]
    posted = shown.forms[0].sent({"present[0]": "甲", "present[1]": "乙"})
    assert form_html.read(of, ["present"], posted, {}) == {"present": ["甲", "乙"]}


def test_somebody_of_the_pool_is_chosen_among_those_who_are_offered(app: Flask) -> None:
    of, offered = layout("arrange_inspection"), [("5", "检查员甲（统计局）"), ("8", "检查员乙（统计局）")]
    known = Filling({"inspectors": [8], "leader": 8}, options=dict.fromkeys(of.member_paths, offered))
    shown = page(app, of, ["inspectors", "leader"], known)
    assert shown.forms[0].fields == [("inspectors", "8"), ("leader", "8")]
    posted = shown.forms[0].sent({"inspectors": ["5", "8"], "leader": "5"})
    assert form_html.read(of, ["inspectors", "leader"], posted, {}) == {"inspectors": ["5", "8"], "leader": "5"}


def test_what_was_filed_stands_beside_what_is_checked(app: Flask) -> None:
    filed = layout("application")
    lines = form_html.filed_lines(filed, ["area_km2", "output"], samples.ANSWERS["application"])
    assert lines == [
        "集群占地面积（平方公里）：86.40",
        "集群总产值（亿元）：2022 年 21.30，2023 年 22.90，2024 年 24.10",
    ]
    shown = page(app, layout("site_inspection"), ["check_area"], Filling({}, beside={"check_area": lines}))
    assert "申报材料：" in shown.text
    assert lines[1] in shown.text


def test_a_phone_offers_its_camera_for_photographs_alone(app: Flask) -> None:
    of = layout("site_inspection")
    drawn = html(app, of, ["photos"], Filling({}))
    assert 'accept="image/jpeg,image/png" capture="environment"' in drawn
    assert "capture" not in html(app, of, ["documents"], Filling({}))


# ---- how far it is -------------------------------------------------------------------------------


def states(answers: Mapping[str, Any]) -> dict[str, str]:
    of = layout("application")
    asked = form_html.kept(of, of.form.draft(answers))
    found = form_html.standings(of, asked, form_html.problems_of(of, asked))
    return {standing.section.id: standing.state for standing in found}


def test_a_section_is_empty_begun_wrong_or_done() -> None:
    data = samples.application_data()
    assert states({})["part_1"] == "empty"
    assert states({})["enterprises_table"] == "empty"
    assert states({"niche": "型材"})["part_1"] == "begun"
    assert states({"area_km2": "很大"})["part_1"] == "wrong"
    assert set(states(data).values()) == {"done"}
    assert states(data | {"area_km2": "很大"})["part_2"] == "done"


def test_answers_to_read_say_it_in_words_and_leave_out_what_was_not_asked(app: Flask) -> None:
    of = layout("application")
    answers = of.form.clean(samples.application_data())
    with app.test_request_context():
        shown = form_html.show(of, of.fields, Filling(answers), of.form.asked(answers))
    said = {one.name: one for one in shown}
    assert said["industry_class"].text == "第二产业"
    assert said["applied_on"].text == "2025年4月9日"
    assert said["target_patents"].text == "基准值：64\n目标值：98"
    assert said["output"].heads == ("指标", "2022 年", "2023 年", "2024 年")
    assert said["output"].rows[0] == ("集群总产值（亿元）", "21.30", "22.90", "24.10")
    assert "evidence_1_files" not in said
