"""A log of any size, a page at a time: rows from anywhere, both ways, and a search that can be cancelled."""

import os
import random
import re

import pytest

from trainui.core.ingest.pages import PIECE, Pages


def log(tmp_path, data: bytes) -> Pages:
    path = tmp_path / "output.log"
    path.write_bytes(data)
    return Pages(path)


def ragged(seed: int) -> bytes:
    """Lines of every length around PIECE, some far longer, some empty, the last one perhaps not ended."""
    dice = random.Random(seed)
    sizes = [0, 1, 30, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE + 7]
    lines = [b"x" * (dice.choice(sizes) + dice.randrange(3)) for _ in range(40)]
    return b"\n".join(lines) + (b"\n" if dice.random() < 0.5 else b"")


@pytest.mark.parametrize("seed", range(30))
def test_rows_hold_every_byte_once_and_are_the_same_forwards_and_backwards(tmp_path, seed):
    data = ragged(seed)
    pages = log(tmp_path, data)
    rows = pages.forward(0, 10**6)
    assert [row.start for row in rows] == [0, *(row.end for row in rows[:-1])]
    assert rows[-1].end == len(data)
    assert pages.backward(len(data), 10**6) == rows
    assert max(row.end - row.start for row in rows) <= 2 * PIECE
    dice = random.Random(seed)
    for place in dice.sample(range(len(data)), 50):
        (row,) = [row for row in rows if row.start <= place < row.end]
        assert pages.row_with(place) == row.start
        assert pages.forward(row.start, 3) == rows[rows.index(row) :][:3]
        assert pages.backward(row.start, 3) == rows[: rows.index(row)][-3:]


def test_a_log_of_gigabytes_is_read_only_where_somebody_looks(tmp_path, monkeypatch):
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        file.write(b"first\n")
        file.truncate(8 << 30)  # a hole: nothing of it is on the disk
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    taken = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda handle, n, at: taken.append(n) or pread(handle, n, at))
    pages = Pages(path)
    assert [row.text for row in pages.backward(pages.size(), 1)] == ["last"]
    assert pages.forward(0, 1)[0].text == "first"
    assert len(pages.forward(pages.row_with(4 << 30), 60)) == 60
    assert sum(taken) < 4 << 20


def test_hostile_bytes_are_data(tmp_path):
    pages = log(tmp_path, b"\x1b[2J\x1b]0;title\x07red\xff\xfe \x9b31mx\n 10%\r 20%\r\n\x00\n")
    assert [row.text for row in pages.forward(0, 9)] == ["red\ufffd\ufffd \ufffd31mx", " 20%", ""]
    assert not re.search(r"[\x00-\x08\x1b\x9b]", "".join(row.text for row in pages.forward(0, 9)))


def test_what_is_looked_for_is_found_both_ways_also_across_blocks(tmp_path):
    far = b"." * ((1 << 18) - 3)
    pages = log(tmp_path, far + b"needle tail\n" + b"a line\n" * 90_000 + b"Needle again\n")
    first = pages.find("needle", 0)
    assert first is not None
    assert first <= len(far) < first + 2 * PIECE
    again = pages.find("needle", len(far) + 20)
    assert pages.forward(again, 1)[0].text == "Needle again"
    assert pages.find("needle", again, backwards=True) == first
    assert pages.find("Needle", 0) == again  # a capital letter counts
    assert pages.find("needle", first, backwards=True) is None
    assert pages.find("not there", 0) is None
    assert pages.find("a.line", 0) is None  # words, not a pattern
    assert pages.find("", 0) is None


def test_a_search_can_be_cancelled_and_tells_how_far_it_is(tmp_path):
    pages = log(tmp_path, b"a line\n" * 300_000)
    told = []
    assert pages.find("nowhere", 0, is_cancelled=lambda share: told.append(share) or len(told) == 3) is None
    assert len(told) == 3
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] < 1


@pytest.mark.parametrize("instead", ["nothing", "folder", "pipe"])
def test_what_is_no_log_has_no_rows(tmp_path, instead):
    path = tmp_path / "output.log"
    {"nothing": lambda: None, "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[instead]()
    pages = Pages(path)
    assert pages.forward(0, 5) == pages.backward(10**6, 5) == []
    assert pages.find("x", 0) is None
