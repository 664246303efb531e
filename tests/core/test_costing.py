"""What is to come in money, from a real store: for runs, for the budget, before a start, against plans."""

import time

import msgspec
import pytest

from tests.core.money_store import START, Books
from trainui.core.config import Budget, Config, Machine, Queue
from trainui.core.costing import AXES, before_start, before_starts, budget_outlook, run_costs, x_of
from trainui.core.costing.planned import planned
from trainui.core.costing.standing import standing
from trainui.core.gates import parse_gates
from trainui.core.prospects import prospects
from trainui.core.spec import Estimate, Job, Limits, Resources, Spec
from trainui.core.spec.study import study_with
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.schema import atomic
from trainui.core.store.verdicts import write_gates

HOUR = 3600.0
RATE = 3.60
"""Dollars an hour: a tenth of a cent a second."""


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Runs on a machine whose boot clock stands at NOW."""
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: NOW)
    books = Books(tmp_path)
    yield books
    books.db.close()


NOW = 10 * HOUR


@pytest.fixture
def look(books):
    """Opens a reader; closes it in the end."""
    readers = []

    def open_one():
        readers.append(books.reader())
        return readers[-1]

    yield open_one
    for reader in readers:
        reader.close()


def publish(books, *, left=None, step="", rate=RATE, config=None):
    """What the manager published at NOW."""
    lasts = None if left is None else START + NOW + left / rate * HOUR
    view = BudgetView(
        machine="box", usd_per_hour=rate, total_usd=None if left is None else 100.0, left_usd=left,
        lasts_until=lasts, step=step, used=0.8,
    )  # fmt: skip
    books.fact("budget", msgspec.to_builtins(view))
    if config is not None:
        books.fact("config", msgspec.to_builtins(config))


def stand(reader, **more):
    return standing(reader, now=START + NOW, **more)


def live(books, name, *, hours, done, study="s", **more):
    """A run that began so many hours ago and has done that part of its 1000 steps."""
    books.run(name, start=NOW - hours * HOUR, step=done * 1000, total_steps=1000, study=study, **more)
    books.line(name, NOW - hours * HOUR, NOW, round(hours * RATE * 1e6))


def mlp(**more):
    return Spec(job=Job(name="mlp", command=["x"]), **more)


# ---------------------------------------------------------------- runs


def test_a_run_alone_pays_the_whole_machine_to_its_end(books, look):
    publish(books)
    live(books, "mlp-1", hours=2, done=0.5)
    cost = run_costs(look(), stands=stand(look()))["mlp-1"]
    assert cost.usd == pytest.approx(7.2)
    assert cost.usd_to_end == pytest.approx(7.2, abs=0.01)
    assert cost.ends_at == pytest.approx(START + NOW + 2 * HOUR, abs=1)
    assert (cost.end_basis, cost.assumption) == ("pace", "nothing else starts")
    assert cost.text(now=START + NOW).startswith("7.20 $ more to the end at ")


def test_runs_that_share_bear_it_alike_until_one_ends(books, look):
    publish(books)
    live(books, "mlp-1", hours=1, done=0.5)
    live(books, "big-1", hours=1, done=0.25)
    found = run_costs(look(), stands=stand(look()))
    assert found["mlp-1"].usd_to_end == pytest.approx(1.8, abs=0.01)
    assert found["big-1"].usd_to_end == pytest.approx(1.8 + 7.2, abs=0.01)
    assert "with the other live run until they end" in found["mlp-1"].assumption


def test_without_totals_a_run_is_expected_to_take_as_long_as_past_ones_and_no_longer_than_its_limit(
    books, look
):
    publish(books)
    for number, hours in ((1, 2), (2, 4), (3, 3)):
        books.run(f"mlp-{number}", start=0.0, end=hours * HOUR)
    books.run("mlp-4", start=NOW - HOUR)
    books.run("mlp-5", start=NOW - HOUR, spec={"limits": {"hours": 1.5}})
    books.run("new-1", start=NOW - HOUR)
    ends = stand(look()).ends
    assert (ends["mlp-4"].seconds, ends["mlp-4"].basis) == (pytest.approx(2 * HOUR), "past runs")
    assert (ends["mlp-5"].seconds, ends["mlp-5"].basis) == (pytest.approx(HOUR / 2), "limit")
    assert (ends["new-1"].seconds, ends["new-1"].basis) == (None, "")
    cost = run_costs(look(), only={"new-1"}, stands=stand(look()))
    assert list(cost) == ["new-1"]
    assert (cost["new-1"].usd_to_end, cost["new-1"].ends_at) == (None, None)


def test_each_per_cent_is_paid_by_the_whole_line(books, look):
    publish(books)
    books.run("mlp-1", start=0.0, end=HOUR, result="failed")
    books.run("mlp-2", parent="mlp-1", start=2 * HOUR, end=3 * HOUR)
    books.run("mlp-3", start=2 * HOUR, end=3 * HOUR)
    for run in ("mlp-1", "mlp-2", "mlp-3"):
        books.line(run, 0, HOUR, 1_000_000)
    books.points("mlp-1", "val/mae", [(1, 100.0), (2, 90.0)])
    books.points("mlp-2", "val/mae", [(2 * HOUR + 1, 92.0), (2 * HOUR + 2, 80.0)], first_step=1)
    books.points("mlp-3", "val/mae", [(2 * HOUR + 1, 100.0), (2 * HOUR + 2, 120.0)])
    found = run_costs(look(), stands=stand(look()))
    assert found["mlp-2"].usd == 2.0
    assert (found["mlp-2"].better_percent, found["mlp-2"].usd_per_percent) == pytest.approx((20.0, 0.10))
    assert found["mlp-1"].usd_per_percent == pytest.approx(0.10)
    assert found["mlp-3"].usd_per_percent is None  # it became worse


@pytest.mark.parametrize(("limit", "target"), [(27, "best(val/mae) < 27"), (12, "")])
def test_the_target_costs_as_much_as_the_time_until_its_criterion_is_expected_to_hold(
    books, look, limit, target
):
    publish(books)
    live(books, "mlp-1", hours=1, done=0.4, epoch=40, total_epochs=100)
    gate = {
        "id": "low",
        "role": "criterion",
        "test": "value",
        "left": "best(val/mae)",
        "op": "<",
        "right": limit,
    }
    with atomic(books.db):
        write_gates(books.db, "mlp-1", parse_gates([gate], goals={"val/mae": "min"}))
    books.points("mlp-1", "val/mae", [(n, 20 + 78 * n**-0.6) for n in range(1, 41)])
    with atomic(books.db):
        books.db.execute("UPDATE points SET epoch=n+1")
    reader = look()
    cost = run_costs(reader, stands=stand(reader))["mlp-1"]
    assert cost.target == target
    if target:
        (found,) = prospects(reader, reader.run("mlp-1"), reader.gates("mlp-1"))
        at = found.outlooks["low"].at  # an epoch; the run is at 40 of 100
        assert 50 < at < 65
        assert cost.usd_to_target == pytest.approx(cost.usd_to_end * (at - 40) / 60, rel=0.01)
    else:
        assert cost.usd_to_target is None


# ---------------------------------------------------------------- the budget


def test_the_budget_tells_which_runs_end_before_it(books, look):
    publish(books, left=2.5 * RATE)
    live(books, "mlp-2", hours=1, done=0.5)
    live(books, "transformer-3", hours=1, done=0.2)
    books.run("odd-1", start=NOW - HOUR)
    found = budget_outlook(look(), stands=stand(look()))
    assert [(one.run, one.is_before) for one in found.ends] == [
        ("mlp-2", True), ("transformer-3", False), ("odd-1", None),
    ]  # fmt: skip
    assert found.text.startswith("budget lasts until ")
    assert "; mlp-2 ends " in found.text
    assert found.text.endswith("(after), when odd-1 ends nobody knows")


def test_without_a_budget_nothing_runs_out(books, look):
    publish(books)
    live(books, "mlp-2", hours=1, done=0.5)
    found = budget_outlook(look(), stands=stand(look()))
    assert (found.lasts_until, found.text, found.ends[0].is_before) == (None, "", True)


def test_a_machine_that_was_started_anew_has_spent_nothing_since(books, look):
    publish(books, left=RATE)
    books.line("", 0, 1, 10, kind="idle")  # in another boot than this one
    assert standing(look(), now=START + 90 * HOUR).lasts_until == START + 91 * HOUR


# ---------------------------------------------------------------- before a start


def test_a_job_that_never_finished_has_no_forecast(books, look):
    publish(books, left=10)
    books.run("mlp-1", start=0.0, end=HOUR, result="failed")
    found = before_start(look(), mlp())
    assert (found.basis, found.hours, found.fits) == ("no finished run of mlp", None, None)
    assert found.text.startswith(
        "no finished run of mlp: nobody can say what it will cost, budget lasts until "
    )


def past_runs(books, *hours, job="mlp", params=None):
    for number, long in enumerate(hours, 1):
        books.run(f"{job}-{number}", start=0.0, end=long * HOUR, spec={"params": params or {}})


def forecast(reader, spec, **more):
    return before_starts(reader, [spec], now=START + NOW, **more)[0]


def test_a_start_costs_what_past_runs_took_at_the_present_rate(books, look):
    publish(books, left=100)
    past_runs(books, 2, 5, 3)
    found = forecast(look(), mlp())
    assert (found.hours.low, found.hours.mid, found.hours.high, found.runs) == (2, 3, 5, 3)
    assert (found.usd.low, found.usd.mid, found.usd.high) == pytest.approx((7.2, 10.8, 18.0))
    assert (found.starts_at, found.ends_at) == (START + NOW, START + NOW + 3 * HOUR)
    assert found.fits is True
    assert found.text.startswith("about 3.0 h (2.0 h to 5.0 h), 10.80 $")
    assert "from 3 finished runs of mlp with the same params" in found.text


def test_runs_with_the_same_params_count_before_others(books, look):
    publish(books)
    past_runs(books, 1, 1, params={"epochs": 5, "lr": 3e-4})
    books.run("mlp-3", start=0.0, end=9 * HOUR, spec={"params": {"epochs": 50, "lr": 3e-4}})
    assert forecast(look(), mlp(params={"epochs": 50, "lr": 3e-4})).hours.mid == 9
    other = forecast(look(), mlp(params={"epochs": 7, "lr": 3e-4}))
    assert (other.hours.mid, other.basis) == (1, "3 finished runs of mlp with other params")


def test_a_start_beside_a_live_run_shares_the_machine_as_long_as_that_lasts(books, look):
    publish(books, left=100)
    past_runs(books, 2)
    live(books, "big-1", hours=1, done=0.5)
    found = forecast(look(), mlp())
    assert found.usd.mid == pytest.approx(1.8 + 3.6, abs=0.01)
    assert found.shares_with == ("big-1",)
    assert "shares the machine with big-1" in found.assumption


def test_what_is_started_together_shares_the_machine_whichever_was_named_first(books, look):
    publish(books, left=100)
    past_runs(books, 1)
    past_runs(books, 3, job="big")
    big = Spec(job=Job(name="big", command=["x"]))
    for order in ((mlp(), big), (big, mlp())):
        cost = {one.job: one.usd.mid for one in before_starts(look(), order, now=START + NOW)}
        assert cost == pytest.approx({"mlp": 1.8, "big": 1.8 + 7.2}), (
            "together what the machine costs meanwhile"
        )


@pytest.mark.parametrize(
    ("left", "fits", "told"),
    [
        (3.5 * RATE, True, ""),
        (2.5 * RATE, True, "and it may end"),
        (1.5 * RATE, False, "budget lasts until"),
    ],
)
def test_it_fits_when_it_ends_before_the_money(books, look, left, fits, told):
    publish(books, left=left)
    past_runs(books, 1, 2, 3)
    found = forecast(look(), mlp())
    assert found.fits is fits
    assert told in " ".join(found.problems)
    ends = {True: ": may not fit" if told else "budget lasts until", False: ": does not fit"}[fits]
    assert ends in found.text


@pytest.mark.parametrize(
    ("spec", "config", "told"),
    [
        (mlp(limits=Limits(usd=5)), Config(), "a run of it may cost 5.00 $"),
        (mlp(), Config(budget=Budget(per_run_usd=6)), "a run of it may cost 6.00 $"),
        (mlp(), Config(budget=Budget(studies={"mlp": 7})), "its study mlp has left 7.00 $"),
        (mlp(limits=Limits(hours=1)), Config(), "it is stopped after 1.0 h"),
    ],
)
def test_it_fits_only_within_its_own_limits(books, look, spec, config, told):
    publish(books, config=config)
    past_runs(books, 2)
    found = forecast(look(), spec)
    assert (found.fits, found.problems) == (False, (told,))


def test_what_live_runs_of_its_study_will_cost_is_spoken_for(books, look):
    publish(books, config=Config(budget=Budget(studies={"mlp": 12.0})))
    past_runs(books, 1)
    live(books, "big-1", hours=1, done=0.5, study="mlp")
    found = forecast(look(), mlp())
    assert found.usd.mid == pytest.approx(1.8, abs=0.01)
    assert found.fits is True  # 3.60 spent, 3.60 to come
    publish(books, config=Config(budget=Budget(studies={"mlp": 8.0})))
    assert forecast(look(), mlp()).problems == ("its study mlp has left 0.80 $",)


def test_nothing_fits_when_nothing_new_starts_any_more(books, look):
    publish(books, left=5, step="admit_no_more")
    found = forecast(look(), mlp())
    assert found.fits is False
    assert found.problems == ("nothing new starts any more: 80% of the budget is used",)


def test_a_start_waits_for_what_is_before_it(books, look):
    publish(books, left=100, config=Config(queue=Queue(slots=1)))
    past_runs(books, 2)
    past_runs(books, 1, job="big")
    live(books, "big-2", hours=1, done=0.5)
    books.run("big-3", start=None, status="queued")
    found = before_starts(look(), [mlp(), mlp()], now=START + NOW)
    assert [round((one.starts_at - START - NOW) / HOUR, 2) for one in found] == [2, 4]
    assert found[0].waits_for == ("big-2", "big-3")
    assert "after big-2, big-3" in found[0].text
    first = before_starts(look(), [mlp()], now=START + NOW, priority=1)[0]
    assert first.waits_for == ("big-2",)


def test_what_is_started_together_begins_in_the_order_of_its_priorities(books, look):
    publish(books, left=100, config=Config(queue=Queue(slots=1)))
    past_runs(books, 2)
    past_runs(books, 1, job="big")
    past_runs(books, 3, job="low")
    books.run("big-2", start=None, status="queued")
    books.run("low-2", start=None, status="queued", priority=-1)
    found = before_starts(look(), [mlp(), mlp(), mlp()], now=START + NOW, priorities=[0, 5, -1])
    assert [round((one.starts_at - START - NOW) / HOUR, 2) for one in found] == [3, 0, 8]
    assert found[0].waits_for == ("the new mlp (2 of 3)", "big-2")


def test_nobody_can_say_when_a_held_run_begins_and_no_other_waits_for_it(books, look):
    publish(books, left=100, config=Config(queue=Queue(slots=1)))
    past_runs(books, 2)
    alone = before_start(look(), mlp(), held=True)
    assert (alone.starts_at, alone.ends_at) == (None, None)
    assert "starts nobody knows when: it is held until you release it" in alone.text
    found = before_starts(look(), [mlp(), mlp()], now=START + NOW, held=[True, False])
    assert found[0].starts_at is None
    assert found[1].starts_at == START + NOW
    assert found[0].usd.mid > 0


def test_what_waits_for_another_of_the_same_start_begins_after_it_whatever_its_priority(books, look):
    publish(books, left=100, config=Config(queue=Queue(slots=1)))
    past_runs(books, 2)
    past_runs(books, 1, job="base")
    base = Spec(job=Job(name="base", command=["x"]))
    needing = msgspec.structs.replace(mlp(), job=Job(name="mlp", command=["x"], needs=["base"]))
    found = before_starts(look(), [base, needing], now=START + NOW, priorities=[0, 5])
    assert [round((one.starts_at - START - NOW) / HOUR, 2) for one in found] == [0, 1]


def test_nobody_knows_when_it_begins_behind_a_run_without_an_end(books, look):
    publish(books, left=100, config=Config(queue=Queue(slots=1)))
    past_runs(books, 2)
    books.run("odd-1", start=NOW - HOUR)
    found = forecast(look(), mlp())
    assert (found.starts_at, found.fits) == (None, None)
    assert "starts nobody knows when: nobody knows when odd-1 ends" in found.text
    assert found.usd.mid > 0


def test_a_start_that_needs_another_job_waits_for_its_run(books, look):
    publish(books, left=100)
    past_runs(books, 2)
    needing = mlp(resources=Resources())
    needing = msgspec.structs.replace(needing, job=Job(name="mlp", command=["x"], needs=["base"]))
    assert forecast(look(), needing).why_waiting == "no run of base yet"
    live(books, "base-1", hours=1, done=0.5)
    assert forecast(look(), needing).waits_for == ("base-1",)


def test_without_past_runs_the_estimate_is_all_there_is(books, look):
    publish(books)
    found = forecast(look(), mlp(estimate=Estimate(wall_hours=[4, 6])))
    assert (found.hours.low, found.hours.mid, found.hours.high, found.runs) == (4, 5, 6, 0)
    assert found.basis == "its [estimate]"


def test_a_project_that_nobody_started_a_run_in_is_reckoned_by_its_file(tmp_path):
    config = Config(
        budget=Budget(total_usd=10, spent_usd=2, reserve_usd=1),
        machine=[Machine(name="box", usd_per_hour=RATE)],
    )
    found = before_starts(None, [mlp(estimate=Estimate(wall_hours=1))], config=config, now=0.0)[0]
    assert found.usd.mid == pytest.approx(RATE)
    assert found.lasts_until == pytest.approx(7 / RATE * HOUR)


def test_a_trainui_toml_that_no_manager_has_seen_counts_at_once(books, look):
    old = Config(budget=Budget(total_usd=10), machine=[Machine(name="box", usd_per_hour=RATE)])
    publish(books, left=1.0, config=old)
    raised = msgspec.structs.replace(old, budget=Budget(total_usd=30))
    assert standing(look(), config=raised, now=0.0).budget.left_usd == pytest.approx(21.0)
    assert standing(look(), config=old, now=0.0).budget.left_usd == 1.0
    assert standing(look(), now=0.0).budget.left_usd == 1.0


# ---------------------------------------------------------------- plans


def test_a_study_and_its_jobs_are_compared_with_what_was_planned(books, look):
    estimate = {"decision_points": 4, "gpu_hours": [6, 8], "usd": 10.0}
    study = study_with("phase", [], {}, [], path=books.path)
    text = study.text[:-1] + ', "estimate": ' + msgspec.json.encode(estimate).decode() + "}"
    with atomic(books.db):
        books.db.execute("INSERT INTO studies VALUES ('phase', ?, 'd', 'f', 'open', 1.0)", (text,))
    spec = {"estimate": {"usd": [1, 3]}}
    books.run("mlp-1", start=0.0, end=2 * HOUR, study="phase", spec=spec, result="failed")
    books.run("mlp-2", parent="mlp-1", start=3 * HOUR, end=4 * HOUR, study="phase", spec=spec)
    books.run("mlp-3", start=3 * HOUR, end=5 * HOUR, study="phase", spec=spec)
    books.run("other-1", start=0.0, end=HOUR)
    books.line("mlp-1", 0, 2 * HOUR, 2_000_000, gpu_ms=7_200_000)
    books.line("mlp-3", 3 * HOUR, 5 * HOUR, 3_000_000, gpu_ms=7_200_000)
    for run, at in (("mlp-1", 0), ("mlp-2", 50), ("mlp-3", 100)):
        books.intent("start", run, at, held=False)
    books.intent("stop", "mlp-1", 110)
    whole, job = planned(look())
    assert (whole.kind, whole.name, whole.runs, whole.lines, whole.is_open) == ("study", "phase", 3, 2, False)
    told = {one.what: (one.planned, one.actual, one.remaining, one.ratio) for one in whole.compared}
    assert told["decision_points"] == ((4, 4), 2, (2, 2), 0.5)
    assert told["gpu_hours"] == ((6, 8), 4.0, (2.0, 4.0), pytest.approx(4 / 7))
    assert told["usd"] == ((10, 10), 5.0, (5, 5), 0.5)
    assert told["wall_hours"] == (None, 5.0, None, None)
    usd = {one.what: one for one in job.compared}["usd"]
    assert (job.name, job.lines, usd.planned, usd.ratio) == ("mlp", 2, (2, 6), 1.25)
    assert {one.what: one.actual for one in job.compared}["wall_hours"] == 4.0 + 2.0  # side by side


def test_a_study_of_which_nothing_was_started_is_compared_too(books, look):
    study = study_with("late", [], {}, [], path=books.path)
    text = msgspec.json.decode(study.text) | {"estimate": {"usd": 5}}
    from trainui.core.spec.study import study_of

    (found,) = planned(look(), studies=[study_of(msgspec.json.encode(text).decode())])
    assert (found.name, found.runs, found.is_open) == ("late", 0, False)
    assert next(one for one in found.compared if one.what == "usd").remaining == (5, 5)


# ---------------------------------------------------------------- x axes


def test_a_curve_over_money_goes_on_from_what_its_parent_cost_and_never_back(books, look):
    books.run("mlp-1", start=0.0, end=100.0, result="failed")
    books.run("mlp-2", parent="mlp-1", start=200.0, end=300.0)
    books.line("mlp-1", 0, 100, 1_000_000, gpu_ms=50_000)
    books.line("mlp-2", 200, 300, 2_000_000, gpu_ms=100_000)
    books.points("mlp-2", "val/mae", [(200, 5.0), (250, 4.0), (240, 3.5), (300, 3.0)])
    reader = look()
    points, course = reader.curve("mlp-2", "val/mae"), reader.course(reader.run("mlp-2"))
    assert x_of(points, "usd", course) == pytest.approx([1.0, 2.0, 2.0, 3.0])
    assert x_of(points, "elapsed", course) == pytest.approx([100, 150, 150, 200])
    assert x_of(points, "gpu_hours", course)[-1] == pytest.approx(150 / 3600)
    assert x_of(points, "wall", course) == [START + at for at in (200, 250, 240, 300)]
    assert x_of(points, "epoch", course) == [None] * 4
    assert x_of(points, "step") == [0, 1, 2, 3]
    assert {len(x_of(points, axis, course)) for axis in AXES} == {4}
