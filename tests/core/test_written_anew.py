"""Files that a logger writes anew: through the manager's own reading into the store, each point once."""

import json

import pytest

from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch

SPEC = '{"job":{"name":"anew","command":["true"]},"metrics":{"primary":"loss"}}'
NARROW = "epoch,step,loss\n" + "".join(f"0,{n},{n}.5\n" for n in range(200))
WIDE = "epoch,loss,step,val_loss\n" + "".join(f"0,{n}.5,{n},\n" for n in range(200))


def history(steps):
    return json.dumps({"log_history": [{"step": n, "epoch": 0.5, "loss": n + 0.5} for n in range(steps)]})


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("metrics.csv", [NARROW, WIDE + "0,,199,7.0\n", WIDE + "0,,199,7.0\n0,200.5,200,\n"]),
        ("metrics.csv", [NARROW, "", NARROW, NARROW + "0,200,200.5\n"]),
        ("trainer_state.json", [history(100), history(100)[:-40], history(200), history(150), history(201)]),
    ],
)
def test_each_point_comes_once_though_the_manager_is_another_each_time(tmp_path, name, contents):
    db = connect(tmp_path / "runs.db")
    folder = tmp_path / "runs" / "anew-1"
    folder.mkdir(parents=True)
    with atomic(db):
        payload = {"job": "anew", "study": "anew", "spec": SPEC, "project": str(tmp_path)}
        RunWriter(db).add("anew-1", payload, directory=folder, queued_at=0.0)
    for turn, content in enumerate(contents):
        (folder / name).write_text(content)
        watch = Watch(db, RunWriter(db).get("anew-1"), StreamWriter(db))
        watch.find(now=1000.0 * turn)
        watch.read(now=1000.0 * turn)
        watch.read(now=1000.0 * turn + 100)
    rows = db.execute("SELECT step, value FROM curves WHERE run='anew-1' AND metric='loss'").fetchall()
    assert sorted((row["step"], row["value"]) for row in rows) == [(n, n + 0.5) for n in range(201)]
