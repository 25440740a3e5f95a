"""Letters as they are read: a template's blanks filled, subject and body apart."""

import re
from collections.abc import Mapping

from config.errors import JiqunError
from engine import letters
from engine.letters import blanks

__all__ = ["LetterInvalid", "blanks", "render"]

_NOTHING = "无"  # stands for an empty field beside others that are not
_TURNING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)  # no control, no change of direction
_BREAK = re.compile("\r\n?")


class LetterInvalid(JiqunError):
    """A letter cannot be written: its wording is broken, or a blank has nothing to fill it."""

    code = "letter_invalid"


def render(template: bytes, fields: Mapping[str, str]) -> tuple[str, str]:
    """Subject and body. A line whose blanks are all empty is left out; values are never read as wording.

    Raises LetterInvalid for a broken template, a blank nobody fills, and a subject of more than one line:
    a line break in a subject would let a name write headers of the mail.
    """
    problems = letters.letter_problems(template)
    if problems:
        line, why = problems[0]
        raise LetterInvalid(f"通知模板第 {line or 1} 行：{why}")
    missing = blanks(template) - fields.keys()
    if missing:
        raise LetterInvalid(f"通知缺少填空内容：{'、'.join(sorted(missing))}，请补齐后再发")
    wording, _, rest = letters.text(template).partition("\n")
    subject = _filled(wording, fields)
    if not subject:
        raise LetterInvalid("通知标题的填空内容为空，请补齐后再发")
    if "\n" in subject:
        raise LetterInvalid("通知标题只能是一行，请去掉填空内容里的换行")
    lines = [_filled(line, fields) for line in rest.removeprefix("\n").split("\n")]
    body = "\n".join(line for line in lines if line is not None)
    return subject, body.strip("\n") + "\n"


def _filled(line: str, fields: Mapping[str, str]) -> str | None:
    names = letters.BLANK.findall(line)
    values = {name: _TURNING.sub("", _BREAK.sub("\n", fields[name])).strip(" ") for name in names}
    if names and not any(values.values()):
        return None
    return letters.BLANK.sub(lambda blank: values[blank[1]] or _NOTHING, line)
