"""`summary.json`: the digest as one JSON document, and the schema it keeps to.

`python -m trainui.core.export.document > docs/summary.schema.json` renews the schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.export.model import VERSION, Digest
from trainui.core.export.parts import NOT_FINITE
from trainui.core.export.plain import jsonable
from trainui.core.export.whole import write_whole
from trainui.core.store.read import Reader

NAME = "summary.json"


def write(_reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write summary.json."""
    return write_whole(folder / NAME, as_text(digest))


def as_text(digest: Digest) -> str:
    """The document as it stands in the file."""
    return json.dumps(as_json(digest), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(digest: Digest) -> dict[str, Any]:
    """The digest as plain values; non-finite numbers are the strings nan, inf and -inf."""
    found: dict[str, Any] = jsonable(msgspec.to_builtins(digest))
    return found


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    found = msgspec.json.schema(Digest)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"summary.json of trainui, version {VERSION}",
        "description": "Times are Unix seconds, sums are in `currency`. Numbers that are not finite are strings.",
        **_with_words(found),
    }
    plain: dict[str, Any] = json.loads(json.dumps(whole))  # tuples as the lists that they are there
    return plain


def _with_words(schema: Any) -> Any:
    """A number that has a pattern may be a string that fits it: msgspec keeps the one type in a union."""
    if isinstance(schema, dict):
        inner = {key: _with_words(value) for key, value in schema.items()}
        return inner | {"type": ["number", "string"]} if inner.get("pattern") == NOT_FINITE else inner
    return [_with_words(item) for item in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, ensure_ascii=False))
