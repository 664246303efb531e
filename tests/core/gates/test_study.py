"""The judge of a study: hypotheses across runs, the worst and the best of several, runs that come late or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.errors import NotFoundError, SpecError, UserError
from trainui.core.gates import Point, State, Verdict, parse_gates
from trainui.core.gates.plan import StudyPlan, plan_study
from trainui.core.gates.study import StudyJudge
from trainui.core.spec import MetricWords

LIBRI = (53.8, 53.8, 46.2, 61.5, 45.9)
"""Validation accuracy on pseudo-labels, as it was written down."""
AMI = tuple(50 + 28 * epoch / 30 for epoch in range(1, 31))
"""What was hoped for on real labels: a smooth climb from 50 to 78."""
WORDS = {
    "val_acc": MetricWords(from_=["Val Acc"], goal="max", fraction="auto", n_eval=1000),
    "train_acc": MetricWords(from_=["Train Acc"], goal="max"),
    "mae": MetricWords(goal="min"),
    "wer": MetricWords(goal="min"),
    "der": MetricWords(goal="min"),
}
SPEECH = {"libri": ("librispeech*",), "ami": ("ami*",)}
THREE = {"transformer": ("transformer",), "mlp": ("mlp",), "contrastive": ("contrastive",)}


def value(gate: str, left: str, op: str, right: object, **more: object) -> dict[str, Any]:
    role = more.pop("role", "hypothesis")
    return {"id": gate, "role": role, "test": "value", "left": left, "op": op, "right": right, **more}


H1 = value("H1-gain", "ami: best(val_acc)", ">=", 15, minus="libri: best(val_acc)", when="end")
H1_LEVEL = value("H1-level", "ami: best(val_acc)", "within", [75, 85], when="end")
H2 = value("H2-stable", "ami: drawdown(val_acc, epochs 1..10)", "<", 5, when="at epoch 10")
H3 = value("H3-learns", "ami: at(train_acc, epoch 10)", ">", 70, when="at epoch 10")
COMPARE = value(
    "compare-10", "ami: at(val_acc, epoch 10)", ">", 0, role="expect", when="at epoch 10",
    minus="libri: at(val_acc, epoch 10)",
)  # fmt: skip


def planned(runs: Mapping[str, Sequence[str]], *tables: Mapping[str, Any]) -> StudyPlan:
    return plan_study("mine", runs, parse_gates(tables, words=WORDS))


class Bench:
    """A judge of a study, and everything it has said."""

    def __init__(self, runs: Mapping[str, Sequence[str]], *tables: Mapping[str, Any]) -> None:
        self.judge = StudyJudge(planned(runs, *tables), judges_runs=True)
        self.said: list[Verdict] = []

    def feed(
        self, alias: str, metric: str, values: Iterable[float], *, run: str = "", first: int = 1
    ) -> Bench:
        for epoch, number in enumerate(values, first):
            point = Point(metric=metric, step=epoch * 10, value=number, epoch=epoch, at=epoch * 60.0)
            self.said += self.judge.feed(alias, run or f"{alias}-1", point)
        return self

    def meter(self, alias: str, name: str, number: float, *, run: str = "") -> Bench:
        self.said += self.judge.meters(alias, run or f"{alias}-1", {name: number}, at=100.0)
        return self

    def end(self, *aliases: str, result: str = "finished", run: str = "") -> Bench:
        for alias in aliases:
            code = 0 if result == "finished" else 1
            self.said += self.judge.end(alias, run or f"{alias}-1", result=result, exit_code=code, at=1e4)
        return self

    def close(self) -> Bench:
        self.said += self.judge.close(at=2e4)
        return self

    @property
    def states(self) -> dict[str, str]:
        return {gate: str(one.state) for gate, one in self.judge.current().items()}

    def now(self, gate: str) -> Verdict:
        return self.judge.current()[gate]


# -------------------------------------------------------------------- the seeds' hypotheses


def test_the_hypotheses_of_real_labels_come_out_as_the_numbers_say():
    bench = Bench(SPEECH, H1, H1_LEVEL, H2, H3, COMPARE)
    bench.feed("libri", "Val Acc", LIBRI).feed("ami", "Val Acc", AMI[:9]).feed("ami", "Train Acc", AMI[:9])
    assert bench.states["H2-stable"] == bench.states["H3-learns"] == "pending"
    bench.feed("ami", "Val Acc", AMI[9:], first=10)
    bench.feed("ami", "Train Acc", (73.0, 74.0), first=10)
    assert bench.states["H2-stable"] == bench.states["H3-learns"] == "passed"
    assert bench.now("H2-stable").value == 0
    assert bench.states["H1-gain"] == "pending"
    bench.end("ami")
    assert bench.states["H1-level"] == "passed"
    assert bench.states["H1-gain"] == "pending", "the other run still goes on"
    bench.end("libri")
    assert bench.states["H1-gain"] == "passed"
    assert bench.now("H1-gain").value == pytest.approx(78 - 61.5)
    assert bench.states["compare-10"] == "unknown"
    assert "libri-1 ended at epoch 5, before epoch 10" in bench.now("compare-10").reason


def test_the_variance_of_pseudo_labels_is_a_drawdown_of_more_than_five():
    bench = Bench(SPEECH, {**H2, "left": "libri: drawdown(val_acc, epochs 1..5)", "when": "at epoch 5"})
    bench.feed("libri", "Val Acc", LIBRI)
    assert bench.states == {"H2-stable": "failed"}
    assert bench.now("H2-stable").value == pytest.approx(61.5 - 45.9)


def test_a_gain_is_of_fractions_and_percents_alike():
    bench = Bench(SPEECH, H1)
    bench.feed("libri", "Val Acc", (0.538, 0.615)).feed("ami", "Val Acc", (60.0, 78.0)).end("ami", "libri")
    assert bench.states == {"H1-gain": "passed"}
    assert bench.now("H1-gain").value == pytest.approx(16.5)


def test_a_metric_that_is_now_a_fraction_and_now_percent_is_trusted_no_more():
    bench = Bench(SPEECH, H1)
    bench.feed("libri", "Val Acc", (0.538, 61.5)).feed("ami", "Val Acc", (60.0, 78.0)).end("ami", "libri")
    assert bench.states == {"H1-gain": "unknown"}
    assert "declare fraction" in bench.now("H1-gain").reason


@pytest.mark.parametrize(("best", "state"), [(78.0, "warn"), (84.0, "passed"), (70.0, "failed")])
def test_a_gain_that_chance_may_have_made_is_too_close_to_call(best: float, state: str):
    bench = Bench(SPEECH, {**H1, "confidence": 0.9})
    bench.feed("libri", "Val Acc", LIBRI).feed("ami", "Val Acc", (60.0, best)).end("ami", "libri")
    verdict = bench.now("H1-gain")
    assert verdict.state == state, verdict.reason
    assert verdict.interval is not None
    assert verdict.interval[0] < best - 61.5 < verdict.interval[1]
    assert (verdict.interval[0] < 15 < verdict.interval[1]) == (state == "warn")


def test_a_student_is_held_against_its_teacher():
    ratio = value("10pct", "student: best(wer)", "<=", 1.1, over="teacher: best(wer)", when="end")
    margin = value("5pct", "student: best(wer)", "<=", 5, minus="teacher: best(wer)", when="end")
    bench = Bench({}, ratio, margin)
    bench.feed("teacher", "wer", (40, 24.4)).feed("student", "wer", (45, 28.6)).end("teacher", "student")
    assert bench.states == {"10pct": "failed", "5pct": "passed"}
    assert bench.now("10pct").value == pytest.approx(28.6 / 24.4)
    assert "1.172" in bench.now("10pct").reason


@pytest.mark.parametrize(("contrastive", "state"), [(40.0, "passed"), (2.0, "failed")])
def test_the_primary_candidate_is_best_of_all(contrastive: float, state: str):
    best = value("best", "transformer: best(mae)", "<=", "best-of(mlp,contrastive): best(mae)", when="end")
    bench = Bench(THREE, best)
    bench.feed("transformer", "mae", (50, 3)).feed("mlp", "mae", (60, 25))
    bench.feed("contrastive", "mae", (90, contrastive)).end("transformer", "mlp", "contrastive")
    assert bench.states == {"best": state}


def test_a_run_that_never_came_leaves_what_rests_on_it_unknown_and_says_so():
    best = value("best", "transformer: best(mae)", "<=", "best-of(mlp,contrastive): best(mae)", when="end")
    each = value("mae-100", "best(mae)", "<", 100, role="criterion", run="transformer,contrastive")
    bench = Bench(THREE, best, each).feed("transformer", "mae", (50, 3)).feed("mlp", "mae", (60, 25))
    bench.end("transformer", "mlp")
    assert bench.states == {"best": "pending", "mae-100": "pending"}
    bench.close()
    assert bench.states == {"best": "unknown", "mae-100": "unknown"}
    assert "there is no run of contrastive" in bench.now("best").reason
    bench.feed("contrastive", "mae", (40,)).end("contrastive")
    assert bench.states == {"best": "passed", "mae-100": "passed"}, "it came after all"


def test_a_run_that_died_leaves_a_hypothesis_undecided():
    bench = Bench(SPEECH, H1).feed("libri", "Val Acc", LIBRI).feed("ami", "Val Acc", AMI)
    bench.end("ami").end("libri", result="failed")
    assert bench.states == {"H1-gain": "unknown"}
    assert bench.now("H1-gain").reason.startswith("libri-1 failed before it was decided")


def test_a_metric_that_no_run_wrote_is_unknown_by_name():
    bench = Bench(SPEECH, H1).feed("ami", "Val Acc", AMI).feed("libri", "accuracy", LIBRI).end("ami", "libri")
    assert bench.states == {"H1-gain": "unknown"}
    assert "libri: metric val_acc never appeared" in bench.now("H1-gain").reason


# -------------------------------------------------------------------- any, all, gates made of gates


def mae_100(across: str) -> dict[str, Any]:
    return value("mae-100", "best(mae)", "<", 100, role="criterion", run="*", across=across)


@pytest.mark.parametrize(
    ("across", "half_way", "at_the_end"), [("any", "passed", "passed"), ("all", "pending", "failed")]
)
def test_one_of_several_is_enough_or_is_not(across: str, half_way: str, at_the_end: str):
    bench = Bench(THREE, mae_100(across)).feed("mlp", "mae", (300, 80))
    assert bench.states["mae-100"] == half_way
    bench.feed("transformer", "mae", (900, 800)).feed("contrastive", "mae", (90,))
    bench.end("transformer", "mlp", "contrastive")
    assert bench.states["mae-100"] == at_the_end
    told = {run: str(one.state) for run, one in bench.judge.of_runs("mae-100").items() if one}
    assert told == {"transformer-1": "failed", "mlp-1": "passed", "contrastive-1": "passed"}
    assert ("mlp-1" if across == "any" else "transformer-1") in bench.now("mae-100").reason


def test_a_number_that_decided_early_tells_its_epoch():
    """The run went on to 80: 99 is the first below the limit, and no contradiction to its best."""
    bench = Bench(THREE, mae_100("any")).feed("mlp", "mae", (300, 99, 80)).end("mlp")
    assert bench.now("mae-100").reason.startswith("mlp-1 at epoch 2: best(mae) is 99 ")


def test_a_decision_gate_waits_for_all_that_it_is_made_of():
    ratio = value("der-10pct", "pipeline: last(der)", "<", 0.9, over="baseline: last(der)", when="end")
    tables = (
        mae_100("any"),
        {**ratio, "role": "criterion"},
        {"id": "gate4", "role": "criterion", "test": "all", "of": ["mae-100", "der-10pct"]},
        {"id": "phase4", "test": "ask", "question": "Worth iterating?", "needs": ["mae-100", "der-10pct"]},
    )
    bench = Bench(THREE, *tables).feed("mlp", "mae", (80,)).feed("baseline", "der", (9.1,)).end("baseline")
    assert (bench.states["gate4"], bench.states["phase4"]) == ("pending", "pending")
    bench.feed("pipeline", "der", (8.0,)).end("pipeline")
    assert (bench.states["gate4"], bench.states["phase4"]) == ("passed", "warn")
    bench.said += bench.judge.answer("phase4", True, who="ann", note="go", at=9.0)
    assert bench.states["phase4"] == "passed"
    assert "ann says yes" in bench.now("phase4").reason


def test_questions_that_nobody_can_answer_here_say_where():
    ask = {"id": "look-in", "test": "ask", "question": "plausible?", "run": "mlp", "when": "at epoch 5"}
    bench = Bench(THREE, ask, mae_100("any")).feed("mlp", "mae", (80,))
    with pytest.raises(UserError, match="asks about each of its runs") as raised:
        bench.judge.answer("look-in", True, who="ann", note="", at=1.0)
    assert "mlp-1" in raised.value.hint
    with pytest.raises(UserError, match="asks nothing"):
        bench.judge.answer("mae-100", True, who="ann", note="", at=1.0)
    with pytest.raises(NotFoundError):
        bench.judge.answer("mae", True, who="ann", note="", at=1.0)


def test_the_budget_is_of_all_runs_also_of_those_that_were_tried_again():
    budget = value("budget", "sum(@cost_usd)", "<=", 10, role="budget", run="*", warn_at=8)
    bench = Bench(THREE, {**budget, "on": {"tripped": ["notify", "hold-queue"]}})
    bench.meter("mlp", "@cost_usd", 3.0).meter("transformer", "@cost_usd", 4.0)
    assert bench.states == {"budget": "ok"}
    bench.meter("mlp", "@cost_usd", 2.0, run="mlp-2")
    assert bench.states == {"budget": "warn"}, "3 + 4 + 2"
    bench.meter("contrastive", "@cost_usd", 1.5)
    assert bench.states == {"budget": "tripped"}
    assert bench.said[-1].actions == ("notify", "hold-queue")


# -------------------------------------------------------------------- newer runs


def test_a_newer_run_takes_the_place_of_the_older():
    bench = Bench(SPEECH, H1, value("level", "best(val_acc)", ">=", 75, role="criterion", run="ami"))
    bench.feed("libri", "Val Acc", LIBRI).feed("ami", "Val Acc", (60, 61)).end("ami", "libri")
    assert bench.states == {"H1-gain": "failed", "level": "failed"}
    bench.said += bench.judge.begin("ami", "ami-2", at=3e4)
    assert bench.states == {"H1-gain": "pending", "level": "pending"}
    bench.feed("ami", "Val Acc", (99,), first=3)
    assert bench.states["level"] == "pending", "the older one says nothing any more"
    bench.feed("ami", "Val Acc", (77, 78), run="ami-2").end("ami", run="ami-2")
    assert bench.states == {"H1-gain": "passed", "level": "passed"}


def test_people_are_told_of_a_state_once_however_often_it_comes():
    bench = Bench(SPEECH, {**H1, "on": {"failed": ["notify", "launch:again"]}})
    bench.feed("libri", "Val Acc", LIBRI).feed("ami", "Val Acc", (60,)).end("ami", "libri")
    bench.feed("ami", "Val Acc", (60,), run="ami-2").end("ami", run="ami-2")
    failed = [one.actions for one in bench.said if one.state is State.FAILED]
    assert failed == [("notify", "launch:again"), ("launch:again",)]


# -------------------------------------------------------------------- what is judged where


def test_gates_are_judged_within_runs_unless_something_in_them_is_of_another():
    whole = {"id": "both", "role": "criterion", "test": "all", "of": ["level", "!wild"]}
    plan = planned(
        {"v1": ("one*",), "v2": ("two",)},
        value("level", "best(val_acc)", ">", 55, role="criterion", run="v2"),
        {
            "id": "wild",
            "role": "flag",
            "test": "regress",
            "metric": "val_acc",
            "ref": "best",
            "by": "8 points",
        },
        {**whole, "run": "v2"},
        {**whole, "id": "over"},
        {**whole, "id": "half", "run": "v1"},
        value("cost", "sum(@cost_usd)", "<=", 5, role="budget", run="v1,v2"),
        value("mine", "sum(@cost_usd)", "<=", 5, role="budget", run="v1"),
    )
    assert plan.homes == {"level": ("v2",), "wild": ("v1", "v2"), "both": ("v2",), "mine": ("v1",)}
    assert [gate.id for gate in plan.across] == ["over", "half", "cost"]
    assert [gate.id for gate in plan.within("two")] == ["level", "wild", "both"]
    assert [gate.id for gate in plan.within("one-b")] == ["wild", "mine"]
    assert plan.needs["half"] == ("v2", "v1")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (value("a", "amii: best(x)", ">", 1), "run 'amii' is not declared"),
        (value("a", "ami: best(x)", ">", 1, minus="best(x)"), "best(x) does not say of which run it is"),
        ({**H1, "on": {"failed": ["stop"]}}, "on.failed cannot stop"),
        ({**H1, "on": {"passed": ["checkpoint"]}}, "on.passed cannot checkpoint"),
    ],
)
def test_what_cannot_be_judged_across_runs_is_refused(table: Mapping[str, Any], says: str):
    with pytest.raises(SpecError) as raised:
        planned(SPEECH, table)
    assert says in str(raised.value)
    assert raised.value.message.startswith("gate '")


# -------------------------------------------------------------------- the order of hearing

Told = tuple[str, str, float, int]


def _stories() -> dict[str, list[Told]]:
    return {
        "libri": [("libri", "Val Acc", number, epoch) for epoch, number in enumerate(LIBRI * 3, 1)],
        "ami": [
            ("ami", metric, number, epoch)
            for epoch, number in enumerate(AMI[:14], 1)
            for metric in ("Val Acc", "Train Acc")
        ],
        "transformer": [("transformer", "mae", 200.0 / epoch, epoch) for epoch in range(1, 9)],
        "mlp": [("mlp", "mae", 300.0 / epoch, epoch) for epoch in range(1, 12)],
    }


GATES = (
    H1, H1_LEVEL, H2, H3, COMPARE,
    value("until-4", "mlp: best(mae)", ">=", "transformer: best(mae)", role="criterion", when="until epoch 4"),
    value("at-6", "mlp: mean(mae)", "<", 150, minus="transformer: last(mae)", when="at epoch 6"),
    value("total", "sum(@cost_usd)", "<=", 7, role="budget", run="ami,libri"),
    {**mae_100("any"), "run": "mlp,transformer"},
    {**mae_100("all"), "run": "mlp,transformer", "id": "mae-all"},
    {"id": "made-of", "role": "criterion", "test": "all", "of": ["mae-100", "H1-gain", "!H3-learns"]},
)  # fmt: skip


def _final(order: Sequence[str]) -> dict[str, tuple[str, float | None]]:
    bench = Bench({**SPEECH, "transformer": ("t",), "mlp": ("m",)}, *GATES)
    left = {alias: list(story) for alias, story in _stories().items()}
    for alias in [*order, *(name for name, story in left.items() for _ in range(len(story) + 1))]:
        if left[alias]:
            _, metric, number, epoch = left[alias].pop(0)
            bench.feed(alias, metric, (number,), first=epoch)
            bench.meter(alias, "@cost_usd", epoch / 4)
        else:
            bench.end(alias)
    bench.close()
    return {gate: (str(one.state), one.value) for gate, one in bench.judge.current().items()}


ALONE = _final([])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(_stories())), max_size=60))
def test_in_which_order_runs_are_heard_does_not_change_where_gates_end(order: list[str]):
    assert _final(order) == ALONE


def test_the_order_that_others_are_held_against_decides_something():
    assert {state for state, _ in ALONE.values()} >= {"passed", "failed", "tripped"}
