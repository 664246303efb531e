"""The loop: it learns, stops when told, goes on exactly, says what it does, and fails in one sentence."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from jobs.boundary import baseline, checkpoint, evaluate, overfit, train
from jobs.boundary.rttm import Segment, write_rttm
from jobs.boundary.settings import Settings, read
from jobs.training import files
from jobs.training.errors import DataError


def run(tiny: list[str], run_dir: Path, *more: str) -> int:
    return train.main([*tiny, "--run_dir", str(run_dir), *more])


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def curve(path: Path, name: str) -> dict[float, float]:
    """The points of one metric by step."""
    return {one["step"]: one["metrics"][name] for one in lines(path) if name in one.get("metrics", {})}  # type: ignore[misc, operator, index]


def reached(path: Path) -> dict[str, float]:
    """How far the training came that left this checkpoint."""
    return files.load(path, checkpoint.WHAT)["reached"]  # type: ignore[no-any-return]


def stop_after_step(patched: pytest.MonkeyPatch, last: int) -> None:
    """This process is asked to stop in a step; an epoch has six, and a line of the log two."""
    update = checkpoint.Average.update

    def stop(self: checkpoint.Average, step: int) -> None:
        update(self, step)
        if step + 1 == last:
            os.kill(os.getpid(), signal.SIGTERM)

    patched.setattr(checkpoint.Average, "update", stop)


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a run's numbers arrive; each test has its own."""
    path = tmp_path / "metrics.jsonl"
    monkeypatch.setenv("TRAINUI_METRICS", str(path))
    return path


