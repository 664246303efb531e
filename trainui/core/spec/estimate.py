"""What somebody expected something to take, written down before: [estimate] of a job or a study."""

from __future__ import annotations

import msgspec

Amount = float | list[float]
"""A number, or [low, high]."""

ESTIMATED = ("decision_points", "gpu_hours", "usd", "wall_hours")


class Estimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one run of a job until it has finished, its tries included; of a study: of all its runs together."""

    decision_points: Amount | None = None
    """How often a person decides something."""
    gpu_hours: Amount | None = None
    usd: Amount | None = None
    """In the project's currency."""
    wall_hours: Amount | None = None
    """From the first start to the last end."""
    quote: str = ""
    source: str = ""

    def planned(self, what: str) -> tuple[float, float] | None:
        """(low, high) of one of ESTIMATED; None where nothing was planned."""
        amount: Amount | None = getattr(self, what)
        if amount is None:
            return None
        return (amount[0], amount[-1]) if isinstance(amount, list) else (amount, amount)


class StudyEstimate(Estimate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[estimate] of a study."""

    runs: dict[str, Estimate] = {}
    """Alias → of one of its runs; a job that says [estimate] itself keeps that."""
