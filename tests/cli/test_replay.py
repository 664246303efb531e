"""Gates held against runs that are over, from the command line: the seeds' numbers, labels, studies, bad input."""

import json
from pathlib import Path

import pytest

from tests.conftest import until

FIELDS = {
    "gate", "role", "run", "verdict", "at_epoch", "at_step", "value", "reason", "action", "would_save_seconds",
    "would_save_usd", "history",
}  # fmt: skip

AST = """\
[job]
name = "ast"
command = ["python", "train.py"]

[metrics]
primary = "val_acc"
goal = "max"

[[metrics.pattern]]
regex = 'epoch (?P<epoch>\\d+): loss (?P<loss>\\S+) val acc (?P<val_acc>\\S+)'

[[gate]]
id = "epoch1"
quote = "Expected epoch 1: ~48-50% val acc"
role = "expect"
test = "value"
left = "at(val_acc, epoch 1)"
op = ">="
right = 46
when = "at epoch 1"
on.failed = ["flag", "notify"]

[[gate]]
id = "diverged"
quote = "val acc dropped to 13.42%"
role = "flag"
test = "regress"
metric = "val_acc"
by = "8 points"
for = 2
on.tripped = ["stop", "notify"]

[[gate]]
id = "stable"
role = "criterion"
test = "value"
left = "best(val_acc)"
op = ">"
right = 55

[[gate]]
id = "teacher"
role = "criterion"
test = "value"
left = "best(val_wer)"
op = "<"
right = 30

[[gate]]
id = "look"
role = "ask"
test = "ask"
question = "curves plausible?"
"""
AST_CURVE = [40.61, 36.73, 32.84, 28.96, 25.07, 21.19, 17.30, 13.42]
"""Attempt 1: its first and last epoch are known, a straight line lies between."""


@pytest.fixture
def ast(cockpit):
    """A project with the gates of seed 002."""
    (cockpit.project / "jobs" / "ast.toml").write_text(AST)
    return cockpit


def printed(path: Path, curve: list[float], *, name: str = "val acc") -> Path:
    rows = [f"epoch {n}: loss {1 / n:.3f} {name} {value}" for n, value in enumerate(curve, 1)]
    path.write_text("\n".join(rows) + "\n")
    return path


