"""The tables' history leads, from wherever a database stands, to the tables of this program."""

import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from engine import db, timers
from engine.columns import Base
from engine.db import MIGRATIONS, Database
from engine.errors import DatabaseNewer, DatabaseOutdated
from engine.models import Delivery, Letter, Membership, Obligation, Task
from tests.conftest import opened

ORGANISATION = "organisation (code, name, level, division, parent_code, path)"
REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


BEFORE = (
    """
organisation VALUES ('441800', '某局', 'city', '441800', NULL, '/441800/')
cluster (id, regime, bureau_code, organisation_code, name, state, created_at)
  VALUES (1, 'qingyuan', '441800', '441800', '某集群', 'recognised', :at)
obligation (id, cluster_id, kind, year, printed_on, effective_on, provisional, clause, state)
  VALUES (1, 1, 'annual_report', 2026, '2026-03-15', '2026-03-15', false, '第十七条', 'open')
deployment VALUES (1, 'qingyuan', 1, 'h', :at, 'setup', NULL, '0')
letter (id, dedupe_key, deployment_id, template, organisation_code, role, fields, status, created_at)
  VALUES (1, 'k', 1, 'returned', '441800', 'city_officer', '{}', 'due', :at)
""".strip()
    .replace("\n  ", " ")
    .splitlines()
)  # rows of the revision before reminders


IN_OFFICE = (
    """
organisation VALUES ('441800', '某局', 'city', '441800', NULL, '/441800/')
person (id, name, display_name, created_at) VALUES (1, 'city', '经办人', :at)
membership VALUES (1, '441800', 'city_officer', :at, 'setup')
deployment VALUES (1, 'qingyuan', 1, 'h', :at, 'setup', NULL, '0')
case_run (id, regime, deployment_id, process, title, bureau_code, organisation_code, status, version, awaits,
  opened_at, opened_by, state_format, state)
  VALUES (1, 'qingyuan', 1, 'round', '某批次', '441800', '441800', 'open', 1, ' ', :at, 'city', 1, '')
task (id, case_id, process, element, instance_path, pass_number, title, form, roles, organisation_code, state,
  opened_at)
  VALUES ('t', 1, 'round', 'decide_list', '', 1, '审定', 'decide_list', ' bureau_leader city_officer ', '441800',
  'open', :at)
""".strip()
    .replace("\n  ", " ")
    .splitlines()
)  # rows of the revision before officers of every bureau were called alike


def test_the_migrated_tables_are_those_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_keys_and_indexes_are_those_of_the_models(database: Database) -> None:
    """What alembic does not compare: names of keys, and which rows a partial index holds."""
    migrated = _keys(database)
    with database.engine.begin() as connection:
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    created = _keys(database)
    for table in Base.metadata.tables:
        assert migrated[table] == created[table]


def test_a_forgotten_column_would_be_noticed(database: Database) -> None:
    """The comparison above can fail."""
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE round ADD COLUMN forgotten TEXT"))
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert "remove_column" in [difference[0] for difference in differences]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_earlier_revision_can_be_upgraded(empty_url: str, revision: str) -> None:
    with opened(empty_url) as database:
        database.upgrade(revision)
        assert _revision(database) == revision
        database.upgrade()
        database.check_version()
        with database.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_officers_keep_their_offices_and_tasks_under_the_new_name(empty_url: str) -> None:
    at = "2025-10-20 02:00:00+00:00" if empty_url.startswith("postgresql") else "2025-10-20 02:00:00.000000"
    with opened(empty_url) as database:
        database.upgrade("20261123")
        with database.engine.begin() as connection:
            for statement in IN_OFFICE:
                connection.execute(text(f"INSERT INTO {statement}"), {"at": at} if ":at" in statement else {})
        database.upgrade()
        with database.read() as session:
            assert session.scalars(select(Membership.role)).all() == ["bureau_officer"]
            assert session.scalars(select(Task.roles)).all() == [" bureau_leader bureau_officer "]


def test_what_clusters_owed_and_letters_said_before_is_carried_over(empty_url: str) -> None:
    """The last moment is the end of the day in Shanghai, and nothing that was said long ago is sent now."""
    at = "2025-10-20 02:00:00+00:00" if empty_url.startswith("postgresql") else "2025-10-20 02:00:00.000000"
    with opened(empty_url) as database:
        database.upgrade("20261122")
        with database.engine.begin() as connection:
            for statement in BEFORE:
                connection.execute(text(f"INSERT INTO {statement}"), {"at": at} if ":at" in statement else {})
        database.upgrade()
        with database.read() as session:
            owed = session.scalars(select(Obligation)).one()
            assert (owed.regime, owed.bureau_code, owed.planned_at) == ("qingyuan", "441800", None)
            assert owed.due_at == datetime(2026, 3, 15, 15, 59, 59, tzinfo=UTC)
            assert (owed.earliest_on, owed.latest_on) == (date(2026, 3, 15), date(2026, 3, 15))
            letter = session.scalars(select(Letter)).one()
            assert letter.spread_at == letter.created_at == datetime(2025, 10, 20, 2, tzinfo=UTC)
            assert letter.role == "bureau_officer"  # as the officers are called today
        assert timers.post(database) == []
        with database.read() as session:
            assert session.scalars(select(Delivery)).all() == []


