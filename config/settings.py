"""What this installation is set to. The only reader of the environment; an unknown JIQUN_ name is an error."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from config.errors import SettingInvalid

PREFIX = "JIQUN_"


@dataclass(frozen=True)
class Settings:
    """Each field `x` is the environment variable `JIQUN_X`; README lists them, and a test compares."""

    data: Path = Path("data")  # database, files, anchors, keys; one folder to back up
    database_url: str = ""  # SQLAlchemy URL; empty: SQLite in the data folder
    host: str = "127.0.0.1"
    port: int = 8000  # PORT is honoured too
    trusted_proxy: str = ""  # address of the reverse proxy whose X-Forwarded-For is believed; empty: none
    threads: int = 8  # of the web server
    mail: str = ""  # TOML file of the mail accounts; empty: no mail leaves
    tick_seconds: int = 15  # how often timers, messages and anchors are looked at
    file_megabytes: int = 50  # the largest single upload
    case_megabytes: int = 1024  # all uploads of one case
    objection_megabytes: int = 10  # the largest file that somebody sends with an objection
    objections_an_hour: int = 5  # from one address
    objections_in_all: int = 200  # an hour, from all addresses together
    receipts_an_hour: int = 30  # how often one address may ask by a receipt's number
    scanner: str = ""  # command line of a malware scanner: exit 0 clean, 1 found; empty: none
    scripts: str = ""  # where diagrams' scripts run: monty, restricted; empty: monty where it is installed
    production: int = 0  # 1: no start while a demo account can sign in
    session_idle_minutes: int = 30  # 等保 身份鉴别 b): a session ends after this silence
    session_hours: int = 12  # and after this age whatever happens
    lock_after_failures: int = 5  # failed sign-ins of one account or address
    lock_minutes: int = 20
    rehearsal_days: int = 30  # for which the result of a rehearsal is kept
    live_cases: int = 2000  # instances kept in memory, 31 kB each
    organiser: str = ""  # 主办单位; this and the three below stand at the foot of every page, unless empty
    site_code: str = ""  # 网站标识码
    filing_number: str = ""  # 备案号
    support: str = ""  # whom to ask for help, and when

    @property
    def url(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data / 'jiqun.sqlite'}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings out of the environment. Raises SettingInvalid with the variable's name."""
    given = os.environ if environ is None else environ
    known = {PREFIX + field.name.upper(): field for field in fields(Settings)}
    unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingInvalid(f"没有名为 {unknown[0]} 的设置；可用的有 {'、'.join(sorted(known))}", name=unknown[0])
    values: dict[str, object] = {}
    if "PORT" in given:
        values["port"] = _whole("PORT", given["PORT"])
    for name, field in known.items():
        if name in given:
            values[field.name] = _parsed(name, field.type, given[name])
    return Settings(**values)  # type: ignore[arg-type]  # each value was parsed by its field's type above


def secret(name: str) -> str:
    """What the environment has under a name that a file of ours refers to; empty where it has nothing."""
    return os.environ.get(name, "")


def _parsed(name: str, kind: object, text: str) -> object:
    if kind is int:
        return _whole(name, text)
    return Path(text) if kind is Path else text


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise SettingInvalid(f"{name} 应为非负整数，现为 {text!r}", name=name)
    return int(text)
