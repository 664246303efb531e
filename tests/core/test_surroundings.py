"""Whose a file is that lies beside the run directories, and that a real run's are followed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import conftest
from tests.conftest import until
from trainui.core.repository import named_paths
from trainui.core.spec import Job, Spec
from trainui.core.surroundings import Owner, Surroundings, named_by
from trainui.core.telemetry.opened import Opened

ROOT = Path(__file__).parents[2]

TWO = """\
import os, struct, sys, time
sys.path.insert(0, {root!r})
from trainui.core.ingest.formats.tfrecord import framed
base = float(sys.argv[1])
os.makedirs("logs", exist_ok=True)
with open(f"logs/events.out.tfevents.{{int(time.time())}}.host.{{os.getpid()}}.0", "wb", 0) as log:
    for step in range(1, 4):
        value = b"\\x0a\\x04loss\\x15" + struct.pack("<f", base + step)
        summary = b"\\x0a" + bytes([len(value)]) + value
        event = b"\\x09" + struct.pack("<d", time.time()) + b"\\x10" + bytes([step])
        log.write(framed(event + b"\\x2a" + bytes([len(summary)]) + summary))
    open(f"begun-{{base:g}}", "w").close()
    while not os.path.exists("end"):
        time.sleep(0.02)
"""
EVENTS = "events.out.tfevents.1700000000.my.host.4194711.0"
SCRIPT = """\
import sys, time
from pathlib import Path
folder = Path("logs", sys.argv[1])
folder.mkdir(parents=True)
table = open(folder / "metrics.csv", "w", buffering=1)
table.write("step,val/mae\\n")
for step in range(5):
    table.write(f"{step},{100 - step}\\n")
table.close() if "closed" in sys.argv else None
other = open(folder / "predictions.csv", "w", buffering=1)
other.write("id,label,score\\na,3,0.5\\nb,4,0.25\\n")
while not Path("enough").exists():
    time.sleep(0.02)
