"""One scene for each primitive of the language of gates: tables as a spec has them, and what a run told."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Curve = Sequence[tuple[float, float]]
"""(epoch, value) in the order written; values may be NaN."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A gate (the first table), those it rests on, and the run that it is judged on."""

    primitive: str
    tables: tuple[Mapping[str, object], ...]
    curves: Mapping[str, Curve]
    goals: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[tuple[float, str], ...] = ()
    """(epoch, what it printed)."""
    answers: tuple[tuple[float, bool, str], ...] = ()
    """(epoch, yes, note)."""
    result: str = "finished"
    exit_code: int | None = 0
    log: bool = False


def _chance(seed: int, size: float) -> Sequence[float]:
    source = random.Random(seed)
    return [source.gauss(0, size) for _ in range(400)]


def _curve(last: int, shape, *, seed: int = 0, noise: float = 0.0) -> Curve:
    chance = _chance(seed, noise) if noise else [0.0] * 400
    return [(float(n), shape(n) + chance[n]) for n in range(1, last + 1)]


def _wer(n: float) -> float:
    return 21 + 78 * math.exp(-n / 22)


VALUE = Scene(
    primitive="value",
    tables=(
        {
            "id": "wer-25",
            "role": "criterion",
            "test": "value",
            "left": "best(val/wer)",
            "op": "<",
            "right": 25,
        },
    ),
    curves={"val/wer": _curve(100, _wer, seed=1, noise=0.9)},
)
FINITE = Scene(
    primitive="finite",
    tables=({"id": "no-nan", "role": "flag", "test": "finite", "metrics": ["train/loss"], "k": 2},),
    curves={
        "train/loss": [
            (x, math.nan if x in (13, 24, 25, 26, 27, 28) else y)
            for x, y in _curve(
                28, lambda n: 1.2 + 3 * n**-0.7 + 0.00035 * max(0, n - 17) ** 4, seed=2, noise=0.03
            )
        ]
    },
    result="failed",
    exit_code=1,
)
SPIKE = Scene(
    primitive="spike",
    tables=(
        {"id": "smooth", "role": "flag", "test": "spike", "metric": "train/loss", "window": 50, "for": 2,
         "grace": "30 points"},
    ),
    curves={
        "train/loss": [
            (x, y + {70: 2.6, 118: 3.4, 119: 3.1, 120: 2.2, 121: 1.4}.get(int(x), 0.0))
            for x, y in _curve(160, lambda n: 1.3 + 3 * n**-0.6, seed=3, noise=0.05)
        ]
    },
)  # fmt: skip
REGRESS = Scene(
    primitive="regress",
    tables=(
        {
            "id": "diverged",
            "role": "flag",
            "test": "regress",
            "metric": "val/acc",
            "ref": "best",
            "by": 8,
            "for": 2,
        },
    ),
    goals={"val/acc": "max"},
    curves={
        "val/acc": [
            (1, 40.6),
            (2, 46.2),
            (3, 48.6),
            (4, 39.9),
            (5, 47.5),
            (6, 36.3),
            (7, 27.0),
            (8, 21.0),
            (9, 13.4),
        ]
    },
)
STALL = Scene(
    primitive="stall",
    tables=(
        {"id": "improving", "role": "flag", "test": "stall", "metric": "val/loss", "min_delta": "1 %",
         "window": "8 epochs"},
    ),
    curves={
        "val/loss": _curve(
            70, lambda n: 1.6 + 2.4 * math.exp(-n / 4) - 0.35 * (1 - math.exp(-max(0, n - 40) / 3)), seed=5, noise=0.004
        )
    },
)  # fmt: skip
OVERFIT = Scene(
    primitive="overfit",
    tables=(
        {"id": "overfitting", "role": "flag", "test": "overfit", "val": "val/loss", "train": "train/loss",
         "by": "10 %", "primary": "val/acc", "for": 3},
    ),
    goals={"val/acc": "max"},
    curves={
        "val/loss": _curve(40, lambda n: 1.45 + 1.9 * math.exp(-n / 4) + 0.0011 * max(0, n - 12) ** 2, seed=6,
                           noise=0.01),
        "train/loss": _curve(40, lambda n: 0.35 + 2.9 * math.exp(-n / 9), seed=7, noise=0.01),
        "val/acc": _curve(40, lambda n: 0.9 - 0.7 * math.exp(-n / 7) - 0.004 * max(0, n - 20), seed=8, noise=0.002),
    },
)  # fmt: skip
TRACK = Scene(
    primitive="track",
    tables=(
        {"id": "curve", "role": "expect", "test": "track", "metric": "val/wer", "side": "above", "tol": "15 %",
         "points": [[1, 98], [5, 80], [10, 65], [50, 35], [80, 28], [100, 26]], "for": 3},
    ),
    curves={"val/wer": _curve(100, lambda n: 33 + 64 * math.exp(-n / 17), seed=9, noise=1.0)},
)  # fmt: skip
EVENT = Scene(
    primitive="event",
    tables=({"id": "oom", "role": "flag", "test": "event", "match": "out of memory"},),
    curves={"train/loss": _curve(22, lambda n: 0.8 + 3 * n**-0.7, seed=10, noise=0.03)},
    lines=((22.0, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"),),
    result="failed",
    exit_code=1,
)
ALL = Scene(
    primitive="all",
    tables=(
        {"id": "proceed", "role": "criterion", "test": "all", "of": ["stable", "!diverged"], "when": "end"},
        {
            "id": "stable",
            "role": "criterion",
            "test": "value",
            "left": "best(val/acc)",
            "op": ">",
            "right": 55,
        },
        {
            "id": "diverged",
            "role": "flag",
            "test": "regress",
            "metric": "val/acc",
            "ref": "best",
            "by": 8,
            "for": 2,
        },
    ),
    goals={"val/acc": "max"},
    curves={"val/acc": _curve(30, lambda n: 66 - 19 * math.exp(-n / 7), seed=11, noise=0.7)},
)
ASK = Scene(
    primitive="ask",
    tables=(
        {"id": "look-in", "test": "ask", "question": "Curves still plausible?", "when": "at epoch 20"},
    ),
    curves={"val/mae": _curve(60, lambda n: 84 + 300 * math.exp(-n / 9), seed=12, noise=3.0)},
    answers=((33.0, True, "noisy, but falling"),),
)  # fmt: skip
SCENES = (VALUE, FINITE, SPIKE, REGRESS, STALL, OVERFIT, TRACK, EVENT, ALL, ASK)
