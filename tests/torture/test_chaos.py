"""The short form of `make torture`: some 25 kills at random moments over a mixed load, and everything is as promised."""

from __future__ import annotations

import pytest

from tests.torture.chaos import SLOTS, play_round

SEED = 11


@pytest.mark.parametrize("cap", [None, 8.0], ids=["no cap", "a cap that is reached"])
def test_random_kills_break_no_promise(tmp_path, cap):
    kills = 25 if cap is None else 8
    one, wrong = play_round(tmp_path, seed=SEED, kills=kills, long=5.0, pause=0.35, cap=cap)
    assert wrong == []
    assert one.kills.total() >= kills or cap
    assert one.scene.ask("SELECT count(*) FROM runs")[0][0] > SLOTS
