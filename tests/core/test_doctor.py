"""The doctor names what is wrong with the set-up, and how to mend it."""

import os
import resource
import signal
import sqlite3
import subprocess
import time

import pytest

from tests.conftest import until
from trainui.core import mounts
from trainui.core.doctor import examine, machine, processes, store


def verdict(finding):
    return finding.verdict, finding.text


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Say what /proc/self/mountinfo holds."""

    def say(kind, options="rw"):
        fake = tmp_path / "mountinfo"
        fake.write_text(
            f"21 1 0:1 / / rw - ext4 /dev/sda rw\n22 21 0:2 / /srv/my\\040disk {options} shared:1 - {kind} host:/x rw\n"
        )
        monkeypatch.setattr(mounts, "MOUNTINFO", fake)

    return say


@pytest.mark.parametrize(
    ("kind", "options", "expected", "says"),
    [
        ("nfs4", "rw", "problem", "give --db a path on a local disk"),
        ("cifs", "rw", "problem", "cifs"),
        ("fuse.sshfs", "rw", "problem", "fuse.sshfs"),
        ("9p", "rw", "problem", "9p"),
        ("overlay", "rw", "note", "gone with the container"),
        ("tmpfs", "rw", "note", "restart"),
        ("xfs", "ro", "problem", "remount,rw"),
        ("xfs", "rw", "ok", "xfs"),
    ],
)
def test_the_file_system_is_that_of_the_longest_mount(mounted, kind, options, expected, says):
    from pathlib import Path

    mounted(kind, options)
    found = machine.file_system(Path("/srv/my disk/project"))
    assert found.verdict == expected
    assert says in found.text
    assert machine.file_system(Path("/srv/my diskette")).text == "ext4"


def test_little_room_few_files_and_low_limits_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "LITTLE_DISK", 2**60)
    monkeypatch.setattr(machine, "LITTLE_SHARED", 2**60)
    monkeypatch.setattr(machine, "FEW_FILES", resource.getrlimit(resource.RLIMIT_NOFILE)[0] + 1)
    assert "delete old checkpoints" in machine.disk(tmp_path / "not" / "there").text
    assert machine.shared_memory().verdict == "note"
    assert "ulimit -n" in machine.limits().text


def test_logind_kills_only_whom_its_files_say(tmp_path, monkeypatch):
    conf, folder = tmp_path / "logind.conf", tmp_path / "logind.conf.d"
    folder.mkdir()
    conf.write_text("[Login]\n#KillUserProcesses=yes\nKillUserProcesses = no\n")
    monkeypatch.setattr(machine, "SYSTEMD", tmp_path)
    monkeypatch.setattr(machine, "LOGIND", (conf, folder))
    monkeypatch.setattr(machine, "LINGER", tmp_path)
    assert machine.log_out().verdict == "ok"
    (folder / "50-kill.conf").write_text("KillUserProcesses=yes\nKillExcludeUsers=\n")
    assert "enable-linger" in machine.log_out().text
    import pwd

    (tmp_path / pwd.getpwuid(os.getuid()).pw_name).touch()
    assert machine.log_out().verdict == "ok"


def test_a_clock_before_the_newest_event_is_told(cockpit, monkeypatch):
    cockpit("start", "count", "--wait")
    assert store.clock(cockpit.db).verdict == "ok"
    now = time.time()
    monkeypatch.setattr(store.time, "time", lambda: now - 3600)
    assert "before the newest event" in store.clock(cockpit.db).text
    monkeypatch.setattr(store.time, "time", lambda: 1e9)
    assert "2001" in store.clock(cockpit.db).text


def test_a_runs_db_that_is_damaged_newer_gone_or_open_to_others_is_told(cockpit):
    assert store.health(cockpit.db).verdict == "note"
    cockpit("start", "count", "--wait")
    cockpit("manager", "stop")
    assert store.health(cockpit.db).verdict == "ok"
    cockpit.db.chmod(0o644)
    assert "chmod go=" in store.permissions(cockpit.db).text
    cockpit.db.chmod(0o600)
    assert store.permissions(cockpit.db).verdict == "ok"
    (cockpit.project / "other.db").write_bytes(cockpit.db.read_bytes())
    assert "other.db" in store.twins(cockpit.db).text
    db = sqlite3.connect(cockpit.db)
    db.execute("PRAGMA user_version=99")
    db.close()
    assert "newer" in store.health(cockpit.db).text
    cockpit.db.write_bytes(b"\xff" * 8192)
    assert "trainui doctor --rebuild" in store.health(cockpit.db).text
    assert "runs.db" in cockpit("doctor", code=1).stderr
    cockpit.db.unlink()
    assert "run directories are there" in store.health(cockpit.db).text


def test_a_stray_of_a_run_and_a_run_without_its_pair_are_told(cockpit, monkeypatch):
    cockpit("start", "count", "--wait")
    monkeypatch.setattr(processes, "PARTING", 0.0)
    until(lambda: processes.strays(cockpit.db).verdict == "ok")  # its pair takes a moment to part
    runs = cockpit.project / "runs"
    strays = [
        subprocess.Popen(["sleep", "600"], env={"TRAINUI_RUN_DIR": str(runs / name)})
        for name in ("count-1", "ghost-7")
    ]
    try:
        until(lambda: processes.strays(cockpit.db).verdict == "problem")
        told = processes.strays(cockpit.db).text
        assert "sleep of count-1, which has ended" in told
        assert "sleep of ghost-7, which runs.db does not know" in told
        assert all(str(one.pid) in told for one in strays)
    finally:
        for one in strays:
            one.kill()
            one.wait()
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    cockpit.until_status("count-2", "running")
    assert processes.runs(cockpit.db).verdict == "ok"
    manager = cockpit.client.manager()
    os.kill(manager.pid, signal.SIGSTOP)
    for pid in cockpit.keepers():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not cockpit.keepers())
    told = until(lambda: (found := processes.runs(cockpit.db)).verdict == "problem" and found.text)
    assert "count-2" in told
    monkeypatch.setattr(processes, "FRESH", 0.0)
    monkeypatch.setattr(processes, "LATE", 1000.0)
    assert processes.manager(cockpit.db).verdict == "note"
    assert "stands still for" in processes.manager(cockpit.db).text
    monkeypatch.setattr(processes, "LATE", 0.0)
    assert "has not moved" in processes.manager(cockpit.db).text
    os.kill(manager.pid, signal.SIGCONT)


def test_runs_that_are_open_without_a_manager_are_a_problem(cockpit):
    assert processes.manager(cockpit.db).verdict == "ok"
    cockpit("start", "count", "--hold")
    cockpit.until_status("count-1", "queued")
    assert verdict(processes.manager(cockpit.db)) == ("ok", "alive")
    os.kill(cockpit.client.manager().pid, signal.SIGKILL)
    until(lambda: cockpit.client.manager() is None)
    text = "not running, though 1 run is open: any `trainui ls` starts it"
    assert verdict(processes.manager(cockpit.db)) == ("problem", text)
    cockpit.client.ensure_manager()
    assert processes.manager(cockpit.db).verdict == "ok"


def test_what_can_be_judged_anywhere_is_judged(cockpit):
    found = {one.what: one for one in examine(cockpit.project, cockpit.db)}
    assert {
        "runs.db",
        "clock",
        "file system",
        "disk",
        "inodes",
        "limits",
        "PID 1",
        "GPU",
        "log out",
    } <= found.keys()
    assert {one.verdict for one in found.values()} <= {"ok", "note", "problem"}
    assert [one.keys() for one in cockpit.json("doctor")] == [{"what", "verdict", "text"}] * len(found)


def test_what_the_manager_complained_of_last_is_shown(cockpit):
    cockpit("start", "count", "--hold")
    cockpit.until_status("count-1", "queued")
    with (cockpit.db.parent / "runs" / "manager.log").open("a") as log:
        log.write("2026-11-21 15:14:22 study:diar: ValueError: max() arg is an empty sequence\n")
    found = processes.manager(cockpit.db)
    assert (found.verdict, "study:diar: ValueError: max()" in found.text) == ("note", True)
