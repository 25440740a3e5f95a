"""What owners of a bureau's processes may do to a draft: one changes it, another decides about it."""

from engine.actors import OWNERS, Actor, offices
from engine.models import BundleDraft


def edits(actor: Actor, draft: BundleDraft) -> bool:
    """A leader approves and returns; to change a regime's files is the owners' work."""
    return draft.bureau_code in offices(actor, {"process_owner"})


def decides(actor: Actor, draft: BundleDraft) -> bool:
    """Four eyes: who had a hand in a draft does not decide about it."""
    return draft.bureau_code in offices(actor, OWNERS) and actor.name not in draft.hands
