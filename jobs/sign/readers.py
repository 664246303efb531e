"""Signed sentences on disk, split as their authors split them.

PHOENIX-2014  <source>/annotations/manual/{train,dev,test}[.SI5].corpus.csv, `id|folder|signer|annotation`, and
              <features>/{train,dev,test}/<id>.npz, key `features` [T, 6516]: the first 1629 values are the points,
              the rest what follows from them; <features> is <source>/features unless it is named
skeletons     <source>/{train,dev,test}.skels with .gloss and .files: 150 values and a counter for each frame
keypoints     <source>/keypoints.npz: x (clips, frames, 158), word, split; words are joined into sentences
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.sign.settings import Settings
from jobs.sign.sources import F16, HOLISTIC_SOURCE, KEYPOINTS, SKELS, Source, placed
from jobs.training import files
from jobs.training.errors import DataError

SPLITS = ("train", "dev", "test")
BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy raises of a file that is not what it says."""
STORED = 6516
"""Values of a frame in the features of PHOENIX: points, velocity, acceleration, and the points once more."""
MISSING_SHARE = 0.01
"""So many rows may lack their clip: the release itself has one that is broken."""
SENTENCE = (3, 6)
"""Words of a sentence joined from single signs, from and to."""
PLACED = b"2"
"""How `placed` places; another when that changes, so that what was kept before is not taken for the same."""
HELD_BACK = 5
"""Clips of each word that only dev sentences are joined from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """One sentence."""

    name: str
    glosses: tuple[str, ...]
    frames: np.ndarray
    """(T, F) float16, placed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """Every split of a source; the test split may be empty."""

    source: Source
    splits: Mapping[str, tuple[Clip, ...]]
    about: str


def corpus_of(settings: Settings, tell: Callable[[str], None]) -> Corpus:
    """The sentences of these settings. Raises DataError."""
    corpus = open_corpus(
        Path(settings.source).expanduser(),
        settings.features,
        sentences=settings.sentences,
        workers=settings.num_workers,
        tell=tell,
    )
    tell(corpus.about)
    return corpus


def open_corpus(
    folder: Path,
    features: str = "",
    *,
    sentences: int = 400,
    workers: int = 4,
    tell: Callable[[str], None] = lambda _: None,
) -> Corpus:
    """Whatever of the three is in a folder. Raises DataError. `sentences`: to join for training from single signs."""
    if (folder / "annotations" / "manual").is_dir():
        return open_phoenix(folder, Path(features) if features else folder / "features", workers, tell)
    if (folder / "train.skels").is_file():
        return open_skels(folder)
    if (folder / "keypoints.npz").is_file():
        return open_keypoints(folder, sentences)
    raise DataError(
        f"{folder}: there are no signed sentences; expected PHOENIX-2014 (annotations/manual/train.corpus.csv), "
        "train.skels, or keypoints.npz."
    )


def open_phoenix(
    folder: Path, features: Path, workers: int = 4, tell: Callable[[str], None] = lambda _: None
) -> Corpus:
    """PHOENIX-2014, multi-signer or SI5, with features extracted from it. Raises DataError."""
    splits, told = {}, []
    for split in SPLITS:
        found = sorted((folder / "annotations" / "manual").glob(f"{split}*.corpus.csv"))
        if not found:
            raise DataError(f"{folder}/annotations/manual/{split}.corpus.csv: there is no such file.")
        rows = _rows(found[0])
        present = [(name, glosses) for name, glosses in rows if (features / split / f"{name}.npz").is_file()]
        if len(present) < (1 - MISSING_SHARE) * len(rows) or not present:
            lacks = next(name for name, _ in rows if not (features / split / f"{name}.npz").is_file())
            raise DataError(
                f"{features / split / lacks}.npz: there is no such file, as for {len(rows) - len(present)} of "
                f"{len(rows)} rows of {found[0]}."
            )
        if len(present) < len(rows):
            tell(
                f"{len(rows) - len(present)} of {len(rows)} clips of {split} have no features and are left out"
            )
        paths = [features / split / f"{name}.npz" for name, _ in present]
        clips = zip(present, _frames(paths, workers), strict=True)
        splits[split] = tuple(Clip(name=name, glosses=glosses, frames=x) for (name, glosses), x in clips)
        if blind := sum(not clip.frames.any() for clip in splits[split]):
            tell(f"{blind} clips of {split} show nobody's shoulders: they are read as nothing seen")
        told.append(f"{len(present)} {split}")
    return Corpus(source=HOLISTIC_SOURCE, splits=splits, about=f"PHOENIX-2014: {', '.join(told)} clips")