def written(path: Path, curve: list[float], *, metric: str = "val_acc", apart: float = 2498.0) -> Path:
    """JSON lines, one epoch every 41.6 minutes."""
    rows = [
        {"epoch": n, "step": n * 100, metric: value, "time": 1.7e9 + n * apart}
        for n, value in enumerate(curve, 1)
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def by_gate(findings: list[dict]) -> dict[str, dict]:
    return {one["gate"]: one for one in findings}


def test_the_first_attempt_of_ast_would_have_been_stopped_at_epoch_5_with_its_hours_saved(ast):
    path = written(ast.project / "attempt.jsonl", AST_CURVE)
    found = by_gate(ast.json("replay", "ast", "--on", str(path)))
    assert found["diverged"].keys() >= FIELDS
    assert (found["epoch1"]["verdict"], found["epoch1"]["at_epoch"]) == ("failed", 1)
    diverged = found["diverged"]
    assert (diverged["verdict"], diverged["at_epoch"], diverged["at_step"]) == ("tripped", 5, 500)
    assert diverged["action"] == "would have stopped"
    assert diverged["actions"] == ["stop", "notify"]
    assert diverged["would_save_usd"] is None
    priced = by_gate(ast.json("replay", "ast", "--rate", "3.6", "--on", str(path)))["diverged"]
    assert priced["would_save_usd"] == pytest.approx(3 * 2.498)
    assert "2:04 h, 7.49 $" in ast("replay", "ast", "--rate", "3.6", "--on", str(path)).stdout
    assert diverged["would_save_seconds"] == pytest.approx(3 * 2498)
    assert [one["verdict"] for one in diverged["history"]] == ["ok", "warn", "tripped"]
    assert found["stable"]["verdict"] == "failed"
    assert found["stable"]["would_save_seconds"] is None


def test_a_protected_run_is_not_stopped_in_a_replay_either(ast):
    spec = ast.project / "jobs" / "ast.toml"
    spec.write_text(spec.read_text() + """
[[gate]]
id = "let-run"
role = "criterion"
test = "value"
left = "max(@epoch)"
op = ">="
right = 8
when = "end"
protect = true
""")  # fmt: skip
    path = written(ast.project / "attempt.jsonl", AST_CURVE)
    diverged = by_gate(ast.json("replay", "ast", "--on", str(path)))["diverged"]
    assert (diverged["verdict"], diverged["actions"]) == ("tripped", ["notify"])
    assert diverged["would_save_seconds"] is None
    assert "let-run" in diverged["withheld"]


def test_a_metric_that_no_run_writes_is_unknown_loudly(ast):
    path = written(ast.project / "attempt.jsonl", AST_CURVE)
    done = ast("replay", "ast", "--on", str(path))
    assert "teacher" in done.stdout
    assert "UNKNOWN" in done.stdout
    assert "no run writes val_wer" in done.stderr
    assert "3 failed" not in done.stdout
    assert "2 failed, 1 tripped, 2 unknown" in done.stdout


def test_a_log_without_times_tells_the_share_that_was_left(ast):
    """What it saved is then a share of its points; seconds nobody knows."""
    path = printed(ast.project / "train.log", AST_CURVE)
    diverged = by_gate(ast.json("replay", "ast", "--on", str(path)))["diverged"]
    assert (diverged["verdict"], diverged["at_epoch"]) == ("tripped", 5)
    assert diverged["would_save_seconds"] is None
    assert diverged["would_save_usd"] is None
    assert diverged["would_save_share"] == pytest.approx(3 / 8)
    assert "38% of the points" in ast("replay", "ast", "--on", str(path)).stdout


def test_several_logs_and_a_spec_by_its_path_go_together(ast):
    bad = written(ast.project / "bad.jsonl", AST_CURVE)
    good = written(ast.project / "good.jsonl", [48.6, 52, 55, 58, 60, 61, 62, 63])
    found = ast.json("replay", "jobs/ast.toml", "--on", str(bad), str(good))
    assert [one["run"] for one in found if one["gate"] == "diverged"] == ["bad.jsonl", "good.jsonl"]
    verdicts = {one["run"]: one["verdict"] for one in found if one["gate"] == "stable"}
    assert verdicts == {"bad.jsonl": "failed", "good.jsonl": "passed"}


def test_labels_make_a_table_of_found_missed_and_false_alarms(ast):
    curves = {
        "a": AST_CURVE,
        "b": [48.6, 52, 55, 58, 60, 61, 62, 63],
        "c": [48.6, 52, 40, 41, 42, 60, 61, 62],
        "d": [48.6] * 8,
    }
    for name, curve in curves.items():
        written(ast.project / f"{name}.jsonl", curve)
    labels = ast.project / "labels.csv"
    labels.write_text("name,label\na,diverged\nb,healthy\nc,\nd,stuck\n")
    files = [str(ast.project / f"{name}.jsonl") for name in curves]
    told = ast.json("replay", "ast", "--labels", str(labels), "--on", *files)
    score = {one["gate"]: one for one in told["summary"]}["diverged"]
    assert score["found"] == ["a.jsonl"]
    assert score["missed"] == ["d.jsonl"]
    assert score["false_alarms"] == ["c.jsonl"]
    assert (score["healthy"], score["rate"]) == (2, 0.5)
    assert score["by_label"] == {"diverged": {"found": 1, "runs": 1}, "stuck": {"found": 0, "runs": 1}}
    text = ast("replay", "ast", "--labels", "a=diverged,b=healthy", "--on", *files)
    assert "over the labelled runs" in text.stdout
    assert "no label for c.jsonl, d.jsonl" in text.stderr


def test_a_note_beside_a_run_may_be_its_label(cockpit):
    cockpit("start", "count", "--set", "nan_at=3", "--wait", code=1)
    cockpit("note", "count-1", "label: nan")
    told = cockpit.json("replay", "count", "--on", "count-1")
    score = {one["gate"]: one for one in told["summary"]}["no-nan"]
    assert (score["found"], score["by_label"]) == (["count-1"], {"nan": {"found": 1, "runs": 1}})


def test_replay_of_a_finished_run_says_what_its_manager_had_stored(cockpit):
    cockpit("start", "count", "--set", "nan_at=3", "--set", "steps=8", "--wait", code=1)
    live = by_gate(cockpit.json("gates", "count-1"))
    again = by_gate(cockpit.json("replay", "count", "--on", "count-1"))
    same = (
        "verdict",
        "at_epoch",
        "at_step",
        "value",
        "reason",
        "digest",
        "label",
        "interval",
        "role",
        "is_default",
    )
    assert live.keys() == again.keys()
    for name, one in live.items():
        assert {key: again[name][key] for key in same} == {key: one[key] for key in same}
    assert again["no-nan"]["action"] == "would have stopped"
    assert again["no-nan"]["would_save_seconds"] is not None
    study = by_gate(cockpit.json("replay", "count", "--on", "count"))
    assert study.keys() == again.keys()


HEARING = """

[[gate]]
id = "wall"
role = "budget"
test = "value"
left = "max(@wall_h)"
op = "<="
right = 1e-6
on.tripped = ["stop"]

[[gate]]
id = "far"
role = "criterion"
test = "value"
left = "max(@step)"
op = ">="
right = 3

[[gate]]
id = "step-4"
role = "flag"
test = "event"
match = "step 4 of"
on.tripped = ["notify"]

[[gate]]
id = "joined"
role = "criterion"
test = "all"
of = ["below-30", "!no-nan"]

[[gate]]
id = "completes"
role = "criterion"
test = "event"
exit = "zero"
"""


def test_meters_and_printed_lines_are_told_again_as_they_were(cockpit):
    """What the manager measured and heard while the run lived decides again, not what can be reckoned afterwards."""
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text() + HEARING)
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.1")
    until(lambda: by_gate(cockpit.json("gates", "count-1")).get("wall", {}).get("verdict") == "tripped")
    until(lambda: (cockpit.run("count-1")["step"] or 0) > 5)
    cockpit("stop", "count-1")
    cockpit.until_status("count-1", "ended")
    live = by_gate(cockpit.json("gates", "count-1"))
    again = by_gate(cockpit.json("replay", "count", "--on", "count-1"))
    assert live["step-4"]["verdict"] == "tripped"
    assert live["wall"]["verdict"] == "tripped"
    same = ("verdict", "at_epoch", "at_step", "value", "reason")
    for name, one in live.items():
        assert {key: again[name][key] for key in same} == {key: one[key] for key in same}
    assert again["wall"]["action"] == "would have stopped"


