"""A real manager is killed around its settlements: the next one goes on, and the sums are exact."""

from __future__ import annotations

from tests.torture.points import play_all

POINTS = ["manager settling#2", "manager settled#2", "manager settled#3"]
"""Before the lines of a settlement, and after them, before they are committed."""


def test_a_manager_killed_in_a_settlement_leaves_a_ledger_that_the_next_one_continues_exactly():
    found = play_all(POINTS, at_once=2)
    assert {point: wrong for point, wrong in found.items() if wrong} == {}
