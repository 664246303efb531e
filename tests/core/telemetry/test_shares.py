"""What of each GPU is whose: by pid, by exclusion, or unknown with a reason."""

import pytest
from fake_nvml import GIB

from trainui.core.store.views import GpuView
from trainui.core.telemetry.nvml import GpuLook, Look
from trainui.core.telemetry.shares import NO_PIDS, Before, Claims, GpuUse, other_use, uses


def gpu(uuid="A", *, used=10, use=0.5, memory=None, by_pid=None):
    """One GPU: `used` GiB and `use` by its own numbers; GiB and use by pid, None where that is not told."""
    view = GpuView(name="A100", uuid=uuid, utilisation=use, memory_used=used * GIB, memory_total=40 * GIB)
    told = None if memory is None else {p: None if m is None else m * GIB for p, m in memory.items()}
    return GpuLook(gpu=view, memory=told, utilisation=by_pid)


def shares(*gpus, pids, holds, is_outermost=True, before=None, **look):
    claims = Claims(pids=pids, gpus=holds, is_outermost=is_outermost)
    return uses(claims, Look(gpus=gpus, **look), before or Before())


def held(uuid, used):
    """So much was used before a run held it."""
    before = Before()
    before.see(uuid, used * GIB, 1.0, held_since=None)
    before.see(uuid, 30 * GIB, 9.0, held_since=5.0)
    return before


