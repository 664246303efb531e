"""A sign recognizer as the loop trains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from jobs.sign.clips import Bank, Usual, Vocabulary, varied
from jobs.sign.ctc import ctc_loss, greedy
from jobs.sign.readers import Corpus
from jobs.sign.settings import Settings
from jobs.sign.signer import KINDS, answers, frames_of, infeasible, megabytes, network
from jobs.sign.wer import constant_line, edits
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.errors import DataError
from jobs.training.report import Report
from jobs.training.schedule import cosine_restarts, warm_cosine
from jobs.training.system import System

Batch = tuple[int, Sequence[int]]


class Signing(System):
    """What the loop trains: see jobs/training/system.py."""

    primary = "val/wer"
    goal = "min"
    settings: Settings

    def __init__(self, settings: Settings, report: Report, corpus: Corpus, kind: str = "teacher") -> None:
        self.settings, self.kind, self.what = settings, kind, KINDS[kind].__name__
        self.device = pick_device(settings)
        self.layout = corpus.source.layout
        train, dev = corpus.splits["train"], corpus.splits["dev"]
        if not train or not dev:
            raise DataError(f"{settings.source}: expected clips to train on and clips of dev to validate on.")
        self.vocabulary, usual = Vocabulary.of(train), Usual.of(train, self.layout)
        self.history: list[dict[str, float]] = []
        if settings.resume:
            kept = files.load(Path(settings.resume), self.what).get("kept", {})
            if kept.get("words") != list(self.vocabulary.words) or kept.get("source") != corpus.source.name:
                raise DataError(
                    f"{settings.resume} was trained on other data: its glosses are not those of "
                    f"{settings.source}."
                )
            usual = Usual(mean=kept["mean"], scale=kept["scale"])
            self.history = list(kept["history"])
        self.kept: dict[str, Any] = {
            "words": list(self.vocabulary.words),
            "source": corpus.source.name,
            "mean": usual.mean,
            "scale": usual.scale,
            "history": self.history,
        }
        self.train = Bank(train, self.vocabulary, usual, self.device)
        self.val = Bank(dev, self.vocabulary, usual, self.device)
        self.model = network(kind, len(self.vocabulary), self.layout, settings).to(self.device)
        self.forward = torch.compile(self.model) if settings.compile else self.model
        self.optimizer = optimizer_of(settings, self.model)
        self.batches_per_epoch = -(-len(train) // settings.batch_size)
        self.examples_per_epoch = len(train)
        answer, self.constant = constant_line(
            [clip.glosses for clip in train], [clip.glosses for clip in dev]
        )
        report.say(
            f"{len(self.vocabulary)} classes; {infeasible(self.train)} of {len(train)} train clips are too "
            f"short for their glosses; whoever always answers {' '.join(answer)!r} has a val WER of "
            f"{self.constant:.1f} %"
        )

    def rates(self, step: int) -> list[float]:
        """Linear warm-up, then a cosine down to --min_lr, once or again and again."""
        settings = self.settings
        warm = round(self.steps_per_epoch * settings.warmup_epochs)
        floor = min(1.0, settings.min_lr / settings.learning_rate)
        if settings.scheduler == "restarts" and step >= warm:
            factor = cosine_restarts(step - warm, self.steps_per_epoch * settings.restart_epochs, floor=floor)
        else:
            factor = warm_cosine(step, self.steps, warmup=warm, floor=floor)
        return [settings.learning_rate * factor]

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Clips of like lengths."""
        found = self.train.batches(self.settings.batch_size, self.settings.seed, epoch)
        yield from enumerate(found[first:], start=first)

    def clips_of(self, which: Sequence[int], *, keeps_time: bool = False) -> tuple[Tensor, list[int]]:
        """A batch's frames, varied where that is wanted."""
        x_BTF, lengths = self.train.gather(which)
        if self.settings.augment:
            return varied(x_BTF, lengths, self.layout, keeps_time=keeps_time)
        return x_BTF, lengths

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """CTC, which may be smoothed and mixed; how many clips could not be learnt, and now and then the WER."""
        number, which = batch
        x_BTF, lengths = self.clips_of(which)
        targets = [self.train.targets[one] for one in which]
        other, share = self._mixed(x_BTF, lengths)
        if other is not None:
            x_BTF = share * x_BTF + (1 - share) * x_BTF[torch.tensor(other, device=self.device)]
            lengths = [max(length, lengths[place]) for length, place in zip(lengths, other, strict=True)]
        logp_BTK, _ = self.forward(x_BTF, torch.tensor(lengths, device=self.device))
        frames = frames_of(lengths)
        loss, feasible = ctc_loss(logp_BTK, frames, targets)
        if other is not None:
            second, _ = ctc_loss(logp_BTK, frames, [targets[place] for place in other])
            loss = share * loss + (1 - share) * second
        if self.settings.label_smoothing:
            loss = smoothed(loss, logp_BTK, frames, self.settings.label_smoothing)
        return loss, self.counted(number, which, logp_BTK, frames, feasible, is_mixed=other is not None)

    def _mixed(self, x_BTF: Tensor, lengths: Sequence[int]) -> tuple[list[int] | None, float]:
        """(the clip that is laid over each, the share of the first)."""
        if not self.settings.mixup_alpha or len(lengths) < 2:
            return None, 1.0
        # Drawn with torch, whose chance the loop sets for each batch: a resumed training mixes the same pairs.
        a, b = torch._standard_gamma(torch.full((2,), self.settings.mixup_alpha)).clamp(min=1e-6).tolist()
        return torch.randperm(len(lengths)).tolist(), max(a / (a + b), b / (a + b))

    def counted(
        self,
        number: int,
        which: Sequence[int],
        logp_BTK: Tensor,
        frames: Sequence[int],
        feasible: Sequence[bool],
        *,
        is_mixed: bool = False,
    ) -> dict[str, tuple[Tensor, int]]:
        """What is counted of a batch beside its loss."""
        short = torch.tensor(100.0 * (len(feasible) - sum(feasible)), device=self.device)
        told = {"train/infeasible": (short, len(feasible))}
        if number % self.settings.wer_every == 0 and not is_mixed:
            said = [self.vocabulary.glosses(one) for one in greedy(logp_BTK.detach(), frames)]
            found = edits([self.train.clips[one].glosses for one in which], said)
            told["train/wer"] = (torch.tensor(100.0 * found.errors, device=self.device), found.words)
        return told

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """The dev split."""
        answered = answers(self.model, self.val, self.vocabulary, goes_on)
        return None if answered is None else {**answered.figures("val"), "val/wer_constant": self.constant}

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """Counts of clips; learning a handful by heart is a job of its own (jobs/sign/overfit_test.py)."""
        return {
            "data/train_clips": len(self.train),
            "data/val_clips": len(self.val),
            "data/infeasible": infeasible(self.train),
            "model_size_mb": megabytes(self.model),
        }

    def say(self, epoch: int, told: Mapping[str, float]) -> str:
        """An epoch, as the researchers' script tells it; it is remembered for the curves."""
        rate = self.optimizer.param_groups[0]["lr"]
        self.history.append(
            {"epoch": epoch, "lr": rate}
            | {
                name: told[name]
                for name in ("epoch/loss", "val/loss", "epoch/wer", "val/wer")
                if name in told
            }
        )
        return (
            f"Epoch {epoch}/{self.settings.epochs} | Train Loss: {told.get('epoch/loss', math.nan):.4f} | "
            f"Val Loss: {told['val/loss']:.4f} | Val WER: {told['val/wer']:.2f}% "
            f"(a constant answer: {self.constant:.2f}%)"
        )


def optimizer_of(settings: Settings, model: nn.Module) -> torch.optim.Optimizer:
    """Adam or AdamW."""
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


def smoothed(loss: Tensor, logp_BTK: Tensor, frames: Sequence[int], share: float) -> Tensor:
    """A share of the loss asks each frame to give every class a chance."""
    length = torch.tensor(frames, device=logp_BTK.device)
    inside = torch.arange(logp_BTK.shape[1], device=logp_BTK.device)[None] < length[:, None]
    flat = -(logp_BTK.float().mean(dim=2) * inside).sum() / inside.sum()
    return (1 - share) * loss + share * flat
