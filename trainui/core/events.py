"""What the core tells whoever drives it: past-tense facts, kept in the store as well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something happened to a run, or to the manager when `run` is empty."""

    at: float
    """Unix seconds."""
    run: str
    kind: str
    text: str
