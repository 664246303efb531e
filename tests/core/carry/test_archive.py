"""An archive brings runs back equal, once, at no cost to who takes them in."""

import json
import subprocess
import sys
import zipfile

import pytest

from tests.core.carry.filled import Filled, views
from trainui.core.errors import UserError
from trainui.core.export.carry.archive import write_archive
from trainui.core.store.money import Ledger
from trainui.core.store.read import Reader
from trainui.core.store.schema import connect
from trainui.core.unpacking.taking import take_archive

RUNS = ["mlp-1", "mlp-2"]


def pack(folder, to, runs=RUNS, **how):
    reader = Reader(folder / "runs.db")
    try:
        (path,) = write_archive(reader, runs, to, **how)
        return path
    finally:
        reader.close()


def take(folder, archive):
    folder.mkdir(exist_ok=True)
    db = connect(folder / "runs.db", durable=True)
    try:
        return take_archive(db, archive, to=folder / "runs.db", project=folder)
    finally:
        db.close()


@pytest.fixture
def here(tmp_path):
    Filled(tmp_path / "here", points=2000)
    return tmp_path / "here"


@pytest.fixture
def archive(here, tmp_path):
    return pack(here, tmp_path / "both.zip")


def test_every_view_of_every_run_is_equal(here, archive, tmp_path):
    taken = take(tmp_path / "there", archive)
    assert [(one.run, one.is_new, one.metrics, one.points) for one in taken] == [
        (run, True, 8, 4 * 2000 + 8) for run in RUNS
    ]
    before, after = Reader(here / "runs.db"), Reader(tmp_path / "there" / "runs.db")
    for run in RUNS:
        assert views(after, run, tmp_path / "there") == views(before, run, here)
    assert repr(after.study_gates("both")) == repr(before.study_gates("both"))
    assert repr(after.outcomes("study:both")) == repr(before.outcomes("study:both"))
    assert [(one.study, one.about, one.status, one.runs) for one in after.studies()] == [
        ("both", "two", "over", {"mlp": "mlp-2"})
    ]


