"""`trainui export`: which runs, which formats, which files, and what it ends with."""

import json
import os
import subprocess
import sys


def test_runs_studies_and_all_are_told_in_the_formats_asked_for(cockpit):
    for run in ("count-1", "count-2"):
        cockpit("start", "count")
        cockpit.until_status(run, "ended")
    out = cockpit.project / "out"
    said = cockpit("export", "--all", "--to", str(out), "--format", "results,json,md,notes").stdout
    assert said.split() == [
        str(out / name) for name in ("summary.json", "results.json", "summary.md", "NOTES.md")
    ]
    assert set(json.loads((out / "results.json").read_text())["runs"]) == {"count-1", "count-2"}
    one = cockpit.project / "one"
    cockpit("export", "count-2", "--to", str(one), "--format", "results")
    told = json.loads((one / "results.json").read_text())
    assert (told["run"], told["status"], told["best_val_mae"], told["final_val_mae"]) == (
        "count-2",
        "finished",
        20.0,
        20.0,
    )
    assert one.stat().st_mode & 0o777 == 0o700

    notes = out / "NOTES.md"
    notes.write_text(notes.read_text().replace("### Attempt 1", "### Attempt one"))
    failed = cockpit("export", "--study", "count", "--to", str(out), "--format", "md,notes", code=2)
    assert str(out / "summary.md") in failed.stdout, "all else is written"
    assert "what trainui wrote of run count-1 was edited, and stays as it is" in failed.stderr
    assert "### Attempt one" in notes.read_text()

    for words, said in (
        (("--to", "x"), "--study"),
        (("count-1", "--all", "--to", "x"), "--all"),
        (("count-1", "--study", "count", "--to", "x"), "--study"),
        (("count-1", "--to", "x", "--format", "htm"), "known are"),
        (("count-9", "--to", "x"), "no run 'count-9'"),
        (("--study", "cuont", "--to", "x"), "known: count"),
    ):
        assert said in cockpit("export", *words, code=2).stderr
    assert not (cockpit.project / "x").exists()


def test_a_live_run_is_told_so_far(cockpit):
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    cockpit.until_status("count-1", "running")
    cockpit("export", "count-1", "--to", str(cockpit.project / "out"), "--format", "md,results")
    assert "running, so far" in (cockpit.project / "out" / "summary.md").read_text()
    assert json.loads((cockpit.project / "out" / "results.json").read_text())["is_final"] is False
    cockpit("stop", "count-1", "--now")
    cockpit.until_status("count-1", "ended")


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(cockpit):
    cockpit("start", "count")
    cockpit.until_status("count-1", "ended")
    (cockpit.project / "file").write_text("mine")
    failed = cockpit(
        "export", "count-1", "--to", str(cockpit.project / "file" / "out"), "--format", "md", code=1
    )
    assert failed.stderr.count("\n") == 1
    assert "cannot be written" in failed.stderr
    (cockpit.project / "out").mkdir()
    os.symlink("/nowhere/at/all", cockpit.project / "out" / "summary.md")
    cockpit("export", "count-1", "--to", str(cockpit.project / "out"), "--format", "md")
    assert sorted(os.listdir(cockpit.project / "out")) == [".written.json", "summary.md", "summary.md.edited"]
    assert os.readlink(cockpit.project / "out" / "summary.md.edited") == "/nowhere/at/all"


def test_whoever_stops_listening_does_not_stop_the_export(cockpit):
    cockpit("start", "count")
    cockpit.until_status("count-1", "ended")
    words = ("export", "count-1", "--to", "out", "--format", "json,md", "--db", str(cockpit.db))
    with subprocess.Popen(
        [sys.executable, "-m", "trainui", *words],
        cwd=cockpit.project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")
    assert {"summary.json", "summary.md"} <= set(os.listdir(cockpit.project / "out"))


def test_of_a_log_that_was_brought_in_nothing_is_told_that_nobody_knows(cockpit):
    (cockpit.project / "old.csv").write_text(
        "step,loss,seen\n" + "".join(f"{n},{9 - n},{n * 10000.5}\n" for n in range(5))
    )
    (cockpit.project / "timed.jsonl").write_text(
        "".join(f'{{"step": {n}, "loss": 1.5, "time": {1.7e9 + 3600 * n}}}\n' for n in range(3))
    )
    cockpit("import", "old.csv", "timed.jsonl")
    cockpit("export", "--all", "--to", "out", "--format", "md,json,notes,html")
    old, timed = json.loads((cockpit.project / "out" / "summary.json").read_text())["runs"]
    assert (old["imported_from"], old["started_at"]) == (str(cockpit.project / "old.csv"), None)
    assert timed["started_at"] == 1.7e9
    told = (cockpit.project / "out" / "summary.md").read_text()
    assert f"| read from | `{cockpit.project / 'old.csv'}` |" in told
    assert "| – | – | – |" in next(line for line in told.splitlines() if line.startswith("| old-1 "))
    assert "| 2.00 h | – | – |" in next(line for line in told.splitlines() if line.startswith("| timed-1 "))
    for word in ("| took | 0 s |", "`imported`", "| cost |", "| armed |", "## Money", "e+04"):
        assert word not in told, word
    assert "| 4 | 5 | 40002 |" in told
    page = (cockpit.project / "out" / "summary.html").read_text()
    assert "GPU-hours, 0.00" not in page.partition('id="runs-head"')[2].partition("<script")[0]
    for notes in (cockpit.project / "out").glob("NOTES*.md"):
        assert "**Cost**" not in notes.read_text()
        assert "**New**" not in notes.read_text()
    assert "**Written until**" in (cockpit.project / "out" / "NOTES-old.md").read_text()
    cockpit("export", "--all", "--to", "packed", "--format", "zip")
    there = cockpit.project / "there"
    (there / "jobs").mkdir(parents=True)
    db = str(there / "runs.db")
    cockpit("import", str(cockpit.project / "packed" / "runs.zip"), "--db", db)
    cockpit("export", "old-1", "--to", str(there), "--format", "json", "--db", db)
    (carried,) = json.loads((there / "summary.json").read_text())["runs"]
    assert (carried["imported_from"], carried["started_at"]) == (old["imported_from"], None)
