"""The process in which RestrictedPython runs scripts: each in a child of its own that has next to nothing.

Run by its path with `python -I`; it imports nothing of ours. Frames are four bytes of length and JSON. In comes what
`restricted.Worker.run` asks; out go calls of words, each answered, and what was found or what broke. How the child
ended its parent alone says, on a pipe that the child does not have.
"""

import builtins
import json
import operator
import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

NAME = "<script>"
MOST = 40_000  # members and sixteenths of characters that leave the process
_PLAIN = (str, bool, type(None), int)
_INPLACE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "//=": operator.ifloordiv,
    "%=": operator.imod,
}


def packed(value: Any, depth: int = 0) -> Any:
    """JSON that keeps Decimals, lists and maps apart. Raises ValueError for anything else."""
    if depth > 30:
        raise ValueError("nested too deep")
    if type(value) in _PLAIN:
        return value
    if type(value) is Decimal:
        return ["d", str(value)]
    if type(value) in (list, tuple):
        return ["l", [packed(member, depth + 1) for member in value]]
    if type(value) is dict and all(type(key) is str for key in value):
        return ["m", [[key, packed(member, depth + 1)] for key, member in value.items()]]
    if type(value) is float:
        return ["f", str(value)]  # refused where it arrives, with its reason
    raise ValueError(f"not a plain value: {type(value).__name__}")


def unpacked(value: Any) -> Any:
    """The value that `packed` put into JSON."""
    if not isinstance(value, list):
        return value
    sort, inner = value
    if sort in ("d", "f"):
        return Decimal(inner) if sort == "d" else float(inner)
    if sort == "l":
        return [unpacked(member) for member in inner]
    return {key: unpacked(member) for key, member in inner}


def framed(frame: Mapping[str, Any]) -> bytes:
    """The frame as it travels."""
    body = json.dumps(frame).encode()
    return struct.pack(">I", len(body)) + body


def main() -> None:
    """Fork for each script that comes in, and say how its child ended."""
    folder, status = sys.argv[1], int(sys.argv[2])
    sys.path.append(folder)
    import resource  # noqa: PLC0415  # Windows has none, and does not come here

    from RestrictedPython import Guards  # noqa: PLC0415  # once, for all children
    from RestrictedPython.compile import compile_restricted  # noqa: PLC0415

    compile_restricted("x = 1", NAME, "exec")  # what it loads late is there before the first fork
    while (asked := _receive()) is not None:
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                os.close(status)
                _run(asked, resource, compile_restricted, Guards)
            os._exit(0)
        _, ended, used = os.wait4(child, 0)
        os.write(status, struct.pack(">id", ended, used.ru_utime + used.ru_stime))


def _run(asked: Mapping[str, Any], resource: Any, compiled: Any, guards: Any) -> None:
    _bound(asked, resource)
    try:
        scope = _scope(asked, guards)
        code = compiled(asked["text"], NAME, "exec")
        sys.setrecursionlimit(asked["recursion"] + 20)  # below a script lie a few frames of ours
        exec(code, scope)  # noqa: S102  # what RestrictedPython made of it, in a process that has nothing
        found = {name: scope[name] for name in asked["wanted"] if name in scope}
        _require_small(found)
        outcome = {"found": packed(found)}
    except BaseException as error:  # whatever a script does, the answer is a frame
        sys.setrecursionlimit(1000)
        outcome = {"broke": type(error).__name__, "message": _words(error), "line": _line(error)}
    _send(outcome)


def _bound(asked: Mapping[str, Any], resource: Any) -> None:
    """Let this process have no files, no further processes, little memory and little time."""
    most = 2**29
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as told:
        most = int(told.read().split()[0]) * resource.getpagesize() + asked["megabytes"] * 2**20
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CPU, 2),
    ):
        resource.setrlimit(kind, (bound, bound))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process in the middle of whatever it does
    signal.setitimer(signal.ITIMER_PROF, asked["seconds"])


def _scope(asked: Mapping[str, Any], guards: Any) -> dict[str, Any]:
    methods, calls = frozenset(asked["methods"]), iter(range(asked["suspensions"]))

    def attribute(thing: Any, name: str) -> Any:
        if name not in methods or type(thing) not in (str, list, dict, Decimal):
            raise AttributeError(f"no {name}")
        return getattr(thing, name)

    def word(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if next(calls, None) is None:
                raise RuntimeError("suspensions")
            _send({"call": name, "arguments": packed(arguments)})
            answer = _receive() or {"failed": "gone"}
            if "failed" in answer:
                raise ValueError(answer["failed"])
            return unpacked(answer["answer"])

        return call

    allowed = {name: getattr(builtins, name) for name in asked["functions"] if hasattr(builtins, name)}
    return {
        "__builtins__": allowed | {"AssertionError": AssertionError},
        "__name__": "script",
        "__metaclass__": type,
        "_getattr_": attribute,
        "_getitem_": operator.getitem,
        "_getiter_": iter,
        "_iter_unpack_sequence_": guards.guarded_iter_unpack_sequence,
        "_unpack_sequence_": guards.guarded_unpack_sequence,
        "_write_": guards.full_write_guard,
        "_inplacevar_": lambda sign, one, other: _INPLACE[sign](one, other),
        "Decimal": Decimal,
        "exact": _exact,
        **{name: word(name) for name in asked["words"]},
        **unpacked(asked["given"]),
    }


def _exact(number: Any) -> Decimal:
    if isinstance(number, (int, Decimal)):
        return Decimal(number)
    raise TypeError("unsupported operand type(s) for /")


def _require_small(found: dict[str, Any]) -> None:
    seen, left = 0, [found]
    while left:
        one: Any = left.pop()
        seen += 1 + (len(one) // 16 if isinstance(one, str) else 0)
        if seen > MOST:
            raise OverflowError("too much")
        left += [part for pair in one.items() for part in pair] if isinstance(one, dict) else ()
        left += one if isinstance(one, (list, tuple)) else ()


def _words(error: BaseException) -> str:
    with suppress(BaseException):
        return str(error.msg if isinstance(error, SyntaxError) else error)[:500]
    return ""


def _line(error: BaseException) -> int | None:
    line, frame = getattr(error, "lineno", None), error.__traceback__
    while frame is not None:
        line = frame.tb_lineno if frame.tb_frame.f_code.co_filename == NAME else line
        frame = frame.tb_next
    return line if isinstance(line, int) else None


def _send(frame: Mapping[str, Any]) -> None:
    data = framed(frame)
    while data:
        data = data[os.write(1, data) :]


def _receive() -> Any:
    """The next frame; None when there are no more."""
    head = _bytes(4)
    return json.loads(_bytes(struct.unpack(">I", head)[0])) if head else None


def _bytes(count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            return b""
        data += more
    return data


if __name__ == "__main__":
    main()
