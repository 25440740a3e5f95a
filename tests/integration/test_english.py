"""In English: what the engine says to somebody who reads English, while the API goes on in Chinese."""

import html
import io
import re
from pathlib import Path

import pytest

from engine.db import Database
from engine.forms.kinds import NOTHING
from tests import samples
from tests.clock import StandingClock
from tests.integration import administrators, reader
from tests.integration.desk import Desk
from tests.integration.reader import Reader
from tests.integration.test_task_pages import Work, opened, work
from tests.unit.test_wording import CHINESE

ERROR = re.compile(r'class="jq-error"[^>]*>(?:<span class="jq-hidden">[^<]*</span>)?([^<]+)<')
GLOSS = re.compile(r"\([\u4e00-\u9fff]+\)")  # the office's own word behind an English title: Little giants (小巨人)


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return administrators.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def filling(at: Desk) -> Work:
    """The applicant before an untouched application, in English."""
    made = work(at, "county", opened(at).id, "fill_in")
    made.reader.get("/look?switch=en")
    return made


def in_english(at: Desk, name: str) -> Reader:
    someone = reader.reader(at.app, reader.signed_in(at.database, name))
    someone.get("/look?switch=en")
    return someone


def chinese(texts: list[str]) -> list[str]:
    """Those that a reader of English could not read; “无” is what a form wants to be written."""
    return [text for text in texts if CHINESE.search(GLOSS.sub("", text).replace(f"“{NOTHING}”", ""))]


def test_a_refusal_is_read_in_english_on_a_page_and_in_chinese_over_the_api(at: Desk) -> None:
    someone = in_english(at, "county")
    page = someone.get("/cases/4711")
    assert page.status_code == 404
    assert "There is no such case, or you may not see it." in page.text
    assert "没有这个办件" not in page.text
    someone.get("/look?switch=zh-CN")
    assert "没有这个办件，或者您无权查看" in someone.get("/cases/4711").text
    told = at.as_("county").get("/cases/4711", headers={"Cookie": "jq_look=en", "Accept-Language": "en"}).json
    assert told["detail"] == "没有这个办件，或者您无权查看"


def test_a_pages_script_is_told_in_the_readers_language(filling: Work) -> None:
    told = filling.reader.post("/tasks/nothing/files?field=plan_files", headers={"Accept": "application/json"}).json
    assert told["detail"] == "There is no such task, or you may not see it."


def test_what_is_wrong_with_a_form_is_read_in_english_with_its_fields_called_so(filling: Work) -> None:
    filling.keep(
        {
            "application_year": 2025,
            "applied_on": "2025-02-30",
            "output": {"2024": "5.123"},
            "area_km2": "60 平方公里",
            "enterprises": [{"name": "甲厂", "output_1": "1,2"}],
        }
    )
    told = list[str]()
    for section in dict.fromkeys(re.findall(r"/part/(\w+)", filling.reader.get(filling.address).text)):
        page = filling.reader.get(f"{filling.address}/part/{section}?checked=1").text
        told += [html.unescape(text) for text in ERROR.findall(page)]
    assert chinese([text.replace("60 平方公里", "…") for text in told]) == []  # what they typed stays theirs
    for expected in (
        "Fill in “Province”; if there is nothing to report, enter “无”",
        "“Date of application”: write a real date like 2025-09-26.",
        "“Area of the cluster (km²)”: enter the number alone, without a unit. It is asked in km²;",
        "“Output of the cluster (100 million yuan)”, 2024: at most 2 decimal places; there are 3.",
        "“Enterprises”, row 1, “Output (100 million yuan), year 1”: enter a number without unit or commas",
    ):
        assert any(text.startswith(expected) for text in told), expected


def test_a_form_over_the_api_is_refused_in_chinese(at: Desk) -> None:
    task = at.office.open_task(opened(at).id, "fill_in")
    told = at.as_("county").post(f"/tasks/{task.id}/complete", {"data": {}}).json
    assert told["detail"] == "表单填写有误，请按提示修改后再提交"
    assert all(CHINESE.search(problem["message"]) for problem in told["problems"])


def test_what_is_wrong_with_a_spreadsheet_is_read_in_english(filling: Work) -> None:
    broken = {"_sheet": (io.BytesIO(b"PK\x03\x04"), "table.xlsx")}
    answer = filling.post("/sheet/enterprises", broken)
    assert answer.status_code == 422
    assert "The file is damaged and cannot be opened." in answer.text


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        ({"name": "No Name", "display_name": "王"}, "name", "cannot be used"),
        ({"name": "county", "display_name": "王"}, "name", "exists already"),
        ({"name": "wang", "display_name": ""}, "display_name", "person&#39;s name"),
    ],
)
def test_what_is_wrong_with_an_account_stands_at_its_field_in_every_language(
    at: Desk, given: dict[str, str], field: str, why: str
) -> None:
    page = in_english(at, "sysadmin").post("/office/accounts/new", given)
    assert page.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{why}', page.text)


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        ({"label": "", "days": "30", "scopes": "read"}, "label", "Say what the token is for"),
        ({"label": "cron", "days": "30", "scopes": "admin"}, "scopes", "go beyond your role"),
        ({"label": "cron", "days": "7", "scopes": "read"}, "scopes", "valid for 1 to 366 days"),
    ],
)
def test_what_is_wrong_with_a_token_stands_at_its_field_in_every_language(
    at: Desk, given: dict[str, str], field: str, why: str
) -> None:
    page = in_english(at, "county").post("/me/tokens", given)
    assert page.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{why}', page.text)
