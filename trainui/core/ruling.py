"""Carrying out what people say about gates: answers, arming a live run, releasing what gates hold."""

from __future__ import annotations

import sqlite3
from fnmatch import fnmatchcase

from trainui.core.acting.actor import ALL
from trainui.core.clock import Clock
from trainui.core.lives import Lives
from trainui.core.process.files import read_json, write_json
from trainui.core.run import Status
from trainui.core.store.actions import ActionWriter
from trainui.core.store.blocks import blocks
from trainui.core.store.intents import REFUSED, Intent, close_intent
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.subjects import PREFIX
from trainui.core.studies.hand import Studies


class Rulings:
    """Carries out the intents about the gates of one runs.db."""

    def __init__(self, db: sqlite3.Connection, *, lives: Lives, studies: Studies) -> None:
        self._db = db
        self._runs = RunWriter(db)
        self._actions = ActionWriter(db)
        self._lives = lives
        self._studies = studies

    def answer(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        """Take an answer to a question of a run or a study, while it goes on or after. Raises as the judge does."""
        gate, yes = str(intent.payload["gate"]), bool(intent.payload["yes"])
        who, note = str(intent.payload.get("who", "")), str(intent.payload.get("note", ""))
        if run is not None:
            self._lives.answer(run, gate, yes, who=who, note=note, now=now)
        elif intent.run.startswith(PREFIX):
            name = intent.run.removeprefix(PREFIX)
            self._studies.answer(name, gate, yes, who=who, note=note, now=now)
        else:
            raise LookupError("there is no such run")
        with atomic(self._db):
            self._actions.answer(intent.run, gate, yes=yes, who=who, note=note, at=now.unix)
            text = f"{who} says {'yes' if yes else 'no'} to {gate}{': ' + note if note else ''}"
            self._runs.event(intent.run, "answer", text, at=now.unix)
            close_intent(self._db, intent.id, text, now.unix)

    def arm(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        """Let gates stop a run from here on, or no longer; what tripped before has been said."""
        is_armed = bool(intent.payload.get("armed", True))
        can_be = run is not None and run.status is not Status.ENDED
        if run is not None and can_be and (origin := read_json(run.directory / "origin.json")) is not None:
            write_json(run.directory / "origin.json", {**origin, "armed": is_armed})  # for a rebuild
        word = "armed: its gates may stop it" if is_armed else "disarmed: no gate stops it"
        with atomic(self._db):
            if can_be:
                self._runs.change(intent.run, armed=int(is_armed))
                self._runs.event(intent.run, "gate", word, at=now.unix)
            why_not = "there is no such run" if run is None else "it had ended"
            close_intent(self._db, intent.id, word if can_be else f"{REFUSED}{why_not}", now.unix)

    def lift(self, intent: Intent, _run: RunRow | None, now: Clock) -> None:
        """Release what gates hold: the jobs that are named, or what holds the whole queue."""
        jobs: list[str] | None = intent.payload.get("jobs")
        who = str(intent.payload.get("who", ""))
        held = [
            one
            for one in blocks(self._db)
            if (one.job == ALL if jobs is None else any(_is_meant(one.job, job) for job in jobs))
        ]
        what = "the queue" if jobs is None else ", ".join(sorted({one.job for one in held}))
        with atomic(self._db):
            self._actions.lift(held, who=who, at=now.unix)
            for one in held:
                text = f"{'the queue' if one.job == ALL else one.job} released by {who}: was held by gate {one.gate}"
                self._runs.event(one.subject, "queue", text, at=now.unix)
            is_done = bool(held)
            nothing = f"{REFUSED}no gate holds {'the queue' if jobs is None else ', '.join(jobs)}"
            close_intent(self._db, intent.id, f"{what} released" if is_done else nothing, now.unix)


def _is_meant(held: str, job: str) -> bool:
    """Whether releasing `job` releases what is held as `held`: its own name, or a pattern it falls under."""
    return held == job or (held != ALL and fnmatchcase(job, held))
