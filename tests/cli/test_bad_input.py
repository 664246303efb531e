"""Bad input: one clear sentence with a hint, no half-made run, and no harm to a run that is live meanwhile."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.conftest import SPEC, until
from trainui import cli
from trainui.core import mounts
from trainui.core.client import Client
from trainui.core.errors import NotFoundError


@pytest.fixture
def busy(cockpit):
    """A project in which a run is live; at the end it must live still, and have gone on."""
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: cockpit.run("count-1")["step"])
    before = cockpit.run("count-1")
    yield cockpit
    until(lambda: cockpit.run("count-1")["step"] > before["step"])
    now = cockpit.run("count-1")
    assert (now["status"], now["pid"]) == ("running", before["pid"])


def refused(cockpit, *words, code=2):
    """The one sentence trainui says when it will not."""
    done = cockpit(*words, code=code, timeout=20)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("trainui: ")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    return done.stderr


def test_a_dashboard_without_a_terminal_is_refused_and_draws_nothing(cockpit):
    assert refused(cockpit) == (
        "trainui: the dashboard needs a terminal (ssh -t gives one; trainui ls needs none)\n"
    )
    assert "needs a terminal" in refused(cockpit, "--readonly")


def nothing_was_made(cockpit, *names):
    """No row, no intent, no run directory beside those named."""
    db = sqlite3.connect(cockpit.db)
    rows = {row[0] for row in db.execute("SELECT name FROM runs")}
    intents = {row[0] for row in db.execute("SELECT run FROM intents WHERE verb='start'")}
    db.close()
    folders = {path.name for path in (cockpit.project / "runs").iterdir() if path.is_dir()}
    return rows == intents == folders == set(names)


def job(cockpit, name, command, more=""):
    (cockpit.project / "jobs" / f"{name}.toml").write_text(
        f'[job]\nname = "{name}"\ncommand = {command}\n{more}'
    )


COMMANDS = {
    '["no-such-program"]': "there is no command 'no-such-program' (is it installed, and on PATH?)",
    '["./gone.sh"]': "there is no command './gone.sh'",
    '["./plain.sh"]': "plain.sh may not be executed (chmod +x",
    '["jobs"]': "there is no command 'jobs'",
    '["./jobs"]': "there is no command './jobs'",
}


def test_a_command_that_cannot_start_is_refused_before_it_is_queued(busy):
    (busy.project / "plain.sh").write_text("#!/bin/sh\n")
    for command, said in COMMANDS.items():
        job(busy, "bad", command)
        assert said in refused(busy, "start", "count", "bad")
        assert nothing_was_made(busy, "count-1")
        assert said in next(one["problem"] for one in busy.json("jobs") if one["name"] == "bad")


def test_a_command_that_another_job_makes_may_be_queued(cockpit):
    script = "printf '#!/bin/sh\\nexit 0\\n' > made.sh; chmod +x made.sh"
    job(cockpit, "make", f'["sh", "-c", "{script}"]'.replace("\\n", "\\\\n"))
    job(cockpit, "use", '["./made.sh"]', 'needs = ["make"]\n')
    assert cockpit("start", "make", "use", "--wait").stdout == "make-1\nuse-1\n"


def test_a_working_folder_that_is_gone_is_told(busy, tmp_path_factory):
    here = tmp_path_factory.mktemp("gone")
    script = f"cd {here} && rmdir {here} && exec {sys.executable} -m trainui start count"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert "the folder you are in was deleted (cd to the project)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_project_that_was_deleted_under_a_client_starts_nothing(busy, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "jobs").mkdir()
    (other / "jobs" / "count.toml").write_text(SPEC)
    client = Client(other, busy.db)
    shutil.rmtree(other)
    with pytest.raises(NotFoundError, match="there is no job"):
        client.start("count")
    assert nothing_was_made(busy, "count-1")


UNREADABLE = (
    (lambda path: os.mkfifo(path), "is not a file"),
    (lambda path: path.write_bytes(b'[job]\nname = "\xff"\n'), "not UTF-8 text (save it as UTF-8)"),
    (lambda path: path.symlink_to("nowhere"), "No such file"),
    (lambda path: path.write_text("[job\n"), "not valid TOML"),
    (lambda path: path.mkdir(), "is not a file"),
)


def test_a_spec_that_cannot_be_read_is_named(busy):
    path = busy.project / "jobs" / "odd.toml"
    for make, said in UNREADABLE:
        path.unlink(missing_ok=True)
        make(path)
        sentence = refused(busy, "start", "odd")
        assert "jobs/odd.toml:1" in sentence
        assert said in sentence
        assert nothing_was_made(busy, "count-1")
        found = {one["name"]: bool(one["problem"]) for one in busy.json("jobs")}
        assert found == {"count": False, "odd": True}


def test_a_name_that_is_none_leads_nowhere(busy):
    for name in ("../count-1", "../../etc/passwd", "\x1b]0;owned\x07", "count-1\n", "", "a/b", "x" * 5000):
        for words in (
            ("start", name),
            ("show", name),
            ("stop", name),
            ("logs", name),
            ("curve", name, "val/mae"),
            ("retry", name),
            ("export", name, "--to", str(busy.project / "out")),
        ):
            refused(busy, *words)
        assert not (busy.project / "out").exists()
        assert nothing_was_made(busy, "count-1")


def test_a_job_may_not_be_called_what_is_no_folder_name(busy):
    for name in ("../up", "\\u001b[31mred", "a/b", ""):
        job(busy, "odd", '["true"]')
        path = busy.project / "jobs" / "odd.toml"
        path.write_text(path.read_text().replace('"odd"', f'"{name}"'))
        assert "is not a usable name for a job" in refused(busy, "start", "odd")
    assert nothing_was_made(busy, "count-1")


def test_a_folder_to_export_to_cannot_drive_the_terminal(cockpit):
    cockpit("start", "count", "--wait")
    assert "\x1b" not in cockpit("export", "count-1", "--to", str(cockpit.project / "\x1b[31mout")).stdout


@contextlib.contextmanager
def mounted(*words):
    done = subprocess.run(["mount", *words], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root can mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", words[-1]], check=True)


def test_a_full_disk_at_start_leaves_nothing_behind(busy, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("small"))
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
        db = f"{folder}/runs.db"
        busy("start", "count", "--hold", "--db", db)
        busy("stop", "count-1", "--db", db)
        until(lambda: "ended" in busy("ls", "--all", "--json", "--db", db).stdout)
        busy("manager", "stop", "--db", db)
        with open(f"{folder}/fill", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        sentence = refused(busy, "start", "count", "count", "count", "--db", db, code=1)
        assert "make room" in sentence
        assert not os.path.exists(f"{folder}/runs/count-2")
        os.unlink(f"{folder}/fill")
        assert [run["run"] for run in busy.json("ls", "--all", "--db", db)] == ["count-1"]


def test_a_read_only_runs_db_is_told(busy, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("fixed"))
    subprocess.run(["cp", str(busy.db), folder], check=True)
    with mounted("--bind", folder, folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        sentence = refused(busy, "start", "count", "--db", f"{folder}/runs.db", code=1)
        assert "cannot be used" in sentence
        assert "writable" in sentence
        assert not os.path.exists(f"{folder}/runs")
        found = busy("doctor", "--db", f"{folder}/runs.db", code=1).stdout
        assert "mounted read-only" in found


def test_what_stands_in_the_place_of_runs_db_is_told(busy):
    place = busy.project / "other.db"
    for make in (place.mkdir, lambda: os.mkfifo(place)):
        make()
        for words in (("start", "count"), ("ls",), ("show", "count-1"), ("stop", "count-1")):
            assert "other.db is not a file" in refused(busy, *words, "--db", str(place), code=1)
        place.rmdir() if place.is_dir() else place.unlink()
    assert nothing_was_made(busy, "count-1")


def test_a_runs_db_on_a_network_file_system_is_refused(busy, tmp_path_factory, monkeypatch, capsys):
    """The kernel's own list of mounts is the boundary: it says NFS for this folder."""
    folder = tmp_path_factory.mktemp("nfs")
    fake = busy.project / "mountinfo"
    fake.write_text(f"21 1 0:1 / / rw - ext4 /dev/sda rw\n22 21 0:2 / {folder} rw - nfs4 host:/x rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", fake)
    monkeypatch.chdir(busy.project)
    assert cli.main(["start", "count", "--db", f"{folder}/runs.db"]) == 1
    said = capsys.readouterr()
    assert "is on nfs4, where locks cannot be trusted (give --db a path on a local disk" in said.err
    assert (said.err.count("\n"), said.out, list(folder.iterdir())) == (1, "", [])


DAMAGES = (
    (lambda path: path.write_bytes(b"\xff" * 8192), "damaged or another file: trainui doctor --rebuild"),
    (
        lambda path: sqlite3.connect(path).execute("PRAGMA user_version=99").fetchall(),
        "newer trainui (schema 99",
    ),
)


def test_a_damaged_or_newer_runs_db_is_told_and_left_as_it_is(busy, tmp_path_factory):
    for damage, said in DAMAGES:
        db = tmp_path_factory.mktemp("hurt") / "runs.db"
        damage(db)
        before = db.read_bytes()
        for words in (("start", "count"), ("ls", "--all"), ("show", "count-1"), ("stop", "count-1")):
            assert said in refused(busy, *words, "--db", str(db), code=1)
        assert db.read_bytes() == before
        assert not (db.parent / "runs").exists()


def test_a_newer_runs_db_is_not_rebuilt_either(cockpit):
    cockpit("start", "count", "--wait")
    cockpit("manager", "stop")
    db = sqlite3.connect(cockpit.db)
    db.execute("PRAGMA user_version=99")
    db.close()
    assert "update trainui" in refused(cockpit, "doctor", "--rebuild", "--force", code=1)
    cockpit.db.unlink()
