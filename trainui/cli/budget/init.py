"""`trainui budget init`: the wizard that writes trainui.toml. Every question is an option too."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from trainui.cli.budget import answers as read
from trainui.cli.budget.answers import Asker
from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain
from trainui.core.config import Config, Machine, read_config
from trainui.core.config.drafting import Answers, drafted
from trainui.core.config.notes import notes
from trainui.core.config.said import DOLLARS, PLAIN, MistakeError, Said
from trainui.core.errors import NotFoundError, SpecError, UserError
from trainui.core.money.lease import STEPS as BILLINGS
from trainui.core.specedit import replace_text
from trainui.core.telemetry import gpus_here

SHARES = ("time", "equal", "use")

OPTIONS = (
    ("--machine", "NAME", "Name of the machine."),
    ("--rate", "AMOUNT", "What it costs an hour; 2.49/gpu: each GPU."),
    ("--gpu-rate", "AMOUNT", "What each of its GPUs costs an hour."),
    ("--gpus", "N", "How many GPUs it has."),
    ("--billing", "STEP", "second, minute or hour: every started one is paid whole."),
    ("--share", "HOW", "How runs share its cost: time, equal or use."),
    ("--host", "PATTERN", "Only for hosts of this name (gpu-*)."),
    ("--currency", "XXX", "Three letters."),
    ("--spent", "AMOUNT", "What was spent before."),
    ("--total", "AMOUNT", "What may be spent in all."),
    ("--reserve", "AMOUNT", "Kept back for a last checkpoint and the export."),
    ("--per-run", "AMOUNT", "The most that one run may cost."),
    ("--studies", "NAME=AMOUNT,...", "The most that the runs of a study may cost."),
    ("--ladder", "50,75,90,100", "Per cents: tell, admit no more, stop least, stop all; - leaves one out."),
    ("--idle-minutes", "N", "Tell people after so long without progress."),
    ("--on-idle", "COMMAND", "Run when the machine stands idle so long."),
    ("--on-cap", "COMMAND", "Run when the money is used up and all has ended."),
    ("--countdown", "SECONDS", "How long these commands can be cancelled before they run."),
)


def _options(verb: Callable[..., Any]) -> Callable[..., Any]:
    for name, metavar, told in reversed(OPTIONS):
        verb = click.option(name, metavar=metavar, default=None, help=told)(verb)
    return verb


@click.command("init")
@_options
@click.option("--rehearse", is_flag=True, help="Both commands are only told, not run (dry_run = true).")
@click.option("--yes", is_flag=True, help="Ask nothing: take the options, and what is usual for the others.")
@db_option
def init_command(place: Place, rehearse: bool, yes: bool, **given: str | None) -> None:
    """Write trainui.toml: the machine, its rate, the budget. Shows the file and asks before it writes."""
    path = _folder(place) / "trainui.toml"
    text, before = _existing(path)
    asker = Asker(may_ask=not yes and sys.stdin.isatty())
    if not asker.may_ask and not yes:
        raise UserError("nobody can be asked here", hint="say it in options, and --yes")
    known = before.machine[0] if before.machine else None
    if (
        not asker.may_ask
        and known is None
        and not (given["machine"] and (given["rate"] or given["gpu_rate"]))
    ):
        raise UserError("a machine needs a name and a rate", hint="--machine a100 --rate 1.29")
    said = _ask(asker, given, before, known, rehearse=rehearse, text=text)
    try:
        draft = drafted(text, said)
        config = read_config(draft, path)
    except SpecError as error:
        raise UserError(f"with these answers trainui.toml would be wrong: {error}") from error
    except ValueError as error:
        raise UserError(f"{path} is left as it is: {error}", hint="edit it by hand") from error
    click.echo(draft, nl=False)
    for note in notes(config, studies=list(config.budget.studies)):
        click.echo(f"note: {plain(note)}", err=True)
    if draft == text:
        click.echo(f"{path} says all that already", err=True)
        return
    if asker.may_ask and not click.confirm(f"write {path}?", default=True, err=True):
        click.echo("nothing was written", err=True)
        return
    replace_text(path, draft)
    click.echo(f"written: {path}", err=True)


def _folder(place: Place) -> Path:
    """The project, or the folder that is to become one."""
    try:
        return place.project
    except NotFoundError:
        return Path.cwd()


def _existing(path: Path) -> tuple[str, Config]:
    """(its text, what it says); a file that cannot be read as TOML is refused, one with a mistake can be mended."""
    if not path.exists():
        return "", Config()
    if not path.is_file():
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}:1: cannot be read: {error}") from error
    try:
        return text, read_config(text, path)
    except SpecError as error:
        if "not valid TOML" in error.message:
            raise
        click.echo(f"trainui: now it is wrong: {plain(str(error))}", err=True)
        return text, Config()


def _ask(
    ask: Asker,
    given: Mapping[str, str | None],
    before: Config,
    known: Machine | None,
    *,
    rehearse: bool,
    text: str,
) -> Answers:
    """Every question in its order."""
    machine = _ask_machine(ask, given, known)
    now = ask("currency", given["currency"], before.budget.currency, read.currency)
    if now != before.budget.currency and _has_sums(text):
        hint = "change the sums and the currency by hand, together"
        raise UserError(f"the sums in trainui.toml are in {before.budget.currency}, not {now}", hint=hint)
    budget = _ask_budget(ask, given, before)
    idle, on_cap = _ask_commands(ask, given, before, rehearse=rehearse)
    if on_cap != {}:
        budget["on_cap"] = on_cap
    if now != DOLLARS or before.budget.currency != now:
        budget = {"currency": now, **budget}
    is_plain = now != DOLLARS or _is_plain(text)
    return Answers(currency=now, is_plain=is_plain, budget=budget, idle=idle, machine=machine)


def _ask_machine(ask: Asker, given: Mapping[str, str | None], known: Machine | None) -> dict[str, Any]:
    name = ask("name of the machine", given["machine"], known.name if known else "gpu", read.word)
    old = known if known and known.name == name else None
    usual = "" if old is None else _shown(old.usd_per_hour)
    if old is not None and old.usd_per_gpu_hour is not None:
        usual = f"{_shown(old.usd_per_gpu_hour)}/gpu"
    stated = given["rate"] or (given["gpu_rate"] and f"{given['gpu_rate']}/gpu")
    key, price = ask(
        "what it costs an hour (1.29, or 2.49/gpu for each GPU; 0: nothing)", stated, usual, read.rate
    )
    seen = len(gpus_here()[0])
    count = str(old.gpus) if old and old.gpus is not None else str(seen or "-")
    told = f"its GPUs ({seen} seen here)" if seen else "its GPUs (none seen here; - for none)"
    machine: dict[str, Any] = {"name": name, "usd_per_hour": None, "usd_per_gpu_hour": None, key: price}
    gpus = ask(told, given["gpus"], count, read.whole)
    if gpus is not None or (old is not None and old.gpus is not None):
        machine["gpus"] = gpus
    billing = old.billing if old else "second"
    billing = ask("billed by second, minute or hour", given["billing"], billing, read.one_of(tuple(BILLINGS)))
    share = read.one_of(SHARES)(given["share"]) if given["share"] else (old.share if old else "time")
    for name, value, usual in (("billing", billing, "second"), ("share", share, "time")):
        if value != usual or (old is not None and getattr(old, name) != value):
            machine[name] = value
    if given["host"]:
        machine["host"] = read.word(given["host"])
    return machine


def _ask_budget(ask: Asker, given: Mapping[str, str | None], before: Config) -> dict[str, Any]:
    old = before.budget
    sums = {
        "spent_usd": ask("already spent", given["spent"], _shown(old.spent_usd), read.amount) or 0,
        "total_usd": ask(
            "may be spent in all (- for no limit)", given["total"], _shown(old.total_usd), read.amount
        ),
        "reserve_usd": ask(
            "of it kept back for a last checkpoint and export",
            given["reserve"],
            _shown(old.reserve_usd),
            read.amount,
        )
        or 0,
        "per_run_usd": ask(
            "the most one run may cost (- for no limit)",
            given["per_run"],
            _shown(old.per_run_usd),
            read.amount,
        ),
    }
    # what is as it was is left alone: a file with a mistake says more than could be read of it
    budget: dict[str, Any] = {key: value for key, value in sums.items() if value != getattr(old, key)}
    caps = ", ".join(f"{name}={_shown(most)}" for name, most in old.studies.items()) or "-"
    if ask.may_ask or given["studies"] is not None:
        new = ask("the most a study may cost (NAME=AMOUNT, ...)", given["studies"], caps, read.studies)
        budget["studies"] = {**dict.fromkeys(old.studies), **new}
    values = [getattr(old.ladder, step) for step in read.STEPS]
    usual = ",".join("-" if one is None else f"{one:g}" for one in values)
    steps = ask("per cents: tell, admit no more, stop least, stop all", given["ladder"], usual, read.ladder)
    if usual != ",".join("-" if one is False else f"{one:g}" for one in steps.values()):
        budget["ladder"] = steps
    return budget


def _ask_commands(
    ask: Asker, given: Mapping[str, str | None], before: Config, *, rehearse: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(what [idle] is to say, what [budget.on_cap] is to say: {} nothing, None no longer anything)."""
    idle: dict[str, Any] = {}
    minutes = before.idle.tell_minutes
    usual = "-" if minutes is None else f"{minutes:g}"
    after = ask(
        "told when idle for so many minutes (- for never)", given["idle_minutes"], usual, read.minutes
    )
    if after != minutes:
        idle["tell_minutes"] = False if after is None else after
    found: list[dict[str, Any] | None] = []
    for key, when, old in (
        ("on_idle", "when it is idle so long", before.idle.on_idle),
        ("on_cap", "when the money is used up", before.budget.on_cap),
    ):
        usual = shlex.join(old.command) or "-"
        words = ask(f"command to run {when}, as sudo poweroff (- for none)", given[key], usual, read.command)
        table: dict[str, Any] = {}
        if words:
            seconds = f"{old.countdown_seconds:g}"
            table = {"command": words}
            lasts = ask("seconds in which it can be cancelled", given["countdown"], seconds, read.positive)
            if lasts != 120 or old.countdown_seconds != lasts:
                table["countdown_seconds"] = lasts
            usual = "yes" if old.dry_run else "no"
            given_dry = "yes" if rehearse else None
            dry = ask("only say what would be run, as a rehearsal (yes or no)", given_dry, usual, read.yes)
            if dry or old.dry_run:
                table["dry_run"] = dry
        found.append(table if words or not old.command else None)
    if found[0] != {}:
        idle["on_idle"] = found[0]
    return idle, found[1]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}" if value == int(value) else repr(value)


def _is_plain(text: str) -> bool:
    """Whether the file has the keys without `usd` in it."""
    try:
        return bool(Said(text).renamed)
    except MistakeError:
        return False


def _has_sums(text: str) -> bool:
    return any(key in text for key in (*PLAIN, *PLAIN.values()))
