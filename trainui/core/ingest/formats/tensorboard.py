"""TensorBoard's event files: scalars in every encoding they were ever written in."""

from __future__ import annotations

import functools
import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from trainui.core.ingest.fields import EARLIEST, LATEST, clean_name
from trainui.core.ingest.format import Format
from trainui.core.ingest.formats.framed import Framed
from trainui.core.ingest.formats.messages import (
    BOOL,
    BYTES,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    UINT32,
    UINT64,
    Field,
    parser_of,
)
from trainui.core.ingest.formats.tfrecord import HEADER, cut, is_intact, length_of
from trainui.core.ingest.records import NOTHING, Record, Tally

MAX_KNOWN = 128
MAX_TAG = 128
"""Tags that are remembered, and bytes of each: the state is rewritten with each batch."""

_SCALAR_PLUGINS = (b"", b"scalars")
_SCALAR_CLASS = 1

_MESSAGES: dict[str, tuple[Field, ...]] = {
    "Event": (("wall_time", 1, DOUBLE), ("step", 2, INT64), ("summary", 5, "Summary")),
    "Summary": (("value[]", 1, "Value"),),
    "Value": (("tag", 1, BYTES), ("simple_value", 2, FLOAT), ("tensor", 8, "Tensor"), ("metadata", 9, "Metadata")),
    "Metadata": (("plugin", 1, "Plugin"), ("data_class", 4, INT32)),
    "Plugin": (("name", 1, BYTES),),
    "Tensor": (
        ("dtype", 1, INT32), ("shape", 2, "Shape"), ("content", 4, BYTES), ("float_val[]", 5, FLOAT),
        ("double_val[]", 6, DOUBLE), ("int_val[]", 7, INT32), ("int64_val[]", 10, INT64), ("half_val[]", 13, INT32),
        ("uint32_val[]", 16, UINT32), ("uint64_val[]", 17, UINT64),
    ),
    "Shape": (("dim[]", 2, "Dim"), ("unknown_rank", 3, BOOL)),
    "Dim": (("size", 1, INT64),),
}  # fmt: skip

# Type of a tensor → where its values stand, and how one is laid out in `content`. Halves stand as their bits;
# a bfloat16 is the upper half of a float.
_BFLOAT16 = 14
_TYPES = {
    1: ("float_val", "<f"), 2: ("double_val", "<d"), 3: ("int_val", "<i"), 4: ("int_val", "<B"),
    5: ("int_val", "<h"), 6: ("int_val", "<b"), 9: ("int64_val", "<q"), 11: ("int_val", "<b"),
    12: ("int_val", "<B"), 13: ("int_val", "<i"), _BFLOAT16: ("half_val", "<H"), 15: ("int_val", "<h"),
    16: ("int_val", "<H"), 17: ("int_val", "<H"), 19: ("half_val", "<e"), 22: ("uint32_val", "<I"),
    23: ("uint64_val", "<Q"),
}  # fmt: skip


class Events(Framed):
    """Reads one event an item. What is no single number (images, texts, histograms, graphs) is known and left out.

    A metric's first value and every value that is not finite must agree with the event's checksum.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[bytes, str] = {}
        """Tag → the metric's name, or "" where a plugin that is not about scalars writes one number."""

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        tally = self._tally
        names = {tag.decode("utf-8", "surrogateescape"): name for tag, name in self._names.items()}
        return json.dumps([tally.lines, tally.understood, tally.samples, names])

    @classmethod
    def restore(cls, state: str) -> Events:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls()
        if state:
            lines, understood, samples, names = json.loads(state)
            reader._tally = Tally(lines, understood, samples)
            reader._names = {tag.encode("utf-8", "surrogateescape"): name for tag, name in names.items()}
        return reader

    def read(self, item: bytes) -> Sequence[Record]:
        """The record of one event: more than one when it tells of a metric twice, none when of no scalar."""
        parse, error = _parser()
        try:
            event = parse(item[:-4])
        except error:
            return self.miss(item)
        metrics: dict[str, float] = {}
        earlier: list[Record] = []
        is_checked = False
        for value in event.summary.value:
            if value.HasField("simple_value"):
                number = value.simple_value
            elif not value.HasField("tensor") or (number := number_in(value.tensor)) is None:
                continue
            name = self._names.get(value.tag)
            if name is None or number - number != 0:
                is_checked = is_checked or is_intact(item)
                if not is_checked:
                    return self.miss(item)
                name = self._name_of(value)
            if not name:
                continue
            if name in metrics:
                earlier.append(_record(event, metrics))
                metrics = {}
            metrics[name] = number
        self._tally.lines += 1
        self._tally.understood += 1
        if not metrics:
            return NOTHING
        return (*earlier, _record(event, metrics))

    def _name_of(self, value: Any) -> str:
        """The metric's name, "" when the tag is not one's. Only a tag's first value says which plugin it is for."""
        tag = value.tag
        if tag in self._names:
            return self._names[tag]
        meta = value.metadata
        is_scalar = (
            value.HasField("simple_value")
            or meta.plugin.name in _SCALAR_PLUGINS
            or meta.data_class == _SCALAR_CLASS
        )
        name = clean_name(tag.decode("utf-8", "replace")) if is_scalar else ""
        # There is more room for what is no metric: forgotten, its next value would pass for one.
        if len(tag) <= MAX_TAG and len(self._names) < (MAX_KNOWN if name else 2 * MAX_KNOWN):
            self._names[tag] = name
        return name


def number_in(tensor: Any) -> float | None:
    """The one number a TensorProto holds, of any numeric type; None when it holds something else."""
    place, layout = _TYPES.get(tensor.dtype, ("", ""))
    if not place or any(dim.size != 1 for dim in tensor.shape.dim):
        return None
    if content := tensor.content:
        return _unpacked(content, layout, tensor.dtype)
    values = getattr(tensor, place)
    if not values:
        return None if tensor.shape.unknown_rank else 0.0  # TensorFlow leaves zeros out
    if len(values) > 1:
        return None
    if place == "half_val":
        return _unpacked(struct.pack("<H", values[0] & 0xFFFF), layout, tensor.dtype)
    return float(values[0])


def _unpacked(content: bytes, layout: str, dtype: int) -> float | None:
    if len(content) != struct.calcsize(layout):
        return None
    if dtype == _BFLOAT16:
        content, layout = bytes(2) + content, "<f"
    return float(struct.unpack(layout, content)[0])


def _record(event: Any, metrics: dict[str, float]) -> Record:
    at = event.wall_time
    return Record(metrics=metrics, step=event.step, at=at if EARLIEST <= at <= LATEST else None)


@functools.cache
def _parser() -> tuple[Callable[[bytes], Any], type[Exception]]:
    return parser_of("tensorboard_events", _MESSAGES, "Event")


def claims(name: str, head: bytes) -> bool:
    """Whether it is called like an event file, or begins with an event that tells the version of such files."""
    return ".tfevents." in name or (
        b"brain.Event:" in head[HEADER:64] and length_of(head[:HEADER]) is not None
    )


FORMAT = Format(
    kind="tensorboard",
    rank=3,
    make=lambda state, _patterns: Events.restore(state),
    claims=claims,
    cut=cut,
    watched=("*.tfevents.*",),
)
