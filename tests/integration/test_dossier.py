"""The dossier: whole, the same bytes each time, readable without us, and no word of who must not be known."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from engine import dossier, files
from engine.db import Database
from engine.errors import Forbidden, NotFound, Refused
from engine.models import Case, Deployment, DeploymentFile, Event, Objection, Panel, PoolMember, Seat, StoredFile, Task
from notifications import wording
from tests import publicised, samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import reader, signed_in
from tests.kept import kept
from tests.publicised import OVER, List
from tests.samples import ANSWERS
from tests.unit.test_uploads import PDF

BEGUN = "2025-04-10 09:00"
OBJECTOR, CONTACT, GROUNDS = "示例反映人甲", "objector-a@example.org", "所列龙头企业已迁出，占比不符。"


@pytest.fixture
def bare(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    """An office without a case."""
    clock.move_to(BEGUN)
    return desk.furnish(database, tmp_path / "data")


@pytest.fixture
def listed(database: Database, clock: StandingClock) -> List:
    clock.move_to(BEGUN)
    return told(database, clock)


@pytest.fixture
def at(listed: List, tmp_path: Path) -> Desk:
    return desk.of(listed.office, tmp_path / "data")


@kept
def told(database: Database, clock: StandingClock) -> List:
    """Two clusters, published; one was returned once, has evidence and was objected to."""
    made = publicised.listed(database, clock, clusters=2)
    objection = made.object(0, name=OBJECTOR, contact=CONTACT, grounds=GROUNDS)
    with database.write() as session:  # handled elsewhere; here it is only over
        session.get_one(Objection, objection.id).state = "dismissed"
    clock.move_to(OVER)
    made.tick()
    made.checked(objections="some")
    made.published()
    return made


def archive(at: Desk, case_id: int, who: str | None = None) -> bytes:
    out = io.BytesIO()
    with at.database.read() as session:
        actor = at.office.actors[who] if who else None
        dossier.written(dossier.of_case(session, actor, case_id, wording.read), out)
    return out.getvalue()


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive_:
        return {name: archive_.read(name) for name in archive_.namelist()}


def changed(content: bytes, **parts: bytes | None) -> bytes:
    """The archive with other bytes at a path (dots stand for what follows the last slash), or without it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, part in {**opened(content), **parts}.items():
            if part is not None:
                made.writestr(name, part)
    return out.getvalue()


def problems(tmp_path: Path, content: bytes) -> list[str]:
    file = tmp_path / "given.zip"
    file.write_bytes(content)
    return dossier.problems(file)


# ---- the same bytes ---------------------------------------------------------------------------------


def test_made_again_it_has_the_same_bytes(at: Desk, listed: List, clock: StandingClock) -> None:
    first = archive(at, listed.cases[0])
    clock.move_by(minutes=90)
    at.database.deployed.clear()
    assert archive(at, listed.cases[0]) == first
    with zipfile.ZipFile(io.BytesIO(first)) as made:
        about = {(info.date_time, info.create_system, info.compress_type, info.extra) for info in made.infolist()}
    assert about == {((1980, 1, 1, 0, 0, 0), 3, zipfile.ZIP_STORED, b"")}


def test_what_happens_later_to_other_cases_is_not_in_it(at: Desk, listed: List) -> None:
    first = archive(at, listed.cases[0])
    with at.database.write() as session:
        session.get_one(Case, listed.cases[1]).title = "另一办件改名"
    assert archive(at, listed.cases[0]) == first


# ---- whole --------------------------------------------------------------------------------------------


