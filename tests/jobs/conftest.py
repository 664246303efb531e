"""A few people who hum instead of talking: speech-like enough to be cut, mixed, learnt and refined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from jobs.boundary import data
from jobs.boundary.recipe import RECIPES, Recipe

RATE = 8_000
TINY = Recipe(
    source="hum",
    sample_rate=RATE,
    dialogues=6,
    val_dialogues=3,
    test_dialogues=3,
    turns=4,
    speeds=(1.0,),
    tilt=0.0,
)


def hum(pitch: float, seconds: float, seed: int) -> np.ndarray:
    """A voice of one pitch that comes and goes four times a second, in a little noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * pitch * k * time + random.uniform(0, 6)) / k for k in (1, 2, 3, 5))
    return (
        0.1 * voice * (1.2 + np.sin(2 * np.pi * 4 * time)) + 0.001 * random.standard_normal(len(time))
    ).astype(np.float32)


def speak(path: Path, pitch: float, seed: int) -> None:
    """One recording: silence, a phrase, a pause, a phrase, silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rest = np.zeros(round(0.4 * RATE), dtype=np.float32)
    parts = [rest, hum(pitch, 1.6, seed), rest, hum(pitch, 2.2, seed + 1), rest]
    soundfile.write(path, np.concatenate(parts), RATE)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six speakers in LibriSpeech's layout, three recordings each."""
    folder = tmp_path_factory.mktemp("people")
    for number in range(6):
        for utterance in range(3):
            name = f"{100 + number}-7-{utterance:04d}.wav"
            speak(folder / str(100 + number) / "7" / name, 90.0 + 45 * number, 10 * number + 2 * utterance)
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where examples are kept, shared by all tests of this session."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, people: Path, home: Path) -> list[str]:
    """The flags of a training that takes a second, on the humming people."""
    torch.set_num_threads(1)
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.delenv("TRAINUI_METRICS", raising=False)
    monkeypatch.delenv("TRAINUI_RUN_DIR", raising=False)
    assert data.RECIPES is RECIPES
    return [
        *("--model", "mlp", "--data", "tiny", "--source", str(people), "--data_dir", str(home)),
        *("--epochs", "4", "--batch_size", "8", "--tokens", "25", "--stride", "8", "--copies", "1"),
        *("--warmup_steps", "4", "--log_every", "2", "--ema", "0.9", "--patience", "0", "--threads", "1"),
    ]
