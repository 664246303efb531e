"""A project in a temporary folder, and trainui run in it as a person would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.warm import Warm
from trainui.core.client import Client
from trainui.core.store.read import Reader

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Several workers whose tensors each want every core wait for one another: the same work took five times as long."""
COUNT = """\
import json, os, signal, sys, time
import argparse
flags = argparse.ArgumentParser()
flags.add_argument("--steps", type=int, default=5)
flags.add_argument("--delay", type=float, default=0.0)
flags.add_argument("--nan_at", type=int, default=-1)
flags.add_argument("--exit_code", type=int, default=0)
flags.add_argument("--resume", default="")
given = flags.parse_args()
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
start = int(open(given.resume).read()) if given.resume else 0
out = open(os.environ["TRAINUI_METRICS"], "a")
def say(record):
    out.write(json.dumps(record) + "\\n"); out.flush()
say({"total_steps": given.steps})
for step in range(start, given.steps):
    value = float("nan") if 0 <= given.nan_at <= step else 100.0 / (step + 1)
    say({"step": step, "val/mae": value})
    print("step", step, "of", given.steps)
    time.sleep(given.delay)
    if stop:
        break
last = os.path.join(os.environ["TRAINUI_RUN_DIR"], "last.txt")
open(last, "w").write(str(step + 1))
say({"checkpoint": last, "step": step})
sys.exit(0 if stop else given.exit_code)
"""
"""A training script that knows us a little: it counts, can diverge, fail, stop politely and resume."""

SPEC = """\
[job]
name = "count"
command = ["{python}", "count.py"]
about = "counts"
grace_seconds = 5
resume = ["--resume", "{last_checkpoint}"]

[params]
steps = 5
delay = 0.0

[metrics]
primary = "val/mae"
goal = "min"

[[gate]]
id = "below-30"
quote = "under thirty"
role = "criterion"
test = "value"
left = "best(val/mae)"
op = "<"
right = 30

[[gate]]
id = "no-nan"
role = "flag"
test = "finite"
metrics = ["val/mae"]
on.tripped = ["stop"]
"""


def until(fact: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait until `fact()` is true and return it; the deadline only ends a test that has failed."""
    deadline = time.monotonic() + seconds
    while True:
        found = fact()
        if found:
            return found
        assert time.monotonic() < deadline, f"never came true: {fact}"
        time.sleep(0.02)


@cache
def warm() -> Warm:
    """What runs the commands of this process's tests."""
    return Warm()


class Cockpit:
    """trainui in one project folder."""

    def __init__(self, project: Path, warm: Warm | None = None) -> None:
        """`warm`: runs the commands; without it each is a fresh interpreter."""
        self.project = project
        self.db = project / "runs.db"
        self.client = Client(project, self.db)
        self._warm = warm

    def __call__(
        self, *words: str, code: int | None = 0, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run `trainui WORDS`; the exit code must be `code` unless that is None."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
        if self._warm is not None and self._warm.serves(env):
            done = self._warm.run(words, cwd=self.project, env=env, timeout=timeout)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "trainui", *words],
                cwd=self.project,
                capture_output=True,
                text=True,
                timeout=timeout,
                stdin=subprocess.DEVNULL,
                env=env,
            )
        assert code is None or done.returncode == code, (
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def json(self, *words: str) -> Any:
        """What `trainui WORDS --json` prints, read."""
        return json.loads(self(*words, "--json").stdout)

    def run(self, name: str) -> dict[str, Any]:
        """The run's entry in `ls --all --json`."""
        return next(run for run in self.json("ls", "--all") if run["run"] == name)

    def reader(self) -> Reader:
        """Eyes on the store."""
        return Reader(self.db)

    def until_status(self, name: str, status: str) -> Any:
        """Wait until the run stands at `status`."""
        reader = self.reader()
        try:
            return until(lambda: (view := reader.run(name)).status == status and view)
        finally:
            reader.close()

    def keepers(self) -> list[int]:
        """Keepers and guards of this project that are alive."""
        sign = f"{self.project}/runs/".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    words = (folder / "cmdline").read_bytes()
                except OSError:
                    continue
                if b"keeper.py" in words and sign in words:
                    found.append(int(folder.name))
        return found

    def clean_up(self) -> None:
        """Leave no process behind: whoever belongs to this project is killed, and whom the last of them began."""
        looks = 0  # two, for who is just being executed has no name yet
        while looks < 2:
            left = self._left()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            looks = 0 if left else looks + 1
            time.sleep(0.02)

    def _left(self) -> list[int]:
        """Processes of this project: by what they were begun with, by their variables or by where they are."""
        signs = (f"{self.project}/runs/".encode(), f"{self.db}\0".encode())
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                    is_here = (folder / "cwd").readlink().is_relative_to(self.project)
                except OSError:
                    continue
                if is_here or any(sign in told for sign in signs):
                    found.append(int(folder.name))
        return found


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings and memories of the tests; those of whoever runs them are not looked at."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        yield


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one job, `count`."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "count.toml").write_text(SPEC)
    (tmp_path / "count.py").write_text(COUNT)
    return tmp_path


@pytest.fixture
def cockpit(project: Path) -> Iterator[Cockpit]:
    """trainui in that project; nothing of it outlives the test."""
    here = Cockpit(project, warm())
    yield here
    here.clean_up()
