"""What a person asks of runs and gates that are there: intents, and the manager's answers to them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainui.core.errors import NotFoundError, TrainuiError, UserError, nearest
from trainui.core.run import Status
from trainui.core.spec import resolve
from trainui.core.standby import ensure_manager
from trainui.core.store.intents import REFUSED, Desk
from trainui.core.store.read import Reader
from trainui.core.store.remarks import tag_changes
from trainui.core.store.subjects import subject_of
from trainui.core.store.views import RunView

MANAGER_ANSWERS_IN = 15.0
"""Seconds to wait for what became of an intent."""

WITHOUT_RUN = {"lift": "the queue", "cancel": "the countdown"}
"""Verb → what it is of when it names no run."""


class Asking:
    """Asks of one runs.db."""

    def __init__(self, project: Path, db: Path) -> None:
        self.project = project
        self.db = db

    def ensure_manager(self) -> None:
        """Start a manager unless one is alive and moves. Raises TrainuiError when it does not come up."""
        ensure_manager(self.db, self.project)

    def stop(self, run: str, *, now: bool = False) -> None:
        """Ask for a run to stop: its signal, its grace, then SIGKILL; `now` leaves out the grace."""
        view = self._view(run)
        if view.status is Status.ENDED:
            raise UserError(f"{run} has ended already ({view.result})")
        self._ask("stop", run, now=now)

    def pause(self, run: str) -> None:
        """Ask for every process of a run to stand still. It keeps its memory, its GPUs and its cost."""
        view = self._view(run)
        if view.status is not Status.RUNNING:
            raise UserError(f"{run} {view.status.told}; only a running run can be paused")
        self._ask("pause", run)

    def resume(self, run: str) -> None:
        """Ask for a paused run to go on."""
        view = self._view(run)
        if view.status is not Status.PAUSED:
            raise UserError(f"{run} {view.status.told}; only a paused run can go on")
        self._ask("resume", run)

    def hold(self, run: str) -> None:
        """Keep a queued run from starting until it is released. Raises UserError when it is not queued."""
        self._view(run)
        self._ask_and_hear("hold", run)

    def release(self, run: str) -> None:
        """Let a held run start, or one that pauses before its next try start at once. Raises UserError."""
        self._view(run)
        self._ask_and_hear("release", run)

    def edit(
        self, run: str, *, params: Mapping[str, str] | None = None, priority: int | None = None, to: str = ""
    ) -> None:
        """Change a queued run: its params, its priority, its place (`first`, `last`, `before RUN`).

        Raises UserError when it is not queued, or when one change is wrong: then none is made.
        """
        view = self._view(run)
        if params and view.status is Status.QUEUED:
            reader = Reader(self.db)
            resolve(reader.spec(run), overrides=params)
            reader.close()
        payload = {"params": dict(params or {}), "priority": priority, "to": to}
        self._ask_and_hear("edit", run, **{key: value for key, value in payload.items() if value is not None})

    def checkpoint(self, run: str) -> None:
        """Ask a running run to save now, as its spec says how. Raises UserError when it does not say."""
        reader = Reader(self.db)
        job = reader.spec(run).job
        reader.close()
        if not job.checkpoint_signal and not job.checkpoint_file:
            hint = f"checkpoint_signal or checkpoint_file in the [job] of {job.name}"
            raise UserError(f"{run} does not say how it is asked for a checkpoint", hint=hint)
        self._ask_and_hear("checkpoint", run)

    # ---------------------------------------------------------------- what is kept beside a run

    def note(self, run: str, text: str) -> None:
        """Keep a remark beside a run. Raises NotFoundError."""
        self._view(run)
        desk = Desk(self.db)
        desk.note(run, text)
        desk.close()

    def tag(self, run: str, words: Sequence[str]) -> list[str]:
        """Put tags on a run and take others away, `+best -old`; what changed, so written.

        Raises NotFoundError, UserError for a word that is no tag.
        """
        give, take = tag_changes(words)
        self._view(run)
        desk = Desk(self.db)
        changed = desk.tag(run, give, take)
        desk.close()
        return changed

    # ---------------------------------------------------------------- gates

    def answer(self, run: str, gate: str, *, yes: bool, note: str = "", who: str = "") -> None:
        """Answer a question of a run or a study, also after the end. `who`: '' for the user of this computer.

        Raises NotFoundError when there is no such question, UserError when the gate asks nothing.
        """
        reader = Reader(self.db)
        subject = _subject(reader, run)
        is_asking = reader.is_asking(subject, gate)
        known = [one.gate for one in reader.gates(subject) if one.role == "ask"]
        reader.close()
        if is_asking is None:
            raise NotFoundError(f"{subject} has no gate {gate!r}", hint=nearest(gate, known) if known else "")
        if not is_asking:
            hint = f"it asks: {', '.join(known)}" if known else "only gates with test = 'ask' do"
            raise UserError(f"gate {gate!r} of {subject} asks nothing", hint=hint)
        self._ask_and_hear("answer", subject, gate=gate, yes=yes, who=who or getpass.getuser(), note=note)

    def arm(self, run: str, *, is_armed: bool = True) -> None:
        """Let gates stop a run from here on, or no longer. Raises UserError when it has ended."""
        self._view(run)
        self._ask_and_hear("arm", run, armed=is_armed)

    def lift(self, jobs: list[str] | None = None) -> str:
        """Release what gates hold: these jobs, or with None the whole queue; what was released, in words."""
        return self._ask_and_hear("lift", "", jobs=jobs, who=getpass.getuser())

    # ---------------------------------------------------------------- money

    def correct(self, micro: int, note: str, *, run: str = "") -> str:
        """Add a line to the ledger that puts it right by `micro` millionths, of a run or of nobody's.

        What was done, in words. Raises NotFoundError for an unknown run, UserError when a sum would be negative.
        """
        if run:
            self._view(run)
        return self._ask_and_hear(
            "correct", run, amount_micro=micro, note=note, run=run, who=getpass.getuser()
        )

    def cancel_countdown(self) -> str:
        """Stop the countdown to a command of on_idle or on_cap; what was cancelled, in words. Raises UserError."""
        return self._ask_and_hear("cancel", "", who=getpass.getuser())

    def _view(self, run: str) -> RunView:
        reader = Reader(self.db)
        try:
            return reader.run(run)
        finally:
            reader.close()

    def _ask(self, verb: str, subject: str, /, **payload: object) -> int:
        desk = Desk(self.db)
        intent = desk.add(verb, subject, payload)
        desk.close()
        self.ensure_manager()
        return intent

    def _ask_and_hear(self, verb: str, subject: str, /, **payload: object) -> str:
        """Ask, and wait until the manager has said yes or no. Raises UserError when it said no."""
        intent = self._ask(verb, subject, **payload)
        desk = Desk(self.db)
        deadline = time.monotonic() + MANAGER_ANSWERS_IN
        while (outcome := desk.outcome(intent)) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        desk.close()
        if outcome is None:
            raise TrainuiError(
                f"the manager has not answered; {verb} of {subject or WITHOUT_RUN.get(verb, 'the ledger')} is queued",
                hint="trainui doctor",
            )
        if outcome.startswith(REFUSED):
            said = "release" if verb == "lift" else f"{verb} {subject}"
            raise UserError(f"{said}: {outcome.removeprefix(REFUSED)}".replace(" :", ":"))
        return outcome


def _subject(reader: Reader, name: str) -> str:
    """The run called `name`, or the study as gates know it. Raises NotFoundError."""
    names = [view.run for view in reader.runs()]
    studies = [subject_of(study) for study in reader.study_names()]
    for subject in (name, subject_of(name)):
        if subject in names or subject in studies:
            return subject
    raise NotFoundError(f"there is no run or study {name!r}", hint=nearest(name, [*names, *studies]))
