"""The default watch on made-up curves: each detector finds what it is for, and is quiet where it should be."""

import json
import math
import random

import pytest

from trainui.core.errors import SpecError
from trainui.core.gates import DETECTORS, DefaultWatch, Judge, Place, Point, State, parse_gates
from trainui.core.gates.watch.roles import Role, role_of

NAN, INF = math.nan, math.inf


class Run:
    """A run that writes metrics, and what the watch says of it."""

    def __init__(self, **said):
        self.watch = DefaultWatch(**said)
        self.heard = []

    def feed(self, values, metric="loss", *, first=0, epochs=False, **others):
        for number, value in enumerate(values):
            step = first + number
            for name, one in ((metric, value), *((name, column[number]) for name, column in others.items())):
                point = Point(
                    metric=name, step=step, value=one, epoch=step if epochs else None, at=60.0 * step
                )
                self.heard += self.watch.feed(point)
        return self

    def meter(self, name, *values, apart=60.0):
        for number, value in enumerate(values):
            self.heard += self.watch.meters({name: value}, Place(at=apart * number))
        return self

    @property
    def story(self):
        """`nonfinite warn@3 nonfinite tripped@4`."""
        return " ".join(f"{one.gate.removeprefix('watch/')} {one.state}@{one.step:g}" for one in self.heard)


def falling(count, *, start=3.0, floor=0.5, noise=0.02, seed=1):
    """A healthy training loss."""
    chance = random.Random(seed)
    return [
        floor + (start - floor) / (1 + step / 10) * (1 + noise * chance.gauss(0, 1)) for step in range(count)
    ]


@pytest.mark.parametrize(
    ("values", "story"),
    [
        ([3.0, 2.5, NAN, NAN, NAN], "nonfinite warn@2 nonfinite tripped@3"),
        ([INF, INF], "nonfinite warn@0 nonfinite tripped@1"),
        ([3.0, 2.5, NAN, 2.4, 2.3], "nonfinite warn@2 nonfinite ok@3"),
        ([3.0, NAN, 2.5, NAN, 2.4], "nonfinite warn@1 nonfinite ok@2 nonfinite warn@3 nonfinite ok@4"),
        ([3.0, 2.9, 2.8, 2.7, 2.6, 0, 0, 0, 0, 0], "nonfinite warn@6 nonfinite tripped@9"),
        ([3.0, 2.0, 1.0, 0.5, 0.01, 0, 0, 0, 0, 0, 0], ""),
        ([3.0, 2.9, 2.8, 2.7, 2.6, 0, 2.5], ""),
    ],
)
def test_a_training_loss_that_is_no_number_warns_at_the_first_and_trips_at_the_second(values, story):
    assert Run().feed(values).story == story


def test_a_zero_beside_a_gradient_that_is_no_number_is_a_nan_in_disguise():
    values = [3.0, 2.9, 0, 0]
    assert Run().feed(values, grad_norm=[1, 1, NAN, NAN]).story == "nonfinite tripped@3"
    assert Run().feed(values, grad_norm=[1, 1, 1, 1]).story == ""


@pytest.mark.parametrize("metric", ["bbox/APl", "hand_dtw_score", "time", "mfu", "best_val_loss", "rouge1"])
def test_no_number_in_another_metric_means_nothing(metric):
    assert Run().feed(falling(20), **{metric: [NAN] * 20}).story == ""


def test_a_validation_loss_or_a_part_only_warns_while_the_training_loss_is_a_number():
    assert Run().feed(falling(4), val_loss=[NAN] * 4).story == "nonfinite warn@0"
    assert Run().feed(falling(4), aux_loss=[NAN] * 4).story == "nonfinite warn@0"
    assert Run().feed([NAN] * 2, "val_loss").story == "nonfinite warn@0 nonfinite tripped@1"
    assert Run().feed([NAN] * 2, "train/box_loss").story == "nonfinite warn@0 nonfinite tripped@1"


def test_a_loss_that_rises_and_stays_there_explodes():
    values = [*falling(100), *(1.0 + 0.1 * step for step in range(40))]
    run = Run().feed(values)
    assert {(one.gate, one.state) for one in run.heard} >= {("watch/exploding", State.TRIPPED)}
    assert "rose to" in run.watch.current()["watch/exploding"].reason


