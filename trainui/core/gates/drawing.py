"""What a chart needs to know of a gate, from its canonical text: its curves, and what was written down."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

WORDS = "~words"
"""Where the canonical text keeps what is said of its metrics."""
PERCENT = 100.0
NOT_ASKED = "the run ended before it was asked"
"""How the reason of a question begins whose time never came: nobody is asked, though an answer is still taken."""


class Drawing(Struct, frozen=True, kw_only=True):
    """How a gate lies in the chart of its metric."""

    names: tuple[str, ...] = ()
    """Names a run may have written its metric under, beside the gate's own name for it."""
    fraction: bool | str = False
    """Whether runs write 0.48 where the gate says 48; `auto`: their first value tells."""
    axis: str = "epoch"
    """What x of the written curve counts: `epoch`, `step` or a meter."""
    curve: tuple[tuple[float, float], ...] = ()
    """(x, value) of a curve that was written down beforehand."""

    def scale(self, values: Iterable[float]) -> float:
        """What a height of the gate is multiplied by to lie in a curve with these values."""
        if self.fraction == "auto":
            first = next((abs(value) for value in values if math.isfinite(value) and value), 0.0)
            return 1 / PERCENT if 0 < first <= 1 else 1.0
        return 1 / PERCENT if self.fraction else 1.0


@lru_cache(maxsize=1024)
def drawing_of(text: str, metric: str) -> Drawing:
    """How the gate with this canonical text lies in the chart of `metric`; a text that is '' says nothing."""
    table = json.loads(text) if text else {}
    said = table.get(WORDS, {}).get(metric, {})
    points = table.get("points", ()) if table.get("test") == "track" else ()
    return Drawing(
        names=tuple(said.get("from", ())),
        fraction=said.get("fraction", False),
        axis=table.get("axis", "epoch"),
        curve=tuple((float(x), float(y)) for x, y in points),
    )
