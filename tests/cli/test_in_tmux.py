"""The dashboard in a real terminal: keys of a person's own, and how it was left, also when it was killed."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.conftest import until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")


class Tmux:
    """A tmux server of this test's own with one window."""

    def __init__(self, folder, env, size=(100, 30)):
        self._socket, self._folder, self._env = str(folder / "tmux.sock"), folder, env
        self._size = size

    def __call__(self, *words):
        words = ["tmux", "-S", self._socket, "-f", "/dev/null", *words]
        return subprocess.run(words, env=self._env, capture_output=True, text=True, check=False).stdout

    def open(self, *words):
        wide, high = map(str, self._size)
        argv = [sys.executable, "-m", "trainui", *words]
        self("new-session", "-d", "-x", wide, "-y", high, "-c", str(self._folder), *argv)

    @property
    def shown(self):
        return self("capture-pane", "-p")

    @property
    def pid(self):
        return int(self("display-message", "-p", "#{pane_pid}") or 0)

    def press(self, *names):
        self("send-keys", *names)


@pytest.fixture
def tmux(cockpit, tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TRAINUI_", "TMUX"))}
    env |= {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    here = Tmux(tmp_path, env)
    yield here
    here("kill-server")


def left(tmp_path):
    """What stands in the memory of the one project."""
    return "".join(one.read_text() for one in (tmp_path / "state" / "trainui").glob("*.json"))


def test_a_key_of_ones_own_starts_a_job_and_the_usual_one_does_not(cockpit, tmux, tmp_path):
    (tmp_path / "config" / "trainui").mkdir(parents=True)
    (tmp_path / "config" / "trainui" / "settings.toml").write_text('[keys]\n"overview.start" = "f4"\n')
    tmux.open()
    until(lambda: "no runs yet: press f4" in tmux.shown)
    assert "f4 start" in tmux.shown
    tmux.press("s", "F4")
    until(lambda: "counts" in tmux.shown)
    tmux.press("Enter")
    until(lambda: "count-1" in tmux.shown)
    cockpit.until_status("count-1", "ended")


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_it_comes_back_as_it_was_left_however_it_ended(cockpit, tmux, tmp_path, end):
    cockpit("start", "count", "--wait")
    tmux.open()
    until(lambda: "count-1" in tmux.shown)
    tmux.press("Space", "u")
    pid = tmux.pid
    until(lambda: '"axis": "step"' in left(tmp_path) and '"marked"' in left(tmp_path))
    if end == "q":
        tmux.press("q")
    else:
        os.kill(pid, getattr(signal, end))
    until(lambda: not os.path.exists(f"/proc/{pid}"))
    assert '"axis": "step"' in left(tmp_path)
    tmux.open()
    until(lambda: "x step" in tmux.shown)
    assert "▌" in tmux.shown


def test_a_fresh_start_is_plain(cockpit, tmux, tmp_path):
    cockpit("start", "count", "--wait")
    tmux.open()
    until(lambda: "count-1" in tmux.shown)
    tmux.press("Space", "u")
    until(lambda: "▌" in tmux.shown)
    tmux.press("q")
    until(lambda: '"axis": "step"' in left(tmp_path))
    tmux.open("--fresh")
    until(lambda: "count-1" in tmux.shown and "val/mae" in tmux.shown)
    assert "▌" not in tmux.shown
