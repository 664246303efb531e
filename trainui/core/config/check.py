"""RULE: what a trainui.toml that can be read must not say. Pure, but for the name of this host."""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Sequence

from trainui.core.config.exporting import check_export
from trainui.core.config.model import Budget, Config, Countdown, Idle, Ladder, Machine
from trainui.core.config.notifying import check_notify
from trainui.core.config.places import Path
from trainui.core.config.said import MistakeError, Said
from trainui.core.errors import nearest
from trainui.core.money.amounts import MICRO
from trainui.core.money.lease import STEPS

SHARES = ("time", "equal", "use")
"""How runs may share what the machine costs."""

MOST = 1e12
"""No sum is higher: the ledger counts millionths in 64 bits."""

WEEK = 7 * 86400.0

_STEPS = ("tell", "admit_no_more", "stop_least", "stop_all")


def check(config: Config, said: Said) -> None:
    """Raise MistakeError at the first thing that cannot be meant."""
    _check_budget(config.budget, said)
    _check_ladder(config.budget.ladder, said)
    _check_countdown(config.budget.on_cap, ("budget", "on_cap"), said)
    _check_idle(config.idle, said)
    _check_machines(config.machine, said)
    if config.machine and config.here not in config.machine:
        hint = f"let `host` say so, or add one for it; {said.key('usd_per_hour')} = 0 if it is free"
        message = f"no [[machine]] is this one, which is called {socket.gethostname()!r}"
        raise MistakeError(("machine", 0, "host"), message, hint)
    if config.queue.slots is not None and config.queue.slots < 1:
        raise MistakeError(("queue", "slots"), f"slots must be at least 1, not {config.queue.slots}")
    check_notify(config.notify)
    check_export(config.export)


def _check_budget(budget: Budget, said: Said) -> None:
    path: Path = ("budget",)
    for key in ("total_usd", "spent_usd", "reserve_usd", "per_run_usd"):
        _check_sum(getattr(budget, key), (*path, key), said)
    for study, most in budget.studies.items():
        where = (*path, "studies", study)
        if not study.strip():
            raise MistakeError(where, "[budget.studies] names a study ''", "a study has a name")
        _check_sum(most, where, said)
    if budget.per_run_usd == 0:
        where = (*path, "per_run_usd")
        raise MistakeError(where, f"{said.name(where)} = 0 lets no run start", "leave it out, or raise it")
    if budget.total_usd is None:
        return
    total, spent, reserve = ((*path, key) for key in ("total_usd", "spent_usd", "reserve_usd"))
    if budget.spent_usd > budget.total_usd:
        before = f"{said.name(spent)} = {budget.spent_usd:g} in line {said.line(spent)}"
        message = f"{said.name(total)} = {budget.total_usd:g} is below what is spent already ({before})"
        raise MistakeError(total, message, "raise the total, or put right what was spent before")
    if budget.reserve_usd > budget.total_usd:
        whole = f"{said.name(total)} = {budget.total_usd:g}"
        message = f"{said.name(reserve)} = {budget.reserve_usd:g} is above {whole}, of which it is a part"
        raise MistakeError(reserve, message, "keep back less, or raise the total")


def _check_sum(value: float | None, path: Path, said: Said) -> None:
    """A sum of money or a rate: not below nothing, not beyond counting, no less than a millionth."""
    name = said.name(path)
    if value is None:
        return
    if math.isnan(value):
        raise MistakeError(path, f"{name} is not a number", "nan is no sum of money")
    if value < 0:
        hint = "write a number of 0 or more"
        raise MistakeError(path, f"{name} = {value:g} is below 0, and should be a sum of money", hint)
    if value > MOST:
        raise MistakeError(path, f"{name} = {value:g} is more than can be counted", f"at most {MOST:.0f}")
    if 0 < value < 1 / MICRO:
        hint = "write 0 if it is nothing"
        raise MistakeError(path, f"{name} = {value:g} is less than a millionth, which is not counted", hint)


def _check_ladder(ladder: Ladder, said: Said) -> None:
    path: Path = ("budget", "ladder")
    lower: str | None = None
    for step in _STEPS:
        value = getattr(ladder, step)
        if value is None:
            continue
        if not 0 < value <= 100:
            hint = "per cent of the total less the reserve, above 0"
            raise MistakeError((*path, step), f"{step} = {value:g} is not from 0 to 100", hint)
        before = 0.0 if lower is None else getattr(ladder, lower)
        if lower is not None and value < before:
            usual = "" if said.is_said((*path, step)) else " (as it is unless you say otherwise)"
            at = (*path, step if said.is_said((*path, step)) else lower)
            hint = f"the steps go up: {', '.join(_STEPS)}; false leaves one out"
            raise MistakeError(at, f"{step} = {value:g}{usual} is below {lower} = {before:g}", hint)
        lower = step


