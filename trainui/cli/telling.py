"""The verb that shows how people are told, and what did not reach them: notify."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import is_person, plain, print_json, table
from trainui.core.config import Config, load_config
from trainui.core.errors import TrainuiError, UserError, nearest
from trainui.core.store.outbox import Delivery
from trainui.core.store.read import Reader
from trainui.core.telling.terminal import ring
from trainui.core.telling.trying import TEXT, try_channels
from trainui.core.walltime import day_words

WEEK = 7 * 86400.0
NOBODY = (
    "nobody is told outside of the terminal: trainui.toml has no command, webhook, mail or urls in [notify]"
)


@click.command("notify")
@click.option(
    "--test", "is_test", is_flag=True, help="Send a test message and say what each channel answered."
)
@click.option("--channel", "channels", multiple=True, help="With --test: only this one; may be said again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def notify_command(place: Place, is_test: bool, channels: tuple[str, ...], as_json: bool) -> None:
    """How people are told, what waits to be told, and what reached nobody."""
    config = load_config(place.project)
    if channels and not is_test:
        raise click.UsageError("--channel goes with --test")
    if is_test:
        _test(place, config, channels, as_json=as_json)
        return
    reader = place.reader() if place.db.exists() else None
    if as_json:
        print_json(_told(config, reader))
        return
    _print(config, reader)


def _test(place: Place, config: Config, only: Sequence[str], *, as_json: bool) -> None:
    notify = config.notify
    known = (*notify.channels, *notify.terminals)
    for name in only:
        if name not in known:
            hint = nearest(name, known) if known else NOBODY
            raise UserError(f"trainui.toml sets up no channel {name!r}", hint=hint)
    wanted = only or known
    if not wanted:
        raise UserError("there is nobody to tell", hint=NOBODY)
    answers = {
        channel: (one.is_sent, one.said)
        for channel, one in try_channels(
            notify, [name for name in wanted if name in notify.channels], project=place.project
        ).items()
    }
    for name in wanted:
        if name in notify.terminals:
            is_seen = is_person() and not as_json
            said = (
                ring([name], TEXT, project=place.project.resolve().name) if is_seen else "this is no terminal"
            )
            answers[name] = (is_seen and not said, said or "written to this terminal")
    if as_json:
        print_json([{"channel": name, "sent": sent, "said": said} for name, (sent, said) in answers.items()])
    else:
        for name, (sent, said) in answers.items():
            click.echo(f"{'✔' if sent else '✖'} {name}: {plain(said)}")
    failed = [name for name, (sent, _) in answers.items() if not sent and name in notify.channels]
    if failed:
        raise TrainuiError(
            f"{', '.join(failed)}: the test message was not taken", hint="see docs/notifications.md"
        )


def _told(config: Config, reader: Reader | None) -> dict[str, Any]:
    notify, now = config.notify, time.time()
    last = reader.last_told() if reader else {}
    return {
        "on": notify.on,
        "runs": notify.runs,
        "digest_minutes": notify.digest_minutes,
        "at_most": notify.at_most,
        "quiet": notify.quiet,
        "terminals": list(notify.terminals),
        "channels": [
            {
                "channel": name,
                "last_at": last[name][0],
                "last_sent": last[name][1],
                "last_said": last[name][2],
            }
            if name in last
            else {"channel": name, "last_at": None, "last_sent": None, "last_said": ""}
            for name in notify.channels
        ],
        "undelivered": [_delivery(one) for one in reader.undelivered()] if reader else [],
        "given_up": [_delivery(one) for one in reader.given_up(since=now - WEEK)] if reader else [],
    }


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "kind": one.message.kind,
        "subject": one.message.subject,
        "text": one.message.text,
        "at": one.message.at,
        "state": one.state,
        "tries": one.tries,
        "next_at": one.next_at,
        "maybe_again": one.is_unsure,
        "said": one.said,
    }


def _print(config: Config, reader: Reader | None) -> None:
    notify, now = config.notify, time.time()
    last = reader.last_told() if reader else {}
    click.echo(
        f"told of: {', '.join(notify.on) or 'nothing'}{plain(f' of runs like {notify.runs}') if notify.runs else ''}"
    )
    if not notify.channels:
        click.echo(NOBODY)
    for name in notify.channels:
        at, is_sent, said = last.get(name, (None, False, ""))
        sign = "·" if at is None else "✔" if is_sent else "✖"
        told = "never used so far" if at is None else f"{day_words(at, now)}: {said}"
        click.echo(f"{sign} {name}: {plain(told)}")
    if notify.terminals:
        click.echo(f"· an open dashboard: {', '.join(notify.terminals)}")
    waiting = reader.undelivered() if reader else []
    lost = reader.given_up(since=now - WEEK) if reader else []
    if waiting or lost:
        rows = [
            [one.channel, day_words(one.message.at, now), _standing(one, now), one.message.text]
            for one in (*waiting, *lost)
        ]
        table(["channel", "of", "stands", "what"], rows)


def _standing(one: Delivery, now: float) -> str:
    if one.state != "waiting":
        return one.state
    times = "once" if one.tries == 1 else f"{one.tries} times"
    tried = f", tried {times}: {one.said}" if one.tries else ""
    return f"waits{f' until {day_words(one.next_at, now)}' if one.next_at > now else ''}{tried}"
