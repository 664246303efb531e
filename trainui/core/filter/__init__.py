"""The filter language: `mlp status:running usd>2 -tag:old` picks runs, `val/* -aux` picks metrics.

language   words → a condition on named values. Pure
runs       the names a run has, and their values
"""

from __future__ import annotations

from trainui.core.filter.language import Filter, FilterError, parse_filter

__all__ = ["Filter", "FilterError", "parse_filter"]
