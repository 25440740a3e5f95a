"""Reading a script: which part of Python's grammar it may use, line by line, and the exact text that is run.

What a sandbox could not be made to do is asked for here already, so that who writes a script learns it with a line
number, and not from a case that stopped. Numbers with a point are made Decimals, and a quotient of whole numbers too.
"""

import ast
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from engine import conventions
from engine.errors import ScriptInvalid
from engine.vocabulary import WORDS

BYTES = 8192  # of one script
BRACKETS = 200
DEPTH = 40  # of its syntax tree
PLACES = 100  # characters of one number

FUNCTIONS: Final = frozenset(
    {"Decimal", "abs", "all", "any", "bool", "dict", "enumerate", "int", "len", "list", "max", "min", "range"}
    | {"reversed", "round", "sorted", "str", "sum", "zip"}
)
METHODS: Final = frozenset(  # of texts, lists, maps and Decimals; none of them takes a text apart as a format does
    {"append", "copy", "count", "endswith", "extend", "find", "get", "index", "insert", "isdigit", "items", "join"}
    | {"keys", "lower", "lstrip", "pop", "quantize", "remove", "replace", "reverse", "rstrip", "setdefault", "split"}
    | {"splitlines", "startswith", "strip", "update", "upper", "values"}
)
EXACT: Final = "exact"  # the sandboxes' own word: a number as a Decimal
PYTHONS: Final = frozenset(  # words of Python's that are not for a script to speak of
    {"aiter", "anext", "ascii", "bin", "breakpoint", "bytearray", "bytes", "callable", "chr", "classmethod"}
    | {"compile", "complex", "delattr", "dir", "divmod", "eval", "exec", "exit", "filter", "float", "format"}
    | {"frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input", "isinstance"}
    | {"issubclass", "iter", "locals", "map", "memoryview", "next", "object", "oct", "open", "ord", "pow"}
    | {"print", "property", "quit", "repr", "set", "setattr", "slice", "staticmethod", "super", "tuple"}
    | {"type", "vars"}
)
RESERVED: Final = FUNCTIONS | PYTHONS | WORDS | conventions.GIVEN_NAMES | {EXACT, "typename"}

_ALLOWED: Final[frozenset[type[ast.AST]]] = frozenset(
    # statements
    {ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.While, ast.Break, ast.Continue, ast.Pass}
    | {ast.FunctionDef, ast.Return, ast.Assert}
    # expressions
    | {ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Dict, ast.List, ast.Tuple, ast.Constant}
    | {ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Slice, ast.ListComp, ast.DictComp, ast.GeneratorExp}
    | {ast.Lambda, ast.JoinedStr, ast.FormattedValue}
    # operators
    | {ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.And, ast.Or, ast.Not, ast.USub, ast.UAdd}
    | {ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot}
    # parts of these
    | {ast.arguments, ast.arg, ast.keyword, ast.comprehension, ast.Load, ast.Store}
)

_FOREIGN: Final[Mapping[type[ast.AST], str]] = {
    ast.Import: "不能引入模块（import）；请只用变量、词汇和列出的函数",
    ast.ImportFrom: "不能引入模块（import）；请只用变量、词汇和列出的函数",
    ast.ClassDef: "不能定义类（class）；请用对照表",
    ast.Try: "不能捕捉错误（try）；请先用 if 判断",
    ast.TryStar: "不能捕捉错误（try）；请先用 if 判断",
    ast.Raise: '不能抛出错误（raise）；请用 assert 条件, "说明"',
    ast.With: "不能用 with；脚本不能打开文件",
    ast.Global: "不能用 global；请让函数返回结果",
    ast.Nonlocal: "不能用 nonlocal；请让函数返回结果",
    ast.Delete: "不能删除（del）；请赋值为 None",
    ast.AnnAssign: "不能写类型注解；请直接赋值",
    ast.NamedExpr: "不能用 := 赋值；请单独写一行",
    ast.Starred: "不能用星号展开；请逐项写出",
    ast.Set: "不能用集合；请用列表",
    ast.SetComp: "不能用集合；请用列表",
    ast.Pow: "不能用乘方 **；请用乘法",
    ast.Yield: "不能用 yield；请返回列表",
    ast.YieldFrom: "不能用 yield；请返回列表",
    ast.Match: "不能用 match；请用 if",
}

