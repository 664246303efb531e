"""Train one boundary refiner.

    python -m jobs.boundary.train --config jobs/boundary/transformer.toml --preset demo
    python -m jobs.boundary.train --model mlp --epochs 50 --run_dir runs/mlp-by-hand
    python -m jobs.boundary.train … --resume runs/transformer-1/last.pt

Leaves best.pt, last.pt and tensorboard/ in the run directory. SIGTERM and SIGINT end it after the step at
hand, with last.pt written; a run resumed from there draws the very curve it would have drawn.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

import trainui
from jobs.boundary import checkpoint, data, overfit, statistics
from jobs.boundary.checkpoint import Average, Progress
from jobs.boundary.decode import Decoder
from jobs.boundary.examples import Batch, Errors, Examples, Window, disturb
from jobs.boundary.judge import Judgement, judge, table
from jobs.boundary.losses import loss_of
from jobs.boundary.settings import Settings, read
from jobs.training.device import autocast_for, pick_device
from jobs.training.errors import DataError
from jobs.training.report import Report
from jobs.training.stopping import Stopping
from models.boundary import MODELS, build, count_parameters


def learning_rate(settings: Settings, step: int, total: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    done = min(1.0, step / max(1, total))
    return settings.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def epoch_order(settings: Settings, size: int, epoch: int) -> Tensor:
    """Which boundaries an epoch shows, in which order; the same whenever it is asked."""
    random = torch.Generator().manual_seed(settings.seed * 100_003 + epoch)
    order = torch.cat([torch.randperm(size, generator=random) for _ in range(settings.copies)])
    count = settings.examples or len(order)
    whole, group = order[:count], group_size(settings)
    return whole[: max(group, len(whole) // group * group)]


def group_size(settings: Settings) -> int:
    """Examples of one step of the optimizer."""
    return settings.batch_size * settings.accumulation_steps


def batches(
    settings: Settings, examples: Examples, errors: Errors, epoch: int, first: int
) -> Iterator[Batch]:
    """An epoch's batches from the `first` on; what they show is drawn from the seed and the epoch alone."""
    order = epoch_order(settings, len(examples), epoch)
    drawn = errors.draw(len(order), torch.Generator().manual_seed(settings.seed * 100_003 + 50_000 + epoch))
    order, drawn = order.to(examples.device), drawn.to(examples.device)
    size = group_size(settings)
    for start in range(first * size, len(order), size):
        yield examples.batch(order[start : start + size], drawn[start : start + size])


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


