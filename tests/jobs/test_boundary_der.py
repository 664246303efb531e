"""Error rates and boundary errors against a plain count, the field's own scorer, and figures measured elsewhere."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from jobs.boundary import scoring
from jobs.boundary.rttm import Segment, read_rttms, read_uems, write_rttm
from jobs.boundary.scoring import der, oracle, perfected, score

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
REAL = pytest.mark.skipif(not (SHARED / "vbx_output").exists(), reason=f"skipped: no {SHARED}")
STEP = 0.01
VBX = "offline_vbx_VoxConverse"


def drawn(chance: random.Random, names: str) -> list[Segment]:
    """A conversation on a grid of 10 ms; a third of them with speakers who talk into themselves."""
    rushed = chance.random() < 1 / 3
    found = []
    for name in names:
        at = chance.randrange(300)
        for _ in range(chance.randrange(6)):
            length = chance.randrange(5, 500)
            found.append(Segment(at * STEP, (at + length) * STEP, name))
            at += round(length * chance.uniform(0.4, 1.1)) if rushed else length + chance.randrange(1, 300)
    return sorted(found)


def case(number: int) -> tuple[list[Segment], list[Segment], float, bool, tuple[float, float]]:
    chance = random.Random(number)
    truth = drawn(chance, "abc"[: chance.randint(1, 3)]) or [Segment(0.0, 1.0, "a")]
    answer = drawn(chance, "wxyz"[: chance.randint(1, 4)])
    part = (chance.randrange(300) * STEP, chance.randrange(800, 3000) * STEP)
    return truth, answer, chance.choice([0.0, 0.1, 0.25]), chance.random() < 0.5, part


def counted(
    truth: list[Segment], answer: list[Segment], collar: float, skip: bool, part: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Missed, false, confused and spoken seconds, one 10 ms after the other under every mapping of speakers."""
    length = round(max([one.stop for one in (*truth, *answer)] + [part[1]]) / STEP) + 30
    asked = np.zeros(length, dtype=bool)
    asked[round(part[0] / STEP) : round(part[1] / STEP)] = True

    def active(segments: list[Segment]) -> np.ndarray:
        names = sorted({one.speaker for one in segments})
        rows = np.zeros((len(names), length), dtype=int)
        for one in segments:
            rows[names.index(one.speaker), round(one.start / STEP) : round(one.stop / STEP)] += 1
        return rows

    said, heard = active(truth), active(answer)
    for one in truth:
        for edge in (one.start, one.stop) if collar else ():
            asked[max(0, round((edge - collar) / STEP)) : round((edge + collar) / STEP)] = False
    if skip:
        asked &= said.sum(axis=0) <= 1
    said, heard = said[:, asked], heard[:, asked]
    short, long = (said, heard) if len(said) <= len(heard) else (heard, said)
    # The mapping is the one with most time in common; what is right under it is counted afterwards.
    best = max(
        permutations(range(len(long)), len(short)),
        key=lambda order: sum((short[i] * long[j]).sum() for i, j in enumerate(order)),
    )
    right = sum(int(np.minimum(short[i], long[j]).sum()) for i, j in enumerate(best))
    spoken, claimed = said.sum(axis=0), heard.sum(axis=0)
    missed = np.maximum(spoken - claimed, 0).sum()
    false = np.maximum(claimed - spoken, 0).sum()
    confused = np.minimum(spoken, claimed).sum() - right
    return tuple(float(value) * STEP for value in (missed, false, confused, spoken.sum()))  # type: ignore[return-value]


def test_three_hundred_conversations_are_scored_as_a_plain_count_scores_them() -> None:
    for number in range(300):
        truth, answer, collar, skip, part = case(number)
        found = der(truth, answer, collar=collar, skip_overlap=skip, part=part)
        seconds = (found.missed, found.false_alarm, found.confused, found.speech)
        assert seconds == pytest.approx(counted(truth, answer, collar, skip, part), abs=1e-6), number


def test_three_hundred_conversations_are_scored_as_the_fields_own_scorer_does() -> None:
    core = pytest.importorskip("pyannote.core", reason="skipped: pyannote.metrics is not installed")
    metrics = pytest.importorskip("pyannote.metrics.diarization")

    def annotation(segments: list[Segment]) -> object:
        found = core.Annotation()
        for number, one in enumerate(segments):
            found[core.Segment(one.start, one.stop), number] = one.speaker
        return found

    for number in range(300):
        truth, answer, collar, skip, part = case(number)
        theirs = metrics.DiarizationErrorRate(collar=2 * collar, skip_overlap=skip)(
            annotation(truth),
            annotation(answer),
            uem=core.Timeline([core.Segment(*part)]),
            detailed=True,
        )
        found = der(truth, answer, collar=collar, skip_overlap=skip, part=part)
        names = ("missed detection", "false alarm", "confusion", "total")
        seconds = (found.missed, found.false_alarm, found.confused, found.speech)
        assert seconds == pytest.approx([theirs[name] for name in names], abs=1e-6), number


@REAL
@pytest.mark.parametrize(("split", "rates", "speech"), [("dev", (6.86, 3.44, 1.14), 70_733.3), ("test", (10.97, 5.99, 4.31), 144_792.9)])  # fmt: skip
def test_one_answer_has_three_error_rates_and_all_are_the_fields(
    split: str, rates: tuple[float, ...], speech: float
) -> None:
    truth = read_rttms(SHARED / "voxconverse_rttm" / split)
    answer = read_rttms(SHARED / "vbx_output" / f"{VBX}.rttm")
    for rate, (collar, skip) in zip(rates, [(0.0, False), (0.25, False), (0.25, True)], strict=True):
        parts = [der(truth[uri], answer.get(uri, []), collar=collar, skip_overlap=skip) for uri in truth]
        total = sum(parts, scoring.Der())
        assert round(total.percent, 2) == rate
        assert collar or round(total.speech, 1) == speech


