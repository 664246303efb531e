"""The pace of a training: what is counted, what is left alone, and that nothing goes faster than it can."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from jobs.training.pace import Pace, Rates, flops_of, rates_of, said

OFF = functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16, enabled=False)


def test_a_linear_layer_takes_three_products_there_and_back():
    model = nn.Linear(30, 20)
    x = torch.randn(8, 30, requires_grad=True)
    assert flops_of(model, lambda: model(x).sum().backward()) == 3 * 2 * 8 * 30 * 20


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_recurrent_layer_counts_however_its_frames_come(is_packed):
    """PyTorch's own counter knows one of the two ways alone."""
    model = nn.LSTM(12, 16, 2, batch_first=True, bidirectional=True)
    x = torch.randn(3, 10, 12, requires_grad=True)
    frames = 10 + 8 + 5 if is_packed else 30
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([10, 8, 5]), batch_first=True)

    def batch() -> None:
        out = model(packed)[0].data if is_packed else model(x)[0]
        out.sum().backward()

    forward = 2 * frames * 2 * 4 * 16 * ((12 + 16) + (32 + 16))
    assert flops_of(model, batch) == pytest.approx(
        3 * forward, rel=0.02
    )  # the state before the first frame needs no gradient


def test_attention_counts_its_two_products_and_five_on_the_way_back():
    q = torch.randn(2, 4, 50, 16, requires_grad=True)
    attend = functools.partial(nn.functional.scaled_dot_product_attention, q, q, q)
    product = 2 * 2 * 4 * 50 * 50 * 16
    assert flops_of(nn.Linear(1, 1), lambda: attend().sum().backward()) == 7 * product


def test_counting_leaves_no_trace():
    model = nn.Sequential(nn.Conv1d(4, 4, 3), nn.BatchNorm1d(4), nn.Dropout(0.5))
    x, before = torch.randn(2, 4, 9), {name: value.clone() for name, value in model.state_dict().items()}
    chance = torch.random.get_rng_state()
    flops_of(model, lambda: model(x).sum().backward())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(one.grad is None for one in model.parameters())
    assert torch.equal(torch.random.get_rng_state(), chance)


@pytest.mark.parametrize(
    ("rates", "least"),
    [
        (Rates(flops=1e6, bytes=1e30), 5 * 3 * 2 * 8 * 30 * 20 / 1e6),
        (Rates(flops=1e30, bytes=1e6), 29 * 2480 / 1e6),
    ],
)
def test_the_roofline_is_the_slower_of_counting_and_moving(monkeypatch, rates, least):
    """Five batches and two steps of 620 parameters, in ten seconds."""
    clock = iter([100.0, 110.0])
    monkeypatch.setattr("jobs.training.pace.time.perf_counter", lambda: next(clock))
    monkeypatch.setattr("jobs.training.pace.rates_of", lambda *_: rates)
    model = nn.Linear(30, 20)
    pace = Pace(model, OFF)
    x = torch.randn(8, 30, requires_grad=True)
    pace.begin(lambda: model(x).sum().backward())
    pace.batches, pace.steps = 5, 2
    found = pace.figures(8)
    assert found == pytest.approx({"speed/examples": 4.0, "speed/roofline": 100 * least / 10})
    assert said(found).startswith(" | 4 examples/s, ")


def test_an_epoch_in_which_nothing_was_done_has_no_pace():
    pace = Pace(nn.Linear(2, 2), OFF)
    pace.begin(lambda: pace.model(torch.ones(1, 2)).sum().backward())
    assert pace.figures(8) == {}
    assert said({}) == ""


def test_rates_are_those_of_this_machine_in_the_precision_asked_for():
    for dtype in (torch.float32, torch.bfloat16):
        found = rates_of(torch.device("cpu"), dtype)
        assert found.flops > 1e8
        assert found.bytes > 1e8
