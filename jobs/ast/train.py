"""Fine-tune an Audio Spectrogram Transformer.

    python -m jobs.ast.train --config jobs/ast/ast_nowarmup.toml --source /data/UrbanSound8K --pretrained ast.bin
    python -m jobs.ast.train --warmup-epochs 5 --batch-size 4
    python -m jobs.ast.train … --resume runs/ast_nowarmup-1/last.pth

The backbone and the new head have rates of their own. `--warmup absolute` is the plan's first script, which overwrote
them: its run diverges, and is kept so that the gates that must catch it can be seen to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from jobs.ast.clips import Split, open_clips
from jobs.ast.features import pictures
from jobs.ast.losses import focal_loss, hidden, mixed
from jobs.ast.scoring import figures
from jobs.ast.settings import WARMUPS, Settings
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.errors import DataError, say_and_leave
from jobs.training.loop import train
from jobs.training.report import Report
from jobs.training.schedule import warm_cosine
from jobs.training.settings import read
from jobs.training.system import System
from models.ast import TINY, AstConfig, AudioSpectrogramTransformer

WHAT = "AudioSpectrogramTransformer"
HANDFUL = 8
Batch = tuple[Tensor, Tensor]


def network(settings: Settings, classes: int) -> AudioSpectrogramTransformer:
    """The network of these settings, without pretrained weights. Raises DataError."""
    sizes = {"base": AstConfig(dropout=settings.dropout), "tiny": TINY}
    if settings.size not in sizes:
        raise DataError(f"--size {settings.size!r}: known are base and tiny.")
    return AudioSpectrogramTransformer(classes, sizes[settings.size])


def load_weights(path: Path) -> Mapping[str, Tensor]:
    """Pretrained weights by name, of a .bin, .pt or .safetensors file. Raises DataError."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except ImportError as error:
        raise DataError(f"{path} needs safetensors, which is not here: pip install safetensors") from error
    except files.UNREADABLE as error:
        raise DataError(f"{path} cannot be read as weights ({type(error).__name__}: {error}).") from error
    if not isinstance(weights, Mapping):
        raise DataError(f"{path} holds no weights by name.")
    return weights


