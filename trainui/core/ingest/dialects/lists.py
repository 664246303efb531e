"""Lists of results, a number for each class: `Average global foreground Dice: [0.87, 0.80]`."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head
from trainui.core.ingest.dialects.names import is_measure, metric_name
from trainui.core.ingest.numbers import NUMBER, float_of

_LIST = re.compile(r"(?P<name>[A-Za-z][\w \-@.]{0,60}?)\s{0,4}(?:[:=]\s{0,4})?\[(?P<cells>[^\[\]]{1,1500})\]")
_CELL = re.compile(rf"(?=.{{0,30}}(?:\.\d|[eE]-|nan|inf)|[01]$){NUMBER}", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*|\s+")
# nnU-Net's `Average global foreground Dice` and `Pseudo dice` are the Dice of each class.
_WIDE = re.compile(r"(?:(?:average|global|foreground|pseudo)[\s_\-]+)+", re.IGNORECASE)
_MAX_CELLS = 64


def read_list(text: str, *, is_under_way: bool) -> Found | None:
    """A list that ends the line and has the name of a result: its numbers become `dice_0`, `dice_1` …

    Shapes and settings are lists of whole numbers; these are no results.
    """
    found, rest = read_head(text)
    match = _LIST.fullmatch(rest.strip())
    if match is None or not (is_under_way or found.is_headed) or not is_measure(match["name"]):
        return None
    cells = _COMMA.split(match["cells"].strip())
    if (
        len(cells) > _MAX_CELLS
        or not all(map(_CELL.fullmatch, cells))
        or not any("." in cell for cell in cells)
    ):
        return None
    name = metric_name(_WIDE.sub("", match["name"]), found.phase)
    if not name:
        return None
    found.metrics = {f"{name}_{number}": float_of(cell) for number, cell in enumerate(cells)}
    return found
