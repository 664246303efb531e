"""Projects and trainui.toml."""

import pytest

from trainui.core.config import load_config
from trainui.core.errors import NotFoundError, SpecError
from trainui.core.project import find_job, find_jobs, find_project


def test_a_project_is_found_from_below(project):
    below = project / "jobs" / "deep"
    below.mkdir()
    assert find_project(below) == project


def test_no_project_is_said_with_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match=r"trainui\.toml or a jobs/"):
        find_project(tmp_path)


def test_jobs_are_found_with_what_is_wrong(project):
    (project / "jobs" / "bad.toml").write_text('[job]\nname = "bad"\n')
    (project / "jobs" / "twin.toml").write_text('[job]\nname = "count"\ncommand = ["true"]\n')
    jobs = {job.path.name: job for job in find_jobs(project)}
    assert "needs 'command'" in jobs["bad.toml"].problem
    assert "also calls its job 'count'" in jobs["twin.toml"].problem
    assert "also calls" in jobs["count.toml"].problem


def test_an_unknown_job_names_the_nearest(project):
    with pytest.raises(NotFoundError, match="did you mean 'count'"):
        find_job(project, "cuont")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[budget]\ntotal = 3\n", ["trainui.toml:2", "total"]),
        ("[budget]\ntotal_usd = -3\n", ["trainui.toml:2", "not -3"]),
        ('[[machine]]\nname = "a"\nusd_per_hour = -1\n', ["trainui.toml:3", "rate"]),
        ('[[machine]]\nname = "a"\n[[machine]]\nname = "a"\n', ["two machines"]),
        ('[[machine]]\nname = "a"\nbilling = "minut"\n', ["did you mean 'minute'"]),
        ("[queue]\nslots = 0\n", ["at least 1"]),
        ("[budget\n", ["not valid TOML"]),
    ],
)
def test_a_wrong_config_is_refused_with_its_line(tmp_path, text, words):
    (tmp_path / "trainui.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_config(tmp_path)
    for word in words:
        assert word in str(caught.value)


def test_no_config_means_nothing_costs(tmp_path):
    assert load_config(tmp_path).here.usd_per_hour == 0
