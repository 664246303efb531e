"""Every clip on the device, in batches of like lengths; what the classes are and what is usual of each value.

Shapes: K clips, B of a batch, T frames, F values of a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jobs.sign.readers import Clip
from models.sign_parts import Layout

FAR = 10.0
"""Deviations: a point that was seen where it cannot be is no farther off."""
UNKNOWN = "<unk>"
POOL = 16
"""Clips are sorted by length within so many batches."""
LEAST = 0.02
"""Shoulder widths: the deviation of a value counts as no less."""


class Vocabulary:
    """Classes: blank, <unk>, then the glosses of the train split and of no other."""

    def __init__(self, words: Sequence[str]) -> None:
        """`words`: of class 1, <unk>, and those after it."""
        self.words = tuple(words)
        self.number = {word: place for place, word in enumerate(self.words, start=1)}

    @classmethod
    def of(cls, train: Sequence[Clip]) -> Vocabulary:
        """The glosses of the train split."""
        return cls([UNKNOWN, *sorted({word for clip in train for word in clip.glosses})])

    def __len__(self) -> int:
        return len(self.words) + 1

    def numbers(self, glosses: Sequence[str]) -> list[int]:
        """The class of each gloss."""
        return [self.number.get(word, 1) for word in glosses]

    def glosses(self, numbers: Sequence[int]) -> list[str]:
        """The gloss of each class; an <unk> stays one, and is never right."""
        return [self.words[number - 1] for number in numbers]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """The mean and the deviation of each value where it was seen: a finger moves less than a wrist and tells more."""

    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, train: Sequence[Clip], layout: Layout) -> Usual:
        """Of what is seen in the train split; a value that hardly changes is not blown up."""
        total, squares, seen = (np.zeros(layout.size) for _ in range(3))
        for clip in train:
            x = clip.frames.astype(np.float64)
            total += x.sum(axis=0)
            squares += (x * x).sum(axis=0)
            seen += (x != 0).sum(axis=0)
        count = seen.clip(min=1)
        mean = total / count
        scale = np.sqrt((squares / count - mean**2).clip(min=LEAST**2))
        return cls(mean=torch.from_numpy(mean).float(), scale=torch.from_numpy(scale).float())

    def to(self, device: torch.device) -> Usual:
        """The same on a device."""
        return Usual(mean=self.mean.to(device), scale=self.scale.to(device))


class Bank:
    """The frames of all clips of a split, one behind the other, on a device."""

    def __init__(
        self, clips: Sequence[Clip], vocabulary: Vocabulary, usual: Usual, device: torch.device
    ) -> None:
        self.clips = clips
        self.usual = usual.to(device)
        self.device = device
        self.lengths = [len(clip.frames) for clip in clips]
        self.targets = [vocabulary.numbers(clip.glosses) for clip in clips]
        ends = np.cumsum([0, *self.lengths])
        self.starts = torch.from_numpy(ends[:-1])
        joined = np.concatenate([clip.frames for clip in clips]) if clips else np.zeros((0, 1), np.float16)
        self.frames = torch.from_numpy(joined).to(device)

    def __len__(self) -> int:
        return len(self.clips)

    def gather(self, which: Sequence[int]) -> tuple[Tensor, list[int]]:
        """(frames (B, T, F) float32 with unseen values and padding 0, frames of each)."""
        lengths = [self.lengths[one] for one in which]
        place = torch.arange(max(lengths))[None].minimum(torch.tensor(lengths)[:, None] - 1)
        x_BTF = self.frames[(self.starts[list(which)][:, None] + place).to(self.device)].float()
        inside = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
        seen = (x_BTF != 0) & inside[..., None].to(self.device)
        return ((x_BTF - self.usual.mean) / self.usual.scale).clamp(-FAR, FAR) * seen, lengths

    def batches(self, size: int, seed: int, epoch: int) -> list[list[int]]:
        """An epoch's batches, each clip once: of like lengths, in an order of seed and epoch alone."""
        random = torch.Generator().manual_seed(seed * 100_003 + epoch)
        found: list[list[int]] = []
        for pool in torch.randperm(len(self), generator=random).split(size * POOL):
            ordered = sorted(pool.tolist(), key=lambda one: self.lengths[one])
            found += [ordered[start : start + size] for start in range(0, len(ordered), size)]
        return [found[one] for one in torch.randperm(len(found), generator=random).tolist()]

    def in_order(self, size: int) -> list[list[int]]:
        """Batches of like lengths, each clip once, the same every time."""
        ordered = sorted(range(len(self)), key=lambda one: self.lengths[one])
        return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def varied(
    x_BTF: Tensor, lengths: Sequence[int], layout: Layout, *, keeps_time: bool = False
) -> tuple[Tensor, list[int]]:
    """The same signs, faster or slower by a fifth unless `keeps_time`, shaken a little, with a part unseen at times."""
    device, lengths = x_BTF.device, list(lengths)
    if not keeps_time:
        speed = 0.8 + 0.4 * torch.rand(len(lengths))
        changed = [max(1, round(length / float(one))) for length, one in zip(lengths, speed, strict=True)]
        place = (torch.arange(max(changed))[None] * speed[:, None]).long()
        place = place.minimum(torch.tensor(lengths)[:, None] - 1)
        inside = torch.arange(max(changed))[None] < torch.tensor(changed)[:, None]
        x_BTF = x_BTF[torch.arange(len(lengths))[:, None].to(device), place.to(device)] * inside[
            ..., None
        ].to(device)
        lengths = changed
    shaken = (x_BTF + 0.02 * torch.randn_like(x_BTF)) * (x_BTF != 0)
    for part in (layout.pose, layout.face):
        unseen = (torch.rand(len(lengths)) < 0.1).to(device)
        shaken[..., part] = shaken[..., part] * ~unseen[:, None, None]
    return shaken, lengths
