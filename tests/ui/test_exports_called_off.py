"""An export that the dashboard asks for is a process of its own: it is ended in the middle of a file, and nothing stays."""

import threading

import pytest

from tests.conftest import until
from tests.core.money_store import START, Books
from trainui.core.errors import TrainuiError
from trainui.core.ingest.records import Record
from trainui.core.store.schema import atomic
from trainui.ui.exporting import CancelledError, Cancelling
from trainui.ui.hands import DashboardClient


@pytest.fixture
def asked(tmp_path):
    """A dashboard's client of a run with a long curve, and where it writes to."""
    (tmp_path / "jobs").mkdir()
    books = Books(tmp_path)
    books.run("long-1", end=1.0, study="s")
    (tmp_path / "runs" / "long-1").mkdir(parents=True)
    for first in range(0, 400_000, 50_000):
        told = [
            Record(metrics={"loss": n % 97 / 7}, step=n, at=START + n) for n in range(first, first + 50_000)
        ]
        with atomic(books.db):
            books.streams.add_records("long-1", "jsonl", told, now=START)
    books.db.close()
    return DashboardClient(tmp_path, books.path), tmp_path / "out"


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_every_file_is_told_and_given_back(asked):
    client, out = asked
    told = []
    written = client.write_out(
        ["long-1"], study="", to="out", formats=["json", "md"], tell=Cancelling(told.append)
    )
    assert written == told == [out / "summary.json", out / "summary.md"]


def test_what_is_called_off_in_the_middle_of_a_file_leaves_nothing_of_it(asked):
    client, out = asked
    tell, raised = Cancelling(lambda path: None), []

    def write():
        try:
            client.write_out([], study="s", to="out", formats=["json", "zip"], tell=tell)
        except CancelledError as error:
            raised.append(error.message)

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: out.exists() and list(out.glob(".*.zip.*.part")))
    tell.cancel()
    thread.join()
    assert raised == ["cancelled: 1 written before that stay"]
    assert names(out) == [".written.json", "summary.json"]


def test_what_is_called_off_before_it_began_writes_nothing(asked):
    client, out = asked
    tell = Cancelling(lambda path: None)
    tell.cancel()
    with pytest.raises(CancelledError, match="0 written"):
        client.write_out(["long-1"], study="", to="out", formats=["zip"], tell=tell)
    assert not out.exists() or names(out) == []


def test_what_it_complains_of_is_told_in_its_sentence(asked):
    client, _ = asked
    with pytest.raises(TrainuiError, match=r"^there is no run 'short-1'"):
        client.write_out(["short-1"], study="", to="out", formats=["md"], tell=Cancelling(print))
