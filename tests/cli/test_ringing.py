"""A dashboard in a real terminal rings it, and has it show what happened; inside tmux only where that lets it pass."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading

import pytest

from tests.conftest import until

TMUX = """\
#!{python}
import os, sys
assert sys.argv[1:] == ["show", "-Apv", "allow-passthrough"], sys.argv
print({answer!r})
open(os.path.join(os.path.dirname(sys.argv[0]), "asked"), "w").close()
"""


class Screen:
    """trainui in a terminal of its own; `heard` is what it wrote."""

    def __init__(self, cockpit, **env):
        self.heard = b""
        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        kept = {key: value for key, value in os.environ.items() if key not in ("TMUX", "STY", "NO_COLOR")}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "trainui"], cwd=cockpit.project, stdin=side, stdout=side, stderr=side,
            start_new_session=True, env={**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **env},
        )  # fmt: skip
        os.close(side)
        self.main = main
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := os.read(self.main, 65536):
                self.heard += data
        except OSError:
            return

    def close(self):
        if self.child.returncode is not None:
            return
        os.write(self.main, b"q")
        try:
            self.child.wait(timeout=60)
        finally:
            self.child.kill()
            self.child.wait()
            os.close(self.main)


@pytest.fixture
def screen(cockpit, monkeypatch, tmp_path):
    opened = []

    def open_one(**env):
        opened.append(Screen(cockpit, XDG_STATE_HOME=str(tmp_path / "state"), **env))
        until(lambda: b"count-1" in opened[-1].heard)
        return opened[-1]

    (cockpit.project / "trainui.toml").write_text("[notify]\nosc = [9, 777]\non = ['ended']\n")
    cockpit("start", "count", "--wait")
    yield open_one
    for one in opened:
        one.close()


def test_a_run_that_ends_rings_the_terminal_of_an_open_dashboard(cockpit, screen):
    here = screen()
    assert b"]777;notify" not in here.heard, "what was before it was opened is in no message"
    cockpit("start", "count", "--wait")
    until(lambda: b"\x1b]777;notify;trainui;count-2 finished" in here.heard)
    assert b"\x1b]9;trainui: count-2 finished" in here.heard
    until(lambda: re.sub(rb"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", b"", here.heard).count(b"\x07") == 1)


@pytest.mark.parametrize(("answer", "passes"), [("on", True), ("off", False)])
def test_inside_tmux_it_is_wrapped_where_tmux_lets_it_pass_and_left_out_elsewhere(
    cockpit, screen, tmp_path, answer, passes
):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tmux").write_text(TMUX.format(python=sys.executable, answer=answer))
    (folder / "tmux").chmod(0o700)
    here = screen(TMUX="/tmp/tmux-1/default,1,0", PATH=f"{folder}:{os.environ['PATH']}")
    cockpit("start", "count", "--wait")
    if passes:
        until(lambda: b"\x1bPtmux;\x1b\x1b]9;trainui: count-2 finished" in here.heard)
    else:
        until(lambda: b"\x07" in here.heard and (folder / "asked").exists())
        here.close()
        assert b"Ptmux" not in here.heard
        assert b"]9;trainui" not in here.heard
