"""Where a run stands, what it uses, what may be done to it: as words."""

import pytest
from msgspec.structs import replace
from story import GIB, NOW, RUNS, SUPERVISED, run

from trainui.core.errors import UserError
from trainui.core.run import Result, Status
from trainui.core.store.views import EventView, UsageView
from trainui.ui.hands import neighbour
from trainui.ui.params import changed, parse_params, typed
from trainui.ui.present import text
from trainui.ui.present.applies import why_not
from trainui.ui.present.facts import facts
from trainui.ui.present.ink import plain, width
from trainui.ui.present.lights import run_light, run_word
from trainui.ui.present.rows import in_order, ranks, table
from trainui.ui.present.standing import death, saving, standing
from trainui.ui.present.story import event_light, event_lines, run_head
from trainui.ui.present.usage import usage_line
from trainui.ui.screens.confirm import what_a_pause_keeps


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (-4, "0 s"),
        (59.9, "59 s"),
        (60, "1:00 min"),
        (299, "4:59 min"),
        (3600, "1:00:00 h"),
        (3899, "1:04:59 h"),
    ],
)
def test_a_countdown_tells_every_second(seconds, shown):
    assert text.countdown(seconds) == shown


def said(view, **more) -> list[str]:
    return [plain(form) for form in standing(view, now=NOW, **more)]


@pytest.mark.parametrize(
    ("view", "first"),
    [
        (run("a-1", status=Status.QUEUED, waits_for="a slot"), "waits for a slot"),
        (run("a-1", status=Status.QUEUED), "waits for its turn"),
        (
            run("a-1", status=Status.QUEUED, priority=-2, waits_for="a slot"),
            "priority -2  waits for a slot",
        ),
        (
            run("a-1", status=Status.QUEUED, held=True, waits_for="you: trainui release a-1"),
            "held: h lets it start",
        ),
        (run("a-1", status=Status.PAUSED, gpus=("0",)), "holds its memory and GPUs, costs on"),
        (run("a-1", status=Status.PAUSED), "holds its memory, costs on"),
        (
            run("a-1", status=Status.STOPPING, stop_at=NOW + 75),
            "killed in 1:15 min if it has not ended",
        ),
        (run("a-1", status=Status.ENDED, cause="disk full"), "disk full"),
    ],
)
def test_a_run_without_progress_says_where_it_stands(view, first):
    assert said(view)[0] == first


def test_a_run_that_makes_progress_has_nothing_to_say_instead():
    assert said(run("a-1")) == []
    assert said(run("a-1", status=Status.STOPPING)) == []  # nobody has told yet when it will be killed


def test_a_stopping_run_is_saving_until_it_told_of_a_checkpoint():
    asked = EventView(id=1, at=NOW, run="a-1", kind="checkpoint", text="asked for")
    saved = EventView(id=2, at=NOW, run="a-1", kind="checkpoint", text="last.pt at step 4")
    assert saving([asked]) == {"a-1"}
    assert saving([asked, saved]) == frozenset()
    assert saving([saved, asked]) == {"a-1"}
    stopping = run("a-1", status=Status.STOPPING)
    assert said(stopping, is_saving=True) == ["saving, then it stops"]
    assert (
        said(replace(stopping, stop_at=NOW + 9), is_saving=True)[0] == "saving, then it stops; killed in 9 s"
    )


def test_a_held_run_is_marked_and_the_queue_keeps_the_order_of_the_store():
    held = SUPERVISED[5]
    assert (run_word(held), run_light(held).text) == ("held", "‖")
    assert [view.run for view in in_order(SUPERVISED) if view.status is Status.QUEUED] == [
        "pipeline-2",
        "evaluate-1",
        "mlp-3",
    ]


@pytest.mark.parametrize("cells", [80, 118, 200])
def test_the_table_tells_of_every_state_within_its_width(cells):
    drawn = table(
        SUPERVISED, cells, tags={}, colours=ranks(SUPERVISED), saving=frozenset({"contrastive-1"}), now=NOW
    )
    rows = [plain(row) for row in drawn.rows]
    words = (
        "killed in 4:32 min",
        "holds",
        "saving",
        "priority 5  waits for a slot",
        "which goes first",
        "held: h lets it start",
        "out of GPU memory",
    )
    for row, word in zip(rows, words, strict=True):
        assert word in row
    assert "31 s" in rows[2]
    assert all(width(row) <= cells for row in drawn.rows)


