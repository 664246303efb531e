"""Train one FastDiarizationModel.

    python -m jobs.diarization.train --config jobs/diarization/ami.toml --source /data/ami
    python -m jobs.diarization.train --corpus librispeech --source /data/LibriSpeech --label_mode multi_speaker
    python -m jobs.diarization.train … --resume runs/ami-1/last.pth

Every training is scored on its own held-out half (val/…) and on the held-out meetings of AMI (real/…), beside the
majority line and balanced accuracy: accuracy alone calls a constant answer 65 % right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jobs.diarization.corpora import open_ami, open_librispeech
from jobs.diarization.scoring import figures
from jobs.diarization.settings import LABEL_MODES, RATE, Settings
from jobs.diarization.windows import Draw, Windows, gather, of_meetings, of_utterances
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.errors import DataError, say_and_leave
from jobs.training.loop import train
from jobs.training.report import Report
from jobs.training.schedule import warm_cosine
from jobs.training.settings import read
from jobs.training.system import System
from models.diarization import FastDiarizationModel

WHAT = "FastDiarizationModel"
VAL_SEED = 20_251_215
HANDFUL = 16
Batch = tuple[Tensor, Tensor]


class Cepstra(nn.Module):
    """Waveforms (B, 1, L) → 40 cepstral coefficients and their deltas, (B, 80, frames)."""

    def __init__(self) -> None:
        super().__init__()
        from torchaudio.functional import compute_deltas
        from torchaudio.transforms import MFCC

        self.mfcc = MFCC(
            sample_rate=RATE,
            n_mfcc=40,
            melkwargs={"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 64},
        )
        self.deltas = compute_deltas

    def forward(self, x_B1L: Tensor) -> Tensor:
        """Each coefficient has mean 0 and deviation 1 over the window."""
        with torch.autocast(x_B1L.device.type, enabled=False):
            still = self.mfcc(x_B1L.squeeze(1).float())
            both = torch.cat([still, self.deltas(still)], dim=1)
            return (both - both.mean(dim=2, keepdim=True)) / (both.std(dim=2, keepdim=True) + 1e-5)


def network(settings: Settings) -> nn.Module:
    """The network of these settings. Raises DataError."""
    if settings.features not in ("raw", "mfcc"):
        raise DataError(f"--features {settings.features!r}: known are raw and mfcc.")
    return FastDiarizationModel(80 if settings.features == "mfcc" else 1, dropout=settings.dropout)


class Diarization(System):
    """What the loop trains: see jobs/training/system.py."""

    what = WHAT
    primary = "val/acc"
    goal = "max"
    settings: Settings

    def __init__(self, settings: Settings, report: Report) -> None:
        if settings.label_mode not in LABEL_MODES:
            raise DataError(f"--label_mode {settings.label_mode!r}: known are {', '.join(LABEL_MODES)}.")
        self.settings = settings
        self.device = pick_device(settings)
        self.audio, self.draw, self.val_audio, self.val = halves(settings, report)
        self.real_audio, self.real = real(settings, report)
        self.audio = self.audio.to(self.device)
        self.ear = Cepstra().to(self.device) if settings.features == "mfcc" else nn.Identity()
        self.model = network(settings).to(self.device)
        self.forward = torch.compile(self.model) if settings.compile else self.model
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.batches_per_epoch = settings.train_windows // settings.batch_size
        self.examples_per_epoch = self.batches_per_epoch * settings.batch_size

    def rates(self, step: int) -> list[float]:
        """Linear warm-up, then a cosine."""
        warmup = round(self.steps_per_epoch * self.settings.warmup_epochs)
        return [self.settings.learning_rate * warm_cosine(step, self.steps, warmup=warmup)]

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Windows drawn anew for each epoch."""
        random = np.random.default_rng([self.settings.seed, epoch])
        windows = self.draw(self.settings.train_windows, random).to(self.device)
        size = self.settings.batch_size
        for number in range(first, self.batches_per_epoch):
            yield gather(
                self.audio, windows, torch.arange(number * size, (number + 1) * size, device=self.device)
            )

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """Cross-entropy, and how many were right."""
        x_B1L, label_B = batch
        logits = self.forward(self.ear(x_B1L))
        right = 100 * (logits.detach().argmax(dim=1) == label_B).sum()
        return F.cross_entropy(logits.float(), label_B), {"batch/acc": (right, len(label_B))}

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """Its own held-out half, then the held-out meetings."""
        told: dict[str, float] = {}
        for name, audio, windows in (("val", self.val_audio, self.val), ("real", self.real_audio, self.real)):
            if not len(windows):
                continue
            answered = answers(self.forward, self.ear, audio, windows, self.device, goes_on)
            if answered is None:
                return None
            told |= {f"{name}/{key}": value for key, value in figures(answered, windows.label).items()}
        return told

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """Sixteen windows learnt by heart by a network of its own: % of them right in the end."""
        if not self.settings.preflight_steps:
            return {}
        windows = self.draw(HANDFUL, np.random.default_rng([self.settings.seed, 77])).to(self.device)
        x_B1L, label_B = gather(self.audio, windows, torch.arange(HANDFUL, device=self.device))
        torch.manual_seed(self.settings.seed)
        model = FastDiarizationModel(80 if self.settings.features == "mfcc" else 1, dropout=0.0).to(
            self.device
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        heard, right = self.ear(x_B1L), 0.0
        for _ in range(self.settings.preflight_steps):
            logits = model(heard)
            right = 100 * float((logits.argmax(dim=1) == label_B).double().mean())
            loss = F.cross_entropy(logits, label_B)
            if (right == 100.0 and float(loss.detach()) < 0.05) or not goes_on():
                break
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return {"preflight/overfit_acc": right}

    def say(self, epoch: int, told: Mapping[str, float]) -> str:
        """In the words the researchers' script used, so that its patterns read it."""
        line = (
            f"Epoch [{epoch}/{self.settings.epochs}] Train Loss: {told.get('epoch/loss', float('nan')):.4f} | "
            f"Train Acc: {told.get('epoch/acc', float('nan')):.2f}% | Val Acc: {told['val/acc']:.2f}% "
            f"(majority {told['val/majority']:.2f}%)"
        )
        if "real/acc" in told:
            line += f" | AMI: {told['real/acc']:.2f}% (majority {told['real/majority']:.2f}%)"
        return line


def speeds_of(settings: Settings) -> list[float]:
    """The speeds as numbers. Raises DataError."""
    try:
        speeds = [float(one) for one in settings.speeds.split(",")]
    except ValueError:
        speeds = []
    if not speeds or not all(0.5 <= one <= 2 for one in speeds):
        raise DataError(f"--speeds {settings.speeds!r}: give numbers from 0.5 to 2 with commas between.")
    return speeds


def halves(settings: Settings, report: Report) -> tuple[Tensor, Draw, Tensor, Windows]:
    """Audio and windows to learn from, audio and windows held out. Raises DataError."""
    folder = Path(settings.source).expanduser()
    chance = np.random.default_rng(VAL_SEED)
    if settings.corpus == "librispeech":
        opened = open_librispeech(folder)
        report.say(opened.about)
        audio, draw = of_utterances(opened.train, settings.label_mode, speeds_of(settings))
        val_audio, val_draw = of_utterances(opened.val, settings.label_mode)
        return audio, draw, val_audio, val_draw(settings.val_windows, chance)
    if settings.corpus != "ami":
        raise DataError(f"--corpus {settings.corpus!r}: known are ami and librispeech.")
    if settings.label_mode != "multi_speaker":
        raise DataError("--corpus ami has real labels: --label_mode multi_speaker is the only one.")
    meetings = open_ami(folder)
    report.say(meetings.about)
    audio, draw, _ = of_meetings(meetings.train)
    val_audio, _, grid = of_meetings(meetings.val)
    return audio, draw, val_audio, thinned(grid, settings.val_windows)


def real(settings: Settings, report: Report) -> tuple[Tensor, Windows]:
    """The held-out meetings that every training is scored on; nothing where no folder is named. Raises DataError."""
    nothing = torch.zeros(0, dtype=torch.int64)
    if not settings.real:
        return torch.zeros(0, dtype=torch.int16), Windows(
            first=nothing, second=nothing, cut=nothing, label=nothing
        )
    opened = open_ami(Path(settings.real).expanduser())
    audio, _, grid = of_meetings(opened.val)
    windows = thinned(grid, settings.val_windows)
    report.say(
        f"scored on {len(windows)} windows of {len(opened.val)} held-out AMI recordings, "
        f"of which always one answer is right in {windows.majority:.1f} %"
    )
    return audio, windows


def thinned(grid: Windows, most: int) -> Windows:
    """At most so many of the windows on the grid, evenly."""
    keep = torch.linspace(0, len(grid) - 1, min(most, len(grid))).round().long()
    return Windows(
        first=grid.first[keep], second=grid.second[keep], cut=grid.cut[keep], label=grid.label[keep]
    )


@torch.inference_mode()
def answers(
    model: Callable[[Tensor], Tensor],
    ear: nn.Module,
    audio: Tensor,
    windows: Windows,
    device: torch.device,
    goes_on: Callable[[], bool] = lambda: True,
    size: int = 64,
) -> Tensor | None:
    """Logits (K, C) of every window, on the CPU; None when it was broken off."""
    if isinstance(model, nn.Module):
        model.eval()
    found = []
    for start in range(0, len(windows), size):
        if not goes_on():
            return None
        x_B1L, _ = gather(audio, windows, torch.arange(start, min(start + size, len(windows))))
        found.append(model(ear(x_B1L.to(device))).float().cpu())
    return torch.cat(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""

    def work() -> None:
        settings = read(Settings, arguments, prog="jobs.diarization.train")
        run_dir = files.run_dir(settings.run_dir, settings.corpus)
        train(settings, lambda report: Diarization(settings, report), run_dir)

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
