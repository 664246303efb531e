"""S3 and S4: layouts are asserted, batches repeat themselves, a resumed curve is the same, nobody distils from nothing."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from jobs.sign import (
    clips,
    compare,
    distilling,
    extract_soft_targets,
    overfit_test,
    readers,
    settings,
    signer,
    signing,
    train_student,
    train_student_distill,
    train_teacher,
)  # fmt: skip
from jobs.sign.settings import DistillSettings, Settings
from jobs.sign.sources import HOLISTIC_SOURCE, KEYPOINTS, SKELS, placed
from jobs.training.errors import DataError
from tests.jobs.listening import curve, listen

FOLDER = Path(settings.__file__).parent
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
WORDS = ("leave", "store", "yes")
KINDS = {
    "teacher_v1": Settings, "student_alone": Settings, "student_distill": DistillSettings,
    "overfit_test": overfit_test.OverfitSettings,
}  # fmt: skip


def body(source, frames: int, seed: int) -> np.ndarray:
    """Somebody who stands still and moves a hand, in the units of a camera."""
    chance = np.random.default_rng(seed)
    x = np.tile(chance.uniform(1, 2, source.layout.size), (frames, 1))
    left, right = source.shoulders
    x[:, left : left + 2], x[:, right : right + 2] = (3.0, 1.0), (1.0, 1.0)
    x[:, source.layout.hands] += np.sin(np.arange(frames) * (0.2 + 0.2 * (seed % 5)))[:, None]
    return x.astype(np.float32)


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three signs, eight clips of each, as single signs are kept."""
    folder = tmp_path_factory.mktemp("signs")
    word = [name for name in WORDS for _ in range(8)]
    split = ["Train"] * 6 + ["Valid"] * 2
    x = np.stack([body(KEYPOINTS, 12, 5 * number + WORDS.index(name)) for number, name in enumerate(word)])
    np.savez(folder / "keypoints.npz", x=x, word=np.array(word), split=np.array(split * len(WORDS)))
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, signs: Path, tmp_path: Path) -> list[str]:
    torch.set_num_threads(1)
    monkeypatch.setenv("TRAINUI_DATA", str(tmp_path / "data"))
    for name in ("TRAINUI_METRICS", "TRAINUI_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)
    return [
        *("--source", str(signs), "--sentences", "6", "--epochs", "2", "--batch_size", "4", "--narrow", "16"),
        *("--log_every", "1", "--warmup_epochs", "0.5", "--accumulation_steps", "1", "--wer_every", "1"),
    ]


def phoenix(folder: Path, clips: int = 3) -> Path:
    """PHOENIX's layout on disk, with features of 6,516 values."""
    manual = folder / "annotations" / "manual"
    manual.mkdir(parents=True)
    for place, split in enumerate(readers.SPLITS):
        lines = ["id|folder|signer|annotation"]
        (folder / "features" / split).mkdir(parents=True)
        for number in range(clips):
            lines.append(
                f"{split}-{number}|{split}-{number}/1/*.png|Signer01|__ON__ REGEN WORT{place} __OFF__"
            )
            x = body(HOLISTIC_SOURCE, 8 + number, number)
            np.savez(folder / "features" / split / f"{split}-{number}.npz", features=np.tile(x, (1, 4)))
        (manual / f"{split}.corpus.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_body_is_measured_by_its_shoulders_and_what_is_unseen_stays_unseen() -> None:
    x = body(KEYPOINTS, 5, 1)
    x[2, 74:116] = 0
    near, far = placed(x, KEYPOINTS, "near"), placed(np.where(x == 0, 0, 10 * x + 70), KEYPOINTS, "far")
    assert np.allclose(near, far, atol=2e-2)
    hand, moved = KEYPOINTS.layout.hands.start, x.copy()
    moved[:, hand : hand + 42] += 5.0  # all of one hand
    elsewhere = placed(moved, KEYPOINTS, "elsewhere")
    assert np.allclose(elsewhere[0, hand : hand + 2] - near[0, hand : hand + 2], 2.5, atol=2e-2)
    assert np.allclose(elsewhere[:, hand + 2 : hand + 42], near[:, hand + 2 : hand + 42], atol=2e-2)
    left, right = KEYPOINTS.shoulders
    assert near[0, left] - near[0, right] == pytest.approx(1, abs=1e-2)
    assert not near[2, 74:116].any()
    with pytest.raises(DataError, match="it is of 158 values a frame, the data have 150"):
        placed(np.zeros((3, 150)), KEYPOINTS, "clip")
    with pytest.raises(DataError, match="clip holds values that are no numbers"):
        placed(np.full((3, 158), np.nan), KEYPOINTS, "clip")


@pytest.mark.parametrize("source", [HOLISTIC_SOURCE, SKELS, KEYPOINTS], ids=lambda one: one.name)
def test_every_layout_covers_its_frame_and_has_its_shoulders_in_the_pose(source) -> None:
    source.layout.check(source.layout.size)
    assert all(source.layout.pose.start <= one < source.layout.pose.stop for one in source.shoulders)
    hands = source.layout.hands
    assert (hands.stop - hands.start) // source.axes == 42


def test_classes_are_the_train_splits_and_whatever_else_is_unknown(tmp_path: Path) -> None:
    corpus = readers.open_corpus(phoenix(tmp_path))
    vocabulary = clips.Vocabulary.of(corpus.splits["train"])
    assert vocabulary.words == ("<unk>", "REGEN", "WORT0", "__OFF__", "__ON__")
    assert len(vocabulary) == 6
    assert vocabulary.numbers(corpus.splits["dev"][0].glosses) == [5, 2, 1, 4]
    assert vocabulary.glosses([5, 1]) == ["__ON__", "<unk>"]


def test_phoenix_is_read_as_it_lies_on_disk_and_the_second_time_from_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINUI_DATA", str(tmp_path / "data"))
    folder = phoenix(tmp_path / "phoenix")
    one = readers.open_corpus(folder)
    assert {split: len(found) for split, found in one.splits.items()} == {"train": 3, "dev": 3, "test": 3}
    assert one.splits["train"][1].frames.shape == (9, 1629)
    kept = sorted((tmp_path / "data/sign").iterdir())
    two = readers.open_corpus(folder)
    assert all(
        np.array_equal(a.frames, b.frames) for a, b in zip(one.splits["dev"], two.splits["dev"], strict=True)
    )
    np.savez(folder / "features/train/train-0.npz", features=np.tile(body(HOLISTIC_SOURCE, 7, 3), (1, 4)))
    assert len(readers.open_corpus(folder).splits["train"][0].frames) == 7
    assert len(sorted((tmp_path / "data/sign").iterdir())) == len(kept) + 1


def spoil(folder: Path, what: str) -> None:
    if what == "width":
        np.savez(folder / "features/dev/dev-1.npz", features=np.zeros((4, 1662)))
    elif what == "missing":
        (folder / "features/dev/dev-1.npz").unlink()
    elif what == "broken":
        (folder / "features/dev/dev-1.npz").write_bytes(b"PK nothing")
    elif what == "header":
        (folder / "annotations/manual/dev.corpus.csv").write_text("name,glosses\n")
    elif what == "row":
        (folder / "annotations/manual/dev.corpus.csv").write_text(
            "id|folder|signer|annotation\nonly-a-name\n"
        )
    else:
        (folder / "annotations/manual/dev.corpus.csv").unlink()


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("width", r"dev-1\.npz: expected features of \(frames, 6516\), found \(4, 1662\)"),
        ("missing", r"dev-1\.npz: there is no such file, as for 1 of 3 rows"),
        ("broken", r"dev-1\.npz cannot be read as features"),
        ("header", r"dev\.corpus\.csv: the first line is not id\|folder"),
        ("row", r"dev\.corpus\.csv, line 2: expected id\|folder"),
        ("csv", r"dev\.corpus\.csv: there is no such file"),
    ],
)
def test_what_is_wrong_with_phoenix_is_named_with_its_file(tmp_path, monkeypatch, what, says) -> None:
    monkeypatch.setenv("TRAINUI_DATA", str(tmp_path / "data"))
    folder = phoenix(tmp_path / "phoenix")
    spoil(folder, what)
    with pytest.raises(DataError, match=says):
        readers.open_corpus(folder)


