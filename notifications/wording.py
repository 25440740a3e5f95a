"""Letters as they are read: blanks filled, subject and body apart, in the language of whoever gets them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import bundle, deployments, letters, particulars
from engine.errors import NotFound
from engine.letters import CHINESE, ENGLISH, blanks
from engine.models import Case, Delivery, Letter, Obligation, Person, Reminder, Task
from notifications import deadlines, html
from notifications.mime import Attachment

__all__ = [
    "DIGEST",
    "Attachment",
    "LetterInvalid",
    "Written",
    "blanks",
    "read",
    "render",
    "shown",
    "template",
    "written",
]

DIGEST = "digest"
_ANYBODY = "经办人"  # whom a letter to an office calls so, where it is read by others
_NOTHING = {CHINESE: "无", ENGLISH: "none"}  # stands for an empty field beside others that are not
_BREAK = re.compile("\r\n?")


class LetterInvalid(JiqunError):
    """A letter cannot be written: its wording is broken, or a blank has nothing to fill it."""

    code = "letter_invalid"


@dataclass(frozen=True)
class Written:
    """A letter ready to be read or sent. `html` is made of the text and fetches nothing."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = field(default=())


def written(session: Session, delivery: Delivery) -> Written:
    """The delivery in its person's language; from the first time on in the same words, which its row keeps.

    The calendar entry attached is of now: it moves or cancels the one sent before. Raises LetterInvalid.
    """
    person = session.get_one(Person, delivery.person_id)
    delivery.subject, delivery.body = shown(session, delivery, person)
    entry = deadlines.attached(session, delivery)
    sheet = html.of(delivery.subject, delivery.body, person.language)
    return Written(delivery.subject, delivery.body, sheet, (entry,) if entry else ())


def shown(session: Session, delivery: Delivery, person: Person) -> tuple[str, str]:
    """Subject and body as they would be written now, or as they were; the row stays as it is. Raises LetterInvalid."""
    if delivery.subject is not None and delivery.body is not None:
        return delivery.subject, delivery.body
    wording, told = _source(session, delivery, person)
    return render(wording, {**told, "收件人": person.display_name}, person.language)


def read(
    session: Session, deployment_id: int | None, name: str, fields: Mapping[str, str], language: str = CHINESE
) -> tuple[str, str]:
    """A letter to an office in the words of its own deployment, whatever was deployed since. Raises LetterInvalid."""
    told = particulars.whole({"收件人": _ANYBODY, **fields})
    return render(_own(session, deployment_id, name), told, language)


def template(deployed: deployments.Deployed | None, regime: str | None, name: str) -> bytes:
    """The file of a letter: the deployment's, else the one that ships. Raises LetterInvalid.

    A deployment older than a kind of letter lacks its file: its cases are told in the words that ship.
    """
    path = f"letters/{name}.txt"
    if deployed and path in deployed.files:
        return deployed.files[path]
    if regime and regime in bundle.regimes() and path in (files := deployments.shipped(regime).files):
        return files[path]
    shipped = bundle.FOLDER / path
    if not shipped.is_file():
        raise LetterInvalid(f"没有名为 {name} 的通知，流程部署和系统自带的通知中都没有 {path}")
    return shipped.read_bytes()


def render(template: bytes, fields: Mapping[str, str], language: str = CHINESE) -> tuple[str, str]:
    """Subject and body. A line whose blanks are all empty is left out; values are never read as wording.

    A letter without a half in the reader's language is read in Chinese. Raises LetterInvalid for a broken
    template, a blank nobody fills, and a subject of more than one line: a line break in a subject would let a
    name write headers of the mail.
    """
    named, halves = _sound(template)
    missing = named - fields.keys()
    if missing:
        raise LetterInvalid(f"通知缺少填空内容：{'、'.join(sorted(missing))}，请补齐后再发")
    language = language if language in halves else CHINESE
    lines = halves[language]
    subject = _filled(lines[0], fields, language)
    if not subject:
        raise LetterInvalid("通知标题的填空内容为空，请补齐后再发")
    if "\n" in subject:
        raise LetterInvalid("通知标题只能是一行，请去掉填空内容里的换行")
    filled = [_filled(line, fields, language) for line in lines[2:]]
    return subject, "\n".join(line for line in filled if line is not None).strip("\n") + "\n"


