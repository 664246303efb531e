"""RULE: a message as Slack, Discord, ntfy and programs want it posted. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

SLACK, DISCORD, NTFY = 3500, 1900, 3800
"""Characters (bytes, for ntfy) that each takes; they refuse, or cut, what is longer."""
NO_PREVIEW = 4
"""Discord's flag for a message whose links are not unfolded."""
URGENT, USUAL = 5, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A request: where to, and what."""

    url: str
    body: bytes


def post(form: str, url: str, told: Mapping[str, Any]) -> Post:
    """The request for a message. `told`: `id`, `title`, `text`, `critical`, and whatever else is known of it.

    Raises ValueError for an address that the form cannot be posted to.
    """
    title, text = str(told["title"]), str(told["text"])
    if form == "slack":
        shown = f"*{_slack(title)}*\n{_slack(text)}"
        return _json(url, {"text": _cut(shown, SLACK), "unfurl_links": False, "mrkdwn": True})
    if form == "discord":
        shown = _cut(f"**{_discord(title)}**\n{_discord(text)}", DISCORD)
        return _json(url, {"content": shown, "allowed_mentions": {"parse": []}, "flags": NO_PREVIEW})
    if form == "ntfy":
        root, topic = _topic(url)
        priority = URGENT if told.get("critical") else USUAL
        message = text.encode("utf-8", "replace")[:NTFY].decode("utf-8", "ignore")
        return _json(root, {"topic": topic, "title": title, "message": message, "priority": priority})
    return _json(url, dict(told))


def _json(url: str, document: Mapping[str, Any]) -> Post:
    # ASCII: half a surrogate pair, as a log may hold one, is still JSON
    return Post(url=url, body=json.dumps(document, ensure_ascii=True, allow_nan=False).encode())


def _topic(url: str) -> tuple[str, str]:
    """ntfy takes JSON at its root, with the last part of the address as the topic."""
    parts = urlsplit(url)
    path, _, topic = parts.path.rstrip("/").rpartition("/")
    if not topic:
        raise ValueError("an ntfy address ends with a topic: https://ntfy.sh/TOPIC")
    return urlunsplit((parts.scheme, parts.netloc, path or "/", parts.query, "")), topic


def _slack(text: str) -> str:
    """Slack reads <!channel> and <@user>; these three it must not see."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _discord(text: str) -> str:
    """Names with _ and * stay as they are written."""
    return "".join(f"\\{letter}" if letter in "\\*_`~|>" else letter for letter in text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
