"""Cases (办件): the list, one with its progress and its papers, and opening an application."""

from web.pages.cases import dossier, lists, one, opening, suspension
from web.pages.cases.lists import routes

__all__ = ["dossier", "lists", "one", "opening", "routes", "suspension"]
