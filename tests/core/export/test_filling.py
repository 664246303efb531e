"""Tables that a study file left to be filled in: which run a column is of, what a cell says, and why it says nothing."""

import math
import random
from collections import Counter

import pytest
from markdown_it import MarkdownIt

from tests.core.export.story_store import HOUR, NOW, START, STUDY, Story, frozen, make
from trainui.core.export.gathering import gather
from trainui.core.export.markdown import result_table
from trainui.core.export.parts import CellDigest, LineDigest, TableDigest
from trainui.core.gates import Point
from trainui.core.ingest.records import Record
from trainui.core.spec.study import load_studies
from trainui.core.store import picking
from trainui.core.store.read import Reader
from trainui.core.store.readings import Reading
from trainui.core.store.schema import atomic
from trainui.core.store.studies import StudyWriter

BEGUN = {"base": "baseline-1", "mlp": "mlp-1"}


def cells(path):
    """Row → its cells, of the one table of the study."""
    reader = Reader(path)
    with frozen():
        (study,) = gather(reader, study=STUDY, now=NOW).studies
    reader.close()
    (table,) = study.tables
    return {row.name: row.cells for row in table.rows}


@pytest.fixture
def told(tmp_path):
    """Tells a study of two runs whose points are given, with the rows of its table."""

    def tell(rows, base, mlp, more="", epoch=float):
        story = Story(tmp_path)
        page = f"""\
[study]
name = "{STUDY}"
runs = {{ base = "baseline", mlp = "mlp" }}
[metric.val_acc]
from = ["Val Acc"]
goal = "max"
fraction = "auto"
[[table]]
title = "t"
columns = {{ mlp = "MLP", base = "Base" }}
rows = [{rows}]
{more}"""
        (tmp_path / "study.toml").write_text(page)
        (study,) = load_studies(tmp_path / "study.toml")
        with atomic(story.db):
            writer = StudyWriter(story.db)
            writer.keep(STUDY, study.text, "d" * 64, "study.toml", study.plan.gates, START)
            for alias, values in (("base", base), ("mlp", mlp)):
                run = BEGUN[alias]
                writer.note(STUDY, Reading(kind="began", seq=-1, name=run, text=alias, at=START))
                story.run(run, begun=0, ended=2, result="finished")
                records = [
                    Record(metrics={"Val Acc": value}, step=n, epoch=epoch(n), at=START + n * HOUR / 9)
                    for n, value in enumerate(values, 1)
                ]
                story.streams.add_records(run, "jsonl", records, now=NOW)
        story.db.close()
        tell.again = lambda: cells(story.path)
        return tell.again()

    return tell


def test_the_made_up_study_is_told_cell_by_cell(tmp_path):
    found = cells(make(tmp_path))
    assert [one.value for one in found["Best accuracy"]] == [48.6, 66.4, pytest.approx(17.8)]
    assert [one.text for one in found["Memory of the GPU"]] == ["–", "14 GiB", "–"]
    assert [one.text for one in found["Cost"]] == ["cheap", "dear", "–"]
    gain = found["Better than the baseline"]
    assert [one.verdict for one in gain] == ["", "", "passed"], (
        "what compares the columns is about their difference"
    )
    assert [one.reason for one in found["Ready"][:1]] == ["ready says nothing of baseline-1"]


def test_fractions_and_percent_are_one_number_as_the_metric_says(told):
    (best,) = told(
        '{ name = "best", value = "best(val_acc)", unit = "%" }', [0.5, 0.61], [48.0, 52.5]
    ).values()
    assert [one.text for one in best] == ["52.5 %", "61 %"]


def test_a_scale_that_nobody_knows_and_numbers_that_are_none_are_told_as_such(told):
    found = told(
        '{ name = "best", value = "best(val_acc)" }, { name = "last", value = "last(val_acc)" }',
        [0.5, 61.0],
        [float("nan")],
    )
    assert [one.text for row in found.values() for one in row] == ["–"] * 4
    assert found["best"][1].reason.startswith("val_acc looked like a fraction, and now it is 61: declare")
    assert found["last"][0].reason == "val_acc was never finite"


