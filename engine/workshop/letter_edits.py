"""A letter as questions: subject and body, in Chinese and in English; and its file again with what was answered."""

from dataclasses import dataclass
from difflib import get_close_matches

from config.sentences import said
from engine import letters
from engine.errors import FormInvalid
from engine.forms import Problem

_BETWEEN, _END = "\n\n", "\n"  # what stands behind the Chinese body before the English half, and at the file's end


@dataclass(frozen=True)
class Letter:
    """What is typed. Without both English parts the letter has no English half."""

    subject: str
    body: str
    english_subject: str = ""
    english_body: str = ""


FIELDS = ("subject", "body", "english_subject", "english_body")


def letter(content: bytes) -> Letter:
    """The letter of a file; of a file that is not quite one as much as is there. Raises ValueError: not UTF-8."""
    chinese = letters.half(content) or []
    english = letters.half(content, letters.ENGLISH) or []
    return Letter(*_parts(chinese), *_parts(english))


def saved(content: bytes | None, wanted: Letter) -> bytes:
    """The file with these words; a half that was not changed keeps its bytes. `content` is None for a new letter.

    Raises FormInvalid with a problem for each part: what is missing, and blanks that there are not.
    """
    wanted = Letter(*(_folded(getattr(wanted, name)) for name in FIELDS))
    if problems := list(_problems(wanted)):
        raise FormInvalid(problems)
    before = letter(content) if content is not None else Letter("", "")
    if content is not None and wanted == before:
        return content
    old = letters.text(content) if content is not None else ""
    chinese, divider, english = old.partition(f"{letters.DIVIDER}\n")
    if (wanted.subject, wanted.body) != (before.subject, before.body):
        chinese = f"{wanted.subject}\n\n{wanted.body}"
        chinese += _ending(old.partition(letters.DIVIDER)[0]) if divider else _END
    if not (wanted.english_subject or wanted.english_body):
        made = chinese.rstrip("\n") + _END
    else:
        if (wanted.english_subject, wanted.english_body) != (before.english_subject, before.english_body):
            english = f"{wanted.english_subject}\n\n{wanted.english_body}{_END}"
        if not divider:
            chinese = chinese.rstrip("\n") + _BETWEEN
        made = f"{chinese}{letters.DIVIDER}\n{english}"
    if len(made.encode()) > letters.MAX_BYTES:
        too_long = said("通知文件超过 %(most)s KB，请精简", most=letters.MAX_BYTES // 1024)
        raise FormInvalid([Problem("body", "too_long", too_long)])
    return (made.replace("\n", "\r\n") if content and b"\r\n" in content else made).encode()


def _parts(lines: list[str]) -> tuple[str, str]:
    subject, body = (lines[0] if lines else ""), lines[1:]
    return subject.strip(), _folded("\n".join(body))


def _folded(text: str) -> str:
    return text.replace("\r\n", "\n").strip("\n").strip() if "\n" not in text.strip() else _lines(text)


def _lines(text: str) -> str:
    """Several lines as the file has them: none of spaces before the first and behind the last."""
    return text.replace("\r\n", "\n").strip("\n").rstrip()


def _ending(chinese: str) -> str:
    """The empty lines that stand between the halves."""
    return chinese[len(chinese.rstrip("\n")) :] or _BETWEEN


def _problems(wanted: Letter) -> list[Problem]:
    found = []
    for name, what in (("subject", said("请写通知的标题")), ("body", said("请写通知的正文"))):
        if not getattr(wanted, name):
            found.append(Problem(name, "required", what))
    if bool(wanted.english_subject) != bool(wanted.english_body):
        missing = "english_body" if wanted.english_subject else "english_subject"
        found.append(Problem(missing, "required", said("英文的标题和正文要么都写，要么都不写")))
    for name in FIELDS:
        found += [Problem(name, *why) for why in _wrong(name, getattr(wanted, name))]
    return found


def _wrong(name: str, text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if name.endswith("subject") and "\n" in text:
        found.append(("one_line", said("标题只写一行")))
    if any(line.startswith("===") for line in text.split("\n")):
        found.append(("divider", said("以 === 开头的行是中英文的分隔，请改写")))
    for blank in dict.fromkeys(letters.BLANK.findall(text)):
        if blank not in letters.FIELDS:
            found.append(("unknown_blank", _unknown(blank)))
    if letters.TURNING.search(text):
        found.append(("control", said("含有控制字符（如制表符），请删去后重新输入")))
    if any(brace in letters.BLANK.sub("", text) for brace in "{}"):
        found.append(("braces", said("花括号不配对，空应写作 {{集群名称}} 的样子")))
    return found


def _unknown(blank: str) -> str:
    near = get_close_matches(blank, letters.FIELDS, 1, cutoff=0.5)
    if near:
        return said("没有“%(blank)s”这个空，是否想写“%(near)s”？请从列表中选择后插入", blank=blank, near=near[0])
    return said("没有“%(blank)s”这个空；请从列表中选择后插入，或把花括号去掉", blank=blank)
