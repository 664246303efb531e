"""A job that the kernel killed for memory: its control group's count and the kernel log's line say so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launched import until

from trainui.core.process import memory
from trainui.core.process.files import read_json
from trainui.core.process.memory import descendants, events_of, find_killed, killed_line, oom_kills

LINE = b"Memory cgroup out of memory: Killed process %d (python) total-vm:323756kB, anon-rss:61184kB, UID:0"


def _record(pid, at=100.0, text=LINE):
    return b"6,339,%d,-;" % (at * 1e6) + text % pid + b"\n SUBSYSTEM=x\n"


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], ""),
        ([_record(12)], "Memory cgroup out of memory: Killed process 12 (python)"),
        ([_record(13), _record(12), _record(14)], "Killed process 12"),
        ([_record(123)], ""),  # another's, that begins alike
        ([_record(12, at=40.0)], ""),  # before the job began: its pid was a stranger's
        ([_record(12, text=b"oom-kill:constraint=CONSTRAINT_MEMCG,task=python,pid=%d")], ""),
        ([b"Killed process 12"], ""),
        ([b"6,1,x,-;Killed process 12 (a)"], ""),
        ([b"6,1,100000000,-;Killed process \xff"], ""),
        ([b"6,1,100000000,-;Out of memory: Killed process 12, UID 0, (old)"], "Killed process 12, UID 0"),
    ],
)
def test_a_line_of_the_kernel_log_is_found_by_the_pid_it_names(records, found):
    line = find_killed(records, {12}, since=50.0)
    assert found in line
    assert bool(found) == bool(line)
    assert "\n" not in line


def test_the_log_is_read_without_waiting_and_what_cannot_be_read_says_nothing(monkeypatch, tmp_path):
    assert killed_line({2**22 + 1}, seconds=1e9) == ""
    monkeypatch.setattr(memory, "LOG", str(tmp_path / "none"))
    assert killed_line({1}, seconds=1) == ""
    monkeypatch.setattr(memory, "LOG", str(tmp_path))
    assert killed_line({1}, seconds=1) == ""


def test_pids_of_another_namespace_are_not_compared(monkeypatch, tmp_path):
    log = tmp_path / "log"
    log.write_bytes(_record(12, at=time.monotonic()))
    monkeypatch.setattr(memory, "LOG", str(log))
    monkeypatch.setattr(memory, "FIRST_NAMESPACE", os.stat("/proc/self/ns/pid").st_ino)
    assert "Killed process 12" in killed_line({12}, seconds=1)
    monkeypatch.setattr(memory, "FIRST_NAMESPACE", 1)
    assert killed_line({12}, seconds=1) == ""


@pytest.mark.parametrize(
    ("groups", "files", "found"),
    [
        ("0::/user/a\n", ["v2/user/a/memory.events"], "v2/user/a/memory.events"),
        ("0::/user/a\n", ["v2/user/memory.events"], "v2/user/memory.events"),  # no controller further down
        ("0::/\n", ["v2/memory.events"], "v2/memory.events"),  # a container with a root of its own
        (
            "9:cpu:/x\n4:memory:/a/b\n0::/\n",
            ["v1/a/b/memory.oom_control", "v1/memory.oom_control"],
            "v1/a/b/memory.oom_control",
        ),
        (
            "4:hugetlb,memory:/docker/abc\n",
            ["v1/memory.oom_control"],
            "v1/memory.oom_control",
        ),  # not seen inside
        ("0::/a\n", [], ""),
    ],
)
def test_the_group_that_counts_is_the_nearest_there_is(monkeypatch, tmp_path, groups, files, found):
    monkeypatch.setattr(memory, "MOUNTS", (f"{tmp_path}/v2", f"{tmp_path}/v1"))
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("low 0\noom 3\noom_kill 2\n")
    (tmp_path / "cgroup").write_text(groups)
    really = open
    monkeypatch.setattr(
        "builtins.open",
        lambda path, *words, **more: really(
            tmp_path / "cgroup" if path == "/proc/7/cgroup" else path, *words, **more
        ),
    )
    events = events_of(7)
    assert events == (str(tmp_path / found) if found else "")
    assert oom_kills(events) == (2 if found else 0)


@pytest.mark.parametrize("text", ["", "oom_kill", "oom_kill \n", "oom_kill many\n", "under_oom 7\n"])
def test_a_file_that_does_not_count_counts_nothing(tmp_path, text):
    (tmp_path / "events").write_text(text)
    assert oom_kills(str(tmp_path / "events")) == 0


def test_all_below_a_process_are_found():
    family = subprocess.Popen(["bash", "-c", "sleep 1000 & sleep 1000 & wait"])
    try:
        until(lambda: len(list(descendants(family.pid))) == 3)
        assert next(descendants(family.pid)) == family.pid
    finally:
        for pid in [*descendants(family.pid)][::-1]:
            os.kill(pid, 9)
        family.wait()


@pytest.fixture
def small_group():
    """A memory control group of 60 MiB, which this test's runs are in; only root can make one."""
    here = Path(events_of(os.getpid()) or "/").parent
    group = here / f"trainui-test-{os.getpid()}"
    limit = group / ("memory.limit_in_bytes" if "oom_control" in events_of(os.getpid()) else "memory.max")
    try:
        group.mkdir()
        limit.write_text("62914560")
    except OSError:
        if group.exists():
            group.rmdir()
        pytest.skip("no memory control group can be made here")
    yield group
    until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()


@pytest.mark.parametrize("is_worker", [False, True])
def test_a_job_that_the_kernel_kills_for_memory_leaves_the_proof(run, small_group, is_worker):
    """The main process, or a helper that it waits for."""
    eat = "block = [b'x' * (1 << 20) for _ in range(300)]"
    if is_worker:
        eat = (
            "import os, time\nif os.fork():\n"
            "    _, status = os.wait()\n    raise SystemExit(status & 127)\n"
            f"while not os.path.exists('go'): time.sleep(0.02)\n{eat}"
        )
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom pathlib import Path\n" + (
        f"from launched import Run\nRun(Path({str(run.folder)!r})).python({eat!r})"
    )
    join = f"echo $$ > {small_group}/cgroup.procs; exec {sys.executable} -c {_quoted(script)}"
    subprocess.run(["bash", "-c", join], check=True)
    job = run.who("job")
    assert read_json(run.dir / "job.json")["oom_events"].startswith(str(small_group))
    if is_worker:
        until(lambda: len(list(descendants(job.pid))) == 2)
        (run.folder / "go").touch()
    left = run.exit()
    assert (left.code, left.signal) == ((9, None) if is_worker else (None, "SIGKILL"))
    assert left.oom_kills == 1
    if Path("/dev/kmsg").exists() and not is_worker:
        assert f"Killed process {job.pid} (python" in left.kernel


def _quoted(text):
    import shlex

    return shlex.quote(text)
