"""The loop that the systems share: goes on exactly, survives NaN, counts the last part of a group, refuses strangers."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional

from jobs.training import files
from jobs.training.errors import DataError
from jobs.training.loop import Loop, train
from jobs.training.schedule import cosine_restarts, warm_cosine
from jobs.training.settings import LoopSettings, read, settings_of
from jobs.training.system import System
from tests.jobs.listening import curve, listen


class Line(System):
    """Learns a line from noisy points; dropout makes chance matter."""

    what = "Line"
    primary = "val/loss"
    goal = "min"

    def __init__(self, settings: LoopSettings, batches: int = 5) -> None:
        self.settings, self.batches_per_epoch = settings, batches
        self.examples_per_epoch = 4 * batches
        self.device = torch.device("cpu")
        torch.manual_seed(settings.seed)
        self.model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.3), nn.Linear(8, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)
        self.scores: list[float] = []

    def batches(self, epoch, first):
        for number in range(first, self.batches_per_epoch):
            random = torch.Generator().manual_seed(epoch * 1000 + number)
            x = torch.rand(4, 1, generator=random)
            yield x, 2 * x + 1

    def rates(self, step):
        return [0.01 * warm_cosine(step, 100, warmup=3)]

    def loss(self, batch):
        x, y = batch
        answer = self.model(x)
        near = ((answer.detach() - y).abs() < 0.5).sum()
        return functional.mse_loss(answer, y), {"train/near": (near, len(y))}

    def validate(self, goes_on):
        self.model.eval()
        x = torch.linspace(0, 1, 9)[:, None]
        value = float(functional.mse_loss(self.model(x), 2 * x + 1).detach())
        return {"val/loss": self.scores.pop(0) if self.scores else value}

    def say(self, epoch, figures):
        return f"epoch {epoch}"


def quiet() -> SimpleNamespace:
    return SimpleNamespace(asked=False)


def run(settings: LoopSettings, run_dir: Path, *, scores=(), system=None, stopping=None) -> Loop:
    run_dir.mkdir(parents=True, exist_ok=True)
    system = system or Line(settings)
    system.scores = list(scores)
    loop = Loop(settings, system, run_dir, stopping or quiet())
    loop.run()
    return loop


@pytest.mark.parametrize("group", [1, 2])
def test_a_resumed_training_draws_the_very_curve(tmp_path, monkeypatch, group) -> None:
    settings = LoopSettings(epochs=4, log_every=2, accumulation_steps=group)
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    one = run(settings, tmp_path / "whole")
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    run(LoopSettings(epochs=4, log_every=2, accumulation_steps=group, stop_after=2), tmp_path / "first")
    resumed = LoopSettings(
        epochs=4, log_every=2, accumulation_steps=group, resume=str(tmp_path / "first/last.pth")
    )
    two = run(resumed, tmp_path / "second")
    for name in ("train/loss", "train/near", "train/lr", "train/grad_norm", "val/loss", "epoch/loss"):
        assert curve(parts, name) == curve(whole, name)
        assert curve(whole, name)
    for mine, theirs in zip(one.system.model.parameters(), two.system.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("group", [1, 3])
def test_asked_to_stop_in_the_middle_of_an_epoch_it_goes_on_exactly(tmp_path, monkeypatch, group) -> None:
    settings = LoopSettings(epochs=3, log_every=1, accumulation_steps=group)
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    run(settings, tmp_path / "whole")
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    stopping, system = quiet(), Line(settings)
    plain = system.loss

    def loss(batch):
        stopping.asked = (
            stopping.asked or system.optimizer.state_dict()["state"].get(0, {}).get("step", 0) >= 2
        )
        return plain(batch)

    system.loss = loss
    first = run(settings, tmp_path / "first", system=system, stopping=stopping)
    assert 0 < first.at.batch < 15
    assert first.at.batch % group in (0, 5 % group)
    run(
        LoopSettings(
            **{
                **{f: getattr(settings, f) for f in settings.__dataclass_fields__},
                "resume": str(tmp_path / "first/last.pth"),
            }
        ),
        tmp_path / "second",
    )
    assert curve(parts, "train/loss") == curve(whole, "train/loss")
    assert curve(parts, "val/loss") == curve(whole, "val/loss")


@pytest.mark.parametrize("when", ["in the last batch of an epoch", "while it is validated"])
def test_asked_to_stop_at_the_end_of_an_epoch_nothing_of_it_is_lost(tmp_path, monkeypatch, when) -> None:
    settings = LoopSettings(epochs=3, log_every=1)
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    run(settings, tmp_path / "whole")
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    stopping, system = quiet(), Line(settings)
    plain_batches, plain_validate, at = system.batches, system.validate, [0]

    def batches(epoch, first):
        for number, batch in enumerate(plain_batches(epoch, first), start=5 * epoch + first + 1):
            at[0] = number
            stopping.asked = when == "in the last batch of an epoch" and number == 10
            yield batch

    def validate(goes_on):
        stopping.asked = when == "while it is validated" and at[0] == 10
        return plain_validate(goes_on) if goes_on() else None

    system.batches, system.validate = batches, validate
    first = run(settings, tmp_path / "first", system=system, stopping=stopping)
    assert (first.at.batch, first.at.judged) == (10, 1)
    resumed = LoopSettings(epochs=3, log_every=1, resume=str(tmp_path / "first/last.pth"))
    second = run(resumed, tmp_path / "second")
    assert (second.at.batch, second.at.judged) == (15, 3)
    for name in ("train/loss", "val/loss", "epoch/loss"):
        assert curve(parts, name) == curve(whole, name)


def test_a_checkpoint_from_before_epochs_were_counted_goes_on_where_it_was(tmp_path, monkeypatch) -> None:
    run(LoopSettings(epochs=4, stop_after=2), tmp_path / "first")
    old = torch.load(tmp_path / "first/last.pth", weights_only=True)
    del old["reached"]["judged"]
    torch.save(old, tmp_path / "old.pth")
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    run(LoopSettings(epochs=4, resume=str(tmp_path / "old.pth")), tmp_path / "second")
    assert list(curve(told, "val/loss")) == [15, 20]


def test_the_last_smaller_group_of_an_epoch_is_a_step_of_its_own_mean(tmp_path) -> None:
    """Five batches in groups of two are three steps; the last weighs as a whole batch, not as half a one."""
    settings = LoopSettings(epochs=1, accumulation_steps=2, clip=0)
    seen, before_last = [], {}
    system = Line(settings)
    plain = system.optimizer.step

    def step(*args, **kwargs):
        seen.append([parameter.grad.clone() for parameter in system.model.parameters()])
        before_last.update({name: tensor.clone() for name, tensor in system.model.state_dict().items()})
        return plain(*args, **kwargs)

    system.optimizer.step = step
    run(settings, tmp_path, system=system)
    assert len(seen) == 3
    last = Line(settings)
    last.model.load_state_dict(before_last)
    *_, batch = last.batches(0, 4)
    torch.manual_seed(settings.seed * 1_000_003 + 4)
    last.model.train()
    last.loss(batch)[0].backward()
    for told, alone in zip(seen[-1], last.model.parameters(), strict=True):
        assert torch.allclose(told, alone.grad, atol=1e-7)


def test_nan_is_never_the_best_and_patience_counts_it(tmp_path, monkeypatch) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    scores = [math.nan, 3.0, math.nan, 2.0, math.nan, math.inf, math.nan, 1.0]
    loop = run(LoopSettings(epochs=8, patience=3), tmp_path / "run", scores=scores)
    assert loop.at.best == 2.0
    assert loop.at.best_epoch == 4
    values = list(curve(told, "val/loss").values())
    assert len(values) == 7
    assert math.isnan(values[0])
    assert math.isinf(values[5])
    assert files.load(tmp_path / "run/best_model.pth", "Line")["reached"]["best"] == 2.0


def test_only_nan_ends_by_patience_without_a_best_checkpoint(tmp_path) -> None:
    loop = run(LoopSettings(epochs=9, patience=2), tmp_path, scores=[math.nan] * 9)
    assert round(loop.epoch) == 2
    assert not (tmp_path / "best_model.pth").exists()
    assert (tmp_path / "last.pth").exists()


def test_a_loss_that_is_not_a_number_is_told_as_it_is(tmp_path, monkeypatch) -> None:
    told = listen(monkeypatch, tmp_path / "told.jsonl")
    run(LoopSettings(epochs=1, log_every=1, break_loss_at=3), tmp_path / "run")
    values = list(curve(told, "train/loss").values())
    assert [math.isnan(value) for value in values] == [False, False, True, True, True]


def test_checkpoints_are_kept_each_so_many_epochs(tmp_path) -> None:
    run(LoopSettings(epochs=5, save_every=2), tmp_path)
    kept = {path.name for path in tmp_path.glob("*.pth")}
    assert kept == {"best_model.pth", "last.pth", "checkpoint_epoch2.pth", "checkpoint_epoch4.pth"}


class Averaged(Line):
    """Judges an average of its weights, and has names of its own."""

    best_file, last_file, epoch_file = "best.pt", "last.pt", "epoch{}.pt"

    def __init__(self, settings: LoopSettings) -> None:
        super().__init__(settings)
        self.steps_seen: list[int] = []
        self.average = torch.zeros(())
        self.kept = {"average": self.average}

    def stepped(self, step):
        self.steps_seen.append(step)
        self.average.lerp_(self.model[0].bias.detach().mean(), 0.5)

    def validate(self, goes_on):
        return {"val/loss": float(self.average)}

    def restore(self, kept):
        self.average.copy_(kept["average"])


def test_a_system_hears_of_each_step_and_finds_again_what_it_kept(tmp_path, monkeypatch) -> None:
    whole = listen(monkeypatch, tmp_path / "whole.jsonl")
    settings = LoopSettings(epochs=4, accumulation_steps=2, save_every=2)
    one = run(settings, tmp_path / "whole", system=Averaged(settings))
    assert one.system.steps_seen == list(range(12))
    assert {path.name for path in (tmp_path / "whole").glob("*.p*")} == {
        "best.pt",
        "last.pt",
        "epoch2.pt",
        "epoch4.pt",
    }
    parts = listen(monkeypatch, tmp_path / "parts.jsonl")
    first = replace(settings, stop_after=2)
    run(first, tmp_path / "first", system=Averaged(first))
    second = replace(settings, resume=str(tmp_path / "first/last.pt"))
    assert run(second, tmp_path / "second", system=Averaged(second)).system.steps_seen == list(range(6, 12))
    assert curve(parts, "val/loss") == curve(whole, "val/loss")


@pytest.mark.parametrize("content", [b"", b"no pickle", None])
def test_what_is_no_checkpoint_is_said_in_one_sentence(tmp_path, content) -> None:
    path = tmp_path / "last.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"last\.pth"):
        run(LoopSettings(resume=str(path)), tmp_path / "run")


def test_another_systems_checkpoint_and_another_size_are_refused(tmp_path) -> None:
    run(LoopSettings(epochs=1), tmp_path)
    with pytest.raises(DataError, match="no checkpoint of Curve"):
        files.load(tmp_path / "last.pth", "Curve")
    system = Line(LoopSettings())
    system.model = nn.Linear(3, 3)
    with pytest.raises(DataError, match="other sizes"):
        run(LoopSettings(resume=str(tmp_path / "last.pth")), tmp_path / "again", system=system)


def test_sigterm_to_this_process_ends_the_training_after_the_step_at_hand(tmp_path) -> None:
    settings = LoopSettings(epochs=50)
    system = Line(settings)
    plain = system.loss

    def loss(batch):
        if not hasattr(system, "shot"):
            system.shot = True
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(batch)

    system.loss = loss
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        train(settings, lambda report: system, tmp_path)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert files.load(tmp_path / "last.pth", "Line")["reached"]["batch"] == 1


def test_flags_file_and_preset_agree_on_the_settings(tmp_path) -> None:
    path = tmp_path / "job.toml"
    path.write_text("[params]\nepochs = 7\nclip = 2\n[presets.small]\nepochs = 3\n")
    found = read(LoopSettings, ["--config", str(path), "--preset", "small", "--batch-size", "9"], prog="x")
    assert (found.epochs, found.clip, found.batch_size) == (3, 2.0, 9)
    path.write_text("[params]\nepoch = 7\n")
    with pytest.raises(DataError, match="'epoch'"):
        read(LoopSettings, ["--config", str(path)], prog="x")
    assert settings_of(LoopSettings, {"settings": {"epochs": 4, "gone": 1}}).epochs == 4


def test_a_warm_up_is_a_factor_that_ends_at_one_and_a_cosine_at_its_floor() -> None:
    factors = [warm_cosine(step, 100, warmup=10, floor=0.1) for step in range(101)]
    assert max(factors) == factors[9] == 1.0
    assert factors[0] == 0.1
    assert factors[100] == pytest.approx(0.1)
    assert all(0 < one <= 1 for one in factors)
    restarts = [cosine_restarts(step, 10) for step in range(30)]
    assert restarts[0] == restarts[10] == restarts[20] == 1.0
    assert min(restarts) < 0.05
