"""Who bears what: sums a reader can check by hand, among them those of the seed documents."""

from __future__ import annotations

import pytest

from trainui.core.money.amounts import micro_usd
from trainui.core.money.lease import Lease
from trainui.core.money.shares import Owed, Part, Span, charges, rates

HOUR = 3600.0
A100 = Lease(machine="lambda a100", rate=micro_usd(1.29), gpus=1)


def dollars(spans, lease=A100, *, start=0.0, end=HOUR, **more):
    """Bearer → dollars."""
    made = charges(spans, lease, start=start, end=end, **more)
    return {who: part.micro / 1e6 for who, part in made.parts.items()}


def test_three_runs_in_parallel_for_six_hours_cost_what_the_machine_costs():
    """The first seed document: three models side by side, about six hours, about 7 to 8 dollars."""
    spans = [
        Span(run=name, start=0, end=6 * HOUR, gpus=("gpu",)) for name in ("transformer", "mlp", "contrastive")
    ]
    parts = charges(spans, A100, start=0, end=6 * HOUR).parts
    assert sum(part.micro for part in parts.values()) == micro_usd(7.74)
    assert set(parts.values()) == {Part(micro=micro_usd(2.58), gpu_ms=2 * 3_600_000)}


def test_two_notebooks_share_a_t4():
    """The second seed document: one works from the first to the third hour, the other from the second to the fourth."""
    t4 = Lease(machine="t4", rate=micro_usd(0.60), gpus=1)
    spans = [
        Span(run="librispeech", start=0, end=3 * HOUR, gpus=("t4",)),
        Span(run="ami", start=HOUR, end=4 * HOUR, gpus=("t4",)),
    ]
    assert dollars(spans, t4, end=4 * HOUR) == {"librispeech": 1.2, "ami": 1.2}
    assert dollars(spans, t4, end=5 * HOUR) == {"librispeech": 1.2, "ami": 1.2, None: 0.6}
    assert dollars(spans, t4, end=2 * HOUR) == {"librispeech": 0.9, "ami": 0.3}


@pytest.mark.parametrize(
    ("share", "use", "expected"),
    [
        ("time", {"a": 0.7, "b": 0.3}, {"a": 0.5, "b": 0.5}),
        ("equal", {}, {"a": 0.5, "b": 0.5}),
        ("use", {"a": 0.7, "b": 0.3}, {"a": 0.7, "b": 0.3}),
        ("use", {"a": 0.35, "b": 0.15}, {"a": 0.7, "b": 0.3}),
        ("use", {"a": 0.7}, {"a": 0.5, "b": 0.5}),
        ("use", {"a": 0.0, "b": 0.0}, {"a": 0.5, "b": 0.5}),
    ],
)
def test_a_gpu_is_shared_by_time_or_by_measured_use(share, use, expected):
    one = Lease(machine="m", rate=micro_usd(1), gpus=1, share=share)
    spans = [Span(run=name, start=0, gpus=("g",)) for name in "ab"]
    assert dollars(spans, one, use=use) == expected


@pytest.mark.parametrize(
    ("share", "held", "expected"),
    [
        ("time", {"a": "01", "b": "2"}, {"a": 2.0, "b": 1.0, None: 1.0}),
        ("equal", {"a": "01", "b": "2"}, {"a": 2.0, "b": 2.0}),
        ("time", {"a": "0", "b": "0"}, {"a": 0.5, "b": 0.5, None: 3.0}),
        ("time", {"a": "0", "b": ""}, {"a": 1.0, "b": 3.0}),
        ("time", {"a": "", "b": ""}, {"a": 2.0, "b": 2.0}),
        ("time", {"a": "0123", "b": ""}, {"a": 4.0}),
        ("time", {}, {None: 4.0}),
    ],
)
def test_of_a_machine_with_four_gpus_each_bears_what_it_holds(share, held, expected):
    one = Lease(machine="m", rate=micro_usd(4), gpus=4, share=share)
    spans = [Span(run=name, start=0, gpus=tuple(gpus)) for name, gpus in held.items()]
    assert dollars(spans, one) == expected


def test_what_each_bears_an_hour_while_these_are_live():
    four = Lease(machine="m", rate=micro_usd(4), gpus=4)
    live = [
        Span(run="a", start=0, gpus=("0", "1")),
        Span(run="b", start=0, gpus=("1",)),
        Span(run="c", start=0),
    ]
    assert rates(live, four) == {"a": 1_500_000, "b": 500_000, "c": 2_000_000}
    assert rates([], four) == {}


def test_a_machine_without_gpus_has_no_gpu_hours():
    one = Lease(machine="m", rate=micro_usd(1))
    assert charges([Span(run="a", start=0)], one, start=0, end=HOUR).parts == {
        "a": Part(micro=1_000_000, gpu_ms=0)
    }


def test_time_before_between_and_after_runs_is_idle():
    spans = [Span(run="a", start=-50, end=900), Span(run="b", start=1800, end=2700)]
    one = Lease(machine="m", rate=3600)
    assert {who: part.micro for who, part in charges(spans, one, start=0, end=HOUR).parts.items()} == {
        "a": 900,
        "b": 900,
        None: 1800,
    }


def test_what_is_too_little_to_charge_is_owed_and_charged_when_it_has_become_enough():
    one = Lease(machine="m", rate=1_800_000)  # half a micro-dollar a millisecond
    spans = [Span(run="a", start=0)]
    first = charges(spans, one, start=0.0, end=0.001)
    assert first.parts == {"a": Part()}
    assert first.owed["a"].micro == 0.5
    second = charges(spans, one, start=0.001, end=0.002, owed={"a": Owed(micro=0.5)})
    assert second.parts == {"a": Part(micro=1)}
    assert second.owed["a"].micro == 0