def test_it_has_every_step_letter_notice_and_the_whole_deployment(at: Desk, listed: List) -> None:
    parts = opened(archive(at, listed.cases[0]))
    elements = [name.split("-", 1)[1] for name in sorted(parts) if name.startswith("steps/") and name.endswith(".json")]
    assert elements == ["fill_in.json", "acceptance.json", "verify_higher_level.json"]
    filed = json.loads(parts["steps/001-fill_in.json"])
    assert filed["answers"]["cluster_name"] == ANSWERS["application"]["cluster_name"]
    told = "".join(parts[name].decode() for name in parts if name.startswith("letters/") and name.endswith(".txt"))
    assert "已受理" in told
    assert "登记编号：清集群2025-001" in told
    kinds = [json.loads(parts[name])["kind"] for name in sorted(parts) if name.startswith("notices/")]
    assert kinds == ["call", "publicity", "publication"]
    with at.database.read() as session:
        deployment = session.scalars(select(Deployment)).one()
        frozen = dict(session.execute(select(DeploymentFile.path, DeploymentFile.content)).all())
    assert {name.removeprefix("deployment/") for name in parts if name.startswith("deployment/")} == frozen.keys()
    assert all(parts[f"deployment/{name}"] == content for name, content in frozen.items())
    assert json.loads(parts["case.json"])["deployment_sha256"] == deployment.content_hash


def test_the_record_stands_in_it_entry_by_entry(at: Desk, listed: List) -> None:
    lines = opened(archive(at, listed.cases[0]))["record.jsonl"].decode().splitlines()
    with at.database.read() as session:
        query = select(Event.seq, Event.hash).where(Event.case_id == listed.cases[0]).order_by(Event.seq)
        kept = [tuple(row) for row in session.execute(query)]
    assert [(row["seq"], row["hash"]) for row in map(json.loads, lines)] == kept
    assert len(kept) > 5


def test_files_lie_under_their_hash_and_each_is_in_it(at: Desk, listed: List) -> None:
    parts = opened(archive(at, listed.cases[0]))
    known = {row["path"]: row for row in json.loads(parts["files.json"])}
    assert len(known) == 2  # the decision as PDF and as Word document, which the publication names
    for path, row in known.items():
        assert hashlib.sha256(parts[path]).hexdigest() == row["sha256"]