def test_a_skeleton_has_its_counter_and_as_many_lines_as_glosses(tmp_path: Path) -> None:
    x = body(SKELS, 4, 1)
    lines = " ".join(f"{value:.5f}" for frame, row in enumerate(x) for value in (*row, frame / 4))
    (tmp_path / "train.skels").write_text(lines + "\n")
    (tmp_path / "train.gloss").write_text("REGEN KUEHL\n")
    (tmp_path / "train.files").write_text("train/one\n")
    corpus = readers.open_corpus(tmp_path)
    assert corpus.splits["train"][0].frames.shape == (4, 150)
    (tmp_path / "train.skels").write_text(lines.replace(" 0.25000", " 0.00000") + "\n")
    with pytest.raises(DataError, match=r"train\.skels, line 1: every 151th value should count up"):
        readers.open_corpus(tmp_path)
    (tmp_path / "train.skels").write_text("1 2 3\n")
    with pytest.raises(DataError, match="expected 150 values and a counter for each frame, found 3 values"):
        readers.open_corpus(tmp_path)
    (tmp_path / "train.gloss").write_text("REGEN\nKUEHL\n")
    with pytest.raises(DataError, match=r"1 of \.skels, 2 of \.gloss"):
        readers.open_corpus(tmp_path)


def test_joined_sentences_are_the_same_every_time_and_share_no_clip_between_splits(signs: Path) -> None:
    one, two = (readers.open_corpus(signs, sentences=12) for _ in range(2))
    seen: dict[str, set[bytes]] = {}
    for split in readers.SPLITS:
        for a, b in zip(one.splits[split], two.splits[split], strict=True):
            assert a.glosses == b.glosses
            assert np.array_equal(a.frames, b.frames)
            assert 3 <= len(a.glosses) <= 6
            assert len(a.frames) == 12 * len(a.glosses)
            parts = np.split(a.frames, len(a.glosses))
            seen.setdefault(split, set()).update(part.tobytes() for part in parts)
    assert not seen["train"] & seen["dev"]
    assert not (seen["train"] | seen["dev"]) & seen["test"]


