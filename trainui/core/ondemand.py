"""Packages that load a part of theirs when somebody asks for it: who names one value does not pay for all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(package: str, parts: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__`. `parts`: module of it → the names that it offers there, with blanks between.

    No name may be that of a module of the package, which would stand in its place.
    """
    where = {name: f"{package}.{part}" for part, names in parts.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(where[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