@pytest.mark.parametrize("cells", [80, 118])
def test_the_head_of_a_run_says_where_it_stands(cells):
    heads = [plain(run_head(view, cells, colour=0, now=NOW)) for view in SUPERVISED]
    assert "killed in 4:32 min" in heads[0]
    assert "holds its memory and GPUs" in heads[1]
    assert not any("eta" in head for head in heads)  # who stands still or ends gets nowhere
    assert "priority 5  waits for a slot" in heads[3]
    assert "held: h lets it start" in heads[5]


def test_a_death_is_told_with_all_its_evidence():
    rows = [plain(row) for row in death(SUPERVISED[-1], 60)]
    assert rows[:2] == [" ✖ failed: out of GPU memory", "   exit code 1"]
    assert "CUDA out of memory" in " ".join(row.strip() for row in rows)
    assert all(len(row) <= 60 for row in rows)
    assert death(RUNS[0], 60) == ()
    assert death(run("a-1", status=Status.ENDED, result=Result.FINISHED), 60) == ()


def test_evidence_cannot_drive_the_terminal():
    hostile = run("a-1", status=Status.ENDED, result=Result.FAILED, evidence=("\x1b[2J[red]x\x07",))
    assert plain(death(hostile, 60)[1]) == "   [red]x·"


def used(**changes) -> UsageView:
    whole = UsageView(run="a-1", at=NOW, cpu=1.84, memory=2 * GIB, gpu_memory=11 * GIB, gpu=0.94, processes=5)
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("view", "usage", "shown"),
    [
        (
            run("a-1", peak_memory=3 * GIB, peak_gpu_memory=12 * GIB),
            used(),
            " cpu 1.8 cores   mem 2 GiB, peak 3 GiB   gpu 94 %   gpu mem 11 GiB, peak 12 GiB   5 processes",
        ),
        (
            run("a-1"),
            used(cpu=None, memory=30 << 20, gpu=None, gpu_memory=None, processes=1, why_no_gpu="no driver"),
            " cpu – cores   mem 30 MiB, peak 30 MiB   1 process   no GPU numbers: no driver",
        ),
        (
            run("a-1", gpus=("0",)),
            used(gpu=None, why_no_gpu="shared with others"),
            " cpu 1.8 cores   mem 2 GiB, peak 2 GiB   gpu mem 11 GiB, peak 11 GiB   5 processes   "
            "no GPU numbers: shared with others",
        ),
        (run("a-1"), None, " what it uses has not been measured yet"),
        (run("a-1", status=Status.QUEUED), None, ""),
        (
            run("a-1", status=Status.ENDED, peak_memory=3 * GIB, peak_gpu_memory=12 * GIB),
            None,
            " peak mem 3 GiB   peak gpu mem 12 GiB",
        ),
        (run("a-1", status=Status.ENDED), None, ""),
    ],
)
def test_what_a_run_uses_stands_beside_its_peak(view, usage, shown):
    assert plain(usage_line(view, usage, 160)) == shown


def test_a_sample_that_does_not_say_why_takes_the_reason_of_the_machine():
    bare = used(gpu=None, gpu_memory=None)
    assert "no GPU numbers: NVML not found" in plain(
        usage_line(run("a-1"), bare, 160, no_gpu="NVML not found")
    )
    assert "no GPU numbers: it was given no GPU" in plain(usage_line(run("a-1"), bare, 160))


def test_the_line_of_usage_keeps_the_processor_and_the_memory_longest():
    assert plain(usage_line(run("a-1"), used(), 40)) == " cpu 1.8 cores   mem 2 GiB, peak 2 GiB"


