"""A real manager is killed around its settlements: the next one goes on, and the sums are exact."""

from __future__ import annotations

import pytest

from tests.torture.points import play


@pytest.mark.parametrize("point", ["manager settling#2", "manager settled#2"])
def test_a_manager_killed_in_a_settlement_leaves_a_ledger_that_the_next_one_continues_exactly(point):
    """Before the lines are written, and after that, before they are committed; the oracle looks at every line."""
    was_reached, wrong = play(point)
    assert (was_reached, wrong) == (True, [])
