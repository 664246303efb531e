"""Every gate of the seeds' study files, driven through each state it can reach with the numbers of the seeds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import seed_rows_000
import seed_rows_001
import seed_rows_002
import seed_rows_003
import seed_rows_004
from seed_drive import JOBS, STUDIES, tables
from seed_judge import gate_of, over_the_study, story

from trainui.core.gates.primitives.value import ValueRule

ROWS = [
    row
    for rows in (seed_rows_000, seed_rows_001, seed_rows_002, seed_rows_003, seed_rows_004)
    for row in rows.ROWS
]
OF_A_RUN = [row for row in ROWS if not isinstance(row[1], dict)]
ACROSS = [row for row in ROWS if isinstance(row[1], dict)]
WRITTEN = Path(__file__).parents[4] / "shared" / "design" / "seeds-gates.toml"
SEED_IDS = [gate["id"] for seed in ("000", "001", "002", "003") for gate in tables(seed)["gate"]]


@pytest.mark.parametrize(("gate", "run", "said"), OF_A_RUN, ids=[f"{row[0]}: {row[2]}" for row in OF_A_RUN])
def test_a_gate_of_a_run_says_of_the_seeds_numbers_what_it_should(gate, run, said):
    assert story(gate, run) == said


@pytest.mark.parametrize(("gate", "runs", "said"), ACROSS, ids=[f"{row[0]}: {row[2]}" for row in ACROSS])
def test_a_gate_across_runs_says_of_the_seeds_numbers_what_it_should(gate, runs, said):
    assert over_the_study(gate, runs) == said


@pytest.mark.parametrize("gate", SEED_IDS)
def test_every_state_a_gate_can_reach_has_its_row(gate):
    stories = [row[2].replace("@", " ").split() for row in ROWS if row[0] == gate]
    assert reachable(gate) <= {word for words in stories for word in words}
    if clears(gate):
        assert any("ok" in words[words.index("tripped") :] for words in stories if "tripped" in words)


def reachable(name: str) -> set[str]:
    gate = gate_of(name)
    if gate.role == "ask":
        return {"warn", "passed", "failed", "unknown"}
    if not gate.is_flag:
        is_sampled = isinstance(gate.params, ValueRule) and gate.params.claim.confidence
        return {"passed", "failed", "unknown"} | ({"warn"} if is_sampled else set())
    waits = str(gate.for_) != "1 point" or gate.test in ("finite", "overfit")
    near = getattr(gate.params, "warn_at", None) is not None or getattr(gate.params, "match", "")
    return {"ok", "tripped", "unknown"} | ({"warn"} if waits or near else set())


def clears(name: str) -> bool:
    """Whether it can be well again: not what has tripped for good, nor what only ever counts up."""
    gate = gate_of(name)
    counts_up = gate.rule.startswith(("max(", "sum("))
    return gate.is_flag and not gate.params.test().latches and not counts_up


def test_every_row_is_of_a_gate_that_is_written_down():
    assert {row[0] for row in ROWS} == set(SEED_IDS)


def test_all_76_gates_and_9_remedies_are_written_down_once_with_quote_and_source():
    studies = [tables(seed) for seed in ("000", "001", "002", "003")]
    gates = [gate for study in studies for gate in study["gate"]]
    remedies = [remedy for study in studies for remedy in study.get("remedy", [])]
    assert (len({gate["id"] for gate in gates}), len(gates), len(remedies)) == (76, 76, 9)
    for one in gates + remedies:
        assert one["quote"]
        assert one["source"] == one["id"][:3]
        assert one["source"] in STUDIES


@pytest.mark.skipif(not WRITTEN.exists(), reason="the design of the gates is not here")
def test_no_gate_and_no_remedy_of_the_design_is_missing():
    design = tomllib.loads(WRITTEN.read_text())
    ours = [tables(seed) for seed in ("000", "001", "002", "003")]
    assert {gate["id"] for gate in design["gate"]} == set(SEED_IDS)
    assert {one["id"] for one in design["remedy"]} == {
        one["id"] for study in ours for one in study.get("remedy", [])
    }


def test_the_study_files_lie_beside_the_jobs():
    assert {path.parent.name for path in JOBS.glob("*/study.toml")} == set(STUDIES.values())
