"""The three boundary networks: their sizes to the last parameter, their shapes, what they can see."""

import pytest
import torch
from torch import nn

from models.boundary import MODELS, BoundaryMLP, build, count_parameters

SIZES = [
    ("transformer", "standard", 1_402_498),
    ("mlp", "standard", 822_017),
    ("contrastive", "standard", 361_200),
    ("transformer", "large", 3_507_330),
]


def windows(frames: int, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(batch, frames, 768), torch.randn(batch, 256), torch.randn(batch, 256)


@pytest.mark.parametrize(("name", "size", "parameters"), SIZES)
def test_a_network_has_exactly_the_parameters_of_the_plan(name: str, size: str, parameters: int) -> None:
    assert count_parameters(build(name, size=size)) == parameters


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("frames", [25, 50, 199, 200])
def test_a_network_reads_windows_of_any_length_up_to_200_frames(name: str, frames: int) -> None:
    """199 is what WavLM really gives for 4 s; a hard-coded 200 once crashed there."""
    answer = build(name)(*windows(frames))
    assert answer.offset.shape == (3,)
    assert answer.logits is None or answer.logits.shape == (3, frames)


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_learns(name: str) -> None:
    model = build(name, dropout=0.0)
    answer = model(*windows(50))
    loss = answer.offset.square().sum()
    if answer.logits is not None:
        loss = loss + answer.logits.logsumexp(-1).sum()
    loss.backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


@pytest.mark.parametrize("name", MODELS)
def test_swapping_the_two_voices_changes_the_answer(name: str) -> None:
    model = build(name).eval()
    frames, left, right = windows(50)
    assert not torch.allclose(model(frames, left, right).offset, model(frames, right, left).offset)


@pytest.mark.parametrize("name", MODELS)
def test_windows_of_a_batch_do_not_see_each_other(name: str) -> None:
    model = build(name).eval()
    frames, left, right = windows(50)
    alone = model(frames[:1], left[:1], right[:1]).offset
    torch.testing.assert_close(model(frames, left, right).offset[:1], alone, atol=1e-5, rtol=1e-4)


def test_the_mlp_sees_when_something_happens_not_only_what() -> None:
    """A mean over time would give these two windows the same picture."""
    early = torch.zeros(1, 50, 768)
    early[:, 5:10] = 1.0
    late = early.flip(1)
    model = BoundaryMLP()
    assert not torch.allclose(model.picture(early), model.picture(late))


@pytest.mark.parametrize("name", MODELS)
def test_a_network_is_plain_pytorch(name: str) -> None:
    assert isinstance(build(name), nn.Module)
