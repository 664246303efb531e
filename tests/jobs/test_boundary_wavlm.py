"""WavLM's frames: as many as there are, where they lie, heard once, and what is said without weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from jobs.boundary import train, wavlm
from jobs.boundary.examples import CENTRE, Examples, Window
from jobs.boundary.features import BANDS
from jobs.boundary.recordings import ROOM, Recordings
from jobs.boundary.wavlm import RATE, WavLM, fitted
from jobs.training.errors import DataError


class Convolutions:
    """Hears what WavLM's front end hears: 400 samples each 320, and so one frame too few of every 4 s."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self, samples: Tensor) -> Tensor:
        self.heard += 1
        mean = samples.unfold(1, 400, 320).mean(dim=-1)
        return mean[:, :, None] * torch.linspace(1, 2, 768)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)


def test_four_seconds_are_two_hundred_frames_though_the_network_makes_199() -> None:
    four = noise(4.0)
    assert Convolutions()(torch.from_numpy(four)[None]).shape[1] == 199
    assert WavLM("", None, Convolutions())(four, RATE).shape == (200, 768)
    assert WavLM("", None, Convolutions())(four[::2], RATE // 2).shape == (200, 768)


def test_the_real_front_end_makes_199_too() -> None:
    import torchaudio

    model = torchaudio.models.wavlm_model(
        "group_norm", None, False, 768, 0.0, 128, 16, 1, 12, 320, 800, 0.0, 768, 0.0, 0.0, False, 0.0, None
    ).eval()
    with torch.inference_mode():
        assert model.extract_features(torch.zeros(1, 4 * RATE))[0][-1].shape == (1, 199, 768)


def test_pieces_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = noise(4.01)
    whole = WavLM("", None, Convolutions())(samples, RATE)
    monkeypatch.setattr(wavlm, "PIECE", 60)
    monkeypatch.setattr(wavlm, "CONTEXT", 7)
    assert np.array_equal(WavLM("", None, Convolutions())(samples, RATE), whole)
    assert len(whole) == 201


def test_one_frame_too_few_is_made_up_and_more_are_refused() -> None:
    frames = torch.arange(199.0)[:, None].expand(-1, 768)
    assert fitted(frames, 200)[-2:, 0].tolist() == [198.0, 198.0]
    assert len(fitted(frames, 198)) == 198
    with pytest.raises(DataError, match=r"expected \(210, 768\)"):
        fitted(frames, 210)


def test_what_was_heard_is_kept_and_what_was_broken_off_is_heard_again(tmp_path: Path) -> None:
    first = Convolutions()
    told = WavLM("", tmp_path, first)(noise(2.0), RATE)
    (kept,) = tmp_path.rglob("*.npy")
    again = Convolutions()
    assert np.array_equal(WavLM("", tmp_path, again)(noise(2.0), RATE), told)
    assert (first.heard, again.heard) == (1, 0)
    kept.rename(kept.with_suffix(".part"))
    assert np.array_equal(WavLM("", tmp_path, again)(noise(2.0), RATE), told)
    assert again.heard == 1


def test_a_window_of_frames_is_centred_where_the_system_put_the_boundary() -> None:
    count = 300 + ROOM // 2
    recordings = Recordings(
        spectra=torch.zeros(2 * count, BANDS),
        time=torch.tensor([ROOM + 300.7], dtype=torch.float64),
        left=torch.tensor([0]),
        right=torch.tensor([0]),
        onset=torch.tensor([True]),
        recording=torch.tensor([0]),
        voices=torch.zeros(1, 3 * BANDS),
        frames=(2 * torch.arange(count)[:, None] + CENTRE).double().expand(-1, 768),
    )
    for window in (Window(tokens=200, stride=2), Window(tokens=50, stride=4)):
        batch = Examples(recordings, window, torch.device("cpu")).batch(
            torch.tensor([0]), torch.tensor([0.2])
        )
        assert batch.frames.shape == (1, window.tokens, 768)
        centre = batch.frames.double().mean().item()
        assert (ROOM + 300.7 - centre) * 0.01 == pytest.approx(batch.error.item(), abs=1e-4)
        assert batch.error.item() == pytest.approx(0.2, abs=0.0101)
    with pytest.raises(DataError, match="has to be even"):
        Examples(recordings, Window(tokens=50, stride=3), torch.device("cpu"))


@pytest.mark.parametrize("model", ["contrastive", "mlp"])
def test_a_training_on_frames_of_wavlm_learns_and_is_judged(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr(wavlm, "load", lambda weights: Convolutions())
    weights = tmp_path / "wavlm_base.pth"
    weights.write_bytes(b"weights")
    flags = ["--features", "wavlm", "--wavlm", str(weights), "--model", model, "--epochs", "1"]
    assert train.main([*tiny, *flags, "--run_dir", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run/best.pt").exists()


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ("", "needs --wavlm PATH: torchaudio's wavlm_base.pth, or a folder"),
        ("/nowhere.pth", "/nowhere.pth: there are no WavLM weights there"),
    ],
)
def test_without_weights_one_sentence_says_what_to_give(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: str, sentence: str
) -> None:
    flags = ["--features", "wavlm", "--wavlm", weights, "--run_dir", str(tmp_path / "run")]
    assert train.main([*tiny, *flags]) == 2
    assert sentence in capsys.readouterr().err.strip().splitlines()[-1]
