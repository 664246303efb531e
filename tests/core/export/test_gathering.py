"""The facts of summaries: true, told once, and there for a run that has nothing in it too."""

import math

import pytest

from tests.core.money_store import START, Books
from trainui.core.errors import NotFoundError
from trainui.core.export.gathering import gather
from trainui.core.export.hiding import HIDDEN, command_without_secrets, is_secret
from trainui.core.export.of_curves import goal_for
from trainui.core.ingest.records import Record
from trainui.core.spec import Spec
from trainui.core.spec.model import Job
from trainui.core.store.schema import atomic


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def told(books, *runs, **asked):
    return gather(books.reader(), runs, now=START + 10_000, **asked)


def test_a_run_that_has_nothing_in_it_has_a_digest(books):
    books.run("empty-1", start=None, status="queued", spec={"metrics": {}})
    (run,) = told(books, "empty-1").runs
    assert (run.run, run.status, run.result, run.best) == ("empty-1", "queued", "", None)
    assert run.metrics == run.gates == run.checkpoints == run.log == run.epochs.rows == ()
    (study,) = told(books, "empty-1").studies
    assert study.best.run == ""
    assert study.best.rule.startswith("no run is best")


def test_a_run_or_study_that_is_not_there_is_named(books):
    books.run("mlp-1")
    with pytest.raises(NotFoundError, match="mlp-2"):
        told(books, "mlp-2")
    with pytest.raises(NotFoundError, match="known: s"):
        told(books, study="t")


def test_the_best_of_a_long_curve_is_found_with_its_step_its_epoch_and_its_time(books):
    """A hundred thousand points: they are not read whole, and no spike and no NaN between them is missed."""
    books.run("mlp-1", end=100_000.0)
    values = [5.0 + math.sin(n) for n in range(100_000)]
    values[70_001], values[31_415], values[27_182] = -3.0, 99.0, math.nan
    records = [
        Record(metrics={"val/mae": value}, step=n, epoch=n / 1000, at=START + n)
        for n, value in enumerate(values)
    ]
    with atomic(books.db):
        books.streams.add_records("mlp-1", "jsonl", records, now=START)
    (run,) = told(books, "mlp-1").runs
    (metric,) = run.metrics
    assert (metric.best.value, metric.best.place.step, metric.best.place.epoch) == (-3.0, 70_001, 70.001)
    assert metric.best.place.at == START + 70_001
    assert (metric.max.value, metric.max.place.step) == (99.0, 31_415)
    assert (metric.nonfinite, metric.first_nonfinite.step) == (1, 27_182)
    assert min(span.min for span in metric.envelope) == -3.0
    assert sum(span.nonfinite for span in metric.envelope) == 1
    epochs = {row.epoch: row.values[0] for row in run.epochs.rows}
    assert run.epochs.epochs == 101
    assert len(epochs) <= 24
    assert {0, 1, 71, 28} <= set(epochs), "the first, that of the best, that of the NaN"
    assert epochs[71] == values[71_000]


@pytest.mark.parametrize("count", [3, 16, 17, 255, 256, 300, 5000])
def test_extremes_are_found_wherever_they_lie(books, count):
    books.run("mlp-1")
    books.points("mlp-1", "val/mae", [(float(n), float((n * 7919) % count)) for n in range(count)])
    found = told(books, "mlp-1").runs[0].metrics[0]
    lowest = next(n for n in range(count) if (n * 7919) % count == 0)
    assert (found.min.value, found.min.place.step) == (0.0, lowest)
    assert found.max.value == max((n * 7919) % count for n in range(count))


def test_differences_are_told_against_the_parent_else_the_baseline_else_the_run_before(books):
    def spec(rate):
        return {"params": {"rate": rate, "layers": 2}}

    books.run("baseline-1", spec=spec(1))
    books.run("mlp-1", spec=spec(1), study="alone")
    books.run("mlp-2", spec=spec(2), study="alone")
    books.run("conv-1", spec=spec(3))
    books.run("conv-2", spec=spec(4), parent="conv-1")
    names = ("baseline-1", "mlp-1", "mlp-2", "conv-1", "conv-2")
    found = {one.run: one.difference for one in told(books, *names).runs}
    assert found["baseline-1"] is None
    assert found["mlp-1"] is None
    assert (found["mlp-2"].against, found["mlp-2"].why) == ("mlp-1", "the run of its job before")
    assert (found["conv-1"].against, found["conv-1"].why) == ("baseline-1", "the baseline of the study")
    assert (found["conv-2"].against, found["conv-2"].why) == ("conv-1", "its parent")
    (change,) = found["conv-2"].changes
    assert (change.kind, change.name, change.before, change.after) == ("param", "rate", 3, 4)


def test_secrets_do_not_leave(books):
    books.run("mlp-1", spec={"params": {"api_key": "abc", "max_tokens": 5, "tokenizer": "bpe", "hf_token": "x"},
                             "env": {"WANDB_API_KEY": "abc", "OMP_NUM_THREADS": "1"}})  # fmt: skip
    (run,) = told(books, "mlp-1").runs
    assert run.params == {"api_key": HIDDEN, "max_tokens": 5, "tokenizer": "bpe", "hf_token": HIDDEN}
    assert run.config["env"] == {"WANDB_API_KEY": HIDDEN, "OMP_NUM_THREADS": "1"}
    assert command_without_secrets(["x", "--api-key", "abc", "--lr", "1", "TOKEN=abc", "--password=p"]) == (
        "x", "--api-key", HIDDEN, "--lr", "1", f"TOKEN={HIDDEN}", f"--password={HIDDEN}",
    )  # fmt: skip
    assert is_secret("url", "https://ann:secret@example.org/x")
    assert not is_secret("url", "https://example.org:8080/x")


def test_what_is_told_together_is_of_one_moment(books):
    books.run("mlp-1")
    reader = books.reader()
    with reader.one_look():
        assert len(reader.runs()) == 1
        books.run("mlp-2")
        books.points("mlp-1", "val/mae", [(0.0, 1.0)])
        assert [one.run for one in gather(reader, everything=True, now=START).runs] == ["mlp-1"]
        assert reader.metrics("mlp-1") == []
    assert len(reader.runs()) == 2
    assert len(reader.metrics("mlp-1")) == 1


@pytest.mark.parametrize(
    ("metric", "goal"),
    [
        ("loss", "min"), ("val/box_loss", "min"), ("val/d_loss", ""), ("std/loss", ""), ("val/acc", "max"),
        ("metrics/mAP_0.5:0.95", "max"), ("metrics/mAP50-95(B)", "max"), ("time", ""), ("gpu_mem", ""),
    ],
)  # fmt: skip
def test_a_name_that_leaves_no_doubt_says_what_is_better(metric, goal):
    assert goal_for(Spec(job=Job(name="x", command=[])), metric) == goal
