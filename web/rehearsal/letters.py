"""The letters of a rehearsal, written into a file as they would be read. None of them leaves."""

from pathlib import Path
from types import TracebackType
from typing import IO

from engine.db import Database
from engine.models import Delivery, Person
from notifications import wording
from notifications.wording import LetterInvalid
from web.rehearsal.lines import Line

RULE = "=" * 72


class Book:
    """A text file of letters; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> "Book":
        self._file = self._path.open("w", encoding="utf-8", newline="\n") if self._path else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file:
            self._file.close()

    def write(self, database: Database, delivery_id: int | None, line: Line) -> None:
        """One letter as its person would read it now."""
        if self._file is None or delivery_id is None:
            return
        with database.read() as session:
            delivery = session.get_one(Delivery, delivery_id)
            person = session.get_one(Person, delivery.person_id)
            how = "邮件和站内消息" if delivery.status == "due" else "站内消息"
            try:
                subject, body = wording.shown(session, delivery, person)
            except LetterInvalid as error:
                subject, body = delivery.template, error.message + "\n"
        told = {"时间": line["at"], "收件": f"{person.display_name}（{line['to']}）", "方式": how, "标题": subject}
        head = "\n".join((RULE, *(f"{name}：{value}" for name, value in told.items())))
        self._file.write(f"{head}\n\n{body}\n")
