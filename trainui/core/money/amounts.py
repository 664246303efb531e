"""RULE: sums of money as integers. Pure."""

from __future__ import annotations

MICRO = 1_000_000
"""Micro-dollars in a dollar."""


def micro_usd(usd: float) -> int:
    """Dollars as integer micro-dollars."""
    return round(usd * MICRO)


def shown(micro: int, currency: str = "USD") -> str:
    """A sum for people: two decimals, or as many as a small one needs to be seen."""
    decimals = 2 if micro == 0 or abs(micro) >= MICRO / 10 else 4 if abs(micro) >= MICRO / 1000 else 6
    return f"{micro / MICRO:.{decimals}f} {'$' if currency == 'USD' else currency}"
