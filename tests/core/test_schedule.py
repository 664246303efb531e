"""Who starts now, and what the others are told."""

import pytest

from trainui.core.schedule import Gpu, Holding, Room, Start, Waiting, choose

ONE_GPU = {"A": Gpu(total=40)}
TWO_GPUS = {"A": Gpu(total=40), "B": Gpu(total=40)}
UNKNOWN = "1 free GPU: no run of the job has shown yet how much memory it needs"


def sharing(run, gib):
    return Waiting(run=run, gpus=1, share=True, memory_gib=gib)


def shared(run, gib):
    return Holding(run=run, gpus=("A",), share=True, memory_gib=gib)


@pytest.mark.parametrize(
    ("waiting", "holding", "slots", "gpus", "needs", "money", "started", "reason"),
    [
        (Waiting(run="a"), [], 2, {}, {}, "", (), None),
        (Waiting(run="a"), [Holding(run="x")], 1, {}, {}, "", None, "a slot: 1 of 1 taken"),
        (Waiting(run="a", gpus=1), [], 2, {}, {}, "", (), None),  # no GPU here: a CPU slot
        (Waiting(run="a", gpus=1), [], 2, TWO_GPUS, {}, "", ("A",), None),
        (Waiting(run="a", gpus=1), [Holding(run="x", gpus=("A",))], 4, TWO_GPUS, {}, "", ("B",), None),
        (Waiting(run="a", gpus=2), [Holding(run="x", gpus=("A",))], 4, TWO_GPUS, {}, "", None, "2 free GPUs"),
        (sharing("a", 10), [shared("x", 25)], 4, ONE_GPU, {}, "", ("A",), None),
        (sharing("a", 20), [shared("x", 25)], 4, ONE_GPU, {}, "", None,
         "1 free GPU: 20 GiB needed, 15 of 40 free"),
        (sharing("a", 10), [Holding(run="x", gpus=("A",))], 4, ONE_GPU, {}, "", None, "1 free GPU"),
        (sharing("a", None), [], 4, ONE_GPU, {}, "", ("A",), None),  # alone, to learn what it needs
        (sharing("a", None), [shared("x", 5)], 4, ONE_GPU, {}, "", None, UNKNOWN),
        (sharing("a", 5), [shared("x", None)], 4, ONE_GPU, {}, "", None, UNKNOWN),
        (sharing("a", 5), [shared("x", 30)], 4, TWO_GPUS, {}, "", ("B",), None),  # the empty one first
        (Waiting(run="a", needs=("b",)), [], 2, {}, {"b": "b-1"}, "", None, "b-1"),
        (Waiting(run="a", needs=("b",)), [], 2, {}, {"b": ""}, "", (), None),
        (Waiting(run="a"), [], 2, {}, {}, "budget: 0.00 $ left", None, "budget: 0.00 $ left"),
        (Waiting(run="a", held="you: trainui release a"), [], 2, {}, {}, "", None, "you: trainui release a"),
    ],
)  # fmt: skip
def test_one_run_starts_or_is_told_why_not(waiting, holding, slots, gpus, needs, money, started, reason):
    starts, reasons = choose([waiting], holding, room=Room(slots=slots, gpus=gpus), needs=needs, money=money)
    assert starts == ([] if started is None else [Start(run="a", gpus=started)])
    assert reasons.get("a") == reason


@pytest.mark.parametrize(
    ("run", "others", "reason"),
    [
        (Waiting(run="a", gpus=1), 0.4, None),  # a desktop
        (Waiting(run="a", gpus=1), 30, "1 free GPU: another program holds 30 of 40 GiB"),
        (Waiting(run="a", gpus=1, memory_gib=8), 30, None),
        (sharing("a", 12), 30, "1 free GPU: 12 GiB needed, 10 of 40 free"),
    ],
)
def test_a_gpu_whose_memory_a_stranger_holds_is_not_free(run, others, reason):
    room = Room(slots=4, gpus={"A": Gpu(total=40, others=others)})
    starts, reasons = choose([run], [], room=room, needs={})
    assert reasons.get("a") == reason
    assert bool(starts) == (reason is None)


def test_memory_promised_to_a_run_and_not_taken_yet_is_not_given_twice():
    runs = [Waiting(run=name, ram_gib=10) for name in "ab"]
    starts, reasons = choose(
        runs, [Holding(run="x", ram_gib=5)], room=Room(slots=9, ram_free_gib=20), needs={}
    )
    assert [start.run for start in starts] == ["a"]
    assert reasons["b"] == "10 GiB of memory: 5.0 free"


def test_cpu_slots_are_counted_and_one_that_asks_for_more_than_there_is_runs_alone():
    room = Room(slots=9, cpus=4)
    big = Waiting(run="big", cpus=16)
    assert choose([big], [], room=room, needs={})[0] == [Start(run="big")]
    starts, reasons = choose([Waiting(run="a", cpus=3), Waiting(run="b", cpus=2)], [], room=room, needs={})
    assert [start.run for start in starts] == ["a"]
    assert reasons["b"] == "2 CPU slots: 3 of 4 taken"


def test_slots_are_filled_in_order_and_no_further():
    starts, reasons = choose([Waiting(run=name) for name in "abc"], [], room=Room(slots=2), needs={})
    assert [start.run for start in starts] == ["a", "b"]
    assert list(reasons) == ["c"]


def test_nobody_takes_the_gpu_that_a_run_of_higher_priority_waits_for():
    live = [Holding(run="x", gpus=("A",))]
    room = Room(slots=9, gpus=TWO_GPUS)
    first = Waiting(run="both", gpus=2, priority=5)
    small = Waiting(run="small", gpus=1)
    starts, reasons = choose([first, small, Waiting(run="cpu")], live, room=room, needs={})
    assert [start.run for start in starts] == ["cpu"]
    assert reasons["small"] == "both, which goes first"
    equal = Waiting(run="both", gpus=2)
    assert [start.run for start in choose([equal, small], live, room=room, needs={})[0]] == ["small"]


def test_who_waits_for_something_else_does_not_hide_one_of_higher_priority():
    """cpu3 waits for CPU slots with the same priority; big waits for memory with a higher one."""
    room = Room(slots=9, cpus=4, ram_free_gib=20)
    runs = [
        Waiting(run="big", priority=5, ram_gib=1000),
        Waiting(run="cpu3", cpus=3),
        Waiting(run="both", ram_gib=1),
        Waiting(run="cpu1"),
    ]
    starts, reasons = choose(runs, [Holding(run="x", cpus=3)], room=room, needs={})
    assert [start.run for start in starts] == ["cpu1"]
    assert reasons["both"] == "big, which goes first"


def test_nobody_who_asks_for_a_gpu_starts_without_while_the_driver_is_away():
    room = Room(slots=9, gpu_trouble="NVML: Driver Not Loaded")
    starts, reasons = choose([Waiting(run="a", gpus=1), Waiting(run="b")], [], room=room, needs={})
    assert [start.run for start in starts] == ["b"]
    assert reasons["a"] == "its GPU: NVML: Driver Not Loaded"