def bank(lengths: list[int]) -> clips.Bank:
    made = [readers.Clip(name=str(number), glosses=("A",), frames=np.full((length, 158), number + 1, np.float16))
            for number, length in enumerate(lengths)]  # fmt: skip
    usual = clips.Usual(mean=torch.zeros(158), scale=torch.ones(158))
    return clips.Bank(made, clips.Vocabulary.of(made), usual, torch.device("cpu"))


def test_batches_hold_each_clip_once_of_like_lengths_and_repeat_for_a_seed_and_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(5, 300, 101).tolist()
    held = bank(lengths)
    batches = held.batches(8, 3, 1)
    assert sorted(one for batch in batches for one in batch) == list(range(101))
    assert len(batches) == 13
    assert batches == held.batches(8, 3, 1) != held.batches(8, 3, 2)
    spread = np.mean(
        [max(lengths[one] for one in batch) - min(lengths[one] for one in batch) for batch in batches]
    )
    assert spread < 60 < max(lengths) - min(lengths)


def test_a_batch_is_what_its_clips_are_and_padding_is_nothing() -> None:
    x, lengths = bank([3, 5]).gather([1, 0])
    assert lengths == [5, 3]
    assert x.shape == (2, 5, 158)
    assert x[0, :, 0].tolist() == [2] * 5
    assert x[1, :, 0].tolist() == [1, 1, 1, 0, 0]


