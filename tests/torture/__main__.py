"""`make torture`: kill at random moments, at every numbered step, and against a model; a table, and every violation.

python -m tests.torture                        all of it: 330 random kills, every step as often as it comes
python -m tests.torture --kills 30 --seed 7    one round of random kills (0: none)
python -m tests.torture --kills 0 --steps      only the numbered steps
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.torture.chaos import play_round
from tests.torture.points import play_all, trace
from tests.torture.scene import JOBS
from tests.torture.test_life import RunsLife

A_ROUND = 30
"""Kills in one round, each with a fresh project."""
EXAMPLES = 2000
"""Lives that the long form tries against the model."""

Row = tuple[str, object]


def random_kills(
    wanted: int, *, seed: int, long: float, pause: float, jobs: list[str]
) -> tuple[list[Row], int]:
    """Rounds until so many were killed; (rows of the table, violations)."""
    kills: Counter[str] = Counter()
    results: Counter[str] = Counter()
    points, found, gap, rounds = 0, 0, 0.0, 0
    while kills.total() < wanted:
        folder = Path(tempfile.mkdtemp(prefix="torture-")).resolve()
        cap = 25.0 if rounds % 5 == 4 else None
        one, wrong = play_round(
            folder, seed=seed + rounds, kills=min(A_ROUND, wanted), long=long, pause=pause, jobs=jobs, cap=cap
        )
        rounds += 1
        kills += one.kills
        gap = max(gap, one.watcher.longest_without_manager)
        ended = Counter(row[0] for row in one.scene.ask("SELECT coalesce(result, status) FROM runs"))
        results += ended
        points += one.scene.ask("SELECT coalesce(sum(points), 0) FROM metrics")[0][0]
        print(
            f"round {rounds}: {one.kills.total()} kills, {ended.total()} runs, {len(wrong)} violations",
            flush=True,
        )
        found += len(wrong)
        if wrong:
            _tell(wrong)
            print(f"  kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder)
    rows: list[Row] = [(f"killed at random: {victim}", count) for victim, count in sorted(kills.items())]
    rows += [
        ("**killed at random, in all**", f"**{kills.total()}**"),
        ("rounds, each a fresh project", rounds),
    ]
    rows += [("runs", results.total())]
    rows += [(f"runs that ended as {result}", count) for result, count in sorted(results.items())]
    rows += [("points written, and stored once each", points)]
    rows += [("longest that a live run was without a manager, s", f"{gap:.1f}")]
    return [*rows, ("violations", found)], found


def numbered_steps() -> tuple[list[Row], int]:
    """Whoever reaches a step dies there, for every step as often as it comes; (rows, violations)."""
    found, rows = 0, list[Row]()
    for without_guards, what in (
        (False, "kills at a step"),
        (True, "kills of a keeper at a step, its guard dead before"),
    ):
        came = Counter(step for step in trace(without_guards=without_guards))
        steps = {
            step: count for step, count in came.items() if not without_guards or step.startswith("keeper")
        }
        points = [
            step if n == 1 else f"{step}#{n}" for step, count in steps.items() for n in range(1, count + 1)
        ]
        for point, wrong in play_all(points, without_guards=without_guards).items():
            wrong = [said for said in wrong if not said.startswith("nobody came")]  # a step of another moment
            if wrong:
                print(f"  at {point}", flush=True)
                _tell(wrong)
                found += len(wrong)
        rows += [("steps of the protocol", len(steps))] if not without_guards else []
        rows += [(what, len(points))]
        print(f"{len(points)} {what}: {found} violations so far", flush=True)
    return [*rows, ("violations", found)], found


def lives(examples: int, seed: int) -> tuple[list[Row], int]:
    """So many lives against the model; (rows, violations)."""
    random.seed(seed)
    found = 0
    try:
        run_state_machine_as_test(
            RunsLife,
            settings=settings(
                RunsLife.TestCase.settings, max_examples=examples, derandomize=False, database=None
            ),
        )
    except AssertionError as error:
        _tell([str(error), *getattr(error, "__notes__", ())])
        found = 1
    steps = RunsLife.TestCase.settings.stateful_step_count
    return [
        ("lives against the model", examples),
        ("things that happen in each, at most", steps),
        ("violations", found),
    ], found


def main() -> int:
    """Kill, judge, print."""
    flags = argparse.ArgumentParser(prog="python -m tests.torture")
    flags.add_argument("--kills", type=int, default=330)
    flags.add_argument("--steps", action="store_true", help="the numbered steps too, when --kills is given")
    flags.add_argument("--seed", type=int, default=None)
    flags.add_argument("--jobs", default=",".join(JOBS), help="only these")
    flags.add_argument("--long", type=float, default=30.0, help="seconds a long job takes")
    flags.add_argument("--pause", type=float, default=0.6, help="seconds between two deeds, on average")
    given = flags.parse_args()
    is_whole = not any(word.startswith("--kills") for word in sys.argv)
    seed = int.from_bytes(os.urandom(2), "big") if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    began, rows, found = time.monotonic(), [], 0
    for is_wanted, section in (
        (
            given.kills,
            lambda: random_kills(
                given.kills, seed=seed, long=given.long, pause=given.pause, jobs=given.jobs.split(",")
            ),
        ),
        (is_whole or given.steps, numbered_steps),
        (is_whole, lambda: lives(EXAMPLES, seed)),
    ):
        if is_wanted:
            more, wrong = section()
            rows, found = rows + more, found + wrong
    rows += [
        ("**violations in all**", f"**{found}**"),
        ("seconds", round(time.monotonic() - began)),
        ("seed", seed),
    ]
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    rows += [("machine", f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}")]
    rows += [("date", time.strftime("%F"))]
    print("\n| what | count |\n|---|---|\n" + "\n".join(f"| {what} | {count} |" for what, count in rows))
    return 1 if found else 0


def _tell(wrong: list[str]) -> None:
    for said in wrong:
        print(f"  VIOLATION {said}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