Problem: TypeAlias = tuple[int, str]  # line, counted from 1, and what is wrong there


@dataclass(frozen=True)
class Read:
    """A script that was read. `text` is what a sandbox runs; its lines are those of the script."""

    text: str
    source: str  # as it was written, but for its indentation
    asks: frozenset[str]  # names that it takes from the case, if the case has them
    outside: frozenset[str]  # those of them that it never sets itself
    writes: frozenset[str]  # names that it gives the case
    calls: frozenset[str]  # words of the vocabulary


def read(text: str) -> Read:
    """The script, once it is known to be allowed. Raises ScriptInvalid with `line`."""
    found = _read(text if isinstance(text, str) else "")
    if isinstance(found, Read):
        return found
    line, why = found[0]
    raise ScriptInvalid(f"脚本第 {line} 行：{why}", line=line)


def problems(text: str) -> list[Problem]:
    """Everything that keeps the script from being run, by line; nothing for one that may be."""
    found = _read(text)
    return [] if isinstance(found, Read) else list(found)


@lru_cache(maxsize=256)
def _read(text: str) -> Read | tuple[Problem, ...]:
    if not text.strip():
        return ((1, "脚本是空的；请写明要做什么，或删除脚本"),)
    if len(text.encode("utf-8", "replace")) > BYTES:
        return ((1, f"脚本超过 {BYTES} 字节；请拆成几个脚本任务"),)
    if any(not mark.isprintable() and mark not in "\n\t" for mark in text.replace("\r\n", "\n")):
        return ((_line_of_unprintable(text), "有看不见的字符；请删去"),)
    source = textwrap.dedent(text.replace("\r\n", "\n")).rstrip() + "\n"
    if sum(source.count(bracket) for bracket in "([{") > BRACKETS:
        return ((1, f"括号超过 {BRACKETS} 个；请拆成几步"),)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return ((getattr(error, "lineno", None) or 1, "这一行不是完整的语句；请检查缩进、括号、冒号和引号"),)
    reader = _Reader(source)
    found = tuple(sorted(set(reader.look(tree))))
    return found or reader.read(tree)


def _line_of_unprintable(text: str) -> int:
    lines = text.replace("\r\n", "\n").split("\n")
    return next(number for number, line in enumerate(lines, 1) if not line.replace("\t", "").isprintable())


