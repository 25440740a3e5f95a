"""The file of the mail accounts: what is wrong in it is told in one line, with its place."""

from pathlib import Path

import pytest

from config import addresses, mail
from config.addresses import AddressInvalid
from config.errors import SettingInvalid

QQ = """
[accounts.notice]
host = "smtp.exmail.qq.com"
security = "ssl"
user = "notice@office.example.cn"
password_file = "code"
name = "集群通"
per_minute = 20
"""
RELAY = """
redirect_to = "tester@office.example.cn"
ask_when_in_doubt = ["urged"]

[accounts.relay]
host = "mail.office.example.cn"
security = "plain"
address = "notice@office.example.cn"
per_minute = 0
connections = 4

[bounces]
host = "imap.office.example.cn"
security = "ssl"
user = "notice@office.example.cn"
password_env = "RETURNED_MAIL_CODE"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETURNED_MAIL_CODE", "envelope")
    (tmp_path / "code").write_text("abcdefghijklmnop\n", encoding="utf-8")
    return tmp_path


def loaded(text: str) -> mail.Mail:
    Path("mail.toml").write_text(text, encoding="utf-8")
    return mail.load("mail.toml")


@pytest.mark.usefixtures("folder")
def test_an_account_of_a_provider() -> None:
    (account,) = loaded(QQ).accounts
    assert (account.server.port, account.server.password, account.address) == (
        465,
        "abcdefghijklmnop",
        "notice@office.example.cn",
    )
    assert (account.per_minute, account.per_connection, account.connections) == (20, 50, 2)


@pytest.mark.usefixtures("folder")
def test_a_relay_of_ones_own_with_returned_mail_and_test_mode() -> None:
    found = loaded(RELAY)
    assert (found.accounts[0].server.port, found.accounts[0].server.user) == (25, "")
    assert found.redirect_to == "tester@office.example.cn"
    assert found.ask_when_in_doubt == {"urged"}
    assert found.bounces is not None
    assert (found.bounces.server.port, found.bounces.server.password, found.bounces.folder) == (
        993,
        "envelope",
        "INBOX",
    )


def test_no_file_no_mail() -> None:
    assert mail.load("") == mail.Mail()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('host = "smtp.exmail.qq.com"\n', "", "accounts.notice.host 缺失"),
        ('security = "ssl"', 'security = "tls"', "accounts.notice.security 应为 ssl、starttls、plain 之一"),
        ('security = "ssl"', 'security = "plain"', "accounts.notice.security 为 plain 时不加密，不能登录"),
        ('password_file = "code"', 'password = "abc"', "password 不是可用的项"),
        ('password_file = "code"', 'password_file = "none"', "password_file 所指的文件无法读取：none"),
        ('password_file = "code"', 'password_env = "NO_SUCH_CODE"', "环境变量 NO_SUCH_CODE 没有设置"),
        ('password_file = "code"\n', "", "password_file 与 password_env 应写且只写一项"),
        ('password_file = "code"', 'password_file = "empty"', "所指的密码为空"),
        ('user = "notice@office.example.cn"', 'user = "notice"', "address 缺失"),
        ('user = "notice@office.example.cn"\n', "", "没有登录名 user，不需要密码"),
        ('user = "notice@office.example.cn"', 'user = "notice@b\\r\\nRCPT TO:<x@y.cn>"', "user 应为一行"),
        ("per_minute = 20", "per_minute = -1", "per_minute 应为 0 至 100000 的整数"),
        ("per_minute = 20", "port = 70000", "port 应为 1 至 65535 的整数"),
        ("per_minute = 20", "timeout_seconds = 0", "timeout_seconds 应为 1 至 300"),
        ("per_minute = 20", "per_minut = 20", "是否想写 per_minute"),
        ('name = "集群通"', 'name = "集群\\n通"', "name 应为一行文字"),
        ("[accounts.notice]", "[accounts.notice", "不是有效的 TOML"),
        ("[accounts.notice]", "[accounts.Notice]", "应为小写英文"),
        ("per_minute = 20", 'ca_file = "code"', "ca_file 所指的文件中没有证书：code"),
        (QQ, "", "accounts 缺失"),
        (QQ, "[accounts]", "没有发信账号"),
        (QQ, 'redirect_to = "tester"\n' + QQ, "redirect_to “tester”不是有效的邮箱地址"),
        (QQ, 'ask_when_in_doubt = "urged"\n' + QQ, "ask_when_in_doubt 应为非空列表"),
        (QQ, QQ + '\n[bounces]\nhost = "h"\nsecurity = "plain"\n', "bounces.security 应为 ssl、starttls 之一"),
        (QQ, QQ + '\n[bounces]\nhost = "h"\nsecurity = "ssl"\n', "bounces.user 缺失"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(folder: Path, old: str, new: str, told: str) -> None:
    (folder / "empty").write_text("\n", encoding="utf-8")
    assert old in QQ
    with pytest.raises(SettingInvalid) as refused:
        loaded(QQ.replace(old, new))
    assert told in refused.value.message
    assert refused.value.message.startswith("mail.toml")
    assert "\n" not in refused.value.message
    assert "abcdefghijklmnop" not in refused.value.message


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"JIQUN_MAIL 所指的文件无法读取：nowhere\.toml"):
        mail.load("nowhere.toml")
    (folder / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingInvalid, match="不是 UTF-8 文本"):
        mail.load("latin.toml")


@pytest.mark.parametrize(
    "address",
    ["zhang@office.example.cn", "a@b.cn", "zhang.san+jiqun@mail-1.qq.com", "12345@qq.com", "o'neill_x@x.gov.cn"],
)
def test_an_address(address: str) -> None:
    assert addresses.require(address) == address
    assert addresses.usable(address)


@pytest.mark.parametrize(
    "address",
    [
        "", " ", "zhang", "zhang@", "@b.cn", "zhang@localhost", "a@b.cn\n", "a@b.cn\r\nBcc: all@b.cn", "a b@c.cn",
        "张三@b.cn", "zhang@公司.cn", "zhang＠b.cn", "<a@b.cn>", "a@b.cn,c@d.cn", ".a@b.cn", "a..b@c.cn", "a@b@c.cn",
        "a.@b.cn", "a@-b.cn",
        '"a"@b.cn', "a@b..cn", "a@b.cn.", "a" * 65 + "@b.cn", "a@" + "b" * 64 + ".cn", "a@" + "b." * 130 + "cn",
        "a\x00@b.cn",
    ],
)  # fmt: skip
def test_no_address(address: str) -> None:
    assert not addresses.usable(address)
    with pytest.raises(AddressInvalid) as refused:
        addresses.require(address)
    assert len(refused.value.message.splitlines()) == 1
