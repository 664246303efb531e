"""Refine what a diarization system answered: RTTM and audio in, RTTM out.

    python -m jobs.boundary.refine --checkpoint best.pt --audio DIR --rttm system.rttm --out refined.rttm

Every start and stop is moved to where the network hears it, but never past a neighbour, never so that a segment
vanishes, and never out of the annotated part (UEM files beside the audio).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from jobs.boundary import checkpoint, data
from jobs.boundary.checkpoint import Saved
from jobs.boundary.decode import Decoder
from jobs.boundary.dialogue import read_audio
from jobs.boundary.examples import Examples, Window
from jobs.boundary.features import HOP, Ear
from jobs.boundary.recordings import Collector, turns
from jobs.boundary.rttm import ALL, Parts, Segment, read_conversations, read_rttms, write_rttm
from jobs.boundary.statistics import Quantiles
from jobs.boundary.wavlm import WavLM
from jobs.training.errors import DataError, say_and_leave

SHORTEST = 0.05
"""Seconds: no segment is made shorter than this."""
EXACT = Quantiles(values=(0.0, 0.0))
BATCH = 256


class Refiner:
    """A trained network, ready to move boundaries."""

    def __init__(self, saved: Saved, device: torch.device | None = None) -> None:
        settings = saved.settings
        self.device = device or torch.device("cpu")
        self.rate = data.recipe_of(settings).rate()
        self.window = Window(tokens=settings.tokens, stride=settings.stride)
        self.model = saved.model.to(self.device).eval()
        self.decoder = Decoder(self.window, saved.errors, settings.uniform, self.device)
        self.hear = WavLM(settings.wavlm, None) if settings.features == "wavlm" else None

    def moved(self, samples: np.ndarray, segments: Sequence[Segment]) -> list[float]:
        """Where each boundary of `turns(segments)` really is, in seconds."""
        collector = Collector(
            ear=Ear(self.rate), errors=EXACT, random=np.random.default_rng(0), hear=self.hear
        )
        collector.add(samples, segments)
        recordings = collector.finish()
        examples = Examples(recordings, self.window, self.device)
        everyone = torch.arange(len(examples), device=self.device)
        found: list[torch.Tensor] = []
        with torch.inference_mode():
            for which in torch.split(everyone, BATCH):
                batch = examples.batch(which, torch.zeros(len(which), device=self.device))
                answer = self.decoder(self.model(batch.frames, batch.left, batch.right))
                found.append((answer - batch.error).cpu())
        shifts = iter(torch.cat(found).tolist() if found else [])
        # The collector leaves out what lies at or beyond the recording's ends; those stay where they are.
        end = len(collector.spectra[1]) * HOP
        return [time + (next(shifts) if 0.0 < time < end else 0.0) for time, *_ in turns(segments)]

    def refine(
        self,
        samples: np.ndarray,
        segments: Sequence[Segment],
        parts: Parts = ALL,
    ) -> list[Segment]:
        """The segments with their boundaries moved, as far as the neighbours and the annotated stretch allow."""
        ordered = sorted(segments)
        places = dict(zip(turns(ordered), self.moved(samples, ordered), strict=True))
        starts, stops = {}, {}
        for (time, left, right, onset), place in places.items():
            first, last = next((one for one in parts if one[0] <= time <= one[1]), (time, time))
            place = min(max(place, first), last)
            (starts if onset else stops)[(time, right if onset else left)] = place
        wished = [Segment(starts[s.start, s.speaker], stops[s.stop, s.speaker], s.speaker) for s in ordered]
        return settle(ordered, wished)


def settle(before: Sequence[Segment], wished: Sequence[Segment]) -> list[Segment]:
    """Take back every move that would break the order of starts or of stops, make a segment vanish or let one
    speaker's segments run into each other; what was there is always in order.
    """
    after = list(wished)
    by_stop = sorted(range(len(after)), key=lambda number: before[number].stop)
    for _ in range(2 * len(after) + 1):
        broken = set()
        last: dict[str, int] = {}
        for number, segment in enumerate(after):
            if segment.stop - segment.start < min(SHORTEST, before[number].stop - before[number].start):
                broken.add(number)
            if number and segment.start < after[number - 1].start:
                broken |= {number, number - 1}
            mine = last.get(segment.speaker)
            if mine is not None and segment.start < after[mine].stop and after[mine] != before[mine]:
                broken.add(mine)
            if mine is not None and segment.start < after[mine].stop and segment != before[number]:
                broken.add(number)
            last[segment.speaker] = number
        for one, two in pairwise(by_stop):
            if after[two].stop < after[one].stop:
                broken |= {one, two}
        moved = [number for number in broken if after[number] != before[number]]
        if not moved:
            break
        for number in moved:
            after[number] = before[number]
    return after


def refine(trained: Path, audio: Path, rttm: Path, out: Path) -> None:
    """Refine every recording that has audio; what has none is written as it was. Raises DataError."""
    refiner = Refiner(checkpoint.read(trained))
    answer = read_rttms(rttm)
    if not audio.is_dir():
        raise DataError(f"{audio} is not there: expected a folder with the recordings of {rttm}.")
    refined: dict[str, list[Segment]] = {uri: list(found) for uri, found in answer.items()}
    heard = read_conversations(audio, answer)
    if not heard:
        raise DataError(
            f"{audio} has audio for no recording of {rttm}: expected {min(answer)}.wav or .flac below it."
        )
    for one in heard:
        samples = read_audio(one.audio, refiner.rate)
        refined[one.uri] = refiner.refine(samples, one.segments, one.parts)
        print(f"{one.uri}: {len(one.segments)} segments refined")
    for uri in sorted(answer.keys() - {one.uri for one in heard}):
        print(f"{uri}: no audio below {audio}, left as it was", file=sys.stderr)
    write_rttm(out, refined)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.refine", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True, help="a folder with the recordings (and UEM)")
    parser.add_argument("--rttm", type=Path, required=True, help="what a system answered")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    return say_and_leave(lambda: refine(given.checkpoint, given.audio, given.rttm, given.out))


if __name__ == "__main__":
    sys.exit(main())
