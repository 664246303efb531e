"""An oracle that finds nothing proves nothing: each lie that is planted in a true scene is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess

import pytest

from tests.torture.oracle import violations
from tests.torture.points import Play
from tests.torture.scene import Scene


@pytest.fixture(scope="module")
def true_scene(tmp_path_factory):
    """A scene that was played and in which nothing is wrong."""
    one = Play(tmp_path_factory.mktemp("true"), "nobody dies")
    assert one.play() == []
    return one.scene


@pytest.fixture
def scene(true_scene, tmp_path):
    """A copy of it, to lie in. Nothing in it may be run any more: its paths are the first one's."""
    shutil.copytree(true_scene.folder, tmp_path / "copy")
    return Scene(tmp_path / "copy")


def told(scene: Scene) -> str:
    return "\n".join(violations(scene, slots=3, asks_command_line=False))


LIES = {
    "a lost point": ("DELETE FROM points WHERE n=3 AND metric=1", "the store"),
    "a changed point": ("UPDATE points SET value=7 WHERE n=3 AND metric=1", "another order"),
    "bytes that were not read": ("UPDATE sources SET offset=offset-1 WHERE run='fails-1'", "was read to"),
    "another exit code": ("UPDATE runs SET exit_code=0 WHERE name='fails-1'", "true is [(3, None)]"),
    "a success": ("UPDATE runs SET result='finished' WHERE name='fails-1'", "finished with (3, None)"),
    "a loss": ("UPDATE runs SET result='lost', exit_code=NULL WHERE name='fails-1'", "only these were killed"),
    "a run that never ends": ("UPDATE runs SET status='running', result=NULL WHERE name='fails-1'", "stands at"),
    "a life too long": ("UPDATE runs SET ended_boot=ended_boot+9 WHERE name='fails-1'", "was gone at"),
    "a life too early": ("UPDATE runs SET started_boot=started_boot-9 WHERE name='fails-1'", "truly between"),
    "a line of the ledger gone": ("DELETE FROM ledger WHERE id=2", "the machine cost"),
    "a sum that is not that of the lines": ("UPDATE balances SET micro_usd=micro_usd+1 WHERE kind='run'", "the balances are not"),
    "a lease that began earlier": ("UPDATE leases SET from_boot=from_boot-9", "the ledger goes on at"),
    "a rate that was another": ("UPDATE leases SET micro_per_hour=2*micro_per_hour", "the machine cost"),
    "a charge too high": ("UPDATE ledger SET micro_usd=micro_usd+90000 WHERE run='fails-1'", "its share is"),
    "an event told twice": ("INSERT INTO events (at, run, kind, text) SELECT at, run, kind, text FROM events WHERE text='starting'", "twice"),
    "a wish nobody took": ("UPDATE intents SET done_at=NULL WHERE verb='pause'", "nobody took intent"),
    "a forgotten run": ("DELETE FROM runs WHERE name='fails-1'", "was acknowledged and is not there"),
}  # fmt: skip


@pytest.mark.parametrize(("lie", "found"), LIES.values(), ids=LIES)
def test_a_lie_in_the_store_is_told(scene, lie, found):
    assert told(scene) == ""
    with sqlite3.connect(scene.db) as db:
        for guard in ("ledger_is_never_changed", "ledger_is_never_shortened"):
            db.execute(f"DROP TRIGGER {guard}")
        assert db.execute(lie).rowcount
    assert found in told(scene)


def test_a_job_that_ran_twice_is_told(scene):
    first = next(line for line in scene.truth.read_text().splitlines() if '"start"' in line)
    with scene.truth.open("a") as file:
        file.write(json.dumps(json.loads(first) | {"ticks": 1}) + "\n")
    assert "ran 2 times" in told(scene)


def test_a_process_that_was_left_behind_is_told(scene):
    run_dir = scene.folder / "runs" / "fails-1"
    left = subprocess.Popen(["sleep", "60"], env={"TRAINUI_RUN_DIR": str(run_dir)})
    try:
        assert "still carries the name of a run" in told(scene)
    finally:
        left.kill()
        left.wait()


def test_more_jobs_at_once_than_slots_are_told(scene):
    assert "jobs at once on 1 slots" in "\n".join(violations(scene, slots=1, asks_command_line=False))