def test_every_version_of_an_application_is_in_it(bare: Desk, clock: StandingClock) -> None:
    round_ = bare.office.open_round()
    bare.office.complete("city", bare.office.open_task(round_.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    case = bare.office.open_case("county", ANSWERS["application_start"] | {"round_id": round_.id})
    evidence = [bare.as_("county").upload(PDF + mark, "证明.pdf").get_json()["id"] for mark in (b"1", b"2")]
    returned = {"decision": "return", "opinion": "材料不全", "remarks": [{"field": "output", "remark": "请核对"}]}
    for place, (element, who, answers) in enumerate(
        (
            ("fill_in", "county", samples.application_data(evidence=evidence[0])),
            ("acceptance", "city", returned),
            ("correct", "county", samples.application_data(evidence=evidence[1], area_km2="90")),
        )
    ):
        clock.move_by(minutes=place + 1)
        bare.office.complete(who, bare.office.open_task(case.id, element), answers)
    parts = opened(archive(bare, case.id))
    areas = [
        json.loads(parts[name])["answers"].get("area_km2")
        for name in sorted(parts)
        if name.startswith("steps/") and name.endswith(".json")
    ]
    assert areas == ["86.40", None, "90"]
    assert {part for name, part in parts.items() if name.startswith("files/")} == {PDF + b"1", PDF + b"2"}


# ---- readable ------------------------------------------------------------------------------------------


def test_a_person_reads_it_offline(at: Desk, listed: List) -> None:
    parts = opened(archive(at, listed.cases[0]))
    index = parts["index.html"].decode()
    for path in parts.keys() - {"index.html", "style.css"}:
        assert f"'{path}'" in index, path
    page = parts["steps/001-fill_in.html"].decode()
    assert "集群占地面积" in page or "占地面积" in page
    assert "86.40" in page
    assert "是，国家级" in page  # what a choice says, not its id
    assert "2024" in page  # a year of a table of years
    for name, part in parts.items():
        if name.endswith(".html") and not name.startswith("deployment/"):
            assert b"<script" not in part
            assert b"http" not in part


def test_what_was_typed_is_shown_as_text(bare: Desk, clock: StandingClock) -> None:
    round_ = bare.office.open_round()
    bare.office.complete("city", bare.office.open_task(round_.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    case = bare.office.open_case("county", ANSWERS["application_start"] | {"round_id": round_.id})
    answers = samples.application_data(governance="<script>alert(1)</script>'\"")
    bare.office.complete("county", bare.office.open_task(case.id, "fill_in"), answers)
    page = opened(archive(bare, case.id))["steps/001-fill_in.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


# ---- verified ------------------------------------------------------------------------------------------


def test_a_whole_dossier_has_no_problem(at: Desk, listed: List, tmp_path: Path) -> None:
    assert problems(tmp_path, archive(at, listed.cases[0])) == []


@pytest.mark.parametrize(
    ("path", "tampering"),
    [
        ("steps/001-fill_in.json", (b"{}", "内容被改动")),
        ("deployment/regime.toml", (b"name = 1", "内容被改动")),
        ("case.json", (None, "清单上有，卷宗中没有")),
        ("extra.txt", (b"more", "后来加入")),
        ("manifest.json", (None, "没有 manifest.json")),
        ("manifest.json", (b"[]", "没有 manifest.json")),
    ],
)
def test_what_was_tampered_with_is_found(
    at: Desk, listed: List, tmp_path: Path, path: str, tampering: tuple[bytes | None, str]
) -> None:
    content, found = tampering
    said = problems(tmp_path, changed(archive(at, listed.cases[0]), **{path: content}))
    assert [line for line in said if found in line and (path in line or "manifest" in path)], said


def test_an_entry_of_the_record_is_checked_even_where_the_manifest_was_made_to_fit(
    at: Desk, listed: List, tmp_path: Path
) -> None:
    content = archive(at, listed.cases[0])
    parts = opened(content)
    forged = parts["record.jsonl"].replace(b'"actor":"city"', b'"actor":"city2"', 1)
    manifest = json.loads(parts["manifest.json"])
    for row in manifest["files"]:
        if row["path"] == "record.jsonl":
            row["sha256"] = hashlib.sha256(forged).hexdigest()
    given = changed(content, **{"record.jsonl": forged, "manifest.json": json.dumps(manifest).encode()})
    assert [line for line in problems(tmp_path, given) if "散列值不符" in line]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    assert "无法读取" in problems(tmp_path, content)[0]


def test_a_file_that_was_changed_on_the_disk_stops_the_dossier(at: Desk, listed: List) -> None:
    with at.database.read() as session:
        stored = session.scalars(select(StoredFile)).first()
    assert stored is not None
    place = files.path(at.database.files, stored.sha256)
    place.chmod(0o640)
    place.write_bytes(place.read_bytes()[:-1] + b"!")
    with pytest.raises(dossier.Broken, match="散列值不符"):
        archive(at, listed.cases[0])
    place.unlink()
    with pytest.raises(dossier.Broken, match="已不在数据目录中"):
        archive(at, listed.cases[0])


# ---- whom it is for, and of whom it is silent -------------------------------------------------------------


def test_no_word_of_the_objector_is_in_it(at: Desk, listed: List) -> None:
    content = archive(at, listed.cases[0])
    for word in (OBJECTOR, CONTACT, GROUNDS):
        assert word.encode() not in content
    (told,) = json.loads(opened(content)["objections.json"])
    assert told["state"] == "dismissed"


def test_the_case_of_an_objection_has_no_dossier(at: Desk, listed: List) -> None:
    with at.database.read() as session:
        own = session.scalars(select(Objection.case_id)).one()
    with pytest.raises(Refused):
        archive(at, own or 0)


def test_an_opinion_is_in_it_once_the_panel_is_opened(at: Desk, listed: List, clock: StandingClock) -> None:
    case_id = listed.cases[0]
    with at.database.write() as session:
        task = session.scalars(select(Task).where(Task.case_id == case_id, Task.element == "acceptance")).one()
        seat = seated(session, at, case_id)
        task.seat_id = seat  # stands for a score sheet: what matters is whose seat it is
        task.answers = {**task.answers, "opinion": "专家的秘密意见"}
    assert "专家的秘密意见".encode() not in archive(at, case_id)
    with at.database.write() as session:
        session.scalars(select(Panel)).one().opened_at = samples.MOMENT
    assert "专家的秘密意见".encode() in archive(at, case_id)


def seated(session: Any, at: Desk, case_id: int) -> int:
    """A seat of a panel that is not opened."""
    moment = samples.MOMENT
    member = PoolMember(
        bureau_code="441800",
        person_id=at.office.actors["expert"].person_id,
        kind="expert",
        fields=[],
        employer="示例研究院",
        division="",
        first_day=moment.date(),
        added_at=moment,
        added_by="city",
    )
    panel = Panel(
        case_id=case_id,
        kind="expert",
        number=1,
        wanted={},
        seed="",
        candidates=[],
        drawn_at=moment,
        drawn_by="city",
    )
    session.add_all([member, panel])
    session.flush()
    seat = Seat(
        panel_id=panel.id,
        number=1,
        member_id=member.id,
        person_id=member.person_id,
        origin="drawn",
        state="done",
        since=moment,
    )
    session.add(seat)
    session.flush()
    return seat.id


def test_only_the_bureau_takes_a_dossier_away(at: Desk, listed: List) -> None:
    for who in ("city", "leader", "publisher"):
        assert archive(at, listed.cases[0], who)
    for who, refusal in (("county", Forbidden), ("expert", NotFound), ("sibling", NotFound), ("owner", Forbidden)):
        with pytest.raises((refusal, NotFound, Forbidden)):
            archive(at, listed.cases[0], who)


def test_the_page_lists_what_the_archive_has_and_gives_it(at: Desk, listed: List) -> None:
    case_id = listed.cases[0]
    city = reader(at.app, signed_in(at.database, "city"))
    page = city.get(f"/cases/{case_id}/dossier").get_data(as_text=True)
    answer = city.get(f"/cases/{case_id}/dossier.zip")
    assert answer.data == archive(at, case_id)
    assert answer.mimetype == "application/zip"
    for path in opened(answer.data).keys() - {"index.html", "style.css", "manifest.json"}:
        assert path in page, path
    assert f"/cases/{case_id}/dossier" in city.get(f"/cases/{case_id}").get_data(as_text=True)
    county = reader(at.app, signed_in(at.database, "county"))
    assert f"/cases/{case_id}/dossier" not in county.get(f"/cases/{case_id}").get_data(as_text=True)
    assert county.get(f"/cases/{case_id}/dossier.zip").status_code == 403


def test_nothing_is_written_by_making_a_dossier(at: Desk, listed: List) -> None:
    counted = text("select (select count(*) from event) + (select count(*) from file)")
    with at.database.read() as session:
        before = session.scalar(counted)
    archive(at, listed.cases[0], "city")
    with at.database.read() as session:
        assert session.scalar(counted) == before


def test_the_record_says_who_took_which_dossier_and_the_next_one_is_the_same(at: Desk, listed: List) -> None:
    case_id = listed.cases[0]
    city = reader(at.app, signed_in(at.database, "city"))
    first = city.get(f"/cases/{case_id}/dossier.zip").data
    second = at.as_("leader").get(f"/cases/{case_id}/dossier").data
    city.client.head(f"/cases/{case_id}/dossier.zip").close()
    assert at.as_("county").get(f"/cases/{case_id}/dossier").status_code == 403
    assert first == second
    with at.database.read() as session:
        query = select(Event.actor, Event.chain, Event.case_id, Event.payload).where(Event.kind == "dossier.taken")
        taken = [tuple(row) for row in session.execute(query.order_by(Event.seq))]
    told = {"case": case_id, "sha256": hashlib.sha256(first).hexdigest()}
    assert taken == [(who, "system", None, told) for who in ("city", "leader")]


def test_nobody_takes_a_dossier_unrecorded(at: Desk, listed: List, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: Any, **_facts: Any) -> None:
        raise Refused("记录写不进去")

    monkeypatch.setattr(dossier, "note_taken", full)
    assert at.as_("city").get(f"/cases/{listed.cases[0]}/dossier").status_code == 409
