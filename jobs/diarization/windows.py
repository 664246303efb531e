"""Windows of three seconds cut from recordings that lie on the device whole: nothing is loaded in the hot loop.

A window is one stretch of audio, or two stretches joined at a cut: what is before the cut comes from one place and
what is behind it from another. Joined windows of one speaker stand beside joined windows of two, so a join tells
nothing.

Shapes: N samples of all recordings together, K windows, B windows of a batch, L samples of a window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jobs.boundary.rttm import Conversation, Segment
from jobs.diarization.corpora import Utterance, read, speakers
from jobs.diarization.settings import RATE, SAMPLES
from jobs.training.errors import DataError

ENOUGH = 0.2
"""Seconds that somebody must talk in a window to count."""
_FRAME = 160
"""Samples of 10 ms, the grain of labels."""
_ENOUGH_FRAMES = round(ENOUGH * RATE / _FRAME)
_WINDOW_FRAMES = SAMPLES // _FRAME

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """Which windows there are, and of which class."""

    first: Tensor
    """(K,) where the part before the cut begins, a place in the audio."""
    second: Tensor
    """(K,) where the whole window would begin whose part behind the cut is used."""
    cut: Tensor
    """(K,) samples before the cut; L where there is none."""
    label: Tensor
    """(K,) 0 or 1."""

    def __len__(self) -> int:
        return len(self.label)

    def to(self, device: torch.device) -> Windows:
        """The same on a device."""
        return Windows(
            first=self.first.to(device),
            second=self.second.to(device),
            cut=self.cut.to(device),
            label=self.label.to(device),
        )

    @property
    def majority(self) -> float:
        """The accuracy, in %, of always answering with the more frequent class."""
        share = float(self.label.double().mean()) if len(self) else 0.0
        return 100 * max(share, 1 - share)


class Audio:
    """Every recording of one half, end to end, as 16-bit samples."""

    def __init__(self) -> None:
        self._parts: list[Array] = []
        self.length = 0

    def add(self, samples: Array) -> int:
        """Lay a recording down; returns where it begins."""
        begin = self.length
        self._parts.append((np.clip(samples, -1, 1) * 32_767).astype(np.int16))
        self.length += len(samples)
        return begin

    def tensor(self) -> Tensor:
        """(N,) int16."""
        return (
            torch.from_numpy(np.concatenate(self._parts))
            if self._parts
            else torch.zeros(0, dtype=torch.int16)
        )


def gather(audio_N: Tensor, windows: Windows, index_B: Tensor) -> tuple[Tensor, Tensor]:
    """Windows by number: waveforms (B, 1, L) of the same loudness, and labels (B,)."""
    place = torch.arange(SAMPLES, device=audio_N.device)
    behind = place[None] >= windows.cut[index_B, None]
    start = torch.where(behind, windows.second[index_B, None], windows.first[index_B, None])
    x_BL = audio_N[start + place].float() / 32_768
    x_BL = x_BL / (x_BL.square().mean(dim=1, keepdim=True).sqrt() + 1e-3)
    return x_BL.unsqueeze(1), windows.label[index_B]


Draw = Callable[[int, np.random.Generator], Windows]
"""How many windows and by which chance → windows; the same chance draws the same windows."""


def of_meetings(half: Sequence[Conversation]) -> tuple[Tensor, Draw, Windows]:
    """Audio of meetings; random windows of them; and every window on a fixed grid, half a window apart.
    Raises DataError."""
    audio = Audio()
    starts: list[Array] = []
    labels: list[Array] = []
    grid: list[tuple[int, int]] = []
    for one in half:
        samples = read(one.audio, RATE)
        begin = audio.add(samples)
        several = label_frames(one.segments, len(samples) // _FRAME)
        frames = np.arange(len(several))
        for start, stop in one.parts:
            first = np.ceil(start * RATE / _FRAME)
            last = np.floor(min(stop * RATE, len(samples)) / _FRAME) - _WINDOW_FRAMES
            inside = frames[(frames >= first) & (frames <= last)]
            starts.append(begin + inside * _FRAME)
            labels.append(several[inside])
            grid += [
                (begin + int(place) * _FRAME, int(several[place])) for place in inside[:: _WINDOW_FRAMES // 2]
            ]
    where = np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)
    what = np.concatenate(labels) if labels else np.zeros(0, dtype=np.int64)
    if not len(where):
        raise DataError(
            f"{half[0].audio if half else 'AMI'}: no recording has three seconds that were annotated."
        )

    def draw(count: int, random: np.random.Generator) -> Windows:
        picked = random.integers(len(where), size=count)
        return _whole(where[picked], what[picked])

    return (
        audio.tensor(),
        draw,
        _whole(np.array([one[0] for one in grid]), np.array([one[1] for one in grid])),
    )


def label_frames(segments: Sequence[Segment], frames: int) -> Array:
    """For each 10 ms at which a window may begin: 1 where two people or more talk for 0.2 s each in it. (frames,)"""
    enough = np.zeros(frames, dtype=np.int64)
    for name in sorted({one.speaker for one in segments}):
        talks = np.zeros(frames + _WINDOW_FRAMES, dtype=np.int64)
        for one in segments:
            if one.speaker == name:
                talks[max(0, round(one.start * 100)) : max(0, min(frames, round(one.stop * 100)))] = 1
        total = np.concatenate([[0], talks.cumsum()])
        enough += (total[_WINDOW_FRAMES:][:frames] - total[:-_WINDOW_FRAMES][:frames]) >= _ENOUGH_FRAMES
    return (enough >= 2).astype(np.int64)


def of_utterances(
    half: Sequence[Utterance], label_mode: str, speeds: Sequence[float] = (1.0,)
) -> tuple[Tensor, Draw]:
    """Audio of utterances, and random windows of them. Shorter ones are repeated until they fill a window.

    `speeds`: somebody played faster or slower is somebody else, of whom a small corpus has too few.

    `speaker_roundrobin`: one utterance, the class dealt out by speaker. `multi_speaker`: two utterances joined at a
    random moment, of one speaker (0) or of two (1), as often the one as the other.
    """
    audio = Audio()
    people = [f"{name} x{speed:g}" for name in speakers(half) for speed in speeds]
    places: dict[str, list[tuple[int, int]]] = {name: [] for name in people}
    for one in half:
        for speed in speeds:
            samples = read(one.path, round(RATE / speed))
            if len(samples) < SAMPLES:
                samples = np.tile(samples, -(-SAMPLES // max(1, len(samples))))
            places[f"{one.speaker} x{speed:g}"].append((audio.add(samples), len(samples) - SAMPLES))
    dealt = {name: number % 2 for number, name in enumerate(people)}

    def start(name: str, random: np.random.Generator) -> int:
        begin, room = places[name][random.integers(len(places[name]))]
        return begin + int(random.integers(room + 1))

    def draw(count: int, random: np.random.Generator) -> Windows:
        rows = []
        for _ in range(count):
            name = people[random.integers(len(people))]
            if label_mode == "speaker_roundrobin":
                place = start(name, random)
                rows.append((place, place, SAMPLES, dealt[name]))
                continue
            label = int(random.integers(2))
            other = name
            if label:
                others = [one for one in people if one != name]
                other = others[random.integers(len(others))]
            cut = int(random.integers(round(0.5 * RATE), SAMPLES - round(0.5 * RATE)))
            rows.append((start(name, random), start(other, random), cut, label))
        first, second, cuts, label_K = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        return Windows(
            first=torch.from_numpy(first.copy()),
            second=torch.from_numpy(second.copy()),
            cut=torch.from_numpy(cuts.copy()),
            label=torch.from_numpy(label_K.copy()),
        )

    return audio.tensor(), draw


def _whole(starts: Array, labels: Array) -> Windows:
    first = torch.from_numpy(starts.astype(np.int64))
    cut = torch.full_like(first, SAMPLES)
    return Windows(first=first, second=first, cut=cut, label=torch.from_numpy(labels.astype(np.int64)))
