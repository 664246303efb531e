"""The settings and the keys as lines: what holds, who says so, what else there is."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.ui import keys
from trainui.ui.key import Key
from trainui.ui.keymap import Keymap
from trainui.ui.preferences import USUAL, YOURS, Preferences, Said
from trainui.ui.present.columns import Column, Row, columns
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.settings import AUTO, SETTINGS, Setting, Settings, written

_SETTINGS = (
    Column(name="name", head=" setting", left=True),
    Column(name="value", head="value", left=True, weight=1, gives=True),
    Column(name="from", head="from", left=True, weight=2),
    Column(name="about", head="", left=True, weight=3, gives=True),
)
_KEYS = (
    Column(name="place", head=" where", left=True, weight=2),
    Column(name="keys", head="key", left=True),
    Column(name="id", head="id", left=True, weight=3),
    Column(name="about", head="what it does", left=True, weight=1, gives=True),
)


def every_key() -> tuple[tuple[str, Key], ...]:
    """(place, key), each ID once, where it comes first."""
    found: dict[str, tuple[str, Key]] = {}
    for place, table in keys.PLACES.items():
        for key in table:
            found.setdefault(key.id, (place, key))
    return tuple(found.values())


def setting_rows(found: Preferences, held: Settings, cells: int) -> tuple[Line, ...]:
    """A head, and a line for each setting."""
    rows: list[Row] = []
    for setting in SETTINGS:
        said = found.said[setting.name]
        is_usual = said.origin == USUAL
        rows.append(
            {
                "name": line(" ", setting.name),
                "value": line(
                    Span(safe(in_words(setting, said.value, held)), "dim" if is_usual else "bold accent")
                ),
                "from": line(Span("" if is_usual else said.origin, "dim")),
                "about": line(Span(setting.about, "dim")),
            }
        )
    return columns(_SETTINGS, rows, cells)


def in_words(setting: Setting, value: object, held: Settings) -> str:
    """A value as people read it; `auto` with what it comes to."""
    if value == AUTO:
        what = {
            "theme": "dark" if held.dark else "light",
            "ascii": "on" if held.ascii else "off",
            "motion": "reduced" if held.is_reduced else "full",
        }[setting.name]
        return f"auto: {what}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " ".join(value) or "all"
    return written(value).strip('"')


def setting_about(setting: Setting, said: Said, cells: int) -> list[Line]:
    """What a setting does, what it may be, and who says what it is."""
    rows = list(wrap(line(Span(setting.name, "bold"), setting.about), cells, 1))
    if setting.is_number:
        may = f"from {setting.least:g} to {setting.most:g}"
    elif setting.is_list:
        may = "of " + " ".join(str(one) for one in setting.choices)
    else:
        may = "one of " + " ".join(written(one).strip('"') for one in setting.choices)
    late = "; holds from the next start on" if setting.is_late else ""
    rows += wrap(line(Span(f"{may}{late}; usually {written(setting.default)}", "dim")), cells, 1)
    if said.told:
        over = ""
        if said.origin != YOURS and said.yours is not None:
            over = f", and goes before your {written(said.yours)}"
        where = safe(said.told).rpartition("/")[2]
        rows += wrap(line(Span(f"{where} says so{over}", "dim")), cells, 1)
    return rows


def key_rows(keymap: Keymap, cells: int) -> tuple[Line, ...]:
    """A head, and a line for each key."""
    rows: list[Row] = []
    for place, key in every_key():
        tone = "bold accent" if key.id in keymap.chosen else ""
        rows.append(
            {
                "place": line(" ", place),
                "keys": line(Span(safe(keymap.written(key.id)), tone)),
                "id": line(Span(key.id, "dim")),
                "about": line(Span(key.about, "dim")),
            }
        )
    return columns(_KEYS, rows, cells)


def key_about(place: str, key: Key, keymap: Keymap, cells: int) -> list[Line]:
    """What a key does, and what it usually is."""
    rows = list(wrap(line(Span(key.id, "bold"), key.about), cells, 1))
    usual = f"; usually {key.written}" if key.id in keymap.chosen else ""
    rows.append(line(Span(f" {place}{usual}", "dim")))
    return rows


def shortened(path: str, most: int) -> str:
    """The end of a path, which tells more than its beginning."""
    return path if len(path) <= most else f"…{path[-max(1, most - 1) :]}"


def problem_lines(problems: Sequence[str], cells: int, most: int) -> list[Line]:
    """What is wrong with the files, as far as it fits."""
    rows = [row for problem in problems for row in wrap(line(Span(f"✖ {safe(problem)}", "warn")), cells, 2)]
    if len(rows) <= most:
        return rows
    return [*rows[: most - 1], line(Span("  … trainui settings tells all of it", "dim"))]
