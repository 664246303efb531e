"""The one place where a thread meets Textual: one reads, others act, and all come back here."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec.structs import replace
from textual.app import App
from textual.screen import Screen
from textual.signal import Signal

from trainui.core.errors import TrainuiError
from trainui.ui.gather import Gatherer
from trainui.ui.present.ink import safe
from trainui.ui.ringing import TOASTS as TOASTS
from trainui.ui.ringing import Ringing
from trainui.ui.settings import Settings
from trainui.ui.source import Look, Snapshot
from trainui.ui.undo import Undo

if TYPE_CHECKING:
    from trainui.ui.acts import Actions
    from trainui.ui.reader import Reader, Source

LIVE_SECONDS, QUIET_SECONDS = 0.1, 0.5
"""How often the store is asked whether something changed: while a run is live, and when none is."""
REST = 4
"""A read or a drawing that took long is followed by a rest of so many times its length."""
BUSY_SECONDS = 5.0
"""How long after an action the store is asked as often as while a run is live."""
PATIENCE = 3.0
"""Seconds a store may take to come into being before that is called a problem."""
ONLY_LOOKS = "this dashboard only looks (--readonly): nothing was done"
Answer = TypeVar("Answer")


def is_open(screen: Screen[Any]) -> bool:
    """Whether an answer may still be drawn on a screen; Textual's `is_mounted` stays true when it is dismissed."""
    return screen.is_mounted and screen.is_attached and screen in screen.app.screen_stack


def is_seen(screen: Screen[Any]) -> bool:
    """Whether nothing lies on a screen that it does not shine through; one that is covered is told when it is back."""
    stack = screen.app.screen_stack
    return all(above.styles.background.a < 1 for above in stack[stack.index(screen) + 1 :])


