"""A project to measure in: a job that does nothing, and one that says when it is asked to stop."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.measure import wait_for
from tests.conftest import Cockpit

HEARS = """\
import os, signal, sys, time
def stop(*_):
    with open("heard.tmp", "w") as file:
        file.write(repr(time.time()))
    os.rename("heard.tmp", "heard")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open("listens", "w").close()
while True:
    time.sleep(60)
"""
JOBS = {"quiet": ["sleep", "3600"], "hears": [sys.executable, "-S", "hears.py"]}


@contextlib.contextmanager
def project(folder: Path, *, slots: int) -> Iterator[Cockpit]:
    """A project with these jobs, a manager, and no process that outlives it."""
    (folder / "jobs").mkdir(parents=True)
    for name, command in JOBS.items():
        (folder / "jobs" / f"{name}.toml").write_text(
            f'[job]\nname = "{name}"\ncommand = {json.dumps(command)}\n'
        )
    (folder / "hears.py").write_text(HEARS)
    (folder / "trainui.toml").write_text(f"[queue]\nslots = {slots}\n")
    cockpit = Cockpit(folder)
    try:
        yield cockpit
    finally:
        cockpit.clean_up()


def start(cockpit: Cockpit, job: str, count: int) -> list[str]:
    """So many runs of a job, all of them running."""
    names = cockpit.client.start_all([job] * count)
    reader = cockpit.reader()
    wait_for(lambda: all(reader.run(name).status == "running" for name in names))
    reader.close()
    return names


def pids(cockpit: Cockpit, runs: Sequence[str], role: str) -> list[int]:
    """The keepers, guards or jobs of some runs."""
    folder = cockpit.project / "runs"
    return [json.loads((folder / run / f"{role}.json").read_text())["pid"] for run in runs]


def manager_pid(cockpit: Cockpit) -> int:
    """The manager that holds the lock."""
    wait_for(cockpit.client.manager)
    manager = cockpit.client.manager()
    assert manager is not None
    return manager.pid
