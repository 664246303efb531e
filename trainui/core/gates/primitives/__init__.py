"""What `test = ` may name: one small file each, registered in this one table."""

from __future__ import annotations

from collections.abc import Mapping

from trainui.core.gates.primitives import (
    ask,
    combine,
    event,
    finite,
    overfit,
    regress,
    spike,
    stall,
    track,
    value,
)
from trainui.core.gates.rule import Primitive

PRIMITIVES: Mapping[str, Primitive] = {
    "value": value.PRIMITIVE,
    "finite": finite.PRIMITIVE,
    "spike": spike.PRIMITIVE,
    "regress": regress.PRIMITIVE,
    "stall": stall.PRIMITIVE,
    "overfit": overfit.PRIMITIVE,
    "track": track.PRIMITIVE,
    "event": event.PRIMITIVE,
    "all": combine.ALL,
    "any": combine.ANY,
    "ask": ask.PRIMITIVE,
}
