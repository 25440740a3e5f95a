"""Spreadsheets: a table of a form as an xlsx file to fill in, and the filled file read back."""

from engine.sheets.problems import Imported, SheetProblem
from engine.sheets.reading import read
from engine.sheets.template import template

__all__ = ["Imported", "SheetProblem", "read", "template"]
