"""The callback for the Trainer, against the real one: the points it keeps itself are the points reported."""

import json

from tests.callbacks.conftest import needs

TRAIN = """
import json, sys, torch
from transformers import Trainer, TrainingArguments
from trainui.callbacks.huggingface import TrainuiCallback
class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(1, 1)
    def forward(self, x, labels=None):
        y = self.line(x)
        return {"loss": torch.nn.functional.mse_loss(y, labels), "logits": y}
torch.manual_seed(0)
data = [{"x": torch.tensor([n / 40]), "labels": torch.tensor([n / 20])} for n in range(40)]
given = dict(output_dir="out", num_train_epochs=2, per_device_train_batch_size=4, logging_steps=5, eval_steps=10,
    eval_strategy="steps", save_strategy="steps", save_steps=10, report_to=[], use_cpu=True, disable_tqdm=True)
trainer = Trainer(Line(), TrainingArguments(**given), train_dataset=data, eval_dataset=data, callbacks=[TrainuiCallback()])
trainer.train()
json.dump(trainer.state.log_history, open("history.json", "w"))
trainer.state.is_world_process_zero = False
trainer.evaluate()
"""


@needs("transformers", "accelerate")
def test_the_trainers_own_history_arrives(training):
    records = training(TRAIN)
    history = json.loads((training.folder / "history.json").read_text())
    told = [(r.step, r.epoch, dict(r.metrics)) for r in records if r.metrics and not r.checkpoint]
    assert told == [
        (entry["step"], entry["epoch"], {k: v for k, v in entry.items() if k not in ("step", "epoch")})
        for entry in history
    ]
    assert [step for step, _, metrics in told if "loss" in metrics] == [5, 10, 15, 20]
    assert [step for step, _, metrics in told if "eval_loss" in metrics] == [10, 20]


@needs("transformers", "accelerate")
def test_the_trainers_length_and_checkpoints_arrive(training):
    records = training(TRAIN)
    assert [(r.total_steps, r.total_epochs) for r in records if r.total_steps] == [(20, 2)]
    losses = {
        r.step: r.metrics["eval_loss"] for r in records if "eval_loss" in r.metrics and not r.checkpoint
    }
    assert [(r.checkpoint, r.step, r.epoch, dict(r.metrics)) for r in records if r.checkpoint] == [
        ("out/checkpoint-10", 10, 1.0, {"eval_loss": losses[10]}),
        ("out/checkpoint-20", 20, 2.0, {"eval_loss": losses[20]}),
    ]
    assert all((training.folder / r.checkpoint).is_dir() for r in records if r.checkpoint)
    assert [r.event for r in records if r.event] == ["training begins", "training ends at step 20"]


@needs("transformers", "accelerate")
def test_of_two_ranks_the_first_reports(training):
    (training.folder / "ranks.py").write_text(TRAIN)
    launch = "import sys; sys.argv[1:] = ['--standalone', '--nproc-per-node', '2', 'ranks.py']\n"
    records = training(launch + "from torch.distributed.run import main; main()")
    assert [r.step for r in records if "loss" in r.metrics] == [5, 10]
    assert [(r.total_steps, r.total_epochs) for r in records if r.total_steps] == [(10, 2)]
    assert [r.checkpoint for r in records if r.checkpoint] == ["out/checkpoint-10"]
    assert not any(name.startswith("rank") for r in records for name in r.metrics)
