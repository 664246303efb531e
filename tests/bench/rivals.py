"""Other trackers, given the same numbers in the same run: each in a process of its own, by its fastest documented way.

They live in `.venv-bench`, which only `make bench` makes; what is not there is said to be not installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEPS = """
import os, sys, time, warnings
warnings.simplefilter("ignore")
STEPS = int(sys.argv[1])
NAMES = sys.argv[2].split(",")
def told(step): return {name: (n + 1) / (step + 1) for n, name in enumerate(NAMES)}
"""

TRACKIO = """
os.environ["TRACKIO_DIR"] = os.getcwd()
import trackio
begun = time.perf_counter()
trackio.init(project="bench", name="one", embed=False)
for step in range(STEPS): trackio.log(told(step), step=step)
trackio.finish()
taken = time.perf_counter() - begun
import glob, sqlite3
assert sqlite3.connect(glob.glob("*.db")[0]).execute("SELECT count(*) FROM metrics").fetchone()[0] == STEPS
"""

MLFLOW = """
import logging
logging.disable(logging.WARNING)
import mlflow
from mlflow.entities import Metric
mlflow.set_tracking_uri("sqlite:///mlflow.db")
client = mlflow.MlflowClient()
run = client.create_run(client.create_experiment("bench")).info.run_id
begun = time.perf_counter()
batch = []
for step in range(STEPS):
    batch += [Metric(name, value, 1_700_000_000_000 + step, step) for name, value in told(step).items()]
    if len(batch) > 990 or step == STEPS - 1:
        client.log_batch(run, metrics=batch)
        batch = []
taken = time.perf_counter() - begun
assert len(client.get_metric_history(run, NAMES[-1])) == STEPS
"""

TENSORBOARD = """
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
begun = time.perf_counter()
writer = EventFileWriter(os.getcwd())
for step in range(STEPS):
    for name, value in told(step).items():
        value = Summary.Value(tag=name, simple_value=value)
        writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=Summary(value=[value])))
writer.close()
taken = time.perf_counter() - begun
"""

RIVALS = {
    "Trackio: log and finish": (TRACKIO, 20_000),
    "MLflow to SQLite: log_batch": (MLFLOW, 4_000),
    "TensorBoard: write event files": (TENSORBOARD, 20_000),
}
"""What → (what it does, steps)."""


def points_per_second(what: str, names: Sequence[str], folder: Path) -> float | None:
    """How fast a rival takes points of these names in, by its own clock; None when it is not installed."""
    script, steps = RIVALS[what]
    folder.mkdir(parents=True)
    peers = ROOT / ".venv-bench" / "bin" / "python"
    done = subprocess.run(
        [
            str(peers) if peers.exists() else sys.executable,
            "-c",
            f"{STEPS}{script}\nprint('taken', taken)",
            str(steps),
            ",".join(names),
        ],
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    if "ModuleNotFoundError" in done.stderr or "ImportError" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr[-2000:]
    return steps * len(names) / float(done.stdout.split()[-1])
