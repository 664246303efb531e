"""Texts of pages, in a gate's question or a metric's name: a table cuts them, whoever is told gets what fits."""

from __future__ import annotations

import json

from tests.conftest import until
from tests.core.acted import add_job
from trainui.cli.printing import LONGEST, table
from trainui.core.telling.errand import carry

LONG = "q" * 200_000
WRITES = (
    "import os\nopen('told', 'w').write(os.environ['TRAINUI_TEXT'] + os.environ['TRAINUI_REASON'] + '.')\n"
)


def test_a_cell_of_a_table_is_never_longer_than_a_paragraph(capsys):
    table(["gate", "why"], [[LONG, "because"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "q" * (LONGEST - 1) + "…  because"


def test_a_command_is_started_whatever_the_length_and_the_letters_of_what_it_is_told(tmp_path):
    (tmp_path / "tell.py").write_text(WRITES)
    order = {
        "channel": "command", "how": {"command": ["python3", "tell.py"]}, "told": {"text": LONG, "id": "1"},
        "env": {"reason": "nul\0 half \ud800"}, "folder": str(tmp_path), "timeout": 60,
    }  # fmt: skip
    answer, _ = carry(order)
    assert (answer.is_sent, answer.said) == (True, "python3: exit 0")
    told = until(lambda: (p := tmp_path / "told").exists() and (text := p.read_text()).endswith(".") and text)
    assert told.strip("q") == "nul half ?."


def test_a_replay_names_a_metric_that_no_run_writes_without_driving_the_terminal(cockpit):
    name = json.dumps("a" + chr(27) + "[2Jb")
    add_job(cockpit, tables=f'[[gate]]\nid = "m"\nrole = "flag"\ntest = "finite"\nmetrics = [{name}]\n')
    (cockpit.project / "run.jsonl").write_text('{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 0.5}\n')
    said = cockpit("replay", "learn", "--on", "run.jsonl").stderr
    assert "no run writes ab (" in said
    assert chr(27) not in said
