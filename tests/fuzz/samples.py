"""Small valid files of every format, to begin from, and pieces of bytes that hurt."""

from __future__ import annotations

import json
import struct
import zlib

from trainui.core.ingest.formats.leveldb import FULL, MAGIC
from trainui.core.ingest.formats.messages import nested, number
from trainui.core.ingest.formats.tfrecord import framed

AT = 1_763_000_000.0


def event(step: int, tag: bytes, value: float) -> bytes:
    """A serialized Event of TensorBoard with one scalar."""
    summary = nested(1, nested(1, tag) + b"\x15" + struct.pack("<f", value))
    return framed(b"\x09" + struct.pack("<d", AT + step) + number(2, step) + nested(5, summary))


def history(step: int, **items: str) -> bytes:
    """A serialized Record of W&B with one line of history; values are JSON."""
    pairs = b"".join(
        nested(1, nested(1, name.encode()) + nested(16, text.encode())) for name, text in items.items()
    )
    return number(1, step) + nested(2, pairs + nested(2, number(1, step)))


def leveldb(*records: bytes) -> bytes:
    frames = [
        struct.pack("<IHB", zlib.crc32(record, zlib.crc32(bytes([FULL]))), len(record), FULL) + record
        for record in records
    ]
    return MAGIC + b"\0" + b"".join(frames)


def _lines(*entries: dict[str, object]) -> bytes:
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


PRINTED = (
    b"Epoch 1/3\n 10/100 [=>......] - ETA: 3s - loss: 2.31 - acc: 0.1\r"
    b"100/100 [=====] - 3s - loss: 1.31 - acc: 0.3 - val_loss: 1.5\n",
    b"Epoch 1:  50%|#####     | 5/10 [00:01<00:01,  5.0it/s, loss=0.52, v_num=1]\rEpoch 1: 100%|##########| 10/10 "
    b"[00:02<00:00,  5.0it/s, loss=0.42, v_num=1]\n",
    b"step 10: train loss 2.3012, val loss 2.4\niter 11: loss 2.2, time 12.1ms, mfu 3.1%\n",
    b"{'loss': 0.5, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.01}\n{'eval_loss': nan, 'epoch': 1.0}\n",
    b"     Epoch   gpu_mem       box       obj       cls     total\n     0/299     11.8G   0.0787   0.03   0.01   0.12\n",
    b"[2026-01-02 03:04:05,123][INFO] - epoch: 3 | train_loss=0.5 | lr=1e-4 | 12.5%\n",
    b"[100]\ttraining's auc: 0.91\tvalid_1's auc: 0.90\n[0]\ttrain-rmse:0.5\ttest-rmse:0.6\n",
    b"\x1b[32mEpoch 2\x1b[0m | train loss tensor(0.5, device='cuda:0') | wer 30.1%\n===> Epoch: 3 Average loss: 1.0\n",
    b'{"epoch": 1, "loss": 0.5}\n| epoch 3 | 200/2983 batches | lr 5.00 | loss 5.61 | ppl 273.1\n',
    b"Test set: Average loss: 0.0486, Accuracy: 9849/10000 (98%)\n * Acc@1 71.2 Acc@5 90.3\n",
)
SAMPLES: dict[str, tuple[bytes, ...]] = {
    "tensorboard": (
        framed(nested(3, b"brain.Event:2"))
        + event(1, b"train/loss", 2.5)
        + event(2, b"train/loss", float("nan")),
        event(2**40, b"lr", 1e-38) + bytes(40) + event(3, "größe".encode(), -1.0),
    ),
    "wandb": (
        leveldb(
            history(1, loss="0.5", **{"val/acc": "1e-3", "_step": "1"}),
            history(2, loss='"NaN"', epoch="0.5"),
        ),
    ),
    "jsonl": (
        _lines(
            {"step": 1, "loss": 0.5, "time": AT},
            {"step": 2, "loss": 0.25, "epoch": 0.1},
            {"step": 3, "metrics": {"val/loss": 1}},
        ),
        _lines(
            {"mode": "train", "epoch": 1, "iter": 50, "loss": 0.5, "lr": 0.1},
            {"mode": "val", "epoch": 1, "iter": 2, "mAP": 0.5},
        ),
        _lines(
            {"step": 3, "checkpoint": "a/b.pt", "wer": 30.5},
            {"event": "hello", "total_steps": 9},
            {"round": 3, "acc": 0.5},
        ),
        b'{"step": 1, "loss": NaN}\n{"step": 2, "loss": 1e999}\n{"a": {"b": {"c": 1}}, "step": 2}\n',
    ),
    "json": (
        json.dumps(
            {
                "global_step": 20,
                "max_steps": 500,
                "log_history": [{"epoch": n / 10, "loss": 1 / (n + 1), "step": 10 * n} for n in range(3)],
            }
        ).encode(),
        json.dumps({"epoch": [1, 2], "loss": [0.5, 0.25], "val_loss": [0.5, None]}).encode(),
        json.dumps({"epoch_1": {"loss": 0.5}, "epoch_2": {"loss": 0.25}}).encode(),
        b'{"test": {"wer": 0.5, "loss": NaN}, "seed": 3}',
    ),
    "csv": (
        b"epoch,step,train/loss,val acc,lr\n0,10,0.5,,1e-4\n0,20,0.25,30%,1e-4\n1,10,nan,1,1e-4\n",
        b"step\ttime\tloss\n1\t2026-01-02 03:04:05\t0.5\n2\t2026-01-02 03:04:06\ttensor(0.25)\n",
        b"epoch;loss;split\r\n1;0,5;val\r\n2;0,25;train\r\n",
        b"     0/299     11.8G   0.0787   0.0399   0.0187   0.1373        13       640   0.5   0.25   0.5   0.25   0.1   0.2   0.3\n",
        b"metric,step,value\nloss,1,0.5\nacc,1,0.25\n",
        b'epoch,"loss, train",a\n1,"0.5",[1 2]\n',
    ),
    "log": PRINTED,
    "console": PRINTED,
}
"""Kind → valid files. A new format wants a sample here: test_readers_hold.py asks for it."""

HURTS = (
    b"\r", b"\n", b"\r\n", b"\0", b"\x1b[2J", b"\x1b]0;title\x07", b"\x9b31m", "\u202e\u2066\u200f\u2028".encode(),
    b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\xef\xbb\xbf", b"nan", b"NaN", b"-inf", b"Infinity", b"1e999", b"-1e999",
    b"1e308", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1e-400", b"9" * 400,
    b"9" * 5000, b"0" * 5000 + b"1", b"1_000", "٣".encode(), "²".encode(), b"1,000,000", b"0.0.0", b'"', b"'", b"{", b"[" * 1200,
    b'{"a":' * 1200, b"\\u0000", b"\\ud800", b"\\n", b"\\u001b[2J", b'"step": ', b'"epoch": ', b"step,", b"epoch", b"loss=",
    b"/", b"%|", b"|", b":", b"," * 300, b" " * 300, b"\t" * 70, b"\r" * 2000, b"a" * 1000, b"loss: 1 " * 200, b"0/0", b"1/0",
    b"%", b"null", b"true", b"(", b"tensor(", b"9999-12-31T23:59:59", b"0001-01-01", b"1763000000", b"1763000000000",
)  # fmt: skip
"""Pieces that once hurt a parser somewhere."""
