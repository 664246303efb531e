"""A project whose jobs do what gates and remedies answer to, and what was kept of the answers."""

from __future__ import annotations

import sqlite3

LEARN = """\
import json, os, signal, sys, time
import argparse
flags = argparse.ArgumentParser()
flags.add_argument("--steps", type=int, default=4)
flags.add_argument("--delay", type=float, default=0.0)
flags.add_argument("--nan_at", type=int, default=-1)
flags.add_argument("--save_every", type=int, default=0)
flags.add_argument("--batch_size", type=int, default=8)
flags.add_argument("--fits", type=int, default=8)
flags.add_argument("--oom_at", type=int, default=0)
flags.add_argument("--head_lr", type=float, default=0.001)
flags.add_argument("--resume", default="")
given = flags.parse_args()
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
here = os.environ["TRAINUI_RUN_DIR"]
out = open(os.environ["TRAINUI_METRICS"], "a")
def say(**record):
    out.write(json.dumps(record) + "\\n"); out.flush()
start = int(open(given.resume).read()) if given.resume else 0
say(total_steps=given.steps)
for step in range(start, given.steps):
    say(**{"step": step, "loss": float("nan") if 0 <= given.nan_at <= step else 10.0 / (step + 1)})
    if given.save_every and step % given.save_every == 0:
        path = os.path.join(here, f"{step}.pt")
        open(path, "w").write(str(step))
        say(checkpoint=path, step=step)
    if given.batch_size > given.fits and step >= given.oom_at:
        print("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", flush=True)
        sys.exit(1)
    time.sleep(given.delay)
    if stop:
        break
"""

JOB = """\
[job]
name = "{name}"
command = ["{{python}}", "learn.py"]
grace_seconds = 5
resume = ["--resume", "{{last_checkpoint}}"]

[params]
steps = 4
delay = 0.0
nan_at = -1
save_every = 0
batch_size = 8
fits = 8
oom_at = 0
head_lr = 0.001

[metrics]
primary = "loss"
goal = "min"

[watch]
off = ["all"]

"""

NAN = """
[[gate]]
id = "no-nan"
role = "flag"
test = "finite"
metrics = ["loss"]
on.tripped = {actions}
{more}
"""

LOW = """
[[gate]]
id = "low"
role = "criterion"
test = "value"
left = "best(loss)"
op = "<"
right = 6
{more}
"""


def add_job(cockpit, name="learn", tables="", **resources):
    """Write a job of learn.py with these gates and remedies."""
    (cockpit.project / "learn.py").write_text(LEARN)
    (cockpit.project / "jobs" / f"{name}.toml").write_text(JOB.format(name=name) + tables)


def rows(cockpit, sql, *values):
    """Rows of runs.db as dicts."""
    db = sqlite3.connect(f"file:{cockpit.db}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in db.execute(sql, values)]
    finally:
        db.close()


def deeds(cockpit, subject):
    """(gate, action) → (outcome, is_done) of a run or study."""
    found = rows(
        cockpit, "SELECT gate, action, outcome, is_done FROM actions WHERE run=? ORDER BY id", subject
    )
    return {(row["gate"], row["action"]): (row["outcome"], bool(row["is_done"])) for row in found}


def told(cockpit, subject, kind):
    """The texts of a run's events of one kind."""
    return [
        row["text"]
        for row in rows(cockpit, "SELECT text FROM events WHERE run=? AND kind=? ORDER BY id", subject, kind)
    ]


def runs_of(cockpit, job):
    """Names of the runs of a job, oldest first, those not taken in yet too."""
    return [
        row["run"]
        for row in rows(
            cockpit,
            "SELECT run FROM intents WHERE verb='start' AND json_extract(payload, '$.job')=? ORDER BY id", job,
        )
    ]  # fmt: skip
