"""A trainui.toml that is gone, or empty for the moment in which it is saved: nothing is billed by mishap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trainui.core import manager as manager_module
from trainui.core.manager import Manager

CONFIG = """\
[budget]
total_usd = 10
[[machine]]
name = "here"
usd_per_hour = 0.5
billing = "hour"
"""


@pytest.fixture
def toml(tmp_path):
    (tmp_path / "jobs").mkdir()
    path = tmp_path / "trainui.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def manager(toml, monkeypatch):
    """One that is called by hand, on a clock that is moved by hand."""
    one = Manager(toml.parent / "runs.db", toml.parent)
    start, passed = manager_module._clock(), [0.0]
    monkeypatch.setattr(
        manager_module, "_clock",
        lambda: replace(start, boot=start.boot + passed[0], unix=start.unix + passed[0]),
    )  # fmt: skip

    def passes(seconds):
        passed[0] += seconds
        one.tick()

    one.passes = passes
    one.ask = lambda sql: [tuple(row) for row in one._db.execute(sql)]
    passes(0)
    yield one
    one._db.close()


@pytest.mark.parametrize("is_there", [True, False], ids=["empty", "gone"])
def test_a_file_that_is_being_saved_ends_no_lease_and_no_hour_that_was_begun(manager, toml, is_there):
    toml.write_text("") if is_there else toml.unlink()
    manager.passes(1.2)
    toml.write_text(CONFIG)
    manager.passes(1.2)
    manager.passes(60)
    assert manager.ask("SELECT machine, to_boot FROM leases") == [("here", None)]
    assert manager.ask("SELECT kind FROM ledger WHERE kind != 'idle'") == []


def test_a_budget_whose_file_is_gone_stays_in_force_and_people_are_told(manager, toml):
    toml.unlink()
    manager.passes(1.2)
    manager.passes(3)
    assert manager.ask("SELECT machine, to_boot FROM leases") == [("here", None)]
    assert (
        manager._accounts.problem
        == f"{toml} is gone (put it back; an empty one says that nothing costs anything)"
    )
    toml.write_text(CONFIG)
    manager.passes(1.2)
    assert manager._accounts.problem == ""


def test_an_empty_file_takes_the_budget_away_when_it_stays_so(manager, toml):
    toml.write_text("")
    manager.passes(1.2)
    manager.passes(3)
    assert [rate for (rate,) in manager.ask("SELECT micro_per_hour FROM leases")] == [500_000, 0]


def test_a_first_budget_with_a_mistake_lets_nothing_start_for_free(manager, toml):
    toml.write_text("")
    manager.passes(1.2)
    manager.passes(3)
    assert manager._steps.closed(manager_module._clock()) == ""
    toml.write_text(CONFIG.replace("0.5", "-1"))
    manager.passes(1.2)
    assert "trainui.toml to be mended" in manager._steps.closed(manager_module._clock())
    toml.write_text(CONFIG)
    manager.passes(1.2)
    assert manager._steps.closed(manager_module._clock()) == ""
