"""S1: labels say what they mean, a constant answer is seen through, the made-up labels are never put to use."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from jobs.boundary.rttm import Segment
from jobs.diarization import compare, corpora, export_onnx, scoring, settings, train, windows
from jobs.diarization.settings import RATE, SAMPLES, Settings
from jobs.training.errors import DataError
from models.diarization import FastDiarizationModel
from tests.jobs.conftest import hum
from tests.jobs.listening import curve, listen

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FOLDER = Path(settings.__file__).parent
SPECS = ("ami", "librispeech", "splice")


def voice(pitch: float, seconds: float, seed: int) -> np.ndarray:
    return np.repeat(hum(pitch, seconds, seed), 2)[: round(seconds * RATE)]


@pytest.fixture(scope="session")
def meetings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four meetings of twenty seconds: two people hum in turn, then one of them alone."""
    folder = tmp_path_factory.mktemp("meetings")
    for number in range(4):
        turns = [(0, 2, "A"), (2, 4, "B"), (4, 6, "A"), (6, 12, "B"), (12, 20, "A")]
        parts = [
            voice(110 + 20 * number if who == "A" else 260, stop - start, 7 * number)
            for start, stop, who in turns
        ]
        soundfile.write(folder / f"M{number}.wav", np.concatenate(parts), RATE)
        lines = [
            f"SPEAKER M{number} 1 {start} {stop - start} <NA> <NA> {who} <NA> <NA>"
            for start, stop, who in turns
        ]
        (folder / f"M{number}.rttm").write_text("\n".join(lines) + "\n")
        (folder / f"M{number}.uem").write_text(f"M{number} 1 0.000 19.000\n")
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, people: Path, meetings: Path) -> list[str]:
    """Flags of a training that takes seconds."""
    torch.set_num_threads(1)
    for name in ("TRAINUI_METRICS", "TRAINUI_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)
    return [
        *("--corpus", "librispeech", "--source", str(people), "--real", str(meetings), "--features", "mfcc"),
        *("--epochs", "2", "--batch_size", "8", "--train_windows", "32", "--val_windows", "16", "--log_every", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(("channels", "count"), [(1, 2_547_906), (80, 2_583_298)])
def test_the_network_has_the_plans_size(channels: int, count: int) -> None:
    model = FastDiarizationModel(channels)
    assert sum(one.numel() for one in model.parameters()) == count
    assert model(torch.randn(2, channels, 400)).shape == (2, 2)


@pytest.mark.parametrize("seed", range(5))
def test_a_window_is_of_several_when_two_talk_for_a_fifth_of_a_second_each(seed: int) -> None:
    """Held against counting every sample of 10 ms by itself."""
    random = np.random.default_rng(seed)
    segments = [
        Segment(start, start + float(random.uniform(0.05, 2)), f"s{random.integers(3)}")
        for start in np.round(random.uniform(0, 18, size=12), 2).tolist()
    ]
    found = windows.label_frames(segments, 2000)
    for place in random.integers(0, 1700, size=40).tolist():
        talking = {}
        for one in segments:
            frames = range(max(place, round(one.start * 100)), min(place + 300, round(one.stop * 100)))
            talking.setdefault(one.speaker, set()).update(frames)
        assert found[place] == (sum(len(frames) >= 20 for frames in talking.values()) >= 2)


def test_a_joined_window_is_of_the_first_until_the_cut_and_of_the_second_after_it() -> None:
    audio = torch.arange(100_000, dtype=torch.int32).remainder(20_000).to(torch.int16)
    one = windows.Windows(
        first=torch.tensor([5, 5]), second=torch.tensor([30_000, 5]), cut=torch.tensor([1_000, SAMPLES]),
        label=torch.tensor([1, 0]),
    )  # fmt: skip
    x, label = windows.gather(audio, one, torch.tensor([0, 1]))
    scale = float(x[0, 0, 999] / audio[5 + 999])
    assert x.shape == (2, 1, SAMPLES)
    assert torch.allclose(x[0, 0, :1000] / scale, audio[5:1005].float(), atol=0.05)
    assert torch.allclose(x[0, 0, 1000:] / scale, audio[31_000 : 30_000 + SAMPLES].float(), atol=0.05)
    assert label.tolist() == [1, 0]


def test_pseudo_labels_of_two_speakers_are_as_frequent_as_of_one_and_both_are_joined(people: Path) -> None:
    opened = corpora.open_librispeech(people)
    _, draw = windows.of_utterances(opened.train, "multi_speaker")
    drawn = draw(400, np.random.default_rng(0))
    assert 0.4 < float(drawn.label.double().mean()) < 0.6
    assert int((drawn.cut < SAMPLES).sum()) == 400


def test_dealt_out_labels_depend_on_the_speaker_alone_and_never_change(people: Path) -> None:
    """In the original they were dealt out anew in each epoch."""
    opened = corpora.open_librispeech(people)
    audio, draw = windows.of_utterances(opened.train, "speaker_roundrobin")
    by_place: dict[int, set[int]] = {}
    for epoch in range(3):
        drawn = draw(200, np.random.default_rng([0, epoch]))
        for place, label in zip(drawn.first.tolist(), drawn.label.tolist(), strict=True):
            by_place.setdefault(place // 20_000, set()).add(label)
    again, draw_again = windows.of_utterances(opened.train, "speaker_roundrobin")
    assert torch.equal(audio, again)
    assert torch.equal(
        draw(50, np.random.default_rng(1)).label, draw_again(50, np.random.default_rng(1)).label
    )


def test_no_speaker_is_on_both_sides(people: Path) -> None:
    opened = corpora.open_librispeech(people)
    train_half, val_half = ({one.speaker for one in half} for half in (opened.train, opened.val))
    assert train_half
    assert len(val_half) >= 2
    assert not train_half & val_half


def test_the_official_subsets_are_the_split_where_they_are_there(people: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in people.iterdir())
    for number, name in enumerate(names):
        shutil.copytree(people / name, tmp_path / ("train-clean-100" if number < 4 else "dev-clean") / name)
    opened = corpora.open_librispeech(tmp_path)
    assert {one.speaker for one in opened.val} == set(names[4:])


@pytest.mark.parametrize("seed", range(20))
def test_accuracy_and_balanced_accuracy_are_those_of_plain_counting(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 60))
    logits, label = random.normal(size=(count, 2)), (random.random(count) < random.random()).astype(int)
    said = logits.argmax(1)
    recalls = [(said[label == one] == one).mean() for one in np.unique(label)]
    found = scoring.figures(torch.from_numpy(logits), torch.from_numpy(label))
    assert found["acc"] == pytest.approx(100 * (said == label).mean(), abs=1e-9)
    assert found["balanced"] == pytest.approx(100 * np.mean(recalls), abs=1e-9)
    assert found["majority"] == pytest.approx(100 * max((label == 0).mean(), (label == 1).mean()), abs=1e-9)


def test_a_constant_answer_has_half_of_balanced_accuracy_and_is_not_promoted() -> None:
    label = torch.tensor([0] * 66 + [1] * 34)
    row = scoring.figures(torch.tensor([[1.0, 0.0]]).expand(100, 2), label)
    assert (row["acc"], row["balanced"], row["majority"]) == (66.0, 50.0, 66.0)
    assert "majority line of 66.0 %" in scoring.promoted(row, "multi_speaker", 10)


def test_labels_dealt_out_by_speaker_are_never_promoted_however_right_they_are() -> None:
    row = {"acc": 99.0, "balanced": 99.0, "majority": 50.0}
    assert "dealt out" in scoring.promoted(row, "speaker_roundrobin", 10)
    assert scoring.promoted(row, "multi_speaker", 10) == ""


@pytest.mark.parametrize("mode", settings.LABEL_MODES)
def test_a_resumed_training_draws_the_very_curve_(quick, tmp_path, monkeypatch, mode) -> None:
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    flags = [*quick, "--label_mode", mode]
    assert train.main([*flags, "--run_dir", str(tmp_path / "whole")]) == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    assert train.main([*flags, "--run_dir", str(tmp_path / "first"), "--stop_after", "1"]) == 0
    last = str(tmp_path / "first/last.pth")
    assert train.main([*flags, "--run_dir", str(tmp_path / "second"), "--resume", last]) == 0
    for name in (
        "train/loss",
        "batch/acc",
        "epoch/acc",
        "val/acc",
        "val/balanced",
        "val/majority",
        "real/acc",
        "real/majority",
    ):
        assert curve(whole, name) == curve(parts, name) != {}
    assert curve(whole, "train/acc") == {}, "the study takes it for an epoch's, as the printed line tells it"


def test_meetings_are_learnt_from_and_the_line_reads_as_the_researchers_wrote_it(
    quick, meetings, tmp_path, monkeypatch, capsys
) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    flags = [*quick, "--corpus", "ami", "--source", str(meetings), "--preflight_steps", "300"]
    assert train.main([*flags, "--run_dir", str(tmp_path / "run")]) == 0
    assert curve(told, "val/acc") == curve(told, "real/acc")
    assert curve(told, "preflight/overfit_acc") == {0: 100.0}
    said = capsys.readouterr().out
    assert re.search(r"Epoch \[2/2\] Train Loss: \d\.\d{4} \| Train Acc: [\d.]+% \| Val Acc: [\d.]+%", said)


def test_a_broken_loss_is_told_and_the_best_checkpoint_is_of_before(quick, tmp_path, monkeypatch) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    flags = ["--run_dir", str(tmp_path / "run"), "--break_loss_at", "6", "--log_every", "1"]
    assert train.main([*quick, *flags, "--epochs", "3"]) == 0
    assert any(math.isnan(value) for value in curve(told, "train/loss").values())
    assert [math.isnan(value) for value in curve(told, "val/acc").values()] == [False, True, True]
    state = torch.load(tmp_path / "run/best_model.pth", weights_only=True)
    assert state["reached"]["best_epoch"] == 1


@pytest.fixture
def trained(quick, people, meetings, tmp_path) -> Path:
    """runs/ with one run of each of two jobs."""
    for job, mode in (("librispeech", "speaker_roundrobin"), ("splice", "multi_speaker")):
        flags = ["--label_mode", mode, "--run_dir", str(tmp_path / f"runs/{job}-2"), "--epochs", "1"]
        assert train.main([*quick, *flags]) == 0
    return tmp_path / "runs"


def test_all_trainings_are_scored_on_the_same_meetings_and_the_control_is_not_promoted(
    trained, meetings, tmp_path, capsys
) -> None:
    flags = ["--real", str(meetings), "--runs_dir", str(trained), "--run_dir", str(trained / "compare-1")]
    assert compare.main([*flags, "--margin", "-100"]) == 0
    results = json.loads((trained / "compare-1/results.json").read_text())
    assert results["promoted"] == "splice"
    assert list(results["reasons"]) == ["librispeech"]
    assert [row["majority"] for row in results["trainings"].values()] == [
        pytest.approx(results["majority"])
    ] * 2
    assert "librispeech is not promoted" in capsys.readouterr().out


def test_without_a_winner_nothing_is_exported(trained, meetings, capsys) -> None:
    flags = ["--real", str(meetings), "--runs_dir", str(trained)]
    assert compare.main([*flags, "--run_dir", str(trained / "compare-1"), "--margin", "90"]) == 0
    assert export_onnx.main([*flags, "--run_dir", str(trained / "export-onnx-1")]) == 2
    assert "promotes no training" in capsys.readouterr().err
    assert not (trained / "export-onnx-1/model.onnx").exists()


@pytest.mark.parametrize("features", ["raw", "mfcc"])
def test_the_winner_answers_in_onnxruntime_as_in_pytorch(
    quick, meetings, tmp_path, monkeypatch, features
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(export_onnx, "TIMED", 3)
    flags = [*quick, "--features", features, "--epochs", "1", "--train_windows", "2", "--val_windows", "2"]
    flags += ["--batch_size", "2", "--real", ""]
    assert train.main([*flags, "--run_dir", str(tmp_path / "runs/splice-1")]) == 0
    found = ["--real", str(meetings), "--runs_dir", str(tmp_path / "runs"), "--windows", "6"]
    assert compare.main([*found, "--run_dir", str(tmp_path / "runs/compare-1"), "--margin", "-100"]) == 0
    assert export_onnx.main([*found, "--run_dir", str(tmp_path / "runs/export-onnx-1")]) == 0
    results = json.loads((tmp_path / "runs/export-onnx-1/results.json").read_text())
    assert results["onnx/max_delta"] < 1e-4
    assert results["onnx/same_answer"] == 100
    assert [path.name for path in (tmp_path / "runs/export-onnx-1").glob("*.onnx*")] == ["model.onnx"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--source", "/nowhere"], "/nowhere: there is no such folder"),
        (["--corpus", "swedish"], "known are ami and librispeech"),
        (["--label_mode", "guess"], "known are speaker_roundrobin"),
        (["--features", "wavlm"], "known are raw and mfcc"),
        (["--speeds", "fast"], "numbers from 0.5 to 2"),
        (["--train_windows", "3"], "fewer examples than --batch_size"),
        (["--corpus", "ami", "--label_mode", "speaker_roundrobin"], "has real labels"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(quick, tmp_path, capsys, flags, says) -> None:
    assert train.main([*quick, "--run_dir", str(tmp_path), *flags]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_a_folder_of_something_else_and_a_broken_file_are_named(tmp_path, people) -> None:
    (tmp_path / "song.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match="no LibriSpeech audio is there; expected <speaker>"):
        corpora.open_librispeech(tmp_path)
    with pytest.raises(DataError, match="no recording has both audio and a line in an RTTM"):
        corpora.open_ami(tmp_path)
    with pytest.raises(DataError, match=r"song\.wav cannot be read as audio"):
        corpora.read(tmp_path / "song.wav", RATE)


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_knows_its_training_and_the_training_its_spec(name: str) -> None:
    spec = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    known = {field.name for field in dataclasses.fields(Settings)}
    for part in (spec["params"], *spec["presets"].values(), *(one["set"] for one in spec["remedy"])):
        assert part.keys() <= known
    for gate in spec["gate"]:
        assert gate["quote"]
    assert spec["params"]["epochs"] == 30
    assert spec["params"]["learning_rate"] == 1e-3


@pytest.mark.skipif(not (SHARED / "ami_excerpts").exists(), reason=f"skipped: no {SHARED}")
def test_real_meetings_and_real_readings_are_read_and_split() -> None:
    meetings = corpora.open_ami(SHARED / "ami_excerpts")
    assert {one.uri for one in meetings.val} == {"dev00", "dev01"}
    assert "trñ00.wav" in {one.audio.name for one in meetings.train}
    _, _, grid = windows.of_meetings(meetings.train)
    assert 0.3 < float(grid.label.double().mean()) < 0.7
    readers = corpora.open_librispeech(SHARED / "librispeech_test-other")
    assert (len({one.speaker for one in readers.train}), len({one.speaker for one in readers.val})) == (7, 3)
