"""The questions of `trainui budget init`: how each answer is read, from an option or from a person."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from trainui.core.errors import nearest

Answer = TypeVar("Answer")
NOTHING = ("", "-", "none", "no")
"""How a person says that there is none."""

STEPS = ("tell", "admit_no_more", "stop_least", "stop_all")


class Asker:
    """Takes the option that was given, or asks, or takes what is usual where nobody can be asked."""

    def __init__(self, *, may_ask: bool) -> None:
        self.may_ask = may_ask

    def __call__(self, question: str, given: str | None, usual: str, read: Callable[[str], Answer]) -> Answer:
        """The answer to `question`. Raises click.UsageError for an option that cannot be read."""
        if given is not None:
            return read(given)
        if not self.may_ask:
            return read(usual)
        answer: Answer = click.prompt(question, default=usual, value_proc=read, err=True)
        return answer


def word(text: str) -> str:
    """One line that is not empty."""
    text = text.strip()
    if not text or not text.isprintable():
        raise click.UsageError("a name is needed" if not text else "a name is one line of plain characters")
    return text


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """Reads one of the known words."""

    def read(text: str) -> str:
        if text.strip() not in known:
            raise click.UsageError(f"{text!r} is not known ({nearest(text.strip(), known)})")
        return text.strip()

    return read


def amount(text: str) -> float | None:
    """A sum of money, or None."""
    text = text.strip().removesuffix("$").removeprefix("$").strip()
    if text.lower() in NOTHING:
        return None
    try:
        value = float(text)
    except ValueError:
        hint = (
            f"with a point: {text.replace(',', '.')}"
            if text.count(",") == 1 and "." not in text
            else "for example 20 or 1.29"
        )
        raise click.UsageError(f"{text!r} is no sum of money ({hint})") from None
    if not 0 <= value < math.inf:
        raise click.UsageError(f"{text!r} is no sum of money: it must be 0 or more")
    return int(value) if value == int(value) and "." not in text else value


def needed(text: str) -> float:
    """A sum of money."""
    value = amount(text)
    if value is None:
        raise click.UsageError("a rate is needed; 0 says that the machine is free")
    return value


def rate(text: str) -> tuple[str, float]:
    """(the key it belongs to, the rate): `1.29` of the machine, or `2.49/gpu` of each GPU."""
    text = text.strip().lower()
    for ending in ("/h", "/hour", " per hour", " an hour"):
        text = text.removesuffix(ending)
    for ending in ("/gpu", " per gpu"):
        if text.endswith(ending):
            return "usd_per_gpu_hour", needed(text.removesuffix(ending))
    return "usd_per_hour", needed(text)


def minutes(text: str) -> float | None:
    """A number of minutes, or None."""
    try:
        return amount(text)
    except click.UsageError:
        raise click.UsageError(f"{text.strip()!r} is no number of minutes (for example 10)") from None


def yes(text: str) -> bool:
    """Yes or no."""
    known = {"yes": True, "y": True, "no": False, "n": False}
    if text.strip().lower() not in known:
        raise click.UsageError(f"{text.strip()!r}: yes or no?")
    return known[text.strip().lower()]


def whole(text: str) -> int | None:
    """A whole number of 0 or more, or None."""
    text = text.strip()
    if text.lower() in NOTHING:
        return None
    if not text.isdecimal():
        raise click.UsageError(f"{text!r} is no whole number")
    return int(text)


def positive(text: str) -> float:
    """A number above 0."""
    value = amount(text)
    if not value:
        raise click.UsageError(f"{text!r} should be a number above 0")
    return value


def currency(text: str) -> str:
    """Three capital letters."""
    text = text.strip().upper()
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise click.UsageError(f"{text!r} is no currency (three letters, as USD or EUR)")
    return text


def ladder(text: str) -> dict[str, Any]:
    """Four per cents, `50,75,90,100`; `-` leaves one out."""
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",")]
    if len(parts) != len(STEPS):
        raise click.UsageError("the ladder has four per cents: tell, admit no more, stop least, stop all")
    values: dict[str, Any] = {}
    for step, part in zip(STEPS, parts, strict=True):
        value = amount(part)
        values[step] = False if value is None else value
    if values["stop_all"] is False:
        raise click.UsageError("the last step, stop all, cannot be left out")
    return values


def studies(text: str) -> dict[str, float]:
    """`NAME=AMOUNT, NAME=AMOUNT`."""
    if text.strip().lower() in NOTHING:
        return {}
    caps: dict[str, float] = {}
    for part in text.split(","):
        name, separator, value = part.rpartition("=")
        if not separator or not name.strip():
            raise click.UsageError(f"{part.strip()!r} is not STUDY=AMOUNT")
        caps[name.strip()] = needed(value)
    return caps


def command(text: str) -> list[str]:
    """A command as it is typed, in words; it is run without a shell."""
    if text.strip().lower() in NOTHING:
        return []
    try:
        return shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} cannot be split into words: {error}") from None
