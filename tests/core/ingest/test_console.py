"""What programs print: lines from real logs, and lines that only look like numbers."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.ingest.console import Console
from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.records import Record

NAN = math.nan


def read(*lines, reader=None):
    """The records of printed lines, read by one reader from the beginning of a run."""
    reader = reader or Console()
    return [record for line in lines for record in reader.read(line.encode())]


def told(*lines):
    """(step, epoch, metrics) of every record that has metrics."""
    return [(r.step, r.epoch, dict(r.metrics)) for r in read(*lines) if r.metrics]


@pytest.mark.parametrize(
    ("line", "step", "epoch", "metrics"),
    [
        # nanoGPT and its children
        ("iter 10: loss 9.1839, time 2948.60ms, mfu 22.83%", 10, None, {"loss": 9.1839, "time": 2948.6, "mfu": 22.83}),
        ("step 0: train loss 12.6510 BPC, val loss 12.6486 BPC", 0, None, {"train/loss": 12.651, "val/loss": 12.6486}),
        (
            "step 00130 (0.00%) | loss: nan | dt: 4.90ms | tok/sec: 26,125 | epoch: 1 | total time: 0.01m",
            130, 1.0, {"loss": NAN, "dt": 4.9, "tok/sec": 26125.0, "total_time": 0.01},
        ),
        ("step:564/1530 train_loss:3.5736 step_avg:166.44ms", 564, None, {"train_loss": 3.5736, "step_avg": 166.44}),
        ("s:1 trl:10.9598 lr:0.000002 norm:15.24", 1, None, {"trl": 10.9598, "lr": 2e-06, "norm": 15.24}),
        # Hugging Face
        (
            "{'loss': 0.6931, 'grad_norm': nan, 'learning_rate': 4.9e-05, 'epoch': 0.02}",
            None, 0.02, {"loss": 0.6931, "grad_norm": NAN, "learning_rate": 4.9e-05},
        ),
        ("{'loss': '0.69', 'epoch': '0.5'}", None, 0.5, {"loss": 0.69}),
        # Keras
        (
            "1563/1563 [====] - 8s 5ms/step - loss: nan - val_loss: 3.8224",
            1563, None, {"loss": NAN, "val_loss": 3.8224},
        ),
        (" 32/1563 [>.....] - ETA: 1:20 - loss: 2.2017", 32, None, {"loss": 2.2017}),
        ("1563/1563 ━━━━━━━━ 8s 5ms/step - accuracy: 0.4598", 1563, None, {"accuracy": 0.4598}),
        # tqdm and Lightning
        (
            " 14%|█▍   | 18/128 [00:02<00:11,  9.58it/s, loss=0.00424, acc=0.977]",
            18, None, {"loss": 0.00424, "acc": 0.977},
        ),
        (
            "Epoch 3: 100%|████| 128/128 [00:13<00:00,  9.34it/s, loss=9.06e-05, v_num=1, val_loss=0.5]",
            384, 3.0, {"loss": 9.06e-05, "val_loss": 0.5},
        ),
        ("Epoch 1 loss 0.53: 10%|█    | 10/100 [00:01<00:10,  9.0it/s]", 10, 1.0, {"loss": 0.53}),
        # the lines of the sign language runs
        ("Epoch 5  | Val WER: 30.1%", None, 5.0, {"val/wer": 30.1}),
        ("Epoch 120 | Val WER: ~24.5% | Loss: ~0.8  ← Best", None, 120.0, {"val/wer": 24.5, "loss": 0.8}),
        ("Epoch 1 [10/500] Loss: 1.2345 | LR: 0.000100", 10, 1.0, {"loss": 1.2345, "lr": 1e-4}),
        ("Epoch 5: Val Loss: 1.2345 | Val WER: 30.10%", None, 5.0, {"val/loss": 1.2345, "val/wer": 30.1}),
        # the rest of the field
        ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.134000", 640, 1.0, {"train/loss": 2.134}),
        (
            "Test set: Average loss: 0.0500, Accuracy: 9833/10000 (98%)",
            None, None, {"test/average_loss": 0.05, "test/accuracy": 98.0},
        ),
        ("[1,  2000] loss: 2.195", 2000, 1.0, {"loss": 2.195}),
        ("Epoch [1/5], Step [100/600], Loss: 0.1234", 100, 1.0, {"loss": 0.1234}),
        (
            "Epoch: [0][  10/5005]\tTime  0.500 ( 0.900)\tLoss 6.9e+00 (7.0e+00)\tAcc@1   0.00 (  0.10)",
            10, 0.0, {"time": 0.5, "loss": 6.9, "acc@1": 0.0},
        ),
        (
            "[01/02 03:04:05 d2.utils.events]:  eta: 0:12:34  iter: 19  total_loss: 5.1  lr: 1.6e-05  max_mem: 3000M",
            19, None, {"total_loss": 5.1, "lr": 1.6e-05, "max_mem": 3000.0},
        ),
        (
            "2020-10-13 02:36:58,123 - mmdet - INFO - Epoch [1][50/7330]\tlr: 0.00198, eta: 1 day, 7:58:20, loss: 2.7",
            50, 1.0, {"lr": 0.00198, "loss": 2.7},
        ),
        (
            "[titan] 2024-10-10 10:10:10,123 - root - INFO - step: 10  loss:  7.1234  memory: 10GiB(12%)  tps: 7,254",
            10, None, {"loss": 7.1234, "tps": 7254.0},
        ),
        (
            "2020-10-13 02:36:58 | INFO | train_inner | epoch 001:    100 / 1000 loss=5.1, ppl=18.4",
            100, 1.0, {"loss": 5.1, "ppl": 18.4},
        ),
        (
            "2020-02-26 18:45:51,360 Epoch 1 Step:   250 Batch Loss:     0.000011 Tokens per Sec: 10218873, Lr: 0.001",
            250, 1.0, {"batch_loss": 1.1e-05, "tokens_per_sec": 10218873.0, "lr": 0.001},
        ),
        (
            "Validation result at epoch 1, step   10000: Val DTW Score:  10.60, loss:   0.0355, GT DTW Score:      nan",
            10000, 1.0, {"val/dtw_score": 10.6, "val/loss": 0.0355, "val/gt_dtw_score": NAN},
        ),
        (
            "| epoch   1 |   200/ 2983 batches | lr 1.2500 | ms/batch  9.83 | loss  7.22 | ppl  1369.90",
            200, 1.0, {"lr": 1.25, "ms/batch": 9.83, "loss": 7.22, "ppl": 1369.9},
        ),
        ("| end of epoch   1 | time: 35.70s | valid loss   nan", None, 1.0, {"time": 35.7, "val/loss": NAN}),
        ("| End of training | test loss  4.01 | test ppl    55.03", None, None, {"test/loss": 4.01, "test/ppl": 55.03}),
        (
            "Epoch: 1, lr: 1.00e-03 - train loss: 1.73 - valid error: 2.25e-01",
            None, 1.0, {"lr": 1e-3, "train/loss": 1.73, "val/error": 0.225},
        ),
        (
            "Epoch loaded: 35 - test loss: 5.65e-03, test error: 0.00e+00",
            None, None, {"test/loss": 5.65e-3, "test/error": 0.0},
        ),
        ("2023-09-01 02:27:40.086676: train loss : -0.3867", None, None, {"train/loss": -0.3867}),
        ("Epoch 20: Train Acc (8-bit) = 0.9995", None, 20.0, {"train/acc_8-bit": 0.9995}),
        ("Epoch 3 done: MAE 91.2 ms, acc@50 61.0 %", None, 3.0, {"mae": 91.2, "acc@50": 61.0}),
        ("\x1b[32mstep 3\x1b[0m loss=\x1b[1m0.5\x1b[0m", 3, None, {"loss": 0.5}),
        ("[rank0]: step 12 loss: -inf", 12, None, {"loss": -math.inf}),
        ("step 100 loss tensor(0.5123, device='cuda:0')", 100, None, {"loss": 0.5123}),
        ("loss=0.4 acc=0.91 step=200", 200, None, {"loss": 0.4, "acc": 0.91}),
        ("loss: 0.53", None, None, {"loss": 0.53}),
        ("Best Val Acc: 61.50% (Epoch 4)", None, None, {"best_val_acc": 61.5}),
        ("  Train Loss: 0.5 | Train Acc: 61%", None, None, {"train/loss": 0.5, "train/acc": 61.0}),
        ("INFO:root:Epoch 3 loss: 0.5", None, 3.0, {"loss": 0.5}),
        ("2024-01-01 00:00:00.123 | INFO     | __main__:train:45 - epoch 3 loss 0.5", None, 3.0, {"loss": 0.5}),
        (
            "  epoch 3  loss 0.512  val_mae 91.2 ms  lr 1.0e-03",
            None, 3.0, {"loss": 0.512, "val_mae": 91.2, "lr": 1e-3},
        ),
        ("* Acc@1 61.50 Acc@5 85.10", None, None, {"acc@1": 61.5, "acc@5": 85.1}),
        ("epoch: 3 step: 20, loss is 0.5", 20, 3.0, {"loss": 0.5}),
        ("100/1000: loss=0.5", 100, None, {"loss": 0.5}),
        ("accuracy: 91%", None, None, {"accuracy": 91.0}),
        ("step 3 | train: loss 0.5 | val: loss 0.6", 3, None, {"train/loss": 0.5, "val/loss": 0.6}),
        (
            "Epoch 3 Train Loss: 0.5, Acc: 61 | Val Loss: 0.6, Acc: 58",
            None, 3.0, {"train/loss": 0.5, "train/acc": 61.0, "val/loss": 0.6, "val/acc": 58.0},
        ),
        # JSON among other output
        ('{"epoch": 0, "step": 5, "loss": NaN, "time": 39}', 5, 0.0, {"loss": NAN, "time": 39.0}),
        ('INFO {"test_loss": 0.5, "test_acc": 0.9}', None, None, {"test_loss": 0.5, "test_acc": 0.9}),
    ],
)  # fmt: skip
def test_a_line_that_reports(line, step, epoch, metrics):
    assert repr(told(line)) == repr([(step, epoch, metrics)])


@pytest.mark.parametrize(
    "line",
    [
        # settings
        "batch_size: 32", "loss_weight: 0.5", "precision: 16", "max_iters = 600000",
        "+ lr=1e-5", "+ epoch=25", "Total params: 15427584", "number of parameters: 123.59M", "label_smoothing: 0.1",
        '{"lr": 0.1, "batch_size": 4, "epochs": 30}', "{'dog': '0', 'rooster': '1'}", "Peak FLOPS (BF16): inf",
        "Namespace(batch_size=20, dropout=0.2, lr=0.5, best_val_loss=0.3)", "tokens per iteration will be: 491,520",
        "# 12 batch size * 1024 block size * 5 gradaccum * 8 GPUs = 491,520",
        # code
        "    avg_loss = total_loss / len(val_loader)", "    val_loss = 0.0", "        return 1.0", "loss *= 0.5",
        'print(f"Epoch {epoch}: Val Loss: {val_loss:.4f} | Val WER: {val_wer:.2f}%")', "lr=0.02,", "Conv3d(4, 32)",
        # names, hashes, paths, versions, dates
        "nano-gpt", "anaconda3", "commit: 579e621", "579e621", "2024-01-01 12:00:00", "12:34:56", "1.2.3.4",
        '  File "/root/nano-gpt/train.py", line 299, in <module>', "/a/b.py:275: UserWarning: x", "torch==2.11.0",
        "HTTP/1.1 200 OK", "Loading model from /home/x/d2 with step 10", "Resuming from epoch 10",
        "saving checkpoint to /scratch/out-100",
        # tables' borders, prose, other tables
        "+------+-------+", "| 0.5  | 0.6   |", "=====", "- WER: 25-35% (first run, baseline)", "input shape: [1, 3, 224]",
        "RuntimeError: CUDA out of memory. Tried to allocate 48.00 MiB", "step 100: saved 3 checkpoints",
        "epoch 3 took 45.2s", "Epoch 5: val_loss improved from 0.50000 to 0.40000, saving model to x.h5",
        "0,0.554,0.768,0.846", "all        128        929      0.577      0.414       0.46", "Sanity check 2/2",
        "loss became nan", "E3 S100 loss 0.5", "image_00012.png loss: 0.31", "Epoch 3: reducing lr to 1.0e-04.",
        "epoch time: 1234.5 ms, per step time: 12.3 ms", "100/1000 files (10%)", "NaN loss at step 120",
        # bars of other things
        "Downloading: 45%|████▌     | 1.20M/2.60M [00:01<00:01, 1.0MB/s]",
        "Loading checkpoint shards: 100%|██████████| 2/2 [00:01<00:00, 1.5it/s]",
        "Class  Images  P  R  mAP@.5 mAP@.5:.95: 100%|██████████| 2/2 [00:00<00:00,  4.9it/s]",
    ],
)  # fmt: skip
def test_no_metric_is_invented(line):
    assert told(line) == []
    # … and not after training began either, where a bare `name: value` is trusted more
    assert [metrics for *_, metrics in told("Epoch 2/5", line)] in ([], [{"precision": 16.0}])


@pytest.mark.parametrize("line", ["learning_rate: 0.001", "lr: 0.1", "dice: [0.1, 0.2]"])
def test_what_may_be_a_setting_is_believed_once_training_is_under_way(line):
    assert told(line) == []
    assert len(told("epoch:  3", line)) == 1


def test_a_heading_names_the_phase_of_the_results_under_it():
    assert told(
        "Epoch 1/2", "Train:", "loss: 0.5", "Validation results:", "loss: 0.6", "lr: 0.1",
        "Epoch 2/2", "loss: 0.4", "--- test ---", "loss: 0.7", "Epoch 3, loss: 0.3",
    ) == [
        (None, 1.0, {"train/loss": 0.5}),
        (None, 1.0, {"val/loss": 0.6}),
        (None, 1.0, {"lr": 0.1}),
        (None, 2.0, {"loss": 0.4}),
        (None, 2.0, {"test/loss": 0.7}),
        (None, 3.0, {"loss": 0.3}),
    ]  # fmt: skip


def test_what_is_being_done_is_no_heading_and_a_heading_is_forgotten():
    for line in (
        "start validation",
        "Evaluating...",
        "# validation",
        "loading test data",
        "val_set = load()",
    ):
        assert told("Epoch 1", line, "loss: 0.5") == [(None, 1.0, {"loss": 0.5})]
    assert told("Epoch 1", "Validation:", *["hello"] * 20, "loss: 0.5") == [(None, 1.0, {"loss": 0.5})]


def test_a_configuration_is_no_result_even_under_the_name_of_a_phase():
    assert told(
        "train:", "  lr: 0.001", "val:", "  score_thr: 0.05", "  iou_threshold: 0.5", "test:", "  min_score: 0.3",
        "max_error: 0.01", "l1_ratio: 0.5", "SCORE_THRESH_TEST: 0.05", "pos_iou_thr=0.7,", "MAX_ERR = 0.5",
        "Epoch 1: loss=0.5",
    ) == [(None, 1.0, {"loss": 0.5})]  # fmt: skip


def test_results_of_the_best_epoch_do_not_go_back_to_it():
    assert told("Epoch 9 | loss=0.5", "best epoch 8 | loss=0.25") == [
        (None, 9.0, {"loss": 0.5}),
        (None, 9.0, {"best_loss": 0.25}),
    ]


def test_a_list_of_results_is_a_metric_for_each_class():
    assert told(
        "Epoch 7", "Pseudo dice [np.float32(0.75), np.float32(0.5)]", "Val IoU per class: [0.25 0.5]"
    ) == [
        (None, 7.0, {"dice_0": 0.75, "dice_1": 0.5}),
        (None, 7.0, {"val/iou_per_class_0": 0.25, "val/iou_per_class_1": 0.5}),
    ]
    assert told("Epoch 7", "loss shape: [2, 3]", "accuracy of [1, 2]", "dice: [a, 0.5]") == []


def test_counters_within_an_epoch_become_steps_of_the_run():
    assert [step for step, *_ in told(
        "Epoch 1 [100/500] loss: 3", "Epoch 1 [500/500] loss: 2", "Epoch 2 [100/500] loss: 1",
    )] == [100, 500, 600]  # fmt: skip
    assert [step for step, *_ in told("Epoch 3 batch 4/100 loss 0.5")] == [204]
    assert [step for step, *_ in told(
        "[1,  2000] loss: 3.1", "[1, 12000] loss: 2.1", "[2,  2000] loss: 1.1", "[3,  2000] loss: 1.0",
    )] == [2000, 12000, 14000, 16000]  # fmt: skip


def test_a_count_may_stand_within_an_epoch_that_is_named_after_it_or_otherwise():
    assert told("batch 3 of epoch 2, loss 0.5", "iteration:4 step:100/500, NER loss:0.25") == [
        (3, 2.0, {"loss": 0.5}),
        (1600, 4.0, {"ner_loss": 0.25}),
    ]


def test_a_step_that_goes_on_over_the_epochs_is_left_as_it_is():
    lines = [f"Epoch {n // 3}, step {n * 100}, loss: 0.5" for n in range(9)]
    assert [step for step, *_ in told(*lines)] == [n * 100 for n in range(9)]


def test_a_run_that_starts_again_starts_again():
    lines = ["Epoch 1 [9/9] loss: 3", "Epoch 2 [9/9] loss: 2", "Epoch 1 [9/9] loss: 3"]
    assert [step for step, *_ in told(*lines)] == [9, 18, 9]


def test_a_line_without_a_place_belongs_to_the_last_one():
    assert told("current #epochs=9, #steps=272", "acc: 0.952500", "valid_loss: 3.414062") == [
        (272, 9.0, {"acc": 0.9525}),
        (272, 9.0, {"valid_loss": 3.414062}),
    ]
    assert told("epoch:  175 ", "2023-09-01 02:27:40.1: train loss : -0.7") == [
        (None, 175.0, {"train/loss": -0.7})
    ]


def test_keras_puts_the_epoch_on_a_line_of_its_own():
    assert told(
        "Epoch 2/30",
        "  1/100 [>...] - ETA: 9s - loss: 3.0\r 50/100 [=>..] - ETA: 4s - loss: 2.0\r"
        "100/100 [====] - 8s 5ms/step - loss: 1.5\r100/100 [====] - 8s 5ms/step - loss: 1.5 - val_loss: 1.8",
    ) == [
        (101, 2.0, {"loss": 3.0}),
        (150, 2.0, {"loss": 2.0}),
        (200, 2.0, {"loss": 1.5}),
        (200, 2.0, {"val_loss": 1.8}),
    ]


def test_a_bar_that_draws_itself_twice_counts_once():
    bar = "Epoch 1:  {}%|█   | {}/128 [00:02<00:11,  9.58it/s, loss={}]"
    assert told(
        "\r".join(bar.format(*at) for at in [(1, 1, 3.0), (1, 1, 3.0), (1, 1, 2.0), (2, 2, 2.0)])
    ) == [
        (1, 1.0, {"loss": 3.0}),
        (2, 1.0, {"loss": 2.0}),
    ]


def test_what_a_bar_shows_before_and_after_its_first_step_counts_once():
    bar = "Epoch 1:  {}%|█   | {}/128 [00:02<00:11,  9.58it/s, loss={}]"
    states = [(0, 0, 3.0), (1, 1, 3.0), (1, 1, 2.0), (2, 2, 2.0), (2, 2, 1.0)]
    assert told("\r".join(bar.format(*at) for at in states)) == [
        (0, 1.0, {"loss": 3.0}),
        (2, 1.0, {"loss": 2.0}),
    ]


def test_the_same_step_printed_twice_counts_once_and_a_new_value_counts():
    assert told("step 5 loss 0.5", "step 5 loss 0.5", "step 5 loss 0.6") == [
        (5, None, {"loss": 0.5}),
        (5, None, {"loss": 0.6}),
    ]


def test_a_validation_bar_tells_of_its_epoch_once_it_is_full():
    bar = "Validating: {}%|██   | {}/10 [00:01<00:01,  4.9it/s, loss=0.3]"
    assert told("Epoch 2/5", bar.format(50, 5) + "\r" + bar.format(100, 10)) == [
        (None, 2.0, {"val/loss": 0.3})
    ]


def test_a_table_is_read_under_its_header():
    assert told(
        "Epoch    Train Loss    Val WER",
        "  1        15.234       97.8%",
        "some other line",
        " 10         0.543        nan%  ← Best",
    ) == [(None, 1.0, {"train/loss": 15.234, "val/wer": 97.8}), *told_nan()]


def told_nan():
    """The row of a table that broke; NaN equals itself only as the same object, so it is compared by text."""
    return [(None, 10.0, {"train/loss": 0.543, "val/wer": pytest.approx(NAN, nan_ok=True)})]


def test_a_bar_may_be_titled_with_a_row_of_a_table():
    assert told(
        "     Epoch   gpu_mem       box    labels  img_size",
        "     0/299     11.8G   0.0787        23       640: 100%|████| 13/13 [00:02<00:00,  4.9it/s]",
        "     1/299     11.8G   0.0585        23       640: 100%|████| 13/13 [00:02<00:00,  4.9it/s]",
    ) == [
        (13, 0.0, {"gpu_mem": 11.8, "box": 0.0787, "labels": 23.0, "img_size": 640.0}),
        (26, 1.0, {"gpu_mem": 11.8, "box": 0.0585, "labels": 23.0, "img_size": 640.0}),
    ]


def test_totals_are_told():
    assert read("Epoch 2/30") == [Record(epoch=2.0, total_epochs=30)]
    assert read("step 3/100 loss 0.5") == [Record(step=3, total_steps=100, metrics={"loss": 0.5})]
    assert read("Epoch [1/5], Step [100/600], Loss: 0.5")[0].total_steps == 3000
    assert read("Epoch 1 [100/600] Loss: 0.5")[0].total_steps is None


def test_patterns_of_the_spec_override_recognition_and_leave_the_rest_to_it():
    reader = Console(compile_patterns([{"regex": r"Epoch (?P<epoch>\d+).*WER: (?P<wer>\S+)%"}]))
    assert read("Epoch 5 | Val WER: 30.1%", "step 7 loss 0.5", reader=reader) == [
        Record(epoch=5, metrics={"wer": 30.1}),
        Record(step=7, metrics={"loss": 0.5}),
    ]


def test_what_was_not_understood_is_counted_and_shown():
    reader = Console()
    read(
        "hello",
        "step 1 loss 0.5",
        "",
        "\x1b[31mhello\x1b[0m",
        *(f"line {n}" for n in range(40)),
        reader=reader,
    )
    assert (reader.lines, reader.understood, len(reader.samples)) == (43, 1, 20)
    assert reader.samples[:2] == ["hello", "line 0"]


def test_an_object_as_long_as_a_log_line_gets_is_read_whole():
    (record,) = read(json.dumps({"epoch": 1, **{f"train_loss_{n}": n / 7 for n in range(1000)}}))
    assert len(record.metrics) == 1000


SCRIPT = [
    "Epoch 1/3",
    "Epoch 1:  1%|█   | 1/4 [00:02<00:11,  9.58it/s, loss=3.0]\rEpoch 1:  2%|█   | 2/4 [00:02<00:11, 9it/s, loss=nan]",
    "nonsense", "val_loss: 0.5", "[1,  2000] loss: 2.195", "[2,  2000] loss: 2.195", "Epoch 2/3",
    "Epoch  Loss  WER", "  3  0.5  30%", '{"step": 9, "loss": NaN}', "acc: 0.5", "step 9 loss 0.5", "step 9 loss 0.5",
]  # fmt: skip


@given(st.integers(0, len(SCRIPT)), st.integers(0, len(SCRIPT)))
@settings(max_examples=40, deadline=None)
def test_a_restarted_reader_goes_on_exactly(first, second):
    """Wherever a manager is killed and its reader restored, the records are those of one that never stopped."""
    whole, parts = Console(), Console()
    expected = [record for line in SCRIPT for record in whole.read(line.encode())]
    got = []
    for number, line in enumerate(SCRIPT):
        if number in (first, second):
            parts = reader_for("console", state=parts.state())
        got += parts.read(line.encode())
    assert repr(got) == repr(expected)
    assert parts.state() == whole.state()


def test_the_state_of_an_earlier_version_goes_on():
    """Three parts, as it was written before there were tables of classes and blocks."""
    state = json.dumps([[7, 5, []], [2.0, 40, 5, 1, 0, 0, [], {}], ["Epoch", "Loss"]])
    reader = Console.restore(state)
    assert read("loss: 0.5", " 3  0.25", reader=reader) == [
        Record(step=40, epoch=2.0, metrics={"loss": 0.5}),
        Record(epoch=3.0, metrics={"loss": 0.25}),
    ]
    assert (reader.lines, reader.understood) == (9, 7)


@given(st.text(st.sampled_from("ab :=|/[]%,.-1e5{}'\"\t\r\x1b░"), max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_line_breaks_the_reader(text):
    reader = Console()
    for prefix in ("", "Epoch 1 ", "step 5: ", " 5%|", "{'a"):
        for record in reader.read((prefix + text).encode()):
            assert all(name and name.isprintable() for name in record.metrics)
    reader_for("console", state=reader.state())


ATOMS = (
    "a", "1", " ", ",", ":", "=", "|", "[", "(", "/", "-", "#", "%|", "nan ", "a=", "a: ", "a:1 ", "[1/2] ", "{'a': 1, ",
    "tensor(", "epoch 1 ", "train: ", "[train] ", "12:34:56 ", "INFO ", "日: ", "±1", "a[b=1]", "1it/s", "\x1b[31m", "\r",
    "a_a_", "[0.5, ", "5% ━ ", "a={'b': 1, ", "Val. ", "test: x... ", "best epoch 1 ", "on 'a' subset ", "iter:1 step:2/3 ",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4),
    st.sampled_from(["", "}", "!", ")", " loss: 0.5"]),
)
@settings(max_examples=150, deadline=None)
def test_no_repetition_stalls_the_reader_or_swells_its_state(atoms, end):
    """A pattern that backtracks without bound would not come back from lines of this length."""
    reader = Console()
    read("Epoch 1/2", "Epoch  loss  acc", "-" * 20, "".join(atoms) * 1500 + end, reader=reader)
    assert reader.lines >= 3
    assert len(reader.state()) < 100_000


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_break_the_reader(data):
    reader = Console()
    for before in (b"", b"step 5 ", b"Epoch 1: 5%|", b"{'a': ", b"-----------\n| "):
        for record in reader.read(before + data):
            assert all(name and name.isprintable() for name in record.metrics)
    assert reader_for("console", state=reader.state()).state() == reader.state()


@pytest.mark.parametrize("line", ["loss: 0,95", "accuracy: 0,950", "val loss: 1,5 lr: 2"])
def test_a_decimal_comma_is_never_read_as_the_part_before_it(line):
    found = [record.metrics for record in Console().read(f"step 3 {line}".encode())]
    assert not any(value in (0.0, 1.0, 950.0) for metrics in found for value in metrics.values())


def test_a_step_past_2_to_the_53_is_exact_and_an_endless_one_is_none():
    (record,) = Console().read(b"step 9007199254740993 loss 0.5")
    assert record.step == 9007199254740993
    (record,) = Console().read(b"step " + b"9" * 400 + b" loss 0.5")
    assert (record.step, record.metrics) == (None, {"loss": 0.5})
