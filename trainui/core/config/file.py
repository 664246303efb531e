"""Reading trainui.toml, and what is wrong with it: the file, the line, what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from trainui.core.config.model import Budget, Config, Machine, Notify, Queue
from trainui.core.errors import SpecError, nearest


def load_config(project: Path) -> Config:
    """Read trainui.toml; a project without one has no budget and costs nothing. Raises SpecError."""
    path = project / "trainui.toml"
    if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        text = path.read_text(encoding="utf-8")
        config = msgspec.convert(tomllib.loads(text), Config)
    except FileNotFoundError:
        return Config()
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SpecError(f"{path}:{line[1] if line else 1}: not valid TOML: {error}") from error
    except (UnicodeDecodeError, OSError) as error:
        raise SpecError(f"{path}:1: cannot be read: {error}") from error
    except msgspec.ValidationError as error:
        raise _explain(path, text, str(error)) from error
    _check(path, text, config)
    return config


def _explain(path: Path, text: str, message: str) -> SpecError:
    unknown = re.search(r"unknown field `(.*?)`(?: - at `\$\.(\w+))?", message)
    word = unknown[1] if unknown else (re.findall(r"\.(\w+)", message) or [""])[-1]
    line = next((n for n, row in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[*{word}\b", row)), 1)
    if unknown:
        structs: dict[str, type[msgspec.Struct]] = {
            "budget": Budget, "machine": Machine, "queue": Queue, "notify": Notify,
        }  # fmt: skip
        known = structs.get(unknown[2] or "", Config).__struct_fields__
        return SpecError(f"{path}:{line}: there is no key {word!r}", hint=nearest(word, known))
    return SpecError(f"{path}:{line}: {message}")


def _check(path: Path, text: str, config: Config) -> None:
    def refuse(word: str, what: str, hint: str = "") -> SpecError:
        line = next((n for n, row in enumerate(text.splitlines(), 1) if word in row), 1)
        return SpecError(f"{path}:{line}: {what}", hint=hint)

    budget = config.budget
    for name in ("total_usd", "spent_usd", "reserve_usd"):
        value = getattr(budget, name)
        if value is not None and not 0 <= value < float("inf"):
            raise refuse(name, f"{name} must be a sum of money, not {value}")
    names = [machine.name for machine in config.machine]
    for machine in config.machine:
        for key in ("usd_per_hour", "usd_per_gpu_hour"):
            rate = getattr(machine, key)
            if rate is not None and not 0 <= rate < float("inf"):
                raise refuse(key, f"machine {machine.name!r} has the rate {rate}")
        if machine.billing not in ("second", "minute", "hour"):
            raise refuse(
                "billing",
                f"billing {machine.billing!r} is not known",
                nearest(machine.billing, ("second", "minute", "hour")),
            )
        if names.count(machine.name) > 1:
            raise refuse(machine.name, f"two machines are called {machine.name!r}")
    if config.queue.slots is not None and config.queue.slots < 1:
        raise refuse("slots", "slots must be at least 1")
    if config.notify.command and not config.notify.command[0]:
        raise refuse("command", "the notify command is empty", 'for example ["notify-send", "trainui"]')
    if not 0 < config.notify.timeout_seconds < float("inf"):
        raise refuse("timeout_seconds", f"timeout_seconds cannot be {config.notify.timeout_seconds}")
