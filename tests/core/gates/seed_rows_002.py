"""Seed 002, fine-tuning an audio transformer: what the gates say of which numbers."""

from __future__ import annotations

from seed_drive import died, told
from seed_numbers import AST_FIRST_TRY

NOTHING = told()
SECOND_TRY = {1: 48.6, 10: 62, 15: 64, 50: 67}
"""Val acc of attempt 2 as it was hoped for."""
FIRST = {"val_acc": AST_FIRST_TRY}
SECOND = {"val_acc": SECOND_TRY}

ROWS = [
    ("002.epoch1", told(FIRST), "failed@1"),
    ("002.epoch1", told({"val_acc": [48.62]}), "passed@1"),
    ("002.epoch1", died(), "unknown@end"),
    ("002.curve", told(FIRST), "warn@1 tripped@2"),
    ("002.curve", told(SECOND), "ok@1"),
    ("002.curve", told({"val_acc": [40, 41, 52, 53]}), "warn@1 tripped@2 ok@4"),
    ("002.curve", NOTHING, "unknown@end"),
    ("002.diverged", told(FIRST), "ok@1 warn@4 tripped@5"),
    (
        "002.diverged",
        told({"val_acc": [48.6, 40, 46, 38, 39, 47, 49]}),
        "ok@1 warn@2 ok@3 warn@4 tripped@5 ok@7",
    ),
    ("002.diverged", NOTHING, "unknown@end"),
    ("002.stable", told(SECOND), "ok@1 passed@6"),
    ("002.stable", told(FIRST), "ok@1 failed@end"),
    ("002.stable", died(FIRST), "ok@1 unknown@end"),
    ("002.final", told(SECOND), "passed@end"),
    ("002.final", told(FIRST), "failed@end"),
    ("002.final", NOTHING, "unknown@end"),
    ("002.early-stop", told(FIRST), "tripped@8"),
    ("002.early-stop", told({"val_acc": [*[40.0] * 8, 41, 42, 43]}), "tripped@8 ok@11"),
    ("002.early-stop", told(SECOND), "ok@8"),
    ("002.early-stop", died({"val_acc": [40.61]}), "unknown@end"),
    ("002.backbone-lr", told({"lr_backbone": [5e-5, 4.9e-5]}), "ok@1"),
    ("002.backbone-lr", told({"lr_backbone": {1: 5e-5, 5: 1e-3}}), "ok@1 tripped@2"),
    ("002.backbone-lr", NOTHING, "unknown@end"),
    ("002.deadline", told({"@eta_total_h": [40, 5.5, 5.6]}), "ok@2"),
    ("002.deadline", told({"@eta_total_h": [5, 5.5, 7, 34.7, 5.9]}), "ok@2 warn@3 tripped@4 ok@5"),
    ("002.deadline", NOTHING, "unknown@end"),
    ("002.proceed", told(SECOND), "passed@end"),
    ("002.proceed", told(FIRST), "failed@end"),
    ("002.proceed", NOTHING, "unknown@end"),
]
