"""The sender: letters that are due leave, one connection each account, one commit a letter.

What became of the last letter and the mark on the next one are written together, before the next one leaves: a crash
finds at most one letter of each sender in doubt. Any number of senders may run, here and on other machines.
"""

import logging
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import addresses
from config.errors import JiqunError
from config.mail import Account, Mail
from engine import clock, outgoing
from engine.db import Database
from engine.models import Delivery, Person
from engine.outgoing import Answer, Claim
from notifications import mime, wording
from notifications.mailer import Mailer
from notifications.verdicts import Verdict
from notifications.wording import Written

log = logging.getLogger(__name__)

BATCH = 20  # letters claimed at a time
_UNFIT = re.compile(r"[^A-Za-z0-9._-]")  # for a Message-ID

Writer: TypeAlias = Callable[[Session, Delivery], Written]


@dataclass(frozen=True)
class _Ready:
    """A claimed letter, written and addressed."""

    claim: Claim
    mail: mime.Mail


class Post:
    """All senders of one process. `tick` sends what is due and returns; `stop` ends it after the letters under way."""

    def __init__(
        self,
        database: Database,
        mail: Mail,
        node: str,
        *,
        writer: Writer = wording.written,
        lease: timedelta = outgoing.LEASE,
    ) -> None:
        self.database = database
        self.mail = mail
        # A container's processes are all number 1 of one name: what a dead one held must not look like ours.
        node = f"{node}:{secrets.token_hex(3)}"
        self._senders = [
            _Sender(database, mail, account, holder=f"{node}:{account.key}:{number}", writer=writer, lease=lease)
            for account in mail.accounts
            for number in range(account.connections)
        ]
        self._stopping = threading.Event()

    def tick(self) -> int:
        """Send what is due. Answers how many were handed over. A letter that cannot be sent stops no other."""
        if not self._senders or self._stopping.is_set():
            return 0
        with self.database.read() as session:
            stranded = outgoing.stranded(session, [sender.holder for sender in self._senders])
            if not stranded and not outgoing.waiting(session):
                return 0
        if stranded:
            with self.database.write() as session:
                outgoing.reclaim(session, stranded, self.mail.ask_when_in_doubt)
        if len(self._senders) == 1:
            return self._senders[0].run(self._stopping)
        with ThreadPoolExecutor(len(self._senders)) as pool:
            runs = [pool.submit(copy_context().run, sender.run, self._stopping) for sender in self._senders]
            return sum(run.result() for run in runs)

    def stop(self) -> None:
        """No further letter. What is claimed and has not left is given back."""
        self._stopping.set()

    def close(self) -> None:
        """Say goodbye to the mail servers."""
        for sender in self._senders:
            sender.mailer.close()


