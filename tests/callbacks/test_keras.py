"""The callback for Keras, against the real one: the history fit gives back is what was reported."""

import json

from tests.callbacks.conftest import needs

TRAIN = """
import json, keras, numpy as np
from trainui.callbacks.keras import TrainuiCallback
keras.utils.set_random_seed(0)
x = np.arange(40, dtype="float32")[:, None] / 40
model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"])
best = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_mae", save_best_only=True, mode="max")
open("best.keras", "w").close()
first = model.fit(x, 2 * x, batch_size=8, epochs=4, verbose=0, validation_split=0.5, callbacks=[best, TrainuiCallback(every=2, checkpoint=best)])
more = TrainuiCallback(checkpoint="at-{epoch}.keras")
each = keras.callbacks.ModelCheckpoint("at-{epoch}.keras")
second = model.fit(x, 2 * x, batch_size=4, epochs=1, verbose=0, callbacks=[each, more])
json.dump([first.history, second.history], open("history.json", "w"))
"""


@needs("keras", "h5py")
def test_the_history_of_a_fit_arrives(training):
    records = training(TRAIN)
    first, second = json.loads((training.folder / "history.json").read_text())
    told = [
        r
        for r in records
        if r.metrics and not r.checkpoint and not any(n.startswith("batch/") for n in r.metrics)
    ]
    assert [(r.step, r.epoch) for r in told] == [(3, 1.0), (6, 2.0), (9, 3.0), (12, 4.0), (22, 1.0)]
    for name in first:
        assert [r.metrics[name] for r in told[:4]] == first[name]
    assert {name: [value] for name, value in told[4].metrics.items()} == second
    assert [(r.total_steps, r.total_epochs) for r in records if r.total_epochs] == [(12, 4), (22, 1)]
    assert [r.step for r in records if "batch/loss" in r.metrics] == [2, 4, 6, 8, 10, 12]
    assert [r.event for r in records if r.event] == [
        "training begins",
        "training ends at step 12",
        "training goes on at step 12",
        "training ends at step 22",
    ]


@needs("keras", "h5py")
def test_only_files_that_were_written_are_checkpoints(training):
    records = training(TRAIN)
    first, second = json.loads((training.folder / "history.json").read_text())
    best, rising = float("-inf"), []
    for epoch, value in enumerate(first["val_mae"], 1):
        if value > best:
            best = value
            rising.append(("best.keras", 3 * epoch, {"val_mae": value}))
    assert [(r.checkpoint, r.step, dict(r.metrics)) for r in records if r.checkpoint] == [
        *rising,
        ("at-1.keras", 22, {name: values[0] for name, values in second.items()}),
    ]
    assert len(rising) < 4
