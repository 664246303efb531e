"""Conversations from recordings of single speakers: real voices, real pauses, exact boundaries.

Each recording is cut at its own silences into chunks of 1.2–4.5 s; chunks of different speakers alternate
with gaps and overlaps drawn from real conversations. A chunk's place in the sum is known to the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import lfilter, resample_poly

from jobs.boundary.rttm import Segment
from jobs.boundary.statistics import Quantiles
from jobs.training.errors import DataError

FLOOR_DB = -35.0
"""Below the loudest 10 ms of its recording by this much, it is silence."""
SHORTEST, LONGEST = 1.2, 4.5
PAUSE = 0.2
"""Seconds of silence at which a recording may be cut."""
MARGIN = 0.03
"""Seconds of the recording's own background kept on both sides, faded: no click gives the boundary away."""

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A piece of one speaker's speech; `speech` says where in its samples the voice starts and stops."""

    samples: Array
    speech: tuple[int, int]


def read_audio(path: Path, rate: int) -> Array:
    """Mono float32 samples at `rate` Hz. Raises DataError."""
    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise DataError(f"{path} cannot be read as audio ({error}).") from error
    mono = samples.mean(axis=1)
    if found != rate:
        ratio = Fraction(rate, found)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    return np.asarray(mono, dtype=np.float32)


def loudness(samples: Array, rate: int) -> Array:
    """Level of each 10 ms in dB below the loudest one."""
    hop = rate // 100
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-10)
    return np.asarray(level - level.max()) if len(level) else level


def phrases(level: Array) -> list[tuple[int, int]]:
    """Runs of speech in 10 ms frames; pauses shorter than PAUSE do not end one."""
    loud = np.flatnonzero(level > FLOOR_DB)
    if len(loud) == 0:
        return []
    breaks = np.flatnonzero(np.diff(loud) > PAUSE * 100)
    starts = loud[np.concatenate([[0], breaks + 1])]
    stops = loud[np.concatenate([breaks, [len(loud) - 1]])] + 1
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def pieces(level: Array) -> Iterator[tuple[int, int]]:
    """Join phrases while they fit, and cut what is too long at its quietest moment; 10 ms frames."""
    shortest, longest = round(SHORTEST * 100), round(LONGEST * 100)
    todo = phrases(level)
    while todo:
        start, stop = todo.pop(0)
        while todo and todo[0][1] - start <= longest:
            stop = todo.pop(0)[1]
        while stop - start > longest:
            cut = start + shortest + int(np.argmin(level[start + shortest : start + longest]))
            yield start, cut
            start = cut
        if stop - start >= shortest:
            yield start, stop


def chunks(path: Path, rate: int) -> list[Chunk]:
    """Cut one recording; each chunk is brought to the same loudness."""
    samples = read_audio(path, rate)
    hop, margin, found = rate // 100, round(MARGIN * rate), []
    for first, last in pieces(loudness(samples, rate)):
        start, stop = first * hop, min(last * hop, len(samples))
        before, after = min(margin, start), min(margin, len(samples) - stop)
        piece = samples[start - before : stop + after].copy()
        piece[:before] *= np.linspace(0, 1, before, dtype=np.float32)
        piece[len(piece) - after :] *= np.linspace(1, 0, after, dtype=np.float32)
        piece *= 0.07 / (np.sqrt(np.mean(piece**2)) + 1e-9)
        found.append(Chunk(samples=piece, speech=(before, before + stop - start)))
    return found


def at_speed(chunk: Chunk, speed: float) -> Chunk:
    """The same words from a longer or shorter throat: pitch, formants and tempo move together."""
    if speed == 1.0:
        return chunk
    ratio = 1 / Fraction(speed).limit_denominator(20)
    samples = resample_poly(chunk.samples, ratio.numerator, ratio.denominator).astype(np.float32)
    start, stop = (round(edge * float(ratio)) for edge in chunk.speech)
    return Chunk(samples=samples, speech=(start, stop))


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How conversations are made."""

    rate: int
    turns: int
    gaps: Quantiles
    speeds: tuple[float, ...] = (1.0,)
    tilt: float = 0.0
    """How strongly each speaker's channel colours the voice; 0 not at all."""


