"""A web server for one person: on loopback, behind a token, one dashboard for each tab.

Whoever may log in to the machine may reach its loopback, and so may any page in a browser that is forwarded to it.
So every request must carry the token (once in the address, then in a cookie), name loopback as its host, and a
WebSocket must come from our own page.
"""

from __future__ import annotations

import hmac
import secrets
import shlex
import socket
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from urllib.parse import urlsplit

import jinja2
from aiohttp import web
from textual_serve.server import Server

HERE = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that only this machine answers to."""
FONT_SIZES = range(6, 41)
PATIENCE = 3.0
"""Seconds that open tabs have to go when the server ends."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dashboards(Server):
    """Serves a dashboard to each tab that has the token."""

    def __init__(self, argv: Sequence[str], *, title: str, port: int = 0) -> None:
        """`argv`: the command that shows a dashboard on a terminal. `port` 0: any that is free.

        Raises OSError when the port is taken.
        """
        self.token = secrets.token_urlsafe(24)
        self._listening = _listen(port)
        port = self._listening.getsockname()[1]
        super().__init__(shlex.join(argv), host=HERE[0], port=port, title=title)
        self._cookie = f"trainui-{port}"
        template = (files("trainui.ui.web") / "page.html").read_text("utf-8")
        self._page = jinja2.Environment(autoescape=True).from_string(template)

    @property
    def address(self) -> str:
        """Where to go with a browser on this machine, the token included."""
        return f"http://{self.host}:{self.port}/?token={self.token}"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        web.run_app(
            self._make_app(), sock=self._listening, print=None, access_log=None, shutdown_timeout=PATIENCE
        )

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(self._let_in)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command line does."""

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nobody in without the token, from another page, or under another host's name."""
        if not _is_here(request.host):
            return _refuse("this address is not for other hosts: open it as localhost")
        shown = request.query.get("token")
        if shown is not None and request.path == "/":
            if not self._is_ours(shown):
                return _refuse("that is not the token of this server")
            welcome = web.HTTPSeeOther("/")  # the token leaves the address bar
            welcome.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict")
            return welcome
        if not self._is_ours(request.cookies.get(self._cookie, "")):
            return _refuse("the token is missing: open the whole address that trainui serve printed")
        if request.path == "/ws" and urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            return _refuse("another page asks")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["X-Frame-Options"] = "DENY"
            answer.headers["X-Content-Type-Options"] = "nosniff"
            answer.headers["Cache-Control"] = "no-store"
        return answer

    def _is_ours(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with addresses under the name by which the browser knows us: a forwarded port is another one."""
        asked = request.query.get("fontsize", "")
        size = int(asked) if asked.isdecimal() and int(asked) in FONT_SIZES else 16
        text = self._page.render(title=self.title, socket=f"ws://{request.host}/ws", font_size=size)
        return web.Response(text=text, content_type="text/html")


def _listen(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((HERE[0], port))
    found.listen()  # whoever is told the address is heard from then on
    return found


def _is_here(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in HERE
    except ValueError:
        return False


def _refuse(why: str) -> web.Response:
    return web.Response(status=403, text=f"{why}\n")