"""


def touch(path, at):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("step,loss\n1,0.5\n")
    os.utime(path, (at, at))
    return path


def test_an_event_file_is_the_run_whose_process_wrote_it(tmp_path):
    file = touch(tmp_path / "tb" / EVENTS, 100)
    assert Owner(since=50, pids={4194711}).owns(file)
    assert not Owner(since=50, pids={4194712}).owns(file)
    assert not Owner(since=500, pids={4194711}).owns(file)


def test_a_folder_the_command_names_is_the_run_s(tmp_path):
    spec = Spec(
        job=Job(
            name="a", command=["python", "train.py", "--output_dir=out/a/../b", ".", "/etc", "\0", "../up"]
        ),
        params={"csv": "logs/a.csv", "lr": 0.1},
    )
    named = named_by(spec, tmp_path)
    assert {tmp_path / "out" / "b", tmp_path / "logs" / "a.csv"} <= named
    assert all(tmp_path in path.parents for path in named)
    owner = Owner(since=50, named=named)
    assert owner.owns(touch(tmp_path / "out" / "b" / "deep" / "metrics.csv", 100))
    assert owner.owns(touch(tmp_path / "logs" / "a.csv", 100))
    assert not owner.owns(touch(tmp_path / "logs" / "b.csv", 100))
    assert not owner.owns(touch(tmp_path / "out" / "a" / "metrics.csv", 100))


def test_only_a_run_that_is_alone_owns_the_rest_and_nothing_older(tmp_path):
    file = touch(tmp_path / "lightning_logs" / "version_0" / "metrics.csv", 100)
    assert Owner(since=50, is_alone=True).owns(file)
    assert not Owner(since=50).owns(file)
    assert not Owner(since=200, is_alone=True).owns(file)
    assert not Owner(since=50, is_alone=True).owns(tmp_path / "gone.csv")


def test_what_lies_in_a_run_directory_is_that_run_s(tmp_path):
    touch(tmp_path / "runs" / "a-1" / "metrics.csv", 100)
    (tmp_path / "runs" / "a-1" / "origin.json").write_text("{}")
    beside = touch(tmp_path / "runs" / "Nov21_host" / "metrics.csv", 100)
    found = Surroundings().files(tmp_path, Owner(since=50, is_alone=True), now=1000)
    assert list(found) == [str(beside)]


def test_only_files_that_are_open_for_writing_are_seen(tmp_path):
    read, written, gone = (tmp_path / name for name in ("read", "written", "gone"))
    for path in (read, written, gone):
        path.write_text("x")
    with read.open(), written.open("a"), gone.open("a"):
        gone.unlink()
        code = "import sys; print(flush=True); sys.stdin.read()"
        handles = [os.open(read, os.O_RDONLY), os.open(written, os.O_WRONLY)]
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=handles
        )
        child.stdout.readline()
        opened = Opened()
        assert opened.look([child.pid, 2**22 + 1], boot=0.0) == [str(written)]
        assert opened.look([child.pid], boot=1.0) == [str(written)]
        child.communicate()
        assert opened.look([child.pid], boot=2.0) == []
        for one in handles:
            os.close(one)


@pytest.mark.parametrize("how", ["open", "closed"])
def test_two_runs_side_by_side_get_their_own(cockpit, how):
    """Held open it is known by its process, closed by the folder its command names; what is no table of metrics
    stays out."""
    project = cockpit.project
    (project / "leave.py").write_text(SCRIPT)
    for name in ("left", "right"):
        named = f', "logs/{name}"' if how == "closed" else ""
        (project / "jobs" / f"{name}.toml").write_text(
            f'[job]\nname = "{name}"\ncommand = ["{{python}}", "leave.py", "{name}", "{how}"{named}]\n'
            '[metrics]\nprimary = "val/mae"\n'
        )
    cockpit("start", "left", "right")
    for name in ("left", "right"):
        until(lambda name=name: (cockpit.run(f"{name}-1")["metric"] or {}).get("last") == 96.0, seconds=60)
    (project / "enough").touch()
    for name in ("left", "right"):
        cockpit.until_status(f"{name}-1", "ended")
        curve = cockpit.json("curve", f"{name}-1", "val/mae")
        assert [point[:2] for point in curve["points"]] == [[n, 100.0 - n] for n in range(5)]
        assert [one["metric"] for one in cockpit.json("show", f"{name}-1")["metrics"]] == ["val/mae"]


ODD = (
    "~5",
    "~nobody/x",
    "--",
    "=",
    "*",
    "[x",
    "a\nb",
    "\u202e",
    "/proc/self/mem",
    "x" * 5000,
    "../" * 300,
    "{",
    "}",
)


def test_whatever_words_a_command_has_the_run_starts_and_the_manager_lives(cockpit):
    """A word is looked up as a path: one that began with ~ and was nobody's home ended every manager there was."""
    (cockpit.project / "odd.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    words = json.dumps(list(ODD[:-2]))
    (cockpit.project / "jobs" / "odd.toml").write_text(
        '[job]\nname = "odd"\ncommand = ["{python}", "odd.py", *]\n[params]\nnote = "~approx"\n'.replace(
            "*", words[1:-1]
        )
    )
    cockpit("start", "odd")
    cockpit.until_status("odd-1", "ended")
    assert cockpit.run("odd-1")["result"] == "finished"
    log = (cockpit.project / "runs" / "odd-1" / "output.log").read_text()
    assert json.loads(log) == [*ODD[:-2], "--note", "~approx"]


@pytest.mark.parametrize("word", ODD)
def test_a_word_that_names_nothing_has_no_place(word, tmp_path):
    found = named_paths([word, f"--{word}={word}"], tmp_path)
    assert set(found) <= {"/proc/self/mem", str(tmp_path), f"{tmp_path}/", str(tmp_path / word)}


def test_a_project_is_looked_through_once_for_all_its_runs(tmp_path):
    surroundings = Surroundings()
    owner = Owner(since=50, is_alone=True)
    now = time.time()
    assert list(surroundings.files(tmp_path, owner, now=now)) == []
    file = touch(tmp_path / "metrics.csv", now)
    assert list(surroundings.files(tmp_path, owner, now=now + 1)) == []
    assert [Path(one) for one in surroundings.files(tmp_path, owner, now=now + 6)] == [file]
    assert [Path(one) for one in surroundings.files(tmp_path, owner, now=now + 6, final=True)] == [file]


def test_an_event_file_of_another_run_is_not_its_own_wherever_it_lies(tmp_path):
    file = tmp_path / "logs" / "events.out.tfevents.1700000000.host.4194711.0"
    file.parent.mkdir()
    file.touch()
    since, named = time.time() - 60, [file.parent]
    assert Owner(since=since, named=named).owns(file)
    assert Owner(since=since, pids=[4194711], strangers=[4194711]).owns(file)
    assert not Owner(since=since, named=named, strangers=[4194711]).owns(file)


def test_a_file_written_before_or_after_a_run_is_not_its_own(tmp_path):
    file = tmp_path / "results.csv"
    file.touch()
    now = time.time()
    for since, last, owns in ((-60, 60, True), (30, 60, False), (-60, -30, False)):
        assert Owner(since=now + since, until=now + last, is_alone=True).owns(file) is owns


def test_two_runs_that_write_events_into_one_named_folder_keep_to_their_own(cockpit, project):
    (project / "two.py").write_text(TWO.format(root=str(ROOT)))
    for name, base in (("left", 100), ("right", 200)):
        command = [sys.executable, "two.py", str(base), "logs"]
        (project / "jobs" / f"{name}.toml").write_text(f'[job]\nname = "{name}"\ncommand = {command}\n')
        cockpit("start", name)
    both = [project / "begun-100", project / "begun-200"]
    conftest.until(lambda: all(one.exists() for one in both))
    (project / "end").touch()
    for name, base in (("left-1", 100), ("right-1", 200)):
        cockpit.until_status(name, "ended")
        points = cockpit.json("curve", name, "loss")["points"]
        assert [(step, value) for step, value, _ in points] == [(step, base + step) for step in (1, 2, 3)]
