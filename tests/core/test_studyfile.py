"""Study files: both layouts, what is wrong and where, and what they put into the specs of their runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainui.core.errors import SpecError
from trainui.core.project import find_job, find_studies
from trainui.core.specfile import load_spec
from trainui.core.studyfile import Study, load_studies, study_of
from trainui.core.studyspec import with_study

STUDY = """\
[study]
name = "speech"
about = "real labels or not"
runs = { ami = "ami", libri = ["libri", "old-libri*"] }

[metric.val_acc]
from = ["Val Acc"]
goal = "max"

[[gate]]
id = "H1"
role = "hypothesis"
test = "value"
left = "ami: best(val_acc)"
minus = "libri: best(val_acc)"
op = ">="
right = 15
when = "end"

[[gate]]
id = "smooth"
run = "ami"
role = "flag"
test = "regress"
metric = "val_acc"
ref = "best"
by = "8 points"
on.tripped = ["flag"]
remedy = ["slower"]

[[gate]]
id = "level"
run = "*"
across = "any"
role = "criterion"
test = "value"
left = "best(val_acc)"
op = ">="
right = 75
on.passed = ["notify", "launch:evaluate"]

[[remedy]]
id = "slower"
set = { lr = 1e-4 }
"""
JOB = '[job]\nname = "ami"\ncommand = ["true"]\n'
GROUPS = """\
schema = 1
[metric.x]
goal = "min"
[group."000"]
runs = { one = "one*" }
[[gate]]
id = "a"
run = "one"
role = "criterion"
test = "value"
left = "best(x)"
op = "<"
right = 1
[group."001"]
runs = { two = "two*", three = "three" }
[[gate]]
id = "b"
role = "criterion"
test = "value"
left = "two: best(x)"
over = "three: best(x)"
op = "<"
right = 1
"""


def written(folder: Path, text: str, name: str = "study.toml") -> Path:
    (folder / "jobs").mkdir(exist_ok=True)
    path = folder / "jobs" / name
    path.write_text(text, encoding="utf-8")
    return path


def the_study(folder: Path, text: str = STUDY) -> Study:
    (study,) = load_studies(written(folder, text))
    return study


def test_a_study_says_which_runs_it_is_of_and_what_is_judged_where(tmp_path: Path):
    study = the_study(tmp_path)
    assert (study.name, study.about) == ("speech", "real labels or not")
    assert study.plan.runs == {"ami": ("ami",), "libri": ("libri", "old-libri*")}
    assert [gate.id for gate in study.plan.across] == ["H1"]
    assert study.plan.aliases_of("old-libri-b") == ("libri",)
    assert study.plan.aliases_of("evaluate") == ()


def test_what_is_written_down_is_read_back_the_same(tmp_path: Path):
    study = the_study(tmp_path)
    again = study_of(study.text)
    assert again.text == study.text
    assert [gate.digest for gate in again.plan.gates] == [gate.digest for gate in study.plan.gates]
    assert again.plan.homes == study.plan.homes


def test_groups_in_one_file_are_studies_each_with_the_gates_that_follow_it(tmp_path: Path):
    studies = load_studies(written(tmp_path, GROUPS))
    assert {one.name: [gate.id for gate in one.plan.gates] for one in studies} == {"000": ["a"], "001": ["b"]}


def test_a_file_without_a_study_is_none_of_ours(tmp_path: Path):
    assert load_studies(written(tmp_path, JOB)) == ()
    assert load_studies(written(tmp_path, "[other]\n")) == ()
    assert load_spec(written(tmp_path, STUDY)) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('name = "speech"', "", 1, "needs a name"),
        ('name = "speech"', 'name = "a b"', 2, "not a usable name"),
        ("about =", "abuot =", 3, "has no key 'abuot' (did you mean 'about'?)"),
        ("[metric.val_acc]", "[metrik.val_acc]", 6, "has no key 'metrik'"),
        ('goal = "max"', "gaol = 1", 8, "has no key 'gaol'"),
        ('goal = "max"', 'goal = "up"', 8, "goal 'up' is not known"),
        ("runs = {", "runs = 3 #", 4, "runs: expected `object`"),
        ('op = ">="\nright = 15', 'op = "=>"\nright = 15', 16, "op '=>' is not known"),
        ('left = "ami: best', 'left = "amii: best', 10, "run 'amii' is not declared (did you mean 'ami'?)"),
        ('remedy = ["slower"]', 'remedy = ["slover"]', 20, "there is no remedy 'slover'"),
        ('when = "end"', 'when = "end"\non.failed = ["stop"]', 10, "on.failed cannot stop"),
        ('metric = "val_acc"', 'metric = ""', 25, "names no metric"),
        ('role = "flag"', 'role = "falg"', 23, "role 'falg' is not known"),
        ("[[remedy]]", "[[remedy]", 42, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str):
    assert old in STUDY
    path = written(tmp_path, STUDY.replace(old, new, 1))
    with pytest.raises(SpecError) as caught:
        load_studies(path)
    assert says in str(caught.value)
    where, number = str(caught.value).split(":")[:2]
    assert (where, int(number)) == (str(path), line)


# -------------------------------------------------------------------- into the specs of its runs


def test_a_run_carries_what_it_alone_is_judged_by(tmp_path: Path):
    study = the_study(tmp_path)
    spec = load_spec(written(tmp_path, JOB, "ami.toml"))
    assert spec is not None
    joined = with_study(spec, study)
    smooth, level = joined.gates()
    assert (smooth.id, smooth.remedy, [one.id for one in joined.remedy]) == (
        "smooth",
        ("slower",),
        ["slower"],
    )
    assert joined.job.study == "speech"
    assert joined.metric["val_acc"].from_ == ["Val Acc"]
    assert level.role == "hypothesis", "one of several is enough: a run that misses it has not failed"
    assert level.actions == {"passed": ("notify",)}, "what is done once is done by the study"
    assert with_study(joined, study) == joined, "a run tried again carries them as they are"


def test_a_job_of_no_alias_is_left_alone(tmp_path: Path):
    spec = load_spec(written(tmp_path, JOB.replace("ami", "other"), "other.toml"))
    assert spec is not None
    assert with_study(spec, the_study(tmp_path)) is spec


OWN = """
[[gate]]
id = "smooth"
role = "flag"
test = "regress"
metric = "val_acc"
ref = "best"
by = "8 points"
on.tripped = ["flag"]
remedy = ["slower"]
[[remedy]]
id = "slower"
set = { lr = 1e-4 }
[metric.val_acc]
from = ["Val Acc"]
goal = "max"
"""


def test_what_both_say_alike_stands_once(tmp_path: Path):
    spec = load_spec(written(tmp_path, JOB + OWN, "ami.toml"))
    assert spec is not None
    joined = with_study(spec, the_study(tmp_path))
    assert [gate.id for gate in joined.gates()] == ["smooth", "level"]
    assert len(joined.remedy) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('by = "8 points"', 'by = "9 points"', "gate 'smooth' is also in job 'ami'"),
        ("lr = 1e-4", "lr = 1e-5", "remedy 'slower' is also in job 'ami'"),
        ('"Val Acc"', '"val/acc"', "metric 'val_acc' is also in job 'ami'"),
    ],
)
def test_what_they_say_differently_is_refused_and_keeps_the_job_from_starting(
    tmp_path: Path, old: str, new: str, says: str
):
    written(tmp_path, STUDY)
    written(tmp_path, JOB + OWN.replace(old, new), "ami.toml")
    (file,) = find_studies(tmp_path)
    assert says in file.problem
    assert file.problem.startswith("jobs/study.toml:")
    with pytest.raises(SpecError, match="says something else there"):
        find_job(tmp_path, "ami")


def test_a_job_is_found_with_the_gates_of_its_study(tmp_path: Path):
    written(tmp_path, STUDY)
    written(tmp_path, JOB, "ami.toml")
    assert [gate.id for gate in find_job(tmp_path, "ami").gates()] == ["smooth", "level"]


def test_two_studies_of_one_name_are_told_apart(tmp_path: Path):
    written(tmp_path, STUDY)
    written(tmp_path, STUDY, "zwei.toml")
    first, second = find_studies(tmp_path)
    assert first.problem == ""
    assert "jobs/study.toml also calls its study 'speech'" in second.problem


SEEDS = Path(__file__).parents[2] / "jobs"


@pytest.mark.parametrize("name", ["ast", "boundary", "diarization", "sign"])
def test_the_studies_of_the_seeds_are_read(name: str):
    (study,) = load_studies(SEEDS / name / "study.toml")
    assert study.name == name
    assert study.plan.gates
    assert study_of(study.text).text == study.text
