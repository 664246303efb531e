"""Logs of runs that were not ours: what becomes a run, what is refused, and that nothing is read twice."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import until

HISTORY = "epoch,loss,val_loss\n0,1.0,1.5\n1,0.5,nan\n2,0.25,0.75\n"
PRINTED = "".join(f"step {n} | loss {1 / n:.4f} | lr 1.0e-03\n" for n in range(1, 6))
PROSE = "Dear diary,\nnothing was trained today.\n"


def make(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lines(count, start=0):
    return "".join(json.dumps({"step": n, "loss": 1 / (n + 1)}) + "\n" for n in range(start, start + count))


def test_a_folder_of_runs_becomes_runs_and_the_second_time_nothing_is_new(cockpit):
    make(
        cockpit.project / "old",
        {
            "a/metrics.csv": HISTORY,
            "b/tb/.keep": "",
            "b/train.log": PRINTED,
            "c/train_log.csv": "step,loss\n1,0.5\n2,0.25\n",
            "c/val_log.csv": "step,loss\n1,0.75\n2,0.5\n",
            "notes/README.txt": PROSE,
        },
    )
    told = cockpit.json("import", "old")
    assert [(one["run"], one["points"], one["metrics"], one["is_new"]) for one in told] == [
        ("a-1", 6, 2, True), ("b-1", 10, 2, True), ("c-1", 4, 2, True),
    ]  # fmt: skip
    again = cockpit.json("import", "old")
    assert [(one["run"], one["points"], one["is_new"]) for one in again] == [
        ("a-1", 0, False), ("b-1", 0, False), ("c-1", 0, False),
    ]  # fmt: skip
    runs = {run["run"]: run for run in cockpit.json("ls", "--all")}
    assert {(run["status"], run["result"], run["cause"], run["usd"]) for run in runs.values()} == {
        ("ended", "finished", "imported", 0.0)
    }
    assert [point[1] for point in cockpit.json("curve", "a-1", "val_loss")["points"]] == [
        1.5,
        "nan",
        0.75,
    ]
    assert [point[:2] for point in cockpit.json("curve", "c-1", "val/loss")["points"]] == [
        [1, 0.75],
        [2, 0.5],
    ]
    assert "step 5 | loss 0.2000" in cockpit("logs", "b-1").stdout


def test_a_log_that_grew_gives_what_is_new(cockpit):
    log = cockpit.project / "bert.jsonl"
    log.write_text(lines(10))
    assert cockpit("import", "bert.jsonl").stdout.startswith("bert-1  10 points of 1 metrics")
    with log.open("a") as file:
        file.write(lines(5, start=10))
    assert cockpit("import", "bert.jsonl").stdout.startswith("bert-1  5 points of 1 metrics")
    assert "nothing new" in cockpit("import", "bert.jsonl").stdout
    assert [point[0] for point in cockpit.json("curve", "bert-1", "loss")["points"]] == list(range(15))


def test_runs_of_a_job_here_are_judged_by_its_gates(cockpit):
    make(
        cockpit.project,
        {"count.jsonl": '{"step": 1, "metrics": {"val/mae": 55}}\n{"step": 2, "metrics": {"val/mae": 22}}\n'},
    )
    (told,) = cockpit.json("import", "count.jsonl", "--job", "count")
    assert told["run"] == "count-1"
    gates = {gate["gate"]: gate["verdict"] for gate in cockpit.json("gates", "count-1")}
    assert gates["below-30"] == "passed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["prose.txt"], "holds no metric"),
        (["empty.log"], "is empty or cannot be read"),
        (["bare"], "holds no file of a format"),
        (["good.csv", "--job", "../up"], "is not a usable name"),
        (["good.csv", "nowhere"], "nowhere does not exist"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_sentence_and_nothing_is_made(cockpit, words, said):
    make(cockpit.project, {"prose.txt": PROSE, "empty.log": "", "bare/x.bin": "\0", "good.csv": HISTORY})
    done = cockpit("import", *words, code=None)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert cockpit.json("ls", "--all") == []
    assert not [path for path in (cockpit.project / "runs").glob("*") if path.is_dir()]


def test_of_several_folders_one_without_a_log_does_not_keep_the_others_out(cockpit):
    make(cockpit.project, {"a/metrics.csv": HISTORY, "b/nothing.bin": "", "c/metrics.csv": HISTORY})
    told = cockpit("import", "a", "b", "c")
    assert told.stdout.count("points of 2 metrics") == 2
    assert told.stderr.startswith("trainui: ")
    assert "b holds no file of a format that trainui knows by its name" in told.stderr
    assert "typo.csv does not exist" in cockpit("import", "a", "typo.csv", code=2).stderr
    assert "b holds no file" in cockpit("import", "b", code=2).stderr


def test_logs_can_be_looked_at_without_a_project(tmp_path):
    (tmp_path / "x.csv").write_text(HISTORY)
    words = [sys.executable, "-m", "trainui"]
    subprocess.run([*words, "import", "x.csv", "--db", "looks.db"], cwd=tmp_path, check=True)
    shown = subprocess.run(
        [*words, "ls", "--all", "--json", "--db", "looks.db"], cwd=tmp_path, check=True, capture_output=True
    )
    assert [run["run"] for run in json.loads(shown.stdout)] == ["x-1"]


def test_an_import_that_is_killed_goes_on_where_it_was(cockpit):
    log = cockpit.project / "long.jsonl"
    log.write_text(lines(400_000))
    words = [sys.executable, "-m", "trainui", "import", "long.jsonl"]
    with subprocess.Popen(words, cwd=cockpit.project, stdout=subprocess.DEVNULL) as first:
        until(
            lambda: (runs := cockpit.json("ls", "--all")) and runs[0]["run"] == "long-1" and runs[0]["step"]
        )
        os.kill(first.pid, signal.SIGKILL)
    (told,) = cockpit.json("import", "long.jsonl")
    assert not told["is_new"]
    steps = [point[0] for point in cockpit.json("curve", "long-1", "loss")["points"]]
    assert steps == list(range(400_000))


def test_imported_runs_survive_a_rebuild_of_the_database(cockpit):
    make(cockpit.project, {"x.csv": HISTORY})
    cockpit("import", "x.csv")
    before = cockpit.json("curve", "x-1", "loss")
    (cockpit.project / "runs.db").unlink()
    cockpit("doctor", "--rebuild")
    assert cockpit.json("curve", "x-1", "loss") == before
    assert "nothing new" in cockpit("import", "x.csv").stdout


def test_a_folder_that_is_no_project_is_not_taken_for_one(tmp_path):
    (tmp_path / "old.jsonl").write_text(lines(3))
    trainui = [sys.executable, "-m", "trainui"]

    def run(*words):
        env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
        return subprocess.run([*trainui, *words], cwd=tmp_path, capture_output=True, text=True, env=env)

    for words in (("import", "old.jsonl"), ("start", "count"), ("ls",)):
        done = run(*words)
        assert done.returncode == 2
        assert "a project holds trainui.toml or a jobs/ folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["old.jsonl"]
    assert run("import", "old.jsonl", "--db", "kept.db").returncode == 0
    assert (tmp_path / "kept.db").exists()
