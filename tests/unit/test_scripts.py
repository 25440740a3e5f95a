"""Scripts: exact numbers, plain values, errors with their line, and a sandbox that is not there before it is needed."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from config import settings
from engine import calendar, scripts, vocabulary
from engine.errors import ScriptFailed, ScriptInterrupted, ScriptInvalid, ScriptOverran
from engine.scripts import plain, reading, sources, workers
from engine.scripts.workers import Broke, TooLong, Workers
from tests.bundles import bundle
from tests.diagrams import Diagram

D = Decimal
WORDS = {"limit": lambda name: D("40") if name == "area_km2" else None, "total": vocabulary.total}
WORDS |= {"rises": vocabulary.rises}


@pytest.fixture(scope="module", params=["monty", "restricted"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[str]:
    before = dict(scripts._chosen)
    scripts._chosen[os.getpid()] = request.param
    yield request.param
    scripts._chosen.clear()
    scripts._chosen.update(before)


# ---- what a script computes ----------------------------------------------------------------------

SCRIPTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("y = x + 0.1", {"x": D("0.2")}, {"y": D("0.3")}),  # 0.30000000000000004 in binary
    ("y = 7 / 2\nz = 7 // 2\nw = 7 % 2", {}, {"y": D("3.5"), "z": 3, "w": 1}),
    (
        "y = x / 3\ny /= 2",
        {"x": 1},
        {"y": D("0.1666666666666666666666666666")},
    ),  # half of 28 threes ends in …65: half-even
    ("y = round(x, 2)", {"x": D("2.675")}, {"y": D("2.68")}),
    ("share = (a + b) / (c # / of all\n  * 2)", {"a": 1, "b": 2, "c": 4}, {"share": D("0.375")}),
    ("seats.append(5)", {"seats": [3]}, {"seats": [3, 5]}),
    ("d['k'] = [None, True, '甲']", {"d": {"a": 1}}, {"d": {"a": 1, "k": [None, True, "甲"]}}),
    (
        "for row in rows:\n    row['b'] = row['a'] * 2",
        {"rows": [{"a": D("1.5")}]},
        {"rows": [{"a": D("1.5"), "b": D("3.0")}]},
    ),
    ("if x > 1:\n    late = True", {"x": 1}, {}),  # what was never set is not there
    ("x = 1", {"x": 1}, {}),  # and what stays as it is is no change
    ("x = 1", {"x": D(1)}, {"x": 1}),
    ("x = True", {"x": 1}, {"x": True}),
    ("def half(n):\n    return n / 2\ny = [half(n) for n in xs if n > 1]", {"xs": [1, 2]}, {"y": [D(1)]}),
    ("y = sorted(xs, key=lambda each: each['n'], reverse=True)[0]['n']", {"xs": [{"n": 1}, {"n": 3}]}, {"y": 3}),
    ("y = '、'.join([str(n) for n in xs])", {"xs": [1, 2]}, {"y": "1、2"}),
    ("z = f'共 {len(xs)} 家，{x:.1f} 亿元'", {"xs": [1, 2], "x": D("2.25")}, {"z": "共 2 家，2.2 亿元"}),
    ("n = 0\nwhile n < 5:\n    n += 2\na, b = n, 'b'", {}, {"n": 6, "a": 6, "b": "b"}),
    ("y = {str(n): n for n in range(2)}\nz = sum(n for n in [1, 0.5])", {}, {"y": {"0": 0, "1": 1}, "z": D("1.5")}),
    ("ok = total(areas) <= limit('area_km2')", {"areas": [D("20.5"), 19]}, {"ok": True}),
    ("y = on", {"on": date(2026, 3, 2)}, {"y": "2026-03-02"}),
    ("    y = 1\n    if y:\n        z = 2\n", {}, {"y": 1, "z": 2}),  # as an editor of diagrams may indent it
]


def test_a_script_gives_what_it_changed_with_exact_numbers(sandbox: str) -> None:
    for text, given, changed in SCRIPTS:
        got = scripts.run(text, {**given, "not_asked_for": 1.5}, WORDS)
        assert got.keys() == changed.keys(), text
        assert all(plain.same(got[name], changed[name]) for name in changed), (text, got)


BROKEN: list[tuple[str, dict[str, Any], int | None, str]] = [
    ("x = 1\n\ny = x / 0", {}, 3, "不能除以零"),
    ("y = missing", {}, 1, "用到的变量还没有值"),
    ("y = d['b']", {"d": {"a": 1}}, 1, "没有这一项"),
    ("y = xs[3]", {"xs": []}, 1, "没有这么多项"),
    ("y = 'a' + 1", {}, 1, "种类"),
    ("y = 1 / '2'", {}, 1, "种类"),  # a text is no number, also below the line
    ("y = 1\nassert x > 3, '数量不足'", {"x": 1}, 2, "数量不足"),
    ("def f(n):\n    return f(n + 1)\ny = f(0)", {}, 2, "100 层"),
    ("y = 'x' * 99999999", {}, 1, "32 MB"),
    ("y = limit('nothing') + 1", {}, 1, "种类"),
    ("y = total(['a'])", {}, 1, "数字"),
    ("y = rises([1])", {}, 1, "数据不全"),  # never a guess
    ("for n in range(30):\n    y = limit('area_km2')", {}, 2, "至多调用 20 次"),
    ("y = [1]\ny.append(y)", {}, None, "太多"),
    ("y = len", {}, None, "脚本"),  # a function is no value
    ("y = 999999999999 * 999999999999", {}, None, "18 次方"),
    ("y = {'typename': 1}", {}, None, "键"),
]


def test_a_script_that_breaks_off_says_where_and_why_in_plain_words(sandbox: str) -> None:
    for text, given, line, why in BROKEN:
        with pytest.raises(ScriptFailed) as told:
            scripts.run(text, given, WORDS)
        assert (told.value.facts["line"], why in told.value.message) == (line, True), (text, told.value.message)
        assert line is None or text.split("\n")[line - 1].strip() in told.value.message


def test_no_binary_fraction_gets_in_or_out(sandbox: str) -> None:
    with pytest.raises(ScriptFailed, match="二进制小数"):
        scripts.run("y = x", {"x": 0.1}, WORDS)
    with pytest.raises(plain.NotPlain, match="变量 y：得出了二进制小数"):
        plain.outward({"y": [{"a": 0.5}]})
    with scripts._sandbox().one() as worker:
        raw = worker.run("y = 0.5", {}, frozenset({"y"}), {}, workers.KILLED)  # as if nobody had read it
    with pytest.raises(plain.NotPlain):
        plain.outward(raw)


def test_a_script_leaves_nothing_behind_for_the_next(sandbox: str) -> None:
    scripts.run("left = 1", {}, WORDS)
    with pytest.raises(ScriptFailed, match="还没有值"):
        scripts.run("y = left", {}, WORDS)


def test_the_vocabulary_is_what_a_script_may_call(sandbox: str) -> None:
    from engine import deployments

    words = deployments.shipped("qingyuan").words
    assert set(words) == vocabulary.WORDS
    assert calendar.shipped() is not None
    got = scripts.run("y = highest([1, 2.5])\nz = length('甲乙')\nw = without([1, 2], [1])", {}, words)
    assert got == {"y": D("2.5"), "z": 2, "w": [2]}


# ---- time ----------------------------------------------------------------------------------------


class Slow:
    """A worker whose scripts take this much processor time."""

    sound = True

    def __init__(self, *processor: float | None) -> None:
        self.processor = list(processor)
        self.closed = 0

    def run(self, *_given: Any) -> dict[str, Any]:
        if self.processor:
            raise TooLong(self.processor.pop(0))
        return {"y": 1}

    def close(self) -> None:
        self.closed += 1


@contextmanager
def slow(monkeypatch: pytest.MonkeyPatch, *processor: float | None) -> Iterator[Slow]:
    worker = Slow(*processor)
    pool = Workers(lambda: worker, (0.25, 0.9))
    monkeypatch.setattr(scripts, "_sandbox", lambda: pool)
    yield worker


def test_a_busy_machine_is_not_the_scripts_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with slow(monkeypatch, 0.05) as worker:  # waited for 0.25 s, of which it was given 0.05
        assert scripts.run("y = 1", {}, WORDS) == {"y": 1}
    assert worker.closed == 1  # stopped in the middle, it is not used again
    with slow(monkeypatch, 0.05, 0.15), pytest.raises(ScriptInterrupted):
        scripts.run("y = 1", {}, WORDS)
    with slow(monkeypatch, None, None), pytest.raises(ScriptInterrupted):  # where no system tells
        scripts.run("y = 1", {}, WORDS)
    with slow(monkeypatch, 0.24), pytest.raises(ScriptOverran, match="运行时间"):
        scripts.run("y = 1", {}, WORDS)


def test_an_endless_script_ends_and_the_next_one_runs(sandbox: str) -> None:
    with pytest.raises((ScriptOverran, ScriptInterrupted)):
        scripts.run("while True:\n    pass", {}, WORDS)
    assert scripts.run("y = 1", {}, WORDS) == {"y": 1}


def test_a_worker_that_died_is_replaced(sandbox: str) -> None:
    pool = scripts._sandbox()
    with pytest.raises(RuntimeError), pool.one() as worker:
        _die(worker)
    with pytest.raises(Broke), pool.one() as other:
        other.run("y = 1 / 0", {}, frozenset(), {}, workers.KILLED)
    with pool.one() as same:
        assert same is other
    if sandbox == "restricted":
        other._kill()  # from outside, while it had nothing to do
        with pytest.raises(ScriptInterrupted):
            scripts.run("y = 1", {}, WORDS)
    assert scripts.run("y = 1", {}, WORDS) == {"y": 1}


def _die(_worker: workers.Worker) -> None:
    raise RuntimeError


def test_another_process_has_workers_of_its_own(sandbox: str) -> None:
    mine = scripts._sandbox()
    mine._process += 1
    assert scripts._sandbox() is not mine


def test_nothing_is_loaded_or_started_before_a_script_runs() -> None:
    code = (
        "import sys; from engine import bpmn, cases, deploying, lint, scripts;"
        "print([m for m in ('pydantic_monty', 'RestrictedPython', 'engine.scripts.monty') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_sandbox_is_chosen_by_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scripts.kind() == "monty"  # its wheel is there
    monkeypatch.setenv("JIQUN_SCRIPTS", "restricted")
    assert scripts.kind() == settings.load().scripts == "restricted"
    monkeypatch.delenv("JIQUN_SCRIPTS")
    monkeypatch.setitem(sys.modules, "engine.scripts.monty", None)
    monkeypatch.delattr("engine.scripts.monty", raising=False)
    assert scripts.kind() == "restricted"


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("x = 1\ny = $", 2), ("x = 1\n\nimport os", 3), ("x = 1\u200b", 1), ("x = 1\ny = (", 2)],
)
def test_a_script_that_cannot_be_read_names_the_line(text: str, line: int) -> None:
    with pytest.raises(ScriptInvalid, match=f"第 {line} 行") as told:
        scripts.read(text)
    assert told.value.facts["line"] == line


def test_every_problem_is_told_not_only_the_first() -> None:
    assert [line for line, _ in scripts.problems("import os\nx = 1\ny = open('a')\nlen = 2")] == [1, 3, 4]


def test_a_script_says_what_it_takes_and_what_it_gives() -> None:
    read = scripts.read("def f(a):\n    b = a\n    return b + outer\nfor i in xs:\n    y = f(i) + limit('area_km2')")
    assert (read.writes, read.outside, read.calls) == ({"y"}, {"outer", "xs"}, {"limit"})


def test_bounds_of_a_script() -> None:
    within = "x = 1\n" * 1365  # 8190 bytes
    assert scripts.problems(within) == []
    assert "8192" in scripts.problems(within + "x = 1\n")[0][1]
    assert scripts.problems("x = [" + "[]," * 199 + "]") == []
    assert "200" in scripts.problems("x = [" + "[]," * 200 + "]")[0][1]
    assert "太深" in scripts.problems("x = " + "not " * reading.DEPTH + "y")[0][1]


# ---- scripts in a bundle -------------------------------------------------------------------------


def drawn(**texts: str) -> Mapping[str, bytes]:
    diagram = Diagram().start().user("examine", "审查").end()
    for when, text in texts.items():
        if when == "task":
            diagram.node("scriptTask", "sum_up", "汇总", f"<bpmn:script>{text}</bpmn:script>")
        else:
            kind = {"before": "preScript", "after": "postScript"}[when]
            diagram.nodes[1].extensions.append(f"<spiffworkflow:{kind}>{text}</spiffworkflow:{kind}>")
    path = ["filed", "examine", *(["sum_up"] if "task" in texts else []), "done"]
    return bundle(diagram.path(*path))


def test_scripts_that_are_new_or_changed_are_told_with_what_they_were() -> None:
    before = drawn(task="x = 1", before="a = 1", after="b = 1")
    assert sources.changed(before, before) == []
    assert {(each.script.when, each.before) for each in sources.changed(before, None)} == {
        ("task", None),
        ("before", None),
        ("after", None),
    }
    (change,) = sources.changed(drawn(task="x = 2", after="b = 1"), before)
    assert (change.script.file, change.script.element, change.script.name) == ("application.bpmn", "sum_up", "汇总")
    assert (change.script.text, change.before) == ("x = 2", "x = 1")
    assert sources.changed(drawn(), before) == []  # one that goes needs nobody's accreditation


def test_a_value_comes_out_of_the_record_as_it_went_in() -> None:
    value = {"a": [D("0.10"), 1, True, None, {"b": "0.10"}]}
    assert plain.same(plain.restored(plain.kept(value)), value)
    assert plain.kept(D("0.10")) == {"__decimal__": "0.10"}
