"""Who starts now, and what the others are told."""

import pytest

from trainui.core.schedule import Holding, Start, Waiting, choose

TWO_GPUS = {"A": 40.0, "B": 40.0}


@pytest.mark.parametrize(
    ("waiting", "holding", "slots", "gpus", "needs", "money", "started", "reason"),
    [
        ([Waiting(run="a")], [], 2, {}, {}, "", [Start(run="a")], None),
        ([Waiting(run="a")], [Holding(run="x")], 1, {}, {}, "", [], "a slot: 1 of 1 taken"),
        ([Waiting(run="a", gpus=1)], [], 2, {}, {}, "", [Start(run="a")], None),
        ([Waiting(run="a", gpus=1)], [], 2, TWO_GPUS, {}, "", [Start(run="a", gpus=("A",))], None),
        ([Waiting(run="a", gpus=1)], [Holding(run="x", gpus=("A",))], 4, TWO_GPUS, {}, "",
         [Start(run="a", gpus=("B",))], None),
        ([Waiting(run="a", gpus=2)], [Holding(run="x", gpus=("A",))], 4, TWO_GPUS, {}, "", [], "2 free GPUs"),
        ([Waiting(run="a", gpus=1, share=True, memory_gib=10)],
         [Holding(run="x", gpus=("A",), share=True, memory_gib=25)], 4, {"A": 40.0}, {}, "",
         [Start(run="a", gpus=("A",))], None),
        ([Waiting(run="a", gpus=1, share=True, memory_gib=20)],
         [Holding(run="x", gpus=("A",), share=True, memory_gib=25)], 4, {"A": 40.0}, {}, "", [], "1 free GPU"),
        ([Waiting(run="a", gpus=1, share=True)], [Holding(run="x", gpus=("A",))], 4, {"A": 40.0}, {}, "", [],
         "1 free GPU"),
        ([Waiting(run="a", needs=("b",))], [], 2, {}, {"b": "b-1"}, "", [], "b-1"),
        ([Waiting(run="a", needs=("b",))], [], 2, {}, {"b": ""}, "", [Start(run="a")], None),
        ([Waiting(run="a")], [], 2, {}, {}, "budget: 0.00 $ left", [], "budget: 0.00 $ left"),
    ],
)  # fmt: skip
def test_the_schedule(waiting, holding, slots, gpus, needs, money, started, reason):
    starts, reasons = choose(waiting, holding, slots=slots, gpu_memory_gib=gpus, needs=needs, money=money)
    assert starts == started
    assert reasons.get("a") == reason


def test_slots_are_filled_in_order_and_no_further():
    starts, reasons = choose([Waiting(run=name) for name in "abc"], [], slots=2, gpu_memory_gib={}, needs={})
    assert [start.run for start in starts] == ["a", "b"]
    assert list(reasons) == ["c"]