@pytest.mark.parametrize(
    ("action", "status", "reason"),
    [
        ("pause", Status.RUNNING, ""),
        ("pause", Status.PAUSED, ""),
        ("pause", Status.QUEUED, "a-1 is queued; only a running run can be paused"),
        ("pause", Status.STOPPING, "a-1 is stopping; only a running run can be paused"),
        ("checkpoint", Status.RUNNING, ""),
        ("checkpoint", Status.ENDED, "a-1 has ended; only a running run can be asked to save"),
        ("hold", Status.QUEUED, ""),
        ("hold", Status.RUNNING, "a-1 is running; only a queued run can be held"),
        ("priority", Status.PAUSED, "a-1 is paused; only a queued run has a priority to change"),
        ("shift", Status.STARTING, "a-1 is starting; only a queued run can be moved"),
        ("edit", Status.RUNNING, "a-1 is running; only the params of a queued run can be changed"),
        ("retry", Status.ENDED, ""),
        ("retry", Status.QUEUED, "a-1 is queued; only a run that has ended can be tried again"),
        ("stop", Status.QUEUED, ""),
        ("stop", Status.ENDED, "a-1 has ended already"),
    ],
)
def test_what_does_not_apply_is_said_in_a_sentence(action, status, reason):
    assert why_not(action, run("a-1", status=status)) == reason


def test_without_a_run_nothing_applies():
    assert why_not("hold", None) == "no run is chosen"


def test_the_question_before_a_pause_says_what_it_does_not_free():
    line = what_a_pause_keeps(RUNS[0])
    assert line == "this frees no memory, no GPU and no money: 0.43 $/h goes on"
    assert len(what_a_pause_keeps(run("a-1"))) <= 68


def waiting(*pairs):
    return [run(name, status=Status.QUEUED, priority=priority) for name, priority in pairs]


@pytest.mark.parametrize(
    ("queue", "by", "goal", "priority", "told"),
    [
        ([("b-1", 0), ("a-1", 0)], -1, "before b-1", None, "a-1 goes before b-1"),
        ([("b-1", 5), ("a-1", 0)], -1, "before b-1", None, "a-1 goes before b-1, with its priority 5"),
        ([("a-1", 0), ("b-1", 0), ("c-1", 0)], 1, "before c-1", None, "a-1 goes after b-1"),
        ([("a-1", 0), ("b-1", 0)], 1, "last", 0, "a-1 goes after b-1"),
        (
            [("a-1", 5), ("b-1", 1), ("c-1", 0)],
            1,
            "last",
            1,
            "a-1 goes after b-1, with its priority 1",
        ),
    ],
)
def test_a_run_is_moved_past_its_neighbour(queue, by, goal, priority, told):
    assert neighbour(waiting(*queue), "a-1", by) == (goal, priority, told)


@pytest.mark.parametrize(("by", "end"), [(-1, "first"), (1, "last")])
def test_a_run_at_the_end_of_the_queue_stays_there(by, end):
    with pytest.raises(UserError, match=f"a-1 is {end} in the queue already"):
        neighbour(waiting(("a-1", 0)), "a-1", by)


def test_a_run_that_has_left_the_queue_is_not_moved():
    with pytest.raises(UserError, match="no longer queued"):
        neighbour(waiting(("b-1", 0)), "a-1", 1)


PARAMS = {"rate": 3e-4, "epochs": 5, "shuffle": True, "name": "two words", "sizes": [1, 2], "empty": ""}


def test_params_are_typed_as_they_are_read():
    assert typed(PARAMS) == "rate=0.0003 epochs=5 shuffle=true 'name=two words' sizes=1,2 empty="
    assert changed(typed(PARAMS), PARAMS) == {}


def test_only_what_was_changed_is_asked_for():
    assert changed("epochs=9 rate=0.0003", PARAMS) == {"epochs": "9"}
    assert changed("'name=three more words'", PARAMS) == {"name": "three more words"}
    assert changed("new=1", {}) == {"new": "1"}  # a run without params may get one


@pytest.mark.parametrize("line", ["epochs", "'epochs=3", "epoch=3"])
def test_a_line_that_is_no_params_is_refused(line):
    with pytest.raises(UserError, match="params"):
        parse_params(line, PARAMS)


def test_an_event_of_the_queue_has_a_light_and_a_priority_is_a_fact():
    from story import Story

    assert event_light(EventView(id=1, at=NOW, run="a-1", kind="queue", text="held")).text == "○"
    rows = [plain(row) for row in facts(Story(runs=SUPERVISED).detail("pipeline-2"), 80, now=NOW)]
    assert "priority 5" in rows


def test_an_event_says_what_was_asked_for():
    asked = EventView(id=1, at=NOW, run="a-1", kind="checkpoint", text="asked for")
    assert plain(event_lines([asked], 80, now=NOW, colours={})[0]).endswith("a-1  checkpoint asked for")
