"""The ladder in motion: a real manager and a real store; the machine, its clock and its processes are made up."""

from __future__ import annotations

import pytest

from tests.core.treasury.played import Stage

TEN = "[budget]\ntotal_usd = 0.1\n"
"""A hundred seconds of the machine."""


@pytest.fixture
def stage(tmp_path):
    one = Stage(tmp_path)
    yield one
    one.close()


def steps(stage):
    return [text.split(":")[1].split(" of ")[0].strip() for run, text in stage.events() if not run]


def test_each_step_is_told_once_though_managers_come_and_go(stage):
    stage.config(TEN)
    stage.start("long")
    for _ in range(20):
        stage.pass_time(5)
        stage.kill_manager()
    told = [text for run, text in stage.events() if not run]
    assert len(told) == 4
    assert told[0].startswith("budget: 5")
    assert "nothing new starts from 75 %" in told[1]
    assert "from 90 % the runs worth least are stopped" in told[2]
    assert "everything is stopped" in told[3]
    assert stage.runs() == {"long-1": "stopped budget"}
    assert stage.view().step == "stop_all"


def test_nothing_new_starts_from_three_quarters_and_a_raise_lets_it_start(stage):
    stage.config(TEN)
    stage.start("long")
    stage.pass_time(76)
    late = stage.start("late")
    stage.pass_time(1)
    assert stage.runs() == {"long-1": "running", "late-1": "queued"}
    assert stage.waits(late).startswith("budget: 7")
    assert stage.waits(late).endswith(
        "of 0.10 $ spent, nothing new starts from 75 % (trainui.toml [budget.ladder])"
    )
    stage.config("[budget]\ntotal_usd = 1.0\n")
    stage.pass_time(2, step=1)
    assert stage.runs() == {"long-1": "running", "late-1": "running"}
    assert stage.view().step == ""


def test_a_lowered_budget_shortens_what_was_paid_ahead_at_once(stage):
    stage.config("[budget]\ntotal_usd = 10.0\n")
    stage.start("long")
    stage.pass_time(20)
    assert stage.paid[-1][1] > stage.world.boot + 40
    stage.config("[budget]\ntotal_usd = 0.05\n")
    stage.pass_time(1, step=1)
    begun = stage.eye.execute("SELECT from_boot FROM leases").fetchone()[0]
    assert stage.paid[-1][1] <= begun + 50
    assert stage.view().held_usd <= 0.05 - stage.view().spent_usd + 1e-6
    stage.pass_time(60)
    assert stage.runs() == {"long-1": "stopped budget"}


def test_a_rate_that_rises_a_little_shortens_what_was_paid_ahead_a_little(stage):
    stage.config("[budget]\ntotal_usd = 0.05\n")
    stage.start("long")
    stage.pass_time(10)
    before, left = stage.paid[-1][1], stage.paid[-1][1] - stage.world.boot
    stage.config("[budget]\ntotal_usd = 0.05\n", rate=3.636)
    stage.pass_time(1, step=1)
    assert stage.paid[-1][1] == pytest.approx(before - left / 100, abs=0.05)
    assert stage.view().spent_usd + stage.view().held_usd <= 0.05 + 1e-6
    stage.pass_time(60)
    assert stage.runs() == {"long-1": "stopped budget"}


def test_the_run_worth_least_is_stopped_first_and_who_ends_in_time_is_spared(stage):
    stage.config("[budget]\ntotal_usd = 1.0\n")  # a thousand seconds
    good, soon, low = stage.start("good"), stage.start("soon"), stage.start("low", priority=-1)
    stage.pass_time(850)
    for run, done in ((good, 10), (soon, 95), (low, 10)):  # soon: some 45 s to go
        stage.progress(run, done)
    stage.pass_time(40)
    assert set(stage.runs().values()) == {"running"}
    stage.pass_time(15)
    assert stage.runs()[low] == "stopped budget"
    assert stage.runs()[soon] == "running"
    stage.pass_time(10)
    assert stage.runs() == {good: "stopped budget", soon: "running", low: "stopped budget"}
    told = [(run, text.split(":")[0]) for run, text in stage.events() if run]
    assert told[:2] == [(low, "low-1 is worth least"), (good, "good-1 is worth least")]
    ((why,),) = stage.eye.execute("SELECT text FROM events WHERE kind='budget' AND run='low-1'").fetchall()
    assert "priority -1, would end " in why
    assert "the money lasts until " in why
    stage.pass_time(20)
    assert stage.runs()[soon] == "running"


def test_the_last_run_is_never_stopped_before_the_money_ends(stage):
    stage.config("[budget]\ntotal_usd = 1.0\n")
    stage.start("a")
    stage.start("b")
    stage.pass_time(900)
    stage.pass_time(60)
    assert sorted(stage.runs().values()) == ["running", "stopped budget"]
    stage.pass_time(60)
    assert set(stage.runs().values()) == {"stopped budget"}


