"""Which processes are a run's, and what they used: pure, over looks that were made up."""

import os
import random

import pytest

from trainui.core.process.identity import Identity, boot_id, identity_of, stat_of
from trainui.core.telemetry.processes import (
    PAGE,
    CpuMeter,
    Process,
    Roots,
    Table,
    look,
    memory_of,
    parse,
    together,
)


def proc(pid, ppid=1, sid=0, *, start=0, own=0, waited=0, is_dead=False):
    return Process(pid, ppid, sid, start or pid, own, waited, is_dead)


def job(pid=100, start=100, boot=None):
    return Identity(pid=pid, ticks=start, boot_id=boot or boot_id())


def pids(table, roots, *, walls=(), marked=()):
    found = table.of_run(roots, walls={*walls, *roots.pair}, is_ours=lambda process: process.pid in marked)
    return [process.pid for process in found]


KEPT = [
    proc(10),  # keeper
    proc(11, 10),  # guard
    proc(100, 11, 100),  # job
    proc(101, 100, 100),  # its helper
    proc(102, 101, 102),  # in a session of its own, below
    proc(103, 11, 103),  # daemonised: adopted by the guard
    proc(104, 103, 103),
    proc(105, 10, 105),  # adopted by the keeper
    proc(200, 1, 100),  # of its session, parent gone
    proc(300, 1, 300),  # a stranger
]


def test_a_run_is_its_session_its_descendants_and_what_its_pair_adopted():
    table = Table(KEPT)
    assert pids(table, Roots(job=job(), keeper=10, guard=11)) == [100, 101, 102, 103, 104, 105, 200]
    assert pids(table, Roots(job=job())) == [100, 101, 102, 200]


def test_keepers_guards_and_managers_are_no_runs_processes():
    manager, other_keeper = proc(50, 10, 50), proc(60, 100, 60)
    others = [proc(61, 60, 60), proc(51, 50, 51), proc(70, 10, 70), proc(71, 70, 71)]
    table = Table([*KEPT, manager, other_keeper, *others])
    found = pids(table, Roots(job=job(), keeper=10, guard=11), walls={50, 60}, marked={70})
    assert found == [100, 101, 102, 103, 104, 105, 200]


@pytest.mark.parametrize("who", [job(start=99), job(boot="another")])
def test_a_reused_pid_is_not_the_job(who):
    assert pids(Table(KEPT), Roots(job=who)) == []
    assert pids(Table(KEPT), Roots(job=who, keeper=10), marked={11}) == [105]


def test_a_session_outlives_its_leader():
    table = Table([process for process in KEPT if process.pid != 100])
    assert pids(table, Roots(job=job())) == [101, 102, 200]


def test_a_name_with_brackets_and_blanks_is_no_trouble():
    fields = "S 11 12 13 0 -1 0 0 0 0 0 30 4 500 6 20 0 1 0 777 1000 50"
    process = parse(f"42 (a) (b c) {fields}".encode())
    assert process == Process(42, 11, 13, 777, 34, 506, False)


def test_a_look_sees_what_the_kernel_says_of_us():
    ours = look().by_pid[os.getpid()]
    stat = stat_of(os.getpid())
    assert (ours.ppid, ours.sid, ours.start) == (stat.ppid, stat.sid, stat.ticks)
    assert identity_of(os.getpid()).ticks == ours.start
    assert memory_of([ours]) > 2**20
    assert memory_of([proc(2**22 + 1)]) == 0, "one that ended meanwhile holds nothing"


@pytest.mark.parametrize(("pages", "expected"), [([], 0), ([(10, 4)], 10), ([(10, 4), (20, 6), (5, 5)], 26)])
def test_shared_pages_count_once(pages, expected):
    assert together(pages) == expected * PAGE


def gains(*looks):
    """The ticks of each look at a run, and their sum."""
    meter = CpuMeter()
    each = [meter.add(processes) for processes in looks]
    assert meter.ticks == sum(each)
    return each


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([[proc(1, own=50, waited=7)], [proc(1, own=80, waited=7)]], [57, 30]),
        ([[proc(1, own=5)], [proc(1, own=5)]], [5, 0]),
        # a child dies and is waited for: only what it used after the look before is new
        ([[proc(1, own=5), proc(2, 1, own=40)], [proc(1, own=5, waited=43)]], [45, 3]),
        # a child was born and died between two looks
        ([[proc(1, own=5)], [proc(1, own=5, waited=60)]], [5, 60]),
        # a zombie still tells; then its parent has it
        ([[proc(1), proc(2, 1, own=40)], [proc(1), proc(2, 1, own=45, is_dead=True)], [proc(1, waited=45)]],
         [40, 5, 0]),
        # a grandchild dies with its parent: both come to the grandparent
        ([[proc(1), proc(2, 1, own=10), proc(3, 2, own=20)], [proc(1, waited=33)]], [30, 3]),
        # nobody waited for it: nothing is taken back
        ([[proc(1), proc(2, 1, own=40)], [proc(1, own=9)], [proc(1, own=19)]], [40, 9, 10]),
        # an adopted one dies: its heir is not of the run
        ([[proc(1), proc(2, 77, own=40)], [proc(1, own=1)]], [40, 1]),
        # the parent was read before it waited, the child after: it is paid at the next look
        ([[proc(1), proc(2, 1, own=40)], [proc(1)], [proc(1, waited=42)]], [40, 0, 2]),
        # one child is not waited for, another is born and waited for
        ([[proc(1), proc(2, 1, own=40)], [proc(1, waited=15)]], [40, 0]),
        # a pid that is reused is another process
        ([[proc(1), proc(2, 1, own=40)], [proc(1, waited=40), proc(2, 1, start=9, own=3)]], [40, 3]),
        # a counter that goes back is no time
        ([[proc(1, own=40)], [proc(1, own=39)], [proc(1, own=41)]], [40, 0, 2]),
    ],
)  # fmt: skip
def test_cpu_time_is_counted_once(looks, expected):
    assert gains(*looks) == expected


@pytest.mark.parametrize("seed", range(30))
def test_in_a_random_tree_that_waits_for_its_children_not_a_tick_is_lost_or_doubled(seed):
    chance = random.Random(seed)
    living, meter, pid, truth = {1: proc(1)}, CpuMeter(), 1, 0
    for _ in range(300):
        one = living[chance.choice(list(living))]
        deed = chance.choice(["burn", "burn", "fork", "end", "look"])
        if deed == "burn" and not one.is_dead:
            ticks = chance.randrange(9)
            truth += ticks
            living[one.pid] = one._replace(own=one.own + ticks)
        elif deed == "fork" and not one.is_dead:
            pid += 1
            living[pid] = proc(pid, one.pid)
        elif deed == "end" and one.pid != 1 and all(other.ppid != one.pid for other in living.values()):
            if not one.is_dead and chance.random() < 0.5:
                living[one.pid] = one._replace(is_dead=True)
                continue
            parent = living[one.ppid]
            living[parent.pid] = parent._replace(waited=parent.waited + one.own + one.waited)
            del living[one.pid]
        elif deed == "look":
            meter.add(living.values())
            assert meter.ticks == truth
