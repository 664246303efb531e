"""What [notify] of trainui.toml may say: which facts are told, of which runs, how often, and through which channels."""

from __future__ import annotations

import ipaddress
import math
import os
import re
from datetime import time
from email.utils import parseaddr
from urllib.parse import urlsplit

import msgspec

from trainui.core.config.said import MistakeError
from trainui.core.errors import nearest

KINDS = {
    "ended": "a run ended",
    "lost": "a run was lost, or hung and was stopped",
    "gate": "a gate says `notify`, or one that somebody wrote tripped or failed",
    "question": "a gate asks a person something",
    "budget": "a step of the ladder, a cap, a run that was stopped for it",
    "idle": "the machine costs and nothing makes progress",
    "countdown": "a command is about to be run, or was",
    "manager": "trainui.toml cannot be read, or something else needs mending",
}
"""What may be told → when that is."""
FORMS = ("slack", "discord", "ntfy", "json")
TERMINALS = (9, 777)
"""The escape sequences by which terminals show a notification."""
HIDDEN = "(stands in trainui.toml)"
"""What takes the place of an address wherever the config is kept."""
_UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
_RATE = re.compile(r"(\d{1,6}) per (minute|hour|day)")
_QUIET = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")
_ADDRESS = re.compile(r"[^\s@<>\",;:()\[\]\\-][^\s@<>\",;:()\[\]\\]*@[^\s@<>\",;:()\[\]\\]+")


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that messages are posted to."""

    form: str = "json"
    url: str = ""
    url_env: str = ""
    """The environment variable that holds it."""
    url_file: str = ""
    """The file that holds it; a path below the project folder, or with ~."""
    token_env: str = ""
    """The environment variable with a token that is sent along (`Authorization: Bearer …`)."""
    token_file: str = ""
    allow_http: bool = False
    """Whether the address may be without TLS, and not on this machine."""


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail through the sendmail of this machine."""

    to: list[str] = []
    sender: str = msgspec.field(default="", name="from")
    sendmail: list[str] = []
    """The program; empty: what PATH and the usual places have."""


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which facts people are told, and how."""

    on: list[str] = msgspec.field(default_factory=lambda: list(KINDS))
    runs: str = ""
    """A filter: of other runs nothing is told. What is of no run is told."""
    command: list[str] = []
    """Run for each message, without a shell: the text is its stdin and $TRAINUI_TEXT."""
    urls: list[str] = []
    """Addresses for apprise, the optional extra trainui[notify]."""
    webhook: Webhook | None = None
    mail: Mail | None = None
    bell: bool = True
    """Whether a dashboard that is open rings its terminal."""
    osc: int | list[int] = []
    """9, 777 or both: the sequences by which a dashboard tells its terminal."""
    timeout_seconds: float = 30
    """How long one try may take."""
    digest_minutes: float = 0
    """Several facts wait so long for one message; 0: each goes at once."""
    at_most: str = ""
    """`20 per hour`: messages for each channel; what is held back comes with the next."""
    quiet: str = ""
    """`22:00-07:00`: what is not critical waits until then."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The ways out of the terminal that are set up."""
        there = {
            "command": self.command,
            "webhook": self.webhook,
            "mail": self.mail,
            "urls": self.urls,
        }
        return tuple(name for name, value in there.items() if value)

    @property
    def terminals(self) -> tuple[str, ...]:
        """What a dashboard does with its terminal: `bell`, `osc 9`, `osc 777`."""
        codes = [self.osc] if isinstance(self.osc, int) else self.osc
        return (*(["bell"] if self.bell else []), *(f"osc {code}" for code in dict.fromkeys(codes)))

    @property
    def is_hidden(self) -> bool:
        """Whether addresses were left out of it."""
        return HIDDEN in self.urls or (self.webhook is not None and self.webhook.url == HIDDEN)

    def without_secrets(self) -> Notify:
        """The same without addresses that let whoever reads them speak in our name."""
        hook = self.webhook
        if hook is not None and hook.url:
            hook = msgspec.structs.replace(hook, url=HIDDEN)
        return msgspec.structs.replace(self, webhook=hook, urls=[HIDDEN] * len(self.urls))


