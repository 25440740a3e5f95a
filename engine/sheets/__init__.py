"""Spreadsheets: a table of a form as an xlsx file to fill in, the filled file read back, and tables to be sent."""

from engine.sheets.problems import Imported, SheetProblem
from engine.sheets.reading import read
from engine.sheets.summary import summary
from engine.sheets.template import template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"  # media type of such a file

__all__ = ["XLSX", "Imported", "SheetProblem", "read", "summary", "template"]
