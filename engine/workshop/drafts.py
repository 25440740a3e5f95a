"""Drafts (流程草案): a regime's files as its owners change them, file by file, each save against what it knew."""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, accounts, clock, deployments, events
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Overtaken, Refused
from engine.forms import Problem
from engine.models import BundleDraft, Deployment, DraftFile
from engine.workshop import intake

MAX_TITLE = 100  # characters
MAX_FILES = 400  # of a bundle
OPEN, SUBMITTED, DEPLOYED, DISCARDED = "open", "submitted", "deployed", "discarded"


def opened(session: Session, actor: Actor, regime_name: str, title: str, *, files_of: int | None = None) -> BundleDraft:
    """A new draft, based on what is in force of a regime of the actor's bureau.

    `files_of` is another deployment of the regime, whose files it begins with: that is how an old version comes back.
    Raises NotFound, Forbidden, FormInvalid without a title.
    """
    access.require(actor, "draft.open")
    base = deployments.current(session, regime_name)
    deployed = deployments.deployed(session, base.id)
    access.require(actor, "draft.open", deployed.regime.bureau)
    title = " ".join(title.split())
    if not 0 < len(title) <= MAX_TITLE:
        raise FormInvalid([Problem("title", "required", said("请写明要改什么，不超过 %(most)s 字", most=MAX_TITLE))])
    draft = BundleDraft(
        regime=regime_name,
        bureau_code=deployed.regime.bureau,
        based_on=base.id,
        title=title,
        opened_by=actor.name,
        opened_at=clock.now(),
        hands=[actor.name],
        state=OPEN,
    )
    session.add(draft)
    session.flush()
    payload = {"draft": draft.id, "regime": regime_name, "based_on": base.number, "title": title}
    if files_of is not None:
        other = _of_regime(session, regime_name, files_of)
        lay(session, actor, draft, deployments.deployed(session, other.id).files)
        payload["files_of"] = other.number
    events.record(session, events.SYSTEM, actor.name, "draft.opened", payload=payload)
    return draft


def find(session: Session, actor: Actor, draft_id: int, action: str = "draft.read") -> BundleDraft:
    """The draft, if the actor may do `action` to it. Raises NotFound, Forbidden."""
    draft = session.get(BundleDraft, draft_id)
    if draft is None:
        raise NotFound(said("没有这份草案，或者您无权查看"))
    access.require(actor, action, draft)
    return draft


def list_(session: Session, actor: Actor) -> Sequence[BundleDraft]:
    """The drafts of the actor's bureaus, those under way first, then the newest."""
    query = select(BundleDraft).where(access.visible_drafts(actor))
    under_way = BundleDraft.state.in_((OPEN, SUBMITTED))
    return session.scalars(query.order_by(under_way.desc(), BundleDraft.id.desc()).limit(100)).all()


def files(session: Session, draft: BundleDraft) -> dict[str, bytes]:
    """The whole bundle as the draft has it: what it is based on, with its own files laid over."""
    whole = dict(base(session, draft))
    for row in rows(session, draft):
        if row.content is None:
            whole.pop(row.path, None)
        else:
            whole[row.path] = row.content
    return dict(sorted(whole.items()))


def base(session: Session, draft: BundleDraft) -> Mapping[str, bytes]:
    """The files of the deployment that the draft is based on."""
    return deployments.deployed(session, draft.based_on).files


def rows(session: Session, draft: BundleDraft) -> Sequence[DraftFile]:
    """The files that were saved in the draft, by name."""
    query = select(DraftFile).where(DraftFile.draft_id == draft.id).order_by(DraftFile.path)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def read(session: Session, draft: BundleDraft, path: str) -> tuple[bytes, str]:
    """A file as the draft has it, and its ETag. Raises NotFound."""
    content = _content(session, draft, path)
    if content is None:
        raise NotFound(said("草案中没有文件 %(path)s", path=path[:100]), file=path[:100])
    return content, etag(content)


