"""The two ways from speech to recordings with exact boundaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from jobs.boundary import dialogue, statistics
from jobs.boundary.features import Ear
from jobs.boundary.progress import Progress
from jobs.boundary.recipe import Recipe
from jobs.boundary.recordings import Collector, Recordings
from jobs.boundary.rttm import Segment, write_rttm
from jobs.boundary.sources import Conversations, DataError, Voices

SPLITS = ("train", "val", "test")


def make(recipe: Recipe, source: Voices | Conversations, target: Path) -> dict[str, Recordings]:
    """Recordings of each split; what a person may want to hear of the test split is left in `target`."""
    if isinstance(source, Voices):
        return from_voices(recipe, source, target)
    return from_conversations(recipe, source)


def collector(recipe: Recipe, seed: int) -> Collector:
    """An empty collector whose chance depends on the recipe's seed and the split alone."""
    errors = statistics.load().errors
    return Collector(ear=Ear(recipe.rate()), errors=errors, random=np.random.default_rng([recipe.seed, seed]))


def from_voices(recipe: Recipe, source: Voices, target: Path) -> dict[str, Recordings]:
    """Conversations made of single speakers; held-out voices give val and test, with different recordings."""
    rate = recipe.rate()
    counts = {"train": recipe.dialogues, "val": recipe.val_dialogues, "test": recipe.test_dialogues}
    progress = Progress(sum(counts.values()), "boundary examples")
    sides: dict[str, dict[str, list[Path]]] = {
        "train": source.train,
        "val": {name: files[::3] for name, files in source.held_out.items()},
        "test": {name: files[1::3] + files[2::3] for name, files in source.held_out.items()},
    }
    made = {}
    for seed, split in enumerate(SPLITS):
        random = np.random.default_rng([recipe.seed, seed, 1])
        natural = split != "train"
        manner = dialogue.Manner(
            rate=rate,
            turns=recipe.turns,
            gaps=statistics.load().gaps,
            speeds=(1.0,) if natural else recipe.speeds,
            tilt=0.0 if natural else recipe.tilt,
        )
        cast, collected = dialogue.Cast(sides[split], rate, random), collector(recipe, seed)
        if len(cast.names) < 2:
            raise DataError(
                f"Fewer than two speakers of the {split} side say anything longer than {dialogue.SHORTEST} s: "
                "give longer recordings or more speakers."
            )
        scripts: dict[str, list[Segment]] = {}
        for take in range(counts[split]):
            samples, segments = dialogue.converse(cast, manner, random)
            collected.add(samples, segments)
            if split == "test":
                scripts[f"test{take:03d}"] = segments
                soundfile.write(target / f"test{take:03d}.wav", samples, rate)
            progress.step()
        if scripts:
            write_rttm(target / "test.rttm", scripts)
        made[split] = collected.finish()
    return made


def from_conversations(recipe: Recipe, source: Conversations) -> dict[str, Recordings]:
    """Real conversations as they are; held-out recordings are val and test in turn."""
    progress = Progress(len(source.files()), "boundary examples")
    collected = {split: collector(recipe, seed) for seed, split in enumerate(SPLITS)}
    for one in [*source.train, *source.held_out]:
        side = "train" if one in source.train else ("val", "test")[source.held_out.index(one) % 2]
        # A single held-out recording is both: better one honest number than none.
        sides = ("val", "test") if side != "train" and len(source.held_out) == 1 else (side,)
        samples = dialogue.read_audio(one.audio, recipe.rate())
        for name in sides:
            collected[name].add(samples, one.segments, start=one.start, stop=one.stop)
        progress.step()
    return {split: one.finish() for split, one in collected.items()}