KINDS = (
    "best(val_acc)", "max(val_acc)", "min(val_acc)", "last(val_acc)", "range(val_acc)", "mean(val_acc)", "count(val_acc)",
    "argbest(val_acc)", "at(val_acc, epoch 3)", "at(val_acc, step 250)", "mean(val_acc, epochs 2..4)",
    "drawdown(val_acc, epochs 1..3)", "std(val_acc, steps 10..90)", "median(val_acc, 40)", "first-epoch(val_acc > 60)",
    "last(@step)",
)  # fmt: skip
"""What a row may ask for."""


@pytest.mark.parametrize("kinds", [*((one,) for one in KINDS[:-1]), KINDS])
@pytest.mark.parametrize("epochs", ["each", "none", "some"])
def test_of_a_long_curve_few_points_are_read_and_every_cell_is_as_of_all(told, monkeypatch, kinds, epochs):
    noise = random.Random(7)
    values = [
        noise.choice([math.nan, math.inf, 0.0, *(noise.uniform(20, 90) for _ in range(9))])
        for _ in range(600)
    ]

    def epoch(n):
        return n / 100 if epochs == "each" or (epochs == "some" and n % 3 == 0) else None

    rows = ", ".join(f'{{ name = "{one}", value = "{one}" }}' for one in kinds)
    fed = Counter()
    monkeypatch.setattr(picking, "Point", lambda **one: fed.update([one["metric"]]) or Point(**one))
    whole = told(rows, values, values[::-1], epoch=epoch)
    assert fed["Val Acc"] == 1200
    fed.clear()
    monkeypatch.setattr(picking, "LONG", 10)
    assert told.again() == whole
    if epochs == "each" and len(kinds) == 1 and kinds[0] in KINDS[:5]:
        assert fed["Val Acc"] <= 10, "of each run the ends, the extremes and what tells its scale"
    if epochs != "each" and len(kinds) == 1 and "epoch" in kinds[0]:
        assert fed["Val Acc"] == 1200, "which epoch a point lies in, those before it may say"


GATE = '[[gate]]\nid = "g"\nrole = "hypothesis"\ntest = "value"\nleft = "mlp: best(val_acc)"\nop = ">"\nright = 50\n'


def test_a_gate_across_runs_is_told_of_the_run_that_it_rests_on(told):
    (gate,) = told('{ name = "gate", gate = "g" }', [50.0], [60.0], GATE).values()
    assert [one.text for one in gate] == ["pending", "–"]
    assert gate[1].reason == "g says nothing of baseline-1"


def test_a_run_that_does_not_carry_a_gate_is_told_the_band_it_lies_in_without_a_verdict(told):
    bands = '[[gate]]\nid = "g"\nrole = "criterion"\nrun = "base"\ntest = "value"\nleft = "best(val_acc)"\nop = ">"\n'
    bands += 'right = 75\nbands = [[75, "ready"], [0, "not ready"]]\n'
    (gate,) = told('{ name = "gate", gate = "g" }', [50.0], [60.0], bands).values()
    assert [(one.text, one.value, one.verdict) for one in gate] == [
        ("not ready", 60.0, ""),
        ("not ready", 50.0, ""),
    ]


def test_nothing_hostile_in_a_table_becomes_markup():
    nasty = "<b>|x\n# y|[l](javascript:0)"
    filled = TableDigest(
        title=nasty, columns=(nasty, "Δ"), runs=(nasty,),
        rows=(LineDigest(name=nasty, cells=(CellDigest(text=nasty), CellDigest(text="-1 `%`", verdict=nasty))),),
    )  # fmt: skip
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(result_table(filled))
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in inline} == {"text"}
    assert sum(token.type == "td_open" for token in tokens) == 3
