"""How right a classifier is: accuracy, F1, mean average precision; and what always one class would score."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def figures(logits_KC: Tensor, label_K: Tensor) -> dict[str, float]:
    """Accuracy, F1 and mAP in %, as scikit-learn counts them; NaN where the network answered what is no number.

    F1 macro is over the classes that occur or were answered; mAP over those that occur.
    """
    count, classes = logits_KC.shape
    most = 100 * int(label_K.bincount(minlength=1).max()) / max(1, count) if count else math.nan
    if not count or not bool(logits_KC.isfinite().all()):
        return {
            "acc": math.nan,
            "f1_macro": math.nan,
            "f1_weighted": math.nan,
            "map": math.nan,
            "majority": most,
        }
    said = logits_KC.argmax(dim=1)
    confusion = torch.zeros(classes, classes, dtype=torch.int64)
    confusion.index_put_((label_K, said), torch.ones_like(label_K), accumulate=True)
    right = confusion.diagonal().double()
    occurs, answered = confusion.sum(dim=1).double(), confusion.sum(dim=0).double()
    f1 = 2 * right / (occurs + answered).clamp(min=1)
    seen = (occurs + answered) > 0
    precisions = [
        average_precision(logits_KC[:, one], label_K == one) for one in range(classes) if occurs[one]
    ]
    return {
        "acc": 100 * float(right.sum()) / count,
        "f1_macro": 100 * float(f1[seen].mean()),
        "f1_weighted": 100 * float((f1 * occurs).sum() / occurs.sum()),
        "map": 100 * sum(precisions) / len(precisions),
        "majority": most,
    }


def average_precision(score_K: Tensor, is_right_K: Tensor) -> float:
    """The area under precision over recall, steps at each distinct score."""
    order = score_K.argsort(descending=True, stable=True)
    score, right = score_K[order].double(), is_right_K[order].double()
    hits = right.cumsum(0)
    last = torch.cat([score[1:] != score[:-1], torch.ones(1, dtype=torch.bool)])
    precision = (hits / torch.arange(1, len(score) + 1))[last]
    recall = hits[last] / right.sum()
    steps = torch.diff(recall, prepend=torch.zeros(1, dtype=torch.float64))
    return float((steps * precision).sum())
