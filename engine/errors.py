"""What the engine refuses, a class for each thing a caller may want to tell apart."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from config.errors import JiqunError
from config.sentences import said

if TYPE_CHECKING:  # a command that only answers need not load the database's library
    from sqlalchemy.orm import Session


class WithAftermath(JiqunError):
    """A refusal that leaves something behind: `aftermath(session)` runs in a transaction of its own after the rollback.

    So a failed sign-in is counted, and a case that cannot go on becomes an incident, though the command is undone.
    """

    def __init__(self, message: str, aftermath: "Callable[[Session], None] | None" = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.aftermath = aftermath


class NotFound(JiqunError):
    """There is no such thing, or nothing that this person may know of."""

    code = "not_found"


class Forbidden(JiqunError):
    """The person is known, and this is not theirs to do."""

    code = "forbidden"


class PasswordDue(Forbidden):
    """The person signed in with a password that somebody else knows, and has to set their own before anything else."""

    code = "password_due"


class SignInFailed(WithAftermath):
    """Name and password do not belong together, or the account is locked or disabled."""

    code = "sign_in_failed"


class Conflict(JiqunError):
    """The thing is no longer as the caller believes."""

    code = "conflict"


class AlreadyDone(Conflict):
    """Somebody, perhaps the caller, has finished this task."""

    code = "task_already_done"


class ClaimedByAnother(Conflict):
    """A colleague has taken this task."""

    code = "task_claimed_by_another"


class Stale(Conflict):
    """Another command changed the row between reading and writing. Repeating is safe."""

    code = "stale"


class Overtaken(Conflict):
    """Somebody saved another version of this file since the caller read it: `by` and `at` say who and when."""

    code = "overtaken"


class KeyReused(Conflict):
    """An Idempotency-Key came again with another request."""

    code = "idempotency_key_reused"


class FormInvalid(JiqunError):
    """The form's answers break its rules. `problems` holds one `Problem` a field."""

    code = "form_invalid"

    def __init__(self, problems: Sequence[Any]) -> None:
        super().__init__(said("表单填写有误，请按提示修改后再提交"), problems=list(problems))
        self.problems = list(problems)


class Refused(JiqunError):
    """A rule of the office forbids it now: the round is closed, four eyes are needed, the case is stopped."""

    code = "refused"


class NoticeInvalid(JiqunError):
    """A file of holidays that cannot be read as one; the message names the first thing that is wrong."""

    code = "holiday_notice_invalid"


class TooMany(JiqunError):
    """The public may do this only so often. `retry_after` is in seconds."""

    code = "too_many"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


class XmlRefused(JiqunError):
    """A document that the reader does not let in. `line` is where, when known."""

    code = "xml_refused"


class IntakeRefused(JiqunError):
    """A file that no draft takes: where it is wrong, which rule it breaks, and the way out; as XmlRefused has it."""

    code = "intake_refused"


class ExpressionInvalid(JiqunError):
    """An expression outside the allow-list. `column` counts from 1."""

    code = "expression_invalid"


class ExpressionFailed(JiqunError):
    """An allowed expression that cannot be answered with these data, or grew over its bounds."""

    code = "expression_failed"


class BundleInvalid(JiqunError):
    """The files may not become a deployment. `findings` says why, line by line."""

    code = "bundle_invalid"

    def __init__(self, findings: Sequence[Any]) -> None:
        super().__init__(
            "检查未通过，不能部署：" + "；".join(str(f) for f in list(findings)[:3]), findings=list(findings)
        )
        self.findings = list(findings)


class BudgetExceeded(JiqunError):
    """One command wanted more steps, time, tokens or depth than a case may use."""

    code = "budget_exceeded"


class StepFailed(JiqunError):
    """The diagram could not go on from this element; the case becomes an incident."""

    code = "step_failed"


class ScriptInvalid(JiqunError):
    """A script outside what is allowed. `line` counts from 1."""

    code = "script_invalid"


class ScriptFailed(StepFailed):
    """A script that broke off; `line` is where, when known. What it had written until then is gone."""

    code = "script_failed"


class ScriptOverran(ScriptFailed):
    """A script that used up its processor time or memory. Several times, and it is no longer run."""

    code = "script_overran"


class ScriptInterrupted(ScriptFailed):
    """A script that was not done in time for no fault of its own: the machine was busy. Repeating is right."""

    code = "script_interrupted"


class ScriptHeld(ScriptFailed):
    """A script that overran several times and is not run again until its owner has looked at it."""

    code = "script_held"


class CaseStopped(WithAftermath):
    """The case cannot go on and is now an incident; `cause` is what happened."""

    code = "case_stopped"


class StateUnreadable(JiqunError):
    """A stored state of a format this program does not write."""

    code = "state_unreadable"


class DatabaseOutdated(JiqunError):
    """The database is older than the program."""

    code = "database_outdated"


class DatabaseNewer(JiqunError):
    """The database is newer than the program, or not ours."""

    code = "database_newer"
