"""What the operator asks of the mail: does it work, how does it fare, may it go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import outgoing
from engine.db import Database
from tests import letters_due, smtp
from tests.conftest import opened
from tests.integration.test_commands import Shell
from tests.smtp import PASSWORD, USER


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("JIQUN_MAIL", str(tmp_path / "mail.toml"))
    made = Shell(tmp_path / "data", capsys, monkeypatch)
    made.done("db", "upgrade")
    return made


@pytest.fixture
def database(shell: Shell) -> Iterator[Database]:
    with opened(f"sqlite:///{shell.data / 'jiqun.sqlite'}") as found:
        yield found


def settings(folder: Path, port: int, password: str) -> None:
    (folder / "code").write_text(password, encoding="utf-8")
    server = f'host = "{smtp.HOST}"\nport = {port}\nsecurity = "ssl"\nuser = "{USER}"\n'
    files = f'password_file = "{folder / "code"}"\nca_file = "{folder / "ca.pem"}"\n'
    (folder / "mail.toml").write_text(f"[accounts.notice]\n{server}{files}", encoding="utf-8")


def test_check_signs_in_and_sends_nothing(shell: Shell, tmp_path: Path) -> None:
    with smtp.serving(tmp_path, security="ssl", login=True) as post:
        settings(tmp_path, post.port, PASSWORD)
        assert shell.done("mail", "check") == "notice\t可用\n"
        settings(tmp_path, post.port, "wrong")
        status, out, _ = shell.run("mail", "check")
        assert (status, out.startswith("notice\t535 ")) == (1, True)
        assert len(post.logins()) == 2
        assert post.mails() == []


def test_a_file_with_a_mistake_is_one_line_and_nothing_starts(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mail.toml").write_text('[accounts.notice]\nhost = "h"\n', encoding="utf-8")
    assert "accounts.notice.security 缺失" in shell.refused("mail", "check")
    assert "accounts.notice.security 缺失" in shell.refused("worker")
    (tmp_path / "mail.toml").unlink()
    assert "JIQUN_MAIL 所指的文件无法读取" in shell.refused("mail", "check")


def test_without_a_file_there_is_nothing_to_check(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIQUN_MAIL", "")
    assert "没有设置发信账号" in shell.refused("mail", "check")


def test_status_tells_what_waits_and_what_failed(shell: Shell, database: Database) -> None:
    assert shell.done("mail", "status") == "待发 0 件，未送达 0 件\n"
    letters_due.put(database, ["a@b.cn", "c@d.cn"])
    letters_due.put(database, ["e@f.cn"], status="refused")
    with database.write() as session:
        outgoing.troubled(session, "notice", outgoing.Answer("config", "connect", "535", "authentication failed"))
    status, out, _ = shell.run("mail", "status")
    assert (status, out) == (1, "notice\t停用\t535 authentication failed\n待发 2 件，未送达 1 件\n")


def test_resume_lets_an_account_send_again(shell: Shell, database: Database) -> None:
    assert "没有停用" in shell.refused("mail", "resume", "notice")
    with database.write() as session:
        outgoing.troubled(session, "notice", outgoing.Answer("config", "connect", "535", "authentication failed"))
    shell.done("mail", "resume", "notice")
    assert letters_due.account(database).state == "ok"


def test_what_gathered_without_mail_is_passed_over(shell: Shell, database: Database) -> None:
    (waiting,) = letters_due.put(database, ["a@b.cn"])
    (failed,) = letters_due.put(database, ["e@f.cn"], status="refused")
    shell.done("mail", "pass-over", "--yes")
    rows = letters_due.found(database)
    assert (rows[waiting].status, rows[failed].status) == ("none", "refused")
