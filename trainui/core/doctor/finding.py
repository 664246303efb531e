"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing looked at. `verdict` is ok, note or problem; `text` says what is, and how to mend it."""

    what: str
    verdict: str
    text: str


def ok(what: str, text: str) -> Finding:
    """All is well."""
    return Finding(what=what, verdict="ok", text=text)


def note(what: str, text: str) -> Finding:
    """Good to know; nothing fails for it."""
    return Finding(what=what, verdict="note", text=text)


def problem(what: str, text: str) -> Finding:
    """Something fails for it, or will."""
    return Finding(what=what, verdict="problem", text=text)
