"""What a person and a project say of the dashboard: their files read, and a person's written.

The person's file is $XDG_CONFIG_HOME/trainui/settings.toml, with [ui] and [keys]; [ui] of the project's trainui.toml
goes before it, the environment before both. Keys are a matter of fingers: a project has no say in them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from trainui.core.errors import SpecError, UserError, nearest
from trainui.ui import keymap
from trainui.ui.key import written
from trainui.ui.keymap import Keymap
from trainui.ui.settings import NAMES, SETTINGS, as_held, checked, wants_calm

if TYPE_CHECKING:
    from trainui.ui.settings import Settings, Value

USUAL, YOURS, PROJECTS, ENVIRONMENT = "default", "your file", "trainui.toml", "environment"
MOST_BYTES = 1_000_000
HEAD = "# How the dashboard of trainui looks and what its keys are; docs/dashboard.md has every line there can be.\n"


class Said(Struct, frozen=True, kw_only=True):
    """A setting: its value, and who says so."""

    value: Value
    origin: str = USUAL
    told: str = ""
    """Where: a file with its line, or the variable."""
    yours: Value | None = None
    """What the person's file says, also where another goes before it."""


class Preferences(Struct, frozen=True, kw_only=True):
    """All that is said, by whom, and what is wrong with it."""

    said: Mapping[str, Said] = field(
        default_factory=lambda: {one.name: Said(value=one.default) for one in SETTINGS}
    )
    keymap: Keymap = keymap.DEFAULT
    problems: tuple[str, ...] = ()
    """A sentence each, beginning with the file and the line."""
    path: Path | None = None
    """The person's file, whether it is there or not; None where there is no home for it."""
    is_broken: bool = False
    """Whether the person's file cannot be read at all, and so is not written either."""

    def settings(self, env: Mapping[str, str] | None = None) -> Settings:
        """The settings as they hold in this terminal."""
        values = {name: one.value for name, one in self.said.items()}
        return as_held(values, os.environ if env is None else env)


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.said = {one.name: Said(value=one.default) for one in SETTINGS}
        self.chosen: dict[str, str] = {}
        self.problems: list[str] = []

    def take_ui(self, file: _File, origin: str) -> None:
        for name, raw in file.table("ui", self.problems).items():
            try:
                value = checked(name, raw)
            except UserError as error:
                self.problems.append(file.complaint(("ui", name), str(error)))
            else:
                yours = value if origin == YOURS else self.said[name].yours
                told = f"{file.path}:{file.line(('ui', name))}"
                self.said[name] = Said(value=value, origin=origin, told=told, yours=yours)

    def take_keys(self, file: _File) -> None:
        for id_, raw in _flat(file.table("keys", self.problems)).items():
            try:
                if not isinstance(raw, str):
                    raise UserError(f"{id_} should be keys in quotes", hint='for example "f8,ctrl+x"')
                self.chosen[id_] = keymap.checked(id_, raw)
            except UserError as error:
                self.problems.append(file.complaint(("keys", id_), str(error)))
        while found := keymap.clashes(self.chosen):
            for id_, (key, other, place) in found.items():
                told = f"{id_} = {key!r} is the key of {other} ({place})"
                self.problems.append(file.complaint(("keys", id_), told))
                del self.chosen[id_]

    def take_environment(self, env: Mapping[str, str]) -> None:
        if told := wants_calm(env):
            before = self.said["motion"]
            self.said["motion"] = replace(before, value="reduced", origin=ENVIRONMENT, told=told)


class _File:
    """A TOML file that was read."""

    def __init__(self, path: Path, text: str) -> None:
        """Raises SpecError: not TOML."""
        self.path, self._text = path, text
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            line = found[1] if found else text.rstrip().count("\n") + 1
            raise SpecError(f"{path}:{line}: not valid TOML: {error}") from error

    def table(self, name: str, problems: list[str]) -> dict[str, Any]:
        """One table; empty where there is none."""
        found = self.tables.get(name, {})
        if isinstance(found, dict):
            return found
        problems.append(self.complaint((name,), f"{name} should be a table (write [{name}])"))
        return {}

    def line(self, path: tuple[str, ...]) -> int:
        """The line in which something is said."""
        from trainui.core.config.places import Places  # only what is said has a line

        places = Places(self._text)
        return places.line(path if places.is_said(path) else (path[0], *".".join(path[1:]).split(".")))

    def complaint(self, path: tuple[str, ...], told: str) -> str:
        """A sentence with its place."""
        return f"{self.path}:{self.line(path)}: {told}"


def preferences_path(env: Mapping[str, str] | None = None) -> Path | None:
    """The person's file; None where there is no home for it."""
    env = os.environ if env is None else env
    home = env.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # the XDG rules say to ignore others
        home = os.path.join(env.get("HOME") or os.path.expanduser("~"), ".config")
    return Path(home, "trainui", "settings.toml") if os.path.isabs(home) else None


