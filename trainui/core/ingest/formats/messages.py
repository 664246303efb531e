"""Protocol buffers of others, declared by the few fields we read; protobuf is loaded when the first is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

DOUBLE, FLOAT, INT64, UINT64, INT32, BOOL, BYTES, UINT32, SINT64 = 1, 2, 3, 4, 5, 8, 12, 13, 18
"""Types of fields by their numbers in descriptor.proto. Text is declared as BYTES: broken UTF-8 is no error then."""
_MESSAGE = 11

Field = tuple[str, int, int | str]
"""Name, number, and a type from above or the name of a message; "[]" after the field's name: repeated."""


def parser_of(
    package: str, messages: Mapping[str, Sequence[Field]], root: str
) -> tuple[Callable[[bytes], Any], type[Exception]]:
    """What parses a serialized `root`, and what it raises when the bytes are no such message.

    In the message every field that is not repeated knows whether it was there (`HasField`). The class is made
    anew with each call: keep it.
    """
    from google.protobuf import descriptor_pool, message, message_factory

    # A pool of our own: the process may hold the real tensorboard, with the same names.
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file(package, messages))
    made = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{root}"))
    return made.FromString, message.DecodeError


def _file(package: str, messages: Mapping[str, Sequence[Field]]) -> bytes:
    """A serialized FileDescriptorProto. By hand, as the module that knows how takes 30 ms and 3 MB to load."""
    parts = [_text(1, f"{package}.proto"), _text(2, package)]
    for name, fields in messages.items():
        body = _text(1, name) + b"".join(nested(2, _field(package, field)) for field in fields)
        parts.append(nested(4, body))
    return b"".join(parts)


def _field(package: str, field: Field) -> bytes:
    name, index, kind = field
    is_repeated = name.endswith("[]")
    body = _text(1, name.removesuffix("[]")) + number(3, index) + number(4, 3 if is_repeated else 1)
    if isinstance(kind, str):
        return body + number(5, _MESSAGE) + _text(6, f".{package}.{kind}")
    return body + number(5, kind)


def _text(field: int, text: str) -> bytes:
    return nested(field, text.encode())


def nested(field: int, body: bytes) -> bytes:
    """A serialized field of bytes, text or a message."""
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def number(field: int, value: int) -> bytes:
    """A serialized field of a whole number, not negative."""
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
