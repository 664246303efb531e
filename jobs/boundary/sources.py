"""Where speech comes from: Debian's voice prompts, a folder per speaker, or conversations with RTTM.

    (a) conversations   any folder with *.rttm and audio of the same name (VoxConverse, AMI)
    (b) a folder        <speaker>/**/*.{wav,flac} (LibriSpeech)
    (c) "asterisk"      real voice prompts from Debian's packages (see `debian.py`)

Every source says which speakers are held out: they are never in training.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.boundary.rttm import Conversation, read_conversations, read_rttms
from jobs.training.errors import DataError

AUDIO = (".wav", ".flac")
HELD_OUT_SHARE = 0.25
"""Of the speakers (or recordings) of a source that has no official split."""
VAL_SHARE = 0.2
"""Of the recordings of an official dev that must do for training too: VoxConverse's 216 are 173 and 43."""
NOT_SPEECH = re.compile(r"(^|[/_-])(silence|beep\w*|\w*tone\w*|conf-bgmusic|music)([/_.-]|$)")
SUBSET = re.compile(r"^(train|dev|test)-")
ANONYMOUS_SHARE = 0.5
"""A label found in more than this share of the recordings names a place in a list, not a person."""


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
    """Real conversations with reference segments, split so that nobody learnt from is tested on."""

    train: list[Conversation]
    val: list[Conversation]
    test: list[Conversation]
    about: str

    @property
    def held_out(self) -> list[Conversation]:
        """What is not in training; where there is a single one, it is both val and test."""
        return [*self.val, *(one for one in self.test if one not in self.val)]

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
    if next(folder.rglob("*.rttm"), None) is None:
        return split_voices(folder)
    found = read_conversations(folder)
    mute = sorted(read_rttms(folder).keys() - {one.uri for one in found})
    if not found:
        raise DataError(
            f"{folder} has RTTM for {len(mute)} recordings and audio for none of them: expected "
            f"{mute[0]}.wav, {mute[0]}.flac or {mute[0]}.Mix-Headset.wav somewhere below it."
        )
    split = split_conversations(found)
    if not mute:
        return split
    return replace(split, about=f"{split.about}; {len(mute)} have RTTM and no audio ({', '.join(mute[:3])}…)")


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
    """Hold out whole groups of recordings that share speakers; by the official split where there is one.

    Official dev is val and official test is test, never mixed. VoxConverse has no train: dev is then split by file.
    """
    if len(conversations) < 2:
        raise DataError("At least two recordings with both audio and RTTM are needed: one to hold out.")
    groups = {one.uri: group for one, group in zip(conversations, together(conversations), strict=True)}
    by_split = {
        name: [one for one in conversations if one.split == name] for name in ("train", "dev", "test")
    }
    learnt, dev, test = by_split.values()
    if not (dev or test):
        learnt, held = apart(conversations, groups, HELD_OUT_SHARE)
        val, test = alternate(held)
    elif learnt:
        val, test = (dev, test) if dev and test else alternate(dev or test)
    elif dev and test:
        learnt, val = apart(dev, groups, VAL_SHARE)
    elif dev:
        learnt, held = apart(dev, groups, HELD_OUT_SHARE)
        val, test = alternate(held)
    else:
        raise DataError(
            "Only a test split is there, and nothing may be learnt from it: give train or dev too."
        )
    heard = {groups[one.uri] for one in [*val, *test]}
    train = [one for one in learnt if groups[one.uri] not in heard]
    if not train or not val or not test:
        raise DataError("All recordings share speakers, so none can be held out: give more recordings.")
    held_out = len({one.uri for one in [*val, *test]})
    about = f"{len(train)} recordings to train, {held_out} held out"
    left_out = len(conversations) - len(train) - held_out
    if left_out:
        about += f", {left_out} left out because held-out speakers talk in them"
    return Conversations(train=train, val=val, test=test, about=about)


def apart(
    conversations: Sequence[Conversation], groups: Mapping[str, str], share: float
) -> tuple[list[Conversation], list[Conversation]]:
    """What is learnt from, and the `share` of the groups that is held out."""
    names = sorted({groups[one.uri] for one in conversations})
    chosen = pick(names, max(1, round(share * len(names))))
    return (
        [one for one in conversations if groups[one.uri] not in chosen],
        [one for one in conversations if groups[one.uri] in chosen],
    )


def alternate(held: Sequence[Conversation]) -> tuple[list[Conversation], list[Conversation]]:
    """Val and test in turn; a single recording is both: better one honest number than none."""
    return list(held[::2]), list(held[1::2] or held)


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
