"""Importing logs: each point once, however often, by however many, whatever the place is called."""

import os
import subprocess
import sys

from trainui.core.ingest import bundles, discover


def table(path, *rows, name="loss"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"step,{name}\n" + "".join(f"{step},{value}\n" for step, value in rows))
    return path


def points(cockpit, run, metric="loss"):
    return [(step, value) for step, value, _ in cockpit.json("curve", run, metric)["points"]]


def runs(cockpit):
    return sorted(one["run"] for one in cockpit.json("ls", "--all"))


def test_a_line_that_is_still_being_written_is_left_for_the_next_import(cockpit, project):
    logs = project / "logs"
    logs.mkdir()
    with (logs / "a.jsonl").open("w") as lines, (logs / "b.csv").open("w") as rows:
        lines.write('{"step": 0, "loss": 1.5}\n{"step": 1, "lo')
        rows.write("step,loss\n0,1.5\n1,0.12")
        lines.flush()
        rows.flush()
        assert [one["points"] for one in cockpit.json("import", "logs/a.jsonl", "logs/b.csv")] == [1, 1]
        lines.write('ss": 1.25}\n{"step": 2, "loss": 1.0}')
        rows.write("345\n2,0.5")
    assert [one["points"] for one in cockpit.json("import", "logs/a.jsonl", "logs/b.csv")] == [2, 2]
    assert points(cockpit, "a-1") == [(0, 1.5), (1, 1.25), (2, 1.0)]
    assert points(cockpit, "b-1") == [(0, 1.5), (1, 0.12345), (2, 0.5)]


def test_one_place_by_several_names_is_imported_once(cockpit, project):
    table(project / "logs" / "mine" / "metrics.csv", (0, 1.5), (1, 1.25))
    (project / "link").symlink_to(project / "logs")
    cockpit("import", "logs/mine")
    for path in ("logs/../logs/mine", "link/mine", "logs", "logs/mine/metrics.csv"):
        assert "mine-1  nothing new" in cockpit("import", path).stdout
    assert runs(cockpit) == ["mine-1"]


def test_files_that_appear_later_in_an_imported_folder_are_taken_in(cockpit, project):
    table(project / "mine" / "metrics.csv", (0, 1.5))
    cockpit("import", "mine")
    table(project / "mine" / "val" / "metrics.csv", (0, 2.5), (1, 2.25))
    assert [(one["run"], one["points"]) for one in cockpit.json("import", "mine")] == [("mine-1", 2)]
    assert points(cockpit, "mine-1") == [(0, 1.5)]
    assert points(cockpit, "mine-1", "val/loss") == [(0, 2.5), (1, 2.25)]


def test_a_second_table_beside_the_first_does_not_bring_the_first_again(cockpit, project):
    table(project / "mine" / "progress.csv", (0, 1.5))
    cockpit("import", "mine")
    table(project / "mine" / "history.csv", (0, 2.5))
    cockpit("import", "mine")
    assert points(cockpit, "mine-1") == [(0, 1.5)]
    assert runs(cockpit) == ["mine-1", "mine-history-1"]


def test_every_run_below_a_folder_is_imported_however_many_there_are(project, monkeypatch):
    monkeypatch.setattr(discover, "MOST_FOLDERS", 5)
    for number in range(12):
        table(project / "many" / f"r{number}" / "metrics.csv", (0, 1.5), (1, 1.25))
    assert len(bundles.bundles_in(project / "many")) == 12


def test_a_name_that_is_no_text_does_not_keep_the_others_from_being_imported(cockpit, project):
    table(project / "mine" / "one" / "metrics.csv", (0, 1.5))
    os.mkdir(os.fsencode(project) + b"/mine/\xff")
    with open(os.fsencode(project) + b"/mine/\xff/metrics.csv", "w") as file:
        file.write("step,loss\n0,1.5\n")
    assert [one["points"] for one in cockpit.json("import", "mine")] == [1]


def test_two_that_import_the_same_log_at_once_make_one_run(cockpit, project):
    rows = [(step, step / 8) for step in range(60_000)]
    table(project / "big.csv", *rows)
    command = [sys.executable, "-m", "trainui", "import", "big.csv"]
    both = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [one.communicate(timeout=60)[1] for one in both]
    assert any(one.returncode == 0 for one in both), said
    assert all("being read by another" in one for one in said if one), said
    cockpit("import", "big.csv")
    assert points(cockpit, "big-1") == rows
    assert runs(cockpit) == ["big-1"]
    assert [one.name for one in (project / "runs").iterdir()] == ["big-1"]


def test_an_import_killed_before_its_row_does_not_keep_the_store_from_being_made_anew(cockpit, project):
    table(project / "big.csv", (0, 1.5), (1, 1.25))
    cockpit("import", "big.csv")
    half = project / "runs" / "big-2"
    half.mkdir()
    for name in ("origin.json", "spec.toml", "streams.json"):
        text = (project / "runs" / "big-1" / name).read_text()
        (half / name).write_text(text.replace("big-1", "big-2"))
    done = cockpit("doctor", "--rebuild", "--force", code=None)
    assert "big-2 is left alone" in done.stdout + done.stderr
    assert runs(cockpit) == ["big-1"]
    assert points(cockpit, "big-1") == [(0, 1.5), (1, 1.25)]
