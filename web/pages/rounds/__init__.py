"""Rounds (批次): the list, one with every case by stage and what holds it up, opening one, and what is done to many."""

from web.pages.rounds import deeds, late, lists, one, opening, papers
from web.pages.rounds.lists import routes

__all__ = ["deeds", "late", "lists", "one", "opening", "papers", "routes"]