def test_an_upgrade_of_a_current_database_changes_nothing(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO chain_head (chain, seq, hash) VALUES ('system', 1, 'h')"))
    database.upgrade()
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT chain, seq, hash FROM chain_head")).all() == [("system", 1, "h")]


def test_the_history_has_one_line_and_says_when_and_what() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        name = Path(script.path).name
        assert re.fullmatch(r"20\d{6}[a-z]?(_[a-z0-9]+){2,}\.py", name), name
        assert name.startswith(script.revision), f"{name}: the revision is the date"
        assert len(script.revision) <= 32, "alembic keeps the revision in 32 characters"


def test_a_database_without_tables_is_refused_with_the_way_out(empty_url: str) -> None:
    with opened(empty_url) as database, pytest.raises(DatabaseOutdated, match="jiqun db upgrade"):
        database.check_version()


def test_a_database_older_than_the_program_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = "op.create_table('later', sa.Column('id', sa.Integer()))"
    monkeypatch.setattr(db, "MIGRATIONS", _history_with(tmp_path, later))
    with pytest.raises(DatabaseOutdated, match="jiqun db upgrade"):
        database.check_version()
    database.upgrade()
    database.check_version()


def test_a_database_newer_than_the_program_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '20991231'"))
    with pytest.raises(DatabaseNewer, match="高于本程序"):
        database.check_version()


def test_a_database_newer_than_the_program_is_not_upgraded(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '20991231'"))
    with pytest.raises(DatabaseNewer, match="高于本程序"):
        database.upgrade()
    assert _revision(database) == "20991231"


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "op.create_table('half', sa.Column('id', sa.Integer()))\n    op.execute('SELECT nonsense FROM nowhere')"
    before = _revision(database)
    monkeypatch.setattr(db, "MIGRATIONS", _history_with(tmp_path, broken))
    with pytest.raises(Exception, match="nowhere"):
        database.upgrade()
    assert _revision(database) == before
    assert not inspect(database.engine).has_table("half")


def test_a_table_that_others_point_to_can_be_rebuilt(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite changes a column by copying the table, and dropping the old one counts as deleting its rows."""
    with sqlite_database.engine.begin() as connection:
        for code, parent in (("440000", None), ("441800", "440000")):
            connection.execute(
                text(f"INSERT INTO {ORGANISATION} VALUES (:code, '某局', 'city', :code, :parent, '/')"),
                {"code": code, "parent": parent},
            )
    rebuild = """with op.batch_alter_table('organisation', recreate='always') as table:
        table.alter_column('level', type_=sa.String(20))"""
    monkeypatch.setattr(db, "MIGRATIONS", _history_with(tmp_path, rebuild))
    sqlite_database.upgrade()
    with sqlite_database.write() as session:
        assert session.execute(text("SELECT code, parent_code FROM organisation ORDER BY code")).all() == [
            ("440000", None),
            ("441800", "440000"),
        ]
        with pytest.raises(IntegrityError):  # and afterwards the pointing is watched again
            session.execute(text("DELETE FROM organisation WHERE code = '440000'"))


def test_a_migration_that_breaks_a_reference_is_taken_back(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = "VALUES ('441881', '某局', 'county', '441881', '440000', '/')"
    orphan = f'op.execute("INSERT INTO {ORGANISATION} {values}")'
    before = _revision(sqlite_database)
    monkeypatch.setattr(db, "MIGRATIONS", _history_with(tmp_path, orphan))
    with pytest.raises(RuntimeError, match="organisation pointing nowhere"):
        sqlite_database.upgrade()
    assert _revision(sqlite_database) == before


def test_nodes_that_start_together_upgrade_once(empty_url: str) -> None:
    program = "import sys; from engine.db import Database; Database(sys.argv[1]).upgrade()"
    nodes = [
        subprocess.Popen([sys.executable, "-c", program, empty_url], cwd=MIGRATIONS.parents[1], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [node.communicate(timeout=60)[1].decode() for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0, 0], "\n".join(said)
    with opened(empty_url) as database:
        database.check_version()


def test_a_new_migration_speaks_of_plain_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """History does not change when the program's own kinds of column do."""
    empty = _copy(tmp_path)
    for path in (empty / "versions").glob("*.py"):
        path.unlink()
    monkeypatch.setattr(db, "MIGRATIONS", empty)
    monkeypatch.setattr("engine.migrations.__main__.MIGRATIONS", empty)
    from engine.migrations.__main__ import main

    main("Create everything again")
    (written,) = (empty / "versions").glob("*.py")
    assert re.fullmatch(r"20\d{6}_create_everything_again\.py", written.name)
    code = written.read_text(encoding="utf-8")
    assert "sa.Column('state', sa.LargeBinary()" in code
    assert "sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False)" in code
    assert "engine" not in code.replace("engine_version", "")


def _revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__")))


def _history_with(tmp_path: Path, statements: str) -> Path:
    """The shipped history with one migration more."""
    history = _copy(tmp_path)
    (history / "versions" / "20991231_change_something_later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '20991231'\ndown_revision = {REVISIONS[-1]!r}\nbranch_labels = None\ndepends_on = None\n\n"
        f"def upgrade():\n    {statements}\n",
        encoding="utf-8",
    )
    return history


def _keys(database: Database) -> dict[str, dict[str, Any]]:
    catalogue = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table",
    }[database.dialect]
    with database.engine.connect() as connection:
        found = inspect(connection)
        return {
            table: {
                "primary": found.get_pk_constraint(table),
                "unique": sorted(found.get_unique_constraints(table), key=str),
                "foreign": sorted(found.get_foreign_keys(table), key=str),
                "indexes": dict(connection.execute(text(catalogue), {"table": table}).all()),
            }
            for table in Base.metadata.tables
        }
