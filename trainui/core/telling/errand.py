"""HAND: the child process that carries one message through one channel, and leaves word of what became of it.

`python -m trainui.core.telling.errand OUTCOME` reads what to carry from stdin, as JSON, so that no address stands in a
list of processes, and writes to the file OUTCOME (`-`: stdout) whether it was sent. It goes on when the manager dies:
the next one finds its word.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trainui.core.process.files import write_json
from trainui.core.telling.claims import claim
from trainui.core.telling.posting import Answer

NO_APPRISE = "[notify] urls need apprise, which is not here: pip install 'trainui[notify]'"
MOST_CHARACTERS = 30_000
MOST_SAID = 180
SHORTEST_SECRET = 6
"""Characters from which a part of an address is taken out of what is said."""


def carry(order: Mapping[str, Any]) -> tuple[Answer, list[str]]:
    """Do what an order says: (what became of it, what must not be told to anybody)."""
    channel, how, told = order["channel"], order["how"], order["told"]
    timeout = float(order["timeout"])
    secrets: list[str] = []
    try:
        if channel == "command":
            return _run(how["command"], told, order), secrets
        if channel == "mail":
            from trainui.core.telling import mailing

            return mailing.deliver(told, how, timeout=timeout), secrets
        if channel == "urls":
            secrets += [part for url in how["urls"] for part in (url, *_parts(url))]
            return _apprise(how["urls"], told), secrets
        url, token = _secret(how, "url", order), _secret(how, "token", order)
        secrets += [url, *_parts(url), token]
        return _post(url, token, how, told, timeout=timeout), secrets
    except (TimeoutError, subprocess.TimeoutExpired):
        return Answer(is_sent=False, said=_late(channel, how), is_late=True), secrets
    except _MissingError as error:
        return Answer(is_sent=False, said=str(error)), secrets


class _MissingError(Exception):
    """An address or a token that is not where it should be."""


def _late(channel: str, how: Mapping[str, Any]) -> str:
    if channel == "command":
        return f"the notify command {how['command'][0]} took too long and was killed"
    return "it took too long"


def _run(argv: Sequence[str], told: Mapping[str, Any], order: Mapping[str, Any]) -> Answer:
    facts = {"text": told["text"], **order["env"]}
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
    env |= {f"TRAINUI_{name.upper()}": _fitting(str(text)) for name, text in facts.items()}
    try:
        done = subprocess.run(
            argv, input=str(told["text"]).encode("utf-8", "replace"), stdout=2, stderr=2, env=env,
            cwd=order["folder"], timeout=float(order["timeout"]),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return Answer(is_sent=False, said=f"the notify command {argv[0]} cannot be run: {why}")
    if done.returncode == 0:
        return Answer(is_sent=True, said=f"{Path(argv[0]).name}: exit 0")
    code = done.returncode
    how = f"exit {code}" if code > 0 else signal.Signals(-code).name
    return Answer(is_sent=False, said=f"the notify command {argv[0]} failed: {how}")


def _fitting(text: str) -> str:
    """What an environment can hold of a text: Linux starts nothing with a variable of 128 KiB."""
    return text[:MOST_CHARACTERS].replace("\0", "").encode("utf-8", "replace").decode()


def _post(url: str, token: str, how: Mapping[str, Any], told: Mapping[str, Any], *, timeout: float) -> Answer:
    from trainui.core.config.notifying import wrong_with
    from trainui.core.telling import forms, posting

    if why := wrong_with(url, allow_http=bool(how["allow_http"])):
        return Answer(is_sent=False, said=f"the address {why}")
    try:
        request = forms.post(how["form"], url, told)
    except ValueError as error:
        return Answer(is_sent=False, said=str(error))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "trainui",
        "Idempotency-Key": str(told["id"]),
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return posting.deliver(request.url, request.body, headers, timeout=timeout)


def _apprise(urls: Sequence[str], told: Mapping[str, Any]) -> Answer:
    import logging

    try:
        import apprise  # the optional extra trainui[notify]
    except ImportError:
        return Answer(is_sent=False, said=NO_APPRISE)
    logging.disable(logging.CRITICAL)  # it may log addresses
    sender = apprise.Apprise()
    bad = sum(not sender.add(url) for url in urls)
    if bad:
        return Answer(is_sent=False, said=f"apprise does not know {bad} of {len(urls)} addresses")
    is_sent = bool(sender.notify(title=str(told["title"]), body=str(told["text"])))
    return Answer(is_sent=is_sent, said="apprise took it" if is_sent else "apprise could not send it")


def _secret(how: Mapping[str, Any], name: str, order: Mapping[str, Any]) -> str:
    """What stands in the file, in a variable or in a file, as `name` or `name_env` or `name_file` says."""
    if variable := how.get(f"{name}_env"):
        if not os.environ.get(variable):
            raise _MissingError(f"{variable} is not in the environment of the manager (use {name}_file)")
        return os.environ[variable].strip()
    if file := how.get(f"{name}_file"):
        path = Path(order["folder"], os.path.expanduser(str(file)))
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise _MissingError(f"{file}: {getattr(error, 'strerror', None) or 'is not text'}") from error
    return str(how.get(name, ""))


def _parts(url: str) -> list[str]:
    """The parts of an address that may be secret."""
    try:
        parts = urlsplit(url)
        found = [
            *parts.path.split("/"),
            *parts.query.replace("&", "=").split("="),
            parts.username,
            parts.password,
        ]
    except ValueError:
        return []
    known = {bare for part in found if part for bare in (part, unquote(part))}
    return [part for part in known if len(part) >= SHORTEST_SECRET]


def without(said: str, secrets: Sequence[str]) -> str:
    """A sentence without these, the longest first."""
    for secret in sorted((one for one in secrets if one), key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


def shown(said: str, secrets: Sequence[str]) -> str:
    """What may be told of an answer: one short line, cut only when the secrets are out of it."""
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    told = without(line, secrets)
    return told if len(told) <= MOST_SAID else f"{told[: MOST_SAID - 1]}…"


def main() -> int:
    """Carry what stdin says, within its time."""
    order = json.load(sys.stdin)
    if sys.argv[1] != "-" and not claim(Path(sys.argv[1])):
        return 0  # the next manager was faster: it sends another
    signal.signal(signal.SIGALRM, _too_late)
    signal.setitimer(
        signal.ITIMER_REAL, float(order["timeout"]) + 0.5
    )  # a line that drips keeps each step short
    answer, secrets = carry(order)
    signal.setitimer(signal.ITIMER_REAL, 0)
    word = {
        "is_sent": answer.is_sent,
        "said": shown(answer.said, secrets),
        "retry_after": answer.retry_after,
    }
    if sys.argv[1] == "-":
        print(json.dumps(word), flush=True)
    else:
        write_json(sys.argv[1], word)
    if answer.is_late and os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)  # and with it what a command left behind
    return 0


def _too_late(_signum: int, _frame: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    sys.exit(main())
