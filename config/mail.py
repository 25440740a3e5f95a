"""The mail accounts of this installation: a TOML file named by JIQUN_MAIL. Passwords stand elsewhere."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from config import addresses, settings, tables
from config.addresses import AddressInvalid
from config.errors import RegimeInvalid, SettingInvalid
from config.tables import Table

PORTS: Final[Mapping[str, int]] = {"ssl": 465, "starttls": 587, "plain": 25}  # how the connection is kept private
_ALL = {"accounts", "bounces", "redirect_to", "ask_when_in_doubt"}
_SERVER = {"host", "port", "security", "user", "password_file", "password_env", "ca_file", "timeout_seconds"}
_ACCOUNT = _SERVER | {"address", "name", "per_minute", "per_connection", "connections"}
_BOUNCES = _SERVER | {"folder"}
_LONGEST_NAME = 60  # characters of the name beside the address


@dataclass(frozen=True)
class Server:
    """A server to sign in to. TLS certificates are always verified; `ca_file` names the authority of one's own."""

    host: str
    port: int
    security: str  # ssl: TLS at once; starttls: TLS or nothing; plain: none, and then no password either
    user: str  # empty: no sign-in
    password: str = field(repr=False)  # QQ and NetEase call theirs 授权码
    ca_file: str  # empty: the system's authorities
    timeout_seconds: int  # one answer of the server; a whole mail may take three times that


@dataclass(frozen=True)
class Account:
    """发信账号. Chinese providers take only mail whose sender is the account itself; the name beside it is free."""

    key: str  # its name in the file, and of its row
    server: Server
    address: str
    name: str
    per_minute: int  # 0: as many as the server takes
    per_connection: int  # then a new connection: NetEase refuses too many mails in one (MI:DMC)
    connections: int  # at a time, of each node


@dataclass(frozen=True)
class Bounces:
    """退信邮箱, read by IMAP."""

    server: Server
    folder: str


@dataclass(frozen=True)
class Mail:
    """What the file says. Without accounts no mail leaves, and letters are read in the application alone."""

    accounts: tuple[Account, ...] = ()
    bounces: Bounces | None = None
    redirect_to: str = ""  # test mode: every mail goes here, and says to whom it would have gone
    ask_when_in_doubt: frozenset[str] = frozenset()  # templates that are not sent again without a person's word


def load(file: str) -> Mail:
    """The accounts in `file`; nothing for an empty name. Raises SettingInvalid, in one line."""
    if not file:
        return Mail()
    try:
        return _parsed(tables.read(Path(file).read_bytes(), file, _ALL))
    except RegimeInvalid as error:
        raise SettingInvalid(error.message, **error.facts) from error
    except OSError as error:
        raise SettingInvalid(f"JIQUN_MAIL 所指的文件无法读取：{file}（{error.strerror}）", name="JIQUN_MAIL") from error


def _parsed(top: Table) -> Mail:
    accounts = top.tables("accounts", _ACCOUNT)
    if not accounts:
        top.refuse("accounts", "没有发信账号；不发邮件请把 JIQUN_MAIL 留空")
    return Mail(
        accounts=tuple(_account(key, table) for key, table in accounts.items()),
        bounces=_bounces(top.table("bounces", _BOUNCES)) if "bounces" in top else None,
        redirect_to=_address(top, "redirect_to") if "redirect_to" in top else "",
        ask_when_in_doubt=frozenset(top.words("ask_when_in_doubt")) if "ask_when_in_doubt" in top else frozenset(),
    )


def _account(key: str, table: Table) -> Account:
    server = _server(table, PORTS)
    if "address" not in table and "@" not in server.user:
        table.refuse("address", "缺失：登录名不是邮箱地址时，须写明发件地址")
    name = table.text("name") if "name" in table else ""
    if len(name) > _LONGEST_NAME or not name.isprintable():
        table.refuse("name", f"应为一行文字，不超过 {_LONGEST_NAME} 字")
    return Account(
        key=key,
        server=server,
        address=_address(table, "address" if "address" in table else "user"),
        name=name,
        per_minute=table.whole("per_minute", 0, 100_000) if "per_minute" in table else 30,
        per_connection=table.whole("per_connection", 1, 10_000) if "per_connection" in table else 50,
        connections=table.whole("connections", 1, 16) if "connections" in table else 2,
    )


def _bounces(table: Table) -> Bounces:
    server = _server(table, {"ssl": 993, "starttls": 143})
    if not server.user:
        table.refuse("user", "缺失：读取退信邮箱须登录")
    return Bounces(server, table.text("folder") if "folder" in table else "INBOX")


def _server(table: Table, ports: Mapping[str, int]) -> Server:
    security = table.choice("security", tuple(ports))
    user = table.text("user") if "user" in table else ""
    if not user.isascii() or not user.isprintable():
        table.refuse("user", "应为一行英文字母、数字和符号")
    return Server(
        host=table.text("host"),
        port=table.whole("port", 1, 65535) if "port" in table else ports[security],
        security=security,
        user=user,
        password=_password(table, user, security),
        ca_file=_authority(table) if "ca_file" in table else "",
        timeout_seconds=table.whole("timeout_seconds", 1, 300) if "timeout_seconds" in table else 20,
    )


def _password(table: Table, user: str, security: str) -> str:
    """The password that belongs to `user`. It never stands in the file itself, which is copied and shown around."""
    given = [key for key in ("password_file", "password_env") if key in table]
    if not user:
        if given:
            table.refuse(given[0], "没有登录名 user，不需要密码")
        return ""
    if security == "plain":
        table.refuse("security", "为 plain 时不加密，不能登录；请改用 ssl 或 starttls")
    if len(given) != 1:
        table.refuse("password_file", "与 password_env 应写且只写一项")
    if given == ["password_env"]:
        name = table.text("password_env")
        password = settings.secret(name)
        if not password:
            table.refuse("password_env", f"所指的环境变量 {name} 没有设置")
    else:
        try:
            password = Path(_file(table, "password_file")).read_text(encoding="utf-8").strip("\r\n")
        except UnicodeDecodeError:
            table.refuse("password_file", "所指的文件不是 UTF-8 文本")
    if not password or not password.isascii() or not password.isprintable():
        table.refuse(given[0], "所指的密码为空，或不是一行英文字母、数字和符号")
    return password


def _authority(table: Table) -> str:
    path = _file(table, "ca_file")
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        table.refuse("ca_file", f"所指的文件中没有证书：{path}")
    return path


def _file(table: Table, key: str) -> str:
    path = table.text(key)
    try:
        Path(path).open("rb").close()
    except OSError as error:
        table.refuse(key, f"所指的文件无法读取：{path}（{error.strerror}）")
    return path


def _address(table: Table, key: str) -> str:
    try:
        return addresses.require(table.text(key))
    except AddressInvalid as error:
        table.refuse(key, error.message)