def test_lines_that_nobody_listened_for_are_read_in_the_log_again(cockpit):
    cockpit("start", "count", "--set", "steps=8", "--wait")
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text() + HEARING)
    found = by_gate(cockpit.json("replay", "count", "--on", "count-1"))
    assert found["step-4"]["verdict"] == "tripped"
    assert "step 4 of 8" in found["step-4"]["reason"]
    assert found["wall"]["verdict"] == "tripped"
    log = str(cockpit.project / "runs" / "count-1" / "output.log")
    assert by_gate(cockpit.json("replay", "count", "--on", log))["step-4"]["verdict"] == "tripped"


def test_a_run_that_went_on_is_judged_with_its_past(cockpit):
    """Best over the line: the child's own points begin where its parent was stopped."""
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: (cockpit.run("count-1")["step"] or 0) >= 5)
    cockpit("stop", "count-1")
    cockpit.until_status("count-1", "ended")
    saved = int((cockpit.project / "runs" / "count-1" / "last.txt").read_text())
    cockpit("retry", "count-1", "--set", f"steps={saved + 2}", "--set", "delay=0")
    cockpit.until_status("count-2", "ended")
    live = by_gate(cockpit.json("gates", "count-2"))
    again = by_gate(cockpit.json("replay", "count", "--on", "count-2"))
    for name in ("below-30", "no-nan"):
        assert [again[name][key] for key in ("verdict", "value", "at_step", "reason")] == [
            live[name][key] for key in ("verdict", "value", "at_step", "reason")
        ]


