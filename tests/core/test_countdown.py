"""What comes next of a countdown; whatever happens, its command is run once at most."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.countdown import LATE, Stage, Step, anew, began, clearing, next_step

START = began(
    kind="idle", key="k", reason="idle", command=("poweroff",), seconds=120, dry_run=False,
    boot=1000.0, unix=9000.0, boot_id="one",
)  # fmt: skip
CLEARING = clearing(START, ("a-1", "b-1"), boot=1120.0, takes=30)


def test_it_is_due_after_its_seconds_on_both_clocks():
    assert (START.due, START.due_at, START.is_on) == (1120.0, 9120.0, True)
    again = anew(CLEARING, boot=5000.0, unix=1.0, boot_id="two")
    assert again == replace(START, due=5120.0, due_at=121.0, expires=5120.0 + LATE, boot_id="two")


@pytest.mark.parametrize(
    ("state", "boot", "live", "expected"),
    [
        (START, 1000, "", Step.NOTHING),
        (START, 1119.9, "a-1", Step.NOTHING),
        (START, 1120, "", Step.RUN),
        (START, 1120, "a-1", Step.CLEAR),
        (START, 1120 + LATE, "", Step.RUN),
        (START, 1120.1 + LATE, "", Step.ANEW),
        (replace(START, dry_run=True), 1119, "", Step.NOTHING),
        (replace(START, dry_run=True), 1120, "a-1", Step.SAY),
        (CLEARING, 1121, "a-1 b-1", Step.CLEAR),
        (CLEARING, 1121, "b-1", Step.CLEAR),
        (CLEARING, 1121, "b-1 c-1", Step.CALL_OFF),
        (CLEARING, 1149, "", Step.RUN),
        (replace(CLEARING, dry_run=True), 1149, "", Step.SAY),
        (CLEARING, 1151 + LATE, "", Step.ANEW),
        (replace(START, stage=Stage.RUNNING), 1121, "", Step.NOTHING),
        (replace(START, stage=Stage.OVER), 1121, "", Step.NOTHING),
    ],
)
def test_what_comes_next(state, boot, live, expected):
    assert next_step(state, boot=boot, boot_id="one", live=set(live.split())) is expected


@pytest.mark.parametrize("state", [START, CLEARING, replace(START, dry_run=True)])
def test_a_machine_that_was_started_anew_counts_anew(state):
    assert next_step(state, boot=1130.0, boot_id="two", live=set()) is Step.ANEW


@given(
    st.lists(
        st.tuples(st.floats(0.1, 90), st.sampled_from(["", "a-1", "a-1 b-1", "c-1"]), st.booleans()),
        max_size=40,
    ),
    st.booleans(),
)
def test_it_is_run_once_at_most_and_never_before_it_was_counted_down_under_somebodys_eyes(looks, is_dry):
    """The hand's part is played plainly: looks at any time, with any runs live, sometimes long after each other."""
    state, boot, runs, watched = replace(START, dry_run=is_dry), 1000.0, 0, 1000.0
    for seconds, names, is_gone in looks:
        boot += seconds + (600 if is_gone else 0)
        live = set(names.split())
        step = next_step(state, boot=boot, boot_id="one", live=live)
        if step is Step.ANEW:
            state, watched = anew(state, boot=boot, unix=0.0, boot_id="one"), boot
        elif step is Step.CLEAR and state.stage is Stage.COUNTING:
            state = clearing(state, tuple(live), boot=boot, takes=10)
        elif step in (Step.SAY, Step.CALL_OFF):
            assert (step is Step.SAY) == is_dry
            state = replace(state, stage=Stage.OVER)
        elif step is Step.RUN:
            assert not live
            assert boot - watched >= 120
            runs, state = runs + 1, replace(state, stage=Stage.RUNNING)
    assert runs <= (0 if is_dry else 1)
