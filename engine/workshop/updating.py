"""Bringing a draft up to date (更新依据): what was deployed meanwhile is taken over, conflicts are named."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from config.sentences import enumerated, said
from engine import deployments, events
from engine.access import Actor
from engine.errors import Conflict, Refused
from engine.models import BundleDraft, DraftFile
from engine.workshop import drafts

OWN, IN_FORCE = "own", "in_force"


@dataclass(frozen=True)
class Both:
    """A file that the draft changed and that was changed in force as well, each in another way."""

    path: str
    own: bytes | None
    in_force: bytes | None


def conflicts(session: Session, draft: BundleDraft) -> list[Both]:
    """The files that somebody has to decide about before the draft can be brought up to date."""
    current = drafts.outdated(session, draft)
    if current is None:
        return []
    before, now = drafts.base(session, draft), deployments.deployed(session, current.id).files
    return [
        Both(row.path, row.content, now.get(row.path))
        for row in drafts.rows(session, draft)
        if now.get(row.path) != before.get(row.path) and row.content not in (before.get(row.path), now.get(row.path))
    ]


def brought_up(session: Session, actor: Actor, draft: BundleDraft, chosen: Mapping[str, str]) -> list[str]:
    """The draft is based on what is in force now; answers the files that it takes over from there.

    `chosen` says of each conflict whether the draft's own file stays or the one in force. Raises Refused where the
    draft is up to date, Conflict naming the files that nobody decided about, and what `drafts.save` raises.
    """
    drafts.lock(session, actor, draft)
    current = drafts.outdated(session, draft)
    if current is None:
        raise Refused(said("草案所依据的就是现行的版本，不用更新"))
    both = {each.path for each in conflicts(session, draft)}
    if undecided := sorted(path for path in both if chosen.get(path) not in (OWN, IN_FORCE)):
        raise Conflict(
            said("这些文件在草案和现行版本中都改过，请逐个选定留哪一份：%(files)s", files=enumerated(undecided)),
            files=undecided,
        )
    before, now = drafts.base(session, draft), deployments.deployed(session, current.id).files
    taken = [path for path in sorted(before.keys() | now.keys()) if before.get(path) != now.get(path)]
    own = _own(drafts.rows(session, draft), both, chosen, before, now)
    for row in drafts.rows(session, draft):
        if row.path not in own:
            session.delete(row)
    payload = {"draft": draft.id, "from": deployments.number(session, draft.based_on), "to": current.number}
    draft.based_on = current.id
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "draft.updated", payload=payload | {"kept": sorted(own & both)})
    return [path for path in taken if path not in own]


def _own(
    rows: Collection[DraftFile],
    both: Collection[str],
    chosen: Mapping[str, str],
    before: Mapping[str, bytes],
    now: Mapping[str, bytes],
) -> set[str]:
    """The files that stay the draft's: what it changed and nobody else did, and what was decided so."""
    kept = set()
    for row in rows:
        if row.path in both:
            if chosen[row.path] == OWN:
                kept.add(row.path)
        elif row.content not in (before.get(row.path), now.get(row.path)):
            kept.add(row.path)
    return kept