def test_what_is_usual_is_of_what_was_seen_and_nothing_is_farther_off_than_ten_deviations() -> None:
    frames = np.zeros((4, 158), np.float16)
    frames[:, 0], frames[:2, 1], frames[:, 2] = (1, 3, 1, 3), (5, 7), 4
    clip = readers.Clip(name="one", glosses=("A",), frames=frames)
    usual = clips.Usual.of([clip], KEYPOINTS.layout)
    assert usual.mean[:4].tolist() == [2, 6, 4, 0]
    assert usual.scale[:4].tolist() == pytest.approx([1, 1, 0.02, 0.02])
    far = dataclasses.replace(clip, frames=np.where(frames == 7, 99, frames).astype(np.float16))
    x, _ = clips.Bank([far], clips.Vocabulary.of([clip]), usual, torch.device("cpu")).gather([0])
    assert x[0, :, 0].tolist() == [-1, 1, -1, 1]
    assert x[0, :, 1].tolist() == [-1, 10, 0, 0]
    assert not x[0, :, 2:].any()


def test_varied_signs_keep_their_time_when_they_must_and_their_padding_always() -> None:
    held = bank([40, 20])
    x, lengths = held.gather([0, 1])
    torch.manual_seed(0)
    same, kept = clips.varied(x, lengths, KEYPOINTS.layout, keeps_time=True)
    assert kept == lengths
    assert not torch.equal(same, x)
    torch.manual_seed(0)
    other, changed = clips.varied(x, lengths, KEYPOINTS.layout)
    assert changed != lengths
    assert all(0.8 <= length / one <= 1.3 for length, one in zip(lengths, changed, strict=True))
    assert other.shape[1] == max(changed)
    assert not other[changed.index(min(changed)), min(changed) :].any()


@pytest.mark.parametrize("scheduler", ["cosine", "restarts"])
def test_rates_warm_up_and_never_leave_their_bounds(scheduler: str) -> None:
    chosen = Settings(epochs=20, scheduler=scheduler, restart_epochs=5, accumulation_steps=2)
    one = object.__new__(signing.Signing)  # without its clips
    one.settings, one.batches_per_epoch = chosen, 7
    rates = [one.rates(step)[0] for step in range(80)]
    assert rates[:20] == pytest.approx([3e-4 * (step + 1) / 20 for step in range(20)])
    assert max(rates) == pytest.approx(3e-4)
    assert min(rates) >= 1e-6
    assert sum(b > 5 * a for a, b in pairwise(rates[20:])) == (2 if scheduler == "restarts" else 0)


def started(main: Callable[[list[str]], int], flags: list[str], run_dir: Path, *more: str) -> Path:
    assert main([*flags, "--output_dir", str(run_dir), *more]) == 0
    return run_dir


def test_a_resumed_training_draws_the_very_curve(quick, tmp_path, monkeypatch) -> None:
    flags = [*quick, "--augment", "--mixup_alpha", "0.4", "--label_smoothing", "0.1"]
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    started(train_teacher.main, flags, tmp_path / "whole")
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    first = started(train_teacher.main, flags, tmp_path / "first", "--stop_after", "1")
    assert not (first / "results.json").exists()
    started(train_teacher.main, flags, tmp_path / "second", "--resume", str(first / "last.pth"))
    for name in ("train/loss", "train/lr", "train/infeasible", "val/loss", "val/wer", "test/wer"):
        assert curve(whole, name) == curve(parts, name) != {}
    one, two = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("whole", "second"))
    assert (one["test_wer"], one["best_val_wer"]) == (two["test_wer"], two["best_val_wer"])


