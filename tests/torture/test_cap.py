"""A budget for twenty seconds of three runs, no front end, and the manager is killed: the cap holds all the same."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import until
from tests.torture.chaos import Round
from tests.torture.scene import MICRO_PER_SECOND, make
from trainui.core.folder import lock_path
from trainui.core.process.files import lock

SECONDS = 20.0
RUNS = ("polite-1", "polite-2", "polite-3")


class Spending(Round):
    """Three runs that save when they are asked to, and money for twenty seconds of the machine."""

    def begin(self) -> None:
        """Start them, and wait until all of them live."""
        self._client.start_all(["polite"] * len(RUNS))
        self.watcher.start()
        until(lambda: self.count("SELECT 1 FROM runs WHERE status='running'") == len(RUNS))

    def count(self, sql: str) -> int:
        """Rows of an answer."""
        return len(self.scene.ask(sql))

    def kill_manager(self) -> None:
        """Kill the one that lives, as soon as there is one, and whoever was about to take its place."""
        for manager in until(self.scene.managers):
            self._slay("manager", "", manager)

    def kill_for_good(self) -> int:
        """Kill it, and whoever comes after it, until its place is taken: from here on nobody can manage."""
        while (held := lock(lock_path(self.scene.db))) is None:
            for one in self.scene.managers():
                self._slay("manager", "", one)
        os.truncate(lock_path(self.scene.db), 0)  # no beat stands still here: nobody waits for one
        return held

    def check(self) -> None:
        """Nothing was spent that was not there, everybody was stopped by the budget, and had saved."""
        assert self.judge() == []
        ended = self.scene.ask("SELECT name, status, result, cause FROM runs ORDER BY id")
        assert ended == [(run, "ended", "stopped", "budget") for run in RUNS]
        for run in RUNS:
            assert self.scene.ask("SELECT 1 FROM checkpoints WHERE run=?", run), f"{run} did not save"
            (reason,) = self.scene.ask("SELECT exit_signal FROM runs WHERE name=?", run)
            assert reason == (None,), f"{run} ended by its own will, in its grace"
        ((spent,),) = self.scene.ask("SELECT sum(micro_usd) FROM ledger WHERE kind != 'over'")
        assert spent <= SECONDS * MICRO_PER_SECOND


@pytest.fixture
def spending(tmp_path):
    one = Spending(
        make(tmp_path, long=900.0, slots=3, cap_usd=SECONDS * MICRO_PER_SECOND / 1e6),
        seed=0,
        slots=3,
        cap=SECONDS,
    )
    yield one
    one.sweep()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_manager_killed_at_random_twice_spends_nothing_that_is_not_there(spending, seed):
    dice = random.Random(seed)
    spending.begin()
    for _ in range(2):
        begun = spending.scene.ask("SELECT max(value) FROM points")[0][0] or 0
        further = begun + dice.uniform(0, 100)  # twenty points a second
        until(
            lambda further=further: (
                (spending.scene.ask("SELECT max(value) FROM points")[0][0] or 0) >= further
            )
        )
        spending.kill_manager()
    until(lambda: spending.count("SELECT 1 FROM runs WHERE status='ended'") == len(RUNS), 60)
    assert spending.kills["manager"] >= 2
    spending.finish()
    spending.check()


def test_with_the_manager_killed_for_good_keeper_and_guard_hold_the_cap(spending):
    spending.begin()
    held = spending.kill_for_good()
    until(lambda: not spending.scene.pairs() and not spending.scene.named(), 60)
    assert not spending.scene.managers()
    os.close(held)
    spending.finish()
    spending.check()
