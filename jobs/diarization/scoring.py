"""Accuracy beside what a constant answer would score. All figures in %."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor


def figures(logits_KC: Tensor, label_K: Tensor) -> dict[str, float]:
    """Accuracy, balanced accuracy (the mean of each class's recall), the majority line and the mean loss.

    A class that does not occur has no recall and is left out, as scikit-learn does. A network that answers with what
    is not a number has no accuracy: its argmax is always the first class, which would look like the majority line.
    """
    if not len(label_K):
        return dict.fromkeys(("acc", "balanced", "majority", "loss"), math.nan)
    hit = logits_KC.argmax(dim=1) == label_K
    recalls = [float(hit[label_K == one].double().mean()) for one in label_K.unique().tolist()]
    most = int(label_K.bincount().max())
    if not bool(logits_KC.isfinite().all()):
        return {
            "acc": math.nan,
            "balanced": math.nan,
            "majority": 100 * most / len(label_K),
            "loss": math.nan,
        }
    loss = torch.nn.functional.cross_entropy(logits_KC.float(), label_K)
    return {
        "acc": 100 * float(hit.double().mean()),
        "balanced": 100 * sum(recalls) / len(recalls),
        "majority": 100 * most / len(label_K),
        "loss": float(loss),
    }


def promoted(row: Mapping[str, float], label_mode: str, margin: float) -> str:
    """Why a training may not be put to use; '' where it may."""
    if label_mode == "speaker_roundrobin":
        return "its labels are dealt out by speaker: on new speakers there is nothing to be right about"
    if not row["acc"] >= row["majority"] + margin:
        return (
            f"{row['acc']:.1f} % is not {margin:g} points above the majority line of {row['majority']:.1f} %"
        )
    return ""
