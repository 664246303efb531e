"""When a run that waits would begin."""

import pytest

from trainui.core.forecast.turns import Held, Places, Turn, Want, turns

ONE = Places(slots=4, gpus=("A",))
TWO = Places(slots=4, gpus=("A", "B"))
HOUR = 3600.0


def holds(run, gpu="A", end=None, part=1.0):
    return Held(run=run, end=end, gpus=(gpu,), part=part)


@pytest.mark.parametrize(
    ("live", "want", "places", "turn"),
    [
        ([], Want(run="a", gpus=1), ONE, Turn(start=0, gpus=("A",))),
        ([holds("x", end=HOUR)], Want(run="a", gpus=1), ONE,
         Turn(start=HOUR, gpus=("A",), waits_for=("x",))),
        ([holds("x", end=HOUR)], Want(run="a", gpus=1), TWO, Turn(start=0, gpus=("B",))),
        ([holds("x", end=HOUR), holds("y", "B", end=60)], Want(run="a", gpus=2), TWO,
         Turn(start=HOUR, gpus=("A", "B"), waits_for=("x", "y"))),
        ([holds("x", part=0.5)], Want(run="a", gpus=1, part=0.5), ONE, Turn(start=0, gpus=("A",))),
        ([holds("x", part=0.5)], Want(run="a", gpus=1, part=0.6), ONE,
         Turn(waits_for=("x",), why="nobody knows when x ends")),
        ([Held(run="x", end=60)], Want(run="a"), Places(slots=1), Turn(start=60, waits_for=("x",))),
        ([Held(run="x", end=60, cpus=3)], Want(run="a", cpus=2), Places(slots=9, cpus=4),
         Turn(start=60, waits_for=("x",))),
        ([], Want(run="a", cpus=64), Places(slots=9, cpus=4), Turn(start=0)),  # alone, as the queue lets it
        ([], Want(run="a", gpus=2), ONE, Turn(why="the machine has not what it asks for")),
        ([], Want(run="a", gpus=2), Places(slots=1), Turn(start=0)),  # no GPU here: a slot
        ([], Want(run="a", why_not="it is held"), ONE, Turn(why="it is held")),
        ([Held(run="x", end=50)], Want(run="a", after=("x",)), TWO, Turn(start=50, waits_for=("x",))),
        ([Held(run="x")], Want(run="a", after=("x",)), TWO,
         Turn(waits_for=("x",), why="nobody knows when x ends")),
    ],
)  # fmt: skip
def test_a_run_begins_when_there_is_room(live, want, places, turn):
    assert turns(live, [want], places)["a"] == turn


def test_those_ahead_in_the_queue_go_first_and_what_fits_beside_them_does_not_wait():
    live = [holds("x", end=HOUR)]
    waiting = [
        Want(run="a", gpus=2, seconds=HOUR),
        Want(run="b", gpus=1, seconds=2 * HOUR),
        Want(run="c", gpus=1, seconds=HOUR),
    ]
    found = turns(live, waiting, TWO)
    assert [found[run].start for run in "abc"] == [HOUR, 2 * HOUR, 0]


def test_a_run_whose_length_nobody_knows_keeps_the_others_from_knowing():
    found = turns([], [Want(run="a", gpus=1), Want(run="b", gpus=1), Want(run="c", after=("b",))], ONE)
    assert found["a"].start == 0
    assert found["b"].why == "nobody knows when a ends"
    assert found["c"].why == "b: nobody knows when a ends"
