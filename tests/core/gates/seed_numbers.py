"""The numbers that the seed documents report or expect, as runs would log them."""

from __future__ import annotations

AST_FIRST_TRY = {1: 40.61, 8: 13.42}
"""Val acc of attempt 1 (002). Only its first and its last epoch are known."""

LIBRI = [53.8, 53.8, 46.2, 61.5, 45.9]
"""Val acc of LibriSpeech (001): "Best Val Acc: 61.50% (Epoch 4)", variance ±15 %."""

STUCK = [29.2] * 4
"""Val acc of an earlier run of 001: a constant answer to labels that were 70/30."""

LN2 = [0.693] * 6
"""Train loss of two classes and nothing learnt."""

AMI = {1: 50.0, 10: 78.0}
"""Val acc of AMI (001) as it was hoped for: smooth, up to the middle of 75-85 %."""

HEALTHY = {
    "train_loss": {1: 15.234, 10: 5.432, 20: 2.345, 40: 1.234, 60: 0.892, 80: 0.654, 100: 0.543, 120: 0.478},
    "val_loss": {1: 16.123, 10: 6.234, 20: 3.456, 40: 2.123, 60: 1.789, 80: 1.567, 100: 1.456, 120: 1.523},
    "train_wer": {1: 95.3, 10: 65.2, 20: 42.1, 40: 28.5, 60: 22.3, 80: 18.9, 100: 16.2, 120: 14.8},
    "val_wer": {1: 97.8, 10: 72.1, 20: 48.5, 40: 35.2, 60: 29.8, 80: 26.4, 100: 24.7, 120: 25.1},
}
"""The table "Healthy Training" of 004, whose last row is marked "Overfitting"."""

EXPECTED_WER = {1: 98, 5: 80, 10: 65, 50: 35, 80: 28, 100: 26, 120: 24.5, 140: 24.7}
"""Val WER as 003 expects it."""

REALLY = {1: 98.0, 30: 87.0, 60: 87.0}
"""Val WER as it became: "stuck at 87 %"."""
