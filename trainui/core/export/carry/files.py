"""Names that come from runs as names of files."""

from __future__ import annotations

import hashlib
import re

LONGEST = 100
"""Characters of a made-up name: file systems take 255 bytes, and others add endings of their own."""


def file_name(name: str, *, odd: str = r"[^A-Za-z0-9._=+-]") -> str:
    """A name for a file or folder that cannot lead anywhere else, and is another for every other `name`. `odd`: which
    characters are replaced."""
    clean = re.sub(odd, "_", name)[:LONGEST].lstrip(".-") or "_"
    if clean == name:
        return clean
    return f"{clean[: LONGEST - 9]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
