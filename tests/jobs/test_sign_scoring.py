"""WER, CTC and distillation as plain counting has them; a constant answer beside every WER."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from jobs.sign import ctc, distilling
from jobs.sign.wer import constant_line, edits, edits_phoenix, simplified

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "phoenix_sample"


def plain_distance(reference: list[str], hypothesis: list[str]) -> int:
    table = np.zeros((len(reference) + 1, len(hypothesis) + 1), dtype=int)
    table[:, 0], table[0] = np.arange(len(reference) + 1), np.arange(len(hypothesis) + 1)
    for i, j in itertools.product(range(len(reference)), range(len(hypothesis))):
        same = table[i, j] + (reference[i] != hypothesis[j])
        table[i + 1, j + 1] = min(same, table[i, j + 1] + 1, table[i + 1, j] + 1)
    return int(table[-1, -1])


def corpus(seed: int) -> tuple[list[list[str]], list[list[str]]]:
    chance = random.Random(seed)
    words = "ABCDE"[: chance.randint(1, 5)]

    def sentence(least: int) -> list[str]:
        return [chance.choice(words) for _ in range(chance.randint(least, 9))]

    count = chance.randint(1, 6)
    return [sentence(seed % 3 == 0) for _ in range(count)], [sentence(0) for _ in range(count)]


@pytest.mark.parametrize("seed", range(300))
def test_wer_is_that_of_plain_counting_and_of_jiwer_where_it_is_installed(seed: int) -> None:
    references, hypotheses = corpus(seed)
    found = edits(references, hypotheses)
    words = sum(map(len, references))
    errors = sum(map(plain_distance, references, hypotheses))
    assert found.errors == errors
    assert found.words == words
    assert found.deletions - found.insertions == words - sum(map(len, hypotheses))
    assert found.wrong == sum(a != b for a, b in zip(references, hypotheses, strict=True))
    if words:
        assert found.wer == pytest.approx(100 * errors / words, abs=1e-9)
    try:
        import jiwer
    except ImportError:
        return
    if all(references):
        theirs = jiwer.wer([" ".join(one) for one in references], [" ".join(one) for one in hypotheses])
        assert found.wer == pytest.approx(100 * theirs, abs=1e-9)


def test_wer_is_not_clamped_and_an_empty_reference_counts() -> None:
    """The original cut it off at 100 % and left empty references out."""
    assert edits([["A"]], [["B", "C", "D"]]).wer == 300
    assert edits([["A"], []], [["A"], ["B", "C"]]).wer == 200
    assert math.isnan(edits([[]], [["A"]]).wer)
    with pytest.raises(ValueError, match="shorter"):
        edits([["A"], ["B"]], [["A"]])


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("loc-NORD cl-KOMMEN qu-WIE poss-BEI lh-DA", "NORD KOMMEN WIE BEI DA"),
        ("__EMOTION__ REGEN __PU__ __LEFTHAND__ __EPENTHESIS__", "REGEN"),
        ("__ON__ S0NNE HABEN2 __OFF__", "__ON__ SONNE HABEN __OFF__"),
        ("WIE AUSSEHEN", "WIE-AUSSEHEN"),
        ("ZEIGEN JETZT ZEIGEN", "ZEIGEN-BILDSCHIRM JETZT ZEIGEN-BILDSCHIRM"),
        ("ZEIGEN-BILDSCHIRM", "ZEIGEN-BILDSCHIRM"),
        ("A B C REGEN", "A+B+C REGEN"),
        ("SCH O N", "SCH+O+N"),
        ("REGEN-PLUSPLUS ABENDRAUM", "REGEN ABEND"),
        ("REGEN REGEN REGEN KUEHL", "REGEN KUEHL"),
        ("IN-KOMMEND KOMMEND", "IN-KOMMEND KOMMEND"),
    ],
)
def test_glosses_are_simplified_as_the_official_scoring_does(said: str, left: str) -> None:
    assert " ".join(simplified(said.split())) == left


def test_an_answer_that_is_empty_after_all_is_one_wrong_word() -> None:
    found = edits_phoenix([["REGEN", "KUEHL"]], [["__PU__"]])
    assert (found.substitutions, found.deletions, found.words) == (1, 1, 2)


def test_the_constant_line_is_at_least_as_good_as_every_single_gloss_and_as_nothing() -> None:
    for seed in range(30):
        references, _ = corpus(3 * seed + 1)
        if not sum(map(len, references)):
            continue
        answer, wer = constant_line(references, references)
        assert wer == pytest.approx(edits(references, [answer] * len(references)).wer)
        assert wer <= 100
        for word in "ABCDE":
            assert wer <= edits(references, [[word]] * len(references)).wer


@pytest.mark.skipif(not SAMPLE.exists(), reason=f"skipped: no {SAMPLE}")
def test_on_the_real_dev_set_constants_score_what_was_measured_and_the_original_was_worse() -> None:
    def read(split: str) -> list[list[str]]:
        return [line.split()[5:] for line in (SAMPLE / f"{split}.stm").read_text().splitlines()]

    train, dev = read("train"), read("dev")
    for said, wer in (
        ("", 100.0),
        ("REGEN", 96.9),
        ("__ON__ __OFF__", 91.0),
        ("__ON__ MORGEN REGEN __OFF__", 86.7),
    ):
        assert edits(dev, [said.split()] * len(dev)).wer == pytest.approx(wer, abs=0.05)
    _, line = constant_line(train, dev)
    assert line <= 86.7
    assert edits_phoenix(dev, dev).errors == 0


def said(rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows).log_softmax(1)


def plain_ctc(logp: torch.Tensor, target: list[int]) -> float:
    """By the definition: over every path that reads as the target."""
    total = 0.0
    for path in itertools.product(range(logp.shape[1]), repeat=len(logp)):
        joined = [a for a, b in zip(path, (*path[1:], -1), strict=True) if a != b]
        if [one for one in joined if one] == target:
            total += math.exp(sum(float(logp[t, one]) for t, one in enumerate(path)))
    return -math.log(total)


@pytest.mark.parametrize("seed", range(12))
def test_the_loss_is_that_of_every_path_by_the_gloss_and_the_beam_finds_the_likeliest(seed: int) -> None:
    torch.manual_seed(seed)
    logp = (2 * torch.randn(1, 4, 3)).log_softmax(2)
    targets = [[], [1], [2, 1], [1, 1]]
    for target in targets[1:]:
        loss, feasible = ctc.ctc_loss(logp, [4], [target])
        assert feasible == [True]
        assert float(loss) == pytest.approx(plain_ctc(logp[0], target) / len(target), abs=1e-5)
    every = [
        list(one)
        for n in range(5)
        for one in itertools.product((1, 2), repeat=n)
        if ctc.frames_needed(one) <= 4
    ]
    assert ctc.beam(logp[0], 30) == min(every, key=lambda one: plain_ctc(logp[0], one))


def test_a_clip_that_is_too_short_is_left_out_and_named_and_leaves_no_nan() -> None:
    logits = torch.randn(3, 3, 4, requires_grad=True)
    logp = logits.log_softmax(2)
    loss, feasible = ctc.ctc_loss(logp, [3, 3, 3], [[1, 2], [1, 1, 1], [3]])
    assert feasible == [True, False, True]
    other, _ = ctc.ctc_loss(logp[[0, 2]], [3, 3], [[1, 2], [3]])
    assert float(loss.detach()) == pytest.approx(float(other.detach()))
    loss.backward()
    assert bool(logits.grad.isfinite().all())
    assert float(logits.grad[1].abs().sum()) == 0
    nothing, feasible = ctc.ctc_loss(logp, [1, 1, 1], [[1, 2], [1, 1], [2, 3]])
    assert (float(nothing.detach()), any(feasible)) == (0.0, False)


def test_greedy_reading_drops_nothing_for_being_unsure_and_stops_at_the_clips_end() -> None:
    logp = torch.stack([said([[0, 0.01, 0], [0, 0.01, 0], [0.01, 0, 0], [0, 0.01, 0], [0, 0, 9]])])
    assert ctc.greedy(logp, [5]) == [[1, 1, 2]]
    assert ctc.greedy(logp, [4]) == [[1, 1]]


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_soft_loss_is_a_mean_over_frames_that_exist_of_a_sum_over_classes(temperature: float) -> None:
    torch.manual_seed(1)
    student, teacher, frames = torch.randn(2, 5, 7), torch.randn(2, 5, 7).log_softmax(2), [5, 2]
    lines = []
    for clip, count in enumerate(frames):
        for t in range(count):
            p = (teacher[clip, t] / temperature).softmax(0)
            q = (student[clip, t] / temperature).softmax(0)
            lines.append(float((p * (p.log() - q.log())).sum()))
    found = distilling.soft_loss(student, teacher, frames, temperature)
    assert float(found) == pytest.approx(temperature**2 * sum(lines) / len(lines), rel=1e-5)
    student[1, 2:] = 50.0
    assert float(distilling.soft_loss(student, teacher, frames, temperature)) == pytest.approx(float(found))
    assert float(distilling.soft_loss(teacher, teacher, frames, temperature)) == pytest.approx(0, abs=1e-6)


def test_what_is_kept_of_a_teacher_is_its_answer_but_for_the_tail() -> None:
    torch.manual_seed(2)
    logp = (3 * torch.randn(6, 100)).log_softmax(1)
    top = logp.topk(distilling.TOP, dim=1)
    again = distilling.dense({"logp": top.values.half(), "of": top.indices.to(torch.int16)}, 100)
    assert torch.allclose(again.exp().sum(1), torch.ones(6), atol=5e-3)
    assert torch.allclose(again.gather(1, top.indices), top.values, atol=5e-3)
    apart = functional.kl_div(again, logp, log_target=True, reduction="none").sum(1)
    assert float(apart.max()) < 0.05