BY_PID = gpu(memory={1: 3, 2: 4, 9: 2}, by_pid={1: 0.2, 2: 0.7, 9: 0.1})
TABLE = [
    ("by pid, two runs share it", BY_PID, {"a": [1], "b": [2]}, True, {"a": (3, 0.2, ""), "b": (4, 0.7, "")}),
    ("by pid, two of its processes", BY_PID, {"a": [1, 2, 3]}, True, {"a": (7, 0.9, "")}),
    ("a run that has not begun with it", BY_PID, {"a": [5]}, True, {"a": (0, 0.0, "")}),
    ("pids of the host, one run", gpu(memory={77: 8}), {"a": [1]}, False, {"a": (10, 0.5, "")}),
    ("no pids in a container, one run", gpu(memory={}, by_pid={}), {"a": [1]}, False, {"a": (10, 0.5, "")}),
    ("no pids in a container, two runs", gpu(memory={}), {"a": [1], "b": [2]}, False,
     {"a": (None, None, NO_PIDS), "b": (None, None, NO_PIDS)}),
    ("a container whose pids mean something", BY_PID, {"a": [1], "b": [2]}, False,
     {"a": (3, 0.2, ""), "b": (4, 0.7, "")}),
    ("no list of processes, one run", gpu(), {"a": [1]}, True, {"a": (10, 0.5, "")}),
    ("memory by pid not told, one run", gpu(memory={1: None}, by_pid={1: 0.4}), {"a": [1]}, True,
     {"a": (10, 0.4, "")}),
    ("memory by pid not told, two runs", gpu(memory={1: None, 2: 4}, by_pid={1: 0.4}), {"a": [1], "b": [2]},
     True, {"a": (None, 0.4, "NVML does not tell the memory of each process here"), "b": (4, 0.0, "")}),
    ("use by pid not told, one run", gpu(memory={1: 3}), {"a": [1]}, True, {"a": (3, 0.5, "")}),
    ("use by pid not told, two runs", gpu(memory={1: 3, 2: 4}), {"a": [1], "b": [2]}, True,
     {"a": (3, None, "NVML does not tell the use of each process here"),
      "b": (4, None, "NVML does not tell the use of each process here")}),
    ("no use told at all", gpu(memory={1: 3}, use=None), {"a": [1]}, True,
     {"a": (3, None, "NVML does not tell the use of this GPU")}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_case", "look", "pids", "is_outermost", "expected"), TABLE, ids=[row[0] for row in TABLE]
)
def test_whose_a_gpu_is(_case, look, pids, is_outermost, expected):
    found = shares(look, pids=pids, holds=dict.fromkeys(pids, ("A",)), is_outermost=is_outermost)
    for run, (memory, utilisation, why) in expected.items():
        assert found[run].memory == (None if memory is None else memory * GIB)
        assert found[run].utilisation == pytest.approx(utilisation)
        assert found[run].why == why


def test_what_was_used_before_is_not_the_runs():
    look = gpu(used=30, memory={})
    found = shares(look, pids={"a": [1]}, holds={"a": ("A",)}, is_outermost=False, before=held("A", 12))
    assert found["a"].memory == 18 * GIB


def test_a_run_on_two_gpus_is_told_as_a_sum_and_a_mean():
    two = gpu("A", memory={1: 3}, by_pid={1: 0.2}), gpu("B", memory={1: 5}, by_pid={1: 0.6})
    found = shares(*two, pids={"a": [1]}, holds={"a": ("A", "B")})
    assert found["a"] == GpuUse(memory=8 * GIB, utilisation=pytest.approx(0.4))


def test_a_run_that_uses_a_gpu_it_does_not_hold_is_seen():
    found = shares(gpu(memory={1: 3}, by_pid={1: 0.2}), pids={"a": [1], "b": [2]}, holds={})
    assert found == {"a": GpuUse(memory=3 * GIB, utilisation=0.2), "b": GpuUse(why="it holds no GPU")}


def test_a_lost_gpu_leaves_no_number_but_a_reason():
    lost = {"A": "NVML: GPU 0: GPU is lost"}
    found = shares(
        gpu("B", memory={}), pids={"a": [1], "b": [2]}, holds={"a": ("A",), "b": ("B",)}, lost=lost
    )
    assert found["a"] == GpuUse(why="NVML: GPU 0: GPU is lost")
    assert found["b"].memory == 0


def test_without_nvml_the_reason_is_nvmls():
    found = shares(pids={"a": [1]}, holds={"a": ("A",)}, reason="NVML: Driver Not Loaded")
    assert found["a"] == GpuUse(why="NVML: Driver Not Loaded")


def test_what_was_used_before_is_the_last_look_before_the_run_started():
    before = Before()
    for at, used in [(1.0, 5), (2.0, 6), (8.0, 20)]:
        before.see("A", used, at, held_since=None)
    before.see("A", 30, 9.0, held_since=7.0)  # started before the look that found it free still
    assert before.used("A") == 6
    before.see("A", 40, 10.0, held_since=9.5)  # another run took over without a gap
    assert before.used("A") == 6
    before.see("A", 7, 11.0, held_since=None)
    before.see("A", 30, 13.0, held_since=12.0)
    assert before.used("A") == 7


def test_a_gpu_that_was_held_at_the_first_look_counts_from_nothing():
    before = Before()
    before.see("A", 30, 9.0, held_since=7.0)
    assert before.used("A") == 0


@pytest.mark.parametrize(
    ("look", "pids", "ours", "is_outermost", "expected"),
    [
        (gpu(used=10, memory={1: 3, 2: 4, 9: 2}), {"a": [1], "b": [2]}, {"a", "b"}, True, 3),
        (gpu(used=10, memory={1: 3, 2: 4, 9: 2}), {"a": [1], "b": [2]}, {"a"}, True, 7),
        (gpu(used=10, memory={}), {}, (), True, 10),
        (gpu(used=10, memory={}), {}, (), False, 10),
        (gpu(used=30, memory={}), {"a": [1]}, {"a"}, False, 12),
        (gpu(used=30, memory={1: None}), {"a": [1]}, {"a"}, True, 12),
    ],
)
def test_what_others_use_of_a_gpu(look, pids, ours, is_outermost, expected):
    claims = Claims(pids=pids, gpus=dict.fromkeys(pids, ("A",)), is_outermost=is_outermost)
    before = held("A", 12) if pids else Before()
    assert other_use(claims, look, before, ours) == expected * GIB