@REAL
@pytest.mark.parametrize(
    ("name", "rates"),
    [("offline_vbx_AMI", (24.14, 16.19, 6.64)), ("offline_vbx+overlap_aware_segmentation_AMI", (19.92, 12.79, 6.77))],
)  # fmt: skip
def test_meetings_are_scored_within_their_annotated_part(name: str, rates: tuple[float, ...]) -> None:
    truth = read_rttms(SHARED / "ami_rttm/only_words/rttms/test")
    parts = read_uems(SHARED / "ami_rttm/uems/test")
    answer = read_rttms(SHARED / "vbx_output" / f"{name}.rttm")
    assert parts.keys() == truth.keys()
    for rate, (collar, skip) in zip(rates, [(0.0, False), (0.25, False), (0.25, True)], strict=True):
        found = [
            der(truth[uri], answer.get(uri, []), collar=collar, skip_overlap=skip, part=parts[uri])
            for uri in truth
        ]
        assert round(sum(found, scoring.Der()).percent, 2) == rate


TABLE = [
    ("dev", {}, (8480, 16116, 134, 71, 32, 233), (39.7, 61.2, 80.2, 95.9)),
    ("dev", {"tolerance": 0.5}, (8136, 16116, 104, 67, 28, 145), (41.3, 63.7, 83.6, 100.0)),
    ("dev", {"mode": "changes"}, (3186, 4639, 280, 144, 17, 454), (23.5, 39.5, 59.3, 84.1)),
    ("test", {}, (19273, 38478, 181, 96, 14, 314), (29.5, 51.3, 74.3, 92.4)),
]


@REAL
@pytest.mark.parametrize(("split", "ways", "counts", "shares"), TABLE)
def test_boundary_errors_are_those_of_the_golden_table(
    split: str, ways: dict[str, float | str], counts: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    truth = read_rttms(SHARED / "voxconverse_rttm" / split)
    answer = read_rttms(SHARED / "vbx_output" / f"{VBX}.rttm")
    found = score(truth, answer, **ways)  # type: ignore[arg-type]
    names = ("matched", "asked", "mae", "median", "bias", "deviation")
    assert [round(found[name]) for name in names] == pytest.approx(counts, abs=1)
    assert [found[f"acc{limit}"] for limit in (50, 100, 200, 500)] == pytest.approx(shares, abs=0.06)


def test_boundaries_put_right_within_the_collar_change_no_rate_that_leaves_the_collar_out() -> None:
    moved = 0
    for number in range(300):
        truth, answer, _, skip, part = case(number)
        right = perfected(truth, answer, 0.25)
        moved += right != answer
        was, now = (der(truth, one, collar=0.25, skip_overlap=skip, part=part) for one in (answer, right))
        for name in ("missed", "false_alarm", "confused", "speech"):
            assert getattr(now, name) == pytest.approx(getattr(was, name), abs=1e-6), number
    assert moved > 100


@REAL
def test_perfect_boundaries_are_worth_what_was_measured_before() -> None:
    truth = read_rttms(SHARED / "voxconverse_rttm/dev")
    answer = read_rttms(SHARED / "vbx_output" / f"{VBX}.rttm")
    assert round(score(truth, oracle(truth, answer, 0.25), collar=0.25)["der"], 2) == 3.44
    assert round(score(truth, oracle(truth, answer, 0.5), collar=0.25, skip_overlap=True)["der"], 2) == 1.06


def test_an_error_rate_is_printed_with_its_convention_and_the_trap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rttm(tmp_path / "truth.rttm", {"x": [Segment(0, 10, "a"), Segment(8, 20, "b")]})
    write_rttm(tmp_path / "system.rttm", {"x": [Segment(0, 20, "s")]})
    flags = ["--reference", str(tmp_path / "truth.rttm"), "--hypothesis", str(tmp_path / "system.rttm")]
    assert scoring.main(flags) == 0
    assert "DER with no collar, overlapping speech scored" in capsys.readouterr().out
    assert scoring.main([*flags, "--collar", "0.25", "--skip_overlap"]) == 0
    said = capsys.readouterr().out
    assert "±0.25 s around reference boundaries left out, overlapping speech left out" in said
    assert "with overlapping speech scored it is" in said


@pytest.mark.parametrize(
    ("reference", "hypothesis", "sentence"),
    [
        ("all", "system.rttm", "holds dev and test: give one of them"),
        ("nowhere", "system.rttm", "nowhere is not there"),
        ("all/dev", "other.rttm", "says nothing about any recording"),
    ],
)
def test_what_cannot_be_compared_is_not_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str, hypothesis: str, sentence: str
) -> None:
    for split, uri in (("dev", "x"), ("test", "y")):
        (tmp_path / "all" / split).mkdir(parents=True)
        write_rttm(tmp_path / "all" / split / f"{uri}.rttm", {uri: [Segment(0, 1, "a")]})
    write_rttm(tmp_path / "system.rttm", {"x": [Segment(0, 1, "a")], "y": [Segment(0, 1, "a")]})
    write_rttm(tmp_path / "other.rttm", {"z": [Segment(0, 1, "a")]})
    flags = ["--reference", str(tmp_path / reference), "--hypothesis", str(tmp_path / hypothesis)]
    assert scoring.main(flags) == 2
    assert sentence in capsys.readouterr().err
