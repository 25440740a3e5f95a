"""Work: a task and its form, filled in over as many sittings as it takes, checked, and submitted once."""

from web.pages.work import check, drafts, part, sheets, task, uploads
from web.pages.work.at_hand import routes

__all__ = ["check", "drafts", "part", "routes", "sheets", "task", "uploads"]
