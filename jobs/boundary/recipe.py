"""How boundary examples are made, as a few numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How examples are made."""

    source: str = "asterisk"
    sample_rate: int = 0
    """Hz; 0 takes 8,000 for telephone prompts and 16,000 for everything else."""
    dialogues: int = 1200
    val_dialogues: int = 60
    test_dialogues: int = 160
    turns: int = 10
    speeds: tuple[float, ...] = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25)
    """Each training voice is also heard slower and faster: more voices, all of them human."""
    tilt: float = 0.7
    seed: int = 0
    features: str = "mel"
    """What a frame is: mel or wavlm."""
    wavlm: str = ""
    """Weights of WavLM-Base, for wavlm."""

    def rate(self) -> int:
        """Samples a second."""
        return self.sample_rate or (8_000 if self.source == "asterisk" else 16_000)


RECIPES = {
    "full": Recipe(),
    "demo": Recipe(dialogues=600, val_dialogues=50, test_dialogues=160),
    "small": Recipe(dialogues=200, val_dialogues=20, test_dialogues=20),
}
