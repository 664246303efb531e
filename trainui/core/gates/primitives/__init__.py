"""What `test = ` may name: one small file each, registered in this one table."""

from __future__ import annotations

from collections.abc import Mapping

from trainui.core.gates.primitives import ask, combine, finite, regress, stall, value
from trainui.core.gates.rule import Primitive

PRIMITIVES: Mapping[str, Primitive] = {
    "value": value.PRIMITIVE,
    "finite": finite.PRIMITIVE,
    "stall": stall.PRIMITIVE,
    "regress": regress.PRIMITIVE,
    "all": combine.ALL,
    "any": combine.ANY,
    "ask": ask.PRIMITIVE,
}
