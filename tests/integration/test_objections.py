"""Objecting as the public does it: without an account, a puzzle or a script; and who learns afterwards who it was."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine import accounts, organisations, receipts
from engine.columns import dump_json
from engine.db import Database
from engine.events import every
from engine.models import Case, Letter, Objection, StoredFile, Tally
from tests import publicised
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import Reader, reader, signed_in
from tests.integration.refusals import fingerprint, refused
from tests.publicised import DISMISSED, GROUNDS, INVESTIGATED, LAST_MINUTE, OVER, UPHELD, List
from tests.unit.test_uploads import PDF
from web.app import create_app
from web.worker import Worker

NAME, CONTACT = "欧阳示例", "00000001234"
SCRIPT = "<script>alert(1)</script>请看这一段文字是否原样显示"
RECEIPT = re.compile(r"[0-9]{2}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
MEGABYTE = 1024 * 1024


class Street:
    """A published list, the application that shows it, and somebody who walks by with an address."""

    def __init__(self, at: Desk, public: List) -> None:
        self.at, self.public, self.clock = at, public, public.clock
        self.path = f"/notices/{public.notice.id}/object"

    def passer_by(self) -> Reader:
        return reader(self.at.app)

    def signed_in(self, who: str) -> Reader:
        return reader(self.at.app, signed_in(self.at.database, who))

    def drawn(self) -> str:
        """The token of a form that somebody has opened and looked at for a minute."""
        page = self.passer_by().get(self.path).get_data(as_text=True)
        found = re.search(r'name="_drawn" value="([^"]+)"', page)
        assert found
        self.clock.move_by(minutes=1)
        return found[1]

    def send(
        self,
        *,
        token: str | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        address: str = "198.51.100.7",
        headers: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> TestResponse:
        data: dict[str, Any] = {
            "name": NAME,
            "contact": CONTACT,
            "target": str(self.public.cases[0]),
            "grounds": GROUNDS,
        }
        data |= {"_drawn": self.drawn() if token is None else token, **changes}
        if files:
            data["files"] = [FileStorage(io.BytesIO(content), name) for name, content in files]
        boundary, body = encode_multipart(data)
        return self.passer_by().post(
            self.path,
            body,
            content_type=f"multipart/form-data; boundary={boundary}",
            environ_overrides={"REMOTE_ADDR": address},
            headers=dict(headers or {}),
        )

    def kept(self) -> list[Objection]:
        with self.at.database.read() as session:
            return list(session.scalars(select(Objection).order_by(Objection.id)))

    def on_disk(self) -> list[Path]:
        """What of the files that were sent is still there."""
        return [path for path in (self.at.settings.data / "files").rglob("*") if path.is_file()]

    def count(self, kind: Any) -> int:
        with self.at.database.read() as session:
            return session.scalar(select(func.count()).select_from(kind)) or 0


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def opened(database: Database, clock: StandingClock, data: Path, **settings: Any) -> Street:
    public = publicised.listed(database, clock, second_leader=True)
    return Street(desk.of(public.office, data, **settings), public)


@pytest.fixture
def street(database: Database, clock: StandingClock, tmp_path: Path) -> Street:
    return opened(database, clock, tmp_path / "data")


@pytest.fixture
def lane(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Street:
    """The same, for what does not depend on the database."""
    return opened(sqlite_database, clock, tmp_path / "data")


# ---- sending one --------------------------------------------------------------------------------


def test_an_objection_gets_a_receipt_that_leads_to_its_answer(street: Street) -> None:
    answer = street.send(files=[("照片说明.pdf", PDF)])
    assert answer.status_code == 201
    receipt = RECEIPT.search(text(answer))
    assert receipt
    assert "2025年7月18日前答复" in text(answer)
    (objection,) = street.kept()
    assert (objection.name, objection.contact, objection.grounds) == (NAME, CONTACT, GROUNDS)
    assert len(objection.files) == 1
    typed = receipt[0].lower().replace("-", " ")
    told = street.passer_by().post("/objections", {"receipt": typed})
    assert "已收到" in text(told)
    street.public.decided(objection, DISMISSED)
    told = street.passer_by().post("/objections", {"receipt": receipt[0]})
    assert "异议不成立" in text(told)
    assert DISMISSED["answer"] in text(told)
    assert NAME not in text(told)


def test_a_notice_says_how_to_object_and_the_form_lists_its_clusters(lane: Street) -> None:
    notice = text(lane.passer_by().get(f"/notices/{lane.public.notice.id}"))
    assert f'href="{lane.path}"' in notice
    assert "2025年7月10日 24 时前" in notice
    form = text(lane.passer_by().get(lane.path))
    for case_id in lane.public.cases:
        assert f'name="target" value="{case_id}"' in form
    assert "个人信息保护法" in form


def test_the_form_speaks_english(lane: Street) -> None:
    guest = lane.passer_by()
    guest.get("/look?switch=en")
    assert "Facts and reasons" in text(guest.get(lane.path))


def test_an_objection_in_the_last_second_counts_and_a_later_one_is_told_so(lane: Street) -> None:
    lane.clock.move_to("2025-07-10 23:00")
    first, second = lane.drawn(), lane.drawn()
    lane.clock.move_to(LAST_MINUTE)
    assert "答复凭回执号" in text(lane.send(token=first))
    lane.clock.move_to(OVER)
    assert "公示期已于 2025年7月10日 24 时届满" in text(lane.passer_by().get(lane.path))
    late = lane.send(token=second)
    assert late.status_code == 201
    assert "不作为公示异议" in text(late)
    assert [objection.late for objection in lane.kept()] == [False, True]


def test_a_form_sent_twice_gives_the_same_receipt(street: Street) -> None:
    token = street.drawn()
    numbers = {RECEIPT.findall(text(street.send(token=token, files=[("一.pdf", PDF)])))[0] for _ in range(2)}
    assert len(numbers) == 1
    assert len(street.kept()) == 1
    with street.at.database.read() as session:
        assert session.scalar(select(func.count()).where(Case.process == "objection")) == 1


def test_only_a_publicity_is_objected_to(lane: Street) -> None:
    call = lane.passer_by().get("/notices/1/object")
    assert call.status_code == 404
    assert lane.passer_by().get("/notices/99/object").status_code == 404
    assert lane.passer_by().post("/notices/1/object", {}).status_code == 404


# ---- what is wrong is told, and nothing is kept ---------------------------------------------------


def test_what_is_missing_is_told_and_what_was_typed_stays(lane: Street) -> None:
    answer = lane.send(target="", grounds="太短")
    assert answer.status_code == 422
    page = text(answer)
    assert "请选择异议所指的集群" in page
    assert "至少 10 个字，现有 2 个字" in page
    assert f'value="{NAME}"' in page
    assert ">\n太短</textarea>" in page
    assert lane.kept() == []


@pytest.mark.parametrize(
    "target", ["x", "-1", "99999999999999999999", "1", "٣"], ids=["word", "minus", "huge", "round", "arabic"]
)
def test_a_cluster_that_is_not_on_the_list_is_none(lane: Street, target: str) -> None:
    assert lane.send(target=target).status_code == 422
    assert lane.kept() == []


def test_a_script_in_the_text_is_text(lane: Street) -> None:
    assert lane.send(grounds=SCRIPT, name="<b>甲</b>").status_code == 201
    (objection,) = lane.kept()
    assert objection.grounds == SCRIPT
    answer = lane.signed_in("city2").get(f"/objections/{objection.id}")
    page = text(answer)
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>甲</b>" not in page
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]  # nor would one run that got through
    wrong = text(lane.send(grounds="<script>", target=""))
    assert "&lt;script&gt;</textarea>" in wrong
    told = lane.at.as_("city2").get(f"/objections/{objection.id}")
    assert (told.get_json()["grounds"], told.mimetype) == (SCRIPT, "application/json")
    assert told.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_of_fifty_megabytes_is_refused_clearly_and_the_text_stays(street: Street) -> None:
    token, before = street.drawn(), fingerprint(street.at.database)
    answer = street.send(token=token, files=[("大文件.pdf", PDF + b"\n" * (50 * MEGABYTE - len(PDF)))])
    assert answer.status_code == 422
    assert "文件超过 10 MB" in text(answer)
    assert GROUNDS in text(answer)
    assert "请重新选择" in text(answer)
    assert fingerprint(street.at.database) == before
    assert street.on_disk() == []


def test_a_request_beyond_all_bounds_is_not_even_read(lane: Street) -> None:
    lane.drawn()
    form = b"--x\r\n" + b"\x00" * 52 * MEGABYTE
    answer = lane.passer_by().post(lane.path, form, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert "超过限制" in text(answer)


def test_three_files_fit_though_a_single_upload_may_be_smaller_than_they_are_together(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    lane = opened(sqlite_database, clock, tmp_path / "data", file_megabytes=12)
    three = [(f"{number}.pdf", PDF + b"%d\n" % number * (9 * MEGABYTE // 2)) for number in range(3)]
    assert lane.send(files=three).status_code == 201
    assert len(lane.kept()[0].files) == 3
    answer = lane.send(files=[("大文件.pdf", PDF + b"\n" * 32 * MEGABYTE)])
    assert (answer.status_code, answer.mimetype) == (413, "text/html")
    assert "单个文件不超过 10 MB，一次提交的文件合计不超过 30 MB" in text(answer)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("程序.exe", b"MZ")], "不接收 .exe 文件"),
        ([("假图片.jpg", b"<html>")], "内容与扩展名 .jpg 不符"),
        ([("空.pdf", b"")], "文件是空的"),
        ([(f"{number}.pdf", PDF) for number in range(4)], "至多上传 3 个文件，现有 4 个"),
    ],
)
def test_evidence_of_the_wrong_kind_is_refused(lane: Street, files: list[tuple[str, bytes]], said: str) -> None:
    answer = lane.send(files=files)
    assert answer.status_code == 422
    assert said in text(answer)
    assert (lane.kept(), lane.count(StoredFile)) == ([], 0)


def test_ten_in_a_minute_from_one_address_are_refused_and_nothing_of_them_is_kept(street: Street) -> None:
    tokens = [street.drawn() for _ in range(10)]
    street.clock.move_to("2025-07-02 09:00:00")
    answers, left = [], []
    for token in tokens:
        street.clock.move_by(seconds=6)
        answers.append(street.send(token=token, files=[("一.pdf", PDF)]))
        left.append(fingerprint(street.at.database))
    assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 5
    assert left[4:] == [left[4]] * 6
    last = answers[-1]
    assert "提交异议过于频繁，请在 60 分钟后再试" in text(last)
    assert last.headers["Retry-After"] == str(3600 - 54)
    assert GROUNDS in text(last)  # nobody types it twice
    assert (len(street.kept()), len(street.on_disk())) == (5, 1)  # the same paper five times
    with street.at.database.read() as session:
        assert session.scalar(select(func.count()).where(Case.process == "objection")) == 5
    assert street.send(token=tokens[5], address="198.51.100.8").status_code == 201  # somebody else


def test_ten_in_a_minute_from_one_program_are_refused_too(street: Street) -> None:
    path = f"/public/notices/{street.public.notice.id}/objections"
    body = {"name": NAME, "contact": CONTACT, "case": street.public.cases[0], "grounds": GROUNDS}
    guest, said = street.at.anonymous(), ["提交异议过于频繁", "分钟后再试"]
    for _ in range(5):
        street.clock.move_by(seconds=6)
        assert guest.post(path, body).status_code == 201
    for _ in range(5):
        street.clock.move_by(seconds=6)
        refused(street.at.database, lambda: guest.post(path, body), (429, "too_many"), says=said)


def test_a_file_of_fifty_megabytes_is_refused_by_the_api(lane: Street) -> None:
    path = f"/public/notices/{lane.public.notice.id}/objections"
    file = FileStorage(io.BytesIO(PDF + b"\n" * (50 * MEGABYTE - len(PDF))), "大文件.pdf")
    given = {"name": NAME, "contact": CONTACT, "case": str(lane.public.cases[0]), "grounds": GROUNDS, "files": file}
    boundary, body = encode_multipart(given)
    kind = f"multipart/form-data; boundary={boundary}"
    asking = partial(lane.at.anonymous().ask, "POST", path, data=body, content_type=kind)
    refused(lane.at.database, asking, (413, "file_too_large"), says=["10 MB"])
    assert lane.on_disk() == []


def test_fifty_megabytes_of_an_objection_are_refused_by_the_api(street: Street) -> None:
    path = f"/public/notices/{street.public.notice.id}/objections"
    body = {"name": NAME, "contact": CONTACT, "case": street.public.cases[0], "grounds": "长" * 17_000_000}
    asking = partial(street.at.anonymous().post, path, body)
    refused(street.at.database, asking, (413, "request_entity_too_large"), says=["超过限制", "请压缩或拆分"])


def test_the_count_survives_a_restart_and_is_shared_by_processes(lane: Street) -> None:
    for _ in range(5):
        assert lane.send().status_code == 201
    other = Street(
        Desk(lane.at.office, create_app(lane.at.settings, lane.at.database), lane.at.settings, {}), lane.public
    )
    token = lane.drawn()
    assert other.send(token=token).status_code == 429  # a form drawn by one process holds in another
    lane.clock.move_by(hours=1)
    assert other.send().status_code == 201


def test_a_network_of_ipv6_is_one_address(lane: Street) -> None:
    for number in range(5):
        assert lane.send(address=f"2001:db8:1:2::{number}").status_code == 201
    assert lane.send(address="2001:db8:1:2:ffff::1").status_code == 429
    assert lane.send(address="2001:db8:1:3::1").status_code == 201


def test_no_address_is_kept_readable(lane: Street) -> None:
    lane.send(address="198.51.100.7")
    with lane.at.database.read() as session:
        kept = session.scalars(select(Tally.key)).all()
    assert kept
    assert not [key for key in kept if "198.51" in key]
    lane.clock.move_by(days=1, seconds=1)
    Worker(lane.at.database, lane.at.settings).hourly()
    assert lane.count(Tally) == 0  # and nothing after a day


# ---- no puzzles -----------------------------------------------------------------------------------


def test_who_is_too_quick_is_told_and_sends_the_same_form_again(lane: Street) -> None:
    token = lane.drawn()
    lane.clock.at -= timedelta(seconds=57, microseconds=1)  # just under three seconds after the form was drawn
    quick = lane.send(token=token)
    assert quick.status_code == 422
    assert "提交得太快" in text(quick)
    assert GROUNDS in text(quick)
    assert f'name="_drawn" value="{token}"' in text(quick)
    lane.clock.move_by(microseconds=1)
    assert lane.send(token=token).status_code == 201


def test_a_form_of_yesterday_is_drawn_anew_with_what_was_typed(lane: Street) -> None:
    token = lane.drawn()
    lane.clock.move_by(hours=23, minutes=59)
    lane.clock.move_by(seconds=1)
    old = lane.send(token=token)
    assert old.status_code == 422
    assert "已超过一天" in text(old)
    assert GROUNDS in text(old)
    assert token not in text(old)


@pytest.mark.parametrize("token", ["", "1.2.3", "x", "9999999999.aaaa." + "0" * 64])
def test_a_form_that_we_did_not_draw_is_not_taken(lane: Street, token: str) -> None:
    lane.clock.move_by(minutes=1)
    assert lane.send(token=token).status_code == 422
    assert lane.kept() == []


def test_a_token_of_another_notice_does_not_fit(lane: Street) -> None:
    token = lane.drawn()
    lane.path = "/notices/1/object"
    assert lane.send(token=token).status_code == 404


def test_what_fills_in_every_field_is_not_taken(lane: Street) -> None:
    answer = lane.send(website="https://example.cn")
    assert answer.status_code == 422
    assert "请再提交一次" in text(answer)
    assert "example.cn" not in text(answer)
    assert lane.kept() == []


def test_a_form_posted_from_another_site_is_refused(lane: Street) -> None:
    answer = lane.send(headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert lane.kept() == []


# ---- asking by the number -------------------------------------------------------------------------


def test_every_number_that_is_not_there_gets_the_same_answer(lane: Street) -> None:
    pages = set()
    for year in (2025, 2031):
        answer = lane.passer_by().post("/objections", {"receipt": receipts.number(year)})
        assert answer.status_code == 404
        pages.add(re.sub(r'value="[^"]*"', "", text(answer)))
    assert len(pages) == 1
    slip = lane.passer_by().post("/objections", {"receipt": "25-2222-2222-2223"})
    assert slip.status_code == 422
    assert "可能输错了一位" in text(slip)


def test_guessing_numbers_ends_soon(street: Street) -> None:
    guest = street.passer_by()
    for _ in range(30):
        assert guest.post("/objections", {"receipt": receipts.number(2025)}).status_code == 404
    answer = guest.post("/objections", {"receipt": receipts.number(2025)})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 3600


# ---- who learns who it was ------------------------------------------------------------------------


def everybody(street: Street) -> dict[str, Reader]:
    """Every role, of this bureau and of another, and nobody."""
    roles = {
        "secadmin": ("security_administrator", "441800"),
        "sysadmin": ("system_administrator", "441800"),
        "auditor": ("audit_administrator", "441800"),
        "other_city": ("bureau_officer", "440500"),
        "other_leader": ("bureau_leader", "440500"),
    }
    with street.at.database.write() as session:
        organisations.add(session, "440500", "汕头市工业和信息化局", "city", "440000")
        for name, (role, code) in roles.items():
            accounts.grant(session, accounts.add(session, name, by="setup"), role, code, by="setup")
    readers = {name: street.signed_in(name) for name in (*street.public.office.actors, *roles)}
    return readers | {"nobody": street.passer_by()}


def test_only_who_handles_it_reads_who_objects_and_with_what(street: Street) -> None:
    street.send(files=[("证据.pdf", PDF)])
    (objection,) = street.kept()
    task = street.public.office.open_task(objection.case_id or 0, "investigate")
    people = everybody(street)
    secrets = (NAME, CONTACT, GROUNDS, "证据.pdf", receipts.shown(objection.receipt))
    paths = [
        f"/objections/{objection.id}",
        f"/objections/{objection.id}/files/{objection.files[0]}",
        f"/files/{objection.files[0]}",
        f"/cases/{objection.case_id}",
        f"/cases/{objection.case_id}/diagram",
        f"/cases/{street.public.cases[0]}",
        f"/tasks/{task.id}",
        "/objections/list",
        "/objections/list?state=passed_on",
        "/cases",
        "/cases.csv",
        "/tasks",
        "/tasks.csv",
        "/rounds/1",
        "/rounds/1.csv",
        "/office/record",
        f"/notices/{street.public.notice.id}",
    ]

    def who_reads() -> set[str]:
        found = set()
        for name, one in people.items():
            for path in paths:
                answer = one.get(path)
                assert answer.status_code < 500, (name, path)
                body = answer.get_data()
                if (body == PDF and answer.status_code == 200) or any(secret.encode() in body for secret in secrets):
                    found.add(name)
        return found

    assert who_reads() == {"city2", "both"}  # `city` did the first review
    people["city2"].post(f"/tasks/{task.id}/claim")
    assert who_reads() == {"city2"}
    street.public.answer("city2", objection.case_id, "investigate", INVESTIGATED)
    assert who_reads() == {"leader", "leader2", "both"}
    street.public.answer("leader", objection.case_id, "decide", UPHELD)
    assert who_reads() == {"leader"}


def test_a_late_one_is_shown_to_officers_who_did_not_do_the_first_review(lane: Street) -> None:
    lane.clock.move_to(OVER)
    lane.send()
    (objection,) = lane.kept()
    found = {name for name, one in everybody(lane).items() if NAME in text(one.get(f"/objections/{objection.id}"))}
    assert found == {"city2", "both"}
    page = text(lane.signed_in("city2").get("/objections/list?state=passed_on"))
    assert f"/objections/{objection.id}" in page


def test_neither_record_nor_letters_nor_exports_hold_who_objects(street: Street) -> None:
    street.send()
    (objection,) = street.kept()
    street.public.decided(objection, UPHELD)
    with street.at.database.read() as session:
        written = "".join(dump_json(row) for row in every(session))
        letters = session.scalars(select(Letter.fields).where(Letter.case_id == objection.case_id)).all()
        written += dump_json(list(letters))
        written += "".join(session.scalars(select(Case.title)))
    assert len(letters) == 2
    assert "objection.received" in written
    for secret in (NAME, CONTACT, GROUNDS, objection.receipt, receipts.shown(objection.receipt)):
        assert secret not in written


def test_the_list_shows_each_by_state_with_the_days_left(lane: Street) -> None:
    lane.send()
    lane.send(target=str(lane.public.cases[1]))
    first, second = lane.kept()
    lane.public.decided(first, DISMISSED)
    officer = lane.signed_in("city2")
    everything = text(officer.get("/objections/list"))
    assert "还剩 8 个工作日" in everything
    assert "核查异议" in everything
    only = text(officer.get("/objections/list?state=dismissed"))
    assert f'/objections/{first.id}"' in only
    assert f'/objections/{second.id}"' not in only


# ---- the API --------------------------------------------------------------------------------------


def test_a_program_objects_and_asks_as_people_do(street: Street) -> None:
    path = f"/public/notices/{street.public.notice.id}/objections"
    body = {"name": NAME, "contact": CONTACT, "case": street.public.cases[0], "grounds": GROUNDS}
    guest = street.at.anonymous()
    first, again = (guest.post(path, body, key="once") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["receipt"] == again.get_json()["receipt"]
    assert len(street.kept()) == 1
    told = guest.get(f"/public/objections/{first.get_json()['receipt']}").get_json()
    assert (told["state"], told["answer_by"]) == ("received", "2025-07-18")
    wrong = guest.post(path, body | {"grounds": "短"})
    assert wrong.status_code == 422
    assert [problem["field"] for problem in wrong.get_json()["problems"]] == ["grounds"]
    for _ in range(4):
        assert guest.post(path, body).status_code == 201
    refused = guest.post(path, body)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many")
    assert int(refused.headers["Retry-After"]) == 3600


def test_the_api_tells_who_objects_to_who_handles_it_alone(street: Street) -> None:
    street.send(files=[("证据.pdf", PDF)])
    (objection,) = street.kept()
    seen = {}
    for who in ("city", "city2", "leader", "publisher", "county", "expert", "owner"):
        asked = street.at.as_(who)
        listed = asked.get("/objections")
        if listed.status_code == 200:
            assert NAME not in text(listed)
            assert [row["cluster"] for row in listed.get_json()["items"]] == [
                street.public.notice.entries[0]["cluster"]
            ]
        evidence = asked.get(f"/objections/{objection.id}/files/{objection.files[0]}")
        seen[who] = (
            listed.status_code,
            asked.get(f"/objections/{objection.id}").status_code,
            evidence.status_code,
        )
    assert seen == {
        "city": (200, 403, 404),
        "city2": (200, 200, 200),
        "leader": (200, 403, 404),
        **dict.fromkeys(("publisher", "county", "expert", "owner"), (403, 403, 403)),
    }
