"""Seed 004, the full training of the teacher: what the gates say of which numbers."""

from __future__ import annotations

from math import nan

from seed_drive import died, spread, told
from seed_numbers import HEALTHY, REALLY

NOTHING = told()
WHOLE = told(HEALTHY)
STUCK = told({"val_wer": REALLY})
CALM = [2.0, 2.2, 1.9, 2.1, 2.0] * 20
"""A hundred gradient norms."""
LOSSES = [1.0, 1.02, 0.99, 1.01, 1.0] * 20
FLAT = {1: 2.0, 20: 2.0}
LATER = {1: 2.0, 20: 2.0, 30: 1.0}


def pair(student, teacher):
    """The student beside its teacher, by the best WER of each."""
    return {"student": told({"val_wer": [60, student]}), "teacher": told({"val_wer": [60, teacher]})}


ROWS = [
    ("004.data-files", told(files={0: (6012, 0)}), "passed@0"),
    ("004.data-files", told(files={0: (3, 0)}), "failed@0"),
    ("004.data-files", NOTHING, "unknown@end"),
    ("004.mvp", WHOLE, "ok@1 passed@60"),
    ("004.mvp", STUCK, "ok@1 failed@end"),
    ("004.mvp", died({"val_wer": [98]}), "ok@1 unknown@end"),
    ("004.target", WHOLE, "ok@1 passed@97"),
    ("004.target", STUCK, "ok@1 failed@end"),
    ("004.target", NOTHING, "unknown@end"),
    ("004.stretch", told({"val_wer": [60, 19.8]}), "ok@1 passed@2"),
    ("004.stretch", WHOLE, "ok@1 failed@end"),
    ("004.stretch", NOTHING, "unknown@end"),
    ("004.baselines", WHOLE, "ok@1 passed@60"),
    ("004.baselines", STUCK, "ok@1 failed@end"),
    ("004.baselines", NOTHING, "unknown@end"),
    ("004.curve-val-loss", WHOLE, "ok@1"),
    (
        "004.curve-val-loss",
        told({"val_loss": {1: 16, 20: 6, 30: 6, 40: 2.1, 42: 2.1}}),
        "ok@1 warn@6 tripped@8 ok@41",
    ),
    ("004.curve-val-loss", NOTHING, "unknown@end"),
    ("004.conservative-range", WHOLE, "passed@end"),
    ("004.conservative-range", STUCK, "failed@end"),
    ("004.conservative-range", NOTHING, "unknown@end"),
    ("004.convergence", WHOLE, "passed@end target"),
    ("004.convergence", told({"val_wer": {1: 98, 60: 24}}), "passed@end stretch"),
    ("004.convergence", told({"val_wer": {1: 98, 130: 24}}), "failed@end late"),
    ("004.convergence", STUCK, "failed@end"),
    ("004.convergence", NOTHING, "unknown@end"),
    ("004.time", told({"@wall_h": [13, 21, 25]}), "ok@1 warn@2 tripped@3"),
    ("004.time", NOTHING, "unknown@end"),
    ("004.early-stopping", WHOLE, "ok@16 tripped@115"),
    ("004.early-stopping", told({"val_loss": {1: 2.0, 20: 2.0, 24: 1.8}}), "tripped@16 ok@23"),
    ("004.early-stopping", NOTHING, "unknown@end"),
    ("004.overfitting", WHOLE, "ok@1 warn@114 tripped@116"),
    ("004.overfitting", told({**HEALTHY, "val_wer": {1: 98, 120: 20}}), "ok@1 warn@114"),
    (
        "004.overfitting",
        told(
            {
                "val_loss": [2, 1, 1.5, 1.6, 1.7, 0.9, 0.8, 0.7],
                "train_loss": [2, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            }
        ),
        "ok@2 warn@3 tripped@5 ok@8",
    ),
    ("004.overfitting", told({"val_loss": [2.0]}), "unknown@end"),
    ("004.wer-gap", WHOLE, "ok@10"),
    (
        "004.wer-gap",
        told({"train_wer": {1: 90, 15: 5, 24: 5}, "val_wer": {1: 90, 15: 60, 20: 15, 24: 15}}),
        "warn@10 tripped@12 ok@23",
    ),
    ("004.wer-gap", NOTHING, "unknown@end"),
    ("004.both-plateau-early", told({"train_loss": LATER, "val_loss": LATER}), "tripped@9 ok@23"),
    ("004.both-plateau-early", WHOLE, "ok@9"),
    ("004.both-plateau-early", NOTHING, "unknown@end"),
    ("004.train-plateau", told({"train_loss": LATER}), "tripped@9 ok@23"),
    ("004.train-plateau", WHOLE, "ok@9"),
    ("004.train-plateau", NOTHING, "unknown@end"),
    ("004.val-plateau", WHOLE, "ok@9 tripped@103"),
    ("004.val-plateau", told({"val_loss": LATER}), "tripped@9 ok@23"),
    ("004.val-plateau", NOTHING, "unknown@end"),
    ("004.nan", told({"train_loss": [2.3, nan, nan], "val_loss": [2.4]}), "ok@1 warn@2 tripped@3"),
    ("004.nan", told({"train_loss": [2.3, 0.0, 0.0], "val_loss": [2.4]}), "ok@1 warn@2 tripped@3"),
    ("004.nan", told({"train_loss": [2.3, nan, 2.2], "val_loss": [2.4]}), "ok@1 warn@2 ok@3"),
    ("004.nan", NOTHING, "unknown@end"),
    ("004.grad-norm", told({"grad_norm": spread([300, 200, 150, *CALM], 10)}), "ok@3.1"),
    (
        "004.grad-norm",
        told({"grad_norm": spread([*CALM, 90, 95, 99, *CALM[:5]], 10)}),
        "ok@3.1 warn@10.1 tripped@10.3 ok@10.6",
    ),
    ("004.grad-norm", NOTHING, "unknown@end"),
    ("004.smooth", told({"train_loss": spread(LOSSES, 10)}), "ok@3.1"),
    (
        "004.smooth",
        told({"train_loss": spread([*LOSSES, 9.0, *LOSSES[:5]], 10)}),
        "ok@3.1 tripped@10.1 ok@10.2",
    ),
    ("004.smooth", NOTHING, "unknown@end"),
    ("004.completes", NOTHING, "passed@end"),
    ("004.completes", died(), "failed@end"),
    ("004.completes", told(result="stopped", exit_code=0), "unknown@end"),
    ("004.student-10pct", pair(27, 24.7), "passed"),
    ("004.student-10pct", pair(28, 24.7), "failed"),
    ("004.student-10pct", {"student": told({"val_wer": [28]}), "teacher": NOTHING}, "unknown"),
    ("004.student-5pct", pair(29.5, 24.7), "passed"),
    ("004.student-5pct", pair(32, 24.7), "failed"),
    ("004.student-5pct", {"student": NOTHING, "teacher": WHOLE}, "unknown"),
    ("004.distill-go", {"teacher": WHOLE}, "passed"),
    ("004.distill-go", {"teacher": told({"val_wer": REALLY, "test_wer": [(60, 24.9)]})}, "passed"),
    ("004.distill-go", {"teacher": told({"val_wer": REALLY, "test_wer": [(60, 86.0)]})}, "failed"),
    ("004.distill-go", {"teacher": NOTHING}, "unknown"),
]
