"""The nine remedies of the seeds: the overrides they wrote down, literally, on the commands they wrote down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from seed_drive import tables

from trainui.core import remedies
from trainui.core.errors import SpecError
from trainui.core.spec import Job, Remedy, Spec, argv

TEACHER = {
    "batch_size": 8,
    "learning_rate": 0.0003,
    "dropout": 0.3,
    "epochs": 150,
    "warmup_epochs": 5,
    "optimizer": "adamw",
    "weight_decay": 0.0001,
    "accumulation_steps": 2,
    "use_amp": True,
    "output_dir": "checkpoints/teacher_v1",
    "num_workers": 4,
}
"""The last command of 003."""
AST = {"warmup-epochs": 0, "batch-size": 4}
"""Attempt 2 of 002."""
REMEDIES = {
    one.id: one
    for seed in ("000", "001", "002", "003")
    for one in msgspec.convert(tables(seed).get("remedy", []), list[Remedy])
}


def job(params: dict[str, object]) -> Spec:
    command = ["python", "train.py"]
    return Spec(job=Job(name="j", command=command), params=params, remedy=list(REMEDIES.values()))  # type: ignore[arg-type]


def words(spec: Spec) -> list[str]:
    return list(argv(spec, python="python", run="j-1", run_dir=Path("runs/j-1")))


@pytest.mark.parametrize(
    ("name", "params", "literal"),
    [
        ("002.r1", AST, "--head-lr 5e-4"),
        ("002.r2", AST, "--batch-size 2"),
        ("003.oom", TEACHER, "--batch_size 4 --accumulation_steps 4"),
        ("003.too-slow", TEACHER, "--learning_rate 0.0005 --batch_size 12"),
        ("003.not-improving", TEACHER, "--dropout 0.4 --weight_decay 0.001"),
        ("003.nan", TEACHER, "--learning_rate 0.0001 --max_grad_norm 0.5"),
        (
            "004.overfit",
            TEACHER,
            "--dropout 0.4 --learning_rate 0.0002 --weight_decay 0.001 --label_smoothing 0.1"
            " --warmup_epochs 10 --epochs 200",
        ),
    ],
)
def test_a_remedy_changes_in_the_command_what_its_author_wrote_and_nothing_else(name, params, literal):
    spec = job(params)
    before, after = words(spec), words(remedies.remedied(spec, REMEDIES[name]))
    wanted = literal.split()
    for key, value in zip(wanted[::2], wanted[1::2], strict=True):
        place = after.index(key)
        assert float(after[place + 1]) == float(value)
        assert after.count(key) == 1
        del after[place : place + 2]
        if key in before:
            place = before.index(key)
            del before[place : place + 2]
    assert after == before


@pytest.mark.parametrize("name", ["004.not-improving", "004.plateau"])
def test_advice_is_told_and_never_tried(name):
    with pytest.raises(SpecError, match=r"is advice: (Lower|Increase) learning rate"):
        remedies.find_remedy(job(TEACHER), name)


def test_there_are_nine_and_each_is_some_gates_remedy():
    named = {
        remedy: gate["id"]
        for seed in ("000", "001", "002", "003")
        for gate in tables(seed)["gate"]
        for remedy in gate.get("remedy", [])
    }
    assert len(REMEDIES) == 9
    assert set(named) == set(REMEDIES)


def test_a_gate_offers_its_remedies_in_the_order_it_names_them():
    gate = next(one for one in tables("003")["gate"] if one["id"] == "003.wer-decreasing")
    offered = remedies.answers_to(job(TEACHER), gate["id"], gate["remedy"])
    assert [one.id for one in offered] == ["003.not-improving", "004.not-improving"]


def test_only_the_remedy_for_memory_is_tried_unasked_and_only_where_the_effective_batch_stays():
    """003's first command has no --accumulation_steps: 8 samples a step, of which 4 times 4 would make 16."""
    assert [name for name, one in REMEDIES.items() if one.auto] == ["003.oom"]
    oom = REMEDIES["003.oom"]
    assert remedies.needs_a_person(job(TEACHER), oom) == ""
    first = {key: value for key, value in TEACHER.items() if key != "accumulation_steps"}
    assert remedies.needs_a_person(job(first), oom) == "the effective batch would be 16, not 8"


def test_what_diverged_or_overfitted_begins_anew_and_what_was_good_goes_on_from_its_best():
    begins = {name: one.from_ for name, one in REMEDIES.items() if not one.advice}
    from_best = {"003.oom", "003.not-improving", "003.nan"}
    assert {name for name, place in begins.items() if place == "best"} == from_best
    assert {place for name, place in begins.items() if name not in from_best} == {"scratch"}
    assert {one.max for one in REMEDIES.values()} == {1}
