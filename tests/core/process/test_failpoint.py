"""A process dies at the point that is named, once; and after that the protocol goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from trainui.core.engines.local import Phase
from trainui.core.process.failpoint import NAME

FORGET = {"PYTHONPATH": os.getcwd(), "PATH": os.environ["PATH"]}


def _write(tmp_path, point, who="manager"):
    """Write three files as `who`, under a failpoint; the names of what is there afterwards, and the exit code."""
    code = (
        "from trainui.core.process import failpoint, files\n"
        f"failpoint.i_am({who!r})\n"
        f"for number in (1, 2, 3): files.write_json({str(tmp_path)!r} + '/x', {{'n': number}})"
    )
    env = FORGET | {NAME: f"{point}@{tmp_path / 'there'}"}
    done = subprocess.run([sys.executable, "-c", code], env=env)
    found = [name for name in os.listdir(tmp_path) if name.startswith(("x", ".x"))]
    return found, done.returncode


def test_who_reaches_the_point_dies_there_and_the_next_one_passes(tmp_path):
    found, code = _write(tmp_path, "manager drafted x")
    assert code == -signal.SIGKILL
    assert len(found) == 1
    assert found[0].startswith(".x."), "a draft, not renamed"
    assert _write(tmp_path, "manager drafted x")[1] == 0, "once, for the file is there"


def test_a_point_is_addressed_by_its_ordinal(tmp_path):
    assert _write(tmp_path, "manager wrote x#2")[1] == -signal.SIGKILL
    assert (tmp_path / "x").read_text() == '{"n": 2}\n'


@pytest.mark.parametrize(("point", "who"), [("manager wrote x#4", "manager"), ("keeper wrote x", "manager")])
def test_who_does_not_reach_it_lives(tmp_path, point, who):
    assert _write(tmp_path, point, who)[1] == 0
    assert not (tmp_path / "there").exists()


def test_a_trace_names_every_point_and_kills_nobody(tmp_path):
    assert _write(tmp_path, "trace")[1] == 0
    assert (tmp_path / "there").read_text().splitlines() == ["manager drafted x", "manager wrote x"] * 3


def test_a_process_without_a_name_has_no_points(tmp_path):
    assert _write(tmp_path, "trace", who="")[1] == 0
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("point", "by"),
    [
        ("keeper forked guard", "guard"),
        ("guard wrote guard.json", "guard"),
        ("guard forked job", "guard"),
        ("guard drafted job.json", "guard"),
        ("guard wrote job.json", "keeper"),
        ("guard opened gate", "keeper"),
        ("guard saw job dead", "keeper"),
        ("guard drafted exit.json", "keeper"),
        ("guard wrote exit.json", "guard"),
        ("guard reaped", "guard"),
    ],
)
def test_one_of_the_pair_dies_at_a_point_and_the_job_runs_once_and_its_exit_is_known(
    run, monkeypatch, point, by
):
    monkeypatch.setenv(NAME, f"{point}@{run.folder / 'there'}")
    run.shell("echo once; exit 3")
    monkeypatch.delenv(NAME)
    left = run.exit()
    assert (run.folder / "there").exists()
    assert (left.code, left.by) == (3, by)
    assert run.output() == "once\n"


def test_a_keeper_that_dies_before_it_has_a_guard_began_nothing(run, monkeypatch):
    monkeypatch.setenv(NAME, f"keeper wrote keeper.json@{run.folder / 'there'}")
    run.shell("echo once; exit 3").reach(Phase.ABSENT)
    run.shell("echo once; exit 3")
    assert run.exit().code == 3
    assert run.output() == "once\n"


def test_the_points_of_a_run_come_in_the_order_of_the_protocol(run, monkeypatch):
    trace = run.folder / "trace"
    monkeypatch.setenv(NAME, f"trace@{trace}")
    run.shell("sleep 0.2; (sleep 100 &); exit 3").exit()
    points = trace.read_text().splitlines()
    steps = [
        "keeper took keeper.lock",
        "keeper wrote claim",
        "keeper wrote keeper.json",
        "keeper forked guard",
        "guard took guard.lock",
        "guard wrote guard.json",
        "guard took job.lock",
        "guard forked job",
        "guard wrote job.json",
        "guard opened gate",
        "guard saw job dead",
        "guard wrote exit.json",
        "guard reaped",
        "guard asked stragglers",
        "guard swept",
    ]
    for who in ("keeper", "guard"):  # each by itself: they run side by side
        places = [points.index(step) for step in steps if step.startswith(who)]
        assert places == sorted(places)
    causes = ["keeper wrote keeper.json", "guard wrote job.json", "child passed gate", "guard saw job dead"]
    places = [points.index(step) for step in causes]
    assert places == sorted(places)


def test_a_job_never_sees_a_failpoint(run, monkeypatch):
    monkeypatch.setenv(NAME, f"trace@{run.folder / 'trace'}")
    env = {"PATH": os.environ["PATH"], "TRAINUI_RUN_DIR": str(run.dir), NAME: "trace@job"}
    run.shell("env; exit 3", env=env).exit()
    assert NAME not in run.output()
    assert (run.folder / "trace").exists()
