"""Tapes: what a back-test is told of a run is what an import would store, and what its own judge was told."""

import json
import math
from pathlib import Path

import pytest

from trainui.core.backtest.play import play
from trainui.core.backtest.replay import replay
from trainui.core.backtest.sources import Shelf
from trainui.core.backtest.tape import priced
from trainui.core.errors import TrainuiError
from trainui.core.gates import Judge, parse_gates
from trainui.core.importing import NoMetricError, import_bundle
from trainui.core.ingest.bundles import bundles_in
from trainui.core.store.history import rows_of
from trainui.core.store.schema import connect

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def stored(tmp_path, path):
    """run → the rows an import of `path` stores, in one folder."""
    db = connect(tmp_path / "runs.db")
    found = []
    for bundle in bundles_in(path):
        try:
            done = import_bundle(db, bundle, None, path=tmp_path / "runs.db", project=tmp_path)
        except NoMetricError:
            continue
        found.append(list(rows_of(db, done.run)))
    return found


def plain(rows):
    """Rows without their times, in which an import fills in when the file was written; NaN comparable."""
    return [(seq, metric, step, repr(float(value)), epoch) for seq, metric, step, value, epoch, _ in rows]


def same(tmp_path, path):
    tapes = [list(tape.rows()) for tape in Shelf(None, None).tapes(str(path))]
    return [plain(rows) for rows in tapes if rows] == [plain(rows) for rows in stored(tmp_path, path)]


def test_a_folder_of_several_formats_is_played_as_it_would_be_imported(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "metrics.jsonl").write_text(
        "".join(json.dumps({"step": n, "loss": 1 / (n + 1), "acc": n}) + "\n" for n in range(20))
    )
    (logs / "output.log").write_text(
        "".join(f"Epoch {n}/20 - loss: {n}.0 - val_loss: {n}.5\n" for n in range(1, 21))
    )
    assert same(tmp_path, logs)
    (tape,) = Shelf(None, None).tapes(str(logs))
    assert {row[1] for row in tape.rows()} >= {"loss", "acc", "val_loss"}
    assert [row[3] for row in tape.rows() if row[1] == "loss"] == [1 / (n + 1) for n in range(20)]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")
@pytest.mark.parametrize(
    "name",
    ["AlvarSML", "jackokeefe11__0c92ba5", "WuG978__3ac2c81", "Fox-King777__112ab84", "subro608__0ba2d46", "mizgithub__b766",
     "duartemoura__78af", "AdrLfv__04bbd70", "gbencheikh", "YuanGongND__24111a6"],
)  # fmt: skip
def test_real_logs_are_played_as_they_would_be_imported(tmp_path, name):
    path = next(CORPUS.glob(f"*/*{name}*"))
    try:
        assert same(tmp_path, path)
    except TrainuiError as error:
        pytest.fail(str(error))


def logged(path, values, *, apart=None):
    rows = [
        {"step": n, "loss": value, **({} if apart is None else {"time": 1e9 + n * apart})}
        for n, value in enumerate(values)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tape,) = Shelf(None, None).tapes(str(path))
    return tape


def gate(**keys):
    return parse_gates(
        [{"id": "g", "role": "flag", "test": "value", "op": "<=", "left": "last(loss)", **keys}]
    )


def test_meters_of_a_log_are_reckoned_from_its_times(tmp_path):
    """Ten hours, one point each; at 2 $ an hour the sixth is beyond 11 $."""
    tape = logged(tmp_path / "a.jsonl", [1.0] * 11, apart=3600)
    wall = gate(left="max(@wall_h)", right=4, on={"tripped": ["stop"]})
    (found,) = replay(tape, wall).findings
    assert (str(found.verdict), found.at_step) == ("tripped", 5)
    assert found.would_save_seconds == 5 * 3600
    assert found.would_save_usd is None
    (found,) = replay(priced(tape, 2.0), wall).findings
    assert found.would_save_usd == pytest.approx(10.0)
    (found,) = replay(priced(tape, 2.0), gate(left="max(@cost_usd)", right=11)).findings
    assert (str(found.verdict), found.at_step) == ("tripped", 6)


def test_without_times_the_meters_stay_unknown(tmp_path):
    tape = logged(tmp_path / "a.jsonl", [1.0] * 11)
    (found,) = replay(tape, gate(left="max(@wall_h)", right=4)).findings
    assert str(found.verdict) == "unknown"
    assert tape.told().seconds is None


def test_a_silence_trips_before_the_point_that_ends_it(tmp_path):
    times = [0, 10, 20, 30, 2030, 2040, 2050]
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"step": n, "loss": 1, "time": 1e9 + t}) + "\n" for n, t in enumerate(times))
    )
    (tape,) = Shelf(None, None).tapes(str(path))
    (found,) = replay(
        tape, parse_gates([{"id": "g", "role": "flag", "test": "event", "silent": "15m"}])
    ).findings
    assert found.fired is not None
    assert found.fired.at == 1e9 + 2030


def test_points_nobody_watches_change_nothing_but_the_place(tmp_path):
    """Only they say the epoch; the watched metric is judged in it all the same."""
    path = tmp_path / "a.jsonl"
    rows = [
        row
        for n in range(1, 9)
        for row in ({"epoch": n, "lr": 0.1}, {"step": n, "loss": 1.0 if n < 5 else 9.0})
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tape,) = Shelf(None, None).tapes(str(path))
    (found,) = replay(tape, gate(right=5)).findings
    assert (found.at_epoch, found.at_step) == (5, 5)


def test_what_it_would_do_comes_once_within_a_cooldown(tmp_path):
    values = [1, 9, 1, 9, 1, 1, 1, 1, 1, 1, 1, 9]
    gates = gate(right=5, on={"tripped": ["checkpoint"]}, cooldown="5 steps")
    played = play(logged(tmp_path / "a.jsonl", values), Judge(gates))
    assert [str(one.verdict.state) for one in played.changes].count("tripped") == 3
    (found,) = replay(logged(tmp_path / "b.jsonl", values), gates).findings
    assert found.action == "would have asked for a checkpoint"
    assert found.actions == ("checkpoint",)


def test_a_value_that_is_no_number_is_told_as_nothing(tmp_path):
    tape = logged(tmp_path / "a.jsonl", [1.0, math.nan, math.nan])
    (found,) = replay(
        tape, parse_gates([{"id": "g", "role": "flag", "test": "finite", "metrics": ["loss"]}])
    ).findings
    assert (str(found.verdict), found.value) == ("tripped", None)
