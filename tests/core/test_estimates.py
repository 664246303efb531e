"""[estimate]: what somebody expected a job or a study to take, and what is wrong with how it was written."""

import pytest

from trainui.core.errors import SpecError
from trainui.core.spec import spec_from_json
from trainui.core.spec.carried import with_study
from trainui.core.spec.estimate import Estimate
from trainui.core.spec.file import load_spec
from trainui.core.spec.study import load_studies, study_of

JOB = """\
[job]
name = "mlp"
command = ["x"]

[estimate]
{}
"""

STUDY = """\
[study]
name = "phase"
runs = { mlp = "mlp", other = "other*" }

{}
[[gate]]
id = "low"
run = "mlp"
role = "flag"
test = "finite"
metrics = ["loss"]
"""


def job(tmp_path, lines):
    path = tmp_path / "mlp.toml"
    path.write_text(JOB.format(lines))
    return path


def study(tmp_path, lines):
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace("{}", lines))
    return path


def test_a_number_or_a_range_is_planned(tmp_path):
    spec = load_spec(job(tmp_path, 'gpu_hours = [6, 8]\nusd = 9\nquote = "~$8-10"'))
    planned = [spec.estimate.planned(what) for what in ("gpu_hours", "usd", "wall_hours")]
    assert planned == [(6, 8), (9, 9), None]
    assert spec_from_json(spec.to_json()).estimate == spec.estimate
    assert load_spec(written(tmp_path, spec.to_toml())).estimate == spec.estimate


def written(tmp_path, text):
    path = tmp_path / "again.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("usd = -1", "6: usd cannot be -1"),
        ("usd = nan", "6: usd cannot be nan"),
        ("usd = 1\ngpu_hours = [8, 6]", "7: gpu_hours = [8, 6] has its low end above its high one"),
        ("gpu_hours = [8]", "6: gpu_hours should be a number or [low, high], not 1 numbers"),
        ("gpu_hours = [1, 2, 3]", "6: gpu_hours should be a number or [low, high], not 3 numbers"),
        ("wall_hours = [1, inf]", "6: wall_hours cannot be inf"),
        ('quote = "soon"', "5: [estimate] estimates nothing"),
        ("gpu_hour = 6", "6: [estimate] has no key 'gpu_hour' (did you mean 'gpu_hours'?)"),
        ('usd = "8-10"', "6: estimate.usd: it should be a number or [low, high]"),
    ],
)
def test_a_wrong_estimate_of_a_job_is_told_with_its_line(tmp_path, lines, told):
    with pytest.raises(SpecError) as caught:
        load_spec(job(tmp_path, lines))
    assert str(caught.value).startswith(f"{tmp_path}/mlp.toml:{told}")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("[estimate]\nusd = [3, 2]\n", "6: usd = [3, 2] has its low end above its high one"),
        ("[estimate]\nusd = 1\n[estimate.runs.mpl]\nusd = 2\n",
         "7: [estimate.runs]: study 'phase' has no run 'mpl' (did you mean 'mlp'?)"),
        ("[estimate.runs.mlp]\nusd = -2\n", "6: usd cannot be -2"),
        ("[estimate]\nus = 1\n", "6: [estimate] has no key 'us' (did you mean 'usd'?)"),
        ("[estimate]\nusd = 1\n[study.estimate]\nusd = 2\n",
         "5: [estimate] may be of study 'phase' or of another (keep one)"),
    ],
)  # fmt: skip
def test_a_wrong_estimate_of_a_study_is_told_with_its_line(tmp_path, lines, told):
    with pytest.raises(SpecError) as caught:
        load_studies(study(tmp_path, lines))
    assert str(caught.value).startswith(f"{tmp_path}/study.toml:{told}")


def test_an_estimate_in_a_file_of_several_studies_says_of_which_it_is(tmp_path):
    path = tmp_path / "studies.toml"
    gate = '[[gate]]\nid = "{0}-low"\nrun = "m"\nrole = "flag"\ntest = "finite"\nmetrics = ["loss"]\n'
    groups = "".join(f'[group.{name}]\nruns = {{ m = "mlp" }}\n' + gate.format(name) for name in "ab")
    path.write_text(groups + "[group.b.estimate]\nusd = 3\n")
    found = {one.name: one.estimate and one.estimate.planned("usd") for one in load_studies(path)}
    assert found == {"a": None, "b": (3, 3)}
    path.write_text(groups + "[estimate]\nusd = 3\n")
    with pytest.raises(SpecError, match=r"may be of study 'a' or of another \(write \[group.a.estimate\]\)"):
        load_studies(path)


def test_a_study_is_kept_with_its_estimate_and_gives_its_runs_theirs(tmp_path):
    path = study(tmp_path, "[estimate]\ndecision_points = 10\n[estimate.runs.mlp]\ngpu_hours = [1, 2]\n")
    (found,) = load_studies(path)
    assert study_of(found.text).estimate == found.estimate
    bare = load_spec(job(tmp_path, "usd = 1"))
    own = with_study(bare, found)
    assert own.estimate == bare.estimate
    (tmp_path / "mlp.toml").write_text('[job]\nname = "mlp"\ncommand = ["x"]\n')
    assert with_study(load_spec(tmp_path / "mlp.toml"), found).estimate == Estimate(gpu_hours=[1, 2])


def test_a_study_without_an_estimate_reads_as_it_always_did(tmp_path):
    (found,) = load_studies(study(tmp_path, ""))
    assert "estimate" not in found.text