def load_preferences(project: Path | None, env: Mapping[str, str] | None = None) -> Preferences:
    """Everything that is said here. What is wrong is a problem, and the usual holds in its place."""
    env = os.environ if env is None else env
    reading, path, is_broken = _Reading(), preferences_path(env), False
    try:
        file = _read(path) if path is not None else None
    except SpecError as error:
        is_broken = True
        reading.problems.append(str(error))
    else:
        if file is not None:
            for name in set(file.tables) - {"ui", "keys"}:
                told = f"there is no table or key {name!r} here ({nearest(name, ('ui', 'keys'))})"
                reading.problems.append(file.complaint((name,), told))
            reading.take_ui(file, YOURS)
            reading.take_keys(file)
    try:
        ours = _read(project / "trainui.toml") if project is not None else None
    except SpecError:
        ours = None  # the core complains of it
    if ours is not None:
        reading.take_ui(ours, PROJECTS)
    reading.take_environment(env)
    return Preferences(
        said=reading.said,
        keymap=Keymap(reading.chosen),
        problems=tuple(reading.problems),
        path=path,
        is_broken=is_broken,
    )


def with_setting(found: Preferences, name: str, value: Value | None) -> Preferences:
    """The preferences once the person's file says `name = value`, or nothing of it."""
    before = found.said[name]
    if before.origin in (PROJECTS, ENVIRONMENT):
        now = replace(before, yours=value)
    elif value is None:
        now = Said(value=NAMES[name].default)
    else:
        now = Said(value=value, origin=YOURS, told=str(found.path), yours=value)
    return replace(found, said={**found.said, name: now})


def with_key(found: Preferences, id_: str, text: str | None) -> Preferences:
    """The preferences once the person's file says these keys of an ID, or nothing of it.

    Raises UserError: no such key, or another's.
    """
    chosen = {one: keys for one, keys in found.keymap.chosen.items() if one != id_}
    if text is not None:
        chosen[id_] = keymap.checked(id_, text)
    clash = next(iter(keymap.clashes(chosen).items()), None)
    if clash is not None:
        of, (key, other, place) = clash
        told = other if of == id_ else of
        about = keymap.known()[told].about
        raise UserError(f"{written(key)} is the key of {told} already ({place})", hint=about)
    return replace(found, keymap=Keymap(chosen))


def write_setting(path: Path, name: str, value: Value | None) -> None:
    """Say `name = value` in [ui] of the person's file; None takes the line away. Raises UserError."""
    _write(path, "ui", name, list(value) if isinstance(value, tuple) else value)


def write_key(path: Path, id_: str, keys: str | None) -> None:
    """Say which keys an ID has in [keys] of the person's file; None takes the line away. Raises UserError."""
    _write(path, "keys", id_, keys)


def _write(path: Path, table: str, name: str, value: object) -> None:
    """Change one line of a file that stays as it was otherwise; whole or not at all."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from trainui.core.specedit import replace_text

    try:
        text = _text(path)
        before = _File(path, text or "").tables  # whoever broke it mends it: it is not written over
        document = tomlkit.parse(text if text is not None else HEAD)
        wanted = deepcopy(before)
        for tables in (wanted, document):
            _change(tables, table, name, value)
        draft = tomlkit.dumps(document)
        if _pruned(tomllib.loads(draft)) != _pruned(wanted):
            raise UserError(f"{path}: {name} could not be written", hint="write it yourself")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_text(path, draft)
    except SpecError as error:
        raise UserError(f"nothing was written: {error.message}", hint="mend the file first") from error
    except (TOMLKitError, tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
        raise UserError(f"{path}: {name} could not be written", hint="write it yourself") from error
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}") from error


def _change(tables: Any, table: str, name: str, value: object) -> None:
    """Set one value in place, or take it away; `run.stop` may stand there without quotes, as a table."""
    if table not in tables:
        if value is None:
            return
        tables[table] = {}
    held = tables[table]
    head, _, rest = name.partition(".")
    if name not in held and rest and isinstance(held.get(head), dict) and rest in held[head]:
        held, name = held[head], rest
    if value is None:
        held.pop(name, None)
    else:
        held[name] = value


def _pruned(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Without tables that hold nothing."""
    found = {key: _pruned(one) if isinstance(one, dict) else one for key, one in tables.items()}
    return {key: one for key, one in found.items() if one != {}}


def _read(path: Path) -> _File | None:
    """A file; None where there is none. Raises SpecError."""
    text = _text(path)
    return None if text is None else _File(path, text)


def _text(path: Path) -> str | None:
    """Raises SpecError where there is something that is no text."""
    try:
        if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
            raise SpecError(f"{path}:1: is not a file", hint="move it away")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise SpecError(f"{path}:1: is far too long for settings")
        return raw.decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}:1: cannot be read: {error}") from error


def _flat(table: Mapping[str, Any], head: str = "") -> dict[str, Any]:
    """`run.stop = "x"` without quotes is a table in TOML; it is meant as `"run.stop"`."""
    found: dict[str, Any] = {}
    for key, one in table.items():
        if isinstance(one, dict):
            found |= _flat(one, f"{head}{key}.")
        else:
            found[head + key] = one
    return found
