"""Labelled clips on disk, as three layouts have them.

UrbanSound8K   audio/fold<N>/<fsID>-<class>-<occurrence>-<slice>.wav    slices of one fsID are of one recording
ESC-50         audio/<fold>-<clip>-<take>-<class>.wav, meta/esc50.csv
a table        clips.csv: id,species,path   and   split.json: {"train": [id, …], "val": […], "test": […]}
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jobs.training.errors import DataError

URBAN = (
    "air_conditioner",
    "car_horn",
    "children_playing",
    "dog_bark",
    "drilling",
    "engine_idling",
    "gun_shot",
    "jackhammer",
    "siren",
    "street_music",
)
_URBAN = re.compile(r"(\d+)-(\d)-(\d+)-(\d+)\.(?:wav|flac)")
_ESC = re.compile(r"(\d)-(\w+)-([A-Z])-(\d+)\.(?:wav|flac|ogg)")
EXPECTED = (
    "expected UrbanSound8K (audio/fold1/<fsID>-<class>-<occurrence>-<slice>.wav), "
    "ESC-50 (audio/<fold>-<clip>-<take>-<class>.wav) or clips.csv with split.json"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """One sound and what it is."""

    path: Path
    label: str
    recording: str
    """Clips of one recording sound alike, and must be on one side."""
    fold: int = 0
    split: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Three sides that share no recording, and the classes in the order of their numbers."""

    train: tuple[Clip, ...]
    val: tuple[Clip, ...]
    test: tuple[Clip, ...]
    classes: tuple[str, ...]
    about: str


def open_clips(folder: Path, *, val_fold: int = 0, test_fold: int = 0) -> Split:
    """The clips below a folder, split by fold (or as split.json says). Raises DataError."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder; {EXPECTED}.")
    clips = _table(folder) if (folder / "clips.csv").exists() else _named(folder)
    if not clips:
        raise DataError(f"{folder}: no labelled clip is there; {EXPECTED}.")
    if any(clip.split for clip in clips):
        sides = {side: [clip for clip in clips if clip.split == side] for side in ("train", "val", "test")}
    else:
        sides = _by_fold(folder, clips, val_fold, test_fold)
    shared = {clip.recording for clip in sides["train"]} & {
        clip.recording for clip in (*sides["val"], *sides["test"])
    }
    if shared:
        raise DataError(f"{folder}: clips of recording {min(shared)} are on both sides of the split.")
    classes = tuple(sorted({clip.label for clip in clips}, key=_natural))
    for side, found in sides.items():
        if not found and side != "test":
            raise DataError(f"{folder}: no clip is in the {side} split.")
    about = f"{len(classes)} classes; " + ", ".join(
        f"{side} {len(found)} clips" for side, found in sides.items()
    )
    return Split(
        train=tuple(sides["train"]),
        val=tuple(sides["val"]),
        test=tuple(sides["test"]),
        classes=classes,
        about=about,
    )


def _named(folder: Path) -> list[Clip]:
    """Layouts whose file names say the class."""
    found = []
    for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in (".wav", ".flac", ".ogg")):
        fold = re.fullmatch(r"fold(\d+)", path.parent.name)
        if (match := _URBAN.fullmatch(path.name)) and fold:
            label = URBAN[int(match[2])]
            found.append(Clip(path=path, label=label, recording=match[1], fold=int(fold[1])))
        elif match := _ESC.fullmatch(path.name):
            found.append(Clip(path=path, label=match[4], recording=match[2], fold=int(match[1])))
    return found


def _table(folder: Path) -> list[Clip]:
    """clips.csv and split.json. Raises DataError."""
    table, split = folder / "clips.csv", folder / "split.json"
    try:
        sides = json.loads(split.read_text(encoding="utf-8"))
        side_of = {str(clip): side for side in ("train", "val", "test") for clip in sides[side]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f'{split}: expected {{"train": [id, …], "val": […], "test": […]}} ({error}).'
        ) from error
    found = []
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if not row.get("id") or not row.get("species") or not row.get("path"):
                raise DataError(f"{table}, line {reader.line_num}: expected the columns id,species,path.")
            path = folder / row["path"]
            if not path.is_file():
                raise DataError(f"{table}, line {reader.line_num}: there is no file {row['path']}.")
            if row["id"] in side_of:
                found.append(
                    Clip(path=path, label=row["species"], recording=row["id"], split=side_of[row["id"]])
                )
    return found


def _by_fold(folder: Path, clips: Iterable[Clip], val_fold: int, test_fold: int) -> dict[str, list[Clip]]:
    """Folds as they are official; two folds alone give a validation and no test. Raises DataError."""
    by_fold: dict[int, list[Clip]] = {}
    for clip in clips:
        by_fold.setdefault(clip.fold, []).append(clip)
    folds = sorted(by_fold)
    if len(folds) < 2:
        raise DataError(f"{folder}: only fold {folds[0]} is there; at least two are needed.")
    test = test_fold or (folds[-1] if len(folds) > 2 else 0)
    val = val_fold or (folds[-2] if len(folds) > 2 else folds[-1])
    for fold in (val, test):
        if fold and fold not in folds:
            raise DataError(f"{folder}: there is no fold {fold}; there are {', '.join(map(str, folds))}.")
    if val == test:
        raise DataError(f"{folder}: fold {val} cannot be validated and tested on at once.")
    train = [clip for fold in folds if fold not in (val, test) for clip in by_fold[fold]]
    return {"train": train, "val": by_fold[val], "test": by_fold.get(test, [])}


def _natural(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdigit() else (-1, label)
