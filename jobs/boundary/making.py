"""The two ways from speech to recordings with exact boundaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from jobs.boundary import dialogue, statistics
from jobs.boundary.features import Ear
from jobs.boundary.recipe import Recipe
from jobs.boundary.recordings import Collector, Hear, Recordings
from jobs.boundary.rttm import Segment, write_rttm
from jobs.boundary.sources import Conversations, Voices
from jobs.boundary.wavlm import WavLM
from jobs.training.errors import DataError
from jobs.training.progress import Progress

SPLITS = ("train", "val", "test")


def make(recipe: Recipe, source: Voices | Conversations, target: Path) -> dict[str, Recordings]:
    """Recordings of each split; what a person may want to hear of the test split is left in `target`."""
    if isinstance(source, Voices):
        return from_voices(recipe, source, target)
    return from_conversations(recipe, source, target)


def collector(recipe: Recipe, seed: int, hear: Hear | None) -> Collector:
    """An empty collector whose chance depends on the recipe's seed and the split alone."""
    random = np.random.default_rng([recipe.seed, seed])
    return Collector(ear=Ear(recipe.rate()), errors=statistics.load().errors, random=random, hear=hear)


def hearing(recipe: Recipe, target: Path) -> Hear | None:
    """What makes frames where they are no spectra; what it heard is kept beside the examples. Raises DataError."""
    return WavLM(recipe.wavlm, target.parent.parent / "wavlm") if recipe.features == "wavlm" else None


def from_voices(recipe: Recipe, source: Voices, target: Path) -> dict[str, Recordings]:
    """Conversations made of single speakers; held-out voices give val and test, with different recordings."""
    rate = recipe.rate()
    counts = {"train": recipe.dialogues, "val": recipe.val_dialogues, "test": recipe.test_dialogues}
    progress, hear = Progress(sum(counts.values()), "boundary examples"), hearing(recipe, target)
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
        cast, collected = dialogue.Cast(sides[split], rate, random), collector(recipe, seed, hear)
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


def from_conversations(recipe: Recipe, source: Conversations, target: Path) -> dict[str, Recordings]:
    """Real conversations as they are."""
    progress = Progress(len(source.files()), "boundary examples")
    hear = hearing(recipe, target)
    collected = {split: collector(recipe, seed, hear) for seed, split in enumerate(SPLITS)}
    for one in [*source.train, *source.held_out]:
        sides = [split for split in SPLITS if one in getattr(source, split)]
        samples = dialogue.read_audio(one.audio, recipe.rate())
        for name in sides:
            collected[name].add(samples, one.segments, start=one.start, stop=one.stop)
        progress.step()
    return {split: one.finish() for split, one in collected.items()}
