"""The default watch: what is looked for on every run, without a gate written."""

from __future__ import annotations

from trainui.core.gates.watch.default import METERS, DefaultWatch
from trainui.core.gates.watch.detector import DETECTORS, is_stale

__all__ = ["DETECTORS", "METERS", "DefaultWatch", "is_stale"]
