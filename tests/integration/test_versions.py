"""Four eyes and the versions of a regime: submitted with a reason, approved by another, kept for ever."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from engine import bundle, deployments, events, lint
from engine.db import Database
from engine.lint.findings import Report
from engine.models import Deployment, Event, Letter, Person
from engine.workshop import archive
from notifications import wording
from tests.clock import StandingClock
from tests.drafting import (
    LETTER,
    OTHER_WORDS,
    WORDS,
    as_,
    current,
    deploy,
    furnished,
    nothing_found,
    opened,
    save,
)
from tests.integration.desk import Desk
from tests.integration.test_letter_pages import rows, text
from tests.office import REGIME
from web import cli


@pytest.fixture(autouse=True)
def unchecked() -> Iterator[None]:
    with nothing_found():
        yield


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(database, clock, tmp_path)


@pytest.fixture
def here(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(sqlite_database, clock, tmp_path)


REASON = {"reason": "催办通知太长，基层反映看不完"}


def submitted(at: Desk, **more: str) -> str:
    """The address of a draft that an owner has submitted."""
    draft = opened(at)
    save(at, draft)
    answer = as_(at, "owner").post(f"{draft}/submit", REASON | more)
    assert answer.status_code == 303, text(answer)
    return draft


def seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def approve(at: Desk, draft: str, who: str = "owner2") -> Any:
    reader = as_(at, who)
    return reader.post(f"{draft}/decide", {"deed": "approve", "seen": seen(text(reader.get(draft)))})


def told(at: Desk) -> list[tuple[str, str]]:
    """Letters about drafts: which, and to whom."""
    with at.database.read() as session:
        query = select(Letter.template, Person.name).join(Person, Person.id == Letter.person_id)
        return sorted((row[0], row[1]) for row in session.execute(query.where(Letter.template.startswith("draft_"))))


def test_another_person_approves_and_the_draft_is_the_next_version(at: Desk) -> None:
    before, draft = current(at), submitted(at)
    assert told(at) == [("draft_submitted", "leader"), ("draft_submitted", "owner2")]
    own = as_(at, "owner").post(f"{draft}/decide", {"deed": "approve", "seen": "x"})
    assert (own.status_code, "您经手过这份草案" in text(own)) == (403, True)
    assert current(at) == before
    assert approve(at, draft).status_code == 303
    with at.database.read() as session:
        made = deployments.current(session, REGIME)
        assert (made.number, made.deployed_by, made.approved_by) == (2, "owner", "owner2")
        assert made.content_hash == bundle.content_hash({**before, LETTER: WORDS})
        assert events.verify(session) == []
    assert current(at) == {**before, LETTER: WORDS}
    assert told(at)[0] == ("draft_deployed", "owner")
    kinds = [event.kind for event in rows(at, Event) if event.kind.startswith(("draft.", "deployment."))]
    assert kinds[1:] == [
        *("draft.opened", "draft.changed", "draft.submitted", "deployment.created", "draft.deployed"),
    ]
    page = text(as_(at, "leader").get(f"/workshop/{REGIME}/versions"))
    assert "催办通知太长，基层反映看不完" in page


def test_what_is_sent_back_is_told_with_its_reason_and_goes_on(at: Desk) -> None:
    draft = submitted(at)
    leader = as_(at, "leader")
    assert leader.post(f"{draft}/decide", {"deed": "return", "reason": ""}).status_code == 422
    assert leader.post(f"{draft}/decide", {"deed": "return", "reason": "请写明办理期限"}).status_code == 303
    assert ("draft_returned", "owner") in told(at)
    with at.database.read() as session:
        (letter,) = session.scalars(select(Letter).where(Letter.template == "draft_returned"))
        _subject, body = wording.read(session, letter.deployment_id, letter.template, letter.fields)
    assert "请写明办理期限" in body
    assert "请写明办理期限" in text(as_(at, "owner").get(draft))
    save(at, draft, content=OTHER_WORDS, who="owner2")
    assert as_(at, "owner").post(f"{draft}/submit", REASON).status_code == 303
    assert approve(at, draft, "owner2").status_code == 403  # who saved in it has had a hand in it
    assert approve(at, draft, "leader").status_code == 303
    assert current(at)[LETTER] == OTHER_WORDS


def test_nothing_is_approved_that_was_not_seen(here: Desk) -> None:
    draft, other = submitted(here), as_(here, "owner2")
    page = text(other.get(draft))
    owner = as_(here, "owner")
    assert save_refused(here, draft) == 409  # it waits for a decision
    assert owner.post(f"{draft}/withdraw").status_code == 303
    save(here, draft, content=OTHER_WORDS)
    assert owner.post(f"{draft}/submit", REASON).status_code == 303
    late = other.post(f"{draft}/decide", {"deed": "approve", "seen": seen(page)})
    assert (late.status_code, "您查看之后草案又改过" in text(late)) == (409, True)
    deploy(here, accepted=WORDS)
    overtaken = approve(here, draft)
    assert (overtaken.status_code, "已被第 2 版替换" in text(overtaken)) == (409, True)
    assert len(rows(here, Deployment)) == 2


def save_refused(at: Desk, draft: str) -> int:
    owner = as_(at, "owner")
    tag = owner.get(f"{draft}/files/{LETTER}").headers["ETag"]
    return int(owner.send("PUT", f"{draft}/files/{LETTER}", data=b"x", headers={"If-Match": tag}).status_code)


def test_a_draft_is_submitted_with_a_reason_a_change_and_a_clean_check(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    unchanged = owner.post(f"{draft}/submit", REASON)
    assert (unchanged.status_code, "没有可提交的改动" in text(unchanged)) == (409, True)
    save(here, draft)
    assert owner.post(f"{draft}/submit", {"reason": " "}).status_code == 422
    assert owner.post(f"{draft}/submit", REASON | {"effective_on": "2020-01-01"}).status_code == 422
    report = Report(LETTER)
    report.error(2, "letter", "标题之后应空一行，请补上")
    with patch.object(lint, "problems", return_value=report.findings):
        faulty = owner.post(f"{draft}/submit", REASON)
    assert (faulty.status_code, "标题之后应空一行" in text(faulty)) == (422, True)
    moved = current(here)["regime.toml"].replace(b'bureau = "441800"', b'bureau = "440500"')
    save(here, draft, "regime.toml", moved)
    refused = owner.post(f"{draft}/submit", REASON)
    assert (refused.status_code, "认定机关不能在草案中改为" in text(refused)) == (409, True)
    assert told(here) == []


def test_a_version_waits_for_its_day(at: Desk, clock: StandingClock) -> None:
    draft = submitted(at, effective_on="2025-05-01")
    assert approve(at, draft).status_code == 303
    with at.database.read() as session:
        assert deployments.current(session, REGIME).number == 1
        assert [(row.number, row.effective_on) for row in deployments.planned(session, REGIME)] == [
            (2, date(2025, 5, 1))
        ]
    clock.move_to("2025-05-01T00:00:00+08:00")
    assert current(at)[LETTER] == WORDS


def test_every_version_can_be_seen_compared_taken_away_and_put_back(here: Desk) -> None:
    first = current(here)
    approve(here, submitted(here))
    owner = as_(here, "owner")
    page = text(owner.get(f"/workshop/{REGIME}/versions"))
    assert page.index("第 2 版") < page.index("第 1 版")
    assert owner.get(f"/workshop/{REGIME}/versions/1/files/{LETTER}").data == first[LETTER]
    with zipfile.ZipFile(io.BytesIO(owner.get(f"/workshop/{REGIME}/versions/1.zip").data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == first
    compared = text(owner.get(f"/workshop/{REGIME}/changes"))  # the newest and the one before
    assert "请即办理。" in compared
    assert "第 1 版与第 2 版" in compared
    assert "两边没有不同" in text(owner.get(f"/workshop/{REGIME}/changes?before=2&after=2"))
    assert owner.get(f"/workshop/{REGIME}/changes?before=1&after=7").status_code == 404
    with here.database.read() as session:
        number = session.scalar(select(Deployment.id).where(Deployment.number == 1))
    back = owner.post("/workshop", {"regime": REGIME, "title": "恢复第 1 版", "files_of": str(number)})
    draft = str(back.headers["Location"])
    assert owner.post(f"{draft}/submit", {"reason": "新的通知有误"}).status_code == 303
    assert approve(here, draft).status_code == 303
    assert current(here) == first
    assert [row.number for row in rows(here, Deployment)] == [1, 2, 3]


def test_a_diagram_is_shown_on_both_sides_with_what_is_other(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    renamed = current(here)["renewal.bpmn"].replace('name="审定复核"'.encode(), 'name="审批复核"'.encode())
    save(here, draft, "renewal.bpmn", renamed)
    page = text(owner.get(f"{draft}/changes?file=renewal.bpmn"))
    assert "data-difference" in page
    drawn = owner.get(f"{draft}/changes/diagram?file=renewal.bpmn").get_json()
    assert (drawn["before"].encode(), drawn["after"].encode()) == (current(here)["renewal.bpmn"], renamed)
    assert drawn["marks"] == {"decide_renewal": "changed"}
    assert drawn["words"] == {"decide_renewal": ["环节“审批复核”的名称由“审定复核”改为“审批复核”"]}
    assert owner.get(f"{draft}/changes/diagram?file=nothing.bpmn").status_code == 404


def test_the_findings_tell_the_way_out_by_itself(here: Desk) -> None:
    report = Report("renewal.bpmn")
    report.error(3, "no-clause", "步骤没有条款；请在条款对照中写明", element="decide_renewal")
    draft = opened(here)
    with patch.object(lint, "problems", return_value=report.findings):
        answer = as_(here, "leader").get(f"{draft}/findings")
    assert answer.get_json() == [
        {
            "file": "renewal.bpmn",
            "line": 3,
            "element": "decide_renewal",
            "rule": "no-clause",
            "severity": "error",
            "message": "步骤没有条款",
            "way_out": "请在条款对照中写明",
        }
    ]


def test_the_command_line_deploys_the_same_way_and_tells_the_same(
    here: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--database", str(here.database.url)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    bundle_ = tmp_path / "bundle.zip"
    bundle_.write_bytes(archive.packed({**current(here), LETTER: WORDS, "readme.md": b""}))
    status, out, err = run("deploy", REGIME, "--files", str(bundle_), "--by", "owner", "--approve-as", "owner2")
    assert (status, json.loads(out)["number"]) == (0, 2)
    assert "readme.md 不属于流程包" in err
    assert current(here)[LETTER] == WORDS
    for before, after in (("1", "2"), ("1", str(bundle_))):
        status, out, _err = run("diff", REGIME, before, after)
        told = [json.loads(line) for line in out.splitlines()]
        assert (status, {each["file"] for each in told}) == (0, {LETTER})
        assert [(each["property"], each["to"]) for each in told if each["to"] == "请即办理。"] == [
            ("正文", "请即办理。")
        ]
    assert run("diff", REGIME, "2", "2")[:2] == (0, "")
    for words in (("1", "9"), ("1", str(tmp_path)), ("1", str(tmp_path / "nothing.zip"))):
        status, out, err = run("diff", REGIME, *words)
        assert (status, out, len(err.splitlines())) == (2, "", 1)
