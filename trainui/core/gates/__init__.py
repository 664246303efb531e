"""Gates: decisions written down before the run, and the judge that holds the run's numbers against them.

parse_gates(tables) → Gate…        the words, checked and hashed
Judge(gates).feed(point) → Verdict…  what changed, and why in one sentence; .notice(…) for what is no number
DefaultWatch()                     what is looked for besides, on every run
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.ondemand import on_demand

if TYPE_CHECKING:
    from trainui.core.gates.gate import Gate
    from trainui.core.gates.goal import default_goal
    from trainui.core.gates.judge import Judge
    from trainui.core.gates.pace import Pace
    from trainui.core.gates.parse import parse_gates
    from trainui.core.gates.primitives import PRIMITIVES
    from trainui.core.gates.stretch import Piece
    from trainui.core.gates.table import GateError
    from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict
    from trainui.core.gates.watch import DETECTORS, DefaultWatch, is_stale
    from trainui.core.gates.words import Naming, Words
else:
    __getattr__ = on_demand(
        __name__,
        {
            "gate": "Gate",
            "goal": "default_goal",
            "judge": "Judge",
            "pace": "Pace",
            "parse": "parse_gates",
            "primitives": "PRIMITIVES",
            "stretch": "Piece",
            "table": "GateError",
            "verdict": "Notice Place Point State Verdict",
            "watch": "DETECTORS DefaultWatch is_stale",
            "words": "Naming Words",
        },
    )

__all__ = [
    "DETECTORS",
    "PRIMITIVES",
    "DefaultWatch",
    "Gate",
    "GateError",
    "Judge",
    "Naming",
    "Notice",
    "Pace",
    "Piece",
    "Place",
    "Point",
    "State",
    "Verdict",
    "Words",
    "default_goal",
    "is_stale",
    "parse_gates",
]
