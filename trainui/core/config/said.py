"""What trainui.toml says, made ready to be read: keys for any currency, `false` for never, and where all stands."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from trainui.core.config.places import Path, Places

DOLLARS = "USD"
"""The currency that keys ending in `_usd` are for."""

SUMS = {
    "budget": {
        "total_usd": "total",
        "spent_usd": "spent",
        "reserve_usd": "reserve",
        "per_run_usd": "per_run",
    },
    "machine": {"usd_per_hour": "per_hour", "usd_per_gpu_hour": "per_gpu_hour"},
}
"""Table → its keys for dollars → the same for any currency."""

PLAIN = {usd: bare for table in SUMS.values() for usd, bare in table.items()}

NEVER = {
    ("budget", "ladder", "tell"),
    ("budget", "ladder", "admit_no_more"),
    ("budget", "ladder", "stop_least"),
    ("idle", "tell_minutes"),
    ("idle", "act_minutes"),
}
"""What `false` switches off."""

_USUAL = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "USD", "euro": "EUR"}


class MistakeError(Exception):
    """Something that trainui.toml should not say, at `path`, and what to do."""

    def __init__(self, path: Path, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.path, self.message, self.hint = path, message, hint


class Said:
    """A trainui.toml: its tables with the keys that Config has, and how and where each was written."""

    def __init__(self, text: str) -> None:
        """Raises tomllib.TOMLDecodeError, or MistakeError where the currency and the keys do not go together."""
        self.tables: dict[str, Any] = tomllib.loads(text)
        self._text = text
        self._kept: Places | None = None
        self.currency = self._currency()
        self.renamed = self._to_one_kind()
        """Key of Config → key as written, of sums that are written without `usd`."""
        for path in NEVER:
            self._switch_off(path)

    def line(self, path: Path) -> int:
        """The line (from 1) of a key of Config, or of what would hold it."""
        return self._places.line(self._as_written(path))

    def is_said(self, path: Path) -> bool:
        """Whether the file says this itself."""
        return self._places.is_said(self._as_written(path))

    def name(self, path: Path) -> str:
        """The key of a path as it was written, or as it would be for this currency."""
        last = str(self._as_written(path)[-1])
        is_plain = self.currency != DOLLARS
        return PLAIN.get(last, last) if is_plain and not self.is_said(path) else last

    def key(self, name: str) -> str:
        """A key of Config as it is written for this currency."""
        return PLAIN.get(name, name) if self.currency != DOLLARS or self.renamed else name

    @property
    def _places(self) -> Places:
        """Only a mistake is worth the second look at the text."""
        if self._kept is None:
            self._kept = Places(self._text)
        return self._kept

    def _as_written(self, path: Path) -> Path:
        return self.renamed.get(path, path)

    def _currency(self) -> str:
        path: Path = ("budget", "currency")
        budget = self.tables.get("budget")
        currency = budget.get("currency", DOLLARS) if isinstance(budget, dict) else DOLLARS
        if not isinstance(currency, str):
            raise MistakeError(path, f"currency should be three letters, not {currency}", 'for example "EUR"')
        if not re.fullmatch("[A-Z]{3}", currency):
            wanted = currency.upper() if re.fullmatch("[A-Za-z]{3}", currency) else "three letters, as EUR"
            usual = _USUAL.get(currency.strip().lower().removesuffix("s"), wanted)
            raise MistakeError(path, f"currency {currency!r} is not three capital letters", f"write {usual}")
        return currency

    def _to_one_kind(self) -> dict[Path, Path]:
        """Give every sum its key for dollars; key in Config → key as written. One kind of keys must be used."""
        dollars: list[Path] = []
        plain: dict[Path, Path] = {}
        for path, table in self._tables_with_sums():
            for usd, bare in SUMS[str(path[0])].items():
                if usd in table:
                    dollars.append((*path, usd))
                if bare in table:
                    plain[(*path, usd)] = (*path, bare)
        if dollars and self.currency != DOLLARS:
            key = str(dollars[0][-1])
            hint = f"write {PLAIN[key]} = ... for {self.currency}"
            raise MistakeError(dollars[0], f"{key} is in dollars, and the currency is {self.currency}", hint)
        if dollars and plain:
            self._refuse_mixed(dollars, list(plain.values()))
        for path, table in self._tables_with_sums():
            for usd, bare in PLAIN.items():
                if (*path, usd) in plain:
                    table[usd] = table.pop(bare)
        return plain

    def _refuse_mixed(self, dollars: list[Path], plain: list[Path]) -> None:
        places = Places(self._text)
        first, other = sorted((min(kind, key=places.line) for kind in (dollars, plain)), key=places.line)
        said = f"{other[-1]} here and {first[-1]} in line {places.line(first)} are two kinds of keys for sums"
        raise MistakeError(other, said, "use those with usd throughout, or those without")

    def _tables_with_sums(self) -> list[tuple[Path, dict[str, Any]]]:
        budget, machines = self.tables.get("budget"), self.tables.get("machine")
        found: list[tuple[Path, dict[str, Any]]] = []
        if isinstance(budget, dict):
            found.append((("budget",), budget))
        for number, one in enumerate(machines if isinstance(machines, list) else []):
            if isinstance(one, dict):
                found.append((("machine", number), one))
        return found

    def _switch_off(self, path: Path) -> None:
        table: Any = self.tables
        for part in path[:-1]:
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict) and table.get(str(path[-1])) is False:
            table[str(path[-1])] = None
