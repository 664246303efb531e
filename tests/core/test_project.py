"""Projects: where they are, and which jobs they hold."""

import pytest

from trainui.core.errors import NotFoundError
from trainui.core.folder import find_project
from trainui.core.project import find_job, find_jobs


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
