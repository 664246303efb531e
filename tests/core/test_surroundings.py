"""Which files beside its run directory are a run's own, with other runs about."""

import sys
import time
from pathlib import Path

from tests import conftest
from trainui.core.surroundings import Owner

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


def test_an_event_file_of_another_run_is_not_its_own_wherever_it_lies(tmp_path):
    file = tmp_path / "logs" / "events.out.tfevents.1700000000.host.4711.0"
    file.parent.mkdir()
    file.touch()
    since, named = time.time() - 60, [file.parent]
    assert Owner(since=since, named=named).owns(file)
    assert Owner(since=since, pids=[4711], strangers=[4711]).owns(file)
    assert not Owner(since=since, named=named, strangers=[4711]).owns(file)


def test_a_file_written_before_or_after_a_run_is_not_its_own(tmp_path):
    file = tmp_path / "results.csv"
    file.touch()
    now = time.time()
    for since, until, owns in ((-60, 60, True), (30, 60, False), (-60, -30, False)):
        assert Owner(since=now + since, until=now + until, is_alone=True).owns(file) is owns


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
