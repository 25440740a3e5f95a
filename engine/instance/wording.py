"""Whatever the engine's library raises comes out as one of our errors, naming file and element."""

from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import JiqunError
from config.sentences import said
from engine.errors import BudgetExceeded, StepFailed


@contextmanager
def in_our_words() -> Iterator[None]:
    """Whatever SpiffWorkflow raises comes out as one of our errors, naming the element."""
    try:
        yield
    except JiqunError:
        raise
    except RecursionError as error:
        raise BudgetExceeded(said("流程图嵌套或串联过长，无法执行")) from error
    except Exception as error:  # a diagram may fail in any way; the case becomes an incident, never half a state
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, JiqunError):
            cause = getattr(cause, "exception", None) or cause.__cause__
        if isinstance(cause, JiqunError):
            raise cause from error
        element = getattr(getattr(error, "task_spec", None), "bpmn_id", None) or getattr(error, "id", None)
        why = said("流程在 %(place)s 无法继续：%(error)s", place=element or said("此处"), error=error)
        raise StepFailed(why, element=element) from error