def test_everything_the_plan_names_is_left_behind(quick, tmp_path, monkeypatch, capsys) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    run_dir = started(train_teacher.main, quick, tmp_path / "run", "--save_every", "1", "--beam", "3")
    assert {path.name for path in run_dir.iterdir()} >= {
        "training.log", "results.json", "training_curves.png", "best_model.pth", "checkpoint_epoch1.pth", "last.pth",
    }  # fmt: skip
    results = json.loads((run_dir / "results.json").read_text())
    assert results.keys() >= {
        "best_val_wer", "test_wer", "test_ser", "total_params", "model_size_mb", "training_epochs", "config",
    }  # fmt: skip
    assert results["tested_on"] == "test"
    assert results["model_size_mb"] == pytest.approx(4e-6 * results["total_params"])
    assert (run_dir / "training_curves.png").read_bytes()[:4] == b"\x89PNG"
    log = (run_dir / "training.log").read_text()
    assert re.search(r"Epoch 2/2 \| Train Loss: .* Val WER: .*a constant answer", log)
    assert "too short for their glosses" in log
    for name in ("val/wer", "val/wer_constant", "val/wer_phoenix", "train/wer", "test/wer_constant", "fps"):
        assert curve(told, name), name
    assert curve(told, "val/wer_constant")[2] < 100


def test_a_broken_loss_is_told_and_stays_out_of_the_best_checkpoint(quick, tmp_path, monkeypatch) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    run_dir = started(train_teacher.main, quick, tmp_path / "run", "--break_loss_at", "3")
    assert math.isnan(list(curve(told, "train/loss").values())[-1])
    assert math.isnan(list(curve(told, "val/wer").values())[-1])
    assert json.loads((run_dir / "results.json").read_text())["best_val_wer"] == curve(told, "val/wer")[2]


def test_with_another_batch_size_it_goes_on_from_the_beginning_of_the_epoch(
    quick, tmp_path, monkeypatch
) -> None:
    first = started(train_teacher.main, quick, tmp_path / "first", "--stop_after", "1")
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    more = ["--resume", str(first / "best_model.pth"), "--batch_size", "2", "--accumulation_steps", "2"]
    started(train_teacher.main, quick, tmp_path / "second", *more)
    assert list(curve(told, "train/loss")) == [3, 4]
    assert list(curve(told, "val/wer")) == [4]


def test_a_student_is_taught_by_its_teacher_and_by_no_other(
    quick, tmp_path, monkeypatch, capsys, signs
) -> None:
    runs = tmp_path / "runs"
    teacher = started(train_teacher.main, quick, runs / "teacher_v1-1/checkpoints/teacher_v1")
    where = ["--runs_dir", str(runs)]
    assert extract_soft_targets.main([*where, "--run_dir", str(runs / "extract_soft_targets-1")]) == 2
    assert "there is nothing to learn from it" in capsys.readouterr().err
    flags = [*where, "--run_dir", str(runs / "extract_soft_targets-1"), "--margin", "-1000"]
    assert extract_soft_targets.main(flags) == 0
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    short = [*quick[4:], *where]  # source and sentences are the teacher's
    started(train_student_distill.main, short, runs / "student_distill-1", "--augment")
    soft, hard = curve(told, "train/soft_loss"), curve(told, "train/hard_loss")
    for step, loss in curve(told, "train/loss").items():
        assert loss == pytest.approx(0.7 * soft[step] + 0.3 * hard[step], rel=1e-5)
    started(train_student.main, quick, runs / "student_alone-1")
    assert compare.main([*where, "--run_dir", str(runs / "sign_compare-1")]) == 0
    said = capsys.readouterr().out
    assert "a constant answer" in said
    found = json.loads((runs / "sign_compare-1/results.json").read_text())
    assert set(found) == {"teacher", "student", "alone"}
    assert found["student"]["total_params"] == found["alone"]["total_params"]

    other = started(train_teacher.main, quick, tmp_path / "other", "--seed", "1") / "best_model.pth"
    stored = ["--soft_targets", str(runs / "extract_soft_targets-1/soft_targets.pt")]
    assert train_student_distill.main([*quick, "--teacher_checkpoint", str(other), *stored]) == 2
    assert "was extracted from another teacher" in capsys.readouterr().err
    elsewhere = phoenix(tmp_path / "phoenix")
    flags = ["--source", str(elsewhere), *quick[4:], "--teacher_checkpoint", str(teacher / "best_model.pth")]
    assert train_student_distill.main([*flags, "--run_dir", str(tmp_path / "wrong")]) == 2
    assert "they are not the same" in capsys.readouterr().err


