"""HAND: decides whom each message goes to, has it carried by a child process, and notes what became of it.

Whoever made a fact has put its message into the outbox, in the same transaction: that is all that a tick waits for.
A child claims its errand first and leaves word in a file at last. When the manager dies meanwhile, the next one reads
it there. Only where a child that had begun died, too, nobody knows whether the message arrived: it is sent again under
the same number, and says so.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.config import Config, Notify
from trainui.core.config.notifying import rate_of
from trainui.core.process.failpoint import reach
from trainui.core.process.files import recall
from trainui.core.process.identity import Identity, is_alive
from trainui.core.store.money import Ledger
from trainui.core.store.outbox import DROPPED, GIVEN_UP, KEPT, WAITING, Delivery, Outbox, Sending
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic
from trainui.core.telling.addressing import Addressing
from trainui.core.telling.claims import claim, left_by, whose
from trainui.core.telling.order import number_of, order, start
from trainui.core.telling.plan import Waiting, choose, next_try
from trainui.core.telling.ways import manners_of
from trainui.core.telling.words import letter

FOLDER = ".telling"
"""Beside the runs: where children leave word."""
GRACE = 10.0
"""Seconds that a child has beyond its own time before it is killed."""
REST, DAY = 1.0, 86400.0
"""Seconds between looks at what waits, and at what was told long ago."""
ORIGIN = "outbox"
"""Fact: what tells the messages of this runs.db from those of others."""


@dataclass(slots=True)
class _Child:
    """A child of this process."""

    process: subprocess.Popen[bytes]
    has_ended: bool = False


class Herald:
    """Sees to the messages of one runs.db."""

    def __init__(
        self, db: sqlite3.Connection, project: Path, outcomes: Path, *, config: Callable[[], Config]
    ) -> None:
        """`outcomes`: the folder of runs, where children may leave word. `config`: the trainui.toml in force."""
        self._db = db
        self._outbox = Outbox(db)
        self._runs = RunWriter(db)
        self._project = project
        self._folder = outcomes / FOLDER
        self._config = config
        self._addressing = Addressing(db)
        self._children: dict[int, _Child] = {}
        """Sending → who carries it, of those that this manager started."""
        self._notify: Notify | None = None
        """As it was when something was last sent."""
        self._rests_until = 0.0
        self._forgets_at = 0.0
        self._is_open = True
        ledger = Ledger(db)
        with atomic(db):
            self._origin = ledger.fact(ORIGIN) or secrets.token_hex(8)
            ledger.set_fact(ORIGIN, self._origin)

    @property
    def is_busy(self) -> bool:
        """Whether a manager must stay: something is to be delivered, now or later."""
        return self._is_open

    def attend(self, now: Clock) -> None:
        """Take in what became of children, and send what is due. Waits for nothing."""
        under_way = self._outbox.under_way()
        for sending in under_way:
            self._look_after(sending, now)
        if not self._address(now) and not under_way and now.boot < self._rests_until:
            return
        self._rests_until = now.boot + REST
        if self._is_open:
            self._send(now)
        if now.boot >= self._forgets_at:
            self._forgets_at = now.boot + DAY
            with atomic(self._db):
                self._outbox.forget(before=now.unix - KEPT)

    def reaped(self, pid: int, code: int) -> None:
        """A child of this process has ended."""
        for child in self._children.values():
            if child.process.pid == pid:
                child.process.returncode = code  # whoever reaps it does not ask here
                child.has_ended = True

    # ---------------------------------------------------------------- whom a message goes to

    def _address(self, now: Clock) -> bool:
        """Whether there was something new."""
        fresh = self._outbox.fresh()
        if not fresh:
            return False
        notify = self._config().notify
        with atomic(self._db):
            for message in fresh:
                shown, channels = self._addressing.of(message, notify, now)
                self._outbox.address(message, shown=shown, channels=channels, at=now.unix)
            if trouble := self._addressing.trouble():
                self._runs.event("", "manager", trouble, at=now.unix)
        self._is_open = True
        return True

    # ---------------------------------------------------------------- sending

    def _send(self, now: Clock) -> None:
        notify = self._config().notify
        if notify != self._notify and self._notify is not None:
            with atomic(self._db):
                self._outbox.hurry(now.unix)  # somebody may have mended an address
        self._notify = notify
        waiting = self._outbox.open()
        self._is_open = any(one.channel in notify.channels for one in waiting)
        if notify.is_hidden:
            return  # trainui.toml was never read by this manager: it cannot be, and addresses are kept nowhere else
        for channel in dict.fromkeys(one.channel for one in waiting):
            mine = [one for one in waiting if one.channel == channel]
            if channel not in notify.channels:
                with atomic(self._db):
                    for one in mine:
                        self._outbox.close(one, DROPPED, "trainui.toml names this channel no longer")
            elif all(one.state == WAITING for one in mine):  # one try at a time
                self._try(channel, mine, notify, now)

    def _try(self, channel: str, mine: Sequence[Delivery], notify: Notify, now: Clock) -> None:
        rate = rate_of(notify.at_most)
        sent = self._outbox.sent(channel, since=now.unix - rate[1]) if rate else []
        known = {one.message.id: one for one in mine}
        choice = choose(
            [
                Waiting(
                    id=one.message.id, at=one.message.at, is_critical=one.message.is_critical, tries=one.tries,
                    next_at=one.next_at,
                )
                for one in mine
            ],
            manners_of(notify), sent, now=now.unix,
        )  # fmt: skip
        chosen = [known[number] for number in choice.now]
        if chosen:
            self._carry(channel, chosen, notify, now)

    def _carry(self, channel: str, chosen: Sequence[Delivery], notify: Notify, now: Clock) -> None:
        messages = [one.message for one in chosen]
        said = letter(
            messages, project=self._project.resolve().name, is_unsure=any(one.is_unsure for one in chosen)
        )
        number = number_of(self._origin, channel, messages)
        told = order(channel, notify, said, messages, number=number, project=self._project)
        with atomic(self._db):
            until = now.boot + notify.timeout_seconds + GRACE
            sending = self._outbox.begin(channel, chosen, at=now.unix, until=until, boot_id=now.boot_id)
        reach("telling")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in left_by(self._word_of(sending)):
                path.unlink(missing_ok=True)  # of a runs.db that was rebuilt since
            process = start(told, str(self._word_of(sending)), folder=self._project)
        except OSError as error:
            self._end(sending, f"no process could be started: {error.strerror}", now)
            return
        reach("told")
        self._children[sending] = _Child(process=process)

    # ---------------------------------------------------------------- what became of it

    def _look_after(self, sending: Sending, now: Clock) -> None:
        """Take a child's word in; kill one that takes too long."""
        child, file = self._children.get(sending.id), self._word_of(sending.id)
        is_claimed, identity = whose(file)
        word = recall(file)
        if word is not None:
            self._end(
                sending.id,
                str(word.get("said", "")),
                now,
                is_sent=bool(word.get("is_sent")),
                asked=word.get("retry_after"),
            )
        elif child is None and not is_claimed:
            if claim(
                file
            ):  # a manager died before it was begun; whom it had sent, if anybody, finds it taken
                self._end(sending.id, "its process never began", now, is_at_once=True)
        elif child.has_ended if child else _has_gone(identity, sending, now):
            said = "its process was killed, and nobody knows whether it arrived"
            self._end(sending.id, said if is_claimed else "its process broke", now, is_unsure=is_claimed)
        elif now.boot > sending.until and identity is not None and is_alive(identity):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(identity.pid, signal.SIGKILL)

    def _end(
        self, sending: int, said: str, now: Clock, *, is_sent: bool = False, is_unsure: bool = False,
        is_at_once: bool = False, asked: float | None = None,
    ) -> None:  # fmt: skip
        with atomic(self._db):
            carried = self._outbox.end(sending, said, is_sent=is_sent, at=now.unix)
            if is_at_once:
                for one in carried:
                    self._outbox.again(one, said, next_at=now.unix, is_unsure=False)
            elif not is_sent and carried:
                self._fail(carried, said, now, is_unsure=is_unsure, asked=asked)
        reach("noted")
        self._children.pop(sending, None)
        for path in left_by(self._word_of(sending)):
            with contextlib.suppress(OSError):
                path.unlink()

    def _fail(
        self, carried: Sequence[Delivery], said: str, now: Clock, *, is_unsure: bool, asked: float | None
    ) -> None:
        """Try again later, or give up; a channel that begins to fail is told once. Call inside a transaction."""
        lost: list[Delivery] = []
        latest: float | None = None
        tries = max(one.tries for one in carried)  # what came later shares the lot of what failed before
        for one in carried:
            again = next_try(tries, one.first_at or now.unix, now=now.unix, asked=asked)
            if again is None:
                self._outbox.close(one, GIVEN_UP, said)
                lost.append(one)
            else:
                self._outbox.again(one, said, next_at=again, is_unsure=is_unsure)
                latest = again if latest is None else max(latest, again)
        is_news = tries == 1 or any(one.tries > 1 and one.said != said for one in carried)
        channel = carried[0].channel
        if lost:
            text = f"{channel}: given up after a day, {said}: {_listed(lost)} (trainui notify)"
            self._runs.event("", "manager", text, at=now.unix)
        elif latest is not None and is_news:
            text = f"{channel}: {said}; tried again in {latest - now.unix:.0f} s (trainui notify)"
            self._runs.event("", "manager", text, at=now.unix)

    def _word_of(self, sending: int) -> Path:
        return self._folder / f"{self._origin}-{sending}.json"


def _has_gone(identity: Identity | None, sending: Sending, now: Clock) -> bool:
    """Whether a child of a manager that died can do nothing any more; None: it died as it said who it is."""
    if identity is not None:
        return not is_alive(identity)
    return now.boot > sending.until or sending.boot_id != now.boot_id


def _listed(lost: Sequence[Delivery]) -> str:
    texts = [one.message.text for one in lost]
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
