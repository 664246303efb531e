"""Prepared recordings: spectra, boundaries and voices of many conversations in a few flat arrays.

Shapes: N spectra of all recordings, one after the other with silence between; K boundaries; V voices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from jobs.boundary.features import BANDS, HOP, Ear, speaker_vector
from jobs.boundary.rttm import Segment
from jobs.boundary.statistics import Quantiles

ROOM = 340
"""Empty spectra between recordings: half the longest window and the largest error together."""

Array = np.ndarray
Hear = Callable[[Array, int], Array]
"""Samples and their rate → (N, 768) half floats, one each 20 ms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recordings:
    """One side of a split (train, val or test), ready to be cut into windows."""

    spectra: Tensor
    """(N, 64) half floats."""
    time: Tensor
    """(K,) where each boundary is, in spectra from the start; double, because it is exact to the sample."""
    left: Tensor
    """(K,) the voice before the boundary, an index into `voices`; 0 is nobody."""
    right: Tensor
    """(K,) the voice after it."""
    onset: Tensor
    """(K,) whether the right voice starts here (else the left one stops)."""
    recording: Tensor
    """(K,) which recording it is in."""
    voices: Tensor
    """(V, 192) what each speaker of each recording sounds like."""

    frames: Tensor | None = None
    """(N / 2, 768) half floats each 20 ms, where frames are not cut from the spectra."""

    def tensors(self) -> dict[str, Tensor]:
        """All of them by name, for saving."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: tensor for name, tensor in found.items() if tensor is not None}

    def seconds(self) -> float:
        """How long the recordings are together."""
        count = int(self.recording.max()) + 1 if len(self.recording) else 0
        return (len(self.spectra) - (count + 1) * ROOM) * HOP


@dataclass(kw_only=True, slots=True)
class Collector:
    """Takes recordings one by one and lays them end to end."""

    ear: Ear
    errors: Quantiles
    """How wrong the system is whose segments tell what a speaker sounds like."""
    random: np.random.Generator
    hear: Hear | None = None
    """Makes the frames, of samples and their rate, where they are not cut from the spectra."""
    frames: list[Array] = field(default_factory=list)
    spectra: list[Array] = field(default_factory=lambda: [np.zeros((ROOM, BANDS), dtype=np.float16)])
    rows: list[tuple[float, int, int, bool, int]] = field(default_factory=list)
    voices: list[Array] = field(default_factory=lambda: [np.zeros(3 * BANDS, dtype=np.float32)])
    length: int = ROOM
    count: int = 0

    def add(
        self, samples: Array, segments: Sequence[Segment], *, start: float = 0.0, stop: float = float("inf")
    ) -> None:
        """One recording and who speaks when in it; only boundaries between `start` and `stop` are used."""
        spectra = self.ear(samples)
        index: dict[str, int] = {}
        for name in sorted({segment.speaker for segment in segments}):
            index[name] = len(self.voices)
            self.voices.append(speaker_vector(spectra, self.mistaken(segments, name)))
        end = min(stop, len(spectra) * HOP)
        for time, left, right, onset in turns(segments):
            if start < time < end:
                row = (self.length + time / HOP, index.get(left, 0), index.get(right, 0), onset, self.count)
                self.rows.append(row)
        if self.hear is not None:
            # A frame is two spectra long, so each recording has to begin on an even one.
            spectra = np.pad(spectra, ((0, len(spectra) % 2), (0, 0)))
            heard = self.hear(samples, self.ear.rate)[: len(spectra) // 2]
            room = ROOM // 2 + len(spectra) // 2 - len(heard)
            self.frames += [heard, np.zeros((room, heard.shape[1]), dtype=np.float16)]
        self.spectra += [spectra.astype(np.float16), np.zeros((ROOM, BANDS), dtype=np.float16)]
        self.length += len(spectra) + ROOM
        self.count += 1

    def mistaken(self, segments: Sequence[Segment], name: str) -> list[Segment]:
        """This speaker's segments as a real system would have them."""
        mine = [segment for segment in segments if segment.speaker == name]
        wrong = self.errors.draw(2 * len(mine), self.random).reshape(-1, 2)
        return [
            Segment(segment.start - float(a), segment.stop - float(b), name)
            for segment, (a, b) in zip(mine, wrong, strict=True)
        ]

    def finish(self) -> Recordings:
        """All of them."""
        frames = None
        if self.frames:
            before = np.zeros((ROOM // 2, self.frames[0].shape[1]), dtype=np.float16)
            frames = torch.from_numpy(np.concatenate([before, *self.frames]))
        columns = list(zip(*self.rows, strict=True)) or [(), (), (), (), ()]
        return Recordings(
            spectra=torch.from_numpy(np.concatenate(self.spectra)),
            time=torch.tensor(columns[0], dtype=torch.float64),
            left=torch.tensor(columns[1], dtype=torch.int64),
            right=torch.tensor(columns[2], dtype=torch.int64),
            onset=torch.tensor(columns[3], dtype=torch.bool),
            recording=torch.tensor(columns[4], dtype=torch.int64),
            voices=torch.from_numpy(np.stack(self.voices)),
            frames=frames,
        )


def turns(segments: Sequence[Segment]) -> list[tuple[float, str, str, bool]]:
    """Every start and stop: when, the voice before, the voice after, and whether it is a start.

    The voice before a start is that of the segment that began last; the voice after a stop that of the
    segment that ends next; "" where there is none.
    """
    by_start = sorted(segments)
    by_stop = sorted(segments, key=lambda segment: (segment.stop, segment.start))
    found = []
    for number, segment in enumerate(by_start):
        before = by_start[number - 1].speaker if number else ""
        found.append((segment.start, before, segment.speaker, True))
    for number, segment in enumerate(by_stop):
        after = by_stop[number + 1].speaker if number + 1 < len(by_stop) else ""
        found.append((segment.stop, segment.speaker, after, False))
    return sorted(found)
