"""FastDiarizationModel halves time at each block and needs no length of its own."""

from __future__ import annotations

import pytest
import torch

from models.diarization import FastDiarizationModel, Residual


@pytest.mark.parametrize("length", [300, 301, 48])
def test_any_length_is_answered(length: int) -> None:
    model = FastDiarizationModel(80).eval()
    assert model(torch.randn(3, 80, length)).shape == (3, 2)
    assert Residual(4, 6)(torch.randn(2, 4, length)).shape == (2, 6, -(-length // 2))


def test_an_answer_does_not_depend_on_the_others_of_its_batch() -> None:
    model = FastDiarizationModel(1).eval()
    x = torch.randn(3, 1, 4000)
    assert torch.allclose(model(x)[1:2], model(x[1:2]), atol=1e-5)