class _Reader:
    """Looks at every node of the tree once; a construct that is not named above is refused."""

    def __init__(self, source: str) -> None:
        self.lines = [line.encode() for line in source.split("\n")]  # ast counts columns in UTF-8 bytes
        self.edits: list[tuple[int, int, str]] = []  # line, column, what is put in there
        self.last = 1  # line of what was looked at
        self.own: set[str] = set()  # functions that the script defines
        self.literals: list[tuple[int, int, int]] = []  # line, columns of a number with a point

    def look(self, tree: ast.Module) -> Iterator[Problem]:
        self.own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for statement in tree.body:
            yield from self._look(statement, 1, in_text=False)

    def _look(self, node: ast.AST, depth: int, *, in_text: bool) -> Iterator[Problem]:
        line = getattr(node, "lineno", 0)
        if depth > DEPTH:
            yield line or 1, "嵌套太深；请拆成几步"
            return
        if type(node) not in _ALLOWED:
            yield (
                line or self.last,
                _FOREIGN.get(type(node), f"不能用这种写法（{type(node).__name__}）；请改用赋值、if、for 和函数"),
            )
            return
        self.last = line or self.last
        yield from ((self.last, why) for why in self._wrong(node, in_text))
        callee = node.func if isinstance(node, ast.Call) else None
        for child in ast.iter_child_nodes(node):
            if child is callee and isinstance(child, ast.Name):
                continue  # looked at with the call
            if child is callee and isinstance(child, ast.Attribute):
                yield from self._look(child.value, depth + 1, in_text=in_text)
                continue
            yield from self._look(child, depth + 1, in_text=in_text or isinstance(node, ast.JoinedStr))

    def _wrong(self, node: ast.AST, in_text: bool) -> Iterator[str]:  # noqa: C901, PLR0912  # a table of rules
        if isinstance(node, ast.Constant):
            yield from self._constant(node, in_text)
        elif isinstance(node, ast.Name):
            stored = isinstance(node.ctx, ast.Store)
            if not _plain(node.id):
                yield f"名称 {node.id[:40]} 不能用；名称应由英文字母开头，只含字母、数字和单个下划线"
            elif stored and (node.id in RESERVED or node.id in self.own):
                yield f"{node.id} 是保留的名称，不能给它赋值；请换一个名称"
            elif not stored and node.id in WORDS:
                yield f"{node.id} 是词汇，要写成 {node.id}(…)"
            elif not stored and (node.id == EXACT or node.id in PYTHONS):
                yield f"没有名为 {node.id} 的数据；请检查名称"
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Attribute):
            yield f'不能取属性 .{node.attr[:40]}；取对照表的一项请写 x["{node.attr[:40]}"]'
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            if in_text:
                yield "文字里不能做除法；请先算好，再放进文字"
            else:
                self._divides(node)
        if isinstance(node, ast.AugAssign) and not isinstance(node.target, ast.Name):
            yield "这里不能用 += 一类的写法；请写成 x[…] = x[…] + …"
        if isinstance(node, ast.Assign) and not all(_storable(target) for target in node.targets):
            yield "请只给变量、列表或对照表的一项赋值"
        if isinstance(node, ast.FormattedValue) and not _short(node.format_spec):
            yield "文字格式应是短的，如 :.2f"
        if isinstance(node, ast.FormattedValue) and node.conversion != -1:
            yield "文字里不能写 !r、!s、!a；请删去"
        if isinstance(node, ast.FunctionDef):
            yield from self._function(node)
        if isinstance(node, ast.arguments) and (node.posonlyargs or node.kwonlyargs or node.vararg or node.kwarg):
            yield "函数的参数请逐个写出"
        if isinstance(node, ast.arg) and (not _plain(node.arg) or node.arg in RESERVED or node.annotation):
            yield f"参数 {node.arg[:40]} 不能用；请换一个名称，不写类型"
        if isinstance(node, ast.For | ast.While) and node.orelse:
            yield "循环后面不能写 else；请另写一个 if"
        if isinstance(node, ast.For | ast.comprehension) and not _storable(node.target, ()):
            yield "循环请只给变量赋值"
        if isinstance(node, ast.comprehension) and node.is_async:
            yield "不能用 async；请删去"
        if isinstance(node, ast.Dict) and None in node.keys:
            yield "不能用星号展开；请逐项写出"

    def _constant(self, node: ast.Constant, in_text: bool) -> Iterator[str]:
        if type(node.value) in (bytes, complex, type(...)):
            yield "不能用这种常量；请只用数字、文字、True、False 和 None"
        elif type(node.value) is float:
            written = self.lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
            if in_text or "e" in written.lower() or len(written) > PLACES:
                yield "小数请写成 0.5 的样子，并且不写在文字里"
            else:
                self.literals.append((node.lineno, node.col_offset, node.end_col_offset or 0))
        elif type(node.value) is int and abs(node.value) >= 10**PLACES:
            yield f"数字不能超过 {PLACES} 位；请核对"

    def _call(self, node: ast.Call) -> Iterator[str]:
        known = FUNCTIONS | WORDS | self.own
        if isinstance(node.func, ast.Name):
            if node.func.id not in known:
                yield f"没有名为 {node.func.id[:40]} 的函数或词汇；可用的有 {'、'.join(sorted(known))}"
            if node.func.id in WORDS and node.keywords:
                yield f"词汇 {node.func.id} 的参数不带名称；请删去名称"
        elif isinstance(node.func, ast.Attribute):
            if node.func.attr not in METHODS:
                yield f"不能用 .{node.func.attr[:40]}(…)；可用的有 {'、'.join(sorted(METHODS))}"
        else:
            yield "请只调用函数、词汇和列出的方法"
        if any(keyword.arg is None or not _plain(keyword.arg) for keyword in node.keywords):
            yield "参数的名称不能用；请换一种写法"

    def _function(self, node: ast.FunctionDef) -> Iterator[str]:
        if node.decorator_list or node.returns or getattr(node, "type_params", None):
            yield "函数前后不能写装饰器和类型；请删去"
        if not _plain(node.name) or node.name in RESERVED:
            yield f"函数不能叫 {node.name[:40]}；请换一个名称"

    def _divides(self, node: ast.BinOp | ast.AugAssign) -> None:
        """Note where the divisor begins and ends: `a / b` becomes `a / exact(b)`."""
        before = node.left if isinstance(node, ast.BinOp) else node.target
        line, column = before.end_lineno or 0, before.end_col_offset or 0
        while True:
            rest = self.lines[line - 1][column:].split(b"#")[0]
            if b"/" in rest:
                column += rest.index(b"/") + (1 if isinstance(node, ast.BinOp) else 2)
                break
            line, column = line + 1, 0
        self.edits.append((line, column, f" {EXACT}("))
        self.edits.append((node.end_lineno or 0, node.end_col_offset or 0, ")"))

    def read(self, tree: ast.Module) -> Read:
        """What the sandbox runs. Edits are put in from the end, so that those before keep their places."""
        edits = [(line, start, end, self._decimal(line, start, end)) for line, start, end in self.literals]
        edits += [(line, column, column, put) for line, column, put in self.edits]
        lines = list(self.lines)
        for line, start, end, put in sorted(edits, key=lambda edit: edit[:3], reverse=True):
            whole = lines[line - 1]
            lines[line - 1] = whole[:start] + put.encode() + whole[end:]
        names = _Names()
        names.visit(tree)
        asks = (names.read | names.written) - FUNCTIONS - WORDS - self.own
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        text = b"\n".join(lines).decode()
        source = b"\n".join(self.lines).decode()
        writes = names.written - self.own
        outside = asks - names.bound
        return Read(text, source, frozenset(asks), frozenset(outside), frozenset(writes), frozenset(calls & WORDS))

    def _decimal(self, line: int, start: int, end: int) -> str:
        return f'Decimal("{self.lines[line - 1][start:end].decode().replace("_", "")}")'


