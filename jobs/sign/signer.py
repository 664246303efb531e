"""A trained recognizer, what it says of clips, and how it comes back from a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from jobs.sign.clips import Bank, Usual, Vocabulary
from jobs.sign.ctc import beam, ctc_loss, frames_needed, greedy
from jobs.sign.readers import Clip
from jobs.sign.settings import Settings
from jobs.sign.sources import SOURCES, Source
from jobs.sign.wer import Edits, edits, edits_phoenix
from jobs.training import files
from jobs.training.errors import DataError
from jobs.training.settings import settings_of
from models.sign import SignStudent, SignTeacher
from models.sign_parts import STRIDE, Layout

KINDS = {"teacher": SignTeacher, "student": SignStudent}


def network(kind: str, classes: int, layout: Layout, settings: Settings) -> nn.Module:
    """The network of these settings."""
    return KINDS[kind](classes, layout, settings.dropout, settings.narrow)


def megabytes(model: nn.Module) -> float:
    """Of its parameters as they are deployed: float32, without what an optimizer keeps."""
    return sum(one.numel() * one.element_size() for one in model.parameters()) / 1e6


def frames_of(lengths: Sequence[int]) -> list[int]:
    """Frames of the answers to clips of these lengths."""
    return [-(-length // STRIDE) for length in lengths]


def infeasible(bank: Bank) -> int:
    """Clips whose answer has fewer frames than their glosses take."""
    frames = frames_of(bank.lengths)
    return sum(frames_needed(one) > able for one, able in zip(bank.targets, frames, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What was said of each clip, and what should have been."""

    said: list[list[str]]
    references: list[Sequence[str]]
    raw: Edits
    loss: float
    infeasible: int

    def figures(self, split: str) -> dict[str, float]:
        """By the names under which they are logged; NaN for a network whose answers are no numbers."""
        phoenix = edits_phoenix(self.references, self.said)
        is_number = not math.isnan(self.loss)
        told = {
            "wer": self.raw.wer,
            "wer_phoenix": phoenix.wer,
            "ser": self.raw.ser,
            "deletions": 100 * self.raw.deletions / max(1, self.raw.words),
            "insertions": 100 * self.raw.insertions / max(1, self.raw.words),
        }
        told = {name: value if is_number else math.nan for name, value in told.items()}
        return {
            f"{split}/{name}": value
            for name, value in {**told, "loss": self.loss, "infeasible": self.infeasible}.items()
        }


@torch.inference_mode()
def answers(
    model: nn.Module,
    bank: Bank,
    vocabulary: Vocabulary,
    goes_on: Callable[[], bool] = lambda: True,
    *,
    size: int = 16,
    width: int = 0,
) -> Answers | None:
    """Every clip of a split, read greedily or with a beam; None when it was broken off."""
    model.eval()
    said: dict[int, list[str]] = {}
    total, able = torch.zeros((), dtype=torch.float64), 0
    for which in bank.in_order(size):
        if not goes_on():
            return None
        x_BTF, lengths = bank.gather(which)
        logp_BTK, _ = model(x_BTF, torch.tensor(lengths, device=bank.device))
        frames = frames_of(lengths)
        loss, feasible = ctc_loss(logp_BTK, frames, [bank.targets[one] for one in which])
        total += loss.double().cpu() * sum(feasible)
        able += sum(feasible)
        read = (
            [beam(line[:n], width) for line, n in zip(logp_BTK, frames, strict=True)]
            if width
            else greedy(logp_BTK, frames)
        )
        said |= {one: vocabulary.glosses(numbers) for one, numbers in zip(which, read, strict=True)}
    references: list[Sequence[str]] = [clip.glosses for clip in bank.clips]
    ordered = [said[one] for one in range(len(bank))]
    return Answers(
        said=ordered,
        references=references,
        raw=edits(references, ordered),
        infeasible=len(bank) - able,
        loss=float(total) / able if able else math.nan,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A trained recognizer with all that its answers depend on."""

    path: Path
    kind: str
    settings: Settings
    model: nn.Module
    vocabulary: Vocabulary
    usual: Usual
    source: Source
    figures: Mapping[str, float]
    """Of the validation that it was best at."""
    state: Mapping[str, Any]

    def bank(self, clips: Sequence[Clip], device: torch.device) -> Bank:
        """Clips as it wants to see them. Raises DataError where they are of another layout."""
        if clips and clips[0].frames.shape[1] != self.source.layout.size:
            raise DataError(
                f"{self.path} reads {self.source.name}, {self.source.layout.size} values a frame; the "
                f"clips have {clips[0].frames.shape[1]}."
            )
        return Bank(clips, self.vocabulary, self.usual, device)


def open_signer(path: Path, kind: str, settings_kind: type[Settings] = Settings) -> Signer:
    """A checkpoint's network, ready to answer. Raises DataError."""
    state = files.load(path, KINDS[kind].__name__)
    kept = state["kept"]
    settings: Settings = settings_of(settings_kind, state)
    vocabulary, source = Vocabulary(kept["words"]), SOURCES[kept["source"]]
    model = network(kind, len(vocabulary), source.layout, settings)
    model.load_state_dict(state["model"])
    return Signer(
        path=path,
        kind=kind,
        settings=settings,
        model=model.eval(),
        vocabulary=vocabulary,
        source=source,
        usual=Usual(mean=kept["mean"], scale=kept["scale"]),
        figures=state["figures"],
        state=state,
    )
