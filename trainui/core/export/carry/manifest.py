"""What stands in manifest.json of an archive, and how its entries are called: by numbers, never by names of runs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec

FORMAT = "trainui archive"
VERSION = 1
"""Grows when an older trainui would read an archive wrongly."""
MANIFEST = "manifest.json"
ROWS = "rows.jsonl"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an archive."""

    bytes: int
    """Unpacked."""
    sha256: str


class PackedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run in an archive."""

    place: str
    """The folder of its entries: `runs/0001`."""
    name: str
    identity: str
    """What tells it from every other run: who has it already does not take it again."""
    job: str
    study: str
    parent: str | None
    queued_at: float
    points: int
    metrics: int


class PackedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged across the runs of a study."""

    place: str
    """`studies/0001.jsonl`."""
    name: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an archive."""

    format: str
    version: int
    schema: int
    """Schema steps of the runs.db it was written from."""
    written_at: float
    runs: list[PackedRun]
    studies: list[PackedStudy]
    entries: dict[str, Entry]
    """Every other entry of the archive."""
    left_out: list[str] = []
    """What it does not hold, a sentence each."""


def left_out(path: Path) -> list[str]:
    """What the archive at `path`, which is one that can be read, does not hold."""
    with zipfile.ZipFile(path) as packed:
        return msgspec.json.decode(packed.read(MANIFEST), type=Manifest).left_out
