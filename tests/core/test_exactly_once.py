"""Every line one point: two that read the same files at once, both killed over and over, the writer as well."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys

from tests.conftest import until
from trainui.core.store.envelope import WIDTHS
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect

LINES = 150_000
KILLS = 100
SPEC = '{"job":{"name":"crash","command":["true"]},"metrics":{"primary":"m"}}'


def test_rows_equal_lines_after_a_hundred_kills(tmp_path):
    db = connect(tmp_path / "runs.db")
    folder = tmp_path / "runs" / "crash-1"
    folder.mkdir(parents=True)
    with atomic(db):
        payload = {"job": "crash", "study": "crash", "spec": SPEC, "project": str(tmp_path)}
        RunWriter(db).add("crash-1", payload, directory=folder, queued_at=0.0)
    chance = random.Random(7)
    data = b"".join(
        json.dumps({"step": step, "metrics": {"m": step / 7, "n": -step}}).encode() + b"\n"
        for step in range(LINES)
    )
    at = kills = 0
    with _nursery(tmp_path) as born, (folder / "metrics.jsonl").open("ab", buffering=0) as log:
        readers = [born(), born()]
        while at < len(data) or kills < KILLS:
            end = min(len(data), at + chance.randrange(1, 2 * len(data) // KILLS))  # mostly inside a line
            log.write(data[at:end])
            at = end
            before = _offset(db)
            if chance.random() < 0.5:  # now and then they are given the time to get somewhere
                until(lambda before=before, end=end: _offset(db) > before or _offset(db) >= end - 200)
            victim = chance.randrange(2)
            os.kill(readers[victim], signal.SIGKILL)
            readers[victim] = born()
            kills += 1
        until(lambda: _offset(db) == len(data))
        for one in readers:
            os.kill(one, signal.SIGKILL)
    for metric in ("m", "n"):
        rows, steps, values = db.execute(
            "SELECT count(*), count(DISTINCT step), count(DISTINCT value) FROM curves WHERE run='crash-1' AND metric=?",
            (metric,),
        ).fetchone()
        assert (rows, steps, values) == (LINES, LINES, LINES)
    assert kills >= KILLS
    told = db.execute("SELECT points FROM metrics WHERE run='crash-1'").fetchall()
    assert [row["points"] for row in told] == [LINES, LINES]
    covered = db.execute(
        "SELECT level, sum(count) FROM envelopes JOIN metrics ON metrics.id = metric WHERE name='m' GROUP BY level"
    ).fetchall()
    assert dict(map(tuple, covered)) == {level: LINES // width * width for level, width in enumerate(WIDTHS)}


@contextlib.contextmanager
def _nursery(folder):
    """Yields what makes a new reader and returns its pid."""
    words = [sys.executable, "-m", "tests.core.ingester", str(folder / "runs.db"), "crash-1"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:

        def born():
            server.stdin.write("one more\n")
            return int(server.stdout.readline())

        try:
            yield born
        finally:
            server.kill()


def _offset(db) -> int:
    row = db.execute("SELECT offset FROM sources WHERE path='metrics.jsonl'").fetchone()
    return row["offset"] if row else 0