def test_a_loss_that_rose_until_it_was_no_number_has_exploded_as_well():
    assert "exploding tripped@8" in Run().feed([5.5, 7.3, 8.0, 8.5, 8.2, 9.6, 9.5, NAN, NAN]).story
    assert "exploding" not in Run().feed([*falling(50), NAN, NAN]).story
    assert "exploding" not in Run().feed([3.0, 1.5, 1.0, 0.75, 0.6, NAN, NAN]).story


def test_what_exploded_stays_told_though_the_run_recovers():
    run = Run().feed([*falling(100), *[5.0] * 30, *falling(200)])
    assert run.watch.current()["watch/exploding"].state is State.TRIPPED


def test_a_jump_above_where_the_loss_began_trips_and_a_smaller_one_warns():
    calm = falling(100)
    assert Run().feed([*calm, 30.0, *calm[-5:]]).story == "spike tripped@100"
    assert Run().feed([*calm, 1.6, *calm[-5:]]).story == "spike warn@100"
    assert Run().feed([*calm, 1.6, *calm[-60:]]).story == "spike warn@100 spike ok@151"
    often = [value for _ in range(3) for value in (1.6, *calm[-5:])]
    assert Run().feed([*calm, *often]).story == "spike warn@100 spike tripped@112"


def lognormal(count):
    chance = random.Random(7)
    return [value * math.exp(0.5 * chance.gauss(0, 1)) for value in falling(count)]


def around_zero(count):
    chance = random.Random(3)
    return [1e-3 * chance.gauss(0, 1) for _ in range(count)]


HEALTHY = {
    "falling": falling(3000),
    "noisy": falling(3000, noise=0.3),
    "of few samples": lognormal(3000),
    "around zero": around_zero(2000),
    "negative": [-0.95 + 0.6 / (1 + step / 8) + 0.02 * math.sin(step * 7) for step in range(600)],
    "to nothing": [2.0 * math.exp(-step / 20) * (1.5 + math.sin(step * 5)) for step in range(800)],
    "two digits": [round(value, 2) for value in falling(2000)],
    "exactly zero": [1.5 * math.exp(-step) if step < 40 else 0.0 for step in range(200)],
    "flat": [2.0 + 0.02 * math.sin(step * 3) for step in range(1000)],
    "a rough start": [1.2, 2.5, 3.3, 2.8, 1.9, *falling(300, start=1.5)],
    "very short": [2.0, 1.5],
}


@pytest.mark.parametrize("scale", [1.0, 1000.0, 0.001])
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_loss_is_left_in_peace_whatever_its_scale(name, scale):
    assert Run().feed([value * scale for value in HEALTHY[name]]).story == ""


def test_five_arms_in_one_file_are_five_runs():
    run = Run()
    for _ in range(5):
        run.feed(falling(60, start=7.0))
    assert run.story == ""


def test_a_learning_rate_range_test_is_meant_to_explode():
    rates = [1e-7 * 1.07**step for step in range(300)]
    losses = [2.0 + (math.exp((step - 200) / 20) if step > 200 else 0) for step in range(300)]
    assert Run().feed(losses, lr=rates).story == ""
    assert "exploding tripped" in Run().feed(losses, lr=[1e-3] * 300).story


def test_a_warm_restart_of_the_learning_rate_begins_a_new_descent():
    rates, losses = [], [3.0]
    for height in (3.0, 1.2, 1.0):
        rates += [1e-3 * (1 + math.cos(math.pi * step / 100)) / 2 + 1e-6 for step in range(100)]
        losses += falling(100, start=height, floor=0.3)
    assert Run().feed(losses[:-1], lr=rates).story == ""
    assert "exploding" in Run().feed(losses).story


def test_where_a_reward_is_written_the_loss_says_little():
    losses = [*falling(100), *[5.0] * 60]
    assert Run().feed(losses, **{"rollout/ep_rew_mean": [0.0] * 160}).story == ""


