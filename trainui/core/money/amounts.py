"""RULE: sums of money as integers. Pure."""

from __future__ import annotations

MICRO = 1_000_000
"""Micro-dollars in a dollar."""


def micro_usd(usd: float) -> int:
    """Dollars as integer micro-dollars."""
    return round(usd * MICRO)