class FineTuning(System):
    """What the loop trains: see jobs/training/system.py."""

    what = WHAT
    primary = "val/acc"
    goal = "max"
    settings: Settings

    def __init__(self, settings: Settings, report: Report, split: Split) -> None:
        if settings.warmup not in WARMUPS:
            raise DataError(f"--warmup {settings.warmup!r}: known are {' and '.join(WARMUPS)}.")
        self.settings, self.classes = settings, split.classes
        self.device = pick_device(settings)
        kept = files.home() / "ast"
        self.train_x, self.train_y = self._side(split, "train", kept, report)
        self.val_x, self.val_y = self._side(split, "val", kept, report)
        self.model = network(settings, len(split.classes))
        if settings.pretrained:
            try:
                self.model.load_pretrained(load_weights(Path(settings.pretrained).expanduser()))
            except ValueError as error:
                raise DataError(f"{settings.pretrained}: {error}.") from error
        else:
            report.say(
                "no pretrained weights: the backbone starts from nothing, and the plan's figures do not apply"
            )
        self.model.to(self.device)
        self.forward = torch.compile(self.model) if settings.compile else self.model
        self.optimizer = torch.optim.AdamW(
            [
                {"params": self.model.backbone(), "lr": settings.backbone_lr, "name": "backbone"},
                {"params": list(self.model.head.parameters()), "lr": settings.head_lr, "name": "head"},
            ],
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.batches_per_epoch = len(self.train_y) // settings.batch_size
        self.examples_per_epoch = self.batches_per_epoch * settings.batch_size

    def _side(self, split: Split, side: str, keep: Path, report: Report) -> Batch:
        """Every picture of a side on the device, and its class."""
        clips = getattr(split, side)
        number = {name: place for place, name in enumerate(split.classes)}
        label = torch.tensor([number[clip.label] for clip in clips], dtype=torch.int64)
        return pictures(clips, keep, report.say).to(self.device), label.to(self.device)

    def rates(self, step: int) -> list[float]:
        """Of the backbone and of the head."""
        settings = self.settings
        warm = round(self.steps_per_epoch * settings.warmup_epochs)
        factor = warm_cosine(step, self.steps, warmup=warm)
        if settings.warmup == "absolute" and warm:
            factor *= settings.warmup_to / settings.backbone_lr
        return [settings.backbone_lr * factor, settings.head_lr * factor]

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Clips in an order of each epoch's own."""
        random = torch.Generator().manual_seed(self.settings.seed * 100_003 + epoch)
        order = torch.randperm(len(self.train_y), generator=random).to(self.device)
        size = self.settings.batch_size
        for number in range(first, self.batches_per_epoch):
            index = order[number * size : (number + 1) * size]
            yield self.train_x[index].float(), self.train_y[index]

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """The focal loss of clips that may be hidden in part and mixed, and how many were right."""
        x_BTM, label_B = batch
        target_BC = nn.functional.one_hot(label_B, len(self.classes)).float()
        if self.settings.spec_augment:
            x_BTM = hidden(x_BTM, self.settings.spec_augment)
        if self.settings.mixup and float(torch.rand(())) < self.settings.mixup:
            x_BTM, target_BC = mixed(x_BTM, target_BC)
        logits = self.forward(x_BTM)
        right = 100 * (logits.detach().argmax(dim=1) == target_BC.argmax(dim=1)).sum()
        return focal_loss(logits, target_BC, self.settings.gamma), {"train/acc": (right, len(label_B))}

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """The validation fold."""
        logits = answers(self.model, self.val_x, goes_on)
        if logits is None:
            return None
        target = nn.functional.one_hot(self.val_y.cpu(), len(self.classes)).float()
        told = {f"val/{name}": value for name, value in figures(logits, self.val_y.cpu()).items()}
        return told | {"val/loss": float(focal_loss(logits, target, self.settings.gamma))}

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """A handful of clips learnt by heart by a network of its own: % of them right in the end."""
        if not self.settings.preflight_steps:
            return {}
        order = torch.randperm(len(self.train_y), generator=torch.Generator().manual_seed(77))[:HANDFUL]
        x_BTM, label_B = self.train_x[order.to(self.device)].float(), self.train_y[order.to(self.device)]
        torch.manual_seed(self.settings.seed)
        model = network(self.settings, len(self.classes)).to(self.device)
        model.load_state_dict(self.model.state_dict())
        rates = {"backbone": max(self.settings.backbone_lr, 1e-4), "head": self.settings.head_lr}
        optimizer = torch.optim.AdamW(
            [
                {"params": model.backbone(), "lr": rates["backbone"]},
                {"params": list(model.head.parameters()), "lr": rates["head"]},
            ]
        )
        right = 0.0
        for _ in range(self.settings.preflight_steps):
            logits = model.train()(x_BTM)
            right = 100 * float((logits.argmax(dim=1) == label_B).double().mean())
            if right == 100.0 or not goes_on():
                break
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(logits, label_B).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return {"preflight/overfit_acc": right}

    def say(self, epoch: int, told: Mapping[str, float]) -> str:
        """An epoch, as the researchers' notes have it."""
        return (
            f"Epoch {epoch}/{self.settings.epochs} - train acc: {told.get('epoch/acc', float('nan')):.2f}% - "
            f"val acc: {told['val/acc']:.2f}% (majority {told['val/majority']:.2f}%) - "
            f"val loss: {told['val/loss']:.4f} - F1 macro: {told['val/f1_macro']:.2f}%"
        )


@torch.inference_mode()
def answers(
    model: nn.Module, x_KTM: Tensor, goes_on: Callable[[], bool] = lambda: True, size: int = 32
) -> Tensor | None:
    """Logits (K, C), float32, on the CPU; None when it was broken off."""
    model.eval()
    found: list[Tensor] = []
    for start in range(0, len(x_KTM), size):
        if not goes_on():
            return None
        found.append(model(x_KTM[start : start + size].float()).float().cpu())
    return torch.cat(found) if found else torch.zeros(0, 1)


def split_of(settings: Settings) -> Split:
    """The clips of these settings. Raises DataError."""
    folder = Path(settings.source).expanduser()
    return open_clips(folder, val_fold=settings.val_fold, test_fold=settings.test_fold)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""

    def work() -> None:
        settings = read(Settings, arguments, prog="jobs.ast.train")
        split = split_of(settings)

        def build(report: Report) -> FineTuning:
            report.say(split.about)
            return FineTuning(settings, report, split)

        train(settings, build, files.run_dir(settings.run_dir, "ast"))

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