def _rows(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """(id, glosses) of each row. Raises DataError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE)
            if not {"id", "annotation"} <= set(table.fieldnames or ()):
                raise DataError(f"{path}: the first line is not id|folder|signer|annotation.")
            rows = [(row["id"], row["annotation"], number) for number, row in enumerate(table, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    for name, annotation, number in rows:
        if not name or annotation is None or "/" in name:
            raise DataError(f"{path}, line {number}: expected id|folder|signer|annotation.")
    if not rows:
        raise DataError(f"{path} has no rows.")
    return [(name, tuple(annotation.split())) for name, annotation, _ in rows]


def _frames(paths: Sequence[Path], workers: int) -> list[np.ndarray]:
    """Every clip's frames; kept together after the first time, for they are a quarter of a quarter of the files."""
    told = hashlib.sha256(PLACED)
    for path in paths:
        stat = path.stat()
        told.update(f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    kept = files.home() / "sign" / f"{told.hexdigest()[:24]}.npz"
    if kept.is_file():
        with np.load(kept) as held:
            return np.split(held["frames"], held["ends"][:-1])
    with ThreadPoolExecutor(max(1, workers)) as pool:
        clips = list(pool.map(_one, paths))
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, frames=np.concatenate(clips), ends=np.cumsum([len(one) for one in clips]))
    part.rename(kept)
    return clips


def _one(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as held:
            found = held["features"]
    except BROKEN as error:
        raise DataError(f"{path} cannot be read as features ({type(error).__name__}: {error}).") from error
    size = HOLISTIC_SOURCE.layout.size
    if found.ndim != 2 or found.shape[1] not in (size, STORED):
        raise DataError(f"{path}: expected features of (frames, {STORED}), found {found.shape}.")
    return placed(found[:, :size], HOLISTIC_SOURCE, str(path))


def open_skels(folder: Path) -> Corpus:
    """Skeletons, glosses and names, a line each. Raises DataError."""
    splits: dict[str, tuple[Clip, ...]] = {}
    for split in SPLITS:
        if not (folder / f"{split}.skels").is_file():
            splits[split] = ()
            continue
        try:
            lines = {
                kind: (folder / f"{split}.{kind}").read_text(encoding="utf-8").splitlines()
                for kind in ("skels", "gloss", "files")
            }
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{folder}/{split} cannot be read: {error}.") from error
        if len({len(one) for one in lines.values()}) != 1:
            counts = ", ".join(f"{len(one)} of .{kind}" for kind, one in lines.items())
            raise DataError(f"{folder}/{split}: expected as many lines in each file, found {counts}.")
        splits[split] = tuple(
            Clip(
                name=name,
                glosses=tuple(glosses.split()),
                frames=_skeleton(line, f"{folder}/{split}.skels, line {number}"),
            )
            for number, (line, glosses, name) in enumerate(
                zip(lines["skels"], lines["gloss"], lines["files"], strict=True), start=1
            )
        )
    about = ", ".join(f"{len(clips)} {split}" for split, clips in splits.items())
    return Corpus(source=SKELS, splits=splits, about=f"skeletons: {about} clips")


def _skeleton(line: str, what: str) -> np.ndarray:
    """Frames of 150 values; the counter behind each grows. Raises DataError."""
    try:
        values = np.array(line.split(), dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{what}: {error}.") from error
    size = SKELS.layout.size
    if len(values) == 0 or len(values) % (size + 1):
        raise DataError(
            f"{what}: expected {size} values and a counter for each frame, found {len(values)} values."
        )
    frames = values.reshape(-1, size + 1)
    if (np.diff(frames[:, -1]) <= 0).any():
        raise DataError(f"{what}: every {size + 1}th value should count up and does not.")
    return placed(frames[:, :-1], SKELS, what)


def open_keypoints(folder: Path, sentences: int) -> Corpus:
    """Single signs joined three to six at a time; no clip of a sign is in two splits. Raises DataError."""
    path = folder / "keypoints.npz"
    try:
        with np.load(path, allow_pickle=False) as held:
            x, word, split = (held[name] for name in ("x", "word", "split"))
    except BROKEN as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__}: {error}).") from error
    if x.ndim != 3 or not len(x) == len(word) == len(split):
        raise DataError(f"{path}: expected x (clips, frames, values), word and split of as many clips.")
    signs: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in SPLITS}
    for name in sorted(set(word.tolist())):
        clips = {
            side: [
                seen
                for one in np.flatnonzero((word == name) & (split == side))
                if (seen := placed(x[one], KEYPOINTS, f"{path}, clip {one}")).any()
            ]
            for side in ("Train", "Valid")
        }
        if len(clips["Train"]) <= HELD_BACK or not clips["Valid"]:
            continue  # as "empty": a room with nobody in it
        signs["train"][name], signs["dev"][name] = clips["Train"][:-HELD_BACK], clips["Train"][-HELD_BACK:]
        signs["test"][name] = clips["Valid"]
    if not signs["train"]:
        raise DataError(
            f"{path}: expected more than {HELD_BACK} clips of a sign to train (Train) and one to test (Valid)."
        )
    counts = {"train": sentences, "dev": max(8, sentences // 6), "test": max(8, sentences // 6)}
    splits = {name: _joined(signs[name], counts[name], name) for name in SPLITS}
    about = f"{len(signs['train'])} signs joined into " + ", ".join(
        f"{n} {name}" for name, n in counts.items()
    )
    return Corpus(source=KEYPOINTS, splits=splits, about=f"{about} sentences")


def _joined(signs: Mapping[str, Sequence[np.ndarray]], count: int, split: str) -> tuple[Clip, ...]:
    """Sentences that are the same every time."""
    random = np.random.default_rng([20_251_215, SPLITS.index(split)])
    names, made = sorted(signs), []
    for number in range(count):
        glosses = [
            names[one]
            for one in random.integers(len(names), size=random.integers(SENTENCE[0], SENTENCE[1] + 1))
        ]
        frames = [signs[name][random.integers(len(signs[name]))] for name in glosses]
        made.append(
            Clip(name=f"{split}-{number}", glosses=tuple(glosses), frames=np.concatenate(frames).astype(F16))
        )
    return tuple(made)
