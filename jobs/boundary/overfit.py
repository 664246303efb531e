"""The overfit test: a network that cannot learn a handful of examples by heart will not learn thousands.

    python -m jobs.boundary.overfit --model transformer --data demo --tokens 50 --stride 4

Prints the mean absolute error in ms and ends with 1 when it is not below 10. A training does the same before
it starts when it is given --preflight_steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from jobs.boundary import data, statistics
from jobs.boundary.decode import figures
from jobs.boundary.examples import Errors, Examples, Window
from jobs.boundary.losses import loss_of
from jobs.boundary.settings import Settings, read
from jobs.training.errors import say_and_leave
from models.boundary import build

HANDFUL = 8
ENOUGH = 5.0
"""Milliseconds at which nothing more is to be shown."""
LIMIT = 10.0
"""Milliseconds: the test's own word for "learnt"."""


def overfit(
    settings: Settings,
    examples: Examples,
    errors: Errors,
    *,
    goes_on: Callable[[], bool] = lambda: True,
) -> float:
    """Drive a fresh network's error on HANDFUL fixed examples down; returns the mean absolute error in ms."""
    torch.manual_seed(settings.seed)
    random = torch.Generator().manual_seed(settings.seed)
    which = torch.randperm(len(examples), generator=random)[:HANDFUL].to(examples.device)
    batch = examples.batch(which, errors.draw(len(which), random).to(examples.device))
    model = build(settings.model, size=settings.size, dropout=0.0, features=settings.features).to(
        examples.device
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    found = float("inf")
    for step in range(max(1, settings.preflight_steps)):
        answer = model(batch.frames, batch.left, batch.right)
        if step % 10 == 0:
            found = figures(batch.error - answer.offset.detach() * examples.window.half)["mae"]
            if found < ENOUGH or not goes_on():
                break
        loss = loss_of(answer, batch, examples.window, settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the network learnt the handful, 1 when it did not, 2 when there is something to mend."""
    found = 0.0

    def work() -> None:
        nonlocal found
        settings = read(arguments, prog="jobs.boundary.overfit")
        settings = replace(settings, preflight_steps=settings.preflight_steps or 400)
        folder = data.prepare(data.recipe_of(settings), settings.data_dir)
        window = Window(tokens=settings.tokens, stride=settings.stride)
        examples = Examples(data.load(folder, "train"), window, torch.device("cpu"))
        found = overfit(settings, examples, Errors(statistics.load().errors, window, settings.uniform))
        print(
            f"{settings.model}: {HANDFUL} examples overfitted to {found:.1f} ms (below {LIMIT:.0f} is learnt)"
        )

    return say_and_leave(work) or int(not found < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