class Cast:
    """Speakers and their recordings, cut as they are needed; nothing is said twice before all has been said."""

    def __init__(self, voices: Mapping[str, Sequence[Path]], rate: int, random: np.random.Generator) -> None:
        self.files = dict(voices)
        self.rate = rate
        self.random = random
        self.waiting: dict[str, list[int]] = {name: [] for name in voices}
        self.cut: dict[str, list[Chunk]] = {name: [] for name in voices}
        self.names = [name for name in sorted(voices) if self.refill(name)]

    def refill(self, name: str) -> bool:
        """Cut this speaker's next recording that has something to say; False when none is left."""
        begun = bool(self.waiting[name])
        while not self.cut[name]:
            if self.waiting[name]:
                found = chunks(self.files[name][self.waiting[name].pop()], self.rate)
                self.cut[name] = [found[i] for i in self.random.permutation(len(found))]
            elif begun:
                return False
            else:
                self.waiting[name] = self.random.permutation(len(self.files[name])).tolist()
                begun = True
        return True

    def people(self, count: int, speeds: tuple[float, ...]) -> list[Person]:
        """`count` people who do not sound alike: other voices, or one voice at speeds well apart."""
        found: list[Person] = []
        while len(found) < count:
            one = Person(str(self.random.choice(self.names)), float(self.random.choice(speeds)))
            if all(one.differs(other) for other in found):
                found.append(one)
        return found

    def next(self, name: str) -> Chunk:
        """The next chunk of this speaker."""
        while not self.refill(name):
            pass  # its recordings have all been heard: once more from the first
        return self.cut[name].pop()


@dataclass(frozen=True, slots=True)
class Person:
    """A voice at a speed; a voice heard much slower or faster is another person."""

    voice: str
    speed: float

    def differs(self, other: Person) -> bool:
        """Whether the two can be told apart."""
        return self.voice != other.voice or max(self.speed / other.speed, other.speed / self.speed) > 1.12


def converse(cast: Cast, manner: Manner, random: np.random.Generator) -> tuple[Array, list[Segment]]:
    """One conversation: its samples and who speaks when, in seconds, exact to the sample."""
    three = random.random() < 0.3 and len(cast.names) * len(manner.speeds) > 2
    people = cast.people(3 if three else 2, manner.speeds)
    channel = {person: channel_of(manner, random) for person in people}
    placed: list[tuple[int, Chunk, Person]] = []
    stop = round(random.uniform(0.3, 1.2) * manner.rate)
    for _ in range(manner.turns):
        others = [one for one in people if not placed or one != placed[-1][2]]
        person = others[int(random.integers(len(others)))]
        chunk = at_speed(cast.next(person.voice), person.speed)
        length = chunk.speech[1] - chunk.speech[0]
        gap = 0
        if placed:
            before = placed[-1][1].speech
            gap = round(float(manner.gaps.draw(1, random)[0]) * manner.rate)
            gap = max(gap, -min(length, before[1] - before[0]) // 2)
        placed.append((stop + gap - chunk.speech[0], color(chunk, channel[person], random), person))
        stop += gap + length
    total = stop + round(random.uniform(0.3, 1.2) * manner.rate)
    mixture = np.zeros(total, dtype=np.float32)
    segments = []
    for offset, chunk, person in placed:
        left, right = max(offset, 0), min(offset + len(chunk.samples), total)
        mixture[left:right] += chunk.samples[left - offset : right - offset]
        start, last = offset + chunk.speech[0], offset + chunk.speech[1]
        name = f"{person.voice}@{person.speed:g}"
        segments.append(Segment(start / manner.rate, last / manner.rate, name))
    return room_noise(mixture, random), sorted(segments)


def channel_of(manner: Manner, random: np.random.Generator) -> Array | None:
    """A short filter, the way one telephone differs from another; None leaves a voice as it is."""
    if not manner.tilt:
        return None
    taps = np.zeros(16)
    taps[0] = 1.0
    taps[1:] = random.normal(0.0, manner.tilt, 15) * 0.75 ** np.arange(15)
    return taps / np.sqrt(np.sum(taps**2))


def color(chunk: Chunk, channel: Array | None, random: np.random.Generator) -> Chunk:
    """A turn as loud as people are (±4 dB), through its speaker's channel."""
    samples = chunk.samples * np.float32(10 ** (random.uniform(-4, 4) / 20))
    if channel is not None:
        samples = lfilter(channel, [1.0], samples).astype(np.float32)
    return Chunk(samples=samples, speech=chunk.speech)


def room_noise(samples: Array, random: np.random.Generator) -> Array:
    """Add noise 15–35 dB below the speech, from hiss to rumble."""
    noise = lfilter([1.0], [1.0, -random.uniform(0.0, 0.9)], random.standard_normal(len(samples)))
    scale = np.sqrt(np.mean(samples**2)) / (np.sqrt(np.mean(noise**2)) + 1e-9)
    noisy = samples + noise * scale * 10 ** (-random.uniform(15, 35) / 20)
    return np.asarray(noisy / max(1.0, float(np.abs(noisy).max()) / 0.98), dtype=np.float32)
