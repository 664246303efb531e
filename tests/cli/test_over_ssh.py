"""Over SSH, really: the line drops the hard way, and nothing but the dashboard ends."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cockpit, until
from tests.load.terminal import Terminal

ROOT = Path(__file__).parent.parent.parent
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", os.defpath))
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
"""


def why_not() -> str:
    """Why there can be no sshd here; empty where there can."""
    if SSHD is None:
        return "sshd is not installed (Debian: openssh-server)"
    if not shutil.which("ssh") or not shutil.which("ssh-keygen"):
        return "ssh is not installed (Debian: openssh-client)"
    if os.geteuid() == 0 and not Path("/run/sshd").is_dir():
        return "/run/sshd is missing: openssh-server makes it when it starts"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def sshd_children(pid: int) -> list[int]:
    """Every process of sshd's own below `pid`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name, rest = (folder / "stat").read_text().rsplit(")", 1)
            except OSError:
                continue
            if int(rest.split()[1]) == pid and "(sshd" in name:
                found += [int(folder.name), *sshd_children(int(folder.name))]
    return found


class Host:
    """An sshd of our own on the loopback: its own keys, its own port, nothing of the machine's."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.project = folder, project
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
            )
        self.log = folder / "sshd.log"
        self._sshd = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        for _ in range(5):  # a port that is free now may be taken a moment later
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            config = self.folder / "sshd_config"
            config.write_text(CONFIG.format(folder=self.folder, port=self.port))
            assert SSHD is not None
            sshd = subprocess.Popen(
                [SSHD, "-D", "-f", str(config), "-E", str(self.log)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            if until(lambda sshd=sshd: sshd.poll() is not None or self._answers()) and sshd.poll() is None:
                return sshd
        raise AssertionError(self.log.read_text())

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def ssh(self, *options: str, then: str = "") -> list[str]:
        """The command that runs `trainui WORDS` in the project over there, as somebody who logs in would."""
        quiet = "-F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -q"
        place = [f"-p{self.port}", f"-i{self.folder}/user", f"{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1"]
        return ["ssh", *shlex.split(quiet), *options, *place, then]

    def trainui(self, *words: str) -> str:
        """What to type over there to run trainui in the project; what it remembers lies where the test ends."""
        given = {"PYTHONPATH": str(ROOT)}
        given |= {name: str(self.folder / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        variables = shlex.join(f"{name}={value}" for name, value in given.items())
        return (
            f"cd {shlex.quote(str(self.project))} && export {variables}"
            f" && {shlex.quote(sys.executable)} -m trainui {shlex.join(words)}"
        )

    def drop_lines(self) -> None:
        """SIGKILL to what serves each connection, as when the machine's sshd is killed or the line breaks."""
        lines = until(lambda: sshd_children(self._sshd.pid))
        for pid in lines:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not sshd_children(self._sshd.pid))

    def close(self) -> None:
        """No sshd and no connection is left."""
        for pid in sshd_children(self._sshd.pid):
            os.kill(pid, signal.SIGKILL)
        self._sshd.terminate()
        self._sshd.wait(10)


@pytest.fixture
def host(cockpit: Cockpit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The project's machine, as it is seen from another."""
    here = Host(tmp_path_factory.mktemp("ssh"), cockpit.project)
    try:
        yield here
    finally:
        here.close()


@pytest.fixture
def dashboard(host: Host) -> Iterator[Dashboards]:
    """Opens dashboards over there."""
    opened = Dashboards(host)
    yield opened
    opened.close()


class Dashboards:
    """`ssh -tt HOST trainui`, as often as one comes back."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._open: list[Terminal] = []

    def __call__(self) -> Terminal:
        self._open.append(Terminal(self._host.ssh("-tt", then=self._host.trainui()), cwd=self._host.folder))
        return self._open[-1]

    def pids(self) -> list[int]:
        """The dashboards that run over there now."""
        wanted = f"{sys.executable}\0-m\0trainui\0".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    is_ours = (folder / "cwd").readlink() == self._host.project
                    if is_ours and (folder / "cmdline").read_bytes() == wanted:
                        found.append(int(folder.name))
                except OSError:
                    continue
        return found

    def close(self) -> None:
        for terminal in self._open:
            terminal.close()


def make_long(project: Path) -> None:
    """Let `count` go on until somebody stops it."""
    spec = project / "jobs" / "count.toml"
    spec.write_text(spec.read_text().replace("steps = 5\ndelay = 0.0", "steps = 1000000\ndelay = 0.02"))


def steps_written(run_dir: str) -> list[int]:
    """The steps a run has written whole, in order."""
    log = Path(run_dir) / "metrics.jsonl"
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    told = [json.loads(one) for one in lines if one.endswith("\n")]
    return [one["step"] for one in told if "val/mae" in one]


def test_a_dropped_line_ends_the_dashboard_and_nothing_else(cockpit, host, dashboard):
    make_long(cockpit.project)
    screen = dashboard()
    screen.shows("no runs yet")
    screen.press("s")
    screen.shows("counts")
    screen.press("\r")
    screen.shows("count-1")
    view = cockpit.until_status("count-1", "running")
    screen.shows("running")
    keepers = sorted(until(lambda: len(found := cockpit.keepers()) == 2 and found))
    manager = cockpit.client.manager()
    assert dashboard.pids()

    host.drop_lines()
    until(lambda: not dashboard.pids())
    assert screen.ended() == 255, "the ssh of the user says that its connection is gone"

    screen = dashboard()
    screen.shows("count-1")
    again = cockpit.run("count-1")
    assert (again["pid"], again["status"]) == (view.pid, "running")
    assert sorted(cockpit.keepers()) == keepers
    assert cockpit.client.manager() == manager
    assert [run["run"] for run in cockpit.json("ls", "--all")] == ["count-1"], "no second copy"
    before = len(steps_written(view.directory))
    until(lambda: len(steps_written(view.directory)) > before)

    screen.press("x")
    screen.shows("it goes on")
    screen.press("y")
    ended = cockpit.until_status("count-1", "ended")
    assert (ended.result, ended.cause) == ("stopped", "user")
    screen.press("q")
    assert screen.ended() == 0
    written = steps_written(view.directory)
    assert written == list(range(len(written)))
    told = cockpit.json("curve", "count-1", "val/mae")
    assert [point[0] for point in told["points"]] == written


@pytest.mark.parametrize("options", [(), ("-tt",)], ids=["pipes", "terminal"])
def test_a_start_whose_line_drops_after_the_name_is_printed_lives(cockpit, host, options):
    make_long(cockpit.project)
    line = subprocess.Popen(
        host.ssh(*options, then=host.trainui("start", "count") + "; cat"),  # cat ends with the line
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with line:
        assert line.stdout is not None
        assert line.stdout.readline().rstrip() == "count-1"
        host.drop_lines()
        assert line.wait(30) == 255
    view = cockpit.until_status("count-1", "running")
    until(lambda: len(steps_written(view.directory)) > 10)
    assert len(cockpit.keepers()) == 2


def test_a_start_does_not_hold_the_line_open(cockpit, host):
    """ssh waits for whoever still has its pipes: neither manager nor keeper nor job may."""
    make_long(cockpit.project)
    done = subprocess.run(
        host.ssh(then=host.trainui("start", "count")),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "count-1\n")
    assert cockpit.until_status("count-1", "running").pid
