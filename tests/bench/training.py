"""How fast the four systems train: alone and three at once, in small batches and large, beside a plain loop.

On a GPU the networks have their full size; on a CPU that of their small presets. What they learn from is noise in files
laid out as the real data are; each training is a process of its own (tests/bench/one_training.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, wait_for

SECONDS = float(os.environ.get("BENCH_TRAINING_SECONDS", "8"))
"""How long each training is measured."""
AT_ONCE = 3
LARGE = 8
"""A large batch is so many times the usual one."""
SYSTEMS = {"boundary": "boundaries", "diarization": "windows", "ast": "clips", "sign": "sentences"}
"""And what is counted of each."""


def noise(folder: Path) -> None:
    """Files of every system's layout."""
    import numpy as np
    import soundfile

    random = np.random.default_rng(0)

    def sound(path: Path, seconds: float, rate: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * random.standard_normal(round(seconds * rate)), rate)

    for speaker in range(1, 9):
        for take in range(4):
            sound(folder / f"speech/{speaker}/1/{speaker}-1-{take:04}.flac", 12, 16_000)
    for clip in range(120):
        sound(folder / f"clips/audio/fold{clip % 10 + 1}/{clip}-{clip % 10}-0-0.wav", 4, 22_050)
    (folder / "signs").mkdir()
    words = np.repeat([f"word{number}" for number in range(15)], 45)
    np.savez(
        folder / "signs/keypoints.npz",
        x=random.random((len(words), 30, 158), dtype=np.float32),
        word=words,
        split=np.tile(["Train"] * 40 + ["Valid"] * 5, 15),
    )


def training(folder: Path) -> Iterator[Row]:
    """Rows for every system."""
    noise(folder)
    for name, noun in SYSTEMS.items():
        (alone,) = at_once(folder, name)
        told = f"{alone['examples']:,.0f} {noun}/s, {alone['roofline']:.0f} % of the roofline"
        yield f"{name}: alone", told, ""
        three = at_once(folder, name, count=AT_ONCE)
        total = sum(found["examples"] for found in three)
        yield (
            f"{name}: {AT_ONCE} at once, together",
            f"{total:,.0f} {noun}/s",
            f"{total / alone['examples']:.2f} x one alone",
        )
        (large,) = at_once(folder, name, "--times", str(LARGE))
        told = f"{large['examples']:,.0f} {noun}/s, {large['roofline']:.0f} % of the roofline"
        yield (
            f"{name}: batches of {LARGE} times the size",
            told,
            f"{large['examples'] / alone['examples']:.2f} x the usual batch",
        )
        (slow,) = at_once(folder, name, "--plain")
        yield (
            f"{name}: the plain loop",
            f"{slow['examples']:,.0f} {noun}/s",
            f"{alone['examples'] / slow['examples']:.2f} x it is ours",
        )


def at_once(folder: Path, name: str, *words: str, count: int = 1) -> list[dict[str, float]]:
    """What so many processes of it measured while all of them trained."""
    go = folder / f"go-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "tests.bench.one_training", name, str(folder), str(SECONDS), *words]
    env = {
        **os.environ,
        "TRAINUI_BENCH_GO": str(go),
        "TRAINUI_DATA": str(folder / "kept"),
        "OMP_NUM_THREADS": "1",
    }
    children = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    if "--plain" not in words:
        wait_for(
            lambda: len(list(folder.glob(f"{go.name}.*"))) == count or any(one.poll() for one in children),
            900,
        )
    go.touch()
    found = [child.communicate() for child in children]
    if failed := next(
        (told for child, (_, told) in zip(children, found, strict=True) if child.returncode), ""
    ):
        sys.exit(f"{name} could not be measured: {failed}")
    return [json.loads(told.splitlines()[-1]) for told, _ in found]