class Bridge:
    """Brings what the store holds to the screens, and what a person wants to the manager."""

    def __init__(
        self,
        app: App[Any],
        source: Source,
        *,
        clock: Callable[[], float] = time.time,
        only_looks: bool = False,
        held: Settings | None = None,
    ) -> None:
        """`only_looks`: keys that would ask for something are refused at once."""
        self.held = held or Settings()
        """The settings; they may change at any time."""
        self._app, self._source, self._clock = app, source, clock
        self.only_looks = only_looks
        self.undo = Undo()
        self._look = Look()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._asked = self._has_looked = False
        self._busy_until = 0.0
        self._drawing = 0.0
        """Seconds the last snapshot took to draw, in the thread that hears the keys."""
        self._turns: deque[Callable[[], None]] = deque()
        self.unseen: frozenset[str] = frozenset()
        """Runs that ended, or of which a gate tripped, while nobody looked, and on which no cursor has been since."""
        self._ringing = Ringing(app, work=self.work, tell=self.tell)
        self.snapshot = Snapshot()
        self.seen: Signal[Snapshot] = Signal(app, "seen")
        """Tells every screen, also one covered by another, of a new snapshot."""

    def now(self) -> float:
        """Unix seconds, by the clock that snapshots are taken by."""
        return self._clock()

    def open(self) -> None:
        """Begin to read, and see that a manager lives once the first picture stands, or could not be read."""
        self._app.run_worker(self._watch, group="bridge", thread=True, exit_on_error=False)

    def close(self) -> None:
        """End the reading thread at its next turn, which is now."""
        self._closed.set()
        self._wake.set()

    @property
    def wanted(self) -> Look:
        """What the screens want to see now; a snapshot with another look is on its way to be replaced."""
        return self._look

    def look(self, look: Look) -> None:
        """Say what the screens want to see; a new look is read at once."""
        if look != self._look:
            self._look = look
            self._wake.set()

    def ask(
        self,
        action: Callable[[Actions], Answer],
        then: Callable[[Answer], None],
        refused: Callable[[TrainuiError], None] | None = None,
    ) -> None:
        """Run an action in a thread; `then` gets its answer in Textual's. A refusal becomes a toast.

        `refused` shows a refusal in another way.
        """
        refuse = refused or self._refuse

        def work() -> None:
            try:
                answer = action(self._source.actions())
            except TrainuiError as error:
                self._app.call_later(refuse, error)
            except Exception as error:  # one bad action is a toast, never a crash
                self._app.call_later(refuse, TrainuiError(f"{type(error).__name__}: {error}"))
            else:
                self._app.call_later(then, answer)
            self._asked = True
            self._busy_until = time.monotonic() + BUSY_SECONDS
            self._wake.set()

        self._app.run_worker(work, group="actions", thread=True, exit_on_error=False)

    def work(self, action: Callable[[], Answer], then: Callable[[Answer], None]) -> None:
        """Do something long in a thread; `then` gets its answer in Textual's."""

        def work() -> None:
            try:
                answer = action()
            except TrainuiError as error:
                self._app.call_later(self._refuse, error)
            except Exception as error:  # one bad look is a toast, never a crash
                self._app.call_later(self._refuse, TrainuiError(f"{type(error).__name__}: {error}"))
            else:
                self._app.call_later(then, answer)

        self._app.run_worker(work, group="work", thread=True, exit_on_error=False)

    def read(self, action: Callable[[Reader], Answer], then: Callable[[Answer], None]) -> None:
        """Read with a reader of its own in a thread; `then` gets what was read in Textual's."""
        self.work(lambda: action(self._source.reader()), then)

    def ask_in_turn(
        self,
        action: Callable[[Actions], Answer],
        then: Callable[[Answer], None],
        refused: Callable[[TrainuiError], None] | None = None,
    ) -> None:
        """As `ask`, but only when what was asked so before is answered: changes of the queue keep the keys' order."""
        refuse = refused or self._refuse

        def answered(answer: Answer) -> None:
            self._end_turn()
            then(answer)

        def failed(error: TrainuiError) -> None:
            self._end_turn()
            refuse(error)

        self._turns.append(lambda: self.ask(action, answered, failed))
        if len(self._turns) == 1:
            self._turns[0]()

    def _end_turn(self) -> None:
        self._turns.popleft()
        if self._turns:
            self._turns[0]()

    def _refuse(self, error: TrainuiError) -> None:
        self.tell(error.message, error.hint or "", "error")

    def may_ask(self) -> bool:
        """Whether anything may be asked for here; else a toast says why not."""
        if self.only_looks:
            self.tell(ONLY_LOOKS, severity="warning")
        return not self.only_looks

    def tell(self, text: str, title: str = "", severity: str = "information") -> None:
        """Show a toast; its text is data. One that says the same goes: a key that is held down tells it once."""
        text, title, kind = safe(text), safe(title), cast(Any, severity)
        for shown in list(self._app._notifications):
            if (shown.message, shown.title, shown.severity) == (text, title, severity):
                self._app._unnotify(shown, refresh=False)
        self._app.notify(text, title=title, severity=kind, markup=False, timeout=self.held.toast_seconds)

    def _ensure_manager(self) -> None:
        self.ask(lambda actions: actions.ensure_manager(), lambda _: None)

    def _watch(self) -> None:
        gatherer: Gatherer | None = None
        version: object = None
        sent, opened, read = self.snapshot, time.monotonic(), 0.0
        while not self._closed.is_set():
            self._wake.clear()
            began, look = time.monotonic(), self._look
            try:
                gatherer = gatherer or Gatherer(self._source.reader())
                found = (gatherer.version(), look, self._second(sent))
                # What a person did is shown at once; what a run wrote may wait a moment, for the line's sake.
                is_urgent = look != sent.look or self._asked or began < self._busy_until
                if (found != version or self._asked) and (is_urgent or began - read > self._calm()):
                    version, self._asked, read = found, False, began
                    sent = self._send(gatherer.snapshot(look, at=self._clock()), sent)
            except Exception as error:  # one bad look is a line on the screen, never a crash
                gatherer, version = None, None
                told = str(error) if isinstance(error, TrainuiError) else f"{type(error).__name__}: {error}"
                if sent.ready or began - opened > PATIENCE:
                    sent = self._send(replace(sent, at=self._clock(), look=look, problem=told), sent)
            if not self._has_looked:
                self._has_looked = True
                self._app.call_later(self._app.call_after_refresh, self._ensure_manager)
            is_busy = began < self._busy_until or any(view.is_live for view in sent.runs)
            pause = LIVE_SECONDS if is_busy else QUIET_SECONDS
            self._wake.wait(max(pause, REST * (time.monotonic() - began)))

    def _calm(self) -> float:
        return max(self.held.calm_seconds, REST * self._drawing)

    def _second(self, sent: Snapshot) -> int:
        """Changes every second while a run counts down to being killed, every minute of idle time, else never."""
        if any(view.stop_at is not None for view in sent.runs):
            return int(self._clock())
        return int(self._clock() // 60) if sent.budget.idle_since is not None else 0

    def _send(self, snapshot: Snapshot, before: Snapshot) -> Snapshot:
        counts_down = any(view.stop_at is not None for view in snapshot.runs)
        if replace(snapshot, at=before.at) != before or counts_down:
            self._app.call_later(self._deliver, snapshot)
        return snapshot

    def _deliver(self, snapshot: Snapshot) -> None:
        began = time.monotonic()
        self.snapshot = snapshot
        if snapshot.told:
            self._ringing.ring(snapshot.told, may_bell=self.held.bell)
        self.seen.publish(snapshot)
        self._app.call_after_refresh(self._drawn, began)

    def _drawn(self, began: float) -> None:
        self._drawing = time.monotonic() - began
