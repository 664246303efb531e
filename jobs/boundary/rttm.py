"""RTTM and UEM files: who speaks when, and which part of a recording counts."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

SPLITS = ("train", "dev", "development", "test")


@dataclass(frozen=True, order=True, slots=True)
class Segment:
    """One speaker speaking, in seconds from the start of the recording."""

    start: float
    stop: float
    speaker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A recording, who speaks when in it, and which part was annotated."""

    uri: str
    audio: Path
    segments: tuple[Segment, ...]
    start: float = 0.0
    stop: float = float("inf")
    split: str = ""

    def speakers(self) -> set[str]:
        """The labels in use."""
        return {segment.speaker for segment in self.segments}


def read_rttm(path: Path) -> dict[str, list[Segment]]:
    """The segments of each recording, sorted by time; other line types are passed over."""
    segments: dict[str, list[Segment]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[0] == "SPEAKER":
            start = float(fields[3])
            segments[fields[1]].append(Segment(start, start + float(fields[4]), fields[7]))
    return {uri: sorted(found) for uri, found in segments.items()}


def read_rttms(path: Path) -> dict[str, list[Segment]]:
    """One RTTM file, or every one below a folder."""
    found: dict[str, list[Segment]] = {}
    for file in [path] if path.is_file() else sorted(path.rglob("*.rttm")):
        for uri, segments in read_rttm(file).items():
            # AMI ships each split both whole and by meeting; the same segment is not said twice.
            found[uri] = sorted({*found.get(uri, []), *segments})
    return found


def write_rttm(path: Path, segments: Mapping[str, Iterable[Segment]]) -> None:
    """Ten fields a line, times in seconds; microseconds, so that sample-exact times survive."""
    lines = [
        f"SPEAKER {uri} 1 {s.start:.6f} {s.stop - s.start:.6f} <NA> <NA> {s.speaker} <NA> <NA>"
        for uri, found in segments.items()
        for s in found
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_uems(folder: Path) -> dict[str, tuple[float, float]]:
    """The annotated part of each recording, from every UEM file below `folder` (first start to last end)."""
    parts: dict[str, tuple[float, float]] = {}
    for path in sorted(folder.rglob("*.uem")):
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if len(fields) == 4:
                start, stop = float(fields[2]), float(fields[3])
                before = parts.get(fields[0], (start, stop))
                parts[fields[0]] = (min(start, before[0]), max(stop, before[1]))
    return parts


def read_conversations(
    folder: Path, answer: Mapping[str, Iterable[Segment]] | None = None
) -> list[Conversation]:
    """Every recording below `folder` that has both audio and segments: its RTTM files' or `answer`'s.

    Audio is found by its name: `abjxc.wav`, or with a suffix as in `ES2011a.Mix-Headset.wav`. A folder or
    file name with train, dev or test in it gives the official split.
    """
    audio: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".wav", ".flac")):
        audio.setdefault(path.stem.split(".")[0], path)
        audio.setdefault(_plain(path.stem), path)
        audio[path.stem] = path
    parts = read_uems(folder)
    found: dict[str, Conversation] = {}
    for uri, segments in (answer or {}).items():
        if uri in audio:
            start, stop = parts.get(uri, (0.0, float("inf")))
            found[uri] = Conversation(
                uri=uri, audio=audio[uri], segments=tuple(segments), start=start, stop=stop
            )
    for file in sorted(folder.rglob("*.rttm")) if answer is None else ():
        words = set(file.relative_to(folder).as_posix().replace(".", "/").replace("_", "/").split("/"))
        split = next((name for name in SPLITS if name in words), "")
        for uri, segments in read_rttm(file).items():
            if uri not in audio:
                continue
            start, stop = parts.get(uri, (0.0, float("inf")))
            found[uri] = Conversation(
                uri=uri, audio=audio[uri], segments=tuple(segments), start=start, stop=stop, split=split
            )
    return [found[uri] for uri in sorted(found)]


def _plain(name: str) -> str:
    """Without accents: RTTM files often say trn00 of a recording called trñ00."""
    return "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))


def boundaries(segments: Iterable[Segment]) -> list[float]:
    """Every moment at which somebody starts or stops, once each (to the millisecond)."""
    return sorted({round(time, 3) for segment in segments for time in (segment.start, segment.stop)})


def changes(segments: Iterable[Segment]) -> list[float]:
    """The midpoint between each two consecutive segments of different speakers."""
    ordered = sorted(segments)
    return [
        (before.stop + after.start) / 2
        for before, after in pairwise(ordered)
        if before.speaker != after.speaker
    ]


def gaps(segments: Iterable[Segment]) -> list[float]:
    """Seconds from one speaker's end to the next one's start; negative where they overlap."""
    ordered = sorted(segments)
    return [
        after.start - before.stop for before, after in pairwise(ordered) if before.speaker != after.speaker
    ]


def match(reference: list[float], hypothesis: list[float], tolerance: float) -> list[float]:
    """reference − hypothesis of boundaries that belong together: nearest first, one to one, in seconds."""
    return [r - h for r, h in pairs(reference, hypothesis, tolerance)]


def pairs(reference: list[float], hypothesis: list[float], tolerance: float) -> list[tuple[float, float]]:
    """The (reference, hypothesis) boundaries that belong together."""
    near = sorted(
        (abs(r - h), i, j)
        for i, r in enumerate(reference)
        for j, h in enumerate(hypothesis)
        if abs(r - h) <= tolerance
    )
    taken_r: set[int] = set()
    taken_h: set[int] = set()
    found = []
    for _, i, j in near:
        if i not in taken_r and j not in taken_h:
            taken_r.add(i)
            taken_h.add(j)
            found.append((reference[i], hypothesis[j]))
    return found
