"""Lines that a run prints and files that it saves, as gates hear of them."""

from __future__ import annotations

import json
import os
import re

import pytest

from trainui.core.hearing import EVERY, Files, heard, one_of
from trainui.core.spec import Job, Spec
from trainui.core.store.readings import readings_of
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"all is well", []),
        (b"RuntimeError: CUDA out of memory", ["RuntimeError: CUDA out of memory"]),
        (b"  10%|#  |\r\x1b[31m  out of memory\x1b[0m\r 20%|## |", ["  out of memory"]),
        (b"x" * 5000 + b"out of memory", []),
        (b"\xff\xfeout of memory", ["��out of memory"]),
    ],
)
def test_a_line_is_heard_as_it_was_printed_piece_by_piece(line, told):
    assert list(heard(line, [re.compile("out of memory")])) == told


@pytest.mark.parametrize(
    "written",
    [["a+b", "c(d|e)"], ["(?i)ERROR", "warn"], ["(?P<x>a)", "(?P<x>b)"], [r"(a)\1", "b"], ["^x$", "y"], []],
)
def test_patterns_put_together_find_what_each_of_them_finds(written):
    patterns = [re.compile(one) for one in written]
    for line in ("aab", "ce", "error", "WARN", "warn", "aa", "x", "yes", "xx", "b", ""):
        apart = any(one.search(line) for one in patterns)
        assert any(one.search(line) for one in one_of(patterns)) == apart


def test_files_are_counted_now_and_then_and_told_when_they_change(tmp_path):
    files = Files((tmp_path, tmp_path / "run"))
    (tmp_path / "run").mkdir()

    def look(now):
        return [(one.value, one.text) for one in files.look(["**/*.pt"], now=now)]

    assert look(100.0) == [(0.0, "")]
    for number, folder in enumerate((tmp_path, tmp_path / "run")):
        (folder / f"{number}.pt").touch()
        os.utime(folder / f"{number}.pt", (number + 50, number + 50))
    assert look(101.0) == []
    assert look(101.0 + EVERY) == [(2.0, "51.0")]
    assert look(103.0 + 2 * EVERY) == []
    assert look(200.0) == [(2.0, "51.0")], "that nothing changed is news after a while"


class Run:
    """A run whose files a watch reads."""

    def __init__(self, folder, *gates):
        self.db = connect(folder / "runs.db")
        self.folder = folder / "runs" / "a-1"
        self.folder.mkdir(parents=True)
        spec = Spec(job=Job(name="a", command=["true"]), gate=list(gates))
        payload = {"job": "a", "study": "a", "spec": spec.to_json(), "project": str(folder)}
        with atomic(self.db):
            self.row = RunWriter(self.db).add("a-1", payload, directory=self.folder, queued_at=0.0)
        self.watch = self.begin()

    def begin(self):
        return Watch(self.db, self.row, StreamWriter(self.db))

    def prints(self, *lines):
        with (self.folder / "output.log").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        return [(one.gate, one.state.value, one.step) for one in self.watch.read(now=1.7e9)]


OOM = {"id": "oom", "role": "flag", "test": "event", "match": "out of memory"}
BEST = {"id": "last", "role": "flag", "test": "value", "left": "last(loss)", "op": "<", "right": 5}


def test_a_line_is_heard_between_the_numbers_it_was_printed_between(tmp_path):
    run = Run(tmp_path, OOM, BEST)
    said = run.prints("step 1 loss 1.0", "step 2 loss 2.0", "CUDA out of memory", "step 3 loss 9.0")
    assert ("oom", "tripped", 2) in said
    assert said.index(("oom", "tripped", 2)) < said.index(("last", "tripped", 3))
    told = [(one.kind, one.seq, one.text) for one in readings_of(run.db, "a-1")]
    assert told == [("output", -1, ""), ("line", 1, "CUDA out of memory")]
    again = run.begin()
    assert again._judging._judge.current() == run.watch._judging._judge.current()


def test_what_is_printed_after_a_wish_to_stop_is_no_evidence(tmp_path):
    run = Run(tmp_path, OOM)
    run.prints("step 1 loss 1.0")
    run.watch.told_to_stop("user", now=5.0)
    run.watch.told_to_stop("user", now=6.0)
    assert run.prints("out of memory") == []
    assert [one.kind for one in readings_of(run.db, "a-1")] == ["output", "stop", "line"]


def test_a_run_whose_gates_ask_nothing_is_told_nothing(tmp_path):
    run = Run(tmp_path, BEST)
    run.prints("step 1 loss 1.0", "out of memory")
    run.watch.told_to_stop("user", now=5.0)
    run.watch.meters({"@wall_h": 1.0}, now=6.0)
    assert list(readings_of(run.db, "a-1")) == []


def test_lines_that_repeat_for_ever_fill_no_store(tmp_path):
    """`exit` beside `match` leaves it open until the end, so each line is told, up to a number."""
    run = Run(tmp_path, OOM | {"exit": "nonzero"})
    run.prints(*(f"out of memory {n}" for n in range(3000)))
    assert sum(one.kind == "line" for one in readings_of(run.db, "a-1")) < 1000


def test_files_that_a_run_saves_are_counted_for_its_gates(tmp_path):
    run = Run(
        tmp_path,
        {"id": "saved", "role": "flag", "test": "event", "file": "runs/a-1/*.pt", "count": ">= 2"},
    )
    states = []
    for number in range(3):
        run.watch.meters({}, now=100.0 + 10 * number)
        states.append(run.watch._judging._judge.current()["saved"].state.value)
        (run.folder / f"{number}.pt").touch()
    assert states == ["tripped", "tripped", "ok"]
    assert json.loads(spec_of(run))[0]["id"] == "saved"


def spec_of(run):
    return json.dumps(run.row.spec.gate)
