"""RTTM and UEM files: who speaks when, and which part of a recording counts."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jobs.training.errors import DataError

SPLITS = {"train": "train", "dev": "dev", "development": "dev", "test": "test"}
"""A word in a file's or a folder's name → the official split it says."""
RTTM_LINE = "SPEAKER <recording> <channel> <start> <seconds> <NA> <NA> <speaker> <NA> <NA>"
UEM_LINE = "<recording> <channel> <start> <end>"
OTHER_LINES = {"SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"}
OTHER_LINES |= {"EDIT", "SU", "IP", "CB", "A/P", "SPKR-INFO"}
CHANNELS = ("", "Mix-Headset", "Mix-Lapel", "Array1-01")
"""Of one meeting, the best first; a single person's headset comes last."""


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
    """The segments of each recording, sorted by time. Raises DataError naming the line that is none.

    Other line types of the format and comments are passed over, and so are segments of no length.
    """
    segments: dict[str, list[Segment]] = defaultdict(list)
    for number, fields in _lines(path):
        if fields[0] != "SPEAKER":
            if fields[0] in OTHER_LINES:
                continue
            raise _malformed(path, number, f"{fields[0]!r} begins no RTTM line", RTTM_LINE)
        if not 8 <= len(fields) <= 10:
            raise _malformed(path, number, f"{len(fields)} fields", RTTM_LINE)
        start = _seconds(path, number, fields[3], RTTM_LINE)
        length = _seconds(path, number, fields[4], RTTM_LINE)
        found = segments[fields[1]]
        if length > 0:
            found.append(Segment(start, start + length, fields[7]))
    return {uri: sorted(found) for uri, found in segments.items()}


def read_rttms(path: Path) -> dict[str, list[Segment]]:
    """One RTTM file, or every one below a folder. Raises DataError: none there, a bad line, files that disagree."""
    found = {uri: list(told.segments) for uri, told in _told(path).items()}
    if not found:
        what = "holds no RTTM" if path.exists() else "is not there"
        raise DataError(f"{path} {what}: expected a file or a folder of files with lines as `{RTTM_LINE}`.")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What the RTTM files say about one recording."""

    segments: tuple[Segment, ...]
    file: Path
    split: str


def _told(path: Path) -> dict[str, _Told]:
    files = sorted(path.rglob("*.rttm")) if path.is_dir() else [path] if path.exists() else []
    found: dict[str, _Told] = {}
    for file in files:
        split = _split(file.relative_to(path)) if file != path else ""
        for uri, segments in read_rttm(file).items():
            new = _Told(segments=tuple(segments), file=file, split=split)
            old = found.setdefault(uri, new)
            # AMI ships each split both whole and by meeting; the same is not said twice.
            if set(old.segments) != set(new.segments):
                raise DataError(
                    f"{old.file} and {file} say different things about {uri}: give a folder with one of them."
                )
            if old.split and new.split and old.split != new.split:
                raise DataError(
                    f"{uri} is in {old.split} ({old.file}) and in {new.split} ({file}): "
                    "what is tested on must not be learnt from."
                )
            found[uri] = old if old.split else new
    return found


def one_split(path: Path) -> str:
    """The official split of the RTTM files below a folder, "" for none. Raises DataError where there are several:
    an error rate over dev and test together compares with nothing."""
    files = path.rglob("*.rttm") if path.is_dir() else ()
    splits = sorted({split for file in files if (split := _split(file.relative_to(path)))})
    if len(splits) > 1:
        raise DataError(f"{path} holds {' and '.join(splits)}: give one of them; no figure is of both.")
    return splits[0] if splits else _split(Path(path.name))


def _split(path: Path) -> str:
    words = set(path.as_posix().replace(".", "/").replace("_", "/").split("/"))
    return next((SPLITS[name] for name in SPLITS if name in words), "")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that says something, with its number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text in UTF-8 ({error}).") from error
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if fields and not fields[0].startswith((";;", "#")):
            yield number, fields


def _seconds(path: Path, number: int, text: str, expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _malformed(path, number, f"{text!r} is no time in seconds", expected)
    return value


def _malformed(path: Path, number: int, what: str, expected: str) -> DataError:
    return DataError(f"{path}, line {number}: {what}; expected `{expected}`.")


def write_rttm(path: Path, segments: Mapping[str, Iterable[Segment]]) -> None:
    """Ten fields a line, times in seconds; microseconds, so that sample-exact times survive."""
    lines = [
        f"SPEAKER {uri} 1 {s.start:.6f} {s.stop - s.start:.6f} <NA> <NA> {s.speaker} <NA> <NA>"
        for uri, found in segments.items()
        for s in found
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_uems(folder: Path) -> dict[str, tuple[float, float]]:
    """The annotated part of each recording, from every UEM file below `folder` (first start to last end).

    Raises DataError naming the line that is none.
    """
    parts: dict[str, tuple[float, float]] = {}
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.uem")):
        for number, fields in _lines(path):
            if len(fields) != 4:
                raise _malformed(path, number, f"{len(fields)} fields", UEM_LINE)
            start, stop = (_seconds(path, number, text, UEM_LINE) for text in fields[2:])
            if stop <= start:
                raise _malformed(path, number, f"it ends at {fields[3]}, before it starts", UEM_LINE)
            before = parts.get(fields[0], (start, stop))
            parts[fields[0]] = (min(start, before[0]), max(stop, before[1]))
    return parts


def find_audio(folder: Path) -> dict[str, Path]:
    """Every recording below `folder` by its name: `abjxc.wav`, or with a suffix as in `ES2011a.Mix-Headset.wav`.

    Of a meeting's many channels the mix is taken: one person's headset would hear one person only.
    """
    audio: dict[str, Path] = {}
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in (".wav", ".flac")]
    for path in sorted(paths, key=lambda one: (_channel(one.stem), one)):
        audio.setdefault(path.stem.split(".")[0], path)
        audio.setdefault(_plain(path.stem), path)
    for path in sorted(paths, reverse=True):
        audio[path.stem] = path
    return audio


def _channel(stem: str) -> int:
    suffix = stem.partition(".")[2]
    return CHANNELS.index(suffix) if suffix in CHANNELS else len(CHANNELS)


def read_conversations(
    folder: Path, answer: Mapping[str, Iterable[Segment]] | None = None
) -> list[Conversation]:
    """Every recording below `folder` that has both audio and segments: its RTTM files' or `answer`'s.

    A folder or file name with train, dev or test in it gives the official split. Raises DataError.
    """
    audio, parts = find_audio(folder), read_uems(folder)
    if answer is None:
        told = {uri: (one.segments, one.split) for uri, one in _told(folder).items()}
    else:
        told = {uri: (tuple(segments), "") for uri, segments in answer.items()}
    found = []
    for uri in sorted(told.keys() & audio.keys()):
        segments, split = told[uri]
        start, stop = parts.get(uri, (0.0, float("inf")))
        one = Conversation(
            uri=uri, audio=audio[uri], segments=segments, start=start, stop=stop, split=split
        )  # fmt: skip
        found.append(one)
    return found


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
