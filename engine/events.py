"""The record: what happened, in one hash chain a bureau, with anchors that somebody else remembers.

An entry's hash covers the one before it, so an edit, a gap or a swap shows. A cut tail or a chain computed
anew does not: that takes the anchors, heads written every hour outside the database with a key it lacks.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, once
from engine.columns import dump_json
from engine.models import ChainHead, Event

SYSTEM = "system"  # the chain of what belongs to no bureau: accounts, sign-ins, the installation
GENESIS = "0" * 64


# Built once: what a completion writes costs less than putting the statement together.
_HEAD = select(ChainHead.seq, ChainHead.hash).where(ChainHead.chain == bindparam("chain")).with_for_update()
_RECORDED = insert(Event.__table__)  # type: ignore[arg-type]  # a Table


@dataclass(frozen=True)
class Entry:
    """One thing that happened, before it has its place in a chain."""

    kind: str
    case_id: int | None = None
    task_id: str | None = None
    element: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Break:
    """The first place where a chain does not hold."""

    chain: str
    seq: int
    reason: str


@dataclass(frozen=True)
class Checked:
    """How far a chain was looked at, and the first place where it does not hold."""

    chain: str
    seq: int  # the last entry looked at
    complete: bool  # nothing is left to look at
    broken: Break | None


def record(session: Session, chain: str, actor: str, kind: str, **details: Any) -> None:
    """Write one entry; `details` are the fields of Entry."""
    append(session, chain, actor, [Entry(kind, **details)])


def append(session: Session, chain: str, actor: str, entries: Iterable[Entry]) -> None:
    """Write entries at the end of `chain`. Call it last in a command: the head is locked until the commit."""
    head = _locked_head(session, chain)
    seq, previous, at = head.seq, head.hash, clock.now()
    rows = []
    for entry in entries:
        seq += 1
        text = dump_json(dict(entry.payload))
        salt = secrets.token_hex(16)
        row = {
            "chain": chain,
            "seq": seq,
            "at": at,
            "actor": actor,
            "kind": entry.kind,
            "case_id": entry.case_id,
            "task_id": entry.task_id,
            "element": entry.element,
            "payload": json.loads(text),
            "salt": salt,
            "payload_hash": _sha(salt + text),
            "previous": previous,
        }
        row["hash"] = previous = _entry_hash(row)
        rows.append(row)
    if rows:
        session.connection().execute(_RECORDED, rows)  # the table's trigger moves the head


def verify(session: Session, chain: str | None = None, anchors: Path | None = None) -> list[Break]:
    """Where chains do not hold: one Break a chain, nothing when all is well. `anchors` is the folder of `anchor`."""
    names = [chain] if chain else sorted(session.scalars(select(ChainHead.chain).union(select(Event.chain))))
    if anchors and not chain:
        names = sorted({*names, *(file.stem for file in anchors.glob("*.jsonl"))})
    return [found for name in names if (found := check(session, name, anchors).broken)]


def check(
    session: Session, chain: str, anchors: Path | None = None, *, after: int = 0, most: int | None = None
) -> Checked:
    """Look at a chain behind entry `after`, at no more than `most` entries: about 100 000 a second."""
    noted = _noted(anchors, chain) if anchors else {}
    if isinstance(noted, Break):
        return Checked(chain, after, complete=True, broken=noted)
    before = select(Event.hash).where(Event.chain == chain, Event.seq == after)
    seq, previous = after, (session.scalar(before) or "") if after else GENESIS
    query = select(Event.__table__).where(Event.chain == chain, Event.seq > after).order_by(Event.seq).limit(most)
    for row in session.execute(query).yield_per(1000).mappings():
        seq += 1
        reason = _fault(row, seq, previous)
        if not reason and noted.get(seq, row["hash"]) != row["hash"]:
            reason = said("与锚点不符：此前的记录被重新计算过")
        if reason:
            return Checked(chain, seq, complete=True, broken=Break(chain, seq, reason))
        previous = row["hash"]
    if most is not None and seq - after == most:
        return Checked(chain, seq, complete=False, broken=None)
    return Checked(chain, seq, complete=True, broken=_cut_off(session, chain, noted, seq, previous))


def every(session: Session) -> Iterator[dict[str, Any]]:
    """All entries of all chains, in their order: for an export that can be verified elsewhere."""
    query = select(Event.__table__).order_by(Event.chain, Event.seq)
    for row in session.execute(query).yield_per(1000).mappings():
        yield dict(row)


def anchor(session: Session, folder: Path) -> int:
    """Note the head of every chain that moved since, outside the database. Answers how many were noted."""
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(folder)
    noted = 0
    for head in session.execute(select(ChainHead.chain, ChainHead.seq, ChainHead.hash)):
        file = folder / f"{head.chain}.jsonl"
        last = [*_anchors(file)][-1:] if file.exists() else []
        if last and last[0].get("seq") == head.seq:
            continue
        torn = file.exists() and not file.read_bytes().endswith(b"\n")  # the power failed in the middle of a line
        line = {"chain": head.chain, "seq": head.seq, "hash": head.hash, "at": clock.now().isoformat()}
        with file.open("a", encoding="utf-8") as out:
            out.write("\n" * torn + dump_json({**line, "mac": _mac(key, line)}) + "\n")
        noted += 1
    return noted


def fault(entry: Mapping[str, Any]) -> str:
    """What is wrong with an entry taken by itself; empty where its hashes are those of its contents."""
    return _fault(entry, entry["seq"], entry["previous"])


def _cut_off(session: Session, chain: str, noted: Mapping[int, str], seq: int, previous: str) -> Break | None:
    """What is wrong with a chain that holds together up to `seq`, its last entry."""
    if noted and max(noted) > seq:
        why = said("锚点记有第 %(noted)s 条，链上只到第 %(last)s 条：末尾被截去", noted=max(noted), last=seq)
        return Break(chain, seq + 1, why)
    head = session.execute(select(ChainHead.seq, ChainHead.hash).where(ChainHead.chain == chain)).one_or_none()
    if head is None or tuple(head) != (seq, previous):
        return Break(chain, seq + 1, said("链首与最后一条记录不符"))
    return None


def _fault(row: Any, seq: int, previous: str) -> str:
    """What is wrong with an entry that should be number `seq` after the hash `previous`; empty if nothing is."""
    if row["seq"] != seq:
        return said("缺少第 %(seq)s 条记录", seq=seq)
    if row["previous"] != previous:
        return said("与上一条记录不衔接")
    erased = row["payload"] is None  # by law (个人信息保护法 第四十七条); its hash stays in the chain
    if not erased and _sha(row["salt"] + dump_json(row["payload"])) != row["payload_hash"]:
        return said("记录内容被改动")
    return said("记录被改动：散列值不符") if _entry_hash(row) != row["hash"] else ""


def _noted(folder: Path, chain: str) -> dict[int, str] | Break:
    """The anchored hashes of a chain by number, or where the anchors themselves were changed."""
    file = folder / f"{chain}.jsonl"
    noted: dict[int, str] = {}
    for line in _anchors(file) if file.exists() else ():
        mac = str(line.pop("mac", ""))
        if not hmac.compare_digest(_mac(_key(folder), line).encode(), mac.encode()):
            return Break(chain, line.get("seq", 0), said("锚点文件被改动：校验码不符"))
        noted[line["seq"]] = line["hash"]
    return noted


def _locked_head(session: Session, chain: str) -> Any:
    head = session.connection().execute(_HEAD, {"chain": chain}).one_or_none()
    if head is None:
        once.insert(session, ChainHead, chain=chain, seq=0, hash=GENESIS)
        head = session.connection().execute(_HEAD, {"chain": chain}).one()
    return head


def _entry_hash(row: Mapping[str, Any]) -> str:
    names = ("previous", "chain", "seq", "at", "actor", "kind", "case_id", "task_id", "element", "payload_hash")
    values = [row[name].isoformat() if isinstance(row[name], datetime) else row[name] for name in names]
    return _sha(dump_json(values))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _anchors(file: Path) -> Iterator[dict[str, Any]]:
    """The anchors of a file in their order; an empty one for a line that cannot be read."""
    for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            line = {}
        yield line if isinstance(line, dict) else {}


def _mac(key: bytes, line: Mapping[str, Any]) -> str:
    return hmac.new(key, dump_json(dict(line)).encode(), hashlib.sha256).hexdigest()


def _key(folder: Path) -> bytes:
    """The key of the anchors: beside them, never in the database; made once, readable by the owner alone."""
    file = folder / "anchor.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32), encoding="ascii")
    return file.read_bytes().strip()
