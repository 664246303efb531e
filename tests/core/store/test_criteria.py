"""Which gates decide whether what needs a run may start."""

from trainui.core.gates import parse_gates
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.verdicts import write_gates

GATE = {"role": "criterion", "test": "value", "left": "best(val/wer)", "op": "<"}


def test_a_stretch_goal_is_no_criterion_that_others_wait_for(tmp_path):
    gates = parse_gates(
        [
            {**GATE, "id": "target", "right": 25},
            {**GATE, "id": "stretch", "right": 20, "severity": "info"},
            {**GATE, "id": "hoped", "right": 22, "role": "hypothesis"},
        ]
    )
    db = connect(tmp_path / "runs.db")
    with atomic(db):
        write_gates(db, "teacher-1", gates)
    assert RunWriter(db).criteria("teacher-1") == [("target", "pending")]
