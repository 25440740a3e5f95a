"""A dossier's pages: read from the archive with any browser, without a server, a script or a font of their own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from engine import clock
from engine.forms import Form
from engine.forms.kinds import Schema

if TYPE_CHECKING:
    from engine.dossier.parts import Part

Links: TypeAlias = Mapping[str, tuple[str, str]]  # id of a file → where it lies, its name

STYLE = b"""body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.65 sans-serif; color: #16202c; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { width: 100%; border-collapse: collapse; } th, td { padding: 6px 8px; border: 1px solid #c3ccd6; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f1f4f8; font-weight: 600; } .size, .hash { white-space: nowrap; } .hash { font: .8rem monospace; white-space: normal; }
.text { white-space: pre-line; } a { color: #0a52ad; }
"""  # noqa: E501


def index(title: str, facts: Mapping[str, str], parts: Sequence["Part"], groups: Mapping[str, str]) -> bytes:
    """The contents: every part under its heading, with its size and hash."""
    lines = [f"<h1>卷宗：{escape(title)}</h1>", "<table><caption>办件基本情况</caption>"]
    lines += [
        f"<tr><th scope='row'>{escape(_FACTS[key])}</th><td>{escape(value)}</td></tr>"
        for key, value in facts.items()
        if key in _FACTS
    ]
    lines.append("</table>")
    lines.append(
        "<p>各文件的 SHA-256 散列值列在 <a href='manifest.json'>manifest.json</a>；"
        "核对整个卷宗：jiqun dossier --verify 文件</p>"
    )
    for group, listed in groupby(parts, key=lambda part: part.group):
        lines.append(f"<h2>{escape(groups[group])}</h2><table><tr><th>内容</th><th>字节</th><th>SHA-256</th></tr>")
        for part in listed:
            link = f"<a href='{escape(part.path)}'>{escape(part.title)}</a>"
            lines.append(
                f"<tr><td>{link}</td><td class='size'>{part.size}</td><td class='hash'>{part.sha256}</td></tr>"
            )
        lines.append("</table>")
    return _page(f"卷宗：{title}", "", lines)


def step(title: str, told: Mapping[str, Any], form: Form, answers: Mapping[str, Any], links: Links) -> bytes:
    """What was filled in at a step, by the form's own titles and in its order."""
    at: datetime = told["closed_at"]
    lines = [
        "<p><a href='../index.html'>返回目录</a></p>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(told['closed_by'] or '')} 于 {at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S} 提交</p>",
        "<table>",
    ]
    for name, value in answers.items():
        known = name in form.fields()
        schema: Schema = form.field(name) if known else {}
        lines.append(
            f"<tr><th scope='row'>{escape(form.title_of(name))}</th><td>{_value(schema, value, links)}</td></tr>"
        )
    return _page(title, "../", [*lines, "</table>"])


def _value(schema: Schema, value: Any, links: Links) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return _list(schema.get("items", {}), value, links)
    if isinstance(value, Mapping):
        return _table(list(_pairs(schema, value, links)))
    if schema.get("x-kind") == "file" and value in links:
        path, name = links[value]
        return f"<a href='{escape(path)}'>{escape(name)}</a>"
    chosen = schema.get("x-ui", {}).get("choices", {})
    return f"<span class='text'>{escape(str(chosen.get(value, value)))}</span>"


def _list(items: Schema, values: Sequence[Any], links: Links) -> str:
    if not values:
        return "无"
    if not isinstance(values[0], Mapping):
        return "<br>".join(_value(items, value, links) for value in values)
    columns: Mapping[str, Schema] = items.get("properties", {})
    names = [name for name in columns if any(name in row for row in values)]
    head = "".join(f"<th>{escape(str(columns[name].get('title', name)))}</th>" for name in names)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{_value(columns[name], row[name], links) if name in row else ''}</td>" for name in names)
        + "</tr>"
        for row in values
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _pairs(schema: Schema, value: Mapping[str, Any], links: Links) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        inner: Schema = schema.get("properties", {}).get(name, schema.get("additionalProperties") or {})
        yield str(inner.get("title", name)), _value(inner, part, links)


def _table(pairs: Sequence[tuple[str, str]]) -> str:
    return (
        "<table>"
        + "".join(f"<tr><th scope='row'>{escape(label)}</th><td>{cell}</td></tr>" for label, cell in pairs)
        + "</table>"
    )


def _page(title: str, up: str, lines: Sequence[str]) -> bytes:
    head = f"<!doctype html>\n<html lang='zh-CN'><head><meta charset='utf-8'><title>{escape(title)}</title>"
    return "\n".join(
        [f"{head}<link rel='stylesheet' href='{up}style.css'></head><body>", *lines, "</body></html>", ""]
    ).encode()


_FACTS = {
    "case": "编号",
    "title": "名称",
    "regime": "规则体系",
    "process": "流程",
    "bureau": "认定机关（区划代码）",
    "applicant": "申报主体（机构代码）",
    "round": "批次编号",
    "cluster": "集群编号",
    "outcome": "结果",
    "opened_at": "发起时间",
    "opened_by": "发起人",
    "ended_at": "办结时间",
    "deployment": "流程部署版本",
    "deployment_sha256": "流程部署的散列值",
    "engine": "引擎版本",
}