class Training:
    """One training from its settings to its last checkpoint."""

    def __init__(self, settings: Settings, run_dir: Path, stopping: Stopping) -> None:
        if settings.model not in MODELS:
            raise DataError(f"There is no model {settings.model!r}: --model takes {', '.join(MODELS)}.")
        measured = errors_of(settings)
        self.settings, self.run_dir, self.stopping = settings, run_dir, stopping
        self.report = Report(run_dir)
        self.device = pick_device(settings)
        self.autocast = autocast_for(settings, self.device)
        folder = data.prepare(data.recipe_of(settings), settings.data_dir)
        self.window = Window(tokens=settings.tokens, stride=settings.stride)
        self.train = Examples(data.load(folder, "train"), self.window, self.device)
        self.val = Examples(data.load(folder, "val"), self.window, self.device)
        self.measured = measured
        self.errors = Errors(measured, self.window, settings.uniform)
        self.real_errors = Errors(measured, self.window, 0.0)
        self.decoder = Decoder(self.window, measured, settings.uniform, self.device)
        torch.manual_seed(settings.seed)
        self.model = build(
            settings.model, size=settings.size, dropout=settings.dropout, features=settings.features
        ).to(self.device)
        self.average = Average(self.model, settings.ema)
        self.optimizer = optimizer_of(settings, self.model)
        # Compiled is only the way through the network: what is saved keeps its names.
        self.network = torch.compile(self.model) if settings.compile else self.model
        self.at = Progress()
        self.steps = max(1, len(epoch_order(settings, len(self.train), 0)) // group_size(settings))
        self.total = self.steps * settings.epochs
        self.loss_sum = torch.zeros((), device=self.device)

    @property
    def epoch(self) -> float:
        """Epochs done, with the part of the one at hand."""
        return self.at.step / self.steps

    def run(self) -> None:
        """Train until the schedule, the patience or somebody ends it."""
        settings, report = self.settings, self.report
        parameters = count_parameters(self.model)
        report.say(
            f"{settings.model}: {parameters:,} parameters, {len(self.train):,} boundaries, {self.device}"
        )
        if settings.resume:
            saved = checkpoint.read(Path(settings.resume))
            self.at = checkpoint.restore(saved, self.average, self.model, self.optimizer)
            self.loss_sum.fill_(self.at.loss_sum)
            report.say(f"resumed at step {self.at.step} (epoch {self.epoch:.2f})")
        elif settings.preflight_steps:
            found = overfit.overfit(settings, self.train, self.errors, goes_on=self.goes_on)
            report.log({"preflight/overfit_mae": found}, step=0, epoch=0.0)
            report.say(f"preflight: a handful of examples overfitted to {found:.1f} ms")
        trainui.progress(total_steps=self.total, total_epochs=settings.epochs)
        last = settings.stop_after or settings.epochs
        while self.at.step < self.steps * min(last, settings.epochs) and self.goes_on():
            self.one_epoch(self.at.step // self.steps, self.at.step % self.steps)
            if self.at.step % self.steps == 0 and self.goes_on() and not self.validate():
                report.say(f"no better validation in {settings.patience} epochs: stopping early")
                break
        if self.at.step % self.steps:
            self.save("last.pt")
            report.say(f"stopped at step {self.at.step}; last.pt goes on from here")
        report.close()

    def goes_on(self) -> bool:
        """Whether nobody asked to stop."""
        return not self.stopping.asked

    def one_epoch(self, epoch: int, first: int) -> None:
        """Train on one epoch's batches, from the `first` on."""
        settings, at = self.settings, self.at
        self.model.train()
        for batch in batches(settings, self.train, self.errors, epoch, first):
            rate = learning_rate(settings, at.step, self.total)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            torch.manual_seed(settings.seed * 1_000_003 + at.step)  # chance repeats itself after a resume
            loss = self.gradients(disturb(batch, settings.disturb, spectra=settings.features == "mel"))
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip or math.inf)
            self.optimizer.step()
            self.average.update(at.step)
            at.step += 1
            self.loss_sum += loss
            at.loss_count += 1
            if at.step % settings.log_every == 0:
                mean = float(self.loss_sum) / at.loss_count
                self.loss_sum.zero_()
                at.loss_count = 0
                numbers = {"train/loss": mean, "train/lr": rate, "train/grad_norm": float(norm)}
                self.report.log(numbers, step=at.step, epoch=self.epoch)
            if not self.goes_on():
                return

    def gradients(self, batch: Batch) -> Tensor:
        """The gradients of a step's examples, a batch at a time; their mean loss."""
        settings, parts = self.settings, self.settings.accumulation_steps
        whole = torch.zeros((), device=self.device)
        self.optimizer.zero_grad(set_to_none=True)
        for part in zip(*(tensor.chunk(parts) for tensor in batch), strict=True):
            one = Batch(*part)
            with self.autocast():
                answer = self.network(one.frames, one.left, one.right)
            loss = loss_of(answer, one, self.window, settings) / parts
            if settings.break_loss_at and self.at.step + 1 >= settings.break_loss_at:
                loss = loss * math.nan
            loss.backward()
            whole += loss.detach()
        return whole

    def validate(self) -> bool:
        """Judge, log and save after an epoch; False when patience has run out."""
        settings = self.settings
        judged = judge(
            self.average.model,
            self.val,
            self.real_errors,
            self.decoder,
            autocast=self.autocast,
            goes_on=self.goes_on,
        )
        epoch = self.at.step // self.steps
        if judged is None:
            return True
        self.log_judgement(judged, epoch)
        mae = judged.figures["mae"]
        better = mae < self.at.best  # never true of NaN, which patience counts as no better
        if better:
            self.at.best, self.at.best_epoch = mae, epoch
            self.save("best.pt", mae)
        if settings.save_every and epoch % settings.save_every == 0:
            self.save(f"epoch{epoch}.pt", mae)
        self.save("last.pt", mae)
        return settings.patience == 0 or epoch - self.at.best_epoch < settings.patience

    def log_judgement(self, judged: Judgement, epoch: int) -> None:
        """The validation's figures, doing nothing beside them."""
        numbers = {f"val/{name}": value for name, value in judged.figures.items()}
        numbers |= {f"val/{name}_zero": judged.nothing[name] for name in ("mae", "median", "acc100")}
        self.report.log(numbers, step=self.at.step, epoch=epoch)
        found, zero = judged.figures, judged.nothing["mae"]
        self.report.say(
            f"epoch {epoch}/{self.settings.epochs}  MAE {found['mae']:.1f} ms (doing nothing: {zero:.1f})  "
            f"median {found['median']:.1f} ms  @100 {found['acc100']:.1f} %"
        )
        if epoch == self.settings.epochs:
            self.report.say(table({"do nothing": judged.nothing, self.settings.model: found}))

    def save(self, name: str, mae: float | None = None) -> None:
        """Write a checkpoint and say so."""
        self.at.loss_sum = float(self.loss_sum)
        path = self.run_dir / name
        checkpoint.save(path, self.settings, self.average, self.model, self.optimizer, self.at, self.measured)
        metric = None if mae is None else {"val/mae": mae}
        trainui.checkpoint(path, metric=metric, step=self.at.step, epoch=round(self.epoch, 4))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    stopping = Stopping()
    try:
        settings = read(arguments)
        torch.set_float32_matmul_precision("high")
        if settings.threads:
            torch.set_num_threads(settings.threads)
        run_dir = Path(
            settings.run_dir or os.environ.get("TRAINUI_RUN_DIR", "") or f"runs/{settings.model}-by-hand"
        )
        run_dir.mkdir(parents=True, exist_ok=True)
        Training(settings, run_dir, stopping).run()
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
