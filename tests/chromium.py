"""A headless Chromium for tests, driven through its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where Chromium is; None when it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sent = 0
        self.requested: list[str] = []
        """Addresses the page asked for."""
        self.complaints: list[str] = []
        """Errors of its console."""
        self.received = ""
        """What came through its WebSockets."""

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._sent += 1
        number = self._sent
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async for message in self._socket:
            told = json.loads(message.data)
            if told.get("id") == number:
                assert "error" not in told, told
                return told.get("result", {})
            self._hear(told)
        raise AssertionError("Chromium went away")

    def _hear(self, told: dict[str, Any]) -> None:
        params = told.get("params", {})
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(params["url"])
            case "Network.webSocketFrameReceived":
                data = params["response"]["payloadData"]
                is_binary = params["response"]["opcode"] == 2
                self.received += base64.b64decode(data).decode(errors="replace") if is_binary else data
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])

    async def open(self, url: str) -> None:
        """Go to an address, and begin to listen before."""
        for what in ("Page", "Network", "Runtime", "Log"):
            await self.do(f"{what}.enable")
        await self.do("Emulation.setFocusEmulationEnabled", enabled=True)
        await self.do("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """The value of a script in the page."""
        found = await self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, script: str, *, seconds: float = 30.0) -> Any:
        """Wait until a script is true in the page; its value."""
        deadline = time.monotonic() + seconds
        while not (found := await self.evaluate(script)):
            assert time.monotonic() < deadline, (
                f"never: {script}\n{await self.evaluate('document.body.innerText')}"
            )
            await asyncio.sleep(0.05)
        return found

    async def until_received(self, pattern: str, *, seconds: float = 60.0) -> None:
        """Wait until what came through its WebSockets, escapes taken out, matches; it is forgotten then."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, text := _ESCAPES.sub("", self.received)):
            assert time.monotonic() < deadline, f"never: {pattern}\n{text[-3000:]}"
            await self.evaluate("1")  # hears what has come
            await asyncio.sleep(0.05)
        self.received = ""

    async def press(self, key: str) -> None:
        """Type one character."""
        await self.do("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)


@asynccontextmanager
async def page(folder: Path, *, flags: Sequence[str] = ()) -> AsyncIterator[Page]:
    """A tab of a Chromium that keeps everything below `folder` and is gone afterwards."""
    profile = folder / "chromium"
    command = [
        chromium() or "chromium", "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
        "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,800", *flags,
        *(["--no-sandbox"] if os.getuid() == 0 else []), "about:blank",
    ]  # fmt: skip
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = await answer.json(content_type=None)
            url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with client.ws_connect(url, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _port(told: Path) -> int:
    deadline = time.monotonic() + 60
    while not told.exists() or not told.read_text().strip():
        assert time.monotonic() < deadline, "Chromium did not open its port"
        await asyncio.sleep(0.05)
    return int(told.read_text().split()[0])
