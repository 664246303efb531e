"""The params of all runs, in one look."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping


class ParamReader:
    """The part of a Reader that tells what runs were started with."""

    _db: sqlite3.Connection

    def all_params(self) -> dict[str, Mapping[str, object]]:
        """Run → the params of its spec, also of runs that no manager has taken in yet."""
        rows = self._db.execute(
            "SELECT run, json_extract(payload, '$.spec') AS spec FROM intents"
            " WHERE verb='start' AND done_at IS NULL UNION ALL SELECT name, spec FROM runs"
        )
        return {row["run"]: json.loads(row["spec"]).get("params", {}) for row in rows}