def etag(content: bytes) -> str:
    """What names this content, as HTTP writes it."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


def require_seen(session: Session, draft: BundleDraft, path: str, if_match: str) -> None:
    """Raises Overtaken, telling who saved when, unless `if_match` names the file as the draft has it."""
    _require_seen(session, draft, path, _content(session, draft, path), if_match)


def save(
    session: Session, actor: Actor, draft: BundleDraft, path: str, content: bytes, *, if_match: str | None = None
) -> str:
    """Keep a file's new content; answers its ETag. Saving the same content again changes nothing.

    `if_match` is the ETag of what the actor had before them, "" where there was no such file yet; None asks nothing,
    for changes that are worked out under the draft's lock. Raises Forbidden, Refused unless the draft is open,
    Overtaken where somebody saved another version, IntakeRefused for what no draft takes.
    """
    lock(session, actor, draft)
    intake.require(path, content)
    there = _content(session, draft, path)
    if there == content:
        return etag(content)
    _require_seen(session, draft, path, there, if_match)
    if there is None and len(files(session, draft)) >= MAX_FILES:
        raise Refused(said("一个流程包最多 %(most)s 个文件；请先删去不用的", most=MAX_FILES))
    _keep(session, actor, draft, path, content)
    return etag(content)


def remove(session: Session, actor: Actor, draft: BundleDraft, path: str, *, if_match: str | None = None) -> None:
    """The draft has no such file any more. Raises as `save`; NotFound where there is none."""
    lock(session, actor, draft)
    there, _ = read(session, draft, path)
    _require_seen(session, draft, path, there, if_match)
    _keep(session, actor, draft, path, None)


def restore(session: Session, actor: Actor, draft: BundleDraft, path: str) -> None:
    """The file is again what the draft is based on. Raises as `save`; NotFound where the draft did not change it."""
    lock(session, actor, draft)
    row = session.get(DraftFile, (draft.id, path))
    if row is None:
        raise NotFound(said("草案没有改动文件 %(path)s", path=path[:100]), file=path[:100])
    session.delete(row)
    session.flush()


def lay(session: Session, actor: Actor, draft: BundleDraft, whole: Mapping[str, bytes]) -> list[str]:
    """Let the draft's bundle be `whole`; answers the names of the files that are now other. Raises as `save`."""
    lock(session, actor, draft)
    before, touched = files(session, draft), []
    if len(whole) > MAX_FILES:
        raise Refused(said("一个流程包最多 %(most)s 个文件；请先删去不用的", most=MAX_FILES))
    for path, content in sorted(whole.items()):
        if before.get(path) != content:
            intake.require(path, content)
            _keep(session, actor, draft, path, content)
            touched.append(path)
    for path in sorted(before.keys() - whole.keys()):
        _keep(session, actor, draft, path, None)
        touched.append(path)
    return touched


def discard(session: Session, actor: Actor, draft: BundleDraft) -> None:
    """Give the draft up; its files stay to be looked at. Raises Forbidden, Refused unless it is open."""
    lock(session, actor, draft)
    draft.state = DISCARDED
    draft.decided_by, draft.decided_at = actor.name, clock.now()
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "draft.discarded", payload={"draft": draft.id})


def outdated(session: Session, draft: BundleDraft) -> Deployment | None:
    """What is in force instead of what the draft is based on; None where nothing took its place."""
    current = deployments.in_force(session, draft.regime)
    return current if current and current.id != draft.based_on else None


def held(session: Session, draft: BundleDraft) -> BundleDraft:
    """The draft as it is now; whoever else changes it waits until this command ends."""
    session.refresh(draft, with_for_update=True)
    return draft


def lock(session: Session, actor: Actor, draft: BundleDraft) -> None:
    """Nothing, if the actor may change the draft now; nobody else does until this command ends. Raises as `save`."""
    access.require(actor, "draft.edit", draft)
    held(session, draft)
    if draft.state == SUBMITTED:
        raise Refused(said("草案已提交审核，不能再改；如需修改，请先撤回"), draft=draft.id)
    if draft.state != OPEN:
        raise Refused(said("草案已办结，不能再改；如需修改，请另开一份草案"), draft=draft.id)


def _content(session: Session, draft: BundleDraft, path: str) -> bytes | None:
    row = session.get(DraftFile, (draft.id, path), populate_existing=True)
    return row.content if row else base(session, draft).get(path)


def _require_seen(session: Session, draft: BundleDraft, path: str, there: bytes | None, if_match: str | None) -> None:
    now = "" if there is None else etag(there)
    if if_match is None or if_match == now:
        return
    row = session.get(DraftFile, (draft.id, path))
    if row is None:
        raise Overtaken(
            said("您打开的 %(path)s 已不是草案中的这一版；请保留本页，另开一页查看后对照再存", path=path), etag=now
        )
    who = accounts.called(session, row.saved_by)
    at = f"{row.saved_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"
    raise Overtaken(
        said(
            "%(who)s已于 %(at)s 保存了较新的一版，您的改动没有覆盖它；请保留本页，另开一页查看较新的一版，对照后再存",
            who=who,
            at=at,
        ),
        by=row.saved_by,
        at=row.saved_at,
        etag=now,
    )


def _keep(session: Session, actor: Actor, draft: BundleDraft, path: str, content: bytes | None) -> None:
    """Write the row. Who takes a file into their hands is told in the record once, not at each automatic save."""
    row = session.get(DraftFile, (draft.id, path))
    if row is None:
        row = DraftFile(draft_id=draft.id, path=path, version=0, saved_by="")
        session.add(row)
    if row.saved_by != actor.name:
        payload = {"draft": draft.id, "file": path}
        events.record(session, events.SYSTEM, actor.name, "draft.changed", payload=payload)
    row.content, row.version = content, row.version + 1
    row.saved_by, row.saved_at = actor.name, clock.now()
    if actor.name not in draft.hands:
        draft.hands = [*draft.hands, actor.name]
    session.flush()


def _of_regime(session: Session, regime_name: str, deployment_id: int) -> Deployment:
    found = session.get(Deployment, deployment_id)
    if found is None or found.regime != regime_name:
        raise NotFound(said("没有这个版本"))
    return found