def test_what_the_default_watch_said_of_a_run_is_said_again(cockpit):
    for path in (cockpit.project / "jobs" / "count.toml", cockpit.project / "count.py"):
        written, _, _ = path.read_text().partition('[[gate]]\nid = "no-nan"')  # which would tell it instead
        path.write_text(written.replace("val/mae", "train/loss"))
    cockpit("start", "count", "--set", "nan_at=3", "--set", "steps=8", "--wait", code=None)
    live = by_gate(cockpit.json("gates", "count-1"))
    assert (live["watch/nonfinite"]["verdict"], live["watch/nonfinite"]["is_default"]) == ("tripped", True)
    for spec in ("count", "default"):
        again = by_gate(cockpit.json("replay", spec, "--on", "count-1"))
        for key in ("verdict", "at_step", "value", "reason", "digest", "is_default"):
            assert again["watch/nonfinite"][key] == live["watch/nonfinite"][key]
    assert "watch/nonfinite" not in by_gate(cockpit.json("replay", "count", "--no-watch", "--on", "count-1"))
    log = str(cockpit.project / "runs" / "count-1" / "metrics.jsonl")
    assert "watch/nonfinite" in by_gate(cockpit.json("replay", "count", "--on", log))
    assert "watch/nonfinite" not in by_gate(cockpit.json("replay", "count", "--no-watch", "--on", log))


def test_a_healthy_log_is_said_to_be_so_by_the_default_watch(cockpit):
    log = cockpit.project / "old.jsonl"
    log.write_text("".join(f'{{"step": {n}, "loss": {10 / n}}}\n' for n in range(1, 9)))
    told = cockpit("replay", "default", "--on", "old.jsonl").stdout
    assert told.strip() == "old.jsonl (8 points): the default watch saw nothing"


def test_a_metric_is_not_missed_in_a_run_that_was_not_given(cockpit):
    (cockpit.project / "jobs" / "study.toml").write_text(STUDY)
    cockpit("start", "count", "--wait")
    done = cockpit("replay", "labels", "--on", "ami=count-1")
    assert "gate 'smooth': no run writes val_acc" in done.stderr
    assert "gate 'gain'" not in done.stderr


BANDS = """\
[job]
name = "bands"
command = ["{python}", "count.py"]

[[gate]]
id = "quality"
role = "criterion"
test = "value"
left = "last(val/mae)"
op = "<"
right = 200
bands = [[10, "ready for production"]]
"""


def test_a_label_is_told_once_and_a_job_means_its_newest_run(cockpit):
    (cockpit.project / "jobs" / "bands.toml").write_text(BANDS)
    cockpit("start", "bands", "--wait")
    cockpit("start", "bands", "--wait")
    for told in (cockpit("gates", "bands").stdout, cockpit("replay", "bands", "--on", "bands-2").stdout):
        assert told.count("ready for production") == 1
        assert "bands-2" in told
        assert "bands-1" not in told
    (event,) = [one for one in cockpit.json("show", "bands-2")["events"] if one["kind"] == "gate"]
    assert event["text"].count("ready for production") == 1
    assert "no run, job or study 'band'" in cockpit("gates", "band", code=2).stderr


STUDY = """\
[study]
name = "labels"
runs = { ami = "train-ami*", libri = "libri*" }

[metric.val_acc]
from = ["val/acc", "Val Acc"]
goal = "max"

[[gate]]
id = "gain"
role = "hypothesis"
test = "value"
left = "ami: best(val_acc)"
minus = "libri: best(val_acc)"
op = ">="
right = 15
when = "end"

[[gate]]
id = "smooth"
role = "hypothesis"
test = "value"
left = "drawdown(val_acc, epochs 1..5)"
op = "<"
right = 5
when = "at epoch 5"
"""
LIBRI = [53.8, 53.8, 46.2, 61.5, 45.9]
AMI = [50.0 + 28 * n / 9 for n in range(10)]


