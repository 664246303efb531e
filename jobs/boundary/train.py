"""Train one boundary refiner.

    python -m jobs.boundary.train --config jobs/boundary/transformer.toml --preset demo
    python -m jobs.boundary.train --model mlp --epochs 50 --run_dir runs/mlp-by-hand
    python -m jobs.boundary.train … --resume runs/transformer-1/last.pt

Leaves best.pt, last.pt and tensorboard/ in the run directory. What is judged and used is an average of the weights over
the last steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from jobs.boundary import checkpoint, data, overfit, statistics
from jobs.boundary.checkpoint import Average
from jobs.boundary.decode import Decoder
from jobs.boundary.examples import Batch, Errors, Examples, Window, disturb
from jobs.boundary.judge import Judgement, judge, table
from jobs.boundary.losses import loss_of
from jobs.boundary.settings import Settings, read
from jobs.training import files
from jobs.training.device import autocast_for, pick_device
from jobs.training.errors import DataError, say_and_leave
from jobs.training.loop import train
from jobs.training.report import Report
from jobs.training.schedule import warm_cosine
from jobs.training.stopping import Stopping
from jobs.training.system import System
from models.boundary import MODELS, build


def learning_rate(settings: Settings, step: int, total: int) -> float:
    """Linear warm-up, laid over half a cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    return settings.learning_rate * warm * warm_cosine(step, total, floor=0.01)


def epoch_order(settings: Settings, size: int, epoch: int) -> Tensor:
    """Which boundaries an epoch shows, in which order; the same whenever it is asked."""
    random = torch.Generator().manual_seed(settings.seed * 100_003 + epoch)
    order = torch.cat([torch.randperm(size, generator=random) for _ in range(settings.copies)])
    whole = order[: settings.examples or len(order)]
    step = settings.batch_size * settings.accumulation_steps
    return whole[: max(step, len(whole) // step * step)]


def optimizer_of(settings: Settings, model: nn.Module) -> torch.optim.AdamW:
    """AdamW; fused, a step is one kernel instead of one for each tensor. Raises DataError."""
    fused = {"auto": True, "on": True, "off": False}
    if settings.fused not in fused:
        raise DataError(f"--fused {settings.fused!r}: known are on, off and auto.")
    return torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=fused[settings.fused],
    )


def errors_of(settings: Settings) -> statistics.Quantiles:
    """How wrong boundaries are: as the table's system, or as one whose RTTM is given. Raises DataError."""
    reference, hypothesis = settings.jitter_reference, settings.jitter_hypothesis
    if bool(reference) != bool(hypothesis):
        raise DataError("--jitter_reference and --jitter_hypothesis belong together: give both or neither.")
    if not reference:
        return statistics.load().errors
    return statistics.errors_of(Path(reference), Path(hypothesis))


class Refining(System):
    """What the loop trains: see jobs/training/system.py."""

    what = checkpoint.WHAT
    primary = "val/mae"
    goal = "min"
    best_file, last_file, epoch_file = "best.pt", "last.pt", "epoch{}.pt"
    settings: Settings

    def __init__(self, settings: Settings, report: Report) -> None:
        if settings.model not in MODELS:
            raise DataError(f"There is no model {settings.model!r}: --model takes {', '.join(MODELS)}.")
        measured = errors_of(settings)
        self.settings, self.report = settings, report
        self.device = pick_device(settings)
        self.autocast = autocast_for(settings, self.device)
        folder = data.prepare(data.recipe_of(settings), settings.data_dir)
        self.window = Window(tokens=settings.tokens, stride=settings.stride)
        self.train = Examples(data.load(folder, "train"), self.window, self.device)
        self.val = Examples(data.load(folder, "val"), self.window, self.device)
        self.errors = Errors(measured, self.window, settings.uniform)
        self.real_errors = Errors(measured, self.window, 0.0)
        self.decoder = Decoder(self.window, measured, settings.uniform, self.device)
        torch.manual_seed(settings.seed)
        self.model = build(
            settings.model, size=settings.size, dropout=settings.dropout, features=settings.features
        ).to(self.device)
        self.average = Average(self.model, settings.ema)
        self.kept = {"average": self.average.model.state_dict(), "errors": list(measured.values)}
        self.optimizer = optimizer_of(settings, self.model)
        # Compiled is only the way through the network: what is saved keeps its names.
        self.forward = torch.compile(self.model) if settings.compile else self.model
        self.examples_per_epoch = len(epoch_order(settings, len(self.train), 0))
        self.batches_per_epoch = -(-self.examples_per_epoch // settings.batch_size)
        self.judged: Judgement | None = None
        report.say(f"{settings.model}: {len(self.train):,} boundaries")

    def rates(self, step: int) -> list[float]:
        """One for all."""
        return [learning_rate(self.settings, step, self.steps)]

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Boundaries in an order of each epoch's own, displaced anew."""
        order = epoch_order(self.settings, len(self.train), epoch)
        random = torch.Generator().manual_seed(self.settings.seed * 100_003 + 50_000 + epoch)
        drawn = self.errors.draw(len(order), random).to(self.device)
        order, size = order.to(self.device), self.settings.batch_size
        for start in range(first * size, len(order), size):
            yield self.train.batch(order[start : start + size], drawn[start : start + size])

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """Of windows that were made harder."""
        one = disturb(batch, self.settings.disturb, spectra=self.settings.features == "mel")
        answer = self.forward(one.frames, one.left, one.right)
        return loss_of(answer, one, self.window, self.settings), {}

    def stepped(self, step: int) -> None:
        """The average follows."""
        self.average.update(step)

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """The average's figures on held-out speakers, doing nothing beside them."""
        self.judged = judge(
            self.average.model,
            self.val,
            self.real_errors,
            self.decoder,
            autocast=self.autocast,
            goes_on=goes_on,
        )
        if self.judged is None:
            return None
        told = {f"val/{name}": value for name, value in self.judged.figures.items()}
        return told | {f"val/{name}_zero": self.judged.nothing[name] for name in ("mae", "median", "acc100")}

    def say(self, epoch: int, told: Mapping[str, float]) -> str:
        """An epoch; the last one with the whole table."""
        line = (
            f"epoch {epoch}/{self.settings.epochs}  MAE {told['val/mae']:.1f} ms (doing nothing: "
            f"{told['val/mae_zero']:.1f})  median {told['val/median']:.1f} ms  @100 {told['val/acc100']:.1f} %"
        )
        if self.judged is None or epoch < self.settings.epochs:
            return line
        rows = {"do nothing": self.judged.nothing, self.settings.model: self.judged.figures}
        return f"{table(rows)}\n{line}"

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """A handful of examples learnt by heart by a network of its own: the mean absolute error in the end, ms."""
        if not self.settings.preflight_steps:
            return {}
        found = overfit.overfit(self.settings, self.train, self.errors, goes_on=goes_on)
        self.report.say(f"preflight: a handful of examples overfitted to {found:.1f} ms")
        return {"preflight/overfit_mae": found}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """The average."""
        self.average.model.load_state_dict(kept["average"])

    def renewed(self, state: files.State) -> files.State:
        """One of when the refiners had a loop of their own."""
        return checkpoint.renewed(state, min(self.settings.accumulation_steps, self.batches_per_epoch))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    stopping = Stopping()

    def work() -> None:
        settings = read(arguments)
        run_dir = files.run_dir(settings.run_dir, settings.model)
        train(settings, lambda report: Refining(settings, report), run_dir, stopping)

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
