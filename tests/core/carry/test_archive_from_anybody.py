"""An archive may come from anybody: what is wrong with it is one sentence, and nothing of it is taken, whenever it dies."""

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile

import pytest

from tests.core.carry.filled import Filled, views
from tests.core.carry.test_archive import RUNS, pack, take
from trainui.core.errors import UserError
from trainui.core.store import landing, schema
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.unpacking import opening


@pytest.fixture
def archive(tmp_path):
    Filled(tmp_path / "here")
    return pack(tmp_path / "here", tmp_path / "both.zip")


def rewritten(archive, change=None, manifest=None, more=(), seal=True):
    """The archive with entries changed by name (`None` leaves it out), its list made anew unless `seal` is off."""
    path = archive.with_name("bad.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        entries = {name: old.read(name) for name in old.namelist()}
        head = json.loads(entries.pop("manifest.json"))
        for name, by in (change or {}).items():
            entries[name] = by(entries[name])
        if seal:
            head["entries"] = {
                name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in entries.items()
            }
        (manifest or (lambda _head: None))(head)
        for name, data in entries.items():
            new.writestr(name, data)
        for info, data in more:
            new.writestr(info, data)
            name = info if isinstance(info, str) else info.filename
            head["entries"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        new.writestr("manifest.json", json.dumps(head))
    return path


def refuses(archive, tmp_path, match):
    """Says so in a sentence, and leaves nothing anywhere."""
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    there = tmp_path / "there"
    with pytest.raises(UserError, match=match) as caught:
        take(there, archive)
    assert "\n" not in str(caught.value)
    assert Reader(there / "runs.db").runs() == []
    after = {str(path) for path in tmp_path.rglob("*")} - set(before)
    assert {path for path in after if "runs.db" not in path} <= {str(there), str(there / "runs")}


ROWS = "runs/0001/rows.jsonl"


def row(table, **changes):
    """A change to the first row of a table."""

    def change(data):
        lines = [json.loads(line) for line in data.splitlines()]
        place = next(n for n, one in enumerate(lines) if one[0] == table)
        lines[place][1] |= changes
        return b"".join(json.dumps(one).encode() + b"\n" for one in lines)

    return change


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../evil", "an entry called"),
        ("/etc/evil", "an entry called"),
        ("runs/0001/files/../../../evil", "an entry called"),
        ("runs/0001/files/a/./b", "an entry called"),
        ("runs/0001/files/a\\..\\b", "an entry called"),
        ("runs/0001/files/launch.json", "an entry called"),
        ("runs/0001/files/claim", "an entry called"),
        ("runs/0001/files/streams.json", "an entry called"),
        ("runs/0001/files/" + "x" * 300, "an entry called"),
        ("runs/0001/files/" + "d/" * 40 + "x", "an entry called"),
        ("runs/0001/files/.hidden", "an entry called"),
        ("runs/0001/files/new\nline", "an entry called"),
        ("elsewhere.txt", "an entry called"),
    ],
)
def test_a_name_that_leads_elsewhere(archive, tmp_path, name, match):
    refuses(rewritten(archive, more=[(name, b"x")]), tmp_path, match)


