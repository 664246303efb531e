"""What a teacher says of every clip, kept small, and the loss that teaches a student to say it.

Shapes: B clips, T frames of the answer, K classes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jobs.sign.clips import Bank
from jobs.sign.ctc import ctc_loss
from jobs.sign.readers import Corpus
from jobs.sign.settings import DistillSettings
from jobs.sign.signer import Signer, frames_of
from jobs.sign.signing import Batch, Signing
from jobs.training import files
from jobs.training.errors import DataError
from jobs.training.report import Report

WHAT = "soft targets"
TOP = 32
"""Classes of each frame that are kept; the rest of the probability is spread over the others."""


def digest_of(signer: Signer) -> str:
    """What tells one teacher from another: its weights."""
    told = hashlib.sha256()
    for name, one in sorted(signer.state["model"].items()):
        told.update(name.encode())
        told.update(one.contiguous().numpy().tobytes())
    return told.hexdigest()


@torch.inference_mode()
def extract(teacher: Signer, bank: Bank, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """What a soft-target file holds: each clip's 32 highest log-probabilities a frame, float16, and their classes."""
    model = teacher.model.to(bank.device).eval()
    clips: dict[str, dict[str, Tensor]] = {}
    lost = 0.0
    for which in bank.in_order(16):
        x_BTF, lengths = bank.gather(which)
        logp_BTK, _ = model(x_BTF, torch.tensor(lengths, device=bank.device))
        values, classes = logp_BTK.topk(min(TOP, logp_BTK.shape[2]), dim=2)
        for place, (one, frames) in enumerate(zip(which, frames_of(lengths), strict=True)):
            top = values[place, :frames].cpu()
            lost += float((1 - top.exp().sum(dim=1)).clamp(min=0).mean()) / len(bank)
            clips[bank.clips[one].name] = {
                "logp": top.half(),
                "of": classes[place, :frames].to(torch.int16).cpu(),
            }
    tell(
        f"{len(clips)} clips; on average {100 * lost:.2f} % of the probability is outside the {TOP} classes kept"
    )
    return {
        "what": WHAT,
        "teacher": digest_of(teacher),
        "words": list(teacher.vocabulary.words),
        "source": teacher.source.name,
        "clips": clips,
    }


def dense(kept: Mapping[str, Tensor], classes: int) -> Tensor:
    """Log-probabilities (T, K) of one clip; what was not kept shares what is left."""
    logp = kept["logp"].float()
    others = classes - logp.shape[1]
    rest = (1 - logp.exp().sum(dim=1, keepdim=True)).clamp(min=1e-8) / max(1, others)
    return rest.log().expand(-1, classes).scatter(1, kept["of"].long(), logp)


def soft_loss(student_BTK: Tensor, teacher_BTK: Tensor, frames: Sequence[int], temperature: float) -> Tensor:
    """KL(teacher‖student) summed over classes, a mean over frames that exist, times τ²; float32.

    `batchmean` of (B, T, K) would divide by clips alone and let padding teach.
    """
    with torch.autocast(student_BTK.device.type, enabled=False):
        student = F.log_softmax(student_BTK.float() / temperature, dim=2)
        teacher = F.log_softmax(teacher_BTK.float() / temperature, dim=2)
        apart_BT = (teacher.exp() * (teacher - student)).sum(dim=2)
        length = torch.tensor(frames, device=apart_BT.device)
        inside = torch.arange(apart_BT.shape[1], device=apart_BT.device)[None] < length[:, None]
        return temperature**2 * (apart_BT * inside).sum() / inside.sum()


def load_targets(path: Path, teacher: Signer) -> Mapping[str, Mapping[str, Tensor]]:
    """The clips of a soft-target file. Raises DataError for another teacher's."""
    state = files.load(path, WHAT)
    if state["teacher"] != digest_of(teacher):
        raise DataError(f"{path} was extracted from another teacher than {teacher.path}.")
    clips: Mapping[str, Mapping[str, Tensor]] = state["clips"]
    return clips


class Distilling(Signing):
    """A student beside its teacher's answers."""

    settings: DistillSettings

    def __init__(
        self,
        settings: DistillSettings,
        report: Report,
        corpus: Corpus,
        teacher: Signer,
        targets: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> None:
        """`targets`: stored ones; None: the teacher is asked now. Raises DataError."""
        for name in ("mixup_alpha", "label_smoothing"):
            if getattr(settings, name):
                raise DataError(f"--{name} is not for a student that is taught; leave it out.")
        if not 0 <= settings.alpha <= 1 or not settings.temperature > 0:
            raise DataError("--alpha lies from 0 to 1, and --temperature above 0.")
        super().__init__(settings, report, corpus, "student")
        if self.vocabulary.words != teacher.vocabulary.words or corpus.source.name != teacher.source.name:
            raise DataError(
                f"{teacher.path} knows {len(teacher.vocabulary)} classes of {teacher.source.name}, and these data "
                f"have {len(self.vocabulary)} of {corpus.source.name}: they are not the same."
            )
        if targets is None:
            bank = teacher.bank(corpus.splits["train"], self.device)
            targets = extract(teacher, bank, report.say)["clips"]
        self.targets = targets
        for name, length in zip((clip.name for clip in self.train.clips), self.train.lengths, strict=True):
            if name not in targets or len(targets[name]["logp"]) != frames_of([length])[0]:
                raise DataError(f"The soft targets of clip {name} are missing or of another length.")
        report.say(f"taught by {teacher.path} (val WER {teacher.figures.get('val/wer', math.nan):.2f}%)")

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """alpha × what the teacher says + (1 − alpha) × CTC."""
        number, which = batch
        x_BTF, lengths = self.clips_of(which, keeps_time=True)
        logp_BTK, _ = self.forward(x_BTF, torch.tensor(lengths, device=self.device))
        frames = frames_of(lengths)
        hard, feasible = ctc_loss(logp_BTK, frames, [self.train.targets[one] for one in which])
        soft = soft_loss(logp_BTK, self._taught(which, max(frames)), frames, self.settings.temperature)
        told = self.counted(number, which, logp_BTK, frames, feasible)
        parts = {"train/soft_loss": (soft.detach(), 1), "train/hard_loss": (hard.detach(), 1)}
        return self.settings.alpha * soft + (1 - self.settings.alpha) * hard, told | parts

    def _taught(self, which: Sequence[int], frames: int) -> Tensor:
        """The teacher's answers to a batch (B, T, K); padding is flat."""
        classes = len(self.vocabulary)
        lines = []
        for one in which:
            kept = {
                name: part.to(self.device) for name, part in self.targets[self.train.clips[one].name].items()
            }
            said = dense(kept, classes)
            lines.append(F.pad(said, (0, 0, 0, frames - len(said)), value=-math.log(classes)))
        return torch.stack(lines)
