"""The settings of the dashboard: what each may be and what it does, and all of them as they hold here. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from trainui.core.errors import UserError, nearest
from trainui.ui.plot.axis import AXES
from trainui.ui.plot.smooth import WEIGHTS
from trainui.ui.present.rows import WIDE

Value = str | bool | float | tuple[str, ...]
AUTO = "auto"
CALM_SECONDS = 1.0
REDUCED_SECONDS = 3.0
"""How often what runs write is drawn at most with reduced motion."""


class Setting(Struct, frozen=True, kw_only=True):
    """One line of `[ui]`: of these choices, or a number from `least` to `most`, or names in a list."""

    name: str
    default: Value
    about: str
    choices: tuple[Value, ...] = ()
    """What it may be; of a number only what a key turns through; of a list the names."""
    least: float = 0.0
    most: float = 0.0
    is_late: bool = False
    """Whether it holds from the next start on."""

    @property
    def is_number(self) -> bool:
        """Whether any number from `least` to `most` will do."""
        return self.most > 0

    @property
    def is_list(self) -> bool:
        """Whether it is a list of names."""
        return isinstance(self.default, tuple)


def _flag(name: str, default: bool, about: str, *, is_late: bool = False) -> Setting:
    return Setting(name=name, default=default, about=about, choices=(True, False), is_late=is_late)


SETTINGS = (
    Setting(name="theme", default=AUTO, choices=(AUTO, "dark", "light", "ansi"),
            about="colours: as the terminal tells ($COLORFGBG, else dark), or the terminal's own sixteen"),
    Setting(name="ascii", default=AUTO, choices=(AUTO, True, False),
            about="draw with ASCII alone: auto where the terminal or its locale cannot show more"),
    Setting(name="motion", default=AUTO, choices=(AUTO, "full", "reduced"),
            about=f"reduced: nothing slides or blinks, and news is drawn every {REDUCED_SECONDS:g} s at most"),
    Setting(name="redraw_seconds", default=CALM_SECONDS, choices=(0.5, 1.0, 2.0, 5.0, 10.0), least=0.2, most=60.0,
            about="how often at most what runs write is drawn; a key never waits for it"),
    Setting(name="columns", default=(), choices=WIDE,
            about="the columns of the runs, of those that fit; an empty list: all"),
    Setting(name="x_axis", default=AXES[0], choices=AXES, about="the x axis of curves at first"),
    _flag("log_x", False, "a logarithmic x axis at first"),
    _flag("log_y", False, "a logarithmic y axis at first"),
    Setting(name="smoothing", default=WEIGHTS[0], choices=WEIGHTS,
            about="how smooth curves are at first: what is kept of the average, as in TensorBoard"),
    _flag("clip", False, "cut off what lies far out at first"),
    _flag("outlook", True, "show what a curve is expected to come to at first"),
    _flag("log_wrap", True, "long lines of a whole log wrapped at first, else cut"),
    Setting(name="confirm", default="always", choices=("always", "started"),
            about="ask before a run is stopped: always, or only if it has started"),
    _flag("bell", True, "ring the terminal's bell when a gate tells something"),
    Setting(name="toast_seconds", default=6.0, choices=(3.0, 6.0, 12.0, 30.0), least=1.0, most=600.0,
            about="how long a message stays in its corner"),
    _flag("footer", True, "show the keys in the last line"),
    _flag("mouse", True, "hear the mouse; false leaves it to the terminal, which selects text with it", is_late=True),
    _flag("remember", True, "remember how each project was looked at"),
)  # fmt: skip
NAMES: dict[str, Setting] = {one.name: one for one in SETTINGS}


class Settings(Struct, frozen=True, kw_only=True):
    """The settings as they hold here, with what `auto` comes to."""

    dark: bool = True
    ansi: bool = False
    ascii: bool = False
    is_reduced: bool = False
    redraw_seconds: float = CALM_SECONDS
    columns: tuple[str, ...] = ()
    x_axis: str = AXES[0]
    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    clip: bool = False
    outlook: bool = True
    log_wrap: bool = True
    confirm: str = "always"
    bell: bool = True
    toast_seconds: float = 6.0
    footer: bool = True
    mouse: bool = True
    remember: bool = True

    @property
    def calm_seconds(self) -> float:
        """How often at most what runs write is drawn."""
        return max(self.redraw_seconds, REDUCED_SECONDS) if self.is_reduced else self.redraw_seconds


def as_held(values: Mapping[str, Value], env: Mapping[str, str]) -> Settings:
    """Checked values as they hold in this terminal; those that are not there are the usual ones."""
    said = {one.name: values.get(one.name, one.default) for one in SETTINGS}
    theme, plain, motion = said.pop("theme"), said.pop("ascii"), said.pop("motion")
    plainly: dict[str, object] = dict(said)
    return Settings(
        dark=is_dark(env) if theme in (AUTO, "ansi") else theme == "dark",
        ansi=theme == "ansi" or (theme == AUTO and has_few_colours(env)),
        ascii=needs_ascii(env) if plain == AUTO else bool(plain),
        is_reduced=motion == "reduced",
        **plainly,  # type: ignore[arg-type]
    )


def checked(name: str, value: object) -> Value:
    """A value of a setting as a file says it. Raises UserError: no such setting, or no such value."""
    if name not in NAMES:
        raise UserError(f"[ui] has no key {name!r}", hint=nearest(name, NAMES))
    setting = NAMES[name]
    if setting.is_list:
        return _checked_list(setting, value)
    if setting.is_number or isinstance(setting.default, float):
        return _checked_number(setting, value)
    for one in setting.choices:
        if type(value) is type(one) and value == one:
            return one
    known = ", ".join(written(one) for one in setting.choices)
    near = (
        nearest(value, [one for one in setting.choices if isinstance(one, str)])
        if isinstance(value, str)
        else ""
    )
    hint = near if near.startswith("did") else f"one of {known}"
    raise UserError(f"{name} = {written(value)} is not known", hint=hint)


def _checked_list(setting: Setting, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise UserError(f"{setting.name} should be a list of names", hint='as ["run", "state", "metric"]')
    known = [str(one) for one in setting.choices]
    for one in value:
        if one not in known:
            raise UserError(f"{setting.name} names {one!r}, which is none", hint=nearest(one, known))
        if value.count(one) > 1:
            raise UserError(f"{setting.name} names {one!r} twice")
    return tuple(value)


def _checked_number(setting: Setting, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{setting.name} should be a number, not {written(value)}")
    if not setting.is_number and value not in setting.choices:
        raise UserError(
            f"{setting.name} = {value:g} is not known",
            hint=f"one of {', '.join(map(written, setting.choices))}",
        )
    if setting.is_number and not (math.isfinite(value) and setting.least <= value <= setting.most):
        hint = f"from {setting.least:g} to {setting.most:g}"
        raise UserError(f"{setting.name} cannot be {value:g}", hint=hint)
    return float(value)


def written(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(one) for one in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def as_typed(value: Value) -> str:
    """A value as one types it: names with blanks, no quotes."""
    return " ".join(value) if isinstance(value, tuple) else written(value).strip('"')


def meant(setting: Setting, text: str) -> object:
    """What was typed, as a file would say it; not checked."""
    if setting.is_list:
        return text.replace(",", " ").split()
    if isinstance(setting.default, float):
        try:
            return float(text)
        except ValueError:
            return text
    return {"true": True, "on": True, "false": False, "off": False}.get(text.lower(), text)


def has_few_colours(env: Mapping[str, str]) -> bool:
    """Whether the terminal has sixteen colours: ours would fall together there, its own do not."""
    if env.get("TEXTUAL_COLOR_SYSTEM", "") in ("256", "truecolor"):  # as in a browser, whatever $TERM was
        return False
    name, _, colours = env.get("TERM", "").lower().rpartition("-")
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or colours in (
        "256color",
        "direct",
        "kitty",
    ):
        return False
    return (name or colours) in ("xterm", "screen", "tmux", "linux", "rxvt", "vt100", "vt220", "ansi")


def needs_ascii(env: Mapping[str, str]) -> bool:
    """Whether the terminal cannot show UTF-8: the Linux console, or a locale with another encoding, as C has."""
    if env.get("TERM", "") in ("linux", "dumb", "vt100", "vt220"):
        return True
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    encoding = locale.partition(".")[2].partition("@")[0].lower().replace("-", "")
    return locale in ("C", "POSIX") or (bool(encoding) and encoding != "utf8")


def is_dark(env: Mapping[str, str]) -> bool:
    """Whether the terminal's background is dark, where COLORFGBG tells; dark otherwise."""
    background = env.get("COLORFGBG", "").rpartition(";")[2]
    return not (background.isdigit() and (int(background) == 7 or int(background) > 8))


def wants_calm(env: Mapping[str, str]) -> str:
    """The variable that asks for reduced motion, with its value; "" when none does."""
    for name in ("TRAINUI_REDUCED_MOTION", "NO_MOTION"):
        if env.get(name, "").lower() not in ("", "0", "false", "no"):
            return f"{name}={env[name]}"
    return "TEXTUAL_ANIMATIONS=none" if env.get("TEXTUAL_ANIMATIONS", "").lower() == "none" else ""
