"""What gates are of, by name: a run, or `study:NAME` for a study; and the mark of gates that were edited since."""

from __future__ import annotations

PREFIX = "study:"
"""What stands before the name of a study where the name of a run could."""
REPLACED = "#was-"
"""Between the id of a gate that was edited and the beginning of the digest it had."""


def subject_of(study: str) -> str:
    """What stands for a study where runs are named."""
    return PREFIX + study