class _Sender:
    """One connection of one account, and the letters it has in hand."""

    def __init__(
        self, database: Database, mail: Mail, account: Account, *, holder: str, writer: Writer, lease: timedelta
    ) -> None:
        self.database = database
        self.settings = mail
        self.account = account
        self.holder = holder
        self.writer = writer
        self.lease = lease
        self.mailer = Mailer(account)
        self.queue: deque[_Ready] = deque()

    def run(self, stopping: threading.Event) -> int:
        """Send until nothing is due, the minute is full, or the account is in trouble."""
        done: tuple[Claim, Answer] | None = None
        sent = 0
        try:
            while not stopping.is_set():
                if not self.mailer.connected:
                    self._noted(done)  # connecting may take long: the last letter does not wait for it
                    done = None
                    if not self._connected():
                        break
                ready, done = self._next(done), None
                if ready is None:
                    break
                verdict = self.mailer.send(ready.mail)
                done = ready.claim, _answer(verdict)
                sent += verdict.outcome == "sent"
                if verdict.of_account:
                    break
        finally:
            self._noted(done)
            self._give_back()
        return sent

    def _next(self, done: tuple[Claim, Answer] | None) -> _Ready | None:
        """Finish the last letter and mark the next one, in one transaction."""
        with self.database.write() as session:
            if done:
                self._finish(session, *done)
            while self.queue or self._claim(session):
                ready = self.queue.popleft()
                address = ready.mail.recipient
                if outgoing.begin(session, ready.claim, account=self.account.key, address=address, lease=self.lease):
                    return ready
        return None

    def _noted(self, done: tuple[Claim, Answer] | None) -> None:
        """Finish the last letter, without a next one."""
        if done:
            with self.database.write() as session:
                self._finish(session, *done)

    def _give_back(self) -> None:
        if self.queue:
            with self.database.write() as session:
                outgoing.release(session, [ready.claim for ready in self.queue])
            self.queue.clear()

    def _finish(self, session: Session, claim: Claim, answer: Answer) -> None:
        outgoing.finish(session, claim, answer, self.settings.ask_when_in_doubt)
        if answer.outcome in ("limited", "config"):
            outgoing.troubled(session, self.account.key, answer)
        log.info("delivery %s %s %s", claim.delivery_id, answer.outcome, answer.code)

    def _connected(self) -> bool:
        """Connect, unless the account rests. No letter is claimed before that succeeds."""
        with self.database.write() as session:
            if outgoing.room(session, self.account.key, self.account.per_minute) == 0:
                return False
        verdict = self.mailer.connect()
        with self.database.write() as session:
            if verdict is None:
                outgoing.well(session, self.account.key)
                return True
            outgoing.troubled(session, self.account.key, _answer(verdict))
        log.warning("mail account %s: %s %s", self.account.key, verdict.code, verdict.text)
        return False

    def _claim(self, session: Session) -> bool:
        """Claim the next letters and write them. False where there are none, or no room for them this minute."""
        room = outgoing.room(session, self.account.key, self.account.per_minute)
        most = BATCH if room is None else min(room, BATCH)
        claimed = outgoing.claim(session, self.holder, most, self._name, self.lease) if most else []
        for claim, delivery, person in claimed:
            ready = self._written(session, claim, delivery, person)
            if ready:
                self.queue.append(ready)
        session.flush()  # the marks that follow are plain SQL
        if room is not None:
            outgoing.spend(session, self.account.key, len(self.queue))
        # Where none of them can be written there may still be others behind them.
        return bool(self.queue) or (bool(claimed) and self._claim(session))

    def _written(self, session: Session, claim: Claim, delivery: Delivery, person: Person) -> _Ready | None:
        """The letter as it leaves, or nothing: then a person has to see to it."""
        if person.disabled_at is not None:
            outgoing.give_up(delivery, outgoing.DISABLED)
            return None
        if not addresses.usable(person.email):
            outgoing.give_up(delivery, outgoing.NO_ADDRESS)
            return None
        try:
            written = self.writer(session, delivery)
        except SQLAlchemyError:
            raise  # the database's trouble, not the letter's
        except JiqunError as error:
            outgoing.give_up(delivery, error.message)
            return None
        except Exception as error:  # one letter that cannot be written must not hold up the others
            log.exception("delivery %s cannot be written", delivery.id)
            outgoing.give_up(delivery, f"通知无法写成：{type(error).__name__}")
            return None
        return _Ready(claim, self._addressed(delivery, person, written))

    def _addressed(self, delivery: Delivery, person: Person, written: Written) -> mime.Mail:
        recipient, subject = person.email or "", written.subject
        headers: Sequence[tuple[str, str]] = ()
        if delivery.in_doubt:
            headers = [("X-Possible-Duplicate", str(delivery.in_doubt))]
        if self.settings.redirect_to:  # test mode
            subject = f"【测试，原收件人 {recipient}】{subject}"
            recipient = self.settings.redirect_to
        return mime.Mail(
            sender=self.account.address,
            sender_name=self.account.name,
            recipient=recipient,
            subject=subject,
            text=written.text,
            html=written.html,
            attachments=written.attachments,
            message_id=delivery.message_id or self._name(delivery),
            written_at=clock.now(),
            headers=headers,
        )

    def _name(self, delivery: Delivery) -> str:
        """The letter's name in the mail: one for each obligation, rung and person, whatever subject and year it shares.

        The moment of its row tells it from that of another installation under the same domain.
        """
        key = _UNFIT.sub("-", delivery.dedupe_key)
        return f"<{key}.{delivery.created_at:%Y%m%d%H%M%S%f}@{self.account.address.partition('@')[2]}>"


def _answer(verdict: Verdict) -> Answer:
    return Answer(verdict.outcome, verdict.phase, verdict.code, verdict.text, wait=verdict.wait, nobody=verdict.nobody)
