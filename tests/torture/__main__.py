"""`make torture`: rounds of random kills until there were enough; a table, and every violation.

python -m tests.torture                        300 kills and more
python -m tests.torture --kills 25 --seed 7    a short one
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.torture.chaos import Round
from tests.torture.oracle import violations
from tests.torture.scene import JOBS, MICRO_PER_SECOND, make
from tests.torture.truth import read

A_ROUND = 30
"""Kills in one round, each with a fresh project."""
SLOTS = 5


def play(
    folder: Path, *, seed: int, kills: int, long: float, pause: float, jobs: list[str], cap: float | None
) -> tuple[Round, list[str]]:
    """One round in `folder`; what was violated in it."""
    cap_usd = cap * MICRO_PER_SECOND / 1e6 if cap else None
    scene = make(folder, long=long, slots=SLOTS, cap_usd=cap_usd)
    one = Round(scene, seed=seed, slots=SLOTS, jobs=jobs, is_capped=cap is not None)
    try:
        one.play(kills, pause=pause, seconds=cap or 10 * pause * kills)
        micro = round(cap * MICRO_PER_SECOND) if cap else None
        return one, one.trouble + violations(
            scene, slots=SLOTS, cap_micro=micro, farthest=one.watcher.farthest
        )
    finally:
        one.sweep()


def main() -> int:
    """Kill, judge, print."""
    flags = argparse.ArgumentParser(prog="python -m tests.torture")
    flags.add_argument("--kills", type=int, default=330)
    flags.add_argument("--seed", type=int, default=None)
    flags.add_argument("--jobs", default=",".join(JOBS), help="only these")
    flags.add_argument("--long", type=float, default=30.0, help="seconds a long job takes")
    flags.add_argument("--pause", type=float, default=0.6, help="seconds between two deeds, on average")
    given = flags.parse_args()
    seed = int.from_bytes(os.urandom(2), "big") if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    began, kills, found, runs, points, gap, rounds = time.monotonic(), Counter(), [], 0, 0, 0.0, 0
    results: Counter[str] = Counter()
    while kills.total() < given.kills:
        folder = Path(tempfile.mkdtemp(prefix="torture-")).resolve()
        cap = 25.0 if rounds % 5 == 4 else None
        one, wrong = play(
            folder,
            seed=seed + rounds,
            kills=min(A_ROUND, given.kills),
            long=given.long,
            pause=given.pause,
            jobs=given.jobs.split(","),
            cap=cap,
        )
        rounds += 1
        kills += one.kills
        gap = max(gap, one.watcher.longest_without_manager)
        count, more, ends = _counted(one)
        runs, points, results = runs + count, points + more, results + ends
        print(f"round {rounds}: {one.kills.total()} kills, {count} runs, {len(wrong)} violations", flush=True)
        for said in wrong:
            print(f"  VIOLATION {said}", flush=True)
        found += wrong
        if wrong:
            print(f"  kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder)
    print(_table(kills, results, runs, points, len(found), gap, time.monotonic() - began, seed, rounds))
    return 1 if found else 0


def _counted(one: Round) -> tuple[int, int, Counter[str]]:
    ask = one.scene.ask
    points = ask("SELECT coalesce(sum(points), 0) FROM metrics")[0][0]
    results = Counter(row[0] for row in ask("SELECT coalesce(result, status) FROM runs"))
    return len(read(one.scene.truth).runs), int(points), results


def _table(kills, results, runs, points, found, gap, seconds, seed, rounds) -> str:
    rows = [*((f"killed: {victim}", count) for victim, count in sorted(kills.items()))]
    rows += [("kills in all", kills.total()), ("rounds", rounds), ("runs", runs)]
    rows += [(f"runs that ended as {result}", count) for result, count in sorted(results.items())]
    rows += [
        ("points, each stored once", points),
        ("longest without a manager while a run lived, s", f"{gap:.1f}"),
    ]
    rows += [("**violations**", f"**{found}**"), ("seconds", round(seconds)), ("seed", seed)]
    rows += [
        (
            "machine",
            f"{os.cpu_count()} cores, {platform.freedesktop_os_release()['PRETTY_NAME']}, Python {platform.python_version()}",
        )
    ]
    rows += [("date", time.strftime("%F"))]
    return "\n| what | count |\n|---|---|\n" + "\n".join(f"| {what} | {count} |" for what, count in rows)


if __name__ == "__main__":
    sys.exit(main())
