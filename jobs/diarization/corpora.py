"""Speech on disk: LibriSpeech's utterances, AMI's meetings.

LibriSpeech   <root>/[<subset>/]<speaker>/[<chapter>/]<speaker>-<chapter>-<utterance>.flac
AMI           audio, RTTM and UEM anywhere below one folder, matched by the recording's name (jobs/boundary/rttm.py)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from jobs.boundary.rttm import Conversation, read_conversations
from jobs.training.errors import DataError

_UTTERANCE = re.compile(r"(\d+)-(\d+)-(\d+)\.(?:flac|wav)")
LIBRISPEECH = "<speaker>/<chapter>/<speaker>-<chapter>-<utterance>.flac"
HELD_OUT_SHARE = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """One reading of one sentence."""

    path: Path
    speaker: str
    chapter: str


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Halves(Generic[T]):
    """What is learnt from, and what is held out: no speaker, and no meeting, is in both."""

    train: tuple[T, ...]
    val: tuple[T, ...]
    about: str


def open_librispeech(folder: Path) -> Halves[Utterance]:
    """LibriSpeech, or any part of it. Subsets called dev-… or test-… are held out where there are train-… ones;
    else three speakers in ten. Raises DataError."""
    found = [
        Utterance(path=path, speaker=match[1], chapter=match[2])
        for path in sorted(_below(folder, "LibriSpeech", LIBRISPEECH))
        if (match := _UTTERANCE.fullmatch(path.name))
    ]
    if not found:
        raise DataError(f"{folder}: no LibriSpeech audio is there; expected {LIBRISPEECH}.")
    trained = [one for one in found if _subset(one.path).startswith("train")]
    others = [one for one in found if not _subset(one.path).startswith("train")]
    speakers = sorted({one.speaker for one in found}, key=int)
    if trained and others:
        held = {one.speaker for one in others}
        trained = [one for one in trained if one.speaker not in held]
    else:
        if len(speakers) < 4:
            raise DataError(
                f"{folder}: {len(speakers)} speakers; at least four are needed, two to learn from and two to hold out."
            )
        count = max(2, round(HELD_OUT_SHARE * len(speakers)))
        aside = {speakers[round(place * (len(speakers) - 1) / (count - 1))] for place in range(count)}
        trained = [one for one in found if one.speaker not in aside]
        others = [one for one in found if one.speaker in aside]
    people = [len({one.speaker for one in half}) for half in (trained, others)]
    about = f"LibriSpeech: {len(trained)} utterances of {people[0]} speakers, held out {len(others)} of {people[1]}"
    return Halves(train=tuple(trained), val=tuple(others), about=about)


def open_ami(folder: Path) -> Halves[Conversation]:
    """AMI with its official split where folders or files say train and dev; else every fourth meeting is held out.
    Raises DataError."""
    _below(folder, "AMI", "audio (*.wav) with *.rttm and *.uem")
    meetings = read_conversations(folder)
    if not meetings:
        raise DataError(
            f"{folder}: no recording has both audio and a line in an RTTM file; "
            "expected <meeting>.wav, or <meeting>.Mix-Headset.wav, and <meeting>.rttm."
        )
    train = [one for one in meetings if one.split == "train"]
    held = [one for one in meetings if one.split in ("dev", "development")]
    if not (train and held):
        held, train = meetings[::4], [one for number, one in enumerate(meetings) if number % 4]
    if not (train and held):
        raise DataError(f"{folder}: {len(meetings)} recordings; at least two are needed, one to hold out.")
    return Halves(
        train=tuple(train), val=tuple(held), about=f"AMI: {len(train)} recordings, held out {len(held)}"
    )


def read(path: Path, rate: int) -> np.ndarray:
    """Samples of a recording, mono, at `rate`, float32. Raises DataError."""
    from jobs.boundary.dialogue import read_audio

    try:
        return read_audio(path, rate)
    except (RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read as audio ({error}).") from error


def speakers(utterances: Sequence[Utterance]) -> list[str]:
    """Who reads, in a fixed order."""
    return sorted({one.speaker for one in utterances}, key=int)


def _below(folder: Path, what: str, expected: str) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder; expected {what}: {expected}.")
    return [path for path in folder.rglob("*") if path.suffix.lower() in (".flac", ".wav")]


def _subset(path: Path) -> str:
    return next((part for part in reversed(path.parts[:-1]) if re.match(r"(train|dev|test)-", part)), "")