def test_parts_of_a_loss_are_judged_by_their_sum():
    down = falling(80)
    assert (
        Run().feed(down, "train/box_loss", **{"train/obj_loss": [0.1 + n / 1000 for n in range(80)]}).story
        == ""
    )
    up = [*down, *[6.0] * 30]
    assert "exploding" in Run().feed(up, "train/box_loss", **{"train/obj_loss": [0.1] * 110}).story
    both = {"train/obj_loss": up, "train/loss": falling(110)}
    assert Run().feed(falling(110), "train/box_loss", **both).story == ""


def test_a_loss_at_the_logarithm_of_the_classes_has_learnt_nothing():
    chance = [math.log(2) + 0.002 * math.sin(step) for step in range(40)]
    assert Run(classes=2).feed(chance, epochs=True).story == "chance warn@19 chance tripped@23"
    assert Run().feed(chance, epochs=True).story == ""
    assert Run(classes=2).feed(falling(40, start=0.8, floor=0.1), epochs=True).story == ""
    assert Run(classes=2).feed(chance).story == "", "forty steps of a run of unknown length are early"
    learnt = [*chance[:15], *falling(30, start=0.6, floor=0.1)]
    assert Run(classes=2).feed(learnt, epochs=True).story == ""


def test_chance_waits_for_a_tenth_of_a_run_whose_length_is_known():
    chance = [math.log(10) + 0.01 * math.sin(step) for step in range(60)]
    assert Run(classes=10).meter("@total_steps", 10_000).feed(chance).story == ""
    assert Run(classes=10).meter("@total_steps", 300).feed(chance).story == "chance tripped@30"
    assert Run(classes=10).meter("@total_epochs", 300).feed(chance, epochs=True).story == "chance tripped@30"
    long = Run(classes=10).meter("@total_epochs", 1000)
    assert long.feed(chance, epochs=True).story == "", "60 of 1000 epochs are early"


def test_a_score_or_a_loss_that_repeats_to_the_last_digit_is_frozen():
    assert Run().feed([29.2] * 20, "val_acc").story == "frozen warn@9 frozen tripped@14"
    assert Run().feed([*[29.2] * 16, 31.0], "val_acc").story == "frozen warn@9 frozen tripped@14 frozen ok@16"
    assert Run().feed([2.345678] * 40).story == "frozen warn@19 frozen tripped@29"


@pytest.mark.parametrize(
    ("metric", "value"),
    [("val_acc", 0.0), ("val_acc", 1.0), ("val_acc", 99.5), ("lr", 1e-4), ("loss", 2.35), ("memory", 11.5)],
)
def test_what_may_well_repeat_is_not_frozen(metric, value):
    assert Run().feed([value] * 200, metric).story == ""


def test_one_value_printed_twice_at_a_step_has_not_stood_still():
    run = Run()
    for step in range(12):
        run.feed([0.3 + step / 100], "val_acc", first=step).feed([0.3 + step / 100], "val_acc", first=step)
    assert run.story == ""


TURNING = [*falling(20, noise=0.0), *(0.9 + 0.1 * step for step in range(20))]


def test_validation_that_turns_while_training_goes_on_only_warns():
    run = Run().feed(falling(40, noise=0.0), val_loss=TURNING)
    assert run.story.startswith("overfit warn@")
    assert "tripped" not in run.story


def test_overfitting_is_not_told_while_what_counts_improves_or_training_worsens():
    better = [step / 100 for step in range(40)]
    assert Run().feed(falling(40, noise=0.0), val_loss=TURNING, val_acc=better).story == ""
    words = {"primary": {"val/wer"}, "primary_goal": "min"}
    worse = {"val_loss": TURNING, "val/wer": [1 - one for one in better]}
    assert Run(**words).feed(falling(40, noise=0.0), **worse).story == ""
    assert "overfit" not in Run().feed(TURNING, val_loss=TURNING).story


