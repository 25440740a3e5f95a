"""Holiday notices as a bureau imports them, in the format of holiday-cn, written by hand: 2025's, and one for 2027."""

import json
from typing import Any

NUMBER_2025 = "国办发明电〔2024〕12号"
NUMBER = "国办发明电〔2026〕0号（虚构）"

_OFF = {
    2025: {
        "元旦": ["01-01"],
        "春节": ["01-28", "01-29", "01-30", "01-31", "02-01", "02-02", "02-03", "02-04"],
        "清明节": ["04-04", "04-05", "04-06"],
        "劳动节": ["05-01", "05-02", "05-03", "05-04", "05-05"],
        "端午节": ["05-31", "06-01", "06-02"],
        "国庆节、中秋节": ["10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07", "10-08"],
    },
    # Fictitious. 2027: 1 January is a Friday, 除夕 5 February a Friday, 清明 5 April a Monday, 1 May a Saturday,
    # 端午 9 June a Wednesday, 中秋 15 September a Wednesday, 1 October a Friday.
    2027: {
        "元旦": ["01-01", "01-02", "01-03"],
        "春节": ["02-05", "02-06", "02-07", "02-08", "02-09", "02-10", "02-11", "02-12"],
        "清明节": ["04-03", "04-04", "04-05"],
        "劳动节": ["05-01", "05-02", "05-03", "05-04", "05-05"],
        "端午节": ["06-09"],
        "中秋节": ["09-15"],
        "国庆节": ["10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07"],
    },
}
_WORKED = {
    2025: {"春节": ["01-26", "02-08"], "劳动节": ["04-27"], "国庆节、中秋节": ["09-28", "10-11"]},
    2027: {"春节": ["01-30", "02-20"], "劳动节": ["04-25", "05-08"], "国庆节": ["09-26", "10-09"]},
}


def told(year: int = 2027) -> dict[str, Any]:
    """The file's contents, to be changed by a test."""
    days = [(name, each, True) for name, all_ in _OFF[year].items() for each in all_]
    days += [(name, each, False) for name, all_ in _WORKED[year].items() for each in all_]
    return {
        "year": year,
        "papers": ["https://example.invalid/notice"],
        "days": [
            {"name": name, "date": f"{year}-{each}", "isOffDay": off} for name, each, off in sorted(days, key=str)
        ],
    }


def day(on: str, *, off: bool, name: str = "元旦") -> dict[str, Any]:
    """One more day of such a file."""
    return {"name": name, "date": on, "isOffDay": off}


def file(changed: Any = None) -> bytes:
    """The file as it is uploaded."""
    return json.dumps(told() if changed is None else changed, ensure_ascii=False).encode()