def test_what_a_person_is_told_is_equal(here, archive, tmp_path):
    take(tmp_path / "there", archive)

    def told(folder, *words):
        done = subprocess.run(
            [sys.executable, "-m", "trainui", *words, "--json", "--db", "runs.db"],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
        for event in found.get("events", ()) if isinstance(found, dict) else ():
            event.pop("id")
        return json.dumps(found, sort_keys=True).replace(str(folder), "PROJECT")

    for words in (("show", "mlp-2"), ("curve", "mlp-2", "val/mae"), ("gates", "mlp-1"), ("compare", *RUNS)):
        assert told(tmp_path / "there", *words) == told(here, *words)


def test_what_it_cost_elsewhere_is_told_and_counts_against_no_budget_here(here, archive, tmp_path):
    take(tmp_path / "there", archive)
    reader = Reader(tmp_path / "there" / "runs.db")
    assert [(run, reader.run(run).usd) for run in RUNS] == [("mlp-1", 0.05), ("mlp-2", 0.13996)]
    sums = Ledger(connect(tmp_path / "there" / "runs.db")).sums()
    assert (sums.settled, sums.idle, sums.gpu_ms) == (0, 0, 0)
    for by in ("study", "job", "day", "machine", "run"):
        assert sum(one.usd for one in reader.spent(by)) == pytest.approx(0.0, abs=1e-9)
    assert {point.usd for point in reader.burn()} <= {0.0}
    assert reader.leases() == []


def test_what_accrued_since_the_last_line_goes_along(tmp_path):
    books = Filled(tmp_path / "here")
    books.fact("accrued", {"mlp-1": 7, "": 9})
    books.fact("accrued_gpu_ms", {"mlp-1": 11})
    take(tmp_path / "there", pack(tmp_path / "here", tmp_path / "a.zip"))
    assert Reader(tmp_path / "there" / "runs.db").run("mlp-1").usd == 0.050007


def test_imported_twice_nothing_doubles(here, archive, tmp_path):
    take(tmp_path / "there", archive)
    again = pack(here, tmp_path / "again.zip")
    for path in (archive, again):
        assert [(one.run, one.is_new) for one in take(tmp_path / "there", path)] == [
            (run, False) for run in RUNS
        ]
    assert len(Reader(tmp_path / "there" / "runs.db").runs()) == 2
    assert sorted(path.name for path in (tmp_path / "there" / "runs").iterdir()) == RUNS


def test_a_project_knows_its_own_runs(here, archive):
    assert [one.is_new for one in take(here, archive)] == [False, False]


def test_an_archive_of_what_was_imported_is_the_same_runs_still(here, archive, tmp_path):
    take(tmp_path / "there", archive)
    onward = pack(tmp_path / "there", tmp_path / "onward.zip")
    assert [one.is_new for one in take(tmp_path / "third", onward)] == [True, True]
    assert [one.is_new for one in take(tmp_path / "third", archive)] == [False, False]
    before, after = Reader(here / "runs.db"), Reader(tmp_path / "third" / "runs.db")
    assert views(after, "mlp-2", tmp_path / "third") == views(before, "mlp-2", here)


def test_names_that_clash_get_a_number_and_parents_and_studies_follow(archive, tmp_path):
    Filled(
        tmp_path / "there",
        spec={"job": {"name": "mlp", "command": ["other"]}, "gate": []} | {"params": {"a": 1}},
    )
    db = connect(tmp_path / "there" / "runs.db")
    db.execute("UPDATE runs SET queued_at=queued_at+1")
    db.close()
    assert [(one.run, one.called) for one in take(tmp_path / "there", archive)] == [
        ("mlp-1-2", "mlp-1"), ("mlp-2-2", "mlp-2"),
    ]  # fmt: skip
    reader = Reader(tmp_path / "there" / "runs.db")
    assert reader.run("mlp-2-2").parent == "mlp-1-2"
    assert reader.run("mlp-2-2").study == "both-2"
    assert reader.run("mlp-2").study == "both"
    assert {one.study: one.runs for one in reader.studies()}["both-2"] == {"mlp": "mlp-2-2"}
    assert reader.log_tail("mlp-1-2", 1) == ["Last line of it"]


def test_a_later_archive_of_the_same_study_adds_what_is_new(here, tmp_path):
    take(tmp_path / "there", pack(here, tmp_path / "one.zip", ["mlp-1"]))
    taken = take(tmp_path / "there", pack(here, tmp_path / "two.zip"))
    assert [(one.run, one.is_new) for one in taken] == [("mlp-1", False), ("mlp-2", True)]
    reader = Reader(tmp_path / "there" / "runs.db")
    assert reader.run("mlp-2").parent == "mlp-1"
    assert reader.run("mlp-2").study == reader.run("mlp-1").study == "both"


def test_a_run_without_its_parent_has_none(here, tmp_path):
    take(tmp_path / "there", pack(here, tmp_path / "one.zip", ["mlp-2"]))
    assert Reader(tmp_path / "there" / "runs.db").run("mlp-2").parent is None


def test_files_go_along_when_asked_for_and_secrets_never(here, tmp_path):
    take(tmp_path / "bare", pack(here, tmp_path / "bare.zip"))
    take(tmp_path / "full", pack(here, tmp_path / "full.zip", with_files=True))
    bare, full = (
        sorted(path.name for path in (tmp_path / name / "runs" / "mlp-1").iterdir())
        for name in ("bare", "full")
    )
    assert bare == ["origin.json", "output.log", "results.json", "rows.jsonl", "spec.toml"]
    assert full == ["best.pt", *bare]
    reader = Reader(tmp_path / "full" / "runs.db")
    saved = reader.newest_checkpoint("mlp-1")
    assert saved == (str(tmp_path / "full" / "runs" / "mlp-1" / "best.pt"), "mlp-1")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "full" / "runs").rglob("*"))
    assert b"hush" not in b"".join(
        path.read_bytes() for path in (tmp_path / "full").rglob("*") if path.is_file()
    )


