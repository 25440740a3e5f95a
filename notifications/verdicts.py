"""What a mail server's answer means for the letter and for the account; the Chinese providers' own codes among them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LONGEST = 300  # characters of the server's words that are kept
QUARTER = timedelta(minutes=15)

# What tells of too much at once, whatever the number before it: QQ says 550 to it, which elsewhere means that there
# is no such person. NetEase's quotas (MI:SFQ, HL:ICC, HL:IFC) count in quarters of an hour.
_LIMITED: Final = (
    (re.compile(r"\bMI:DMC\b", re.I), timedelta(minutes=1)),  # too many mails in one connection: the next is new
    (re.compile(r"\b(MI:SFQ|HL:ICC|HL:IFC)\b", re.I), QUARTER),
    (re.compile(r"frequency limit|too (many|much) (mails?|messages?|connections?)|rate limit", re.I), QUARTER),
)
_SOON: Final = re.compile(r"\bDT:SPM\b", re.I)  # with a 4xx NetEase means: the same once more, after two minutes
# The account may not send as it does: it would be the same with every letter.
_ACCOUNT: Final = re.compile(
    r'"?from"? header is (missing|invalid)|must (be )?(equal|same).{0,20}(user|auth)|'
    r"doesn'?t conform with auth|not (owned by|allowed to send as)|sender (address )?(rejected|denied)|"
    r"authentication (is )?required|need (EHLO and )?AUTH|relay(ing)? (access )?(denied|not (permitted|allowed))|"
    r"unable to relay",
    re.I,
)
_NOBODY: Final = re.compile(
    r"^5\.1\.[1236]|no such|not found|unknown|does ?n[o']t exist|not exist|"
    r"invalid (mailbox|recipient|user)|unavailable",
    re.I,
)


@dataclass(frozen=True)
class Verdict:
    """What became of one try. `outcome` is one of

    sent      the server answered for the mail
    retry     not this time: the same letter again later
    limited   not now: the account has to wait, the letter with it
    refused   never: the letter, or its address
    in_doubt  the server may have it: nobody answered when it was all said
    config    the account cannot send until a person has seen to it
    """

    outcome: str
    phase: str  # connect, envelope, body
    code: str
    text: str
    wait: timedelta | None = None  # how long, where the server's answer tells
    nobody: bool = False  # it is the address that is refused

    @property
    def of_account(self) -> bool:
        """Whether it says something of the account and nothing of the letter."""
        return self.outcome in ("limited", "config")


def of_answer(phase: str, step: str, code: int, answer: bytes | str) -> Verdict:
    """The verdict on an answer to `step`: connect, login, mail, rcpt, data, content."""
    text = plain(answer)
    if not 200 <= code <= 599:
        return nonsense(phase, text)
    outcome, wait = _meant(step, code, text)
    nobody = outcome == "refused" and step == "rcpt" and (code != 550 or bool(_NOBODY.search(text)))
    return Verdict(outcome, phase, str(code), text, wait, nobody)


def _meant(step: str, code: int, text: str) -> tuple[str, timedelta | None]:
    limit = next((wait for pattern, wait in _LIMITED if pattern.search(text)), None)
    match step:
        case _ if code < 400:
            return "sent", None
        case "login":
            # QQ's answer to a wrong code names every reason there may be, "frequency limited" too.
            return ("limited", QUARTER) if code < 500 else ("config", None)
        case _ if limit is not None or step == "connect" or code == 421:  # 421: the server closes, whatever was asked
            return "limited", limit
        case _ if code == 530 or _ACCOUNT.search(text) or (step == "mail" and code >= 500 and code != 552):
            return "config", None
        case _ if code < 500:
            return "retry", timedelta(minutes=2) if _SOON.search(text) else None
    return "refused", None


def nonsense(phase: str, text: bytes | str) -> Verdict:
    """The server says what no mail server says. Once it has the whole mail, nobody knows what it did with it."""
    outcome = "in_doubt" if phase == "body" else "limited"
    return Verdict(outcome, phase, "", f"邮件服务器的应答不合协议：{plain(text) or '没有内容'}")


def plain(answer: bytes | str) -> str:
    """The server's words in one line."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:LONGEST]
