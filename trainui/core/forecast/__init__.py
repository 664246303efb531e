"""RULES: how far a run is, when it will end, and where its curves are heading. Pure."""

from __future__ import annotations

from trainui.core.forecast.pace import eta_seconds, progress

__all__ = ["eta_seconds", "progress"]
