"""The keys in force: those of the table, with a person's own in their place; and what is wrong with a person's own.

Pure. A key has an ID; `[keys]` of the settings names it: `"run.stop" = "f8,ctrl+x"`, or `""` for no key at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from trainui.core.errors import UserError, nearest
from trainui.ui import keys
from trainui.ui.key import written

if TYPE_CHECKING:
    from trainui.ui.key import Key

NO_KEY = "no_key"
"""What Textual is told is the key of something that has none: nothing sends it."""
MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
_TAKEN = {
    "ctrl+c": "the terminal's own",
    "ctrl+q": "for leaving at once",
    "ctrl+z": "the shell's own",
}
_SENT_AS = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+[": "escape"}
"""What a terminal cannot tell from another key."""
_USUAL = {"esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
          "page_up": "pageup", "page_down": "pagedown", "spacebar": "space", "backspc": "backspace"}  # fmt: skip
_WAYS_BACK = ("back", "close", "clear_filter", "answer('n')", "answer('')")
"""Actions without a key for which one would be caught."""


class Keymap:
    """The keys in force."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        """`chosen`: ID → keys as Textual calls them, with commas; "" for none. Checked by `clashes`."""
        self.chosen = dict(chosen or {})
        self._actions: dict[str, dict[str, str]] = {}

    def keys(self, key: Key) -> tuple[str, ...]:
        """The keys of something that can be done, as Textual calls them."""
        text = self.chosen.get(key.id, key.key)
        return tuple(named(one) for one in text.split(",")) if text else ()

    def written(self, id_: str) -> str:
        """The keys of an ID as people write them, `–` when it has none."""
        key = known()[id_]
        chosen = self.chosen.get(id_)
        return key.written if chosen is None else written(chosen) if chosen else "–"

    def first(self, id_: str) -> str:
        """The first key of an ID as people write it: what a sentence names."""
        return self.written(id_).split(" ")[0]

    def action(self, place: str, key: str) -> str | None:
        """What a key does in a place; None when nothing does."""
        if place not in self._actions:
            table = keys.PLACES[place]
            self._actions[place] = {name: one.action for one in table for name in self.keys(one)}
        return self._actions[place].get(key)

    def typed(self, ids: Iterable[str]) -> dict[str, str]:
        """Key → action of these IDs while something is typed, when letters are no commands."""
        table = known()
        return {
            name: table[id_].action for id_ in ids for name in self.keys(table[id_]) if not is_typed(name)
        }

    def for_textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes."""
        return {id_: text or NO_KEY for id_, text in self.chosen.items()}


def keymap_of(app: App[Any]) -> Keymap:
    """The keys in force in an app; those of the table in one that has none of its own."""
    found = getattr(app, "keymap", None)
    return found if isinstance(found, Keymap) else DEFAULT


def is_offered(app: App[Any], id_: str | None) -> bool:
    """Whether an app offers what a key does: one that only looks does not offer what it would refuse."""
    key = known().get(id_ or "")
    return key is None or not (key.acts and getattr(app, "only_looks", False))


def offered(app: App[Any], id_: str) -> str:
    """The first key of an ID, for a sentence that offers it; empty where it is not offered."""
    return keymap_of(app).first(id_) if is_offered(app, id_) else ""


DEFAULT = Keymap()


@cache
def known() -> dict[str, Key]:
    """ID → key, of every place."""
    return {key.id: key for table in keys.PLACES.values() for key in table}


@cache
def named(key: str) -> str:
    """A key as Textual calls it: `/` → `slash`."""
    key = key.strip()
    if len(key) != 1 or key.isalnum():
        return key
    name = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


@cache
def is_typed(key: str) -> bool:
    """Whether a key is a letter or a sign, which a field would take."""
    character = key_to_character(key)
    return character is not None and character.isprintable()


def checked(id_: str, text: str) -> str:
    """The keys of an ID as Textual calls them. Raises UserError with what is wrong with the ID or a key."""
    table = known()
    if id_ not in table:
        raise UserError(f"there is no key called {id_!r}", hint=nearest(id_, table))
    found = [_checked(one) for one in _parts(text)]
    if not found and table[id_].action in _WAYS_BACK:
        raise UserError(f"{id_} needs a key", hint="without one there would be no way back")
    if id_ in keys.TYPED and not any(not is_typed(one) for one in found):
        hint = "for example f2, or ctrl+s"
        raise UserError(f"{id_} needs a key that is no letter: letters are typed there", hint=hint)
    return ",".join(dict.fromkeys(found))


def clashes(chosen: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """ID of `chosen` → (key, the ID it clashes with, the place): what two IDs of one place would both be."""
    keymap = Keymap(chosen)
    found: dict[str, tuple[str, str, str]] = {}
    for place, table in keys.PLACES.items():
        owner: dict[str, Key] = {}
        around = keys.EVERYWHERE if place not in keys.DIALOGS else ()
        for one in (*around, *table):
            for name in keymap.keys(one):
                other = owner.setdefault(name, one)
                if other.id == one.id:
                    continue
                late, early = (one, other) if one.id in chosen else (other, one)
                if late.id in chosen:
                    found.setdefault(late.id, (name, early.id, place))
    return found


def _parts(text: str) -> list[str]:
    """`a, b` → `a`, `b`; a comma alone is the comma."""
    text = text.strip()
    return ["comma"] if text == "," else [one.strip() for one in text.split(",") if one.strip()]


def _checked(key: str) -> str:
    if len(key) == 1:
        if not key.isprintable() or key.isspace():
            raise UserError(f"{key!a} is no key", hint="for example space")
        return named(key)
    told, key = key, f"ctrl+{key[1:]}" if key[0] == "^" else key
    *modifiers, base = f"{key[:-1]}plus".split("+") if key.endswith("++") else key.split("+")
    modifiers = [one.lower() for one in modifiers]
    if wrong := next((one for one in modifiers if one not in MODIFIERS), ""):
        raise UserError(f"{told!r} is no key: {wrong!r} is no modifier", hint=nearest(wrong, MODIFIERS))
    base = base if len(base) == 1 else base.lower()
    base = named(_USUAL.get(base, base).lower() if "ctrl" in modifiers else _USUAL.get(base, base))
    whole = "+".join((*modifiers, base))
    if len(base) != 1 and base not in _names():
        close = get_close_matches(base, _names(), n=1, cutoff=0.7)
        hint = f"did you mean {close[0]!r}?" if close else "for example f8, ctrl+x, space"
        raise UserError(f"{told!r} is no key", hint=hint)
    if whole.startswith("shift+") and len(base) == 1 and base.isalpha():
        raise UserError(f"{told!r} is written {base.upper()!r}")
    if whole in _SENT_AS:
        raise UserError(f"a terminal sends {_SENT_AS[whole]} for {told!r}", hint=f"write {_SENT_AS[whole]}")
    if whole in _TAKEN:
        raise UserError(f"{told!r} is {_TAKEN[whole]}")
    return whole


@cache
def _names() -> frozenset[str]:
    """Every name of a key without modifiers that is longer than a letter."""
    told = {str(one.value) for one in Keys}
    signs = {named(chr(code)) for code in range(33, 127)}
    odd = {"return", "ctrl-at"}
    return frozenset(
        one for one in (told | signs | {"space"}) - odd if len(one) > 1 and not set(one) & set("+<")
    )
