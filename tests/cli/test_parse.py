"""`trainui parse`: what would be read from a log, and how a line of it is taught."""

import json
import os
import pty
import subprocess
import sys
import tomllib

import pytest

LOG = (
    b"begin\n"
    b"## round 1 of 3 ~ err 0.5 ~ q=61.5%\n"
    b"## round 2 of 3 ~ err nan ~ q=62.5%\n"
    b"\x1b[1m## round 3 of 3 ~ err 0.1 ~ q=63.5%\x1b[0m *best*\n"
    b"done\n"
)
PARSE_FIELDS = {"file", "kind", "lines", "understood", "coverage", "metrics", "samples_not_understood"}
SPEC = """[job]
name = "mine"
command = ["true"]

[[metrics.pattern]]
regex = 'round (?P<step>\\d+) .* err (?P<err>\\S+)'
rename = {err = "val/err"}
"""


@pytest.fixture
def log(project):
    (project / "mine.log").write_bytes(LOG)
    return "mine.log"


def test_parse_keeps_its_fields_and_tells_what_was_not_understood(cockpit, log):
    told = cockpit.json("parse", log)
    assert told.keys() == PARSE_FIELDS
    assert (told["kind"], told["lines"], told["understood"]) == ("console", 5, 0)
    assert told["samples_not_understood"][1] == "## round 1 of 3 ~ err 0.5 ~ q=61.5%"
    shown = cockpit("parse", log).stdout
    assert "0 of 5 lines understood" in shown
    assert "\x1b" not in shown


def test_patterns_of_the_command_line_and_of_a_spec_are_tried(cockpit, log):
    metrics = cockpit.json("parse", log, "--pattern", r"q=(?P<val__q>[\d.]+)%")["metrics"]
    assert metrics == {
        "val/q": {"points": 3, "first": 61.5, "last": 63.5, "min": 61.5, "max": 63.5, "nonfinite": 0}
    }
    (cockpit.project / "mine.toml").write_text(SPEC)
    told = cockpit.json("parse", log, "--spec", "mine.toml")
    assert told["understood"] == 3
    assert told["metrics"]["val/err"]["nonfinite"] == 1
    both = cockpit.json("parse", log, "--spec", "mine.toml", "--pattern", r"round 3 .*q=(?P<q>\S+)%")[
        "metrics"
    ]
    assert (both["q"]["points"], both["val/err"]["points"]) == (1, 2)


def test_a_kind_is_asked_for_by_name(cockpit):
    (cockpit.project / "a.jsonl").write_text('{"loss": 1, "step": 1}\n')
    assert cockpit.json("parse", "a.jsonl")["kind"] == "jsonl"
    assert cockpit.json("parse", "a.jsonl", "--kind", "console")["kind"] == "console"
    told = cockpit("parse", "a.jsonl", "--spec", spec_in(cockpit)).stdout
    assert "patterns are for what a program prints; --kind console" in told


def spec_in(cockpit) -> str:
    (cockpit.project / "mine.toml").write_text(SPEC)
    return "mine.toml"


@pytest.mark.parametrize("chosen", ["2", "round 1 of"])
def test_a_named_line_becomes_a_pattern_that_can_be_pasted_and_its_coverage(cockpit, log, chosen):
    words = ["parse", log, "--line", chosen, "--name", "1=step", "--name", "3=val/err"]
    shown = cockpit(*words).stdout
    pasted = shown[shown.index("[[metrics.pattern]]") : shown.index("it matches")]
    (table,) = tomllib.loads(pasted)["metrics"]["pattern"]
    assert table["rename"] == {"val_err": "val/err"}
    assert "it matches 2 of 5 lines" in shown
    assert "1 look alike and do not match" in shown
    assert "err 0.1 ~ q=63.5% *best*" in shown
    told = cockpit.json(*words)
    assert told.keys() == PARSE_FIELDS | {"taught"}
    taught = told["taught"]
    assert (taught["lines"], taught["matched"], taught["alike"]) == (5, 2, 1)
    assert taught["regex"] == table["regex"]
    assert taught["values"]["val/err"] == {
        "points": 2, "first": 0.5, "last": "nan", "min": 0.5, "max": 0.5, "nonfinite": 1,
    }  # fmt: skip
    again = cockpit.json("parse", log, "--pattern", table["regex"])
    assert again["metrics"]["val_err"]["points"] == 2


def test_a_line_without_names_shows_its_numbers_and_what_they_could_be(cockpit, log):
    shown = cockpit("parse", log, "--line", "round 1").stdout
    assert "--name 1=round --name 2=NAME --name 3=err --name 4=q" in shown
    taught = cockpit.json("parse", log, "--line", "round 1")["taught"]
    assert [number["suggested"] for number in taught["numbers"]] == ["round", "", "err", "q"]
    assert "regex" not in taught


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--line", "9"], "has no line 9 (it has 5)"),
        (["--line", "1"], "there is no number to name in 'begin'"),
        (["--line", "nowhere"], "no line of mine.log holds 'nowhere'"),
        (["--name", "1=loss"], "--name needs --line"),
        (["--line", "2", "--name", "loss"], "'loss' is not PLACE=NAME"),
        (["--line", "2", "--name", "7=loss"], "the line has no number 7 (1: 1, 2: 3, 3: 0.5, 4: 61.5)"),
        (["--line", "2", "--name", "1=a", "--name", "1=b"], "number 1 is named twice"),
        (["--line", "2", "--name", "1=a", "--name", "2=a"], "two numbers are called a"),
        (["--kind", "consol"], "'consol' is no kind of file (did you mean 'console'?)"),
        (["--pattern", "("], "metrics.pattern 1 is not a regular expression"),
        (["--spec", "none.toml"], "none.toml:1: cannot be read"),
    ],
)
def test_what_cannot_be_taught_is_said_in_one_sentence(cockpit, log, words, says):
    done = cockpit("parse", log, *words, code=2)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_on_a_terminal_each_number_is_asked_for(cockpit, log):
    outside, inside = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "trainui", "parse", log, "--line", "round 2"],
        cwd=cockpit.project, stdin=inside, stdout=inside, stderr=inside, env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    os.close(inside)
    shown = ""

    def told(words: str) -> None:
        nonlocal shown
        while words not in shown:
            shown += os.read(outside, 4096).decode()

    try:
        told("1: 2 [round]: ")
        os.write(outside, b"step\n")
        told("2: 3 [-]: ")
        os.write(outside, b"\n")
        told("3: nan [err]: ")
        os.write(outside, b"val/err\n")
        told("4: 62.5 [q]: ")
        os.write(outside, b"-\n")
        told("look alike")
        assert asked.wait(30) == 0
    finally:
        asked.kill()
        asked.wait()
        os.close(outside)
    assert "rename = { val_err = 'val/err' }" in shown
    assert "it matches 2 of 5 lines" in shown


def test_json_with_a_line_is_one_document_and_asks_nothing(cockpit, log):
    assert json.loads(cockpit("parse", log, "--line", "2", "--json").stdout)["taught"]["line"].startswith(
        "## round"
    )