def test_silence_is_measured_by_the_runs_own_rhythm():
    quick, slow = Run().feed(falling(20)), Run()
    for step in range(5):
        slow.watch.feed(Point(metric="loss", step=step, value=3.0 - step / 10, at=1800.0 * step))
    assert quick.meter("@silent_s", 600, 1300, 4000, 5).story == "silent warn@0 silent tripped@0 silent ok@0"
    assert slow.meter("@silent_s", 600, 1300, 4000, 8000).story == ""
    assert slow.meter("@silent_s", 10_000, 20_000).story == "silent warn@0 silent tripped@0"
    assert Run().meter("@silent_s", 10_000).story == "", "it may still be loading"
    wordy = Run().meter("@silent_s", *[0, 900] * 4)
    assert wordy.meter("@silent_s", 0, 4000).story == "", (
        "it writes no metric, and every quarter of an hour a line"
    )
    assert wordy.meter("@silent_s", 5000, 9100).story == "silent warn@0 silent tripped@0"


def test_an_idle_gpu_is_told_after_a_quarter_of_an_hour():
    assert Run().meter("@gpu_util", *[0.0] * 40).story == "gpu-idle warn@0 gpu-idle tripped@0"
    assert Run().meter("@gpu_util", *[0.0] * 14, 60.0, *[0.0] * 14).story == ""
    assert Run().meter("@gpu_util", *[0.0] * 20, 60.0).story == "gpu-idle warn@0 gpu-idle ok@0"
    assert Run().meter("@gpu_util", *[0.0] * 5, apart=3600.0).story == "", "nobody looked in between"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("loss", Role.LOSS), ("train_loss", Role.LOSS), ("train/loss", Role.LOSS), ("Train Loss", Role.LOSS),
        ("loss/train", Role.LOSS), ("epoch_loss", Role.LOSS), ("train", Role.LOSS), ("trainLoss", Role.LOSS),
        ("train_loss_epoch", Role.LOSS), ("total_training_loss", Role.LOSS), ("train_metrics/loss_mean", Role.LOSS),
        ("train/CrossEntropyLoss", Role.LOSS), ("metrics/train/LanguageCrossEntropy", Role.LOSS),
        ("val", Role.VAL), ("eval_loss", Role.VAL), ("val/loss", Role.VAL), ("dev_metrics/loss_mean", Role.VAL),
        ("box_loss", Role.PART), ("train/box_loss", Role.PART), ("loss_rpn_cls", Role.PART), ("ctc_loss", Role.PART),
        ("policy_loss", Role.ASIDE), ("d_loss", Role.ASIDE), ("kl_loss", Role.ASIDE), ("aux_loss", Role.ASIDE),
        ("val_acc", Role.SCORE), ("Training accuracy", Role.SCORE), ("grad_norm", Role.GRAD), ("norm", Role.GRAD),
        ("lr", Role.RATE), ("learning_rate", Role.RATE), ("x/lr0", Role.RATE), ("rollout/ep_rew_mean", Role.REWARD),
        ("loss_scale", Role.NONE), ("best_val_loss", Role.NONE), ("loss_std", Role.NONE), ("auto_lr/loss", Role.NONE),
        ("memory", Role.NONE), ("train/time", Role.NONE), ("val/box_loss", Role.NONE), ("@epoch", Role.NONE),
        ("noise_rate", Role.NONE), ("", Role.NONE),
    ],
)  # fmt: skip
def test_a_metric_is_known_by_its_name(name, role):
    assert role_of(name) is role


def test_detectors_can_be_switched_off_one_by_one_and_all_at_once():
    assert Run(off=["nonfinite"]).feed([NAN] * 4).story == ""
    assert Run(off=["watch/nonfinite"]).feed([NAN] * 4).story == ""
    assert Run(off=["all"]).feed([NAN] * 4, val_acc=[0.3] * 4).story == ""
    assert not Run(off=["all"]).watch.wants("loss")


def test_only_what_left_ok_is_a_gate_and_a_sentence_says_why():
    run = Run().feed([*falling(50), NAN, NAN])
    gates = run.watch.gates
    assert list(gates) == ["watch/nonfinite"]
    gate = gates["watch/nonfinite"]
    assert (gate.role, gate.source, gate.severity) == ("flag", "default watch", "critical")
    assert gate.rule == "loss is a number, but for fewer than 2 values in a row"
    assert json.loads(gate.text)["metric"] == "loss"
    assert run.watch.current()["watch/nonfinite"].reason == "loss was nan twice in a row at step 51"
    assert run.heard[-1].actions == ("flag", "notify", "stop")


