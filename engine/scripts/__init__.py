"""Scripts: what an accredited owner's script task may compute, far from everything else, with the words of the office.

A script gets the variables that it names and gives back those that it changed. It runs in a worker process with its
time, memory and depth bounded; the process is started when the first script runs. Numbers are exact throughout.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from config import settings
from config.errors import JiqunError
from config.sentences import said
from engine.errors import ExpressionFailed, ScriptFailed, ScriptInterrupted, ScriptOverran
from engine.instance.journal import Words
from engine.scripts import plain, workers
from engine.scripts.plain import NotPlain
from engine.scripts.reading import Read, problems, read
from engine.scripts.workers import Broke, Lost, TooLong, Workers
from engine.values import UNKNOWN

__all__ = ["Runner", "kind", "problems", "read", "run"]

Runner: TypeAlias = Callable[[str, str, Mapping[str, Any], Words], dict[str, Any]]  # place, script, data, words

_ENOUGH: Final = 0.8  # of workers.SECONDS: who has used as much was not kept waiting by others
_sandboxes: dict[str, Workers] = {}

_WHY: Final[Mapping[str, str]] = {  # what Python calls an error → what an office calls it
    "ZeroDivisionError": "不能除以零",
    "decimal.DivisionByZero": "不能除以零",
    "DivisionByZero": "不能除以零",
    "decimal.InvalidOperation": "数字不能这样计算，或者文字不是数字",
    "InvalidOperation": "数字不能这样计算，或者文字不是数字",
    "DivisionUndefined": "零不能除以零",
    "decimal.DivisionUndefined": "零不能除以零",
    "NameError": "用到的变量还没有值",
    "UnboundLocalError": "用到的变量还没有值",
    "KeyError": "对照表里没有这一项",
    "IndexError": "列表没有这么多项",
    "TypeError": "值的种类不能这样用",
    "AttributeError": "这个值不能这样用",
    "ValueError": "值不能这样用",
    "RecursionError": f"函数互相调用超过 {workers.RECURSION} 层",
    "MemoryError": f"用的内存超过 {workers.MEGABYTES} MB",
    "OverflowError": "结果太多或太大",
    "AssertionError": "脚本自己的检查没有通过",
}


def run(script: str, variables: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The variables that the script changed, and no others, with their new values.

    Raises ScriptInvalid; ScriptFailed with `line` where it broke off; ScriptOverran when it used up its processor
    time, ScriptInterrupted when the machine had no time for it.
    """
    found = read(script)
    try:
        given = {name: plain.inward(variables[name]) for name in sorted(found.asks & variables.keys())}
        after = plain.outward(attempt(found, given, words))
    except NotPlain as wrong:
        raise ScriptFailed(said("脚本没有结果：%(why)s", why=str(wrong)), line=None) from wrong
    return {name: value for name, value in after.items() if name not in given or not plain.same(given[name], value)}


def run_at(_place: str, script: str, variables: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """As `run`, wherever in a diagram the script stands: a Runner."""
    return run(script, variables, words)


def recorded(written: Iterable[Mapping[str, Any]]) -> Runner:
    """A Runner for a replay: what the record says that the scripts changed, in its order, and no script is run.

    `written` is what an event's payload has under "scripts". Raises ScriptFailed where another script's turn is.
    """
    rest = deque(written)

    def told(place: str, _script: str, _variables: Mapping[str, Any], _words: Words) -> dict[str, Any]:
        if not rest or rest[0]["at"] != place:
            raise ScriptFailed(said("办理记录里没有脚本 %(place)s 的结果", place=place), line=None)
        return {name: plain.restored(value) for name, value in rest.popleft()["changes"].items()}

    return told


def attempt(found: Read, given: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """What a sandbox makes of a script that was read; a machine too busy for it is asked once more."""
    sandbox = _sandbox()
    for seconds in sandbox.tries:
        failed: list[JiqunError] = []
        called = {name: _asked(words[name], failed) for name in sorted(found.calls & words.keys())}
        try:
            with sandbox.one() as worker:
                return worker.run(found.text, given, found.writes | given.keys(), called, seconds)
        except Broke as broke:
            raise _failed(found, broke, failed) from broke
        except TimeoutError as busy:
            raise ScriptInterrupted(said("脚本没有运行：系统繁忙，请稍后重试"), line=None) from busy
        except Lost:
            continue
        except TooLong as late:
            if late.processor is not None and late.processor >= _ENOUGH * workers.SECONDS:
                why = said("脚本用完了 %(most)s 秒的运行时间，已停止；请检查是否有不停的循环", most=workers.SECONDS)
                raise ScriptOverran(why, line=None) from late
    raise ScriptInterrupted(said("脚本没有在规定时间内算完：系统繁忙，请稍后重试"), line=None)


def kind() -> str:
    """Which sandbox runs scripts here: "monty", or "restricted" where its wheel is missing or the setting says so."""
    asked = settings.load().scripts
    if asked:
        return asked
    try:
        from engine.scripts import monty  # noqa: F401, PLC0415  # a third of a second, only for who has scripts
    except ImportError:
        return "restricted"
    return "monty"


def _sandbox() -> Workers:
    chosen = _chosen.get(os.getpid()) or _chosen.setdefault(os.getpid(), kind())
    known = _sandboxes.get(chosen)
    if known is None or not known.mine:
        if chosen == "monty":
            from engine.scripts import monty  # noqa: PLC0415

            known = Workers(monty.Worker, (workers.SECONDS, workers.PATIENCE))
        else:
            from engine.scripts import restricted  # noqa: PLC0415

            known = Workers(restricted.Worker, (workers.KILLED,))
        _sandboxes[chosen] = known
    return known


_chosen: dict[int, str] = {}  # by process: a setting is read once


def _asked(word: Callable[..., Any], failed: list[JiqunError]) -> Callable[..., Any]:
    """A word as a script may call it: plain values in and out, and never a guess."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            if named:
                raise NotPlain("词汇的参数不带名称")
            given = plain.outward({str(number): value for number, value in enumerate(arguments, 1)})
            answer = word(*given.values())
            if answer is UNKNOWN:
                raise ExpressionFailed("数据不全，答不出来；请先检查有没有空值")
            return plain.inward(answer)
        except JiqunError as error:
            failed.append(error)
            raise ValueError(error.message) from error

    return call


def _failed(found: Read, broke: Broke, failed: list[JiqunError]) -> ScriptFailed:
    """In plain words, with the line as it stands in the script."""
    why: str = failed[-1].message if failed and broke.kind == "ValueError" else _WHY.get(broke.kind, broke.kind)
    if not failed and broke.kind == "AssertionError" and broke.message:
        why = broke.message[:200]
    elif not failed and broke.kind == "RuntimeError" and "suspension" in broke.message:
        why = f"词汇至多调用 {workers.SUSPENSIONS} 次；请先取出数值，再在循环里用"
    elif not failed and broke.message:
        why += f"（{broke.message[:200]}）"
    if broke.line is None:
        return ScriptFailed(said("脚本中断：%(why)s", why=why), line=None)
    lines = found.source.split("\n")
    shown = lines[broke.line - 1].strip()[:80] if 0 < broke.line <= len(lines) else ""
    why = said("脚本第 %(line)s 行中断：%(why)s：%(text)s", line=broke.line, why=why, text=shown)
    return ScriptFailed(why, line=broke.line)