def test_a_study_is_held_against_a_run_for_each_alias(cockpit):
    (cockpit.project / "jobs" / "labels.toml").write_text(STUDY)
    ami = written(cockpit.project / "ami.jsonl", AMI, metric="val/acc")
    libri = written(cockpit.project / "old.jsonl", LIBRI, metric="Val Acc")
    found = cockpit.json("replay", "labels", "--on", f"ami={ami}", f"libri={libri}")
    stand = {(one["run"], one["gate"]): one for one in found}
    gain = stand["study:labels", "gain"]
    assert (gain["verdict"], gain["value"]) == ("passed", pytest.approx(78 - 61.5))
    assert stand["ami.jsonl", "smooth"]["verdict"] == "passed"
    assert stand["old.jsonl", "smooth"]["verdict"] == "failed"
    assert stand["old.jsonl", "smooth"]["value"] == pytest.approx(15.6)
    assert stand["study:labels", "smooth"]["verdict"] == "failed"
    by_path = cockpit.json("replay", "jobs/labels.toml", "--on", str(ami), f"libri={libri}")
    assert {(one["run"], one["gate"]) for one in by_path} == stand.keys()
    assert "write ami=old.jsonl" in cockpit("replay", "labels", "--on", str(libri), code=2).stderr
    assert "has no runs" not in cockpit("replay", "labels", "--on", f"ami={ami}").stderr


def test_a_job_may_rest_on_another_run(cockpit):
    """Ratio to a baseline: of the job what it does not say otherwise, of the other what is named."""
    gates = """
[job]
name = "student"
command = ["true"]
[[gate]]
id = "ratio"
role = "criterion"
test = "value"
left = "last(wer)"
over = "teacher: last(wer)"
op = "<="
right = 1.10
when = "end"
[[gate]]
id = "alone"
role = "criterion"
test = "value"
left = "last(wer)"
op = "<"
right = 30
when = "end"
"""
    (cockpit.project / "jobs" / "student.toml").write_text(gates)
    student = written(cockpit.project / "student.jsonl", [60, 40, 26.0], metric="wer")
    teacher = written(cockpit.project / "old.jsonl", [50, 30, 25.0], metric="wer")
    found = cockpit.json("replay", "student", "--on", str(student), f"teacher={teacher}")
    stand = {(one["run"], one["gate"]): one for one in found}
    assert stand["student.jsonl", "alone"]["verdict"] == "passed"
    ratio = stand["study:student", "ratio"]
    assert (ratio["verdict"], ratio["value"]) == ("passed", pytest.approx(1.04))
    alone = cockpit.json("replay", "student", "--on", str(student))
    assert next(one for one in alone if one["gate"] == "ratio")["verdict"] == "unknown"


def test_what_cannot_be_replayed_is_told_in_a_sentence(ast):
    words = ast.project / "words.txt"
    words.write_text("nothing\nto see\n")
    (ast.project / "jobs" / "bare.toml").write_text('[job]\nname = "bare"\ncommand = ["true"]\n')
    path = str(written(ast.project / "attempt.jsonl", AST_CURVE))
    for given, said in (
        (("ast",), "nothing to replay on"),
        (("ast", "--on", "nowhere"), "there is no run, study or file 'nowhere'"),
        (("asd", "--on", path), "did you mean 'ast'?"),
        (("gone.toml", "--on", path), "gone.toml does not exist"),
        (("bare", "--on", path), "job 'bare' has no gates"),
        (("ast", "--on", str(words)), "words.txt holds no metric"),
        (("ast", "--on", path, "--labels", "gone.csv"), "gone.csv is not a file"),
        (("ast", "--on", path, "--labels", "other=healthy"), "none of the labels names one of the runs"),
        (("ast", "--on", path, "--labels", "attempt"), "attempt is not a file"),
        (("gates", "--on", path), "there is no job or study 'gates'"),
    ):
        done = ast("replay", *given, code=2)
        assert said in done.stderr, given
        assert done.stderr.count("\n") == 1, given
        assert done.stdout == "", given


