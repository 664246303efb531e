"""What JSON can say of a value."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from msgspec import Struct


def jsonable(value: Any) -> Any:
    """What JSON can say: non-finite numbers become "nan", "inf", "-inf"."""
    if value is None or isinstance(value, str | int | float):  # nearly all there is: a ledger has millions
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value
    if isinstance(value, Struct):
        return {name: jsonable(getattr(value, name)) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value
