"""Runs as event files, a folder each, which `tensorboard --logdir` shows: scalars, params, notes."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trainui.core.export.carry.files import file_name
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.whole import whole_folder
from trainui.core.ingest.formats.messages import nested, number
from trainui.core.ingest.formats.tfrecord import framed
from trainui.core.store.packing import Chunk, Packer
from trainui.core.store.read import Reader

FOLDER = "tensorboard"
VERSION = b"brain.Event:2"
STATUS = {"finished": 1, "failed": 2, "lost": 2, "stopped": 2}
"""Result → what the hparams plugin calls it; a live run is 3."""
LARGEST = 3.4028234663852886e38
"""Beyond it a value is infinite for TensorBoard, which keeps 32 bits of it."""

_FLOAT, _STRING = 1, 7
_TENSOR = 2
_DOUBLE = struct.Struct("<d")
_SINGLE = struct.Struct("<f")


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write one folder per run below `folder`/tensorboard; an older one is replaced whole."""
    packer = Packer(reader.path)
    try:
        with whole_folder(folder / FOLDER) as part:
            for run in digest.runs:
                _write_run(packer, run, part)
    finally:
        packer.close()
    return [folder / FOLDER]


def _write_run(packer: Packer, run: RunDigest, folder: Path) -> None:
    own = folder / file_name(run.run)
    own.mkdir(mode=0o700)
    begun = run.started_at or run.queued_at
    path = own / f"events.out.tfevents.{int(max(begun, 0)):010}.trainui"
    with path.open("wb") as file:
        path.chmod(0o600)
        file.write(framed(_event(begun, nested(3, VERSION))))
        file.writelines(_hparams(run, begun))
        for chunk in packer.chunks(run.run):
            file.writelines(_scalars(chunk))
        file.writelines(_texts(run, begun))


def _scalars(chunk: Chunk) -> Iterator[bytes]:
    """A point that has no whole step stands at its number."""
    tag = nested(1, chunk.metric.encode())
    for step, value, at in zip(chunk.whole_steps, chunk.value, chunk.at, strict=True):
        told = math.nan if value is None else value
        if abs(told) > LARGEST:
            told = math.copysign(math.inf, told)
        value_of = tag + b"\x15" + _SINGLE.pack(told)
        yield framed(_event(at, nested(5, nested(1, value_of)), step))


def _hparams(run: RunDigest, begun: float) -> Iterator[bytes]:
    params = b"".join(
        nested(1, nested(1, name.encode()) + nested(2, _value(value))) for name, value in run.params.items()
    )
    start = nested(3, params + b"\x29" + _DOUBLE.pack(begun))
    yield _plugin(begun, "_hparams_/session_start_info", "hparams", start)
    if run.is_live or run.ended_at is None:
        status = number(1, 3)
    else:
        status = number(1, STATUS.get(run.result, 0)) + b"\x11" + _DOUBLE.pack(run.ended_at)
    yield _plugin(begun, "_hparams_/session_end_info", "hparams", nested(4, status))


def _value(value: Any) -> bytes:
    """A google.protobuf.Value: numbers, words and yes or no as such, the rest as text."""
    if isinstance(value, bool):
        return number(4, int(value))
    if isinstance(value, int | float) and abs(value) < 2**1000:
        return b"\x11" + _DOUBLE.pack(value)
    return nested(3, str(value).encode())


def _texts(run: RunDigest, begun: float) -> Iterator[bytes]:
    """What TensorBoard shows as text; it renders Markdown and takes HTML out."""
    told = {
        "about": [run.about] if run.about else [],
        "ended": [run.ended],
        "tags": [" ".join(run.tags)] if run.tags else [],
        "notes": [one.text for one in run.notes],
        "gates": [f"{one.gate}: {one.verdict}, {one.rule}. {one.reason}" for one in run.gates],
    }
    for name, lines in told.items():
        if lines:
            yield _text(begun, name, lines)


def _text(at: float, tag: str, lines: Iterable[str]) -> bytes:
    values = [line.encode() for line in lines]
    tensor = (
        number(1, _STRING)
        + nested(2, nested(2, number(1, len(values))))
        + b"".join(nested(8, value) for value in values)
    )
    meta = nested(9, nested(1, nested(1, b"text")) + number(4, _TENSOR))
    return framed(_event(at, nested(5, nested(1, nested(1, tag.encode()) + nested(8, tensor) + meta))))


def _plugin(at: float, tag: str, plugin: str, content: bytes) -> bytes:
    """A summary that holds nothing but what a plugin reads in its metadata."""
    empty = nested(8, number(1, _FLOAT) + nested(2, nested(2, number(1, 0))))
    meta = nested(9, nested(1, nested(1, plugin.encode()) + nested(2, content)) + number(4, _TENSOR))
    return framed(_event(at, nested(5, nested(1, nested(1, tag.encode()) + empty + meta))))


def _event(at: float, body: bytes, step: int = 0) -> bytes:
    told = number(2, step & 0xFFFFFFFFFFFFFFFF) if step else b""
    return b"\x09" + _DOUBLE.pack(at) + told + body