def test_what_does_not_go_along_is_said(here, tmp_path):
    own = here / "runs" / "mlp-1"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "large.pt").write_bytes(b"weights")
    (own / "linked").symlink_to(tmp_path / "elsewhere")
    (own / "link.pt").symlink_to(tmp_path / "elsewhere" / "large.pt")
    (own / ".hydra").mkdir()
    (own / ".hydra" / "config.yaml").write_text("lr: 1")
    (own / ".env").write_text("KEY=1")
    (own / "deep" / ".kept").mkdir(parents=True)
    (own / "deep" / ".kept" / "a").write_text("a")
    with zipfile.ZipFile(pack(here, tmp_path / "full.zip", ["mlp-1"], with_files=True)) as packed:
        told = json.loads(packed.read("manifest.json"))["left_out"]
        names = packed.namelist()
    assert sorted(told) == [
        "'.env' of mlp-1 is hidden",
        "'.hydra' of mlp-1 is hidden",
        "'link.pt' of mlp-1 is no plain file",
        "'linked' of mlp-1 is no plain file",
    ]
    assert "runs/0001/files/deep/.kept/a" in names
    assert not any("linked" in name or "hydra" in name for name in names)


def test_a_run_that_has_not_ended_is_not_packed(tmp_path):
    Filled(tmp_path / "here").run("mlp-3", start=5)
    with pytest.raises(UserError, match="mlp-3 has not ended"):
        pack(tmp_path / "here", tmp_path / "a.zip", ["mlp-1", "mlp-3"])
    assert not list(tmp_path.glob("*.zip*")) + list(tmp_path.glob(".*"))


def test_the_verbs_carry_a_study_over(here, tmp_path):
    (there := tmp_path / "there" / "jobs").mkdir(parents=True)

    def trainui(*words, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "trainui", *words], cwd=there.parent, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    db = ("--db", str(here / "runs.db"))
    path = tmp_path / "out" / "both.zip"
    assert (
        trainui("export", "--study", "both", "--to", str(path.parent), "--format", "zip", *db) == f"{path}\n"
    )
    assert "mlp-2  8,008 points of 8 metrics, from" in trainui("import", str(path))
    assert trainui("import", str(path)).count("nothing new: it is here already") == 2
    assert [one["is_new"] for one in json.loads(trainui("import", str(path), "--json"))] == [False, False]
    assert "--job is for logs" in trainui("import", str(path), "--job", "mlp", code=2)
    assert "--with-files goes with --format zip" in trainui(
        "export", "mlp-1", "--to", "x", "--with-files", code=2
    )
    trainui("export", "mlp-1", "--to", str(tmp_path / "full"), "--format", "zip", "--with-files", *db)
    with zipfile.ZipFile(tmp_path / "full" / "mlp-1.zip") as packed:
        assert "runs/0001/files/best.pt" in packed.namelist()


def test_both_verbs_say_what_an_archive_leaves_out(here, tmp_path):
    for number in range(5):
        (here / "runs" / "mlp-1" / f"link-{number}").symlink_to(tmp_path)
    (there := tmp_path / "there" / "jobs").mkdir(parents=True)

    def said(*words):
        done = subprocess.run(
            [sys.executable, "-m", "trainui", *words], cwd=there.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    words = ("mlp-1", "--to", str(tmp_path / "out"), "--db", str(here / "runs.db"), "--format")
    assert said("export", *words, "zip") == ""
    sentence = said("export", *words, "zip", "--with-files")
    assert sentence.startswith(
        "trainui: mlp-1.zip leaves out 5: 'link-0' of mlp-1 is no plain file; 'link-1'"
    )
    assert sentence.endswith("; …\n")
    assert said("import", str(tmp_path / "out" / "mlp-1.zip")) == sentence
    assert said("import", str(tmp_path / "out" / "mlp-1.zip")) == "", "nothing of it is new"


def test_nothing_is_done_about_what_was_imported(archive, tmp_path):
    """Neither a manager nor a study of the same jobs takes up what an archive tells."""
    from trainui.core.store.actions import ActionWriter
    from trainui.core.store.studies import StudyWriter

    take(tmp_path / "there", archive)
    db = connect(tmp_path / "there" / "runs.db")
    actions = ActionWriter(db)
    actions.begin()
    assert [one for one in actions.subjects() if not one.startswith("study:")] == []
    assert StudyWriter(db).all() == []
    assert Ledger(db).spans("boot-1", since=0.0) == []
    assert Ledger(db).first_start("boot-1") is None
    assert Reader(tmp_path / "there" / "runs.db").study_texts() == {}