def test_gates_are_proposed_from_past_runs_and_can_be_pasted_into_a_spec(ast):
    for number in range(6):
        rows = [
            {"epoch": n, "step": n, "train/loss": 2.0 / n + 0.01 * ((n * 7 + number) % 5), "val_acc": 50 + n,
             "time": 1.7e9 + 600 * n}
            for n in range(1, 31)
        ]  # fmt: skip
        (ast.project / f"run{number}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    files = [str(ast.project / f"run{number}.jsonl") for number in range(6)]
    proposed = {one["gate"]: one for one in ast.json("gates", "suggest", *files)}
    assert {
        "train-loss-finite",
        "train-loss-epoch-1",
        "wall-hours",
        "silent",
        "val-acc-best",
    } <= proposed.keys()
    for one in proposed.values():
        assert (one["judged"], one["rate"]) == (6, 0.0), one
        assert "suggested from 6 runs" in one["toml"]
    text = ast("gates", "suggest", *files).stdout
    (ast.project / "jobs" / "more.toml").write_text(f'[job]\nname = "more"\ncommand = ["true"]\n\n{text}')
    again = by_gate(ast.json("replay", "more", "--on", files[0]))
    assert again.keys() == proposed.keys()
    assert not any(one["verdict"] in ("tripped", "failed") for one in again.values())
    assert again["wall-hours"]["value"] == pytest.approx(29 * 600 / 3600)


def test_too_few_runs_say_so(ast):
    path = str(written(ast.project / "attempt.jsonl", AST_CURVE))
    assert "1 finished run with a loss or a score say" in ast("gates", "suggest", path, code=2).stderr
    assert "needs at least one run" in ast("gates", "suggest", code=2).stderr


def test_gates_are_shown_by_run_with_what_to_do_about_a_question(cockpit):
    spec = (cockpit.project / "jobs" / "count.toml").read_text()
    ask = '\n[[gate]]\nid = "look"\nrole = "ask"\ntest = "ask"\nquestion = "plausible?"\n'
    (cockpit.project / "jobs" / "count.toml").write_text(spec + ask)
    cockpit("start", "count", "--wait")
    cockpit("start", "count", "--wait")
    until(lambda: cockpit.run("count-2")["status"] == "ended")
    text = cockpit("gates").stdout
    assert "count-2: 1 passed, 1 unknown, 1 ok" in text
    assert "count-1:" not in text
    assert "1 older run: --all" in text
    assert "UNKNOWN" in text
    assert "trainui answer count-2 look yes|no" in text
    assert "count-1: 1 passed" in cockpit("gates", "--all").stdout
    gate = by_gate(cockpit.json("gates", "count-1"))["below-30"]
    assert (gate["severity"], gate["is_default"], gate["label"]) == ("warning", False, "")
    assert len(gate["digest"]) == 64
    assert {one["run"] for one in cockpit.json("gates")} == {"count-1", "count-2"}
    assert {one["run"] for one in cockpit.json("gates", "count")} == {"count-2"}
    assert {one["run"] for one in cockpit.json("gates", "study:count")} == {"count-1", "count-2"}
    assert "there is no run, job or study 'cuont-1'" in cockpit("gates", "cuont-1", code=2).stderr


CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real logs are not here")
def test_a_real_log_of_a_diverged_run_is_found(ast):
    path = next(CORPUS.glob("*/karpathy__fb095ec__*"))
    spec = '[job]\nname = "nan"\ncommand = ["true"]\n[[gate]]\nid = "nan"\nrole = "flag"\ntest = "finite"\n'
    (ast.project / "jobs" / "nan.toml").write_text(spec + 'metrics = ["loss"]\non.tripped = ["stop"]\n')
    found = by_gate(ast.json("replay", "nan", "--on", str(path)))
    assert found["nan"]["verdict"] == "tripped"
    assert found["nan"]["at_step"] <= 12
    assert found["nan"]["would_save_share"] > 0.8


SEEDS = Path(__file__).parents[3] / "shared" / "design" / "seeds-gates.toml"


@pytest.mark.skipif(not SEEDS.is_file(), reason="the seeds' gates are not here")
def test_the_seeds_gates_say_of_their_first_attempt_what_was_measured(ast):
    path = written(ast.project / "attempt.jsonl", AST_CURVE)
    assert "--study 000 | 001 | 002" in ast("replay", str(SEEDS), "--on", str(path), code=2).stderr
    found = ast.json("replay", str(SEEDS), "--study", "002", "--on", f"v2={path}")
    own = by_gate([one for one in found if one["run"] == "attempt.jsonl"])
    assert (own["002.epoch1"]["verdict"], own["002.epoch1"]["at_epoch"]) == ("failed", 1)
    assert (own["002.diverged"]["verdict"], own["002.diverged"]["at_epoch"]) == ("tripped", 5)
    assert own["002.diverged"]["would_save_seconds"] == pytest.approx(3 * 2498)
    assert own["002.backbone-lr"]["verdict"] == "unknown"
    assert own["002.proceed"]["verdict"] == "failed"
