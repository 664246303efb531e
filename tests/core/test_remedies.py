"""What a remedy changes, and when it may be tried without a person: the rule alone."""

import pytest

from trainui.core.errors import NotFoundError, SpecError
from trainui.core.remedies import (
    answers_to,
    check_sets,
    find_remedy,
    needs_a_person,
    param_of,
    remedied,
    too_dear,
)
from trainui.core.spec import Job, Remedy, Spec
from trainui.core.specfile import load_spec


def spec(*remedies, **params):
    return Spec(job=Job(name="a", command=["a"]), params=params, remedy=list(remedies))


def remedy(given, **more):
    return Remedy(id="r", set=given, **more)


@pytest.mark.parametrize("written", ["--head-lr", "head-lr", "head_lr", "--head_lr"])
@pytest.mark.parametrize("known", ["head_lr", "head-lr"])
def test_dashes_and_underscores_mean_the_same_param(written, known):
    assert param_of(spec(**{known: 1e-3}), written) == known
    assert remedied(spec(**{known: 1e-3}), remedy({written: "5e-4"})).params == {known: 5e-4}


def test_a_value_is_read_as_the_param_it_replaces_and_a_new_one_is_a_new_flag():
    changed = remedied(spec(batch_size=8, amp=False), remedy({"--batch_size": "4", "amp": True, "clip": 0.5}))
    assert changed.params == {"batch_size": 4, "amp": True, "clip": 0.5}


@pytest.mark.parametrize("value", ["4", 4])
def test_a_key_that_looks_misspelt_is_refused_with_what_was_meant(value):
    with pytest.raises(SpecError, match="batch_sise") as caught:
        check_sets(spec(remedy({"batch_sise": value}), batch_size=8))
    assert "batch_size" in caught.value.hint


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('id = "r"\nset = { batch_sise = 4 }', "9: remedy 'r': job 'a' has no param 'batch_sise'"),
        ('id = "r"\nset = { batch_size = "many" }', "remedy 'r': job 'a': batch_size='many' is not a number"),
    ],
)
def test_a_wrong_remedy_is_refused_when_the_spec_is_read(tmp_path, table, says):
    path = tmp_path / "a.toml"
    path.write_text(
        f'[job]\nname = "a"\ncommand = ["true"]\n[params]\nbatch_size = 8\n\n[[remedy]]\n{table}\n'
    )
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert says in str(caught.value)


def test_advice_is_not_tried_and_an_unknown_remedy_is_told_with_those_there_are():
    told = spec(Remedy(id="talk", advice=True, text="lower the rate"), remedy({"a": 1}))
    with pytest.raises(SpecError, match="lower the rate"):
        find_remedy(told, "talk")
    with pytest.raises(NotFoundError) as caught:
        find_remedy(told, "s")
    assert "talk, r" in caught.value.hint


def test_the_remedies_a_gate_names_come_first_and_then_those_that_name_the_gate():
    told = spec(
        Remedy(id="late", on="diverged", set={"a": 1}),
        Remedy(id="other", on="nan", set={"a": 1}),
        Remedy(id="first", set={"a": 1}),
    )
    assert [one.id for one in answers_to(told, "diverged", ("first",))] == ["first", "late"]


@pytest.mark.parametrize(
    ("params", "given", "why"),
    [
        ({"batch_size": 8, "accumulation_steps": 2}, {"--batch_size": "4", "--accumulation_steps": "4"}, ""),
        (
            {"batch_size": 8},
            {"--batch_size": "4", "--accumulation_steps": "4"},
            "the effective batch would be 16, not 8",
        ),
        (
            {"batch-size": 8, "grad-accum": 1},
            {"batch_size": 4, "grad_accum": 1},
            "the effective batch would be 4, not 8",
        ),
        ({"batch_size": 8}, {"batch_size": 4}, ""),
        ({}, {"batch_size": 4, "accumulation_steps": 4}, ""),
    ],
)
def test_batch_size_traded_for_accumulation_must_keep_their_product(params, given, why):
    assert needs_a_person(spec(**params), remedy(given, auto=True)) == why


def test_what_is_not_auto_waits_for_a_person():
    assert needs_a_person(spec(), remedy({"a": 1})) == "it is not auto"


@pytest.mark.parametrize(
    ("left", "spent", "progress", "is_fine"),
    [
        (None, 10**9, None, True),
        (1_000_000, 900_000, None, True),
        (1_000_000, 1_100_000, None, False),
        (1_000_000, 200_000, 0.1, False),
        (1_000_000, 100_000, 0.1, True),
        (0, 0, None, False),
        (-5, 0, None, False),
    ],
)
def test_another_try_must_fit_what_is_left(left, spent, progress, is_fine):
    assert (too_dear(left=left, spent=spent, progress=progress) == "") is is_fine