def listen(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    monkeypatch.setenv("TRAINUI_METRICS", str(path))
    return path


@pytest.mark.parametrize("model", ["transformer", "mlp", "contrastive"])
def test_a_training_leaves_checkpoints_curves_and_event_files(
    tiny: list[str], tmp_path: Path, metrics: Path, model: str
) -> None:
    assert run(tiny, tmp_path / "run", "--model", model, "--epochs", "2") == 0
    assert {"best.pt", "last.pt", "tensorboard"} <= {path.name for path in (tmp_path / "run").iterdir()}
    assert list((tmp_path / "run/tensorboard").glob("events.out.tfevents.*"))
    for name in (
        "val/mae",
        "val/median",
        "val/acc50",
        "val/acc100",
        "val/acc200",
        "val/boundaries_per_second",
    ):
        assert len(curve(metrics, name)) == 2
    assert all(value > 0 for value in curve(metrics, "val/mae_zero").values())
    assert len(curve(metrics, "train/loss")) == 6
    saved = {Path(str(one["checkpoint"])).name for one in lines(metrics) if "checkpoint" in one}
    assert saved == {"best.pt", "last.pt"}


@pytest.mark.parametrize("model", ["transformer", "mlp"])
def test_two_epochs_and_two_resumed_are_four(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """The same losses and the same validations, to the last digit."""
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    assert run(tiny, tmp_path / "whole", "--model", model) == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    assert run(tiny, tmp_path / "first", "--model", model, "--stop_after", "2") == 0
    last = str(tmp_path / "first/last.pt")
    assert run(tiny, tmp_path / "second", "--model", model, "--resume", last) == 0
    for name in ("train/loss", "train/lr", "train/grad_norm", "val/mae", "val/median"):
        assert curve(parts, name) == curve(whole, name)


def as_it_was(state: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint as the refiners wrote it when they had a loop of their own."""
    loss, count = state["sums"].get("train/loss", torch.zeros(2)).tolist()
    kept, at = state["kept"], state["reached"]
    return {
        **{name: state[name] for name in ("settings", "model", "optimizer")},
        "average": kept["average"],
        "progress": {name: at[name] for name in ("step", "judged", "best", "best_epoch")}
        | {"loss_sum": loss, "loss_count": int(count)},
        "errors": kept["errors"],
    }


@pytest.mark.parametrize("stop", [5, 12], ids=["in the middle of an epoch", "after two epochs"])
def test_a_checkpoint_from_when_the_refiners_had_their_own_loop_goes_on_exactly(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    assert run(tiny, tmp_path / "whole") == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    with monkeypatch.context() as patched:
        stop_after_step(patched, stop)
        assert run(tiny, tmp_path / "first") == 0
    old = as_it_was(torch.load(tmp_path / "first/last.pt", weights_only=True))
    torch.save(old, tmp_path / "old.pt")
    assert checkpoint.read(tmp_path / "old.pt").errors == checkpoint.read(tmp_path / "first/last.pt").errors
    assert run(tiny, tmp_path / "second", "--resume", str(tmp_path / "old.pt")) == 0
    for name in ("train/loss", "train/grad_norm", "val/mae"):
        assert curve(parts, name) == curve(whole, name)


def test_an_old_checkpoint_counts_the_batches_of_an_epoch_that_is_less_than_a_step(
    tiny: list[str], tmp_path: Path
) -> None:
    few = ("--examples", "16", "--accumulation_steps", "4")
    assert run(tiny, tmp_path / "first", *few, "--stop_after", "1") == 0
    torch.save(as_it_was(torch.load(tmp_path / "first/last.pt", weights_only=True)), tmp_path / "old.pt")
    assert run(tiny, tmp_path / "second", *few, "--resume", str(tmp_path / "old.pt")) == 0
    end = reached(tmp_path / "second/last.pt")
    assert (end["step"], end["batch"], end["judged"]) == (4, 8, 4)


def test_a_run_stopped_in_the_middle_of_an_epoch_goes_on_exactly(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    assert run(tiny, tmp_path / "whole") == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    with monkeypatch.context() as patched:
        stop_after_step(patched, 5)
        assert run(tiny, tmp_path / "first") == 0
    assert reached(tmp_path / "first/last.pt")["step"] == 5
    assert run(tiny, tmp_path / "second", "--resume", str(tmp_path / "first/last.pt")) == 0
    assert curve(parts, "train/loss") == curve(whole, "train/loss")
    assert curve(parts, "val/mae") == curve(whole, "val/mae")


@pytest.mark.parametrize("at", ["the last step of an epoch", "the validation"])
def test_a_run_stopped_at_the_end_of_an_epoch_loses_nothing_of_it(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    assert run(tiny, tmp_path / "whole") == 0
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    judge = train.judge

    def stop_before(*given: object, **more: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return judge(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        if at == "the validation":
            patched.setattr(train, "judge", stop_before)
        else:
            stop_after_step(patched, 6)
        assert run(tiny, tmp_path / "first") == 0
    saved = reached(tmp_path / "first/last.pt")
    assert (saved["step"], saved["judged"]) == (6, 0)
    assert run(tiny, tmp_path / "second", "--resume", str(tmp_path / "first/last.pt")) == 0
    assert curve(parts, "train/loss") == curve(whole, "train/loss")
    assert curve(parts, "val/mae") == curve(whole, "val/mae")


def test_sigterm_ends_a_real_process_promptly_with_a_checkpoint(tiny: list[str], tmp_path: Path) -> None:
    """Signalled as soon as it trains; it exits 0 and says where it stopped."""
    script = (
        "import sys; from jobs.boundary import recipe, train; from tests.jobs.conftest import TINY;"
        "recipe.RECIPES['tiny'] = TINY; sys.exit(train.main(sys.argv[1:]))"
    )
    environment = {**os.environ, "TRAINUI_METRICS": str(tmp_path / "metrics.jsonl"), "OMP_NUM_THREADS": "1"}
    arguments = [*tiny, "--epochs", "100000", "--run_dir", str(tmp_path / "run")]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run/last.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert reached(tmp_path / "run/last.pt")["step"] > 0


def test_patience_ends_a_training_that_does_not_get_better(
    tiny: list[str], tmp_path: Path, metrics: Path
) -> None:
    assert run(tiny, tmp_path / "run", "--epochs", "30", "--patience", "2", "--learning_rate", "0") == 0
    assert len(curve(metrics, "val/mae")) == 3


def test_a_loss_that_is_not_a_number_is_reported_as_it_is(
    tiny: list[str], tmp_path: Path, metrics: Path
) -> None:
    assert run(tiny, tmp_path / "run", "--learning_rate", "1e30", "--clip", "1e30", "--epochs", "2") == 0
    assert any(not math.isfinite(value) for value in curve(metrics, "train/loss").values())


def test_a_loss_that_breaks_is_told_and_never_the_best(
    tiny: list[str], tmp_path: Path, metrics: Path
) -> None:
    """Six steps an epoch: the first is sound, then nothing is. Patience counts it as no better."""
    flags = ["--break_loss_at", "8", "--epochs", "30", "--patience", "2"]
    assert run(tiny, tmp_path / "run", *flags) == 0
    losses = curve(metrics, "train/loss")
    assert [math.isfinite(losses[step]) for step in (6, 8)] == [True, False]
    assert len(curve(metrics, "val/mae")) == 3
    assert reached(tmp_path / "run/best.pt")["step"] == 6


def test_half_the_batch_twice_is_the_same_step(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the remedy for a full memory does: the same examples, the same gradients."""
    curves = []
    for name, flags in (
        ("one", ["--batch_size", "8"]),
        ("two", ["--batch_size", "4", "--accumulation_steps", "2"]),
    ):
        path = listen(monkeypatch, tmp_path / f"{name}.jsonl")
        calm = ["--dropout", "0", "--disturb", "0", "--epochs", "1"]
        assert run(tiny, tmp_path / name, *flags, *calm) == 0
        curves.append(curve(path, "train/loss"))
    assert curves[0].keys() == curves[1].keys()
    assert list(curves[0].values()) == pytest.approx(list(curves[1].values()), rel=1e-3)


def test_boundaries_are_displaced_as_a_given_system_displaces_them(tiny: list[str], tmp_path: Path) -> None:
    """Its errors are measured from RTTM, kept in the checkpoint, and used when it is put to use."""
    truth = [Segment(float(n), n + 0.9, "ab"[n % 2]) for n in range(60)]
    late = [Segment(s.start + 0.07, s.stop + 0.07, s.speaker) for s in truth]
    write_rttm(tmp_path / "truth.rttm", {"x": truth})
    write_rttm(tmp_path / "system.rttm", {"x": late})
    given = [
        "--jitter_reference",
        str(tmp_path / "truth.rttm"),
        "--jitter_hypothesis",
        str(tmp_path / "system.rttm"),
    ]
    assert run(tiny, tmp_path / "run", *given, "--epochs", "1") == 0
    assert set(checkpoint.read(tmp_path / "run/best.pt").errors.values) == {-0.07}


def test_every_so_many_epochs_a_checkpoint_is_kept(tiny: list[str], tmp_path: Path) -> None:
    assert run(tiny, tmp_path / "run", "--save_every", "2", "--fused", "off") == 0
    assert sorted(path.name for path in (tmp_path / "run").glob("epoch*.pt")) == ["epoch2.pt", "epoch4.pt"]


def test_a_handful_of_examples_is_learnt_by_heart_before_training(
    tiny: list[str], tmp_path: Path, metrics: Path
) -> None:
    assert run(tiny, tmp_path / "run", "--preflight_steps", "300", "--epochs", "1") == 0
    assert curve(metrics, "preflight/overfit_mae")[0] < overfit.LIMIT


def test_overfitting_says_whether_the_handful_was_learnt(
    tiny: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert overfit.main([*tiny, "--model", "contrastive"]) == 0
    assert overfit.main([*tiny, "--model", "contrastive", "--preflight_steps", "1"]) == 1
    assert "overfitted to" in capsys.readouterr().out


def test_the_rate_warms_up_and_comes_down() -> None:
    settings = Settings(learning_rate=1e-3, warmup_steps=10)
    rates = [train.learning_rate(settings, step, 100) for step in range(100)]
    assert max(rates) in rates[9:11]
    assert rates[0] == pytest.approx(1e-4)
    assert rates[-1] < 2e-5
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_an_epoch_shows_each_boundary_as_often_as_asked() -> None:
    order = train.epoch_order(Settings(copies=3, batch_size=7), 14, 0)
    assert torch.bincount(order).tolist() == [3] * 14
    assert not torch.equal(order, train.epoch_order(Settings(copies=3, batch_size=7), 14, 1))


@pytest.mark.parametrize("flag", ["--learning_rate", "--learning-rate"])
def test_flags_are_spelt_either_way(flag: str) -> None:
    assert read([flag, "0.002"]).learning_rate == 0.002


def test_a_config_file_gives_way_to_its_preset_and_that_to_flags(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[params]\nepochs = 9\ntokens = 100\n[presets.demo]\nepochs = 3\n")
    assert read(["--config", str(path)]).epochs == 9
    chosen = read(["--config", str(path), "--preset", "demo", "--tokens", "50"])
    assert (chosen.epochs, chosen.tokens) == (3, 50)


@pytest.mark.parametrize(
    ("text", "more", "sentence"),
    [
        ("[params]\nepochz = 9\n", [], "sets 'epochz', which this training does not know"),
        ("[params]\n", ["--preset", "demo"], r"has no \[presets.demo\]"),
        ("params]", [], "cannot be read"),
        ("[params]\nepochs = 2.5\n", [], "sets epochs = 2.5, which is no whole number"),
        ("[params]\nepochs = true\n", [], "sets epochs = True, which is no whole number"),
        ("[params]\nlearning_rate = 'fast'\n", [], "sets learning_rate = 'fast', which is no number"),
    ],
)
def test_a_config_that_is_wrong_says_what(tmp_path: Path, text: str, more: list[str], sentence: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        read(["--config", str(path), *more])


def test_a_preset_without_its_file_is_not_passed_over() -> None:
    with pytest.raises(DataError, match="--preset demo is one of a file: give --config PATH, too"):
        read(["--preset", "demo"])


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--source", "/nowhere"], "/nowhere is not a folder"),
        (["--data", "huge"], "There is no recipe 'huge'"),
        (["--resume", "/nowhere.pt"], "/nowhere.pt: there is no such checkpoint"),
        (["--model", "lstm"], "no model 'lstm'"),
        (["--features", "mfcc"], "--features 'mfcc': known are mel and wavlm"),
        (["--fused", "maybe"], "--fused 'maybe': known are on, off and auto"),
        (["--jitter_reference", "/truth"], "belong together: give both or neither"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence_and_exit_code_2(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], sentence: str
) -> None:
    assert run(tiny, tmp_path / "run", *flags) == 2
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence in complaint


@pytest.mark.parametrize("content", [b"", b"words", b"\x80\x02]q\x00.", "a list", "another model"])
def test_a_file_that_is_no_checkpoint_is_said_in_one_sentence(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | str
) -> None:
    path = tmp_path / "odd.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "a list":
        torch.save([1, 2], path)
    else:
        assert run(tiny, tmp_path / "mlp", "--model", "mlp", "--epochs", "1") == 0
        path = tmp_path / "mlp/last.pt"
    capsys.readouterr()
    assert run(tiny, tmp_path / "run", "--model", "contrastive", "--resume", str(path)) == 2
    said = capsys.readouterr().err
    complaint = said.strip().splitlines()[
        -1
    ]  # who trains first in this process also tells how data are built
    assert (
        "is no checkpoint of a boundary training" in complaint
        or "is of another network than this BoundaryContrastive" in complaint
    )
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [("progress", "'loss_sum'"), ("average", "another network"), ("optimizer", "'optimizer'")],
)
def test_a_network_that_is_not_whole_is_said_in_one_sentence(
    tiny: list[str], tmp_path: Path, lost: str, sentence: str
) -> None:
    assert run(tiny, tmp_path / "mlp", "--model", "mlp", "--epochs", "1") == 0
    old = as_it_was(torch.load(tmp_path / "mlp/last.pt", weights_only=True))
    old[lost] = {}
    if lost == "optimizer":
        del old[lost]
    torch.save(old, tmp_path / "odd.pt")
    with pytest.raises(DataError, match=sentence):
        checkpoint.read(tmp_path / "odd.pt")


def test_an_evaluation_of_a_model_that_was_not_trained_says_so(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tiny, tmp_path / "runs/mlp-1", "--model", "mlp", "--epochs", "1") == 0
    flags = [
        "--model",
        "contrastive",
        "--runs_dir",
        str(tmp_path / "runs"),
        "--run_dir",
        str(tmp_path / "out"),
    ]
    assert evaluate.main(flags) == 2
    assert "no run of contrastive has a best.pt yet" in capsys.readouterr().err


def test_the_evaluation_compares_the_newest_runs_with_doing_nothing(
    tiny: list[str], tmp_path: Path, metrics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """mlp-10 is newer than mlp-9, and a folder of another name is no run."""
    for name, model in (
        ("mlp-9", "mlp"),
        ("mlp-10", "mlp"),
        ("contrastive-1", "contrastive"),
        ("mlp-old", "mlp"),
    ):
        assert run(tiny, tmp_path / "runs" / name, "--model", model, "--epochs", "1") == 0
    flags = [
        "--runs_dir",
        str(tmp_path / "runs"),
        "--run_dir",
        str(tmp_path / "out"),
        "--source",
        "",
        "--hypothesis",
        "",
    ]
    assert evaluate.main(flags) == 0
    said = capsys.readouterr().out
    assert "mlp-10/best.pt" in said
    assert "mlp-9/best.pt" not in said
    assert "822,017" in said
    assert "do nothing" in said
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results.keys() == {"do nothing", "mlp", "contrastive", "put to use"}
    best = min(results[name]["mae"] for name in ("mlp", "contrastive"))
    assert curve(metrics, "test/mae")[1] == pytest.approx(best)
    assert curve(metrics, "test/mae_zero")[1] == pytest.approx(results["do nothing"]["mae"])
    assert curve(metrics, "der/before")[1] > 0
    assert (tmp_path / "out/refined.rttm").exists()


def test_the_test_does_not_choose_which_network_is_put_to_use(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {}
    for model in ("mlp", "contrastive"):
        run_dir = tmp_path / f"runs/{model}-1"
        assert run(tiny, run_dir, "--model", model, "--epochs", "1") == 0
        paths[model] = run_dir / "best.pt"
    for chosen in paths:
        for model, path in paths.items():
            state = torch.load(path, weights_only=True)
            state["reached"]["best"] = 1.0 if model == chosen else 2.0
            torch.save(state, path)
        capsys.readouterr()
        assert evaluate.main(["--runs_dir", str(tmp_path / "runs"), "--run_dir", str(tmp_path / chosen)]) == 0
        assert f"best: {chosen}, " in capsys.readouterr().out


def test_an_evaluation_of_one_checkpoint(tiny: list[str], tmp_path: Path) -> None:
    assert run(tiny, tmp_path / "run", "--epochs", "1") == 0
    flags = [
        "--model",
        "mlp",
        "--checkpoint",
        str(tmp_path / "run/best.pt"),
        "--run_dir",
        str(tmp_path / "out"),
    ]
    assert evaluate.main(flags) == 0
    assert "mlp" in json.loads((tmp_path / "out/results.json").read_text())


def test_an_evaluation_without_any_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--runs_dir", str(tmp_path), "--run_dir", str(tmp_path / "out")]) == 2
    assert "train first" in capsys.readouterr().err


def test_the_baseline_is_what_every_validation_stands_beside(
    tiny: list[str], tmp_path: Path, metrics: Path
) -> None:
    given = dict(zip(tiny[::2], tiny[1::2], strict=True))
    flags = [part for name in ("--data", "--source", "--data_dir") for part in (name, given[name])]
    assert (
        baseline.main([*flags, "--run_dir", str(tmp_path / "out"), "--reference", "", "--hypothesis", ""])
        == 0
    )
    zero = curve(metrics, "val/mae")[1]
    assert run(tiny, tmp_path / "run", "--epochs", "1") == 0
    assert curve(metrics, "val/mae_zero")[6] == pytest.approx(zero, rel=0.05)
