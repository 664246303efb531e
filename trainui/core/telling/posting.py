"""HAND: posts one message over HTTP: TLS by default, no redirect to another host, bounded in time and size."""

from __future__ import annotations

import http.client
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

MOST_BYTES = 64 << 10
"""Of an answer; the rest is not read."""
HOPS = 3
LONGEST_WAIT = 86400.0
"""Seconds of Retry-After that are minded."""
SAME_REQUEST = (301, 302, 307, 308)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a try."""

    is_sent: bool
    said: str
    """For people; it may quote the other end, at any length."""
    retry_after: float | None = None
    """Seconds for which it wants to be left alone."""
    is_late: bool = False
    """Whether it took too long: something of it may still go on."""


class _NearRedirects(urllib.request.HTTPRedirectHandler):
    """Goes where the same host sends it, with the same request; nowhere else."""

    max_redirections = HOPS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request:
        if code not in SAME_REQUEST or _place(newurl) != _place(req.full_url):
            raise HTTPError(req.full_url, code, "it redirects to another place", headers, fp)
        return urllib.request.Request(newurl, data=req.data, headers=req.headers, method="POST")  # noqa: S310


def _place(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None


def deliver(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Answer:
    """Post a body; `timeout`: seconds for each step on the line. `url` is of http or https and was looked at before."""
    opener = urllib.request.OpenerDirector()  # the usual one knows file: and ftp:, too
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _NearRedirects(),
    ):
        opener.add_handler(handler)
    try:
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310
        with opener.open(request, timeout=timeout) as answer:
            said = _quoted(answer)
            return Answer(is_sent=True, said=f"HTTP {answer.status}{said}")
    except HTTPError as error:
        with error:
            meant = _meant(error)
            said = "" if 300 <= error.code < 400 else _quoted(error)
            wait = _retry_after(error.headers) if error.code in (429, 503) else None
            return Answer(is_sent=False, said=f"HTTP {error.code} {meant}{said}".strip(), retry_after=wait)
    except URLError as error:
        return Answer(is_sent=False, said=_why(error.reason))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(is_sent=False, said=_why(error))


def _meant(error: HTTPError) -> str:
    if 300 <= error.code < 400:
        return "it redirects, and not to itself"
    return http.client.responses.get(error.code, "")


def _why(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _quoted(answer: IO[bytes]) -> str:
    """What the other end says, on one line."""
    try:
        text = answer.read(MOST_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, ValueError):
        return ""  # it said by its code whether it took the message
    shown = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return f": {shown}" if shown else ""


def _retry_after(headers: Message) -> float | None:
    told = str(headers.get("Retry-After", "")).strip()
    try:
        seconds = float(told) if told[:1].isdigit() else parsedate_to_datetime(told).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT)
