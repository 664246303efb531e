"""Judge a network on boundaries of speakers it never heard, always the same ones, beside doing nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jobs.boundary.decode import ACCURACIES, Decoder, figures
from jobs.boundary.examples import Errors, Examples

BATCH = 128
SEED = 2024
"""Decides how wrong each held-out boundary is; the same for every model and every run."""


class Judgement(NamedTuple):
    """What came out."""

    figures: dict[str, float]
    """mae, median (ms), acc50, acc100, acc200 (%), boundaries_per_second."""
    nothing: dict[str, float]
    """The same figures of leaving every boundary where it was."""
    residual: Tensor
    """(K,) seconds: truth − answer."""
    error: Tensor
    """(K,) seconds: truth − where it was."""


def judge(
    model: nn.Module,
    examples: Examples,
    errors: Errors,
    decoder: Decoder,
    *,
    autocast: Callable[[], torch.autocast],
    goes_on: Callable[[], bool] = lambda: True,
) -> Judgement | None:
    """Move every boundary as a real system would, and see how well the network moves it back.

    None when `goes_on` said to stop half-way.
    """
    drawn = errors.draw(len(examples), torch.Generator().manual_seed(SEED)).to(examples.device)
    everyone = torch.arange(len(examples), device=examples.device)
    was_training = model.training
    model.eval()
    residuals, wrong = [], []
    began = time.perf_counter()
    with torch.inference_mode():
        for which, error in zip(everyone.split(BATCH), drawn.split(BATCH), strict=True):
            if not goes_on():
                return None
            batch = examples.batch(which, error)
            with autocast():
                answer = model(batch.frames, batch.left, batch.right)
            residuals.append(batch.error - decoder(answer))
            wrong.append(batch.error)
        residual, error = torch.cat(residuals).cpu(), torch.cat(wrong).cpu()
    spent = time.perf_counter() - began
    model.train(was_training)
    found = figures(residual)
    found["boundaries_per_second"] = len(examples) / spent
    return Judgement(found, figures(error), residual, error)


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Figures by name, as aligned text; ms for errors, % for accuracies."""
    head = f"{'':24} {'parameters':>10} {'MAE':>8} {'median':>8} {'@50':>7} {'@100':>7} {'@200':>7} {'per second':>11}"
    lines = [head]
    for name, row in rows.items():
        size, speed = row.get("parameters"), row.get("boundaries_per_second")
        cells = f"{f'{size:,.0f}' if size else '':>10} {row['mae']:5.1f} ms {row['median']:5.1f} ms"
        cells += "".join(f" {row[f'acc{limit}']:5.1f} %" for limit in ACCURACIES)
        lines.append(f"{name:24} {cells} {f'{speed:,.0f}' if speed else '':>11}".rstrip())
    return "\n".join(lines)
