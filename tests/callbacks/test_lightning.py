"""The callback for Lightning, against the real one under both its names, beside its own CSV logger."""

import csv
import importlib.util

import pytest

from tests.callbacks.conftest import needs

TRAIN = """
import sys, torch
import PACKAGE as pl
from PACKAGE.callbacks import ModelCheckpoint
from PACKAGE.loggers import CSVLogger
from trainui.callbacks.lightning import TrainuiCallback
class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(1, 1)
    def loss(self, batch):
        return torch.nn.functional.mse_loss(self.line(batch[0]), batch[1])
    def training_step(self, batch, index):
        loss = self.loss(batch)
        self.log("train/loss", loss)
        return loss
    def validation_step(self, batch, index):
        self.log("val/loss", self.loss(batch))
    def test_step(self, batch, index):
        self.log("test/loss", self.loss(batch))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
torch.manual_seed(0)
x = torch.arange(40).float()[:, None] / 40
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=4)
trainer = pl.Trainer(max_epochs=2, accelerator="cpu", log_every_n_steps=5, enable_progress_bar=False,
    enable_model_summary=False, num_sanity_val_steps=2, logger=LOGGER,
    callbacks=[TrainuiCallback(), ModelCheckpoint(CHECKPOINTS monitor="val/loss", filename="{epoch}", save_top_k=2, save_last=True)])
trainer.fit(Line(), data, data)
trainer.test(trainer.model, data, verbose=False)
"""


def script(package, logger='CSVLogger(".")', checkpoints='dirpath="kept",'):
    text = TRAIN.replace("PACKAGE", package).replace("logger=LOGGER", f"logger={logger}")
    return text.replace("CHECKPOINTS", checkpoints)


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def package(request):
    if importlib.util.find_spec(request.param.partition(".")[0]) is None:
        pytest.skip("not installed: make test-callbacks")
    return request.param


def test_what_its_own_logger_writes_arrives(training, package):
    records = training(script(package))
    (table,) = training.folder.glob("lightning_logs/*/metrics.csv")
    with table.open() as file:
        rows = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    told = [
        {**r.metrics, "step": r.step, "epoch": r.epoch} for r in records if r.metrics and not r.checkpoint
    ]
    for row in rows:
        row.setdefault("epoch", None)
    assert [(row["step"], *sorted(row)) for row in told] == [(row["step"], *sorted(row)) for row in rows]
    for one, other in zip(told, rows, strict=True):
        assert one == pytest.approx(other)
    assert [row["step"] for row in told if "train/loss" in row] == [4, 9, 14, 19]
    assert [row["step"] for row in told if "val/loss" in row] == [9, 19]  # and no sanity check
    assert [row["step"] for row in told if "test/loss" in row] == [20]
    assert [(r.total_steps, r.total_epochs) for r in records if r.total_steps] == [(20, 2)]
    assert [r.event for r in records if r.event] == ["training begins", "training ends at step 20"]


def test_checkpoints_arrive_with_the_metric_they_are_chosen_by(training, package):
    records = training(script(package, logger="False", checkpoints=""))
    losses = {
        r.step + 1: r.metrics["val/loss"] for r in records if "val/loss" in r.metrics and not r.checkpoint
    }
    assert [(r.checkpoint, r.step, dict(r.metrics)) for r in records if r.checkpoint] == [
        ("checkpoints/epoch=0.ckpt", 10, {"val/loss": losses[10]}),
        ("checkpoints/last.ckpt", 10, {"val/loss": losses[10]}),
        ("checkpoints/epoch=1.ckpt", 20, {"val/loss": losses[20]}),
        ("checkpoints/last.ckpt", 20, {"val/loss": losses[20]}),
    ]
    assert all((training.folder / r.checkpoint).is_file() for r in records if r.checkpoint)


@needs("lightning", "pytorch_lightning")
def test_a_trainer_of_the_other_name_is_served_too(training):
    text = script("pytorch_lightning", logger="False", checkpoints="")
    records = training("import lightning.pytorch\n" + text)
    assert [r.step for r in records if "train/loss" in r.metrics] == [4, 9, 14, 19]


@needs("lightning")
def test_of_two_processes_the_first_reports(training):
    text = script("lightning.pytorch", logger="False", checkpoints="").replace(
        'accelerator="cpu"', 'accelerator="cpu", devices=2, strategy="ddp"'
    )
    by_hand = text.replace(
        'self.log("train/loss", loss)', 'self.log("train/loss", loss); trainui.log({"mine": index})'
    )
    records = training("import trainui\n" + by_hand.replace("trainer.test(", "0 and trainer.test("))
    assert [r.step for r in records if "train/loss" in r.metrics] == [4, 9]
    assert (
        len([r for r in records if "mine" in r.metrics])
        == len([r for r in records if "rank1/mine" in r.metrics])
        == 10
    )
    assert [r.total_steps for r in records if r.total_steps] == [10]
    assert {name for r in records for name in r.metrics} == {"train/loss", "val/loss", "mine", "rank1/mine"}
    assert [r.event for r in records if r.event] == ["training begins", "training ends at step 10"]
