"""A manager that hangs is killed and replaced; one that moves, slept or is older than heartbeats is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from launched import until

from trainui.core import standby
from trainui.core.client import Client
from trainui.core.process import beat, revive
from trainui.core.process.beat import LATE, Watcher, last_beat
from trainui.core.process.files import lock, write_json
from trainui.core.process.identity import boot_seconds, identity_of, is_alive, send_signal, stat_of
from trainui.core.process.revive import Reviver

HOLDER = """
import os, sys, time
from trainui.core.process import beat, revive
from trainui.core.process.files import lock, write_json
from trainui.core.process.identity import identity_of
held = lock(sys.argv[1] + "-lock")
if "--old" not in sys.argv:
    beat.begin(held)
write_json(sys.argv[1] + "-manager.json", identity_of(os.getpid()).to_dict())
time.sleep(1000)
"""


@pytest.fixture
def db(tmp_path):
    """Where a database is, or seems to be."""
    path = tmp_path / "runs.db"
    path.touch()
    return str(path)


@pytest.fixture
def hold(db):
    """Starts what holds the manager's lock, has beaten once and does nothing more."""
    made = []

    def start(*words):
        made.append(subprocess.Popen([sys.executable, "-c", HOLDER, db, *words]))
        return until(lambda: beat.manager_of(db))

    yield start
    for one in made:
        one.kill()
        one.wait()


@pytest.fixture
def later(monkeypatch):
    """Turns the watcher's clock forward."""
    clock = [boot_seconds()]
    monkeypatch.setattr(beat, "boot_seconds", lambda: clock[0])

    def turn(seconds):
        clock[0] += seconds

    return turn


def test_a_manager_whose_beat_stands_still_is_killed_at_the_second_look(db, hold, later):
    manager, watcher = hold(), Watcher(db)
    later(LATE - 2)
    assert not watcher.end_hung()
    assert not watcher.suspects
    later(4)
    assert not watcher.end_hung()
    assert watcher.suspects
    assert is_alive(manager)
    later(2)
    assert watcher.end_hung()
    until(lambda: not is_alive(manager))


def test_a_manager_that_beats_between_two_looks_lives(db, hold, later):
    """The machine slept: all clocks are far ahead, and the manager is well."""
    manager, watcher = hold(), Watcher(db)
    later(10_000)
    assert not watcher.end_hung()
    os.pwrite(os.open(f"{db}-lock", os.O_WRONLY), b"%-20.3f\n" % (last_beat(db) + 1), 0)
    later(4)
    assert not watcher.end_hung()
    assert is_alive(manager)


def test_a_manager_without_beats_is_older_than_they_are_and_is_left_alone(db, hold, later):
    manager, watcher = hold("--old"), Watcher(db)
    for _ in range(3):
        later(10_000)
        assert not watcher.end_hung()
    assert is_alive(manager)


def test_nobody_is_killed_for_a_manager_that_is_gone(db, hold, later):
    """Its lock file tells an old beat, and its pid may be a stranger's by now."""
    gone, watcher = hold(), Watcher(db)
    send_signal(gone, signal.SIGKILL)
    until(lambda: beat.manager_of(db) is None)
    stranger = subprocess.Popen(["sleep", "1000"])
    write_json(f"{db}-manager.json", {**gone.to_dict(), "pid": stranger.pid})
    held = lock(f"{db}-lock")
    for _ in range(3):
        later(LATE + 1)
        assert not watcher.end_hung()
    assert stranger.poll() is None
    os.close(held)
    stranger.kill()
    stranger.wait()


def test_beats_are_rare_and_a_lock_taken_anew_is_fresh(tmp_path, later, monkeypatch):
    monkeypatch.setattr(beat, "_heart", None)
    db = str(tmp_path / "runs.db")
    beat.beat()
    assert last_beat(db) is None, "a process that is no manager has no beat"
    (tmp_path / "runs.db-lock").write_text("5.0\n")
    held = lock(f"{db}-lock")
    beat.begin(held)
    first = last_beat(db)
    assert first > 5
    later(beat.EVERY / 2)
    beat.beat()
    assert last_beat(db) == first
    later(beat.EVERY)
    beat.beat()
    assert last_beat(db) == pytest.approx(first + 1.5 * beat.EVERY, abs=0.01)
    os.close(held)


def test_a_beat_that_cannot_be_written_is_taken_back(tmp_path, monkeypatch):
    monkeypatch.setattr(beat, "_heart", None)
    db = str(tmp_path / "runs.db")
    held = lock(f"{db}-lock")
    beat.begin(held)

    def full(*_words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    beat.begin(held)
    assert last_beat(db) is None
    os.close(held)


# ---------------------------------------------------------------- real managers


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A real manager that was sent SIGSTOP; its last beat is put back, so that nobody has to wait."""
    monkeypatch.setattr(standby, "SECOND_LOOK", 0.2)
    (tmp_path / "trainui.toml").touch()
    client = Client(tmp_path, tmp_path / "runs.db")
    client.ensure_manager()
    manager = until(client.manager)
    until(client.db.exists)  # it is known by name before: without runs.db nobody would need another manager
    os.kill(manager.pid, signal.SIGSTOP)
    until(lambda: stat_of(manager.pid).state == "T")
    Path(f"{client.db}-lock").write_text(f"{boot_seconds() - 2 * beat.LATE:.3f}\n")
    yield client, manager
    monkeypatch.undo()
    for one in (manager, client.manager()):
        if one is not None:
            send_signal(one, signal.SIGKILL)
    until(lambda: client.manager() is None)


def test_a_client_replaces_a_manager_that_was_stopped(stopped):
    client, manager = stopped
    client.ensure_manager()
    second = until(client.manager)
    assert second != manager
    assert not is_alive(manager)


def test_a_keeper_replaces_a_manager_that_was_stopped(run, stopped, monkeypatch):
    client, manager = stopped
    clock, begun = [boot_seconds()], []
    monkeypatch.setattr(revive, "boot_seconds", lambda: clock[0])
    monkeypatch.setattr(
        revive, "detach", lambda argv, *_words, **_more: begun.append(subprocess.Popen(argv, cwd=run.folder))
    )
    reviver = Reviver(run.order(["true"]), is_senior=True, oom_score=None)

    def look():
        clock[0] += 4
        reviver.look()
        return begun

    try:
        until(look)
        assert not is_alive(manager)
        assert until(client.manager) != manager
    finally:
        for one in begun:  # the fixture would not know of one that has not got its lock yet
            one.kill()
            one.wait()


def test_a_junior_leaves_that_to_its_senior(run, stopped):
    client, manager = stopped
    run.dir.mkdir()
    held = lock(run.dir / "keeper.lock")
    reviver = Reviver(run.order(["true"]), is_senior=False, oom_score=None)
    for _ in range(3):
        reviver._next = 0
        reviver.look()
    assert client.manager() == manager
    os.close(held)


def test_a_manager_beats_as_long_as_it_lives(tmp_path):
    client = Client(tmp_path, tmp_path / "runs.db")
    client.ensure_manager()
    manager = until(client.manager)
    first = last_beat(str(client.db))
    assert identity_of(manager.pid) == manager
    until(lambda: last_beat(str(client.db)) > first)
    client.stop_manager()
    assert client.manager() is None
