"""The sign networks: their sizes, what they answer, and that what lies behind the end of a clip says nothing."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from models.sign import SignStudent, SignTeacher
from models.sign_parts import HOLISTIC, Layout, shortened, with_motion

TINY = Layout(pose=slice(0, 6), face=slice(6, 6), hands=slice(6, 12))
BOTH = pytest.mark.parametrize("kind", [SignTeacher, SignStudent])


def small(kind):
    torch.manual_seed(0)
    return kind(5, TINY, 0.3, 16 if kind is SignTeacher else 8).eval()


@pytest.mark.parametrize(
    ("kind", "classes", "count"),
    [
        (SignTeacher, 1296, 27_316_671),
        (SignTeacher, 973, 26_985_596),
        (SignStudent, 1296, 7_152_050),
        (SignStudent, 973, 6_986_351),
    ],
)
def test_it_has_the_plans_size_within_one_in_a_hundred(kind, classes, count) -> None:
    with torch.device("meta"):
        model = kind(classes)
    assert sum(one.numel() for one in model.parameters()) == pytest.approx(count, rel=0.01)


@BOTH
def test_the_probabilities_of_a_frame_sum_to_one_at_a_quarter_of_the_frames(kind) -> None:
    """The original answered logits, and CTC learnt nothing of them."""
    lengths = torch.tensor([21, 9, 1])
    answer, frames = small(kind)(torch.randn(3, 21, 12), lengths)
    assert answer.shape == (3, 6, 5)
    assert frames.tolist() == shortened(lengths).tolist() == [6, 3, 1]
    assert torch.allclose(answer.exp().sum(dim=2), torch.ones(3, 6), atol=1e-5)
    assert answer.dtype == torch.float32


@BOTH
def test_neither_padding_nor_its_neighbours_change_what_is_said_of_a_clip(kind) -> None:
    model, x = small(kind), torch.randn(1, 13, 12)
    alone, frames = model(x, torch.tensor([13]))
    longer = torch.cat([x, 100 * torch.randn(1, 8, 12)], dim=1)
    beside = torch.cat([longer, torch.randn(1, 21, 12)])
    among, _ = model(beside, torch.tensor([13, 21]))
    count = int(frames[0])
    assert torch.allclose(alone[0, :count], among[0, :count], atol=1e-5)


@BOTH
def test_another_layout_is_refused_and_so_is_one_with_a_hole(kind) -> None:
    model = small(kind)
    with pytest.raises(ValueError, match="12 values a frame, the data have 13"):
        model(torch.randn(1, 8, 13), torch.tensor([8]))
    with pytest.raises(ValueError, match="belong to no part"):
        Layout(pose=slice(0, 4), face=slice(4, 4), hands=slice(6, 12)).check(12)
    HOLISTIC.check(1629)
    with pytest.raises(ValueError, match="the data have 6516"):
        HOLISTIC.check(6516)


def test_each_part_of_the_body_is_read_by_the_network_of_that_part() -> None:
    """The original's extractor wrote the face where its model read the hands."""
    model = small(SignTeacher)
    names = {encoder: name for name, encoder in model.encoders.parts.items()}
    for part, place in (("pose", 2), ("hands", 8)):
        x = torch.zeros(1, 4, 12)
        x[..., place] = torch.tensor([1.0, 2.0, 3.0, 4.0])
        seen: dict[str, float] = {}

        def note(encoder: torch.nn.Module, given: tuple[torch.Tensor], seen=seen) -> None:
            seen[names[encoder]] = float(given[0].abs().sum())

        handles = [encoder.register_forward_pre_hook(note) for encoder in names]
        model(x, torch.tensor([4]))
        for handle in handles:
            handle.remove()
        other = "hands" if part == "pose" else "pose"
        assert seen[part] == 10
        assert seen[other] == 0
        assert seen["motion"] > 10


def test_motion_is_what_changed_since_the_frame_before() -> None:
    x = torch.tensor([0.0, 1.0, 3.0, 6.0]).view(1, 4, 1)
    assert with_motion(x)[0].T.tolist() == [[0, 1, 3, 6], [0, 1, 2, 3], [0, 1, 1, 1]]


@BOTH
def test_it_learns_a_handful_of_signs_in_a_few_steps(kind) -> None:
    """Without a way past its blocks and its LSTM it stayed at blanks for a thousand."""
    torch.manual_seed(0)
    model = kind(7, TINY, 0.0, 8 if kind is SignTeacher else 4)
    x, lengths = torch.randn(6, 12, 12).cumsum(dim=1), torch.full((6,), 12)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    first = last = 0.0
    for step in range(60):
        answer, frames = model(x, lengths)
        loss = functional.ctc_loss(answer.transpose(0, 1), torch.arange(1, 7), frames, torch.ones(6).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        first, last = first if step else float(loss.detach()), float(loss.detach())
    assert first > 1
    assert last < 0.3
