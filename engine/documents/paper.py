"""Documents as PDF, set by Typst with the fonts of a package: the machine's own fonts play no part."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import processes
from engine.documents.layout import LAYOUT

if TYPE_CHECKING:
    from engine.documents import Decision, Pictured, PrintedForm, Table

TEMPLATES = Path(processes.__file__).parent / "documents"
FONTS = "pylopdf_fonts_zh_cn"  # Noto Serif SC and Noto Sans SC, SIL OFL 1.1
PICTURE_PPI: Final = 144
STANDARD: Final = "ua-1"  # PDF/UA: readers hear title, headings and table as such


def printed(decision: "Decision") -> bytes:
    """The PDF's bytes, the same for the same decision."""
    return _set("decision.typ", _facts(decision), decision.day)


def table(printed_table: "Table") -> bytes:
    """The PDF's bytes, the same for the same table."""
    return _set("table.typ", asdict(printed_table), printed_table.day)


def form(printed_form: "PrintedForm") -> bytes:
    """The PDF's bytes, the same for the same form."""
    return _set("form.typ", asdict(printed_form), printed_form.day)


def pictures(drawn: Sequence["Pictured"]) -> list[bytes]:
    """A PNG of each, the same for the same charts; all of them set at once, since that costs most."""
    if not drawn:
        return []
    import typst  # noqa: PLC0415

    facts = {"pictures": [[asdict(chart) | {"title": title} for title, chart in each.charts] for each in drawn]}
    made = typst.compile(
        TEMPLATES / "charts.typ",
        font_paths=[fonts()],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(facts, ensure_ascii=False)},
        format="png",
        ppi=PICTURE_PPI,
    )
    return made if isinstance(made, list) else [made]


def fonts() -> Path:
    """The folder with the packaged fonts."""
    return Path(str(files(FONTS)))


def _set(template: str, facts: dict[str, Any], day: date) -> bytes:
    import typst  # noqa: PLC0415  # its 60 MB serve this moment alone

    facts |= {"day": [day.year, day.month, day.day]}
    return typst.compile(
        TEMPLATES / template,
        font_paths=[fonts()],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(facts, ensure_ascii=False)},
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=datetime.combine(day, time(), UTC),
    )


def _facts(decision: "Decision") -> dict[str, Any]:
    """What the template fills in. Absent parts are null there."""
    right = decision.signature
    return {
        "layout": asdict(LAYOUT),
        "mark": decision.mark,
        "mark_size": decision.mark_size,
        "issuer": decision.issuer,
        "number": decision.number,
        "title": decision.title,
        "addressees": decision.addressees or None,
        "body": list(decision.body),
        "list_title": decision.list_title,
        "columns": [asdict(column) for column in decision.columns],
        "entries": [list(entry) for entry in decision.entries],
        "copies": decision.copies or None,
        "date": decision.date,
        "issuer_right": right[0],
        "date_right": right[1],
    }
