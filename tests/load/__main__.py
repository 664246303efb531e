"""`python -m tests.load queue|flood`: trainui under load on this machine, as a table.

python -m tests.load queue [--runs 50] [--seconds 1] [--slots N]
python -m tests.load flood [--runs 16] [--seconds 120] [--rate 1000]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.load.loads import at, flood, queue, table, wrong_ends, wrong_rows


def show_queue(folder: Path, given: argparse.Namespace) -> list[str]:
    """Short runs queued at once; what went wrong."""
    runs, seconds = given.runs or 50, given.seconds or 1.0
    slots = given.slots or os.cpu_count() or 1
    told, took = queue(folder, runs=runs, seconds=seconds, slots=slots)
    wrong = wrong_ends(told)
    rows = [
        (f"{runs} runs of {seconds:g} s queued at once, {slots} at a time", f"{took:.1f} s"),
        ("of that beyond the jobs' own time, per run", f"{took * slots / runs - seconds:.2f} s"),
        ("results that are not what the job wrote down", str(len(wrong))),
        ("of them that finished, failed", " and ".join(str(sum(one.result == how for one in told)) for how in ("finished", "failed"))),
    ]  # fmt: skip
    print(table(rows))
    return wrong


def show_flood(folder: Path, given: argparse.Namespace) -> list[str]:
    """Live runs that write without pause; what was lost."""
    runs, seconds = given.runs or 16, given.seconds or 120.0
    found = flood(folder, runs=runs, seconds=seconds, rate=given.rate, keys=True)
    wrong = wrong_rows(found.told)
    lines = sum(one.lines for one in found.told)
    rows = [
        (f"{runs} live runs, {given.rate:g} lines a second each, {seconds:g} s", f"{lines:,} lines"),
        ("rows in the store", f"{sum(one.rows for one in found.told):,}"),
        ("runs whose rows are not their lines, each once, in order", str(len(wrong))),
        ("the store is behind by, while they write", _spread(found.lags, 1, "s")),
        ("from the last line to the last `ended`", f"{found.caught_up:.1f} s"),
        *((f"{name}, of one core", f"{share:.0f} %") for name, share in found.cpu.items()),
        (f"from key press to its effect, {len(found.keys)} presses", _spread([one[1] for one in found.keys], 1000, "ms")),
    ]  # fmt: skip
    for what in dict.fromkeys(what for what, _ in found.keys):
        rows.append((f"  {what}", _spread([took for one, took in found.keys if one == what], 1000, "ms")))
    print(table(rows))
    return wrong


def _spread(values: list[float], unit: float, name: str) -> str:
    shown = (f"{at(values, share) * unit:.{0 if name == 'ms' else 1}f}" for share in (0.5, 0.95, 1))
    return "p50 {}, p95 {}, max {} ".format(*shown) + name


def main() -> int:
    """Print the table of a load, and what was wrong; 1 when something was."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("load", choices=("queue", "flood"))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--slots", type=int, help="queue: runs at a time; as many as there are cores")
    parser.add_argument("--rate", type=float, default=1000.0, help="flood: lines a second of each run")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%F')}\n")
    with tempfile.TemporaryDirectory(prefix="trainui-load-") as folder:
        wrong = {"queue": show_queue, "flood": show_flood}[given.load](Path(folder), given)
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