@lru_cache(maxsize=512)
def _sound(template: bytes) -> tuple[frozenset[str], Mapping[str, list[str]]]:
    """The blanks of a letter and its lines by language: read once, sent a thousand times. Raises LetterInvalid."""
    for line, why in letters.letter_problems(template):
        raise LetterInvalid(f"通知模板第 {line or 1} 行：{why}")
    halves = {language: letters.half(template, language) for language in (CHINESE, ENGLISH)}
    return frozenset(blanks(template)), {language: lines for language, lines in halves.items() if lines is not None}


def _filled(line: str, fields: Mapping[str, str], language: str) -> str | None:
    names = letters.BLANK.findall(line)
    values = {name: letters.TURNING.sub("", _BREAK.sub("\n", fields[name])).strip(" ") for name in names}
    if names and not any(values.values()):
        return None
    if language == ENGLISH:
        values = {name: _IN_ENGLISH.get(name, str)(value) for name, value in values.items()}
    nothing = _NOTHING[language] if len(names) > 1 and any(values.values()) else ""
    return letters.BLANK.sub(lambda blank: values[blank[1]] or nothing, line)


def _source(session: Session, delivery: Delivery, person: Person) -> tuple[bytes, Mapping[str, str]]:
    """The wording of a delivery, and what fills it."""
    if delivery.template == DIGEST:
        return template(None, None, DIGEST), particulars.whole({"汇总": _members(session, delivery, person)})
    if delivery.letter_id is not None:
        letter = session.get_one(Letter, delivery.letter_id)
        return _own(session, letter.deployment_id, letter.template), particulars.whole(letter.fields)
    if delivery.reminder_id is None:
        raise LetterInvalid(f"通知 {delivery.template} 没有出处，不能成文")
    reminder = session.get_one(Reminder, delivery.reminder_id)
    if reminder.task_id is not None:
        task = session.get_one(Task, reminder.task_id)
        case = session.get_one(Case, task.case_id)
        deployed = deployments.deployed(session, case.deployment_id)
        return template(deployed, case.regime, delivery.template), particulars.of_task(session, task)
    obligation = session.get_one(Obligation, reminder.obligation_id)
    wording = template(_current(session, obligation.regime), obligation.regime, delivery.template)
    return wording, particulars.of_obligation(session, obligation)


def _own(session: Session, deployment_id: int | None, name: str) -> bytes:
    """A letter's file in the deployment that it names."""
    if deployment_id is None:
        return template(None, None, name)
    deployed = deployments.deployed(session, deployment_id)
    return template(deployed, deployed.regime.name, name)


def _current(session: Session, regime: str) -> deployments.Deployed | None:
    try:
        return deployments.deployed(session, deployments.current(session, regime).id)
    except NotFound:  # a regime that only ships so far
        return None


def _members(session: Session, delivery: Delivery, person: Person) -> str:
    """The subjects of what a digest gathers, a line each."""
    gathered = select(Delivery).where(
        Delivery.digest_id == delivery.digest_id, Delivery.digest_id.is_not(None), Delivery.template != DIGEST
    )
    return "\n".join(f"· {shown(session, each, person)[0]}" for each in session.scalars(gathered.order_by(Delivery.id)))


# ---- what is known to have an English word: days, kinds of duties, how long is left ---------------

_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_LEFT = re.compile(r"(还剩|已逾期)(\d+)天")
_DUTIES = {
    "年度报告": "annual report",
    "开始受理复核申请": "renewal can be applied for from",
    "认定有效期届满": "validity ends",
    "公示期结束": "publicity period ends",
    "申报截止": "applications close",
}


def _days(value: str) -> str:
    """Days as an English reader takes them in no second way: 2025-05-20."""
    return _DAY.sub(lambda day: f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}", value).replace("至", " to ")


def _left(value: str) -> str:
    def told(found: re.Match[str]) -> str:
        days = f"{found[2]} day{'' if found[2] == '1' else 's'}"
        return f"{days} left" if found[1] == "还剩" else f"{days} overdue"

    return _LEFT.sub(told, value).replace("今日到期", "due today")


_IN_ENGLISH: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("期限", "原期限", "有效期", "公示期"), _days),
    "剩余": _left,
    **dict.fromkeys(("义务", "事项"), lambda value: _DUTIES.get(value, value)),
    "暂定": lambda value: (
        value and "The date rests on public holidays not yet announced and may move; you will be told."
    ),
}
