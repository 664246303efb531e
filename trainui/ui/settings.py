"""How the dashboard looks here: `[ui]` of trainui.toml, then what the terminal can do."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a person chooses in `[ui]`: `theme = "light"`, `ascii = true`."""

    dark: bool = True
    ascii: bool = False


def needs_ascii(env: Mapping[str, str]) -> bool:
    """Whether the terminal cannot show UTF-8: the Linux console, or a locale with another encoding."""
    if env.get("TERM", "") in ("linux", "dumb", "vt100", "vt220"):
        return True
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    encoding = locale.partition(".")[2].partition("@")[0].lower().replace("-", "")
    return bool(encoding) and encoding != "utf8"


def is_dark(env: Mapping[str, str]) -> bool:
    """Whether the terminal's background is dark, where COLORFGBG tells; dark otherwise."""
    background = env.get("COLORFGBG", "").rpartition(";")[2]
    return not (background.isdigit() and (int(background) == 7 or int(background) > 8))


def load(project: Path, env: Mapping[str, str] | None = None) -> Settings:
    """The settings of a project folder. A file that cannot be read is the core's to complain about."""
    env = os.environ if env is None else env
    try:
        table = tomllib.loads((project / "trainui.toml").read_text("utf-8")).get("ui", {})
    except (OSError, ValueError):
        table = {}
    theme = table.get("theme") if isinstance(table, dict) else None
    plain = table.get("ascii") if isinstance(table, dict) else None
    return Settings(
        dark=is_dark(env) if theme not in ("dark", "light") else theme == "dark",
        ascii=needs_ascii(env) if not isinstance(plain, bool) else plain,
    )
