"""Where speech comes from: Debian's voice prompts, a folder per speaker, or conversations with RTTM.

    (a) conversations   any folder with *.rttm and audio of the same name (VoxConverse, AMI)
    (b) a folder        <speaker>/**/*.{wav,flac} (LibriSpeech)
    (c) "asterisk"      real voice prompts from Debian's packages (see `debian.py`)

Every source says which speakers are held out: they are never in training.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.boundary.rttm import Conversation, read_conversations

AUDIO = (".wav", ".flac")
HELD_OUT_SHARE = 0.25
"""Of the speakers (or recordings) of a source that has no official split."""
NOT_SPEECH = re.compile(r"(^|[/_-])(silence|beep\w*|\w*tone\w*|conf-bgmusic|music)([/_.-]|$)")
SUBSET = re.compile(r"^(train|dev|test)-")
ANONYMOUS_SHARE = 0.5
"""A label found in more than this share of the recordings names a place in a list, not a person."""


class DataError(Exception):
    """The speech cannot be had; the message is one sentence that says what to give instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Voices:
    """Recordings of single speakers, ready to be made into conversations."""

    train: dict[str, list[Path]]
    held_out: dict[str, list[Path]]
    about: str

    def files(self) -> list[Path]:
        """Every recording, in a fixed order."""
        groups = (self.train, self.held_out)
        return [path for group in groups for name in sorted(group) for path in group[name]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversations:
    """Real conversations with reference segments, split so that no speaker is on both sides."""

    train: list[Conversation]
    held_out: list[Conversation]
    about: str

    def files(self) -> list[Path]:
        """Every recording, in a fixed order."""
        return [conversation.audio for conversation in [*self.train, *self.held_out]]


def audio_files(folder: Path) -> list[Path]:
    """Every wav and flac below `folder` that can be speech, sorted."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in AUDIO and path.is_file())
    return sorted(path for path in found if not NOT_SPEECH.search(path.relative_to(folder).as_posix()))


def open_folder(folder: Path) -> Voices | Conversations:
    """The speech of a folder that the user named, whichever layout it has."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give one with --source PATH, or leave --source out.")
    if next(folder.rglob("*.rttm"), None) is not None:
        return split_conversations(read_conversations(folder))
    return split_voices(folder)


def split_voices(folder: Path) -> Voices:
    """A folder per speaker; where LibriSpeech's own subsets lie there, dev-* and test-* are held out."""
    subsets = sorted(path for path in folder.iterdir() if path.is_dir() and SUBSET.match(path.name))
    parents = subsets or [folder]
    homes = [home for parent in parents for home in sorted(parent.iterdir()) if home.is_dir()]
    speakers: dict[str, list[Path]] = {}
    aside: set[str] = set()
    for home in homes:
        files = audio_files(home)
        if files:
            speakers.setdefault(home.name, []).extend(files)
        if subsets and not home.parent.name.startswith("train-"):
            aside.add(home.name)
    if len(speakers) < 4:
        raise DataError(
            f"{folder} holds {len(speakers)} speakers, and at least 4 are needed, 2 of them to hold out: "
            "lay the audio out as <speaker>/**/*.wav or .flac, or give conversations with *.rttm."
        )
    if not aside or len(aside) == len(speakers):
        aside = pick(speakers, max(2, round(HELD_OUT_SHARE * len(speakers))))
    return Voices(
        train={name: files for name, files in speakers.items() if name not in aside},
        held_out={name: files for name, files in speakers.items() if name in aside},
        about=f"{len(speakers)} speakers of {folder.name}, {len(aside)} of them held out",
    )


def pick(names: Iterable[str], count: int) -> set[str]:
    """`count` of the names, always the same ones, in no order that means anything."""
    return set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count])


def split_conversations(conversations: Sequence[Conversation]) -> Conversations:
    """Hold out whole groups of recordings that share speakers; by the official split where there is one."""
    if len(conversations) < 2:
        raise DataError("At least two recordings with both audio and RTTM are needed: one to hold out.")
    pairs = list(zip(conversations, together(conversations), strict=True))
    if any(one.split in ("dev", "development", "test") for one in conversations):
        aside = [one for one in conversations if one.split != "train"]
        heard = {group for one, group in pairs if one in aside}
        train = [one for one, group in pairs if one not in aside and group not in heard]
    else:
        names = sorted({group for _, group in pairs})
        chosen = pick(names, max(1, round(HELD_OUT_SHARE * len(names))))
        aside = [one for one, group in pairs if group in chosen]
        train = [one for one, group in pairs if group not in chosen]
    if not train or not aside:
        raise DataError("All recordings share speakers, so none can be held out: give more recordings.")
    left_out = len(conversations) - len(train) - len(aside)
    about = f"{len(train)} recordings to train, {len(aside)} held out"
    if left_out:
        about += f", {left_out} left out because held-out speakers talk in them"
    return Conversations(train=train, held_out=aside, about=about)


def together(conversations: Sequence[Conversation]) -> list[str]:
    """For each recording the name of its group: recordings that share a speaker, however indirectly."""
    counts: dict[str, int] = {}
    for one in conversations:
        for label in one.speakers():
            counts[label] = counts.get(label, 0) + 1
    # VoxConverse numbers its speakers anew in every file; AMI's labels are people.
    most = max(counts.values(), default=0)
    anonymous = len(conversations) > 2 and most > ANONYMOUS_SHARE * len(conversations)
    parent = {one.uri: one.uri for one in conversations}

    def root(uri: str) -> str:
        while parent[uri] != uri:
            uri = parent[uri]
        return uri

    first: dict[str, str] = {}
    for one in conversations if not anonymous else ():
        for label in sorted(one.speakers()):
            parent[root(one.uri)] = root(first.setdefault(label, one.uri))
    return [root(one.uri) for one in conversations]