def _check_countdown(countdown: Countdown, path: Path, said: Said) -> None:
    table = ".".join(str(part) for part in path)
    if countdown.command and not countdown.command[0].strip():
        hint = 'for example ["sudo", "poweroff"]; it is run without a shell'
        raise MistakeError((*path, "command"), f"the command of [{table}] is empty", hint)
    seconds = countdown.countdown_seconds
    if not 0 <= seconds <= WEEK:
        hint = "0 runs the command at once; at most a week"
        raise MistakeError((*path, "countdown_seconds"), f"countdown_seconds cannot be {seconds:g}", hint)
    if not countdown.command and said.is_said((*path, "countdown_seconds")):
        hint = 'command = ["sudo", "poweroff"], or leave the table out'
        raise MistakeError((*path, "countdown_seconds"), f"[{table}] counts down to no command", hint)


def _check_idle(idle: Idle, said: Said) -> None:
    for key in ("tell_minutes", "act_minutes"):
        value = getattr(idle, key)
        if value is not None and not 0 < value < math.inf:
            raise MistakeError(("idle", key), f"{key} cannot be {value:g}", "above 0; false for never")
    if not 0 <= idle.starting_minutes < math.inf:
        hint = "0 or more"
        raise MistakeError(
            ("idle", "starting_minutes"), f"starting_minutes cannot be {idle.starting_minutes:g}", hint
        )
    _check_countdown(idle.on_idle, ("idle", "on_idle"), said)
    if idle.on_idle.command and idle.tell_minutes is None and idle.act_minutes is None:
        hint = "act_minutes = 30 in [idle]"
        raise MistakeError(
            ("idle", "on_idle", "command"), "this command is never run: nothing says when", hint
        )


def _check_machines(machines: Sequence[Machine], said: Said) -> None:
    names: dict[str, int] = {}
    for number, machine in enumerate(machines):
        path: Path = ("machine", number)
        if not machine.name.strip() or not machine.name.isprintable():
            raise MistakeError((*path, "name"), f"{machine.name!a:.40} is no name for a machine", 'as "a100"')
        if machine.name in names:
            first = said.line(("machine", names[machine.name], "name"))
            message = f"two machines are called {machine.name!r}, the other in line {first}"
            raise MistakeError((*path, "name"), message, "each needs a name of its own")
        names[machine.name] = number
        _check_machine(machine, path, said)


def _check_machine(machine: Machine, path: Path, said: Said) -> None:
    whole, each = (*path, "usd_per_hour"), (*path, "usd_per_gpu_hour")
    _check_sum(machine.usd_per_hour, whole, said)
    _check_sum(machine.usd_per_gpu_hour, each, said)
    if machine.usd_per_hour is None and machine.usd_per_gpu_hour is None:
        hint = f"{said.key('usd_per_hour')} = 1.29, or 0 if it is free"
        raise MistakeError(path, f"machine {machine.name!r} has no rate", hint)
    if machine.usd_per_hour is not None and machine.usd_per_gpu_hour is not None:
        later = max(whole, each, key=said.line)
        both = f"{said.name(whole)} and {said.name(each)}"
        raise MistakeError(later, f"machine {machine.name!r} has two rates, {both}", "keep one")
    if machine.gpus is not None and not 0 <= machine.gpus <= 4096:
        raise MistakeError((*path, "gpus"), f"machine {machine.name!r} cannot have {machine.gpus} GPUs")
    if machine.usd_per_gpu_hour is not None and not machine.gpus:
        at = (*path, "gpus") if said.is_said((*path, "gpus")) else each
        message = f"machine {machine.name!r} has a rate per GPU and does not say how many it has"
        raise MistakeError(at, message, "gpus = 8, as many as you pay for")
    for key, known in (("billing", tuple(STEPS)), ("share", SHARES)):
        value = getattr(machine, key)
        if value not in known:
            hint = nearest(re.sub("^per[- ]", "", value.lower()), known)
            raise MistakeError((*path, key), f"{key} {value!r} is not known", hint)
    if machine.host != machine.host.strip() or not machine.host.isprintable():
        raise MistakeError((*path, "host"), f"host {machine.host!a:.60} is no host's name", "as 'gpu-*'")
