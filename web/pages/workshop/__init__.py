"""The process owner's workshop (流程工坊): drafts of a regime, file by file, what they change, and their approval."""

from web.pages.workshop import (
    cases,
    checked,
    clauses,
    compared,
    deeds,
    drawing,
    files,
    foreseen,
    forms,
    letters,
    lists,
    numbers,
    one,
    opened,
    versions,
)
from web.pages.workshop.opened import routes

__all__ = [
    "cases",
    "checked",
    "clauses",
    "compared",
    "deeds",
    "drawing",
    "files",
    "foreseen",
    "forms",
    "letters",
    "lists",
    "numbers",
    "one",
    "opened",
    "routes",
    "versions",
]
