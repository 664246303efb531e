"""Whoever of manager, keeper, guard and child is killed at any numbered step: one job, its true end, no line lost."""

from __future__ import annotations

import pytest

from tests.torture.points import play_all, trace

POINTS = """\
manager took runs.db-lock
manager drafted runs.db-manager.json
manager wrote runs.db-manager.json
manager committing
manager committed
manager settling
manager settled
manager drafted origin.json
manager wrote origin.json
manager drafted before.json
manager wrote before.json
manager drafted allowance.json
manager wrote allowance.json
manager reserved stop.json
manager reserved exit.json
manager drafted launch.json
manager linked launch.json
manager wrote launch.json
manager spawned keeper
manager drafted streams.json
manager wrote streams.json
manager drafted pause.json
manager wrote pause.json
manager froze job
manager thawed job
manager removed pause.json
manager drafted stop.json
manager linked stop.json
manager wrote stop.json
manager poked pair
manager drafted saved.json
manager linked saved.json
manager wrote saved.json
keeper took keeper.lock
keeper drafted claim
keeper linked claim
keeper wrote claim
keeper drafted keeper.json
keeper wrote keeper.json
keeper forked guard
keeper saw guard dead
keeper reaped guard
keeper swept
guard took guard.lock
guard drafted guard.json
guard wrote guard.json
guard took job.lock
guard forked job
guard drafted job.json
guard linked job.json
guard wrote job.json
guard opened gate
guard sent checkpoint signal
guard drafted requested.json
guard linked requested.json
guard wrote requested.json
guard sent signal
guard drafted signalled.json
guard linked signalled.json
guard wrote signalled.json
guard sent SIGKILL
guard saw job dead
guard drafted exit.json
guard linked exit.json
guard wrote exit.json
guard reaped
guard asked stragglers
guard reaped stranger
guard killed stragglers
guard swept
child came to gate
child passed gate
""".splitlines()

OF_A_KEEPER_ALONE = """\
keeper sent checkpoint signal
keeper drafted requested.json
keeper linked requested.json
keeper wrote requested.json
keeper sent signal
keeper drafted signalled.json
keeper linked signalled.json
keeper wrote signalled.json
keeper sent SIGKILL
keeper saw job dead
keeper drafted exit.json
keeper linked exit.json
keeper wrote exit.json
keeper reaped
keeper asked stragglers
keeper reaped stranger
keeper killed stragglers
""".splitlines()
"""What a keeper does when its guard is dead: who dies here was the last of the pair."""


def of(who: str) -> list[str]:
    return [point for point in POINTS if point.startswith(who)]


def test_no_step_of_the_protocol_is_left_out():
    assert set(trace()) == set(POINTS)
    assert set(trace(without_guards=True)) - set(POINTS) == set(OF_A_KEEPER_ALONE)


@pytest.mark.parametrize(
    "points", [of("manager")[:12], of("manager")[12:], of("keeper"), of("guard")[:12], of("guard")[12:], of("child")],
    ids=["manager launching", "manager acting", "keeper", "guard starting", "guard ending", "child"],
)  # fmt: skip
def test_who_is_killed_at_a_step_takes_nothing_with_him(points):
    assert {point: wrong for point, wrong in play_all(points).items() if wrong} == {}


def test_a_keeper_killed_at_a_step_after_its_guard_leaves_a_lost_run_at_most():
    found = play_all(OF_A_KEEPER_ALONE, without_guards=True)
    assert {point: wrong for point, wrong in found.items() if wrong} == {}
