"""Every verb in an interpreter of its own, as a person runs it: other tests run most of them as forks (tests/warm.py)."""

import os
import subprocess
import sys

from trainui.cli import VERBS

LONG = "start count --hold --set steps=100000 --set delay=0.05"

LOOKS = [
    "keys",
    "settings",
    "report",
    "notify",
    "reproduce count-1",
    "jobs", "ls --all", "show count-1", "logs count-1", "curve count-1 val/mae", "gates", "budget", "budget ledger",
    "replay count --on count-1", "export count-1 --to out", "doctor", "manager status", "note count-1 well", "tag count-1 +good",
    "compare count-1 count-2",
    "parse runs/count-1/metrics.jsonl", "import seen.csv",
]  # fmt: skip
"""What is asked while one run has finished and one is held."""

ACTS = ["edit count-2 --priority 1", "hold count-2", "release count-2"]
"""What is done to the one that is held, which then runs."""

RULES = [
    "arm count-2",
    "disarm count-2",
    "pause count-2",
    "resume count-2",
    "stop count-2",
    "retry count-1",
]
"""What is done to the one that runs."""

REFUSED = ["checkpoint count-1", "answer count-1 no-nan yes"]
"""What says in one sentence that it cannot."""

STAYS = ["serve --help", "demo --help"]
"""What has no end of its own; tests/ui/web/test_server.py serves."""


def fresh(cockpit, words):
    """`trainui WORDS` with pipes, which must be let go of by all that it starts."""
    return subprocess.run(
        [sys.executable, "-m", "trainui", *words.split()],
        cwd=cockpit.project,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")},
        check=False,
    )


def works(cockpit, lines):
    for words in lines:
        done = fresh(cockpit, words)
        assert done.returncode == 0, (words, done.stderr)


def test_every_verb_works_in_an_interpreter_of_its_own(cockpit):
    (cockpit.project / "seen.csv").write_text("step,loss\n1,3.0\n2,2.5\n")
    assert fresh(cockpit, "start count").stdout == "count-1\n"
    cockpit.until_status("count-1", "ended")
    assert fresh(cockpit, LONG).stdout == "count-2\n"
    works(cockpit, [*LOOKS, *STAYS])
    works(cockpit, ACTS)
    cockpit.until_status("count-2", "running")
    works(cockpit, RULES)
    for words in REFUSED:
        done = fresh(cockpit, words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), words
    verbs = {words.split()[0] for words in [LONG, *LOOKS, *ACTS, *RULES, *REFUSED, *STAYS]}
    assert verbs == set(VERBS), "every verb is tried here"
