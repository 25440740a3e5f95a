"""What a page draws of a form: items one below the other, each with its controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.differences import Change
from engine.forms import Problem


@dataclass(frozen=True)
class Option:
    """One of the values to choose from."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True)
class StoredName:
    """An uploaded file as people know it."""

    id: str
    name: str
    size: int  # bytes
    taken: str = ""  # of a photograph: when, and who says so


@dataclass(frozen=True)
class Filling:
    """What is known while a form is filled in. Paths of `options` leave rows out: "reasons.case"."""

    answers: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    options: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # path → (value, label)
    offers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # path → what a line may say, not has to
    files: Mapping[str, StoredName] = field(default_factory=dict)  # by id
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # field → what a reviewer said of it
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)  # field → what was filed elsewhere, a line each
    changes: Sequence[Change] = ()  # since the last submission
    pages: Mapping[str, int] = field(default_factory=dict)  # table → the page of it, from 1


@dataclass(frozen=True, kw_only=True)
class Control:
    """A place to answer."""

    name: str
    id: str
    label: str
    widget: str  # line, textarea, radio, select, tick, date, moment, checkboxes
    value: str = ""
    time: str = ""  # of a moment, whose value is its day
    hint: str = ""
    error: str = ""
    optional: bool = False
    options: tuple[Option, ...] = ()
    offers: str = ""  # id of the <datalist>
    limit: int = 0  # characters; 0: not counted
    length: int = 0
    width: str = ""  # short, half; full where empty
    numeric: str = ""  # inputmode

    @property
    def over(self) -> int:
        return max(0, self.length - self.limit) if self.limit else 0


@dataclass(frozen=True, kw_only=True)
class Item:
    """A field of the form as it stands on the page, with everything said about it."""

    kind: ClassVar[str]
    name: str
    id: str
    label: str
    hint: str = ""
    error: str = ""
    optional: bool = False
    show_field: str = ""
    show_in: str = ""  # JSON
    show_hint: str = ""
    remarks: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # what stood here at the last submission
    beside: tuple[str, ...] = ()  # what was filed elsewhere, to be held against this


@dataclass(frozen=True, kw_only=True)
class Question(Item):
    kind = "question"
    control: Control


@dataclass(frozen=True, kw_only=True)
class Group(Item):
    kind = "group"
    controls: tuple[Control, ...]


@dataclass(frozen=True, kw_only=True)
class YearRow:
    """A field by year, in a table with its neighbours."""

    name: str
    id: str
    label: str
    optional: bool
    error: str
    cells: tuple[Control, ...]
    remarks: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Matrix(Item):
    kind = "matrix"
    years: tuple[str, ...]  # empty: not known yet
    odd_years: frozenset[str]  # answered, and not asked for
    rows: tuple[YearRow, ...]
    year_field: str = ""  # whose answer decides the years
    year_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table; `place` counts on this page, `number` in the whole table, from 1."""

    place: int
    number: int
    cells: tuple[Control, ...]
    wrong: bool = False


@dataclass(frozen=True, kw_only=True)
class Table(Item):
    kind = "table"
    columns: tuple[Control, ...]  # what each column is, without an answer
    rows: tuple[Row, ...]
    blank: Row
    total: int
    most: int
    start: int  # rows before this page
    page: int
    pages: int
    elsewhere: tuple[tuple[int, str], ...] = ()  # page, problem: rows that are wrong on other pages
    offers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # id of a <datalist>, its lines
    sheet: bool = False  # can be filled in as a spreadsheet

    @property
    def last_page(self) -> bool:
        return self.page == self.pages

    @property
    def room(self) -> int:
        """How many rows this page may have."""
        return self.most - self.start if self.last_page else len(self.rows)

    @property
    def wide(self) -> bool:
        """Whether each row is better drawn as a card than squeezed into one line."""
        return len(self.columns) > 8


@dataclass(frozen=True, kw_only=True)
class Files(Item):
    kind = "files"
    files: tuple[StoredName, ...]
    many: bool
    most: int
    photos: bool = False  # taken on the spot: a phone offers its camera