class _Names(ast.NodeVisitor):
    """Names on the outermost level: what is read there or inside, what stays behind when the script is done.

    The counters of loops and what only a function or a comprehension knows stay behind nowhere.
    """

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.bound: set[str] = set()  # anywhere, also in functions and comprehensions
        self.inner = 0

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read.add(node.id)
            return
        self.bound.add(node.id)
        if not self.inner:
            self.written.add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        self.bound.add(node.arg)

    def visit_For(self, node: ast.For) -> None:
        self._inside(node.target)
        for part in (node.iter, *node.body):
            self.visit(part)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._inside(node.target)
        for part in (node.iter, *node.ifs):
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in node.args.defaults:
            self.visit(default)
        self._inside(node.args, *node.body)

    def _inside(self, *nodes: ast.AST) -> None:
        self.inner += 1
        for node in nodes:
            self.visit(node)
        self.inner -= 1


def reserved(names: Collection[str]) -> set[str]:
    """Those of the names that no script may write."""
    return {name for name in names if name in RESERVED or not _plain(name)}


def _plain(name: str) -> bool:
    return name.isascii() and name[0].isalpha() and "__" not in name and len(name) <= 64


def _storable(target: ast.expr, further: tuple[type[ast.expr], ...] = (ast.Subscript,)) -> bool:
    if isinstance(target, ast.Tuple):
        return all(isinstance(part, ast.Name) for part in target.elts)
    return isinstance(target, (ast.Name, *further))


def _short(spec: Any) -> bool:
    if spec is None:
        return True
    parts = spec.values if isinstance(spec, ast.JoinedStr) else []
    text = "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return (
        all(isinstance(part, ast.Constant) for part in parts)
        and len(text) <= 6
        and not any(run.isdigit() and int(run) > 99 for run in text.replace(".", " ").split())
    )
