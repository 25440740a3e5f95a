"""An application from its first page to its confirmation with the keyboard alone, the focus always in sight."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine.models import Task
from tests import samples
from tests.browser.filling import application
from tests.browser.keyboard import Keyboard, Place
from tests.browser.office import Office
from tests.browser.rounds import call_for_applications
from tests.browser.visit import Visits
from tests.unit.test_uploads import PDF

GO_ON = "保存并继续"
TABLE = "enterprises"


@pytest.fixture
def page(office: Office, visits: Visits) -> Page:
    """A county's officer on the day after the call, before the page where an application begins."""
    office.clock.move_to("2026-03-04 14:00")
    call_for_applications(office)
    page = visits.signed_in("county")
    page.goto("/cases/new")
    return page


@pytest.fixture
def keys(page: Page) -> Keyboard:
    return Keyboard(page)


def test_an_application_is_filled_in_and_sent_with_the_keyboard_alone(
    page: Page, keys: Keyboard, office: Office, tmp_path: Path
) -> None:
    begins(keys)
    answers = application()
    paper = tmp_path / "集群区域范围证明.pdf"
    paper.write_bytes(PDF)

    keys.to(leads_to("/part/cover"))
    keys.press("Enter")
    page.wait_for_url("**/part/cover")
    keys.skips()
    keys.fills(answers, {}, until=GO_ON)
    arrives(keys, "/part/part_1#part")

    # An impossible number: the list of what is wrong has the focus, and leads to it.
    keys.fills(answers | {"area_km2": "30亿"}, {}, until=GO_ON)
    arrives(keys, "/part/part_1?checked=1")
    expect(page.locator("[data-summary]")).to_be_focused()
    keys.forward()
    keys.press("Enter")
    assert keys.here().name == "area_km2"
    keys.types(answers["area_km2"])
    keys.to(says(GO_ON))
    arrives(keys, "/part/part_2#part")

    for number in range(3, 10):
        keys.fills(answers, {}, until=GO_ON)
        arrives(keys, f"/part/part_{number}#part")
    keys.fills(answers, {}, until=GO_ON)
    arrives(keys, "/part/evidence#part")
    keys.fills(answers, {"evidence_1_files": paper}, until=GO_ON)
    arrives(keys, "/part/enterprises_table#part")
    keys.fills(answers, {}, until=GO_ON)
    arrives(keys, "/check")

    keys.to(says("确认提交"))
    keys.press("Enter")
    page.wait_for_url("**/cases/*")
    assert "已提交" in keys.here().words
    with office.database.read() as session:
        filed = session.scalars(select(Task).where(Task.form == "application")).one()
        assert filed.state == "done"
        wanted = {name: answer for name, answer in answers.items() if name != "evidence_1_files"}
        assert {name: filed.answers[name] for name in wanted} == wanted  # type: ignore[index]  # done: it has answers


def test_rows_and_files_come_and_go_with_the_keyboard_and_the_focus_stays_with_them(
    page: Page, keys: Keyboard, visits: Visits, tmp_path: Path
) -> None:
    visits.forgive(r"\b422\b")
    begins(keys)
    rows = page.locator(f'[data-table="{TABLE}"] tbody tr')
    keys.to(leads_to("/part/enterprises_table"))
    keys.press("Enter")
    page.wait_for_url("**/part/enterprises_table")
    keys.skips()
    for number, name in enumerate(("甲", "乙", "丙")):
        if number:
            keys.to(says("＋ 添加一行"))
            keys.press("Enter")
            expect(rows).to_have_count(number + 1)
            assert keys.here().name == f"{TABLE}[{number}].name"
        else:
            keys.to(named(f"{TABLE}[0].name"))
        keys.types(name)
    keys.back_to(says("删除 第 2 行"))
    keys.press("Enter")
    expect(rows).to_have_count(2)
    assert (keys.here().name, keys.here().value) == (f"{TABLE}[1].name", "丙")
    keys.to(says("撤销"))
    keys.press("Enter")
    assert (keys.here().name, keys.here().value) == (f"{TABLE}[1].name", "乙")
    keys.to(says("上移 第 2 行"))
    keys.press("Space")
    assert keys.here().words == "上移 第 1 行"
    for left in (2, 1, 0):
        keys.to(says("删除 第 1 行"))
        keys.press("Enter")
        expect(rows).to_have_count(left)
    assert keys.here().words == "＋ 添加一行"  # where the next thing can be done

    keys.to(says("保存并返回目录"))
    keys.press("Enter")
    page.wait_for_url(lambda url: "/part/" not in url)
    assert keys.here().words == "已保存。"
    keys.to(leads_to("/part/evidence"))
    keys.press("Enter")
    page.wait_for_url("**/part/evidence")
    keys.skips()
    keys.to(named("evidence_1"))
    keys.press("Space")
    for paper, sentence in ((tmp_path / "程序.exe", "不接收 .exe 文件"), (tmp_path / "证明.pdf", "")):
        paper.write_bytes(PDF)
        keys.to(lambda place: place.kind == "file") if sentence else keys.here()
        with page.expect_file_chooser() as chooser:
            keys.press("Space")
        chooser.value.set_files(paper)
        if sentence:
            expect(page.locator(".jq-upload.jq-error")).to_contain_text(sentence)
            keys.to(says("不要了"))
            keys.press("Enter")
            assert keys.here().kind == "file"
    expect(page.locator("[data-files] a", has_text="证明.pdf")).to_be_visible()
    keys.back_to(says("删除"))
    keys.press("Enter")
    expect(page.locator("[data-files] a")).to_have_count(0)
    assert keys.here().kind == "file"


def begins(keys: Keyboard) -> None:
    """From the list of rounds to the parts of a new application."""
    page = keys.page
    keys.skips()
    keys.to(lambda place: place.words.startswith("申报"))
    keys.press("Enter")
    page.wait_for_url("**/cases/new?round=*")
    keys.skips()
    keys.fills(samples.ANSWERS["application_start"], {}, until="发起申报，继续填表")
    keys.press("Enter")
    page.wait_for_url("**/tasks/*")
    keys.here()


def arrives(keys: Keyboard, address: str) -> None:
    """Presses the button that has the focus; the next page has it where reading goes on."""
    keys.press("Enter")
    expect(keys.page).to_have_url(re.compile(re.escape(address) + "$"))
    keys.page.wait_for_load_state()
    place = keys.here()
    assert place.id == "part" or not address.endswith("#part"), place


def leads_to(address: str) -> Callable[[Place], bool]:
    return lambda place: place.href.endswith(address)


def says(words: str) -> Callable[[Place], bool]:
    return lambda place: place.words == words


def named(name: str) -> Callable[[Place], bool]:
    return lambda place: place.name == name
