"""The training loop that the systems share: steps, epochs, validation, checkpoints, patience, going on exactly.

A system says what is trained (jobs/training/system.py); the loop says when. Chance needs no memory: whatever is drawn
is drawn from the seed and the step, so a resumed run draws the very curve it would have drawn. On a CPU that is true to
the last bit.

Leaves tensorboard/ in the run directory, and checkpoints: of the best epoch, of the last, and of every --save_every
epochs. SIGTERM and SIGINT end it after the step at hand, with the last checkpoint written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import trainui
from jobs.training import files
from jobs.training.device import autocast_for
from jobs.training.errors import DataError
from jobs.training.pace import Pace, said
from jobs.training.report import Report
from jobs.training.settings import LoopSettings
from jobs.training.stopping import Stopping
from jobs.training.system import System


@dataclass(kw_only=True, slots=True)
class Reached:
    """How far a training came."""

    batch: int = 0
    """Batches since the start."""
    step: int = 0
    """Steps of the optimizer since the start."""
    judged: int = 0
    """Epochs that were validated."""
    best: float = math.nan
    best_epoch: int = 0


class Loop:
    """One training from its settings to its last checkpoint."""

    def __init__(
        self,
        settings: LoopSettings,
        system: System,
        run_dir: Path,
        stopping: Stopping,
        report: Report | None = None,
    ) -> None:
        self.settings, self.system, self.run_dir, self.stopping = settings, system, run_dir, stopping
        self.report = report or Report(run_dir)
        self.autocast = autocast_for(settings, system.device)
        self.pace = Pace(system.model, self.autocast)
        self.at = Reached()
        self.sums: dict[str, Tensor] = {}
        """What was summed since the last line of the log, by name: (sum, of how many), on the device."""
        self.epoch_sums: dict[str, Tensor] = {}
        if not system.batches_per_epoch:
            raise DataError("There are fewer examples than --batch_size: nothing can be trained.")

    @property
    def epoch(self) -> float:
        """Epochs done, with the part of the one at hand."""
        return self.at.batch / self.system.batches_per_epoch

    def goes_on(self) -> bool:
        """Whether nobody asked to stop."""
        return not self.stopping.asked

    def run(self) -> None:
        """Train until the schedule, the patience or somebody ends it. Raises DataError."""
        settings, report = self.settings, self.report
        count = sum(one.numel() for one in self.system.model.parameters())
        size = f"{count:,} parameters, {self.system.batches_per_epoch} batches an epoch"
        report.say(f"{self.system.what}: {size}, {self.system.device}")
        if settings.resume:
            self.restore(Path(settings.resume))
            report.say(f"resumed at step {self.at.step} (epoch {self.epoch:.2f})")
        else:
            found = self.system.preflight(self.goes_on)
            if found:
                report.log(found, step=0, epoch=0.0)
        trainui.progress(total_steps=self.system.steps, total_epochs=settings.epochs)
        per_epoch = self.system.batches_per_epoch
        last = per_epoch * min(settings.stop_after or settings.epochs, settings.epochs)
        while self.goes_on() and (self._waits_for_judgement() or self.at.batch < last):
            if not self._waits_for_judgement():
                self.one_epoch(*divmod(self.at.batch, per_epoch))
            elif not self.validate():
                report.say(f"no better {self.system.primary} in {settings.patience} epochs: stopping early")
                break
        if self.at.batch % per_epoch or self._waits_for_judgement():
            self.save(self.system.last_file)
            report.say(f"stopped at step {self.at.step}; {self.system.last_file} goes on from here")
        report.close()

    def one_epoch(self, epoch: int, first: int) -> None:
        """Train on one epoch's batches, from the `first` on."""
        settings, system, at = self.settings, self.system, self.at
        system.model.train()
        if first == 0:
            self.epoch_sums = {}
        group = settings.accumulation_steps
        self.pace.begin(lambda: self._gradients(next(system.batches(epoch, first)), 1))
        for number, batch in enumerate(system.batches(epoch, first), start=first):
            torch.manual_seed(settings.seed * 1_000_003 + at.batch)  # chance repeats itself after a resume
            here = min(group, system.batches_per_epoch - number // group * group)
            self._count(self._gradients(batch, here))
            self.pace.batches += 1
            at.batch += 1
            if (number + 1) % group == 0 or number + 1 == system.batches_per_epoch:
                self._step()
            if not self.goes_on() and self._is_between_steps():
                return

    def _gradients(self, batch: Any, parts: int) -> Mapping[str, tuple[Tensor, int]]:
        """Add the gradients of a batch, one of so many parts of a step; what it counted."""
        with self.autocast():
            loss, counted = self.system.loss(batch)
        if self.settings.break_loss_at and self.at.step + 1 >= self.settings.break_loss_at:
            loss = loss * math.nan
        (loss / parts).backward()
        return {"train/loss": (loss.detach(), 1), **counted}

    def _step(self) -> None:
        """One step of the optimizer, and a line of the log now and then."""
        settings, system, at = self.settings, self.system, self.at
        rates = system.rates(at.step)
        for group, rate in zip(system.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        norm = nn.utils.clip_grad_norm_(system.model.parameters(), settings.clip or math.inf)
        system.optimizer.step()
        system.optimizer.zero_grad(set_to_none=True)
        system.stepped(at.step)
        at.step += 1
        self.pace.steps += 1
        if at.step % settings.log_every == 0:
            names = [
                f"lr/{group['name']}" if "name" in group else "train/lr"
                for group in system.optimizer.param_groups
            ]
            numbers = (
                _means(self.sums) | dict(zip(names, rates, strict=True)) | {"train/grad_norm": float(norm)}
            )
            self.sums = {}
            self.report.log(numbers, step=at.step, epoch=self.epoch)

    def _waits_for_judgement(self) -> bool:
        """Whether an epoch is done that was not validated, as somebody asked to stop before or while it was."""
        epochs, rest = divmod(self.at.batch, self.system.batches_per_epoch)
        return rest == 0 and epochs > self.at.judged

    def _is_between_steps(self) -> bool:
        """Whether no gradient of a group is still waiting for the rest of its group."""
        place = self.at.batch % self.system.batches_per_epoch
        return place % self.settings.accumulation_steps == 0

    def _count(self, counted: Mapping[str, tuple[Tensor, int]]) -> None:
        for name, (total, count) in counted.items():
            pair = torch.stack([total.detach().double(), torch.full((), count, device=total.device).double()])
            for sums in (self.sums, self.epoch_sums):
                sums[name] = sums[name] + pair if name in sums else pair

    def validate(self) -> bool:
        """Judge, log and save after an epoch; False when patience has run out. NaN is never better."""
        speed = self.pace.figures(self.system.examples_per_epoch / self.system.batches_per_epoch)
        figures = self.system.validate(self.goes_on)
        if figures is None:
            return True
        epoch = self.at.judged = round(self.epoch)
        told = {f"epoch/{name.partition('/')[2]}": value for name, value in _means(self.epoch_sums).items()}
        self.report.log({**told, **figures, **speed}, step=self.at.step, epoch=epoch)
        self.report.say(self.system.say(epoch, {**told, **figures}) + said(speed))
        value = figures[self.system.primary]
        sign = 1 if self.system.goal == "min" else -1
        if math.isfinite(value) and not sign * value >= sign * self.at.best:
            self.at.best, self.at.best_epoch = value, epoch
            self.save(self.system.best_file, figures)
        if self.settings.save_every and epoch % self.settings.save_every == 0:
            self.save(self.system.epoch_file.format(epoch), figures)
        self.save(self.system.last_file, figures)
        patience = self.settings.patience
        return patience == 0 or epoch - self.at.best_epoch < patience

    def save(self, name: str, figures: Mapping[str, float] | None = None) -> None:
        """Write a checkpoint and say so."""
        path = self.run_dir / name
        state = {
            "what": self.system.what,
            "settings": asdict(self.settings),
            "model": self.system.model.state_dict(),
            "optimizer": self.system.optimizer.state_dict(),
            "reached": asdict(self.at),
            "sums": self.sums,
            "epoch_sums": self.epoch_sums,
            "figures": dict(figures or {}),
            "kept": self.system.kept,
            "batches_per_epoch": self.system.batches_per_epoch,
        }
        files.save(path, state)
        metric = {self.system.primary: figures[self.system.primary]} if figures else None
        trainui.checkpoint(path, metric=metric, step=self.at.step, epoch=round(self.epoch, 4))

    def restore(self, path: Path) -> None:
        """Put everything back where it was. Raises DataError."""
        state = files.load(path, self.system.what, self.system.renewed)
        try:
            self.system.model.load_state_dict(state["model"])
            self.system.optimizer.load_state_dict(state["optimizer"])
            self.system.restore(state.get("kept", {}))
        except (RuntimeError, ValueError) as error:
            mine = type(self.system.model).__name__
            raise DataError(f"{path} is of another network than this {mine}, or of other sizes.") from error
        before, now = state.get("batches_per_epoch", 0), self.system.batches_per_epoch
        reached = state["reached"]
        self.at = Reached(**{"judged": reached["batch"] // (before or now), **reached})
        if before and before != now:  # of another --batch_size: on from the beginning of the epoch it was in
            epoch = self.at.batch // before
            self.at.batch, self.at.step = epoch * now, epoch * self.system.steps_per_epoch
            state["sums"] = {}
        device = self.system.device
        self.sums = {name: pair.to(device) for name, pair in state["sums"].items()}
        self.epoch_sums = {name: pair.to(device) for name, pair in state["epoch_sums"].items()}


def _means(sums: Mapping[str, Tensor]) -> dict[str, float]:
    """Sum and count → mean, one transfer from the device for all."""
    if not sums:
        return {}
    pairs = torch.stack(list(sums.values())).tolist()
    return {
        name: total / count if count else math.nan for name, (total, count) in zip(sums, pairs, strict=True)
    }


def train(
    settings: LoopSettings,
    build: Callable[[Report], System],
    run_dir: Path,
    stopping: Stopping | None = None,
    reporter: Callable[[Path], Report] = Report,
) -> Loop:
    """Build a system and train it; the loop as it ended. Raises DataError."""
    torch.set_float32_matmul_precision("high")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    report = reporter(run_dir)
    loop = Loop(settings, build(report), run_dir, stopping or Stopping(), report)
    loop.run()
    return loop
