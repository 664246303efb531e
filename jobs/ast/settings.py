"""What may be chosen of an AST fine-tuning; the defaults are the plan's full scale."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.training.settings import LoopSettings

WARMUPS = ("factor", "absolute")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(LoopSettings):
    """One training."""

    source: str = "data/UrbanSound8K"
    """A folder: UrbanSound8K, ESC-50, or a table of clips (clips.csv) with split.json."""
    val_fold: int = 0
    """The fold to validate on; 0: the last but one there is. No clip's neighbour is ever on the other side."""
    test_fold: int = 0
    """The fold to test on in the end; 0: the last there is."""
    size: str = "base"
    """`base` (86 million parameters) or `tiny` (1.8 million)."""
    pretrained: str = ""
    """Weights of Hugging Face's ASTModel, as MIT/ast-finetuned-audioset-10-10-0.4593; empty starts from nothing."""
    epochs: int = 50
    batch_size: int = 4
    backbone_lr: float = 5e-5
    head_lr: float = 1e-3
    """Twenty times the backbone's: the head is new."""
    weight_decay: float = 1e-2
    warmup_epochs: float = 0.0
    warmup: str = "factor"
    """`factor`: each group's own rate times 0 to 1. `absolute`: every group is raised until the backbone has
    `warmup_to`, as the plan's script did: what rates were chosen is overwritten."""
    warmup_to: float = 1e-3
    gamma: float = 2.0
    """Of the focal loss; 0 is cross-entropy."""
    dropout: float = 0.1
    spec_augment: float = 0.0
    """The share of clips of which a band (15) and a stretch (35 frames) are hidden; the plan's phase 5: 0.8."""
    mixup: float = 0.0
    """The share of batches whose clips are mixed in pairs (alpha 0.4); the plan's phase 5: 0.6."""
    patience: int = 7
    preflight_steps: int = 0
    """Before training, learn a handful of clips by heart in at most so many steps."""
