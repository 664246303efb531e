"""The follower: every line exactly once, whatever the writer and the disk do."""

import itertools
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.ingest.follow import KEPT, LIMIT, LONGEST, read_chunk


def follow(path, *, offset=0, inode=None, limit=LIMIT, final=False):
    """Read until there is no news; the lines, and where to go on. Fails when an offset goes back."""
    lines = []
    while chunk := read_chunk(path, offset=offset, inode=inode, limit=limit, final=final):
        assert chunk.rewound or chunk.end > offset
        assert chunk.start == (0 if chunk.rewound else offset)
        lines += chunk.lines
        offset, inode = chunk.end, chunk.inode
    return lines, offset, inode


def pieces(data):
    """What must be read of `data`, however it was cut on the way."""
    return [piece for piece in re.split(rb"[\r\n]", data) if piece]


@given(
    data=st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r\n", b"\r", b"\xff", b'{"step": 1}'])).map(
        b"".join
    ),
    cuts=st.lists(st.integers(0, 60)),
    limit=st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_any_split_of_the_appends_yields_every_line_once(tmp_path_factory, data, cuts, limit):
    path = tmp_path_factory.mktemp("follow") / "log"
    path.write_bytes(b"")
    lines, offset, inode = [], 0, None
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in itertools.pairwise(edges):
        with path.open("ab") as file:
            file.write(data[start:end])
        new, offset, inode = follow(path, offset=offset, inode=inode, limit=limit)
        lines += new
        assert offset <= end
    new, offset, _ = follow(path, offset=offset, inode=inode, limit=limit, final=True)
    lines += new
    assert offset == len(data)
    assert [piece for line in lines for piece in pieces(line)] == pieces(data)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), max_size=12), st.integers(50, 400))
@settings(max_examples=60, deadline=None)
def test_long_lines_are_kept_once_as_their_head(tmp_path_factory, writes, limit):
    """With the bounds made small: no split of the appends changes what is kept of a line that is too long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainui.core.ingest.follow.LONGEST", 1000)
        patch.setattr("trainui.core.ingest.follow.KEPT", 10)
        path = tmp_path_factory.mktemp("follow") / "log"
        path.write_bytes(b"")
        lines, offset, inode = [], 0, None
        for ended, length in writes:
            with path.open("ab") as file:
                file.write(b"x" * length + b"\n" * ended)
            new, offset, inode = follow(path, offset=offset, inode=inode, limit=limit)
            lines += new
        new, offset, inode = follow(path, offset=offset, inode=inode, limit=limit, final=True)
    whole = [line for line in path.read_bytes().split(b"\n") if line]
    assert lines + new == [line if len(line) <= 1000 else line[:10] for line in whole]


def test_a_torn_line_waits_for_its_end(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"step": 1}\n{"st')
    lines, offset, inode = follow(path)
    assert (lines, offset) == ([b'{"step": 1}'], 12)
    assert read_chunk(path, offset=offset, inode=inode) is None
    with path.open("ab") as file:
        file.write(b'ep": 2}\n')
    assert follow(path, offset=offset, inode=inode)[0] == [b'{"step": 2}']


def test_the_last_line_of_a_dead_run_counts_without_its_newline(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo")
    lines, offset, inode = follow(path, final=True)
    assert (lines, offset) == ([b"one", b"two"], 7)
    with path.open("ab") as file:
        file.write(b" more\nthree\n")
    assert follow(path, offset=offset, inode=inode)[0] == [b"three"]


def test_a_truncated_file_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    _, offset, inode = follow(path)
    path.write_bytes(b"new\n")
    chunk = read_chunk(path, offset=offset, inode=inode)
    assert (chunk.rewound, chunk.start, chunk.end, chunk.lines) == ("truncated", 0, 4, [b"new"])


def test_a_truncation_is_news_even_when_nothing_was_written_since(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"")
    chunk = read_chunk(path, offset=8, inode=None)
    assert (chunk.rewound, chunk.end, chunk.lines) == ("truncated", 0, [])


def test_a_replaced_file_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    _, offset, inode = follow(path)
    (tmp_path / "fresh").write_bytes(b"two\nthree\n")
    os.replace(tmp_path / "fresh", path)
    chunk = read_chunk(path, offset=offset, inode=inode)
    assert (chunk.rewound, chunk.start, chunk.lines) == ("replaced", 0, [b"two", b"three"])
    assert chunk.inode != inode


def test_a_five_megabyte_line_costs_its_head_and_nothing_after_it(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * (5 << 20) + b"\ntwo\n")
    assert follow(path)[0] == [b"one", b"x" * KEPT, b"two"]


def test_a_five_megabyte_line_of_carriage_returns_keeps_every_piece(tmp_path):
    path = tmp_path / "log"
    bar = b"\r".join(b"step %d loss=0.5" % step for step in range(330_000))
    path.write_bytes(bar + b"\nend\n")
    assert len(bar) > 5 << 20
    lines, offset, _ = follow(path)
    assert [piece for line in lines for piece in pieces(line)] == pieces(path.read_bytes())
    assert offset == path.stat().st_size


def test_a_bar_that_never_ends_its_line_is_followed_live(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\r1/9 loss=3\r2/9 loss=2\r3/9 lo")
    lines, offset, inode = follow(path)
    assert pieces(b"\n".join(lines)) == [b"1/9 loss=3", b"2/9 loss=2"]
    with path.open("ab") as file:
        file.write(b"ss=1\n")
    assert follow(path, offset=offset, inode=inode)[0] == [b"3/9 loss=1"]


def test_a_chunk_stays_within_its_limit_unless_one_line_is_longer(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %04d\n" % n for n in range(1000)) + b"y" * 5000 + b"\n")
    chunk = read_chunk(path, offset=0, inode=None, limit=4096)
    assert chunk.end == 4090
    lines, _, _ = follow(path, limit=4096)
    assert lines[-1] == b"y" * 5000
    assert len(lines) == 1001
    assert KEPT < LONGEST < LIMIT


@pytest.mark.parametrize("make", [lambda p: None, os.mkdir, os.mkfifo], ids=["absent", "folder", "pipe"])
def test_what_is_no_file_is_no_news(tmp_path, make):
    make(tmp_path / "log")
    assert read_chunk(tmp_path / "log", offset=0, inode=None) is None
    assert read_chunk(tmp_path / "log" / "below", offset=0, inode=None) is None
