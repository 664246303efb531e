"""Boundary examples from real speech, built once and kept.

    python -m jobs.boundary.data build --preset demo               Debian's voice prompts
    python -m jobs.boundary.data build --source PATH               a folder per speaker, or audio with RTTM
    python -m jobs.boundary.data statistics --reference DIR --hypothesis FILE > jobs/boundary/statistics.toml

What is built lies in data/boundary/<key>; the key is made of the recipe, the speech and the code that makes
examples, so a second run starts at once and nothing stale is ever used.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch

from jobs.boundary import debian, statistics
from jobs.boundary.recipe import RECIPES, Recipe
from jobs.boundary.recordings import Recordings
from jobs.boundary.settings import Settings
from jobs.boundary.sources import Conversations, Voices, open_folder
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave

CODE = (
    "making.py",
    "dialogue.py",
    "features.py",
    "recordings.py",
    "rttm.py",
    "sources.py",
    "wavlm.py",
    "statistics.toml",
)
"""What decides about the examples beside the recipe and the speech."""


def recipe_of(settings: Settings) -> Recipe:
    """The recipe a training asks for."""
    if settings.data not in RECIPES:
        raise DataError(f"There is no recipe {settings.data!r}: --data takes {' or '.join(RECIPES)}.")
    if settings.features not in ("mel", "wavlm"):
        raise DataError(f"--features {settings.features!r}: known are mel and wavlm.")
    return replace(
        RECIPES[settings.data], source=settings.source, features=settings.features, wavlm=settings.wavlm
    )


def say(text: str) -> None:
    """A line for people, apart from what a program may read."""
    print(text, file=sys.stderr, flush=True)


def speech(recipe: Recipe, folder: Path, tell: Callable[[str], None] = say) -> Voices | Conversations:
    """The speech a recipe is made from; fetched first when it is the default and not there yet."""
    if recipe.source == "asterisk":
        if debian.complete(folder / "asterisk"):
            return debian.voices(folder / "asterisk", tell)
        with alone(folder / "asterisk.lock", "another process is fetching the speech; waiting for it", tell):
            return debian.voices(folder / "asterisk", tell)
    return open_folder(Path(recipe.source).expanduser())


def key(recipe: Recipe, source: Voices | Conversations) -> str:
    """Names the examples: recipe, speech (names and sizes of recordings, who speaks when in them) and code."""
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    weights = Path(recipe.wavlm).expanduser()
    if recipe.wavlm and weights.is_file():
        digest.update(str(weights.stat().st_size).encode())
    for fact in source.facts():
        digest.update(f"{fact}\n".encode())
    for name in CODE:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def alone(lock: Path, waiting: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file; whoever finds it taken says so and waits."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare(recipe: Recipe, data_dir: str = "", tell: Callable[[str], None] = say) -> Path:
    """The folder with the examples of this recipe, built now if it is not there; safe from many processes."""
    folder = files.home(data_dir)
    source = speech(recipe, folder, tell)
    target = folder / "boundary" / key(recipe, source)
    lock = target.with_suffix(".lock")
    while not (target / "recipe.json").exists():
        with alone(lock, "another process is building the examples; waiting for it", tell):
            if not (target / "recipe.json").exists():
                build(recipe, source, target, tell)
    return target


def load(folder: Path, split: str) -> Recordings:
    """One side of the examples."""
    return Recordings(**torch.load(folder / f"{split}.pt", weights_only=True))


def build(recipe: Recipe, source: Voices | Conversations, target: Path, tell: Callable[[str], None]) -> None:
    """Make the examples; recipe.json comes last and says that all is there."""
    # What only building needs takes seconds to import; a second run does without.
    from jobs.boundary.making import make

    target.mkdir(parents=True, exist_ok=True)
    tell(f"building boundary examples: {source.about}")
    facts: dict[str, dict[str, float]] = {}
    for split, recordings in make(recipe, source, target).items():
        torch.save(recordings.tensors(), target / f"{split}.pt")
        facts[split] = {"boundaries": len(recordings.time), "seconds": round(recordings.seconds(), 1)}
        tell(
            f"  {split}: {facts[split]['boundaries']:,} boundaries in {recordings.seconds() / 60:.0f} minutes"
        )
    about = {"recipe": asdict(recipe), "about": source.about, "splits": facts}
    (target / "recipe.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command line; 2 when there is no speech to be had."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.data", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("build", help="build the examples, or find them built")
    one.add_argument("--preset", choices=sorted(RECIPES), default="full")
    one.add_argument(
        "--source", default="asterisk", help="a folder of speech; left out: Debian's voice prompts"
    )
    one.add_argument("--data_dir", "--data-dir", default="", help="where to keep it (default: data)")
    two = commands.add_parser("statistics", help="print statistics.toml")
    two.add_argument("--reference", type=Path, required=True, help="a folder of reference RTTM")
    two.add_argument("--hypothesis", type=Path, required=True, help="what a system answered, RTTM")
    given = parser.parse_args(arguments)

    def work() -> None:
        if given.command == "statistics":
            print(statistics.measure(given.reference, given.hypothesis), end="")
        else:
            print(prepare(replace(RECIPES[given.preset], source=given.source), given.data_dir))

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
