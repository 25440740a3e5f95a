"""Accounts: who may sign in, how often they may fail, and how it is taken back."""

from contextvars import copy_context
from dataclasses import replace
from threading import Thread

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from config.settings import Settings
from engine import accounts, events, organisations, passwords, sign_ins
from engine.access import ROLES, SCOPES
from engine.accounts import AccountInvalid
from engine.columns import Base
from engine.db import Database
from engine.errors import NotFound, SignInFailed
from engine.models import ApiToken, Event, Membership, Person, SignIn, SignInFailure
from engine.passwords import PasswordWeak
from engine.sign_ins import TokenInvalid
from tests.clock import StandingClock

SETTINGS = Settings(lock_after_failures=3, lock_minutes=20, session_idle_minutes=30, session_hours=12)
RIGHT, WRONG = "Copper-Kettle-77", "Copper-Kettle-78"
OFFICE = "441881"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Database:
    """A county with one officer."""
    with database.write() as session:
        organisations.add(session, OFFICE, "英德市中小企业主管部门", "county")
        person = accounts.add(session, "county", by="setup")
        accounts.grant(session, person, "county_officer", OFFICE, by="setup")
        accounts.set_password(session, person, RIGHT, by="setup")
    return database


def sign_in(database: Database, name: str, password: str, address: str = "10.0.0.1") -> str:
    with database.read() as session:
        proof = sign_ins.prove(session, name, password)
    with database.write() as session:
        return sign_ins.sign_in(session, proof, SETTINGS, address=address)


def fail(database: Database, name: str, times: int, address: str = "10.0.0.1") -> None:
    for _ in range(times):
        with pytest.raises(SignInFailed):
            sign_in(database, name, WRONG, address)


def holds(database: Database, token: str) -> bool:
    with database.read() as session:
        try:
            sign_ins.holder(session, token, SETTINGS)
        except SignInFailed:
            return False
    return True


def kinds(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.chain == "system").order_by(Event.seq)))


# ---- passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "administrator", "reason"),
    [
        ("Ab1-xyz", False, "8 至"),  # seven characters
        ("Ab1-xyzw", False, None),  # eight
        ("Ab1-xyzwvut", True, "12 至"),  # eleven, and an administrator
        ("Ab1-xyzwvuts", True, None),
        ("abcdefgh1", False, "三类"),  # two of the four kinds
        ("abcdefgH1", False, None),  # three of them
        ("县级经办人ab1-", False, None),  # characters beyond ASCII belong to the fourth kind or none
        ("County-1234", False, "登录名"),
        ("Aa1-Aa1-Aa1-", False, None),
        ("Aa1Aa1Aa1", False, "太少"),  # three different characters
        ("A1-" + "x" * 126, False, "128"),  # 129 characters
    ],
)
def test_a_password_keeps_the_rules(password: str, administrator: bool, reason: str | None) -> None:
    if reason is None:
        passwords.check(password, name="county", administrator=administrator)
        return
    with pytest.raises(PasswordWeak, match=reason):
        passwords.check(password, name="county", administrator=administrator)


def test_a_password_is_kept_as_argon2id_and_is_nowhere_in_the_database(office: Database) -> None:
    sign_in(office, "county", RIGHT)
    with office.read() as session:
        stored = session.scalar(select(Person.password_hash))
        rows = [str(row) for table in Base.metadata.sorted_tables for row in session.execute(select(table))]
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # OWASP: 19 MiB, two passes, one lane
    assert [row for row in rows if "county" in row]
    assert not [row for row in rows if RIGHT in row]


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(office: Database) -> None:
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash(RIGHT)
    with office.write() as session:
        accounts.by_name(session, "county").password_hash = old
    with office.read() as session:
        proof = sign_ins.prove(session, "county", RIGHT)
    assert passwords.renewed(proof.verified_hash, RIGHT) is not None
    with office.write() as session:
        renewed = passwords.renewed(proof.verified_hash, RIGHT)
        sign_ins.sign_in(session, proof, SETTINGS, address="10.0.0.1", renewed_hash=renewed)
    with office.read() as session:
        stored = session.scalar(select(Person.password_hash))
    assert stored is not None
    assert stored != old
    assert passwords.renewed(stored, RIGHT) is None
    assert sign_in(office, "county", RIGHT)


