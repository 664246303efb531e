"""The flags of a sign training in the plan's spelling, at its full scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.training import files
from jobs.training import settings as general
from jobs.training.errors import DataError
from jobs.training.settings import LoopSettings

OPTIMIZERS = ("adamw", "adam")
SCHEDULERS = ("cosine", "restarts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(LoopSettings):
    """One training."""

    source: str = "data/phoenix-2014-multisigner"
    """PHOENIX-2014, skeletons or keypoints: see jobs/sign/readers.py."""
    features: str = ""
    """Where PHOENIX's {train,dev,test}/<id>.npz are; empty: <source>/features."""
    sentences: int = 400
    """Of a source of single signs: how many sentences are joined to train on."""
    output_dir: str = ""
    """Where everything is written; empty: --run_dir."""
    num_workers: int = 4
    """Threads that read clips at the start; from then on all of them are on the device."""
    epochs: int = 150
    batch_size: int = 8
    accumulation_steps: int = 2
    learning_rate: float = 3e-4
    min_lr: float = 1e-6
    warmup_epochs: float = 5.0
    scheduler: str = "cosine"
    restart_epochs: int = 50
    """Of the scheduler `restarts`: a cosine begins anew so often."""
    optimizer: str = "adamw"
    weight_decay: float = 1e-4
    dropout: float = 0.3
    label_smoothing: float = 0.0
    mixup_alpha: float = 0.0
    """Pairs of clips are laid over each other, by shares from Beta(a, a); 0: none are."""
    augment: bool = False
    """Clips are signed faster or slower, shaken, and now and then without a part of the body."""
    use_amp: bool = False
    """bfloat16 on a GPU; the loss is always float32."""
    max_grad_norm: float = 1.0
    narrow: int = 1
    """Every width is divided by it: what fits in minutes on a CPU."""
    patience: int = 40
    """Epochs without a better val/wer; it stands still for tens of epochs before it falls again."""
    save_every: int = 10
    wer_every: int = 10
    """train/wer is counted on each so manieth batch."""
    beam: int = 0
    """Test with a beam of this width as well; 0: greedy only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DistillSettings(Settings):
    """A student that learns from a teacher's answers and from the glosses."""

    source: str = ""
    """Empty: what the teacher learnt from."""
    teacher_checkpoint: str = ""
    """The teacher's best_model.pth; empty: of the newest run of teacher_v1."""
    soft_targets: str = ""
    """What extract_soft_targets left of that teacher; empty: of its newest run, or made at the start."""
    runs_dir: str = "runs"
    alpha: float = 0.7
    """The share of the teacher; the rest is the glosses'."""
    temperature: float = 3.0


def read(kind: type[Settings], arguments: Sequence[str] | None, *, prog: str) -> Settings:
    """The settings of a command line, in the loop's own words too. Raises DataError."""
    found = general.read(kind, arguments, prog=prog)
    for name, value, known in (
        ("optimizer", found.optimizer, OPTIMIZERS),
        ("scheduler", found.scheduler, SCHEDULERS),
    ):
        if value not in known:
            raise DataError(f"--{name} {value!r}: known are {' and '.join(known)}.")
    where = str(files.run_dir(found.output_dir or found.run_dir, prog.split(".")[-1]))
    precision = found.precision if found.use_amp or found.precision != "auto" else "fp32"
    return replace(found, run_dir=where, clip=found.max_grad_norm, precision=precision)