def test_a_study_has_its_own_cap_and_the_others_go_on(stage):
    stage.config("[budget]\ntotal_usd = 10.0\n[budget.studies]\nsmall = 0.05\n")
    stage.start("one", study="small")
    stage.start("two", study="small")
    stage.start("other", study="big")
    stage.pass_time(200)
    assert stage.runs() == {"one-1": "stopped budget", "two-1": "stopped budget", "other-1": "running"}
    spent = stage.eye.execute("SELECT sum(micro_usd) FROM ledger WHERE run IN ('one-1', 'two-1')").fetchone()[
        0
    ]
    assert 30_000 < spent <= 50_000
    late = stage.start("three", study="small")
    stage.pass_time(1)
    assert stage.waits(late).startswith("budget of study small: 0.0")
    assert stage.waits(late).endswith(
        "of 0.050 $ spent (trainui.toml [budget.studies]): too little for the 5 s that its stop may take"
    )
    told = {run for run, text in stage.events() if "of study small are nearly spent" in text}
    assert told == {"one-1", "two-1"}


@pytest.mark.parametrize("where", ["[limits] usd", "[budget] per_run"])
def test_a_run_has_its_own_cap_and_the_others_go_on(stage, where):
    is_own = where == "[limits] usd"
    stage.config("[budget]\ntotal_usd = 10.0\n" + ("" if is_own else "per_run_usd = 0.05\n"))
    stage.start("capped", more=',"limits":{"usd":0.05}' if is_own else "")
    stage.start("other", more="" if is_own else ',"limits":{"usd":5}')
    stage.pass_time(150)
    assert stage.runs() == {"capped-1": "stopped budget", "other-1": "running"}
    spent = stage.eye.execute("SELECT sum(micro_usd) FROM ledger WHERE run='capped-1'").fetchone()[0]
    assert 30_000 < spent <= 50_000
    assert (
        "capped-1",
        f"its limit of 0.050 $ is nearly spent ({where}): it is stopped in time",
    ) in stage.events()


def test_by_the_hour_runs_are_paid_to_the_end_of_the_last_hour_that_can_be_paid(stage):
    stage.config("[budget]\ntotal_usd = 5.0\n", rate=1.29, billing="hour")  # three hours are 3.87, four 5.16
    stage.start("long")
    begun = stage.eye.execute("SELECT from_boot FROM leases").fetchone()[0]
    stage.pass_time(3 * 3600 + 600, step=30)
    assert stage.runs() == {"long-1": "stopped budget"}
    assert max(until for _, until, _ in stage.paid) == pytest.approx(begun + 3 * 3600, abs=0.1)
    assert stage.view().step == "stop_all"
    told = [text for run, text in stage.events() if not run]
    assert len(told) == 4
    late = stage.start("late")
    stage.pass_time(1)
    assert stage.waits(late).startswith("budget: 100 % of 4.0")  # idle time went on
    assert stage.waits(late).endswith(
        " $ spent (5.00 $ pay no further hour), everything is stopped from 100 % (trainui.toml [budget.ladder])"
    )
    assert (
        "budget: 75 % of 3.87 $ spent (5.00 $ pay no further hour): nothing new starts from 75 %" in told[1]
    )


def test_the_reserve_is_not_for_runs(stage):
    stage.config("[budget]\ntotal_usd = 0.1\nreserve_usd = 0.05\n")
    stage.start("long")
    stage.pass_time(60)
    assert stage.runs() == {"long-1": "stopped budget"}
    assert max(until for _, until, _ in stage.paid) <= stage.paid[0][2] + 51


def test_what_was_spent_before_counts(stage):
    stage.config("[budget]\ntotal_usd = 0.1\nspent_usd = 0.08\n")
    run = stage.start("late")
    stage.pass_time(1)
    assert stage.waits(run).startswith("budget: 8")
    assert len([text for run, text in stage.events() if not run]) == 2


def test_steps_that_are_left_out_do_nothing_and_all_can_be_stopped_earlier(stage):
    ladder = "[budget.ladder]\nstop_all = 60\n"
    stage.config(TEN + ladder.replace("stop_all", "tell = 10\nadmit_no_more = 55\nstop_least = 58\nstop_all"))
    stage.start("a")
    stage.start("b")
    stage.pass_time(90)
    assert set(stage.runs().values()) == {"stopped budget"}
    assert max(until for _, until, _ in stage.paid) <= stage.paid[0][2] + 61


def test_a_machine_without_a_rate_has_no_ladder(stage):
    stage.config(TEN, rate=0)
    stage.start("long")
    stage.pass_time(3600, step=60)
    assert stage.runs() == {"long-1": "running"}
    assert stage.events() == []


def test_a_removed_budget_forgets_the_ladder(stage):
    stage.config(TEN)
    stage.start("long")
    stage.pass_time(78)
    stage.config("")
    stage.pass_time(200)
    assert stage.runs() == {"long-1": "running"}
    assert stage.view().step == ""
