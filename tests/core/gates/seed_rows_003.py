"""Seed 003, the teacher and the student: what the gates say of which numbers."""

from __future__ import annotations

from seed_drive import died, told
from seed_numbers import EXPECTED_WER, HEALTHY, REALLY

NOTHING = told()
WER = {"val_wer": HEALTHY["val_wer"]}
STUCK = {"val_wer": REALLY}
EACH_TEN = {epoch: (1 + epoch // 10, 10 * (epoch // 10)) for epoch in range(1, 40)}
"""A checkpoint every 10 epochs, looked at in each."""
LATE = {epoch: (1, 2 if epoch < 20 else 20) for epoch in range(2, 23)}
OOM = "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"
CRASH = {2: "Traceback (most recent call last):", 3: "KeyError: 'features'"}
INTERRUPTED = {2: "Traceback (most recent call last):", 3: "KeyboardInterrupt"}

ROWS = [
    ("003.overfit-test", told({"train_wer": {1: 100, 1712: 0}}), "ok@1 passed@1712"),
    ("003.overfit-test", told({"train_wer": [100, 3.2]}), "ok@1 failed@end"),
    ("003.overfit-test", died({"train_wer": [100]}), "ok@1 unknown@end"),
    ("003.target", told({"test_wer": [24.9]}), "passed@end"),
    ("003.target", told({"test_wer": [25.1]}), "failed@end"),
    ("003.target", told(WER), "unknown@end"),
    ("003.curve", told({"val_wer": EXPECTED_WER}), "ok@1"),
    ("003.curve", told(WER), "ok@1"),
    ("003.curve", told(STUCK), "ok@1 warn@5 tripped@7"),
    ("003.curve", told({"val_wer": [98, 98, 98, 98, 98, 98, 98, 60, 60, 60]}), "ok@1 warn@4 tripped@6 ok@10"),
    ("003.curve", NOTHING, "unknown@end"),
    ("003.duration", told({"@eta_total_h": [99, 11, 13, 16, 12]}), "ok@2 warn@3 tripped@4 ok@5"),
    ("003.duration", NOTHING, "unknown@end"),
    ("003.ckpt-every-10", told({"val_wer": {1: 98, 39: 40}}, files=EACH_TEN), "ok@12"),
    ("003.ckpt-every-10", told({"val_wer": {1: 98, 22: 50}}, files=LATE), "ok@12 tripped@15 ok@20"),
    ("003.ckpt-every-10", died({"val_wer": [98]}), "unknown@end"),
    ("003.no-errors", told(WER, lines={2: "Epoch 2 | Val WER: 90%"}), "ok@0"),
    ("003.no-errors", told(WER, lines={2: "Error: no such file"}), "ok@0 tripped@2"),
    ("003.no-errors", told(WER, lines=CRASH), "ok@0 warn@2 tripped@3"),
    ("003.no-errors", told(WER, lines=INTERRUPTED, result="stopped", exit_code=130), "ok@0 warn@2 ok@3"),
    ("003.no-errors", told(WER, lines=CRASH, asked_to_stop=1, result="stopped", exit_code=1), "ok@0"),
    ("003.no-errors", told(is_heard=False), "unknown@end"),
    ("003.oom", died({"val_wer": [98]}, lines={2: OOM}), "ok@0 warn@2 tripped@end"),
    ("003.oom", told(WER, lines={2: OOM}), "ok@0 warn@2"),
    ("003.oom", died({"val_wer": [98]}, lines=CRASH), "ok@0"),
    ("003.oom", died(is_heard=False), "unknown@end"),
    ("003.wer-decreasing", told(WER), "ok@11 tripped@107"),
    ("003.wer-decreasing", told(STUCK), "ok@11 tripped@40"),
    ("003.wer-decreasing", told({"val_wer": {1: 98, 2: 87, 20: 87, 26: 60}}), "ok@11 tripped@12 ok@23"),
    ("003.wer-decreasing", NOTHING, "unknown@end"),
    ("003.teacher-23-25", told(WER), "passed@end"),
    ("003.teacher-23-25", told(STUCK), "failed@end"),
    ("003.teacher-23-25", NOTHING, "unknown@end"),
    ("003.student-range", told({"val_wer": [60, 30]}), "passed@end"),
    ("003.student-range", told({"val_wer": [60, 33]}), "failed@end"),
    ("003.student-range", NOTHING, "unknown@end"),
    ("003.student-size", told({"model_mb": [30]}), "passed@end"),
    ("003.student-size", told({"model_mb": [200]}), "failed@end"),
    ("003.student-size", NOTHING, "unknown@end"),
    ("003.student-fps", told({"fps": [45]}), "passed@end"),
    ("003.student-fps", told({"fps": [25]}), "failed@end"),
    ("003.student-fps", NOTHING, "unknown@end"),
]
