"""`make soak`: live runs that write for an hour under a manager, with the dashboard open. A table; 1 when something is wrong.

python -m tests.soak [--minutes 60] [--runs 8] [--rate 20]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.soak.place import make_project
from tests.soak.watch import Soak, growth, soak

WARM_SECONDS = 600
"""Memory is compared from here on: until then caches fill."""
MOST_GROWTH = 8.0
"""MiB more than that at the end is a leak."""


def rows(found: Soak, *, warm: float) -> list[tuple[str, str]]:
    """What was seen, in words."""
    assert found.held is not None
    held = found.held
    told = [
        ("points that the jobs wrote", f"{held.written:,}"),
        ("points in the store, with the same checksums", f"{held.points:,}"),
        ("curves or runs that are wrong", str(len(held.wrong))),
        (
            "lines in the logs of manager and keepers, and exceptions on the screen",
            str(len(found.complaints)),
        ),
        ("the dashboard left with", f"exit code {found.exit_code}, after {found.pressed} keys"),
        ("sent to the terminal", f"{found.bytes:,} bytes"),
        ("events", ", ".join(f"{count} {kind}" for kind, count in held.events.items())),
    ]
    for name, memory in found.memory.items():
        first, last = growth(memory, warm)
        told.append(
            (
                f"memory of the {name} after {warm / 60:.0f} minutes, at the end",
                f"{first:.1f} MiB, {last:.1f} MiB",
            )
        )
        told.append((f"{name}, of one core", f"{found.cpu[name]:.1f} %"))
    return told


def main() -> int:
    """Soak, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--rate", type=float, default=20.0, help="lines a second of each run")
    given = parser.parse_args()
    seconds = given.minutes * 60
    begun = f"{time.strftime('%F %H:%M')}, load {os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory(prefix="trainui-soak-") as folder:
        cockpit = make_project(Path(folder).resolve(), slots=given.runs)
        try:
            found = soak(
                cockpit, runs=given.runs, seconds=seconds, rate=given.rate, say=partial(print, flush=True)
            )
        finally:
            cockpit.clean_up()
    warm = min(WARM_SECONDS, seconds / 3)
    told = rows(found, warm=warm)
    told.append(
        (
            "machine",
            f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end",
        )
    )
    print(
        f"\n{given.runs} runs, {given.rate:g} lines a second each, {given.minutes:g} minutes; begun {begun}\n"
    )
    print("\n".join(["| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in told)]))
    assert found.held is not None
    wrong = [*found.held.wrong, *found.complaints]
    wrong += [
        f"the {name} grew from {first:.1f} to {last:.1f} MiB"
        for name, memory in found.memory.items()
        for first, last in [growth(memory, warm)]
        if last - first > MOST_GROWTH
    ]
    wrong += [f"the dashboard ended with {found.exit_code}"] if found.exit_code else []
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
