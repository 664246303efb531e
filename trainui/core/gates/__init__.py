"""Gates: decisions written down before the run, and the judge that holds the run's numbers against them.

parse_gates(tables) → Gate…        the words, checked and hashed
Judge(gates).feed(point) → Verdict…  what changed, and why in one sentence
"""

from __future__ import annotations

from trainui.core.gates.gate import Gate
from trainui.core.gates.goal import default_goal
from trainui.core.gates.judge import Judge
from trainui.core.gates.parse import parse_gates
from trainui.core.gates.primitives import PRIMITIVES
from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict

__all__ = [
    "PRIMITIVES",
    "Gate",
    "Judge",
    "Notice",
    "Place",
    "Point",
    "State",
    "Verdict",
    "default_goal",
    "parse_gates",
]
