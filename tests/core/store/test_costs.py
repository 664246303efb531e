"""What runs took over time, from lines of the ledger."""

import math

import pytest

from tests.core.money_store import START, Books
from trainui.core.money.outlook import taken


@pytest.fixture
def books(tmp_path):
    books = Books(tmp_path)
    yield books
    books.db.close()


def course_of(books, run, now=None):
    reader = books.reader()
    try:
        return reader.course(reader.run(run), now=None if now is None else START + now)
    finally:
        reader.close()


def told(marks):
    return [(one.at - START, round(one.micro), one.gpu_ms, round(one.seconds, 3)) for one in marks]


def test_an_hour_in_lines_of_a_minute_is_one_straight_course(books):
    books.run("a-1", start=100.0, end=3700.0)
    for n in range(60):
        books.line("a-1", 100 + 60 * n, 160 + 60 * n, 21_500, gpu_ms=60_000)
    assert told(course_of(books, "a-1")) == [(100, 0, 0, 0), (3700, 1_290_000, 3_600_000, 3600)]


def test_who_shares_the_machine_for_a_while_pays_less_in_it(books):
    books.run("a-1", start=0.0, end=300.0)
    for start, micro in ((0, 100), (100, 50), (200, 100)):
        books.line("a-1", start, start + 100, micro * 1000)
    assert told(course_of(books, "a-1")) == [
        (0, 0, 0, 0), (100, 100_000, 0, 100), (200, 150_000, 0, 200), (300, 250_000, 0, 300),
    ]  # fmt: skip


def test_a_live_run_is_told_up_to_now(books):
    books.run("a-1", start=0.0)
    books.line("a-1", 0, 50, 5000)
    marks = course_of(books, "a-1", now=60)
    assert marks[-1].at == START + 60
    assert marks[-1].micro >= 5000


def test_a_resumed_run_goes_on_from_what_its_parents_cost(books):
    books.run("a-1", start=0.0, end=100.0, result="failed")
    books.run("a-2", parent="a-1", start=500.0, end=600.0)
    books.line("a-1", 0, 100, 1000)
    books.line("a-2", 500, 600, 3000)
    assert told(course_of(books, "a-2")) == [
        (0, 0, 0, 0), (100, 1000, 0, 100), (500, 1000, 0, 100), (600, 4000, 0, 200),
    ]  # fmt: skip
    assert told(course_of(books, "a-1"))[-1] == (100, 1000, 0, 100)


def test_a_line_written_after_the_end_of_the_run_is_told_at_its_end(books):
    books.run("a-1", start=0.0, end=100.0)
    books.line("a-1", 0, 100, 1000, late=900)
    assert told(course_of(books, "a-1")) == [(0, 0, 0, 0), (100, 1000, 0, 100)]


@pytest.mark.parametrize(("micro", "half"), [(-500, 250), (1000, 1000), (-1000, 0)])
def test_a_correction_changes_what_every_moment_cost(books, micro, half):
    books.run("a-1", start=0.0, end=100.0)
    books.line("a-1", 0, 100, 1000)
    books.line("a-1", 700, 700, micro, kind="correction")
    marks = course_of(books, "a-1")
    assert taken(marks, START + 50).micro == pytest.approx(half)
    assert marks[-1].micro == 1000 + micro


def test_what_was_paid_in_one_moment_is_a_step(books):
    books.run("a-1", start=0.0, end=100.0)
    books.line("a-1", 0, 100, 1000)
    books.line("a-1", 100, 100, 77, kind="rounding")
    marks = course_of(books, "a-1")
    assert taken(marks, START + 99.9).micro == pytest.approx(999)
    assert marks[-1].micro == 1077


def test_a_run_that_never_began_took_nothing(books):
    books.run("a-1", start=None, status="queued")
    assert course_of(books, "a-1") == ()


def test_a_clock_set_back_does_not_make_anything_cheaper(books):
    books.run("a-1", start=0.0, end=300.0)
    books.line("a-1", 0, 100, 1000)
    books.line("a-1", 100, 200, 1000, late=-500)
    books.line("a-1", 200, 300, 1000)
    marks = course_of(books, "a-1")
    assert [one.micro for one in marks] == sorted(one.micro for one in marks)
    assert marks[-1].micro == 3000


def test_the_first_value_is_the_first_finite_one_of_the_line_and_the_best_is_of_all(books):
    books.run("a-1", start=0.0, end=100.0, result="failed")
    books.run("a-2", parent="a-1", start=200.0, end=300.0)
    books.points("a-1", "val/mae", [(1, math.nan), (2, math.inf), (3, 90.0), (4, 50.0)])
    books.points("a-2", "val/mae", [(201, 80.0), (202, 60.0)], first_step=2)
    reader = books.reader()
    assert reader.extremes(["a-1", "a-2"], "val/mae", "min") == (90.0, 50.0)
    assert reader.extremes(["a-1", "a-2"], "val/mae", "max") == (90.0, 90.0)
    assert reader.extremes(["a-2"], "val/mae", "min") == (80.0, 60.0)
    assert reader.extremes(["a-1"], "nothing", "min") == (None, None)
    reader.close()


def test_what_a_finished_run_took_includes_the_tries_before_it(books):
    books.run("a-1", start=0.0, end=100.0, result="failed", spec={"params": {"lr": 1}})
    books.run("a-2", parent="a-1", start=200.0, end=250.0, spec={"params": {"lr": 1}})
    books.run("a-3", parent="a-2", start=300.0, end=310.0, spec={"params": {"lr": 2}})
    books.run("a-4", start=300.0, end=320.0, imported="/somewhere")
    books.run("b-1", start=300.0, end=320.0)
    for run, start, end in (("a-1", 0, 100), ("a-2", 200, 250), ("a-3", 300, 310)):
        books.line(run, start, end, 1000 * (end - start), gpu_ms=10 * (end - start))
    reader = books.reader()
    pasts = {one.run: (one.params["lr"], one.seconds, one.micro, one.gpu_ms) for one in reader.pasts("a")}
    reader.close()
    assert pasts == {"a-2": (1, 150.0, 150_000, 1500), "a-3": (2, 10.0, 10_000, 100)}


def test_decisions_are_what_people_asked_for_and_answered(books):
    books.run("a-1", study="phase")
    books.intent("start", "a-1", 0, held=False)
    books.intent("start", "a-2", 5, job="a", study="phase")  # a gate started it
    books.intent("stop", "a-1", 10)
    books.intent("answer", "a-1", 20)
    with books.db:
        books.db.execute("UPDATE intents SET outcome='no: it had ended' WHERE verb='stop'")
        for subject in ("a-1", "study:phase"):
            books.db.execute(
                "INSERT INTO answers VALUES (NULL, ?, 'g', 1, 'me', '', ?)", (subject, START + 20)
            )
    reader = books.reader()
    found = [(one.verb, one.subject, one.study, one.job) for one in reader.decisions()]
    reader.close()
    assert found[0] == ("start", "a-1", "phase", "a")
    assert sorted(found[1:]) == [
        ("answer", "a-1", "phase", "a"),
        ("answer", "study:phase", "phase", ""),
    ]
