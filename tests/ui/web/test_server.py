"""The dashboard in a browser: who is let in, and that it is the real one."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.chromium import chromium, page
from tests.conftest import until

pytest.importorskip("textual_serve")


PAINTED = """(() => {
  const canvas = document.querySelector("canvas.xterm-text-layer");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let lit = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] > 300) lit++;
  return lit;
})()"""
"""Bright pixels of the terminal."""


class Served:
    """A `trainui serve` of a project."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trainui", "serve"],
            cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.root, _, self.token = self.address.partition("?token=")

    def get(self, path: str = "", **headers: str) -> tuple[int, str]:
        """(status, body) of a request that follows no redirect."""
        request = urllib.request.Request(self.root + path, headers=headers)
        try:
            with _opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self) -> int:
        """Ctrl+C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


class _Stay(urllib.request.HTTPRedirectHandler):
    def http_error_303(self, req, fp, code, msg, headers) -> HTTPResponse:
        raise urllib.error.HTTPError(req.full_url, code, str(headers.get("Set-Cookie")), headers, fp)


_opener = urllib.request.build_opener(_Stay)


@pytest.fixture
def served(cockpit):
    one = Served(cockpit.project)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()


def cookie_of(served: Served) -> str:
    request = urllib.request.Request(served.address)
    with pytest.raises(urllib.error.HTTPError) as caught:
        _opener.open(request, timeout=20)
    assert caught.value.code == 303
    assert caught.value.headers["Location"] == "/"
    given = caught.value.headers["Set-Cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    return given.split(";")[0]


def test_it_listens_on_loopback_alone(served):
    port = urllib.parse.urlsplit(served.address).port
    listening = [
        line.split()[1]
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(file).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_nobody_comes_in_without_the_token(served):
    cookie = cookie_of(served)
    assert served.get()[0] == 403
    assert served.get("static/js/textual.js")[0] == 403
    assert served.get("ws")[0] == 403
    assert served.get(Cookie=cookie[:-1] + ("y" if cookie.endswith("x") else "x"))[0] == 403
    wrong = served.get("?token=guessed")
    assert wrong[0] == 403
    assert "not the token" in wrong[1]
    status, body = served.get(Cookie=cookie)
    assert status == 200
    assert "data-session-websocket-url" in body
    assert served.token not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", "a:b:c"])
def test_a_name_that_was_bent_to_us_is_refused(served, host):
    assert served.get(Cookie=cookie_of(served), Host=host)[0] in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_another_page_may_not_use_the_socket(served, origin):
    upgrade = {
        "Cookie": cookie_of(served), "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert served.get("ws", **upgrade) == (403, "another page asks\n")


def test_the_page_asks_no_other_host_for_anything(served):
    body = served.get(Cookie=cookie_of(served))[1]
    assert set(re.findall(r'(?:href|src)="([^"]*)"', body)) == {
        "data:,", "/static/css/xterm.css", "/static/js/textual.js", "/"
    }  # fmt: skip


def test_a_port_that_is_taken_is_said_so(served, cockpit):
    port = str(urllib.parse.urlsplit(served.address).port)
    found = cockpit("serve", "--port", port, code=2)
    assert f"port {port} cannot be had" in found.stderr


@pytest.mark.skipif(chromium() is None, reason="no Chromium here")
def test_keys_start_a_run_in_a_browser_and_its_curve_is_there(served, cockpit, tmp_path_factory):
    async def visit() -> list[str]:
        async with page(tmp_path_factory.mktemp("browser")) as tab:
            await tab.open(served.address)
            await tab.until_received("no runs yet")
            assert await tab.evaluate("location.search") == ""
            assert await tab.evaluate(PAINTED) > 500
            await tab.until("document.activeElement.classList.contains('xterm-helper-textarea')")
            await tab.press("s")
            await tab.until_received("counts")
            await tab.press("\r")
            await tab.until_received("[\u2801-\u28ff]{2}")  # a curve, in braille
            await tab.press("q")
            await tab.until("document.body.classList.contains('-closed')")
            assert tab.complaints == []
            return tab.requested

    requested = asyncio.run(visit())
    hosts = {urllib.parse.urlsplit(url).netloc for url in requested if not url.startswith("data:")}
    assert hosts == {urllib.parse.urlsplit(served.address).netloc}
    assert cockpit.reader().runs()[0].job == "count"
    dashboards = f"trainui --db {cockpit.db}"
    until(lambda: not _running(dashboards))  # the dashboard of the tab is gone
    assert served.end() == 0


def _running(words: str) -> bool:
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if words in file.read().replace(b"\0", b" ").decode(errors="replace"):
                    return True
        except OSError:
            continue
    return False
