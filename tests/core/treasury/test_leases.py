"""Leases: opened and closed with the terms, the machine and its boot; what was until then is charged as it was."""

from __future__ import annotations

import pytest

from trainui.core.treasury import accounts as accounts_module


def leases(books, *columns):
    return [tuple(row) for row in books.db.execute(f"SELECT {', '.join(columns)} FROM leases ORDER BY id")]


def test_a_new_rate_holds_from_the_moment_it_is_seen(books):
    books.config(rate=3.6)
    books.begins("a")
    books.passes(100)
    books.config(rate=7.2)
    books.passes(50)
    books.ends("a")
    assert books.of("a") == 100 * 1000 + 50 * 2000
    assert leases(books, "micro_per_hour", "from_boot", "to_boot") == [
        (3_600_000, 1000.0, 1100.0),
        (7_200_000, 1100.0, None),
    ]
    assert "rate an hour 3.6 USD → 7.2 USD" in books.events()


def test_a_rate_that_changed_while_no_manager_lived_holds_from_when_it_is_seen(books):
    books.config(rate=3.6)
    books.begins("a")
    books.passes(100)
    books.manager_dies()
    books.boot += 1000
    books.config(rate=7.2)
    books.passes(10)
    books.ends("a")
    assert books.of("a") == 1100 * 1000 + 10 * 2000


def test_the_rest_of_a_begun_hour_is_held_while_the_lease_runs_and_charged_when_it_ends(books):
    books.config(rate=3.6, machine='billing = "hour"', budget="total_usd = 20")
    books.begins("a")
    books.passes(600)
    view, runs = books.shown()
    assert view.held_usd == pytest.approx(3.0)
    assert runs["a"].usd == pytest.approx(0.6)
    assert books.sums() == {"run": 600_000}
    books.config(rate=1.8, machine='billing = "hour"', budget="total_usd = 20")
    assert books.sums() == {"run": 600_000, "rounding": 3_000_000}


def test_who_shares_differently_goes_on_with_the_hour_that_was_begun(books):
    books.config(machine='billing = "hour"')
    books.passes(600)
    books.config(machine='billing = "hour"\nshare = "equal"')
    books.passes(3000)
    assert books.sums() == {"idle": 3_600_000}
    books.config(rate=0, machine='billing = "hour"')
    assert books.sums() == {"idle": 3_600_000}, "the hour is over, and no other was begun"
    assert [row[0] for row in leases(books, "share")] == ["time", "equal", "time"]


def test_more_gpus_are_seen_and_the_lease_says_so(books):
    books.config()
    books.accounts.sees(2)
    books.passes(5)
    assert leases(books, "gpus") == [(0,), (2,)]
    books.manager_dies()
    books.passes(5)
    assert len(leases(books, "gpus")) == 2, "what was seen in this boot is remembered"


@pytest.mark.parametrize(("away", "gap"), [(60, 60_000), (900, 900_000), (1500, 0)])
def test_a_short_restart_is_charged_at_the_old_rate_and_a_longer_one_is_told(books, away, gap):
    books.config()
    books.begins("a")
    books.passes(100)
    books.boot += 3  # nobody saw the last seconds
    books.unix += 3
    books.restarts(away=away - 3)
    books.passes(0)
    assert books.sums() == {"run": 100_000} | ({"gap": gap} if gap else {})
    told = books.events()[-1]
    assert ("are not charged" in told) == (not gap)
    assert "1.50 USD" in told if not gap else "are charged" in told
    books.passes(40)
    books.config(rate=0)
    assert books.sums()["idle"] == 40_000


def test_a_restart_within_an_hour_that_is_paid_whole_costs_nothing_more(books):
    books.config(machine='billing = "hour"')
    books.passes(600)
    books.restarts(away=300)
    books.passes(0)
    assert books.sums() == {"idle": 600_000, "rounding": 3_000_000}


def test_the_time_until_a_machine_was_last_seen_is_charged_though_no_line_told_of_it(books):
    books.config()
    books.begins("a")
    books.passes(30)
    assert books.lines("micro_usd") == []
    books.restarts(away=60)
    books.passes(0)
    assert (books.of("a"), books.sums()) == (30_000, {"run": 30_000, "gap": 60_000})


def test_an_end_that_is_known_only_after_the_restart_is_charged_to_its_moment(books):
    books.config()
    books.begins("a")
    books.passes(30)
    with books.db:
        books.db.execute("UPDATE runs SET ended_boot=?, ended_at=? WHERE name='a'", (1050.0, books.unix + 20))
    books.restarts(away=60)
    books.passes(0)
    assert books.of("a") == 50_000
    assert books.sums()["gap"] == 40_000


def test_a_machine_that_was_swapped_has_no_gap(books, monkeypatch):
    books.config()
    books.passes(100)
    monkeypatch.setattr(accounts_module, "host_identity", lambda: "another")
    books.restarts(away=60)
    books.passes(5)
    assert books.sums() == {"idle": 100_000}
    assert [row[0] for row in leases(books, "text")] == ["another machine is rented since", ""]
    assert len({row[0] for row in leases(books, "host")}) == 2


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
def test_a_wall_clock_that_is_set_changes_no_sum(books, step):
    books.config()
    books.begins("a")
    books.passes(100)
    books.passes(100, wall=step)
    books.passes(100)
    books.ends("a")
    assert books.sums() == {"run": 300_000}


def test_what_ran_before_anybody_knew_the_rate_is_charged_from_its_start(books):
    books.begins("a")
    books.boot += 40
    books.config()
    books.passes(60)
    assert books.of("a") == 100_000