def test_only_a_loss_that_is_no_number_asks_for_a_stop():
    assert [kind.name for kind in DETECTORS if "stop" in kind.tripped] == ["nonfinite"]
    assert [kind.name for kind in DETECTORS if "notify" in kind.tripped] == ["nonfinite", "exploding"]


def test_a_detector_asks_for_something_once_in_each_state():
    run = Run().feed([3.0, NAN, 2.9, NAN, 2.8, NAN, 2.7])
    assert [one.actions for one in run.heard if one.state is State.WARN] == [("flag",), (), ()]


def test_the_judge_speaks_for_the_watch_after_its_own_gates():
    table = {"id": "mine", "role": "flag", "test": "finite", "metrics": ["loss"]}
    judge = Judge(parse_gates([table]), watch=DefaultWatch())
    assert judge.wants("train/loss")
    assert not judge.wants("memory")
    assert not judge.unwritten
    said = [
        verdict for n in range(3) for verdict in judge.feed(Point(metric="loss", step=n, value=NAN, at=n))
    ]
    assert [f"{one.gate} {one.state}" for one in said] == [
        "mine warn", "watch/nonfinite warn", "mine tripped", "watch/nonfinite tripped",
    ]  # fmt: skip
    assert list(judge.current()) == ["mine", "watch/nonfinite"]
    assert list(judge.unwritten) == ["watch/nonfinite"]
    assert [one.gate for one in judge.end(result="failed", exit_code=1, at=9.0)] == []
    assert not Judge(parse_gates([table])).wants("train/loss")


def test_a_run_that_goes_on_where_another_stopped_is_not_blamed_for_it():
    judge = Judge((), watch=DefaultWatch())
    up = [*falling(100), *[6.0] * 30]
    for number, value in enumerate(up):
        judge.feed(Point(metric="loss", step=number, value=value, at=60.0 * number))
    assert "watch/exploding" in judge.unwritten
    judge.begin_again()
    assert not judge.unwritten
    assert not judge.current()
    said = []
    for number, value in enumerate([*falling(50, start=0.8), *[6.0] * 30], start=100):
        said += judge.feed(Point(metric="loss", step=number, value=value, at=1e6 + 60.0 * number))
    assert ("watch/exploding", State.TRIPPED) in [(one.gate, one.state) for one in said]
    assert judge.meters({"@silent_s": 4000.0}, at=2e6)[-1].state is State.TRIPPED


def test_the_names_of_detectors_are_not_for_gates():
    table = {"id": "watch/mine", "role": "flag", "test": "finite", "metrics": ["loss"]}
    with pytest.raises(SpecError, match="ids that begin with watch/ are those of the default watch"):
        parse_gates([table])


FINITE = {"id": "nan", "role": "flag", "test": "finite", "metrics": ["loss"], "on": {"tripped": ["stop"]}}


@pytest.mark.parametrize(
    ("gate", "story"),
    [
        (FINITE, "nonfinite warn@9 nonfinite tripped@12"),
        ({**FINITE, "zero_is_bad": True}, ""),
        ({**FINITE, "metrics": ["val_loss"]}, "nonfinite warn@5 nonfinite tripped@6"),
        ({**FINITE, "grace": "10 epochs"}, "nonfinite warn@5 nonfinite tripped@6"),
        ({**FINITE, "when": "at epoch 10"}, "nonfinite warn@5 nonfinite tripped@6"),
        ({**FINITE, "on": {"tripped": ["notify"]}}, "nonfinite warn@5 nonfinite tripped@6"),
    ],
)
def test_of_what_is_no_number_a_written_gate_speaks_and_not_the_watch_as_well(gate, story):
    gates = parse_gates([gate])
    values = [3.0, 2.9, 2.8, 2.7, 2.6, NAN, NAN, 2.5, 0, 0, 0, 0, 0]
    run = Run(written=gates).feed(values)
    assert run.story == story


def test_a_gate_names_its_metric_as_the_spec_does():
    gates = parse_gates([{**FINITE, "metrics": ["mine"]}], words={"mine": {"from": ["train/loss"]}})
    assert Run(written=gates).feed([3.0, NAN, NAN], "train/loss").story == ""
    assert Run(written=gates).feed([3.0, NAN, NAN], "loss").story != ""
