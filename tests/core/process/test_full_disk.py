"""A full disk: the end is recorded, a stop is heard, and the cap holds."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest
from launched import Run, seconds_from_now, until

from trainui.core.errors import LaunchError
from trainui.core.process import files
from trainui.core.process.files import read_json, reserve, write_json_once
from trainui.core.process.identity import is_alive

FILL = "echo ready; head -c 1000000 /dev/zero > fill 2>/dev/null; "


@pytest.fixture
def small(tmp_path):
    """A run on a disk of 300 KiB."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(tmp_path)], check=False)
    if done.returncode:
        pytest.skip("only root can mount a small disk")
    (tmp_path / "runs").mkdir()
    run = Run(tmp_path)
    yield run
    run.clean_up()
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def _until_full(run):
    run.says("ready")
    until(lambda: os.statvfs(run.folder).f_bfree == 0)


def test_the_exit_of_a_job_that_filled_the_disk_is_recorded(small):
    small.shell(FILL + "exit 3")
    _until_full(small)
    assert small.exit().code == 3


def test_a_guard_killed_between_seeing_the_end_and_writing_it_leaves_the_truth_to_the_keeper(small):
    """Without room, even the room set aside, the guard keeps the dead child unreaped: the keeper inherits it."""
    small.shell(FILL + "while [ ! -e go ]; do sleep 0.02; done; exit 3")
    _until_full(small)
    (small.dir / ".exit.json.reserve").unlink()
    subprocess.run(["sh", "-c", "head -c 100000 /dev/zero >> fill 2>&-"], cwd=small.folder, check=False)
    job = small.who("job")
    (small.folder / "go").symlink_to(small.folder)
    until(lambda: not is_alive(job))
    assert not (small.dir / "exit.json").exists()
    small.kill("guard")
    (small.folder / "fill").unlink()
    left = small.exit()
    assert (left.code, left.by) == (3, "keeper")


def test_a_run_can_be_stopped_on_a_full_disk_and_none_can_start(small):
    small.shell("trap 'exit 5' TERM; " + FILL + "while :; do sleep 0.02; done")
    _until_full(small)
    small.stop()
    assert small.exit().code == 5
    with pytest.raises(LaunchError, match="No space left on device"):
        Run(small.folder, "job-2").shell("true")


def test_the_cap_holds_on_a_full_disk(small):
    allowance = seconds_from_now(1.5)
    small.shell("trap '' TERM; " + FILL + "while :; do sleep 0.05; done", allowance, grace_seconds=0.5)
    _until_full(small)
    job = small.who("job")
    until(lambda: not is_alive(job))
    left = small.exit()
    assert (left.signal, left.stop["reason"]) == ("SIGKILL", "budget")
    assert left.boot_seconds - allowance.until < 0.5


def test_room_that_was_set_aside_is_used_once_when_there_is_no_other(tmp_path, monkeypatch):
    path = tmp_path / "exit.json"
    reserve(path)

    def full(_path, _record):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_fresh_draft", full)
    assert write_json_once(path, {"code": 3})
    assert read_json(path) == {"code": 3}
    with pytest.raises(OSError, match="No space left"):
        write_json_once(tmp_path / "new.json", {})
