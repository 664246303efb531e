"""The default watch on real training curves that were labelled by eye: what is found, and who cries wolf.

`python -m pytest -s tests/core/gates/test_watch_on_real_curves.py` prints the tables of docs/default-watch.md.
"""

import json
import math
import random
from functools import cache
from pathlib import Path

import pytest

from trainui.core.gates import DETECTORS, DefaultWatch, Point, State
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.report import recognise_file

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")

UNSTABLE = {"diverge", "diverge?", "spike"}
MOST_WARNED = 1
"""Healthy runs of which something may be told, but not tripped."""


@cache
def labelled():
    return json.loads((CORPUS / "labelled_runs.json").read_text())


def watched(run, change=lambda values: values, **words):
    """Detector → (number of the point, state) at each change, of a run fed as `train` and `val`."""
    train, val = (change([float(value) for value in run[one] or ()]) for one in ("train", "val"))
    watch, said = DefaultWatch(**words), {}
    rows = max(len(train), len(val))
    for number in range(rows):
        for name, values in (("train", train), ("val", val)):
            here, before = (at * len(values) // rows for at in (number, number - 1))
            if here == before:
                continue  # fewer values than rows: they lie evenly between
            value = values[here]
            for one in watch.feed(Point(metric=name, step=number, value=value, at=60.0 * number)):
                said.setdefault(one.gate.removeprefix("watch/"), []).append((number, one.state))
    return said


def states(said, state):
    return {name for name, changes in said.items() if any(one is state for _, one in changes)}


def tripped(said):
    return states(said, State.TRIPPED)


CHANGES = {
    "as they are": lambda values: values,
    "every 2nd point": lambda values: values[::2],
    "every 5th point": lambda values: values[::5],
    "times 1000": lambda values: [value * 1000 for value in values],
    "times 0.001": lambda values: [value * 0.001 for value in values],
    "first half": lambda values: values[: len(values) // 2],
    "first quarter": lambda values: values[: len(values) // 4],
    "first tenth": lambda values: values[: len(values) // 10],
    "1 % noise": lambda values: [value * (1 + 0.01 * random.Random(n).gauss(0, 1)) for n, value in enumerate(values)],
    "3 % noise": lambda values: [value * (1 + 0.03 * random.Random(n).gauss(0, 1)) for n, value in enumerate(values)],
}  # fmt: skip


@cache
def told(change):
    return [(run, watched(run, CHANGES[change])) for run in labelled()]


def groups(change):
    """(healthy, unstable): what was said of each."""
    healthy = [said for run, said in told(change) if not run["labels"]]
    return healthy, [said for run, said in told(change) if UNSTABLE & set(run["labels"])]


def found(unstable):
    return sum(bool(tripped(said) & {"exploding", "spike"}) for said in unstable)


def test_print_what_was_found_by_each_detector():
    lines = ["", "| detector | healthy tripped | healthy warned | others tripped | others warned |"]
    for kind in DETECTORS:
        counts = []
        for is_healthy in (True, False):
            mine = [said for run, said in told("as they are") if bool(run["labels"]) is not is_healthy]
            trips = sum(kind.name in tripped(said) for said in mine)
            warns = sum(kind.name in states(said, State.WARN) - tripped(said) for said in mine)
            counts += [f"{trips}/{len(mine)}", f"{warns}/{len(mine)}"]
        lines.append(f"| {kind.name} | {' | '.join(counts)} |")
    lines += ["", "| curves | healthy tripped | healthy warned | unstable found |"]
    for change in CHANGES:
        healthy, unstable = groups(change)
        warned = sum(bool(states(said, State.WARN) - tripped(said)) for said in healthy)
        flagged = sum(bool(tripped(said)) for said in healthy)
        lines.append(
            f"| {change} | {flagged}/{len(healthy)} | {warned}/{len(healthy)} |"
            f" {found(unstable)}/{len(unstable)} |"
        )
    print("\n".join(lines))
    assert len(told("as they are")) == len(labelled()) > 40


@pytest.mark.parametrize("change", CHANGES)
def test_no_healthy_run_trips_whatever_is_done_to_its_curve(change):
    healthy, _ = groups(change)
    assert len(healthy) >= 20
    assert not [said for said in healthy if tripped(said)]
    assert sum(bool(said) for said in healthy) <= MOST_WARNED


@pytest.mark.parametrize("change", ["as they are", "times 1000", "times 0.001", "1 % noise", "3 % noise"])
def test_at_least_four_of_five_unstable_runs_are_found(change):
    _, unstable = groups(change)
    assert found(unstable) >= 0.8 * len(unstable)


def test_each_loss_that_is_no_number_is_told_at_the_first_and_tripped_at_the_second():
    lost = [(run, said) for run, said in told("as they are") if "nonfinite" in run["labels"]]
    assert len(lost) >= 7
    for run, said in lost:
        bad = [number for number, value in enumerate(run["train"]) if not math.isfinite(value)]
        pairs = [number for number in bad if number - 1 in bad]
        changes = dict(reversed([(state, number) for number, state in said["nonfinite"]]))
        assert changes[State.WARN] == bad[0], run["name"]
        assert changes.get(State.TRIPPED) == (pairs[0] if pairs else None), run["name"]


def test_a_language_model_at_the_logarithm_of_its_words_is_stuck_and_those_that_learn_are_not():
    runs = {run["name"]: run for run in labelled()}
    stuck = watched(runs["lozo gpt2 stuck (20 h)"], classes=50304)
    assert stuck["chance"][-1][1] is State.TRIPPED
    for name in ("llm.c main.log per-step", "AdamW log per-step", "nanogpt unstable 1665ae4"):
        assert "chance" not in watched(runs[name], classes=50304), name


SEEN_BY_EYE = {
    "13ce17a": {"exploding"},  # 132 → 552
    "083a874": {"spike", "exploding"},  # 2.9, jumps to 7.8
    "fb095ec": {"nonfinite", "exploding"},  # 5.5 → 9.6 → nan
    "4669c45": {"spike", "exploding"},  # 0.002 → 0.52; its accuracy falls from 0.84 to 0.65
    "3ecdc36": {"spike"},  # 2e-5 → 0.09 … 0.33, three times in 50 values
    "c7bd250": {"spike"},  # 4e-6 → 0.12 … 1.2
    "fa1d1de": {"spike", "exploding"},  # 2e-8 → 1715
    "76a8677": {"exploding", "spike", "frozen"},  # 15 → 447; its accuracy stands at 0.3294 meanwhile
    "ca7abcf": {"exploding", "spike"},  # 71 → 316; later 0.3 → 2448
    "d0ff8f0": {"exploding"},  # 9 → 894
    "5f0004c": {"spike"},  # 0.5 → 21 at its 26th epoch
    "RNN_TANH_nlayers_1": {"exploding"},  # 12 → 15 → 17 before it learns
    "1620330": {"frozen"},  # a frame accuracy of 0.0339 for twenty epochs: it answers one class
    "f67b445": {"frozen"},
    "4cf0198": {"frozen"},
    "e2f5dfb": {"frozen"},
    "112ab84": {"nonfinite"},
    "7389b6e": {"nonfinite"},
    "df8e2ce": {"nonfinite"},
    "RNN_RELU_nlayers_1": {"nonfinite"},
    "epochs_10_model_RNN_RELU": {"nonfinite"},
    "hyperparamter-tuning": {"nonfinite"},  # a ledger of runs, some of them nan
}
"""Part of a file's name → what trips there, each looked at: the curve is as bad as is said."""


def read(path):
    """The points of a log, in its order."""
    form = recognise_file(path)
    reader = form.make("", ())
    counts: dict[str, int] = {}
    for chunk in chunks_of(path, form):
        for item in chunk.items:
            for record in reader.read(item):
                for name, value in record.metrics.items():
                    step = counts[name] = counts.get(name, -1) + 1
                    place = next(one for one in (record.step, record.epoch, step) if one is not None)
                    yield Point(metric=name, step=place, value=value, epoch=record.epoch, at=0.0)


def test_of_all_other_logs_only_those_trip_that_are_as_bad_as_is_said():
    seen, files = {}, 0
    for path in sorted(CORPUS.glob("*/*")):
        watch = DefaultWatch()
        points = list(read(path))
        files += bool(points)
        trips = {
            one.gate.removeprefix("watch/")
            for point in points
            for one in watch.feed(point)
            if one.state is State.TRIPPED
        }
        if trips:
            seen[path.name] = trips
    expected = {name: next((one for part, one in SEEN_BY_EYE.items() if part in name), None) for name in seen}
    print(f"\n{files} logs with metrics, {len(seen)} with something that tripped")
    assert seen == expected
    assert files > 100
