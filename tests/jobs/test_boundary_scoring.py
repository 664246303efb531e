"""DER, boundary errors and the refined diarization; golden values come from the field's own scorer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jobs.boundary import scoring, statistics
from jobs.boundary.checkpoint import Saved
from jobs.boundary.refine import SHORTEST, Refiner, settle
from jobs.boundary.rttm import Segment, boundaries, match, read_rttms
from jobs.boundary.scoring import der, perfected, score
from jobs.boundary.settings import Settings
from models.boundary import Answer, build

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def said(*segments: tuple[float, float, str]) -> list[Segment]:
    return [Segment(*one) for one in segments]


TRUTH = said((0, 10, "a"), (10, 20, "b"))

CASES = [
    ("the same, under other names", TRUTH, said((0, 10, "x"), (10, 20, "y")), 0.0, 0.0),
    ("nothing found", TRUTH, [], 0.0, 100.0),
    ("everyone is one speaker", TRUTH, said((0, 20, "x")), 0.0, 50.0),
    ("two seconds missed", TRUTH, said((0, 10, "x"), (12, 20, "y")), 0.0, 10.0),
    ("two seconds too many", TRUTH, said((0, 10, "x"), (10, 22, "y")), 0.0, 10.0),
    ("the change one second late", TRUTH, said((0, 11, "x"), (11, 20, "y")), 0.0, 5.0),
    ("within the collar nothing counts", TRUTH, said((0, 10.2, "x"), (10.2, 20, "y")), 0.25, 0.0),
    ("overlap is speech twice", said((0, 10, "a"), (5, 10, "b")), said((0, 10, "x")), 0.0, 100 * 5 / 15),
    ("one speaker's segments may touch", said((0, 5, "a"), (5, 10, "a")), said((0, 10, "x")), 0.0, 0.0),
]


@pytest.mark.parametrize(
    ("story", "truth", "answer", "collar", "percent"), CASES, ids=[case[0] for case in CASES]
)
def test_der(story: str, truth: list[Segment], answer: list[Segment], collar: float, percent: float) -> None:
    assert der(truth, answer, collar=collar).percent == pytest.approx(percent, abs=1e-6)


def test_only_the_annotated_part_is_scored() -> None:
    late = said((0, 10, "x"), (10, 20, "y"), (30, 40, "z"))
    assert der(TRUTH, late).percent == pytest.approx(50)
    assert der(TRUTH, late, parts=((0.0, 20.0),)).percent == pytest.approx(0)


def test_recordings_are_added_up_by_duration() -> None:
    found = score({"a": TRUTH, "b": said((0, 20, "c"))}, {"a": TRUTH})
    assert found["der"] == pytest.approx(50)


def test_boundaries_are_matched_one_to_one_nearest_first() -> None:
    assert match([1.0, 2.0], [1.1, 1.2], 2.0) == pytest.approx([-0.1, 0.8])
    assert match([1.0], [4.0], 2.0) == []
    assert boundaries(said((0, 1, "a"), (1, 2, "b"))) == [0, 1, 2]


def test_the_command_prints_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "SPEAKER x 1 0.000 10.000 <NA> <NA> a <NA> <NA>\n"
    (tmp_path / "a.rttm").write_text(text)
    flags = ["--reference", str(tmp_path / "a.rttm"), "--hypothesis", str(tmp_path / "a.rttm")]
    assert scoring.main(flags) == 0
    assert "der" in capsys.readouterr().out


GOLDEN = [("dev", 0.0, 6.86), ("dev", 0.25, 3.44), ("test", 0.0, 10.97), ("test", 0.25, 5.99)]


@pytest.mark.skipif(not (SHARED / "vbx_output").exists(), reason=f"skipped: no {SHARED}")
@pytest.mark.parametrize(("split", "collar", "percent"), GOLDEN)
def test_a_real_systems_der_is_what_the_field_says(split: str, collar: float, percent: float) -> None:
    """pyannote.metrics 4.2.0 on the same files."""
    truth = read_rttms(SHARED / "voxconverse_rttm" / split)
    answer = read_rttms(SHARED / "vbx_output" / "offline_vbx_VoxConverse.rttm")
    total = sum((der(truth[uri], answer.get(uri, []), collar=collar) for uri in truth), scoring.Der())
    assert round(total.percent, 2) == percent


def test_perfect_boundaries_leave_only_the_errors_of_other_kinds() -> None:
    late = said((0.2, 10.3, "x"), (10.3, 14, "y"))
    assert perfected(TRUTH, late, 0.5) == said((0, 10, "x"), (10, 14, "y"))
    assert der(TRUTH, perfected(TRUTH, late, 0.5)).percent == pytest.approx(30)


@pytest.mark.skipif(not (SHARED / "vbx_output").exists(), reason=f"skipped: no {SHARED}")
@pytest.mark.parametrize(("reach", "percent"), [(0.25, 6.25), (0.5, 5.98)])
def test_what_perfect_boundaries_would_be_worth_to_a_real_system(reach: float, percent: float) -> None:
    truth = read_rttms(SHARED / "voxconverse_rttm" / "dev")
    answer = read_rttms(SHARED / "vbx_output" / "offline_vbx_VoxConverse.rttm")
    moved = {uri: perfected(truth[uri], answer.get(uri, []), reach) for uri in truth}
    total = sum((der(truth[uri], moved[uri]) for uri in truth), scoring.Der())
    assert round(total.percent, 2) == percent


@pytest.mark.skipif(not (SHARED / "vbx_output").exists(), reason=f"skipped: no {SHARED}")
def test_a_real_systems_boundary_errors_are_what_was_measured_before() -> None:
    truth = read_rttms(SHARED / "voxconverse_rttm" / "dev")
    found = score(truth, read_rttms(SHARED / "vbx_output" / "offline_vbx_VoxConverse.rttm"))
    assert (round(found["mae"]), round(found["median"]), round(found["bias"])) == (134, 71, 32)
    assert (round(found["acc50"], 1), round(found["acc100"], 1)) == (39.7, 61.2)


segments = st.lists(
    st.tuples(
        st.floats(0, 60), st.floats(0.1, 8), st.sampled_from("abc"), st.floats(-1, 1), st.floats(-1, 1)
    ),
    min_size=1,
    max_size=12,
)


@given(segments)
def test_no_move_breaks_the_order_or_makes_a_segment_vanish(
    drawn: list[tuple[float, float, str, float, float]],
) -> None:
    drawn = sorted(drawn)
    before = [Segment(start, start + length, name) for start, length, name, _, _ in drawn]
    wished = [
        Segment(one.start + a, one.stop + b, one.speaker)
        for one, (*_, a, b) in zip(before, drawn, strict=True)
    ]
    after = settle(before, wished)
    assert [one.speaker for one in after] == [one.speaker for one in before]
    for old, new in zip(before, after, strict=True):
        assert new.stop - new.start >= min(SHORTEST, old.stop - old.start) - 1e-9
    assert all(one.start <= two.start for one, two in pairwise(after))
    by_stop = sorted(range(len(before)), key=lambda number: before[number].stop)
    assert all(after[one].stop <= after[two].stop for one, two in pairwise(by_stop))
    for name in "abc":
        mine = [number for number, one in enumerate(before) if one.speaker == name]
        for one, two in pairwise(mine):
            apart = before[two].start >= before[one].stop
            assert not apart or after[two].start >= after[one].stop


class Still(torch.nn.Module):
    """A network that hears every boundary in the middle of its window."""

    def forward(self, frames: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> object:
        return Answer(torch.full((len(frames),), 0.1), None)


class Wild(torch.nn.Module):
    """A network that throws every boundary anywhere in its window."""

    def forward(self, frames: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> object:
        return Answer(torch.rand(len(frames)) * 2 - 1, None)


def test_whatever_a_network_says_a_refined_answer_is_one() -> None:
    """Thrown about at random, twenty times: the annotated stretches, the order and every segment survive."""
    chance = np.random.default_rng(5)
    samples = chance.standard_normal(8_000 * 30).astype(np.float32)
    torch.manual_seed(0)
    wild, moved = refiner(Wild()), 0
    for _ in range(20):
        edges = np.sort(chance.uniform(0.5, 29.5, 16)).reshape(-1, 2)
        given = said(*((float(a), float(b), "abc"[n % 3]) for n, (a, b) in enumerate(edges)))
        parts = ((5.0, 14.0), (16.0, 25.0))
        found = wild.refine(samples, given, parts)
        assert [one.speaker for one in found] == [one.speaker for one in given]
        for old, new in zip(given, found, strict=True):
            assert new.stop - new.start >= min(SHORTEST, old.stop - old.start) - 1e-9
            for was, now in ((old.start, new.start), (old.stop, new.stop)):
                first, last = next((one for one in parts if one[0] <= was <= one[1]), (was, was))
                assert first <= now <= last
                moved += now != was
        assert [one.start for one in found] == sorted(one.start for one in found)
        assert [one.stop for one in found] == sorted(one.stop for one in found)
    assert moved > 50


def refiner(model: torch.nn.Module) -> Refiner:
    settings = Settings(tokens=50, stride=4, model="mlp")
    return Refiner(Saved(settings=settings, model=model, errors=statistics.load().errors, best=0.0))


def test_a_refiner_moves_boundaries_by_what_the_network_says_within_the_annotated_part() -> None:
    """0.1 of a half-window of 0.98 s (windows start at whole spectra), but not beyond the annotation."""
    samples = np.random.default_rng(0).standard_normal(8_000 * 12).astype(np.float32)
    given = said((2, 4, "a"), (4.5, 6, "b"), (9, 11, "a"))
    found = refiner(Still()).refine(samples, given, ((0.0, 8.0),))
    assert [one.speaker for one in found] == ["a", "b", "a"]
    moved = [(new.start - old.start, new.stop - old.stop) for old, new in zip(given, found, strict=True)]
    assert np.allclose(moved[:2], 0.098, atol=6e-3)
    assert moved[2] == (0.0, 0.0)


def test_a_refiner_leaves_what_lies_outside_the_recording() -> None:
    samples = np.random.default_rng(0).standard_normal(8_000 * 5).astype(np.float32)
    given = said((0.0, 2, "a"), (3, 9.0, "b"))
    found = refiner(build("mlp").eval()).refine(samples, given)
    assert found[0].start == 0.0
    assert found[1].stop == 9.0
