"""A taught pattern is written into a spec file, and nothing else of it changes."""

import os
import tomllib

import pytest

from trainui.core.errors import NotFoundError, SpecError
from trainui.core.ingest.teach import teach
from trainui.core.specedit import add_pattern, spec_path

JOB = '# mine\n[job]\nname = "mine"   # a name\ncommand = ["true"]\n'
TAUGHT = teach("it's 3 ~ 'val' 0.5", {1: "step", 2: "val/err"})


def added(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode())
    add_pattern(path, TAUGHT.toml())
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    "text",
    [
        JOB,
        JOB.rstrip("\n"),
        JOB + '\n[metrics]\nprimary = "loss"  # mine\n\n# the gates\n[[gate]]\nid = "a"\nrole = "flag"\ntest = "finite"\nmetrics = ["loss"]\n',
        JOB + "\n[metrics]\ngoal = 'max'\n[[metrics.pattern]]\nregex = '(?P<a>.)'\nrename = {a = 'b'}\n\n# what it is given\n[params]\nx = [\n  1,\n  2\n]\n",
        JOB + "[[metrics.pattern]]\nregex = '''\n(?P<a>.)\n[metrics]'''\n",
        JOB.replace("\n", "\r\n") + "[metrics]\r\nprimary = 'x'\r\n",
    ],
)  # fmt: skip
def test_the_pattern_is_added_after_the_others_and_every_line_stays(tmp_path, text):
    new = added(tmp_path, text)
    before, after = tomllib.loads(text), tomllib.loads(new)
    patterns = after["metrics"].pop("pattern")
    assert patterns[-1] == TAUGHT.table()
    assert patterns[:-1] == before.get("metrics", {}).pop("pattern", [])
    assert after == {"metrics": {}, **before}
    end = "\r\n" if "\r\n" in text else "\n"
    kept = new.replace(TAUGHT.toml().replace("\n", end), "")
    assert [line for line in kept.splitlines() if line] == [line for line in text.splitlines() if line]
    assert ("\r\n" in text) == ("\r\n" in new)
    assert os.listdir(tmp_path) == ["mine.toml"]


def test_patterns_in_one_line_get_one_more_and_comments_stay(tmp_path):
    new = added(tmp_path, JOB + "[metrics]\npattern = [{regex = '(?P<a>.)'}]  # one line\n")
    assert tomllib.loads(new)["metrics"]["pattern"] == [{"regex": "(?P<a>.)"}, TAUGHT.table()]
    assert "# mine" in new
    assert "# one line" in new


def test_a_link_stays_a_link_and_the_file_keeps_its_rights(tmp_path):
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "mine.toml"
    real.write_text(JOB)
    real.chmod(0o640)
    link = tmp_path / "mine.toml"
    link.symlink_to(real)
    add_pattern(link, TAUGHT.toml())
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert TAUGHT.toml() in real.read_text()


@pytest.mark.parametrize("text", ["not toml [", "[params]\nx = 1\n", JOB + "metrics = 3\n"])
def test_a_file_that_is_no_spec_is_left_as_it_is(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SpecError):
        add_pattern(path, TAUGHT.toml())
    assert path.read_text() == text


def test_the_spec_file_of_a_job_is_found_by_its_name(project):
    assert spec_path(project, "count") == project / "jobs" / "count.toml"
    with pytest.raises(NotFoundError):
        spec_path(project, "other")
