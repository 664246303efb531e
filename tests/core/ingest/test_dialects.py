"""One small log in each dialect of the field, with numbers of our own, and what must be read from it."""

import math

import pytest

from trainui.core.ingest.console import Console

NAN = math.nan


def told(log, *before):
    """(step, epoch, metrics) of every record with metrics; `\\r` in a line is a carriage return."""
    reader = Console()
    for line in before:
        reader.read(line.encode())
    lines = [line.replace("\\r", "\r") for line in log.strip("\n").split("\n")]
    records = [record for line in lines for record in reader.read(line.encode())]
    return [(r.step, r.epoch, dict(r.metrics)) for r in records if r.metrics]


DIALECTS = {
    "XGBoost": (
        "Will train until test-rmse hasn't improved in 10 rounds.\n"
        "[0]\ttrain-rmse:0.81\ttest-rmse:0.92\n[10]\ttrain-rmse:0.41±0.02\ttest-rmse:0.52±0.03",
        [(0, None, {"train-rmse": 0.81, "test-rmse": 0.92}), (10, None, {"train-rmse": 0.41, "test-rmse": 0.52})],
    ),
    "LightGBM tells the best round again": (
        "[LightGBM] [Info] Number of positive: 10, number of negative: 20\n"
        "[25]\ttraining's l2: 0.69\tvalid_1's sigma score: 0.08\n[50]\ttraining's l2: 0.5\tvalid_1's sigma score: 0.1\n"
        "Early stopping, best iteration is:\n[25]\ttraining's l2: 0.69\tvalid_1's sigma score: 0.08",
        [
            (25, None, {"training/l2": 0.69, "valid_1/sigma_score": 0.08}),
            (50, None, {"training/l2": 0.5, "valid_1/sigma_score": 0.1}),
        ],
    ),
    "CatBoost": (
        "7:\tlearn: 0.61\ttest: 0.63\tbest: 0.63 (7)\ttotal: 60.1ms\tremaining: 1m 2s",
        [(7, None, {"learn": 0.61, "test": 0.63, "best": 0.63})],
    ),
    "Stable-Baselines3": (
        "--------------------------------\n| rollout/           |         |\n|    ep_rew_mean     | 21.5    |\n"
        "| time/              |         |\n|    total_timesteps | 2048    |\n| train/             |         |\n"
        "|    loss            | 1.5e+01 |\n--------------------------------",
        [(2048, None, {"rollout/ep_rew_mean": 21.5, "train/loss": 15.0})],
    ),
    "Lightning's test results": (
        "┏━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━┓\n┃   Test metric    ┃   DataLoader 0   ┃\n"
        "┡━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━┩\n│    test_acc      │      0.875       │\n"
        "│    test_loss     │      0.325       │\n└──────────────────┴──────────────────┘",
        [(None, None, {"test_acc": 0.875, "test_loss": 0.325})],
    ),
    "mmengine": (
        "06/28 03:16:23 - mmengine - INFO - Epoch(train)   [1][20/40]  lr: 5e-04  eta: 2 days, 1:19:03  loss: 0.75\n"
        "06/28 03:16:24 - mmengine - INFO - Epoch(train)   [2][20/40]  lr: 5e-04  eta: 0:19:03  loss: 0.5\n"
        "06/28 03:16:30 - mmengine - INFO - Epoch(val) [2][ 5/13]    eta: 0:00:00  time: 0.05\n"
        "06/28 03:16:38 - mmengine - INFO - Epoch(val) [2][13/13]    coco/bbox_mAP: 0.25",
        [
            (20, 1.0, {"train/lr": 5e-4, "train/loss": 0.75}),
            (60, 2.0, {"train/lr": 5e-4, "train/loss": 0.5}),
            (None, 2.0, {"val/coco/bbox_map": 0.25}),
        ],
    ),
    "mmseg's iterations": (
        "2021-01-01 10:00:00,123 - mmseg - INFO - Iter [50/16000]\tlr: 9e-03, eta: 1 day, 1:23:45, loss: 3.5\n"
        "2021-01-01 10:05:00,123 - mmseg - INFO - Iter(val) [250]\taAcc: 0.75, mIoU: 0.35",
        [(50, None, {"lr": 9e-3, "loss": 3.5}), (50, None, {"val/aacc": 0.75, "val/miou": 0.35})],
    ),
    "Megatron on Slurm": (
        "3:  iteration       25/  1000 | lm loss: 1.25E+01 | grad norm: 0.5 |\n"
        "3:  validation loss at iteration 100 | lm loss value: 3.5E+00 | ",
        [(25, None, {"lm_loss": 12.5, "grad_norm": 0.5}), (100, None, {"val/lm_loss_value": 3.5})],
    ),
    "fairseq": (
        "2023-06-13 17:31:08 | INFO | train_inner | epoch 143:     85 / 282 loss=3.5, num_updates=40100, lr=0.001\n"
        "2023-06-13 17:33:44 | INFO | valid | epoch 143 | valid on 'valid' subset | loss 2.25 | num_updates 40282",
        [(40100, 143.0, {"loss": 3.5, "lr": 1e-3}), (40282, 143.0, {"val/loss": 2.25})],
    ),
    "ESPnet": (
        "[host] 2021-01-01 10:00:00,123 (trainer:672) INFO: 3epoch:train:101-200batch: acc=0.25, loss=1.5\n"
        "[host] 2021-01-01 10:09:00,123 (trainer:338) INFO: 3epoch results: [train] loss=1.25, [valid] cer=0.5, loss=2.5",
        [(200, 3.0, {"train/acc": 0.25, "train/loss": 1.5}), (None, 3.0, {"train/loss": 1.25, "val/cer": 0.5, "val/loss": 2.5})],
    ),
    "icefall": (
        "2022-01-01 10:00:00,123 INFO [train.py:888] (0/4) Epoch 2, batch 50, loss[loss=0.5, ctc=0.75, over 81.00 frames.], "
        "tot_loss[loss=1.5, over 99.00 frames.], lr: 3.00e-03\n"
        "2022-01-01 10:00:05,123 INFO [train.py:912] (0/4) Epoch 2, validation: loss=0.25, over 18.00 frames. ",
        [(50, 2.0, {"loss": 0.5, "ctc": 0.75, "tot_loss/loss": 1.5, "lr": 3e-3}), (None, 2.0, {"val/loss": 0.25})],
    ),
    "Swin": (
        "[2021-04-01 10:00:00 swin](main.py 210): INFO Train: [1/300][10/1000]\teta 1:02:03 lr 0.25\tloss 6.5 (6.9)\n"
        "[2021-04-01 10:10:00 swin](main.py 262): INFO Test: [0/50]\tLoss 0.8 (0.8)\tAcc@1 81.2 (81.2)\n"
        "[2021-04-01 10:10:20 swin](main.py 269): INFO  * Acc@1 75.125 Acc@5 92.5",
        [(10, 1.0, {"train/lr": 0.25, "train/loss": 6.5}), (10, 1.0, {"acc@1": 75.125, "acc@5": 92.5})],
    ),
    "timm": (
        "Train: 1 [  50/1000 (  5%)]  Loss: 6.75 (6.90)  LR: 2.000e-06\n"
        "Test: [   0/48]  Loss:  6.9 (6.9)  Acc@1: 0.1 ( 0.1)\nTest: [  48/48]  Loss:  6.5 (6.9)  Acc@1: 12.5 ( 9.1)",
        [(50, 1.0, {"train/loss": 6.75, "train/lr": 2e-6}), (50, 1.0, {"test/loss": 6.5, "test/acc@1": 12.5})],
    ),
    "torchvision and MAE": (
        "Epoch: [1]  [  10/100]  eta: 1:10:00  lr: 0.5  loss: 6.5 (6.75)  max mem: 10123\n"
        "Averaged stats: lr: 0.25  loss: 6.25 (6.75)",
        [(10, 1.0, {"lr": 0.5, "loss": 6.5, "max_mem": 10123.0}), (10, 1.0, {"lr": 0.25, "loss": 6.25})],
    ),
    "YOLO": (
        "      Epoch    GPU_mem   box_loss  Instances       Size\n"
        "      1/100      2.35G      1.25         12        640: 100%|████| 8/8 [00:03<00:00,  2.1it/s]\n"
        "     Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██| 4/4 [00:01<00:00,  3.1it/s]\n"
        "       all        128        929      0.5       0.25       0.75      0.125",
        [
            (8, 1.0, {"gpu_mem": 2.35, "box_loss": 1.25, "instances": 12.0, "size": 640.0}),
            (8, 1.0, {"val/box_p": 0.5, "val/r": 0.25, "val/map50": 0.75, "val/map50-95": 0.125}),
        ],
    ),
    "fastai": (
        "epoch     train_loss  valid_loss  accuracy  time    \n2         0.5         0.25        0.75      00:12     ",
        [(None, 2.0, {"train_loss": 0.5, "valid_loss": 0.25, "accuracy": 0.75})],
    ),
    "spaCy": (
        "E    #       LOSS NER  ENTS_F  SCORE \n---  ------  --------  ------  ------\n  1     200     845.5   60.25    0.5",
        [(200, 1.0, {"loss_ner": 845.5, "ents_f": 60.25, "score": 0.5})],
    ),
    "Keras without a bar": (
        "Epoch 2/5\n - 5s - loss: 0.5 - val_loss: 0.25\n313/313 - 2s - loss: 0.125 - 2s/epoch - 7ms/step",
        [(None, 2.0, {"loss": 0.5, "val_loss": 0.25}), (626, 2.0, {"loss": 0.125})],
    ),
    "the PyTorch quickstart": (
        "Epoch 2\n-------------------------------\nloss: 2.25  [   64/  640]\nloss: 2.5  [  128/  640]\n"
        "Test Error: \n Accuracy: 62.5%, Avg loss: 1.25 ",
        [
            (704, 2.0, {"loss": 2.25}),
            (768, 2.0, {"loss": 2.5}),
            (768, 2.0, {"accuracy": 62.5, "avg_loss": 1.25}),
        ],
    ),
    "the transfer learning tutorial": (
        "Epoch 1/2\n----------\ntrain Loss: 0.5 Acc: 0.75\nval Loss: 0.25 Acc: 0.875\nBest val Acc: 0.875",
        [
            (None, 1.0, {"train/loss": 0.5, "train/acc": 0.75}),
            (None, 1.0, {"val/loss": 0.25, "val/acc": 0.875}),
            (None, 1.0, {"best_val_acc": 0.875}),
        ],
    ),
    "Hugging Face under its bar": (
        "  0%|          | 10/400 [00:16<2:14:42,  1.67s/it]\\r{'loss': 1.5, 'learning_rate': 0.25, 'epoch': 0.03}\n"
        "100%|██████████| 5/5 [00:01<00:00,  5.1it/s]\\r{'eval_loss': 1.25, 'epoch': 0.03}\n"
        "  0%|          | 20/400 [00:32<2:14:42,  1.67s/it]\\r{'loss': 1.125, 'learning_rate': 0.125, 'epoch': 0.05}",
        [
            (10, 0.03, {"loss": 1.5, "learning_rate": 0.25}),
            (10, 0.03, {"eval_loss": 1.25}),
            (20, 0.05, {"loss": 1.125, "learning_rate": 0.125}),
        ],
    ),
    "a bar that a line of the log follows": (
        "Fitting:  10%|█   | 1/10 [00:10<01:35, 10.56s/it]2024-11-12 04:16:13 PM - INFO - Epoch 2/10, Loss: 0.25",
        [(None, 2.0, {"loss": 0.25})],
    ),
    "bars of a notebook, and of each phase": (
        "Epoch: 2\n10/10 [00:58<00:00, 2.64it/s, lr=0.5, train_loss=0.75]\n"
        "EPOCH[VALID]2/15: 100%|██████████| 22/22 [00:42<00:00,  5.23it/s, loss=1.25]",
        [(20, 2.0, {"lr": 0.5, "train_loss": 0.75}), (None, 2.0, {"val/loss": 1.25})],
    ),
    "Paddle": (
        "[2021/01/01 10:00:00] ppcls INFO: [Train][Epoch 3/120][Iter: 10/100]lr: 0.5, loss: 7.25, ips: 500.5 samples/s\n"
        "[2021/01/01 10:01:00] ppcls INFO: [Eval][Epoch 3][Avg]loss: 5.25, top1: 0.125",
        [(10, 3.0, {"train/lr": 0.5, "train/loss": 7.25, "train/ips": 500.5}), (None, 3.0, {"eval/loss": 5.25, "eval/top1": 0.125})],
    ),
    "Caffe and TensorFlow": (
        "I0812 12:00:02.123456 12345 solver.cpp:337] Iteration 500, Testing net (#0)\n"
        "I0812 12:00:02.123457 12345 solver.cpp:404]     Test net output #0: accuracy = 0.125\n"
        "INFO:tensorflow:loss = 0.5, step = 600 (0.811 sec)\n"
        "INFO:tensorflow:Saving dict for global step 700: accuracy = 0.75, global_step = 700, loss = 0.25",
        [
            (500, None, {"test/accuracy": 0.125}),
            (600, None, {"loss": 0.5}),
            (700, None, {"eval/accuracy": 0.75, "eval/loss": 0.25}),
        ],
    ),
    "Marian": (
        "[2019-01-01 10:00:00] Ep. 1 : Up. 2000 : Sen. 64,000 : Cost 5.25 : Time 123.45s : 1234.5 words/s",
        [(2000, 1.0, {"cost": 5.25, "time": 123.45})],
    ),
    "Coqui": (
        " > EPOCH: 1/1000\n   --> STEP: 24/639 -- GLOBAL_STEP: 663\n     | > loss: 0.5  (0.75)",
        [(663, 1.0, {"loss": 0.5})],
    ),
    "rsl_rl": (
        "                       Learning iteration 12/1500                       \n"
        "               Value function loss: 0.125\n                       Mean reward: 1.25",
        [(12, None, {"value_function_loss": 0.125}), (12, None, {"mean_reward": 1.25})],
    ),
    "the result before its place": (
        "Cost after iteration 100: 0.625\ncurrent step: 101th step\nbatch loss:4.25",
        [(100, None, {"cost": 0.625}), (101, None, {"batch_loss": 4.25})],
    ),
    "tags, emoji and branches of a tree before the place": (
        "[Stage 1 (Frozen)] Epoch 3/10 | Val Loss: 1.25\n├── Training epoch 4/10... loss=2.5\n✅ Epoch 5/9 | Step 3/15 | loss=5.5",
        [(None, 3.0, {"val/loss": 1.25}), (None, 4.0, {"train/loss": 2.5}), (3, 5.0, {"loss": 5.5})],
    ),
    "the name of a stage before the place": (
        "imitation epoch 5 | train_loss=0.75\nRegime score epoch 6/50 — va=0.625\n"
        "Train with distillation: [Epoch 7/9][Batch 1/5]\t Loss 4.5",
        [(None, 5.0, {"train_loss": 0.75}), (None, 6.0, {"va": 0.625}), (31, 7.0, {"train/loss": 4.5})],
    ),
    "titles, bullets and remarks around results": (
        "2020-03-07 00:45:43,995 P17122 INFO [Metrics] logloss: 0.375 - AUC: 0.75\nGAE results -> AP: 0.625\n"
        "• MAPE: 2.5%\n  Val Acc: 0.5  ← Best\nBest IoU: 0.25; Best epoch: 7\nepoch 3 loss 0.5 valid acc 15/16",
        [
            (None, None, {"logloss": 0.375, "auc": 0.75}), (None, None, {"ap": 0.625}), (None, None, {"mape": 2.5}),
            (None, None, {"val/acc": 0.5}), (None, None, {"best_iou": 0.25}), (None, 3.0, {"loss": 0.5}),
        ],
    ),
    "nnU-Net": (
        "2023-01-01 10:00:00.5: \nepoch:  7 \n2023-01-01 10:01:00.5: train loss : -0.5 \n"
        "2023-01-01 10:02:00.5: Average global foreground Dice: [0.75, 0.5] \n2023-01-01 10:03:00.5: lr: 0.0625 \n"
        "2023-01-01 10:03:00.5: This epoch took 99.5 s",
        [
            (None, 7.0, {"train/loss": -0.5}), (None, 7.0, {"dice_0": 0.75, "dice_1": 0.5}), (None, 7.0, {"lr": 0.0625}),
        ],
    ),
    "nnU-Net, its second version": (
        "2025-01-01 10:00:00.5: Epoch 7 \n2025-01-01 10:00:00.5: Current learning rate: 0.0625 \n"
        "2025-01-01 10:01:00.5: train_loss -0.5 \n2025-01-01 10:02:00.5: Pseudo dice [np.float32(0.75), nan] \n"
        "2025-01-01 10:02:00.5: Epoch time: 99.5 s \n2025-01-01 10:02:00.5: Yayy! New best EMA pseudo Dice: 0.75",
        [
            (None, 7.0, {"learning_rate": 0.0625}), (None, 7.0, {"train_loss": -0.5}),
            (None, 7.0, {"dice_0": 0.75, "dice_1": NAN}), (None, 7.0, {"best_ema_pseudo_dice": 0.75}),
        ],
    ),
    "YOLOv7 under nohup": (
        "     Epoch   gpu_mem       box    labels  img_size\n"
        "  0%|    | 0/2 [00:00<?, ?it/s]\\r     0/9     9.5G   0.75     161       640:   0%|   | 0/2 [00:09<?, ?it/s]"
        "\\r     0/9     9.5G   0.75     161       640:  50%|▎    | 1/2 [00:09<05:55,  9.60s/it]"
        "\\r     0/9     7.5G    0.5      30       640: 100%|████| 2/2 [00:45<00:00,  1.20s/it]\n"
        "               Class      Images      Labels           P           R      mAP@.5: 100%|█| 7/7 [00:30<00:00,  4.3s/it]\n"
        "     Epoch   gpu_mem       box    labels  img_size\n"
        "                 all         195         882       0.25       0.125       0.0625",
        [
            (2, 0.0, {"gpu_mem": 7.5, "box": 0.5, "labels": 30.0, "img_size": 640.0}),
            (2, 0.0, {"val/p": 0.25, "val/r": 0.125, "val/map@.5": 0.0625}),
        ],
    ),
    "parameter golf": (
        "step:5/9 val_loss:2.5 val_bpb:1.5\nSerialized model int8+zlib: 15815847 bytes (payload:17178912)\n"
        "final_int8_zlib_roundtrip val_loss:2.75 val_bpb:1.75",
        [
            (5, None, {"val_loss": 2.5, "val_bpb": 1.5}),
            (5, None, {"final_int8_zlib_roundtrip/val_loss": 2.75, "final_int8_zlib_roundtrip/val_bpb": 1.75}),
        ],
    ),
    "nanochat's tasks": (
        "step 00003/00009 (30.00%) | loss: 2.5 | lrm: 0.5\n"
        "Evaluating: copa (0-shot, type: multiple_choice)... accuracy: 0.75 | centered: 0.5 | time: 0.25s",
        [
            (3, None, {"loss": 2.5, "lrm": 0.5}),
            (3, None, {"copa/accuracy": 0.75, "copa/centered": 0.5, "copa/time": 0.25}),
        ],
    ),
    "fairseq's bars": (
        "epoch 010: 100% 1822/1823 [10:26<00:00,  2.85it/s, loss=5.5, ppl=12.5, num_updates=18200, wall=64]\n"
        "epoch 010 | valid on 'valid' subset:  14% 1/7 [00:00<00:01,  5.78it/s]\n"
        "epoch 010 | valid on 'valid' subset | loss 4.5 | num_updates 18230",
        [(18200, 10.0, {"loss": 5.5, "ppl": 12.5, "wall": 64.0}), (18230, 10.0, {"val/loss": 4.5})],
    ),
    "aligned and abbreviated phases": (
        "Epoch: 08 | Time: 6m 44s\n\tTrain Loss: 0.5 | Train PPL:   1.5\n\t Val. Loss: 1.5 |  Val. PPL:   4.5\n"
        "Epoch 9/9 - Train Loss: 0.25, Dice: 0.5\n           Val   Loss: 0.75, Dice: 0.125",
        [
            (None, 8.0, {"train/loss": 0.5, "train/ppl": 1.5}), (None, 8.0, {"val/loss": 1.5, "val/ppl": 4.5}),
            (None, 9.0, {"train/loss": 0.25, "train/dice": 0.5}), (None, 9.0, {"val/loss": 0.75, "val/dice": 0.125}),
        ],
    ),
    "Ultralytics' new bars": (
        "      Epoch    GPU_mem   box_loss  Instances       Size\n"
        "       2/9      2.5G      1.25         24        640: 100% ━━━━━━━━━━━━ 30/30 6.1it/s 54.4s<0.2s\n"
        "                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100% ━━━━━━ 9/9 5.3it/s 1:09\n"
        "                   all       3074       3193       0.5       0.25       0.75      0.125",
        [
            (60, 2.0, {"gpu_mem": 2.5, "box_loss": 1.25, "instances": 24.0, "size": 640.0}),
            (60, 2.0, {"val/box_p": 0.5, "val/r": 0.25, "val/map50": 0.75, "val/map50-95": 0.125}),
        ],
    ),
    "LAVIS and hosts before the date": (
        "Train: data epoch: [2]  [450/500]  eta: 0:00:17  lr: 0.5  loss: 2.25  time: 0.5  max mem: 22193\n"
        "[tilo-1th] 2020-09-17 18:14:26,464 (trainer:243) INFO: 3epoch results: [train] loss=1.5, [valid] loss=2.5",
        [
            (950, 2.0, {"train/lr": 0.5, "train/loss": 2.25, "train/time": 0.5, "train/max_mem": 22193.0}),
            (None, 3.0, {"train/loss": 1.5, "val/loss": 2.5}),
        ],
    ),
    "an arm before the epoch, a phase that is its own name": (
        "STE | Epoch 1 | Train: 0.75 | Test: 0.5\nEpoch 2 complete: Loss = 0.25\nValidation complete: Loss = 0.125, Acc = 50.5%.",
        [
            (None, 1.0, {"train": 0.75, "test": 0.5}), (None, 2.0, {"loss": 0.25}),
            (None, 2.0, {"val/loss": 0.125, "val/acc": 50.5}),
        ],
    ),
    "dicts in a line": (
        "[INFO] Trainer: [Epoch 10] train={'nll': 0.5, 'kl': 0.25}, val={'nll': 0.75}, 1.2s elapsed",
        [(None, 10.0, {"train/nll": 0.5, "train/kl": 0.25, "val/nll": 0.75})],
    ),
    "other alphabets": (
        "Epoch 16 完成 | 训练损失: 4.5 | 验证损失: 6.25",
        [(None, 16.0, {"训练损失": 4.5, "验证损失": 6.25})],
    ),
    "names with numbers in them": (
        "Epoch 1: top 1 acc: 0.25, top 5 acc: 0.5, 3D loss: 1.5, Train L1 Loss: 0.125, D2 Acc: 0.75, Val F1(macro): 0.625",
        [
            (None, 1.0, {
                "top_1_acc": 0.25, "top_5_acc": 0.5, "3d_loss": 1.5, "train/l1_loss": 0.125, "train/d2_acc": 0.75,
                "val/f1_macro": 0.625,
            }),
        ],
    ),
    "phases on lines of their own": (
        "Epoch: 4, Loss: nan\nTrain. Total Loss: 1.5, AUC: 50.5%\n>>>[test] loss: 0.5/accuracy: 0.25\nVal metrics: Acc = 0.625",
        [
            (None, 4.0, {"loss": NAN}),
            (None, 4.0, {"train/total_loss": 1.5, "train/auc": 50.5}),
            (None, 4.0, {"test/loss": 0.5, "test/accuracy": 0.25}),
            (None, 4.0, {"val/acc": 0.625}),
        ],
    ),
    "a table that names no place": (
        "train acc    val_acc  train_loss\n 0.25  0.5    1.25\n 0.375  0.5  1.125",
        [
            (None, None, {"train/acc": 0.25, "val_acc": 0.5, "train_loss": 1.25}),
            (None, None, {"train/acc": 0.375, "val_acc": 0.5, "train_loss": 1.125}),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_read(dialect):
    log, expected = DIALECTS[dialect]
    assert repr(told(log)) == repr(expected)


@pytest.mark.parametrize(
    "line",
    [
        # exceptions and warnings, and what they quote
        "ValueError: loss is nan", "RuntimeError: loss: nan", "UserWarning: loss: 0.5", "x.py:12: RuntimeWarning: loss 0.5",
        "AssertionError: expected loss 0.5 got 0.6", "Loss is nan, stopping training", "WARNING: loss became nan at step 3",
        # code
        "loss: float = 0.5", "val_loss=0.5)", '"loss": 0.5,', "if loss < 0.5:", 'print("loss: 0.5")', "self.loss = 0.5",
        "best_val_loss = 1e9, patience = 5", "raise ValueError(f'loss is {loss}')", "loss: 0.5,",
        # what a run is asked for
        "epochs: 100, batch_size: 32, lr: 0.1", "epoch: 100, batch_size: 32, lr: 0.1", "INFO:__main__:  epochs: 2",
        "    - Epoch: 1000", "target accuracy: 0.9", "loss threshold 0.5", "Train: 3621, Val: 776, Test: 777",
        "Training 1 --> lr = 0.0001, weight decay = 0.001, batch size = 4, dice loss, Schduler with T_max = 20",
        # work that is no training
        "Step 2: found 15 files", "Step 3/5: Train: 33690 sequences", "Epoch 7: saved 3 files", "Best epoch: 12",
        "skipping step 5, gradient overflow, loss scale 32768", "early stopping at epoch 5", "done step 3",
        "Epoch 2: val_accuracy improved from None to 0.66185, saving model to /x/best.keras",
        "Validation DataLoader 0: 100%|██████████| 10/10 [00:00<00:00, 50.1it/s]",
        "train: Scanning 'labels.cache' images... 857 found, 0 missing: 100%|███| 857/857 [00:00<?, ?it/s]",
        "| conv2d (Conv2D) | (None, 224, 224, 32) | 896 |", "=> 0.000263929 seconds to Reading GT results",
        "bbox_mAP_copypaste: 0.374 0.581 0.404 0.212",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_report_gives_nothing(line):
    assert told(line) == []
    assert told(line, "Epoch 2/5", "-" * 20) == []


def test_a_heading_that_tells_how_many_moves_no_place():
    assert told("loss: 0.5", "Epoch 2/5", "epochs: 100", "- Epoch: 1000", "Steps: 5000 (save every 500)") == [
        (None, 2.0, {"loss": 0.5})
    ]


def test_bars_without_an_epoch_add_up():
    bar = "{0}/10 [00:58<00:00, 2.64it/s, loss={1}]"
    assert [step for step, *_ in told("\n".join(bar.format(n, n / 8) for n in (5, 10, 5, 10)))] == [
        5,
        10,
        15,
        20,
    ]


def test_a_table_of_settings_is_no_report():
    border = "+----------------+--------+"
    assert (
        told("\n".join([border, "| batch_size     | 32     |", "| dropout        | 0.5    |", border])) == []
    )


def test_a_row_of_a_table_that_grows_in_a_bar_counts_when_its_epoch_is_done():
    """YOLO: what results.txt says of an epoch is the last state of its bar, at any number of states."""
    reader = Console()
    found = list(reader.read(b"     Epoch   gpu_mem       box       obj    labels  img_size"))
    for epoch in range(3):
        for done in range(11):
            row = f"\r       {epoch}/2     11.8G   {0.5 / (epoch + 1) - done / 1000:.4f}   0.0189   57       640: "
            row += f"{done * 10}%|{'#' * done:10}| {done}/10 [00:05<00:00,  1.9it/s]"
            found += reader.read(row.encode())
        found += reader.read(b"                 all         128         929       0.651       0.512")
    boxes = [(record.epoch, record.metrics["box"]) for record in found if "box" in record.metrics]
    assert boxes == [(0, 0.49), (1, 0.24), (2, 0.1567)]
