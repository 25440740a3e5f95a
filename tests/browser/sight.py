"""What can be wrong with a page for somebody who looks at it, or cannot."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.source import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_RUN = """
async (rules) => (await axe.run(document, { runOnly: { type: "tag", values: rules } })).violations
"""
_WIDER = """
() => {
  const root = document.documentElement, room = root.clientWidth;
  if (root.scrollWidth <= room) return [];
  const outside = [...document.body.querySelectorAll("*")].filter((part) => part.getBoundingClientRect().right > room);
  return [`${root.scrollWidth} px`, ...outside.map((part) => `${part.tagName.toLowerCase()}.${part.className}`)];
}
"""


def axe(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, a line for each element; empty where all is well."""
    page.evaluate(_source())  # through the debugger, so that the page's own policy stays in force
    found: list[dict[str, Any]] = page.evaluate(_RUN, RULES)
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """What makes the page wider than its window; empty where nobody has to scroll sideways."""
    wider: list[str] = page.evaluate(_WIDER)
    return wider


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")