def test_a_changed_password_beats_a_proof_of_the_old_one(office: Database) -> None:
    with office.read() as session:
        proof = sign_ins.prove(session, "county", RIGHT)
    with office.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), "Silver-Spoon-91", by="setup")
    with pytest.raises(SignInFailed), office.write() as session:
        sign_ins.sign_in(session, proof, SETTINGS, address="10.0.0.1")


# ---- signing in, and being locked out -----------------------------------------------------------


def test_the_token_of_a_sign_in_is_known_to_its_holder_alone(office: Database) -> None:
    token = sign_in(office, "county", RIGHT)
    with office.read() as session:
        person, scopes = sign_ins.holder(session, token, SETTINGS)
        stored = session.scalars(select(SignIn)).one()
    assert (person.name, scopes) == ("county", None)
    assert token not in vars(stored).values()
    assert len(stored.token_hash) == 64


@pytest.mark.parametrize("name", ["county", "nobody-of-this-name"])
def test_all_refusals_read_alike(office: Database, name: str) -> None:
    with pytest.raises(SignInFailed) as wrong:
        sign_in(office, name, WRONG)
    fail(office, name, 2)
    with pytest.raises(SignInFailed) as locked:
        sign_in(office, name, WRONG)
    assert wrong.value.message == locked.value.message
    assert wrong.value.code == locked.value.code


def test_the_third_failure_locks_the_account_for_twenty_minutes(office: Database, clock: StandingClock) -> None:
    fail(office, "county", 2)
    assert sign_in(office, "county", RIGHT)  # two are forgiven, and forgotten
    fail(office, "county", 3)
    with pytest.raises(SignInFailed):
        sign_in(office, "county", RIGHT)
    clock.move_by(minutes=20, seconds=-1)
    with pytest.raises(SignInFailed):
        sign_in(office, "county", RIGHT)
    clock.move_by(seconds=1)
    assert sign_in(office, "county", RIGHT)


def test_failures_long_ago_do_not_count(office: Database, clock: StandingClock) -> None:
    fail(office, "county", 2)
    clock.move_by(minutes=20)
    fail(office, "county", 2)
    assert sign_in(office, "county", RIGHT)


def test_a_lock_is_the_accounts_and_not_its_neighbours(office: Database) -> None:
    with office.write() as session:
        person = accounts.add(session, "county2", by="setup")
        accounts.set_password(session, person, RIGHT, by="setup")
    fail(office, "county", 3)
    assert sign_in(office, "county2", RIGHT)


def test_an_address_that_tries_many_names_is_locked_and_others_are_not(office: Database) -> None:
    for number in range(15):  # ten times three failures, two a name, so that no account is locked
        fail(office, f"guess-{number}", 2, address="203.0.113.9")
    with pytest.raises(SignInFailed):
        sign_in(office, "county", RIGHT, address="203.0.113.9")
    assert sign_in(office, "county", RIGHT, address="203.0.113.10")


def test_one_good_account_does_not_wash_an_address_clean(office: Database) -> None:
    for number in range(14):
        fail(office, f"guess-{number}", 2, address="203.0.113.9")
    assert sign_in(office, "county", RIGHT, address="203.0.113.9")
    fail(office, "guess-last", 2, address="203.0.113.9")
    with pytest.raises(SignInFailed):
        sign_in(office, "county", RIGHT, address="203.0.113.9")


def test_failures_and_the_lock_stand_in_the_record_without_what_was_typed(office: Database) -> None:
    before = len(kinds(office))
    fail(office, "county", 3)
    fail(office, "Copper-Kettle-77-in-the-wrong-box", 1)
    assert kinds(office)[before:] == [
        "sign_in.refused",
        "sign_in.refused",
        "sign_in.locked",
        "sign_in.refused",
        "sign_in.refused",
    ]
    with office.read() as session:
        assert events.verify(session) == []
        told = [str(event.payload) for event in session.scalars(select(Event))]
        counted = list(session.scalars(select(SignInFailure.key)))
    assert not [text for text in told + counted if "Kettle" in text]


