"""Params as people type them: `key=value key=value`, both ways."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import cast

from trainui.core.errors import UserError, nearest
from trainui.core.spec import ParamValue, Spec, resolve
from trainui.core.spec.model import Job


def parse_params(text: str, known: Mapping[str, object]) -> dict[str, str]:
    """`learning_rate=1e-4 epochs=3` as a mapping. Raises UserError for anything else."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"params: {error}") from error
    params: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise UserError(f"params: {word!r} is not key=value", hint="epochs=3 learning_rate=1e-4")
        if known and key not in known:
            raise UserError(f"params: {key!r} is not a param of this job", hint=nearest(key, known))
        params[key] = value
    return params


def written(value: object) -> str:
    """A value of a spec as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def typed(params: Mapping[str, object]) -> str:
    """All of them in one line that `parse_params` reads back."""
    return " ".join(shlex.quote(f"{key}={written(value)}") for key, value in params.items())


def changed(text: str, params: Mapping[str, object]) -> dict[str, str]:
    """What a typed line changes in `params`; what it leaves out stays. Raises UserError."""
    before = {key: written(value) for key, value in params.items()}
    return {key: value for key, value in parse_params(text, params).items() if before.get(key) != value}


def checked(job: str, text: str, params: Mapping[str, object]) -> dict[str, str]:
    """What a typed line sets, each value of the type of its default; a name that resembles none is a new flag.

    Raises UserError, in one sentence, for what a start would refuse.
    """
    overrides = parse_params(text, {})
    resolve(
        Spec(job=Job(name=job, command=[job]), params=cast(dict[str, ParamValue], dict(params))),
        overrides=overrides,
    )
    return overrides


def kind_of(value: object) -> str:
    """What may be typed in the place of a default."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "whole number"
    if isinstance(value, float):
        return "number"
    return "list, with commas" if isinstance(value, list) else "text"
