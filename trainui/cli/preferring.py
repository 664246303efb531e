"""Verbs that tell how the dashboard is set here, and whether the files that set it are right: settings and keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainui.cli.look import json_option
from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain, print_json, table
from trainui.core.errors import NotFoundError, UserError

if TYPE_CHECKING:
    from trainui.ui.preferences import Preferences


@click.command("settings")
@json_option
@db_option
def settings_command(place: Place, as_json: bool) -> None:
    """Every setting of the dashboard, its value here, and who says so; exit 2 when a file is wrong."""
    from trainui.ui.preferences import load_preferences
    from trainui.ui.settings import NAMES, written

    found = load_preferences(_project(place))
    if as_json:
        said = [
            {
                "setting": name,
                "value": one.value,
                "from": one.origin,
                "where": one.told or None,
                "default": NAMES[name].default,
            }
            for name, one in found.said.items()
        ]
        print_json({"file": _file(found), "settings": said, "problems": list(found.problems)})
    else:
        rows = [
            [name, written(one.value), one.told or one.origin, NAMES[name].about]
            for name, one in found.said.items()
        ]
        table(["setting", "value", "from", "what it does"], rows)
        click.echo(f"\nyour file: {plain(_file(found) or 'there is no home for it')}")
    _complain(found)


@click.command("keys")
@json_option
@db_option
def keys_command(place: Place, as_json: bool) -> None:
    """Every key of the dashboard as it is here, by place; exit 2 when a file is wrong."""
    from trainui.ui.keys import PLACES
    from trainui.ui.preferences import load_preferences

    found = load_preferences(_project(place))
    keymap = found.keymap
    if as_json:
        said = [
            {
                "place": where,
                "id": key.id,
                "keys": list(keymap.keys(key)),
                "default": key.key.split(","),
                "about": key.about,
            }
            for where, keys in PLACES.items()
            for key in keys
        ]
        print_json({"file": _file(found), "keys": said, "problems": list(found.problems)})
    else:
        rows = []
        for where, keys in PLACES.items():
            for key in keys:
                changed = f"  (was {key.written})" if key.id in keymap.chosen else ""
                rows.append([where, keymap.written(key.id), key.id, key.about + changed])
        table(["where", "key", "id", "what it does"], rows)
        click.echo(f"\nyour file: {plain(_file(found) or 'there is no home for it')}")
    _complain(found)


def _project(place: Place) -> Path | None:
    try:
        return place.project
    except NotFoundError:
        return None


def _file(found: Preferences) -> str | None:
    return str(found.path) if found.path is not None else None


def _complain(found: Preferences) -> None:
    """Say each thing that is wrong. Raises UserError with the last of them."""
    for problem in found.problems[:-1]:
        click.echo(f"trainui: {plain(problem)}", err=True)
    if found.problems:
        raise UserError(found.problems[-1])