def rate_of(text: str) -> tuple[int, float] | None:
    """(how many, in how many seconds) of `20 per hour`; None of ''. Raises ValueError."""
    if not text:
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(text)
    return int(found[1]), _UNITS[found[2]]


def quiet_of(text: str) -> tuple[time, time] | None:
    """From when till when of `22:00-07:00`; None of ''. Raises ValueError."""
    if not text:
        return None
    found = _QUIET.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError(text)
    return start, end


def check_notify(notify: Notify) -> None:
    """Raise MistakeError at the first thing that cannot be meant."""
    if notify.command and not notify.command[0]:
        hint = 'for example ["notify-send", "trainui"]'
        raise MistakeError(("notify", "command"), "the notify command is empty", hint)
    if not 0 < notify.timeout_seconds < math.inf:
        raise MistakeError(
            ("notify", "timeout_seconds"), f"timeout_seconds cannot be {notify.timeout_seconds}"
        )
    if not 0 <= notify.digest_minutes <= 24 * 60:
        message = f"digest_minutes cannot be {notify.digest_minutes:g}"
        raise MistakeError(("notify", "digest_minutes"), message, "0 for none; at most a day")
    for kind in notify.on:
        if kind not in KINDS:
            raise MistakeError(("notify", "on"), f"on: there is no kind {kind!r}", nearest(kind, KINDS))
    codes = [notify.osc] if isinstance(notify.osc, int) else notify.osc
    if not set(codes) <= set(TERMINALS):
        raise MistakeError(("notify", "osc"), f"osc cannot be {notify.osc}", "9, 777 or [9, 777]")
    for key, read, hint in (
        ("at_most", rate_of, "'20 per hour'; per minute and per day, too"),
        ("quiet", quiet_of, "'22:00-07:00'"),
    ):
        try:
            read(getattr(notify, key))
        except ValueError:
            message = f"{key} cannot be {getattr(notify, key)!r}"
            raise MistakeError(("notify", key), message, f"write {hint}") from None
    if notify.webhook is not None:
        _check_webhook(notify.webhook)
    if notify.mail is not None:
        _check_mail(notify.mail)


def _check_webhook(hook: Webhook) -> None:
    path = ("notify", "webhook")
    if hook.form not in FORMS:
        raise MistakeError((*path, "form"), f"form {hook.form!r} is not known", nearest(hook.form, FORMS))
    told = [key for key in ("url", "url_env", "url_file") if getattr(hook, key)]
    if len(told) != 1:
        what = "no address" if not told else f"{len(told)} addresses"
        hint = "one of url_env, url_file and url; the first two keep it out of the repository"
        raise MistakeError(path, f"[notify.webhook] has {what}", hint)
    if hook.token_env and hook.token_file:
        raise MistakeError((*path, "token_file"), "[notify.webhook] has two tokens", "keep one")
    if hook.url and (why := wrong_with(hook.url, allow_http=hook.allow_http)):
        raise MistakeError((*path, "url"), f"url {why}", "https://…, or keep it in url_file")


def wrong_with(url: str, *, allow_http: bool) -> str:
    """Why nothing is posted to an address, without telling it; '' when it can be."""
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "holds a blank or a control character"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("http", "https") or not host:
        return "does not begin with https://HOST"
    if parts.scheme == "http" and not allow_http and not _is_here(host):
        return "is without TLS, and allow_http does not say that it may be"
    return ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_mail(mail: Mail) -> None:
    path = ("notify", "mail")
    if not mail.to:
        raise MistakeError(path, "[notify.mail] says nobody it goes to", 'to = ["me@example.org"]')
    for key, words in (("to", mail.to), ("from", [mail.sender] if mail.sender else [])):
        for word in words:
            if not _ADDRESS.fullmatch(word) or parseaddr(word)[1] != word:
                message = f"{key}: {word!a:.60} is no address"
                raise MistakeError((*path, key), message, 'a plain one, as "me@example.org"')
    if mail.sendmail and not mail.sendmail[0].strip():
        raise MistakeError(
            (*path, "sendmail"), "the sendmail program is empty", f"as {os.sep}usr/sbin/sendmail"
        )
