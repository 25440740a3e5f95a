"""A bounded token game over diagrams as they are drawn: from a marking, does every continuation reach an end?

Decisions are free, timers and messages may always fire, people may do what waits in any order. It is our own reading
of BPMN, and `tests/unit/test_exploring.py` holds it against the engine.
"""

from engine.exploring.net import Need, Net, nets
from engine.exploring.search import BOUND, Outcome, explore, search
from engine.instance.marking import Marking, Token, begun

__all__ = ["BOUND", "Marking", "Need", "Net", "Outcome", "Token", "begun", "explore", "nets", "search"]
