"""trainui notify and trainui report, as a person types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.conftest import until
from trainui.core.store.intents import Desk

SECRET = "S3CRET-in-the-address"


@pytest.fixture
def hook():
    """(address, what was posted to it)"""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            code = 403 if "refuse" in self.path else 200
            self.send_response(code)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    server.server_close()


def configure(cockpit, text):
    (cockpit.project / "trainui.toml").write_text(text)


def test_a_test_says_what_each_channel_answered_and_no_address(cockpit, hook):
    address, got = hook
    configure(
        cockpit,
        f'[notify]\ncommand = ["false"]\n[notify.webhook]\nform = "slack"\nurl = "{address}/refuse/{SECRET}"\n',
    )
    done = cockpit("notify", "--test", code=1)
    assert done.stdout.splitlines() == [
        "✖ command: the notify command false failed: exit 1",
        "✖ webhook: HTTP 403 Forbidden: /…/…",
        "✖ bell: this is no terminal",
    ]
    assert "command, webhook: the test message was not taken" in done.stderr
    assert "this is a test" in got[0]["text"]
    assert not cockpit.db.exists()
    configure(cockpit, f'[notify.webhook]\nurl = "{address}/{SECRET}"\n')
    (told,) = json.loads(cockpit("notify", "--test", "--channel", "webhook", "--json").stdout)
    assert told == {"channel": "webhook", "sent": True, "said": "HTTP 200: /…"}


def test_what_is_wrong_in_what_was_typed_is_said(cockpit):
    assert "[notify]" in cockpit("notify").stdout
    assert "there is nobody to tell" in _without_bell(cockpit).stderr
    assert "no channel 'webhok'" in cockpit("notify", "--test", "--channel", "webhok", code=2).stderr
    assert "--channel goes with --test" in cockpit("notify", "--channel", "bell", code=2).stderr


def _without_bell(cockpit):
    configure(cockpit, "[notify]\nbell = false\n")
    return cockpit("notify", "--test", code=2)


def test_a_terminal_is_rung_and_shown_what_was_asked_for(cockpit):
    configure(cockpit, "[notify]\nosc = [9, 777]\n")
    main, side = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in ("TMUX", "STY")}
    child = subprocess.Popen(
        [sys.executable, "-m", "trainui", "notify", "--test"], cwd=cockpit.project, stdout=side, env=env
    )
    os.close(side)
    heard = b""
    while b"osc 777:" not in heard:
        heard += os.read(main, 4096)
    assert child.wait() == 0
    os.close(main)
    name = cockpit.project.name.encode()
    assert b"\x07" in heard
    assert b"\x1b]9;trainui " + name + b": this is a test" in heard
    assert b"\x1b]777;notify;trainui " + name + b";this is a test" in heard
    assert b"osc 9: written to this terminal" in heard


def test_runs_are_told_through_a_webhook_and_notify_shows_it(cockpit, hook):
    address, got = hook
    configure(
        cockpit,
        f'[notify]\non = ["ended", "gate"]\nruns = "count"\n[notify.webhook]\nurl = "{address}/{SECRET}"\n',
    )
    cockpit("start", "count", "--set", "steps=2", "--wait", code=None)
    until(lambda: len(got) >= 2)
    kinds = {one["messages"][0]["kind"]: one["messages"][0] for one in got}
    assert kinds["ended"]["facts"]["result"] == "finished"
    assert kinds["ended"]["text"].startswith("count-1 finished")
    assert kinds["gate"]["facts"]["state"] == "failed"
    until(lambda: not cockpit.json("notify")["undelivered"])
    told = cockpit.json("notify")
    (channel,) = told["channels"]
    assert (channel["channel"], channel["last_sent"]) == ("webhook", True)
    for words in (
        ("show", "count-1", "--json"),
        ("ls", "--all", "--json"),
        ("notify",),
        ("doctor",),
        ("budget", "--json"),
        ("settings",),
    ):
        done = cockpit(*words, code=None)
        assert SECRET not in done.stdout + done.stderr, words
    cockpit("export", "count-1", "--to", "out", code=None)
    for path in cockpit.project.rglob("*"):
        if path.is_file() and path.name != "trainui.toml":
            assert SECRET.encode() not in path.read_bytes(), path


def test_a_report_tells_what_ended_since_then_and_once_looked_at_not_again(cockpit):
    assert cockpit("report").stdout.startswith("no runs yet")
    cockpit("start", "count", "--wait")
    told = cockpit.json("report", "--since", "2h")
    assert [(one["run"], one["result"]) for one in told["ended"]] == [("count-1", "finished")]
    assert len(told["lines"]) == 5
    assert told["lines"][0].startswith("1 run ended: 1 finished; the last was count-1")
    text = cockpit("report", "--since", "2h").stdout
    assert "count-1 finished: best val/mae 20" in text
    assert "below-30 passed" in text
    desk = Desk(cockpit.db)
    desk.looked("ls", told["until"] + 1)
    desk.close()
    until(lambda: cockpit.json("report")["ended"] == [])
    assert cockpit("report", "--since", "soon", code=2).stderr.startswith(
        "trainui: 'soon' is no time (22:00, 2h"
    )
    assert "still to come" in cockpit("report", "--since", "2999-01-01", code=2).stderr


def test_the_doctor_says_what_of_notify_cannot_work(cockpit):
    configure(
        cockpit,
        '[notify]\ncommand = ["no-such-program"]\n[notify.webhook]\nurl_file = "hook"\ntoken_env = "NO_SUCH_TOKEN"\n'
        '[notify.mail]\nto = ["me@example.org"]\nsendmail = ["/bin/true"]\n',
    )
    (told,) = [
        one for one in json.loads(cockpit("doctor", "--json", code=None).stdout) if one["what"] == "notify"
    ]
    assert told["verdict"] == "problem"
    for part in (
        "no-such-program is not here",
        "in hook, which cannot be read",
        "NO_SUCH_TOKEN, which is not set",
    ):
        assert part in told["text"]
    (cockpit.project / "hook").write_text(f"https://example.org/{SECRET}")
    (cockpit.project / "hook").chmod(0o644)
    text = cockpit("doctor", code=None).stdout
    assert "others may read hook" in text
    assert SECRET not in text
