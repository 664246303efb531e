"""S2: rates keep their ratio, time comes before mel, and the warm-up that ruined the original is caught."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.nn import functional

from jobs.ast import clips, evaluate, features, losses, scoring, settings, train
from jobs.ast.settings import Settings
from jobs.training.errors import DataError
from tests.jobs.listening import curve, listen

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "urbansound8k"
FOLDER = Path(settings.__file__).parent
SPECS = ("ast_warmup", "ast_nowarmup", "ast_right_warmup")


def beep(path: Path, pitch: float, seed: int, seconds: float = 4.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * features.RATE)) / features.RATE
    soundfile.write(
        path, 0.3 * np.sin(2 * np.pi * pitch * time) + 0.01 * random.standard_normal(len(time)), features.RATE
    )


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of UrbanSound8K's layout: three classes that beep at pitches of their own."""
    folder = tmp_path_factory.mktemp("city")
    for fold in (1, 2, 3):
        for number in range(12 if fold == 1 else 6):
            label = number % 3
            name = f"{1000 * fold + number}-{label}-0-{number}.wav"
            beep(
                folder / "audio" / f"fold{fold}" / name,
                1000 + 1500 * label + 40 * number,
                100 * fold + number,
            )
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, city: Path, tmp_path: Path) -> list[str]:
    torch.set_num_threads(1)
    monkeypatch.setenv("TRAINUI_DATA", str(tmp_path / "data"))
    for name in ("TRAINUI_METRICS", "TRAINUI_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)
    return [
        *("--source", str(city), "--size", "tiny", "--epochs", "2", "--batch_size", "4", "--log_every", "1"),
        *("--backbone_lr", "3e-4", "--head_lr", "1e-3"),
    ]  # fmt: skip


def schedule(**given: object) -> list[list[float]]:
    """Both groups' rates at every step of a training of ten epochs of twenty batches."""
    chosen = Settings(epochs=10, **given)  # type: ignore[arg-type]
    one = object.__new__(train.FineTuning)  # without its clips
    one.settings, one.batches_per_epoch = chosen, 20
    return [one.rates(step) for step in range(200)]


@pytest.mark.parametrize("warmup_epochs", [0, 0.5, 5])
def test_at_every_step_the_head_has_twenty_times_the_backbones_rate_and_no_group_more_than_its_own(
    warmup_epochs: float,
) -> None:
    for backbone, head in schedule(warmup_epochs=warmup_epochs):
        assert head / backbone == pytest.approx(20)
        assert 0 < backbone <= 5e-5
        assert 0 < head <= 1e-3


def test_the_plans_warm_up_raised_the_backbone_twentyfold() -> None:
    """What the check above is for: the ratio alone would not have seen it."""
    rates = schedule(warmup_epochs=5, warmup="absolute")
    assert max(one[0] for one in rates) == pytest.approx(1e-3)
    assert max(one[1] for one in rates) == pytest.approx(2e-2)


def test_a_picture_is_time_by_mel_and_a_tone_is_a_line_along_time() -> None:
    eye = features.Eye()
    time = np.arange(features.SAMPLES) / features.RATE
    picture = eye((0.5 * np.sin(2 * np.pi * 3000 * time)).astype(np.float32))
    assert picture.shape == (173, 128)
    assert float(picture.mean()) == pytest.approx(0, abs=1e-4)
    assert int(picture.mean(dim=0).argmax()) in range(50, 90)
    assert int(picture[20:150].argmax(dim=1).unique().numel()) == 1
    low = eye((0.5 * np.sin(2 * np.pi * 100 * time)).astype(np.float32))
    assert float(low.std()) == pytest.approx(1, abs=0.05)
    assert int(low[20:150].mean(dim=0).argmax()) < 3 or float(low.abs().mean()) < 1.0


def test_a_short_clip_is_repeated_and_a_long_one_cut(tmp_path: Path) -> None:
    beep(tmp_path / "short.wav", 1000, 0, seconds=1.0)
    beep(tmp_path / "long.wav", 1000, 0, seconds=5.0)
    short, long = features.read(tmp_path / "short.wav"), features.read(tmp_path / "long.wav")
    assert len(short) == len(long) == features.SAMPLES
    assert np.array_equal(short[: features.RATE], short[features.RATE : 2 * features.RATE])


def test_pictures_are_made_once_and_again_when_a_file_changes(city: Path, tmp_path: Path) -> None:
    found = clips.open_clips(city).val[:2]
    said: list[str] = []
    one = features.pictures(found, tmp_path, said.append)
    two = features.pictures(found, tmp_path, said.append)
    assert torch.equal(one, two)
    assert len(said) == 1
    features.pictures(found[:1], tmp_path, said.append)
    assert len(said) == 2


@pytest.mark.parametrize("seed", range(6))
def test_focal_loss_without_gamma_is_cross_entropy_and_with_it_what_the_paper_says(seed: int) -> None:
    torch.manual_seed(seed)
    logits, label = torch.randn(7, 5), torch.randint(5, (7,))
    target = functional.one_hot(label, 5).float()
    assert losses.focal_loss(logits, target, 0.0) == pytest.approx(
        float(functional.cross_entropy(logits, label)), abs=1e-6
    )
    p = logits.softmax(1)[torch.arange(7), label]
    assert float(losses.focal_loss(logits, target, 2.0)) == pytest.approx(
        float((-((1 - p) ** 2) * p.log()).mean()), abs=1e-6
    )


def test_clips_are_hidden_in_part_only_in_the_share_asked_for() -> None:
    torch.manual_seed(0)
    x = torch.ones(400, 60, 40)
    assert torch.equal(losses.hidden(x, 0.0), x)
    touched = (losses.hidden(x, 0.8, bands=15, frames=35) == 0).flatten(1).any(dim=1).double().mean()
    assert 0.7 < float(touched) < 0.85
    mixed, target = losses.mixed(
        x * torch.arange(400)[:, None, None], functional.one_hot(torch.arange(400)).float()
    )
    assert torch.allclose(target.sum(dim=1), torch.ones(400))
    assert torch.allclose(mixed[:, 0, 0], target @ torch.arange(400).float(), atol=1e-2)


def plain_average_precision(score: np.ndarray, right: np.ndarray) -> float:
    """By the definition: over each distinct threshold."""
    total, before = 0.0, 0.0
    for limit in sorted(set(score.tolist()), reverse=True):
        said = score >= limit
        recall = (said & right).sum() / right.sum()
        total += (recall - before) * (said & right).sum() / said.sum()
        before = recall
    return total


@pytest.mark.parametrize("seed", range(100))
def test_accuracy_f1_and_map_are_those_of_plain_counting(seed: int) -> None:
    random = np.random.default_rng(seed)
    count, classes = int(random.integers(3, 60)), int(random.integers(2, 7))
    logits = random.integers(-3, 4, size=(count, classes)).astype(float)
    logits += 1e-3 * np.arange(classes)  # no ties between classes; there are between clips
    label = random.integers(classes, size=count)
    said = logits.argmax(1)
    f1 = []
    for one in range(classes):
        hit = ((said == one) & (label == one)).sum()
        f1.append(2 * hit / max(1, (said == one).sum() + (label == one).sum()))
    seen = [one for one in range(classes) if (said == one).any() or (label == one).any()]
    there = [one for one in range(classes) if (label == one).any()]
    found = scoring.figures(torch.from_numpy(logits), torch.from_numpy(label))
    assert found["acc"] == pytest.approx(100 * (said == label).mean(), abs=1e-9)
    assert found["f1_macro"] == pytest.approx(100 * np.mean([f1[one] for one in seen]), abs=1e-9)
    weighted = sum(f1[one] * (label == one).sum() for one in there) / count
    assert found["f1_weighted"] == pytest.approx(100 * weighted, abs=1e-9)
    precisions = [plain_average_precision(logits[:, one], label == one) for one in there]
    assert found["map"] == pytest.approx(100 * np.mean(precisions), abs=1e-6)
    assert found["majority"] == pytest.approx(100 * np.bincount(label).max() / count, abs=1e-9)


def test_a_network_that_answers_nan_has_no_accuracy() -> None:
    found = scoring.figures(torch.full((4, 3), math.nan), torch.tensor([0, 0, 0, 1]))
    assert math.isnan(found["acc"])
    assert found["majority"] == 75


def test_a_resumed_fine_tuning_draws_the_very_curve(quick, tmp_path, monkeypatch) -> None:
    flags = [*quick, "--spec_augment", "0.8", "--mixup", "0.6"]
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    assert train.main([*flags, "--run_dir", str(tmp_path / "whole")]) == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    assert train.main([*flags, "--run_dir", str(tmp_path / "first"), "--stop_after", "1"]) == 0
    assert (
        train.main(
            [*flags, "--run_dir", str(tmp_path / "second"), "--resume", str(tmp_path / "first/last.pth")]
        )
        == 0
    )
    for name in ("train/loss", "train/acc", "lr/backbone", "lr/head", "val/acc", "val/map", "val/loss"):
        assert curve(whole, name) == curve(parts, name) != {}


def test_three_beeps_are_learnt_and_tested_on_a_fold_of_their_own(
    quick, tmp_path, monkeypatch, capsys
) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    flags = ["--epochs", "12", "--preflight_steps", "60", "--run_dir", str(tmp_path / "runs/ast_nowarmup-1")]
    assert train.main([*quick, *flags]) == 0
    assert max(curve(told, "val/acc").values()) > 60
    assert curve(told, "preflight/overfit_acc") == {0: 100.0}
    assert "starts from nothing" in capsys.readouterr().out
    assert (
        evaluate.main(["--runs_dir", str(tmp_path / "runs"), "--run_dir", str(tmp_path / "runs/eval_test-1")])
        == 0
    )
    results = json.loads((tmp_path / "runs/eval_test-1/results.json").read_text())
    row = results["trainings"]["ast_nowarmup"]
    assert row["clips"] == 6
    assert row["majority"] == pytest.approx(100 / 3)
    assert set(row["recall"]) == {"air_conditioner", "car_horn", "children_playing"}


def test_a_broken_loss_is_told_and_stays_out_of_the_best_checkpoint(quick, tmp_path, monkeypatch) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    assert train.main([*quick, "--run_dir", str(tmp_path / "run"), "--break_loss_at", "4"]) == 0
    assert math.isnan(list(curve(told, "train/loss").values())[-1])
    assert math.isnan(curve(told, "val/acc").popitem()[1])


def test_folds_are_kept_and_a_recording_on_two_sides_is_refused(city, tmp_path) -> None:
    split = clips.open_clips(city)
    assert [{clip.fold for clip in side} for side in (split.train, split.val, split.test)] == [{1}, {2}, {3}]
    assert split.classes == ("air_conditioner", "car_horn", "children_playing")
    other = clips.open_clips(city, val_fold=1, test_fold=2)
    assert {clip.fold for clip in other.train} == {3}
    for fold, wrong in (("fold1", "7-1-0-0.wav"), ("fold2", "7-1-0-1.wav")):
        beep(tmp_path / "audio" / fold / wrong, 900, 1, seconds=0.2)
    with pytest.raises(DataError, match="recording 7 are on both sides"):
        clips.open_clips(tmp_path)


def test_esc50_and_a_table_with_its_split_are_read(tmp_path) -> None:
    for fold in (1, 2, 3):
        beep(tmp_path / "esc/audio" / f"{fold}-100{fold}-A-{10 * fold}.wav", 900, fold, seconds=0.2)
    assert clips.open_clips(tmp_path / "esc").classes == ("10", "20", "30")
    birds = tmp_path / "birds"
    for name in "abcd":
        beep(birds / f"{name}.wav", 900, 1, seconds=0.2)
    with (birds / "clips.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("id", "species", "path"), *((name, "wren", f"{name}.wav") for name in "abcd")]
        )
    (birds / "split.json").write_text('{"train": ["a", "b"], "val": ["c"], "test": ["d"]}')
    split = clips.open_clips(birds)
    assert [len(side) for side in (split.train, split.val, split.test)] == [2, 1, 1]
    (birds / "b.wav").unlink()
    with pytest.raises(DataError, match=r"clips\.csv, line 3: there is no file b\.wav"):
        clips.open_clips(birds)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--source", "/nowhere"], "there is no such folder; expected UrbanSound8K"),
        (["--size", "huge"], "known are base and tiny"),
        (["--warmup", "gentle"], "known are factor and absolute"),
        (["--val_fold", "9"], "there is no fold 9; there are 1, 2, 3"),
        (["--pretrained", "/nowhere.bin"], "/nowhere.bin cannot be read as weights"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(quick, tmp_path, capsys, flags, says) -> None:
    assert train.main([*quick, "--run_dir", str(tmp_path), *flags]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_knows_its_training_and_the_training_its_spec(name: str) -> None:
    spec = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    known = {field.name for field in dataclasses.fields(Settings)}
    for part in (spec["params"], *spec["presets"].values(), *(one["set"] for one in spec["remedy"])):
        assert part.keys() <= known
    full = spec["params"]
    assert (full["epochs"], full["batch_size"], full["backbone_lr"], full["head_lr"]) == (50, 4, 5e-5, 1e-3)


@pytest.mark.skipif(not SHARED.exists(), reason=f"skipped: no {SHARED}")
def test_real_clips_are_two_folds_of_ten_classes() -> None:
    split = clips.open_clips(SHARED)
    assert len(split.classes) == 10
    assert (len(split.train) + len(split.val), len(split.test)) == (200, 0)
