"""Tables of a study file that every export fills in: [[table]] title, columns, delta, rows.

A cell is reckoned as gates are: a row's value is the left side of a gate that everything passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from trainui.core.errors import nearest
from trainui.core.gates import Gate, GateError, parse_gates
from trainui.core.gates.quantity import read_quantity
from trainui.core.gates.units import LARGEST
from trainui.core.spec.check import WrongValueError

if TYPE_CHECKING:
    from trainui.core.spec.study import Study

MEASURE = ("left", "minus", "over", "goal", "bands")
"""What of a value gate says how its value is reckoned and called."""


class ResultRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row: a quantity of each column's run, or where a gate stands there."""

    name: str
    value: str = ""
    """`best(val_acc)`; of which run it is, the column says."""
    gate: str = ""
    unit: str = ""
    """Behind each number; a `±` that it begins with stands before it."""
    goal: str = ""
    bands: list[Any] = []
    """[least value, word]: the word of the band is told in place of the number."""


class ResultTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table as written."""

    title: str
    columns: dict[str, str]
    """Alias → what stands over its column."""
    delta: str = ""
    """What stands over the second column less the first; '' for no such column."""
    rows: list[ResultRow]


def measures(table: ResultTable, study: Study) -> dict[int, Gate]:
    """Row (from 0) → a gate whose value is that of the row, or of the gate of one run with bands that it names.
    Raises GateError."""
    written = {
        str(one["id"]): one for one in study.tables if "bands" in one and one["id"] in study.plan.homes
    }
    found = {}
    for place, row in enumerate(table.rows):
        said: Mapping[str, Any] = written.get(row.gate, {})
        if row.value:
            said = {"left": row.value, "goal": row.goal, "bands": row.bands}
        if said:
            own = {key: said[key] for key in MEASURE if said.get(key)}
            whole = {
                "id": f"~{place}",
                "role": "flag",
                "test": "value",
                "op": "within",
                "right": [-LARGEST, LARGEST],
            }
            (found[place],) = parse_gates([whole | own], words=study.metric)
    return found


def check_results(study: Study, numbers: Sequence[int]) -> None:
    """Raise WrongValueError for the first thing in the tables of a study that cannot be. `numbers`: the how many-th of
    its file each is, from 1."""
    for table, number in zip(study.results, numbers, strict=True):
        _check(table, study, number)


def _check(table: ResultTable, study: Study, number: int) -> None:
    def wrong(near: str, message: str, hint: str = "") -> NoReturn:
        message = f"table {table.title!r}: {message}"
        raise WrongValueError(near, message, hint=hint, table=("table",), number=number)

    runs, gates = study.plan.runs, [gate.id for gate in study.plan.gates]
    if not table.columns:
        wrong("columns", "it has no columns", f"known runs: {', '.join(runs)}")
    for alias in table.columns:
        if alias not in runs:
            wrong(alias, f"study {study.name!r} has no run {alias!r}", nearest(alias, runs))
    if table.delta and len(table.columns) != 2:
        wrong("delta", f"delta is of two columns, and there are {len(table.columns)}", "leave it out")
    for row in table.rows:
        if bool(row.value) == bool(row.gate):
            wrong(row.name, f"row {row.name!r} should say either value or gate")
        if row.gate and row.gate not in gates:
            wrong(row.gate, f"there is no gate {row.gate!r}", nearest(row.gate, gates))
        if row.gate and (row.unit or row.goal or row.bands):
            wrong(row.name, f"row {row.name!r}: unit, goal and bands go with value")
        try:
            of = read_quantity(row.value).run if row.value else ""
        except ValueError as error:
            wrong(row.value, f"value = {row.value!r}: {error}")
        if of:
            wrong(
                row.value, f"value = {row.value!r}: of which run it is, the column says", f"leave out '{of}:'"
            )
    try:
        measures(table, study)
    except GateError as error:
        _, place, rest = error.message.split("'", 2)
        row = table.rows[int(place[1:])]
        hint = error.hint.replace("in this gate", "in this row")
        wrong(row.name, f"row {row.name!r}{rest}", hint)
