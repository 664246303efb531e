"""The CTC loss, which clips can have one, and reading glosses off the answers.

Class 0 is blank. An answer of fewer frames than its sentence has glosses, and one more for each that follows itself,
can never be right: its loss is infinite. Such clips are counted and left out by name, not hidden by `zero_infinity`.

Shapes: B clips, T frames of the answer, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

BLANK = 0


def frames_needed(target: Sequence[int]) -> int:
    """The fewest frames that can say a target."""
    return len(target) + sum(a == b for a, b in pairwise(target))


def ctc_loss(
    logp_BTK: Tensor, frames_B: Sequence[int], targets: Sequence[Sequence[int]]
) -> tuple[Tensor, list[bool]]:
    """(mean over clips of the loss per gloss, float32; which clips are feasible). 0, with a gradient of 0, for none."""
    feasible = [frames_needed(one) <= frames for one, frames in zip(targets, frames_B, strict=True)]
    keep = [place for place, able in enumerate(feasible) if able]
    if not keep:
        return (logp_BTK * 0).sum(), feasible
    lengths = torch.tensor([len(targets[place]) for place in keep])
    flat = torch.tensor([word for place in keep for word in targets[place]], dtype=torch.int64)
    with torch.autocast(logp_BTK.device.type, enabled=False):
        logp = (
            logp_BTK if len(keep) == len(feasible) else logp_BTK[torch.tensor(keep, device=logp_BTK.device)]
        )
        loss = F.ctc_loss(
            logp.float().transpose(0, 1),
            flat.to(logp.device),
            torch.tensor([frames_B[place] for place in keep]),
            lengths,
            blank=BLANK,
            reduction="mean",
        )
    return loss, feasible


def greedy(logp_BTK: Tensor, frames_B: Sequence[int]) -> list[list[int]]:
    """The likeliest class of each frame, repeats joined, blanks left out; no answer is dropped for being unsure."""
    found = []
    for line, frames in zip(logp_BTK.argmax(dim=2).cpu(), frames_B, strict=True):
        joined = torch.unique_consecutive(line[:frames]).tolist()
        found.append([word for word in joined if word != BLANK])
    return found


def beam(logp_TK: Tensor, width: int = 10) -> list[int]:
    """The likeliest gloss sequence of one clip among `width` beginnings kept, each summed over its alignments."""
    kept: dict[tuple[int, ...], tuple[float, float]] = {
        (): (0.0, -math.inf)
    }  # ending in blank, ending in a gloss
    for frame in logp_TK.double().cpu():
        values, classes = frame.topk(min(width + 1, len(frame)))
        likely = {BLANK: float(frame[BLANK])} | dict(zip(classes.tolist(), values.tolist(), strict=True))
        ahead: dict[tuple[int, ...], list[float]] = {}
        for said, (blank, gloss) in kept.items():
            same = ahead.setdefault(said, [-math.inf, -math.inf])
            same[0] = _sum(same[0], _sum(blank, gloss) + likely[BLANK])
            if said:
                same[1] = _sum(same[1], gloss + float(frame[said[-1]]))
            for word, value in likely.items():
                if word != BLANK:
                    more = ahead.setdefault((*said, word), [-math.inf, -math.inf])
                    before = blank if said and said[-1] == word else _sum(blank, gloss)
                    more[1] = _sum(more[1], before + value)
        best = sorted(ahead.items(), key=lambda one: -_sum(*one[1]))[:width]
        kept = {said: (blank, gloss) for said, (blank, gloss) in best}
    return list(max(kept, key=lambda said: _sum(*kept[said])))


def _sum(a: float, b: float) -> float:
    """log(eᵃ + eᵇ)."""
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