def test_a_link(archive, tmp_path):
    info = zipfile.ZipInfo("runs/0001/files/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    refuses(rewritten(archive, more=[(info, b"/etc/passwd")]), tmp_path, "a link or no plain file")


def test_two_entries_of_one_name(archive, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        bad = rewritten(archive, more=[("runs/0001/files/output.log", b"x")])
    refuses(bad, tmp_path, "two entries called")


def test_an_entry_that_is_not_listed_and_one_that_is_not_there(archive, tmp_path):
    refuses(
        rewritten(archive, manifest=lambda head: head["entries"].pop(ROWS)), tmp_path, "is not in its list"
    )
    listed = {"runs/0001/files/x": {"bytes": 1, "sha256": "0"}}
    refuses(
        rewritten(archive, manifest=lambda head: head["entries"].update(listed)), tmp_path, "and not there"
    )


@pytest.mark.parametrize("at", [2**62, 1e308, -1e300])
def test_a_time_that_no_calendar_has(archive, tmp_path, at):
    def late(data):
        rows = [json.loads(line) for line in data.splitlines()]
        rows[0][1]["ended_at"] = at
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    refuses(rewritten(archive, {ROWS: late}), tmp_path, "no calendar has")
    refuses(rewritten(archive, manifest=lambda head: head.update(written_at=at)), tmp_path, "no calendar has")
    bad = rewritten(archive, manifest=lambda head: head["runs"][0].update(queued_at=at))
    refuses(bad, tmp_path, "no calendar has")


def test_other_bytes_than_were_packed(archive, tmp_path):
    def swap(data):
        return data.replace(b"it said so", b"it said no")

    refuses(rewritten(archive, {ROWS: swap}, seal=False), tmp_path, "checksum is another")
    refuses(
        rewritten(archive, {ROWS: lambda data: data[:-5]}, seal=False),
        tmp_path,
        "not as large as its list says",
    )


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_short(archive, tmp_path, part):
    data = archive.read_bytes()
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data[: int(len(data) * part)])
    refuses(bad, tmp_path, "no zip that can be read")


def test_an_offset_that_leads_to_before_the_beginning(archive, tmp_path):
    data = bytearray(archive.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    data[end + 16 : end + 20] = (end - size + 100).to_bytes(4, "little")
    listed = data.rindex(b"manifest.json") - 46
    data[listed + 42 : listed + 46] = bytes(4)
    (tmp_path / "bad.zip").write_bytes(data)
    refuses(tmp_path / "bad.zip", tmp_path, "no zip that can be read")


def test_a_byte_that_was_turned_over_is_never_taken_for_a_fact(archive, tmp_path):
    data = archive.read_bytes()
    bad = tmp_path / "bad.zip"
    refused = 0
    for place in range(0, len(data), max(1, len(data) // 60)):
        bad.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        there = tmp_path / f"there-{place}"
        try:
            take(there, bad)
        except UserError:
            refused += 1
            assert Reader(there / "runs.db").runs() == []
        else:
            reader = Reader(there / "runs.db")
            assert views(reader, "mlp-2", there) == views(
                Reader(tmp_path / "here" / "runs.db"), "mlp-2", tmp_path / "here"
            )
    assert refused > 40


def test_a_bomb(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ALWAYS", 1 << 20)
    refuses(
        rewritten(archive, more=[("runs/0001/files/big", b"\0" * (64 << 20))]),
        tmp_path,
        "more than 200 times its size",
    )


def test_a_line_without_end(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "LONGEST_LINE", 1000)
    study = "studies/0001.jsonl"
    refuses(
        rewritten(archive, {study: lambda data: b"[" * 100_000 + b"\n"}), tmp_path, "has a line of more than"
    )
    monkeypatch.setattr(opening, "LONGEST_LINE", 100_000)
    bad = rewritten(archive, {ROWS: row("notes", text="x" * 100_000)})
    refuses(bad, tmp_path, "has a line of more than")


@pytest.mark.parametrize("name", [ROWS, "manifest.json"])
@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_in_another_way_which_may_ask_for_any_memory(archive, tmp_path, name, way):
    """And damaged, so that what unpacks it would complain in its own way."""
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, old.read(one), compress_type=way if one == name else None)
        place = new.getinfo(name).header_offset + 30 + len(name) + 9
    data = bytearray(path.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(data)
    refuses(path, tmp_path, "odd.zip")


@pytest.mark.parametrize("name", ["leases.json", "files/origin.json"])
def test_a_document_too_large_to_be_read_at_once(archive, tmp_path, monkeypatch, name):
    monkeypatch.setattr(opening, "MOST_DOCUMENT", 100_000)
    bad = rewritten(archive, {f"runs/0001/{name}": lambda data: data + b" " * 100_000})
    refuses(bad, tmp_path, "is too large")


def test_another_version_and_another_zip(archive, tmp_path):
    refuses(
        rewritten(archive, manifest=lambda head: head.update(schema=99)),
        tmp_path,
        "a newer trainui .schema 99",
    )
    refuses(
        rewritten(archive, manifest=lambda head: head.update(version=2)),
        tmp_path,
        "archive version 2; this one reads 1",
    )
    refuses(
        rewritten(archive, manifest=lambda head: head.update(format="x")),
        tmp_path,
        "none of an archive of runs",
    )
    refuses(rewritten(archive, manifest=lambda head: head.update(runs=7)), tmp_path, "makes no sense")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme.txt", "hello")
    refuses(tmp_path / "other.zip", tmp_path, "no archive of runs")


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-rf", "x\ny", "x" * 100, "study:x"])
def test_a_run_whose_name_is_none(archive, tmp_path, name):
    refuses(
        rewritten(archive, manifest=lambda head: head["runs"][0].update(name=name)),
        tmp_path,
        "no name of a run",
    )


def test_the_same_run_twice(archive, tmp_path):
    refuses(
        rewritten(archive, manifest=lambda head: head["runs"].append(head["runs"][0])),
        tmp_path,
        "the same run twice",
    )


@pytest.mark.parametrize(
    "change",
    [
        row("runs", status="running"),
        row("runs", result="great"),
        row("runs", spec="{}"),
        row("runs", spec="[" * 100_000),
        row("runs", gpus="7"),
        row("runs", queued_at="now"),
        row("runs", seconds=None),
        row("runs", step=10**30),
        row("runs", imported="x", no_such_column=1),
        row("runs", **{"name) VALUES (1); --": 1}),
        row("metrics", points=3),
        row("metrics", name=None),
        row("points", step=[None] * 9),
        row("points", value=["nan"] * 9),
        row("points", at=[0.0] * 8),
        row("points", seq=[0.5] * 9),
        row("gates", verdict="splendid"),
        row("gates", text="[]"),
        row("verdicts", window="x"),
        row("actions", verdict=999),
        row("ledger", kind="idle"),
        row("ledger", micro_usd=-5),
        row("ledger", micro_usd=0.5),
        row("events", text={"a": 1}),
        lambda data: data.replace(b'["notes"', b'["facts"'),
        lambda data: data.replace(b'["notes"', b'["sqlite_master"'),
        lambda data: data[data.index(b"\n") + 1 :],
        lambda data: data + b"[1, 2]\n",
        lambda data: data + b"\xff\xfe\n",
        lambda data: b"",
    ],
)  # fmt: skip
def test_a_row_that_makes_no_sense(archive, tmp_path, change):
    refuses(rewritten(archive, {ROWS: change}), tmp_path, "bad.zip: .*nothing was imported")


def test_what_runs_say_of_themselves_comes_in_as_the_text_it_is(archive, tmp_path):
    nasty = "'; DROP TABLE runs; -- \x1b]0;x\x07"
    bad = rewritten(archive, {ROWS: row("notes", text=nasty)})
    take(tmp_path / "there", bad)
    assert Reader(tmp_path / "there" / "runs.db").notes("mlp-1")[0][1] == nasty


IMPORT = (
    "from trainui.core.process.failpoint import i_am; i_am('import')\n"
    "import sys; from trainui.cli import main; sys.exit(main(['import', sys.argv[1]]))"
)


def left_behind(path):
    """Rows of runs.db that are of no run."""
    db = connect(path)
    (points,) = db.execute(
        "SELECT count(*) FROM points WHERE metric NOT IN (SELECT id FROM metrics)"
    ).fetchone()
    (others,) = db.execute(
        "SELECT (SELECT count(*) FROM metrics WHERE run NOT IN (SELECT name FROM runs))"
        " + (SELECT count(*) FROM usage WHERE run NOT IN (SELECT name FROM runs))"
    ).fetchone()
    db.close()
    return points, others


LAST = "#4"
"""Before it come the transactions in which room is made, and the points of two runs are written."""


@pytest.mark.parametrize(
    "point",
    [
        "unpacked",
        "committed#2",
        "landed",
        "moved mlp-1",
        "moved mlp-2",
        f"committing{LAST}",
        f"committed{LAST}",
    ],
)
def test_killed_at_any_moment_all_of_it_is_there_or_nothing(archive, tmp_path, point):
    there = tmp_path / "there"
    (there / "jobs").mkdir(parents=True)
    connect(there / "runs.db").close()
    env = {**os.environ, "TRAINUI_FAILPOINT": f"import {point}@{tmp_path}/died"}
    done = subprocess.run([sys.executable, "-c", IMPORT, archive], cwd=there, env=env, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    reader = Reader(there / "runs.db")
    found = [view.run for view in reader.runs()]
    assert sorted(found) == (RUNS if point == f"committed{LAST}" else [])
    if point == "landed":
        assert left_behind(there / "runs.db") == (2 * 44, 3)
    assert all(reader.log_tail(run, 1) == ["Last line of it"] for run in found)
    again = subprocess.run(
        [sys.executable, "-m", "trainui", "import", archive], cwd=there, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stderr
    assert sorted(path.name for path in (there / "runs").iterdir()) == RUNS
    assert left_behind(there / "runs.db") == (0, 0)
    before = Reader(tmp_path / "here" / "runs.db")
    for run in RUNS:
        assert views(reader, run, there) == views(before, run, tmp_path / "here")


def test_called_off_when_all_of_it_was_just_committed_the_directories_stay(archive, tmp_path, monkeypatch):
    there = tmp_path / "there"

    def call_off(point):
        if point == "committed" and (there / "runs" / RUNS[0]).is_dir():
            raise KeyboardInterrupt

    monkeypatch.setattr(schema, "reach", call_off)
    with pytest.raises(KeyboardInterrupt):
        take(there, archive)
    assert sorted(view.run for view in Reader(there / "runs.db").runs()) == RUNS
    assert sorted(path.name for path in (there / "runs").iterdir()) == RUNS


def test_while_an_archive_is_taken_others_write_and_see_nothing_of_it(archive, tmp_path, monkeypatch):
    there = tmp_path / "there"
    there.mkdir()
    other = connect(there / "runs.db")
    other.execute("PRAGMA busy_timeout=0")
    seen = []

    def look(_seconds):
        """In the place of every pause: somebody else's commit, who waits for nothing."""
        with atomic(other):
            other.execute("INSERT OR REPLACE INTO facts VALUES ('tick', ?)", (str(len(seen)),))
        rows = (
            "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM curves), (SELECT count(*) FROM points)"
        )
        seen.append(tuple(other.execute(rows).fetchone()))

    monkeypatch.setattr(landing, "HOLD", 0.0)
    monkeypatch.setattr(landing.time, "sleep", look)
    take(there, archive)
    assert seen[-1][:2] == (0, 0)
    assert {runs + curves for runs, curves, _ in seen} == {0}
    assert seen[-1][2] == 2 * 44
    assert left_behind(there / "runs.db") == (0, 0)


def test_an_archive_with_more_metrics_than_it_says(archive, tmp_path):
    bad = rewritten(archive, manifest=lambda head: [run.update(metrics=1) for run in head["runs"]])
    refuses(bad, tmp_path, "more metrics than it says")
    assert left_behind(tmp_path / "there" / "runs.db") == (0, 0)
    bad = rewritten(archive, manifest=lambda head: head["runs"][0].update(metrics=2**62))
    refuses(bad, tmp_path, "more metrics than any run")


def test_several_that_import_the_same_archive_at_once_bring_it_once(archive, tmp_path):
    (there := tmp_path / "there" / "jobs").mkdir(parents=True)
    command = [sys.executable, "-m", "trainui", "import", str(archive), "--json"]
    several = [
        subprocess.Popen(command, cwd=there.parent, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = [json.loads(one.communicate(timeout=120)[0]) for one in several]
    assert sorted(sum(one["is_new"] for one in each) for each in told) == [0, 0, 2]
    assert sorted(path.name for path in (there.parent / "runs").iterdir()) == RUNS


@pytest.mark.parametrize("how", ["kept", "damaged", "deleted"])
def test_a_store_made_anew_tells_imported_runs_as_before(archive, tmp_path, how):
    there = tmp_path / "there"
    (there / "jobs").mkdir(parents=True)
    take(there, archive)
    wanted = {run: views(Reader(there / "runs.db"), run, there) for run in RUNS}
    db = connect(there / "runs.db")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    if how == "damaged":
        (there / "runs.db").write_bytes((there / "runs.db").read_bytes()[:50_000])
    for path in there.glob("runs.db*"):
        if how == "deleted":
            path.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "trainui", "doctor", "--rebuild", "--force"],
        cwd=there,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    reader = Reader(there / "runs.db")
    for run in RUNS:
        assert views(reader, run, there) == wanted[run]
    assert sum(one.usd for one in reader.spent("run")) == pytest.approx(0.0, abs=1e-9)
