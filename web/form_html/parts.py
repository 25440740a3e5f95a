"""What a page draws of a form: items one below the other, each with its controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

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


Filed: TypeAlias = str | StoredName  # a line of what was filed elsewhere, or a file


@dataclass(frozen=True)
class Filling:
    """What is known while a form is filled in. Paths of `options` leave rows out: "reasons.case"."""

    answers: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    options: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # path → (value, label)
    offers: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # path → (what a line may say, label)
    files: Mapping[str, StoredName] = field(default_factory=dict)  # by id
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # field → what a reviewer said of it
    beside: Mapping[str, Sequence[Filed]] = field(default_factory=dict)  # field → what was filed elsewhere
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
    beside: tuple[Filed, ...] = ()  # what was filed elsewhere, to be held against this


@dataclass(frozen=True, kw_only=True)
class Question(Item):
    kind = "question"
    control: Control


@dataclass(frozen=True, kw_only=True)
class Group(Item):
    kind = "group"
    controls: tuple[Control, ...]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a column is called."""

    label: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field as a line of a table that it shares with its neighbours."""

    name: str
    id: str
    label: str
    hint: str = ""
    optional: bool
    error: str
    cells: tuple[Control, ...]
    remarks: tuple[str, ...]
    before: tuple[str, ...]
    beside: tuple[Filed, ...] = ()  # what was filed elsewhere, to be held against this


@dataclass(frozen=True, kw_only=True)
class Matrix(Item):
    """Neighbours that ask the same of several things, or of several years: a line each, a column for what is asked."""

    kind = "matrix"
    heads: tuple[Head, ...]  # empty: the years are not known yet
    odd_years: frozenset[str] = frozenset()  # answered, and not asked for
    rows: tuple[Line, ...]
    year_field: str = ""  # whose answer decides the years
    year_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Band:
    """Neighbouring columns under one head, as on paper: "产值（亿元）" over "第一年", "第二年", "第三年"."""

    head: Control
    columns: tuple[str, ...] = ()  # what stands below the head; empty: it is a column by itself


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
    bands: tuple[Band, ...]  # the columns under what several of them have in common
    rows: tuple[Row, ...]
    blank: Row
    total: int
    most: int
    start: int  # rows before this page
    page: int
    pages: int
    elsewhere: tuple[tuple[int, str], ...] = ()  # page, problem: rows that are wrong on other pages
    offers: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # id of a <datalist>, its lines with their labels
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
        """Whether its columns need more room than a page has beside the list of parts."""
        return len(self.columns) > 8

    @property
    def banded(self) -> bool:
        """Whether the head has two lines."""
        return any(band.columns for band in self.bands)


@dataclass(frozen=True, kw_only=True)
class Files(Item):
    kind = "files"
    files: tuple[StoredName, ...]
    many: bool
    most: int
    photos: bool = False  # taken on the spot: a phone offers its camera