def test_nothing_is_distilled_without_a_teacher(quick, tmp_path, capsys) -> None:
    """The original only warned, and distilled from random weights."""
    assert train_student_distill.main([*quick, "--runs_dir", str(tmp_path)]) == 2
    assert "train the teacher first" in capsys.readouterr().err
    assert train_student_distill.main([*quick, "--teacher_checkpoint", str(tmp_path / "gone.pth")]) == 2
    assert "nothing is distilled from random weights" in capsys.readouterr().err


def test_a_student_answers_as_many_frames_as_its_teacher() -> None:
    torch.manual_seed(0)
    for length in (1, 7, 8, 30):
        x, lengths = torch.randn(1, length, 158), torch.tensor([length])
        frames = set()
        for kind, narrow in (("teacher", 16), ("student", 8)):
            model = signer.network(kind, 5, KEYPOINTS.layout, Settings(narrow=narrow)).eval()
            frames.add(model(x, lengths)[0].shape[1])
        assert frames == {signer.frames_of([length])[0]}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--source", "/nowhere"], "there are no signed sentences; expected PHOENIX-2014"),
        (["--optimizer", "sgd"], "known are adamw and adam"),
        (["--scheduler", "steps"], "known are cosine and restarts"),
        (["--resume", "/nowhere.pth"], "/nowhere.pth: there is no such checkpoint"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(quick, tmp_path, capsys, flags, says) -> None:
    assert train_teacher.main([*quick, "--output_dir", str(tmp_path), *flags]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", KINDS)
def test_a_spec_knows_its_training_and_the_training_its_spec(name: str) -> None:
    spec = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    known = {field.name for field in dataclasses.fields(KINDS[name])}
    for part in (spec["params"], *spec["presets"].values()):
        assert part.keys() <= known
    for one in spec.get("remedy", []):
        assert {key.removeprefix("--") for key in one["set"]} <= known
    for preset in spec["presets"]:
        settings.read(KINDS[name], ["--config", str(FOLDER / f"{name}.toml"), "--preset", preset], prog=name)


def test_the_studys_remedies_are_flags_that_the_teacher_takes() -> None:
    known = {field.name for field in dataclasses.fields(Settings)}
    spec = tomllib.loads((FOLDER / "study.toml").read_text())
    flags = {key.removeprefix("--") for one in spec["remedy"] for key in one.get("set", {})}
    assert flags
    assert flags <= known


def test_at_full_scale_the_teacher_has_the_plans_settings() -> None:
    found = settings.read(Settings, ["--config", str(FOLDER / "teacher_v1.toml")], prog="teacher")
    plan = (
        found.batch_size,
        found.learning_rate,
        found.dropout,
        found.epochs,
        found.warmup_epochs,
        found.weight_decay,
    )
    assert plan == (8, 3e-4, 0.3, 150, 5, 1e-4)
    assert (found.clip, found.accumulation_steps, found.save_every, found.narrow) == (1.0, 2, 10, 1)


@pytest.mark.skipif(not SHARED.exists(), reason=f"skipped: no {SHARED}")
def test_real_sequences_are_read_and_every_one_can_be_learnt() -> None:
    skels = readers.open_corpus(SHARED / "phoenix_sample")
    assert [len(skels.splits[split]) for split in readers.SPLITS] == [5, 5, 0]
    assert sorted(len(clip.frames) for clip in skels.splits["train"]) == [71, 86, 126, 168, 185]
    single = readers.open_corpus(SHARED / "sign_keypoints", sentences=40)
    for corpus in (skels, single):
        vocabulary = clips.Vocabulary.of(corpus.splits["train"])
        usual = clips.Usual.of(corpus.splits["train"], corpus.source.layout)
        held = clips.Bank(corpus.splits["train"], vocabulary, usual, torch.device("cpu"))
        assert signer.infeasible(held) == 0
        x, _ = held.gather(list(range(5)))
        assert float(x.abs().mean()) < 3
    assert distilling.TOP == 32