def test_eight_wrong_guesses_at_once_are_all_counted(office: Database) -> None:
    with office.read() as session:
        proof = sign_ins.prove(session, "county", WRONG)
    wide = replace(SETTINGS, lock_after_failures=100)

    def guess() -> None:
        with pytest.raises(SignInFailed), office.write() as session:
            sign_ins.sign_in(session, proof, wide, address="10.0.0.1")

    threads = [Thread(target=copy_context().run, args=(guess,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.read() as session:
        counted = dict(session.execute(select(SignInFailure.key, SignInFailure.failures)).all())
    assert counted == {"person:county": 8, "address:10.0.0.1": 8}


# ---- how a sign-in ends -------------------------------------------------------------------------


def test_a_sign_in_ends_after_half_an_hours_silence(office: Database, clock: StandingClock) -> None:
    token = sign_in(office, "county", RIGHT)
    clock.move_by(minutes=30, seconds=-1)
    assert holds(office, token)
    with office.write() as session:
        sign_ins.seen(session, token)
    clock.move_by(minutes=30, seconds=-1)
    assert holds(office, token)
    clock.move_by(seconds=1)
    assert not holds(office, token)


def test_a_sign_in_ends_after_twelve_hours_however_busy(office: Database, clock: StandingClock) -> None:
    token = sign_in(office, "county", RIGHT)
    for _ in range(12 * 4 - 1):
        clock.move_by(minutes=15)
        with office.write() as session:
            sign_ins.seen(session, token)
    clock.move_by(minutes=15, seconds=-1)
    assert holds(office, token)
    clock.move_by(seconds=1)
    assert not holds(office, token)


@pytest.mark.parametrize("change", ["sign out", "password", "new role", "role withdrawn", "disabled"])
def test_a_sign_in_ends_at_once_with(office: Database, change: str) -> None:
    token, other = sign_in(office, "county", RIGHT), sign_in(office, "county", RIGHT)
    with office.write() as session:
        person = accounts.by_name(session, "county")
        if change == "sign out":
            sign_ins.sign_out(session, token)
        elif change == "password":
            accounts.set_password(session, person, "Silver-Spoon-91", by="setup")
        elif change == "new role":
            accounts.grant(session, person, "park_officer", OFFICE, by="setup")
        elif change == "role withdrawn":
            accounts.withdraw(session, person, "county_officer", OFFICE, by="setup")
        else:
            accounts.disable(session, person, by="setup")
    assert not holds(office, token)
    assert holds(office, other) is (change == "sign out")  # signing out ends one sign-in, the others end all


def test_a_disabled_account_signs_in_no_more_and_its_tokens_are_dead(office: Database) -> None:
    with office.write() as session:
        person = accounts.by_name(session, "county")
        token = sign_ins.issue_token(session, person, frozenset({"read"}), days=1, label="", by="setup")
        accounts.disable(session, person, by="setup")
        accounts.disable(session, person, by="setup")
    assert not holds(office, token)
    with pytest.raises(SignInFailed):
        sign_in(office, "county", RIGHT)
    assert kinds(office).count("account.disabled") == 1
    with pytest.raises(TokenInvalid), office.write() as session:
        sign_ins.issue_token(
            session, accounts.by_name(session, "county"), frozenset({"read"}), days=1, label="", by="setup"
        )


# ---- tokens -------------------------------------------------------------------------------------


def test_a_token_ends_with_its_last_day_and_carries_its_scopes(office: Database, clock: StandingClock) -> None:
    with office.write() as session:
        person = accounts.by_name(session, "county")
        token = sign_ins.issue_token(session, person, frozenset({"read"}), days=2, label="统计", by="setup")
    with office.read() as session:
        _, scopes = sign_ins.holder(session, token, SETTINGS)
        stored = session.scalars(select(ApiToken)).one()
    assert scopes == {"read"}
    assert token not in vars(stored).values()
    clock.move_by(days=2, seconds=-1)
    assert holds(office, token)
    clock.move_by(seconds=1)
    assert not holds(office, token)


def test_a_token_outlives_a_change_of_password(office: Database) -> None:
    with office.write() as session:
        person = accounts.by_name(session, "county")
        token = sign_ins.issue_token(session, person, frozenset(SCOPES), days=2, label="", by="setup")
        accounts.set_password(session, person, "Silver-Spoon-91", by="setup")
    assert holds(office, token)


@pytest.mark.parametrize(("scopes", "days"), [(set(), 1), ({"everything"}, 1), ({"read"}, 0), ({"read"}, 367)])
def test_a_token_without_scope_or_end_is_not_issued(office: Database, scopes: set[str], days: int) -> None:
    with office.read() as session:
        person = accounts.by_name(session, "county")
    with pytest.raises(TokenInvalid), office.write() as session:
        sign_ins.issue_token(session, person, frozenset(scopes), days=days, label="", by="setup")


@pytest.mark.parametrize("token", ["", "jqt_", "jqs_x", "jqt_" + "A" * 43, "x" * 5000])
def test_a_token_that_nobody_issued_opens_nothing(office: Database, token: str) -> None:
    assert not holds(office, token)


# ---- accounts and offices -----------------------------------------------------------------------

ADMINISTRATORS = ["system_administrator", "security_administrator", "audit_administrator"]


@pytest.mark.parametrize("first", ADMINISTRATORS)
@pytest.mark.parametrize("second", list(ROLES))
def test_an_administrator_holds_no_other_role(sqlite_database: Database, first: str, second: str) -> None:
    """GB/T 22239-2019 8.1.5: 三员 are three people, and none of them does business."""
    with sqlite_database.write() as session:
        organisations.add(session, OFFICE, "英德市中小企业主管部门", "county")
        person = accounts.add(session, "someone", by="setup")
        accounts.grant(session, person, first, OFFICE, by="setup")
    with pytest.raises(AccountInvalid), sqlite_database.write() as session:
        accounts.grant(session, accounts.by_name(session, "someone"), second, OFFICE, by="setup")


@pytest.mark.parametrize("second", ADMINISTRATORS)
def test_an_officer_does_not_become_administrator_as_well(office: Database, second: str) -> None:
    with pytest.raises(AccountInvalid, match="三员"), office.write() as session:
        accounts.grant(session, accounts.by_name(session, "county"), second, OFFICE, by="setup")


def test_the_database_itself_refuses_two_administrators_in_one_person(office: Database) -> None:
    with office.write() as session:
        person = accounts.add(session, "admin", by="setup")
        accounts.grant(session, person, ADMINISTRATORS[0], OFFICE, by="setup")
    office_hours = {"granted_at": person.created_at, "granted_by": "setup"}
    second = Membership(person_id=person.id, organisation_code=OFFICE, role=ADMINISTRATORS[1], **office_hours)
    with pytest.raises(IntegrityError), office.write() as session:
        session.add(second)


def test_who_becomes_administrator_sets_a_new_and_longer_password(office: Database) -> None:
    with office.write() as session:
        person = accounts.add(session, "admin", by="setup")
        accounts.set_password(session, person, "Ab1-xyzw", by="setup")
        accounts.grant(session, person, "audit_administrator", OFFICE, by="setup")
    with pytest.raises(SignInFailed):
        sign_in(office, "admin", "Ab1-xyzw")
    with pytest.raises(PasswordWeak), office.write() as session:
        accounts.set_password(session, accounts.by_name(session, "admin"), "Ab1-xyzw", by="setup")


@pytest.mark.parametrize("name", ["", "a", "A-big-name", "with space", "worker", "system", "public", "x" * 33, "-x"])
def test_some_names_are_nobodys(office: Database, name: str) -> None:
    with pytest.raises(AccountInvalid), office.write() as session:
        accounts.add(session, name, by="setup")


def test_a_name_is_given_once(office: Database) -> None:
    with pytest.raises(AccountInvalid, match="已存在"), office.write() as session:
        accounts.add(session, "county", by="setup")


def test_unknown_roles_organisations_and_people_are_named(office: Database) -> None:
    with office.write() as session:
        person = accounts.by_name(session, "county")
        with pytest.raises(AccountInvalid, match="mayor"):
            accounts.grant(session, person, "mayor", OFFICE, by="setup")
        with pytest.raises(NotFound, match="999999"):
            accounts.grant(session, person, "park_officer", "999999", by="setup")
        with pytest.raises(NotFound, match="nobody"):
            accounts.by_name(session, "nobody")


def test_every_change_to_an_account_stands_in_the_record(office: Database) -> None:
    with office.write() as session:
        person = accounts.add(session, "park", by="setup")
        accounts.grant(session, person, "park_officer", OFFICE, by="setup")
        accounts.set_password(session, person, RIGHT, by="setup")
        sign_ins.issue_token(session, person, frozenset({"read"}), days=1, label="", by="setup")
    token = sign_in(office, "park", RIGHT)
    with office.write() as session:
        sign_ins.sign_out(session, token)
        person = accounts.by_name(session, "park")
        accounts.withdraw(session, person, "park_officer", OFFICE, by="setup")
        accounts.disable(session, person, by="setup")
    assert kinds(office)[3:] == [  # after the three of the county officer
        "account.created",
        "role.granted",
        "password.changed",
        "token.issued",
        "sign_in.accepted",
        "sign_in.ended",
        "role.withdrawn",
        "account.disabled",
    ]
