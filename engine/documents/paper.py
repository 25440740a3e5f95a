"""A 公文 as PDF, set by Typst with the fonts of a package: the machine's own fonts play no part."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import processes
from engine.documents.layout import LAYOUT

if TYPE_CHECKING:
    from engine.documents import Decision

TEMPLATE = Path(processes.__file__).parent / "documents" / "decision.typ"
FONTS = "pylopdf_fonts_zh_cn"  # Noto Serif SC and Noto Sans SC, SIL OFL 1.1
STANDARD: Final = "ua-1"  # PDF/UA: readers hear title, headings and table as such


def printed(decision: "Decision") -> bytes:
    """The PDF's bytes, the same for the same decision."""
    import typst  # noqa: PLC0415  # its 60 MB serve this moment alone

    return typst.compile(
        TEMPLATE,
        font_paths=[fonts()],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_facts(decision), ensure_ascii=False)},
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=datetime.combine(decision.day, time(), UTC),
    )


def fonts() -> Path:
    """The folder with the packaged fonts."""
    return Path(str(files(FONTS)))


def _facts(decision: "Decision") -> dict[str, object]:
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
        "day": [decision.day.year, decision.day.month, decision.day.day],
        "issuer_right": right[0],
        "date_right": right[1],
    }
