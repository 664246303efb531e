"""Seed 000, three boundary refiners: what their gates say of which numbers."""

from __future__ import annotations

from math import inf, nan

from seed_drive import died, told

TRAININGS = ("transformer", "mlp", "contrastive")
NOTHING = told()


def each(*runs):
    """The three trainings, in the order of the study."""
    return dict(zip(TRAININGS, runs, strict=True))


def dollars(*spent):
    return each(*(told({"@cost_usd": one}) for one in spent))


PLATEAU = [1.0, 0.9, 0.8, 0.7, 0.6]
ROWS = [
    ("000.rebaseline", told({"der": [9.1]}), "passed@end"),
    ("000.rebaseline", told({"der": [4.52]}), "failed@end"),
    ("000.rebaseline", NOTHING, "unknown@end"),
    ("000.no-nan", told({"train/loss": [0.9, nan, 0.8], "val/mae": [300, 200, 100]}), "ok@1 warn@2 ok@3"),
    ("000.no-nan", told({"train/loss": [0.9, inf, nan, 0.8], "val/mae": [300]}), "ok@1 warn@2 tripped@3"),
    ("000.no-nan", told({"train/loss": [0.9]}), "ok@1 unknown@end"),
    ("000.no-nan", NOTHING, "unknown@end"),
    ("000.loss-decreasing", told({"train/loss": [1, 0.9, 0.8, 0.7, 0.6, 0.5]}), "ok@6"),
    ("000.loss-decreasing", told({"train/loss": [*[1.0] * 7, 0.9, 0.8, 0.7]}), "tripped@6 ok@10"),
    ("000.loss-decreasing", told({"train/loss": [1, 0.9, 0.8]}), "unknown@end"),
    ("000.mae-improving", told({"val/mae": {1: 923, 20: 95}}), "ok@9"),
    ("000.mae-improving", told({"val/mae": [*[100.0] * 10, 95, 90, 85]}), "tripped@9 ok@13"),
    ("000.mae-improving", NOTHING, "unknown@end"),
    ("000.look-in", told({"train/loss": [1, 0.9, 0.8]}, pace=3600, answers={3: True}), "warn@2 passed@3"),
    ("000.look-in", told({"train/loss": [1, 0.9, 0.8]}, pace=3600, answers={3: False}), "warn@2 failed@3"),
    (
        "000.look-in",
        told({"train/loss": [1.0] * 5}, pace=3600, answers={3: True}),
        "warn@2 passed@3 warn@4 unknown@end",
    ),
    ("000.look-in", told({"train/loss": [1]}, pace=3600), "unknown@end"),
    ("000.gpu-hours", told({"@wall_h": [5, 6, 7, 9]}), "ok@1 warn@3 tripped@4"),
    ("000.gpu-hours", NOTHING, "unknown@end"),
    ("000.cost", dollars([1, 2.5], [1, 3], [1, 3]), "ok warn"),
    ("000.cost", dollars([1, 3, 4], [1, 3, 4], [1, 3, 4]), "ok warn tripped"),
    ("000.cost", each(NOTHING, NOTHING, NOTHING), "unknown"),
    ("000.budget", dollars([300, 320], [300, 310], [100, 290]), "ok warn"),
    ("000.budget", dollars([300, 310, 340], [300, 310, 340], [100, 310, 340]), "ok warn tripped"),
    ("000.budget", each(NOTHING, NOTHING, NOTHING), "unknown"),
    ("000.mae-100", told({"val/mae": [923, 300, 99]}), "ok@1 passed@3"),
    ("000.mae-100", told({"val/mae": [923, 300, 101]}), "ok@1 failed@end"),
    ("000.mae-100", died({"val/mae": [923, 300]}), "ok@1 unknown@end"),
    (
        "000.mae-100",
        each(died({"val/mae": [500]}), told({"val/mae": [923, 300]}), told({"val/mae": [99]})),
        "ok passed",
    ),
    ("000.mae-100", each(*(told({"val/mae": [mae]}) for mae in (102, 178, 123))), "ok failed"),
    ("000.mae-100", each(told({"val/mae": [101]}), NOTHING, died()), "ok pending unknown"),
    ("000.transformer-best", each(*(told({"val/mae": [mae]}) for mae in (3, 25, 40))), "passed"),
    ("000.transformer-best", each(*(told({"val/mae": [mae]}) for mae in (178, 123, 96))), "failed"),
    ("000.transformer-best", each(told({"val/mae": [3]}), NOTHING, NOTHING), "unknown"),
    ("000.der-10pct", told({"der/before": [9.1], "der/after": [8.1]}), "passed@end"),
    ("000.der-10pct", told({"der/before": [9.1], "der/after": [8.9]}), "failed@end"),
    ("000.der-10pct", told({"der/after": [8.1]}), "unknown@end"),
    ("000.der-8", told({"der/after": [7.9]}), "passed@end"),
    ("000.der-8", told({"der/after": [8.1]}), "failed@end"),
    ("000.der-8", died(), "unknown@end"),
]
DECIDED = {
    "transformer": told({"val/mae": [99]}),
    "pipeline": told({"der/before": [9.1], "der/after": [8.1]}),
}
ROWS += [
    ("000.gate4", each(told({"val/mae": [99]}), NOTHING, NOTHING) | DECIDED, "passed"),
    ("000.gate4", DECIDED | {"pipeline": told({"der/before": [9.1], "der/after": [8.9]})}, "failed"),
    ("000.gate4", each(NOTHING, NOTHING, NOTHING), "unknown"),
    ("000.phase4", DECIDED, "warn"),
    ("000.phase4", each(NOTHING, NOTHING, NOTHING), "unknown"),
    ("000.phase4", DECIDED | {"": told(answers={0: True})}, "warn passed"),
    ("000.phase4", DECIDED | {"": told(answers={0: False})}, "warn failed"),
]
