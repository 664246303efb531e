"""The follower: every line exactly once, whatever the writer and the disk do."""

import errno
import itertools
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.ingest.follow import KEPT, LIMIT, LONGEST, open_regular, read_chunk
from trainui.core.ingest.text import tail_lines

BEGIN = {"offset": 0, "inode": None, "mark": ""}


def follow(path, place=BEGIN, *, limit=LIMIT, final=False):
    """Read until there is no news; the lines, and where to go on. Fails when an offset goes back."""
    lines = []
    while chunk := read_chunk(path, **place, limit=limit, final=final):
        assert chunk.rewound or chunk.end > place["offset"]
        assert chunk.start == (0 if chunk.rewound else place["offset"])
        assert chunk.mark
        lines += chunk.items
        place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
    return lines, place


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
    lines, place = [], BEGIN
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in itertools.pairwise(edges):
        with path.open("ab") as file:
            file.write(data[start:end])
        new, place = follow(path, place, limit=limit)
        lines += new
        assert place["offset"] <= end
    new, place = follow(path, place, limit=limit, final=True)
    lines += new
    assert place["offset"] == len(data)
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
        lines, place = [], BEGIN
        for ended, length in writes:
            with path.open("ab") as file:
                file.write(b"x" * length + b"\n" * ended)
            new, place = follow(path, place, limit=limit)
            lines += new
        new, place = follow(path, place, limit=limit, final=True)
    whole = [line for line in path.read_bytes().split(b"\n") if line]
    assert lines + new == [line if len(line) <= 1000 else line[:10] for line in whole]


def test_a_torn_line_waits_for_its_end(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"step": 1}\n{"st')
    lines, place = follow(path)
    assert (lines, place["offset"]) == ([b'{"step": 1}'], 12)
    assert read_chunk(path, **place) is None
    with path.open("ab") as file:
        file.write(b'ep": 2}\n')
    assert follow(path, place)[0] == [b'{"step": 2}']


def test_the_last_line_of_a_dead_run_counts_without_its_newline(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo")
    lines, place = follow(path, final=True)
    assert (lines, place["offset"]) == ([b"one", b"two"], 7)
    with path.open("ab") as file:
        file.write(b" more\nthree\n")
    assert follow(path, place)[0] == [b"three"]


def test_a_truncated_file_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    _, place = follow(path)
    path.write_bytes(b"new\n")
    chunk = read_chunk(path, **place)
    assert (chunk.rewound, chunk.start, chunk.end, chunk.items) == ("truncated", 0, 4, [b"new"])


def test_a_truncation_is_news_even_when_nothing_was_written_since(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"")
    chunk = read_chunk(path, offset=8, inode=None)
    assert (chunk.rewound, chunk.end, chunk.items) == ("truncated", 0, [])


def test_a_replaced_file_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    _, place = follow(path)
    (tmp_path / "fresh").write_bytes(b"two\nthree\n")
    os.replace(tmp_path / "fresh", path)
    chunk = read_chunk(path, **place)
    assert (chunk.rewound, chunk.start, chunk.items) == ("replaced", 0, [b"two", b"three"])
    assert chunk.inode != place["inode"]


def rows(epoch, count=3):
    """Rows of one length, as a job writes them."""
    return b"".join(b'{"step": %03d, "loss": 0.%03d}\n' % (epoch * count + n, n) for n in range(count))


def begun_anew(path, data):
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def emptied_and_filled(path, data):
    """The same inode and the same size as before: what a reused inode looks like, for certain."""
    path.write_bytes(data)


@pytest.mark.parametrize("write", [begun_anew, emptied_and_filled])
def test_another_file_of_the_same_size_and_inode_is_noticed(tmp_path, write):
    path = tmp_path / "log"
    lines, place = [], BEGIN
    for epoch in range(20):
        write(path, rows(epoch))
        chunk = read_chunk(path, **place)
        assert chunk.rewound == ("replaced" if epoch else "")
        new, place = follow(path, place)
        lines += new
    assert lines == b"".join(map(rows, range(20))).splitlines()


@pytest.mark.parametrize("limit", [50, LIMIT])
def test_a_grown_copy_renamed_over_the_file_is_read_on_from_where_we_were(tmp_path, limit):
    path = tmp_path / "log"
    lines, place, inodes = [], BEGIN, set()
    written = b""
    for epoch in range(20):
        written += rows(epoch)
        (tmp_path / "fresh").write_bytes(written)
        os.replace(tmp_path / "fresh", path)
        new, place = follow(path, place, limit=limit)
        lines += new
        inodes.add(place["inode"])
    assert len(inodes) > 1
    assert lines == written.splitlines()


@pytest.mark.parametrize(
    ("fresh", "rewound"),
    [
        (rows(0), None),
        (rows(0) + rows(1), ""),
        (rows(0)[:-1] + b" \n" + rows(1), "replaced"),
        (rows(5), "replaced"),
        (rows(5) + rows(6), "replaced"),
        (rows(0)[:40], "replaced"),
        (b"", "replaced"),
    ],
    ids=["same", "grown", "last row changed", "others", "more others", "shorter", "empty"],
)
def test_what_a_file_with_another_inode_counts_as(tmp_path, fresh, rewound):
    path = tmp_path / "log"
    path.write_bytes(rows(0))
    _, place = follow(path)
    (tmp_path / "fresh").write_bytes(fresh)
    os.replace(tmp_path / "fresh", path)
    chunk = read_chunk(path, **place)
    assert (chunk.rewound if chunk else None) == rewound


def test_without_a_mark_the_inode_decides(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(rows(0))
    _, place = follow(path)
    place = place | {"mark": ""}
    path.write_bytes(rows(5))
    assert read_chunk(path, **place) is None
    (tmp_path / "fresh").write_bytes(rows(0) + rows(1))
    os.replace(tmp_path / "fresh", path)
    assert read_chunk(path, **place).rewound == "replaced"


def test_a_five_megabyte_line_costs_its_head_and_nothing_after_it(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * (5 << 20) + b"\ntwo\n")
    assert follow(path)[0] == [b"one", b"x" * KEPT, b"two"]


def test_a_five_megabyte_line_of_carriage_returns_keeps_every_piece(tmp_path):
    path = tmp_path / "log"
    bar = b"\r".join(b"step %d loss=0.5" % step for step in range(330_000))
    path.write_bytes(bar + b"\nend\n")
    assert len(bar) > 5 << 20
    lines, place = follow(path)
    assert [piece for line in lines for piece in pieces(line)] == pieces(path.read_bytes())
    assert place["offset"] == path.stat().st_size


def test_a_bar_that_never_ends_its_line_is_followed_live(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\r1/9 loss=3\r2/9 loss=2\r3/9 lo")
    lines, place = follow(path)
    assert pieces(b"\n".join(lines)) == [b"1/9 loss=3", b"2/9 loss=2"]
    with path.open("ab") as file:
        file.write(b"ss=1\n")
    assert follow(path, place)[0] == [b"3/9 loss=1"]


def test_a_chunk_stays_within_its_limit_unless_one_line_is_longer(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %04d\n" % n for n in range(1000)) + b"y" * 5000 + b"\n")
    chunk = read_chunk(path, offset=0, inode=None, limit=4096)
    assert chunk.end == 4090
    lines, _ = follow(path, limit=4096)
    assert lines[-1] == b"y" * 5000
    assert len(lines) == 1001
    assert KEPT < LONGEST < LIMIT


@pytest.mark.parametrize(
    "make",
    [lambda path: None, os.mkdir, os.mkfifo, lambda path: os.symlink(path, path)],
    ids=["absent", "folder", "pipe", "link to itself"],
)
def test_what_is_no_file_is_no_news(tmp_path, make):
    make(tmp_path / "log")
    for path in (tmp_path / "log", tmp_path / "log" / "below"):
        assert open_regular(path) is None
        assert read_chunk(path, **BEGIN) is None
        assert tail_lines(path, 5) == []


def test_a_shortage_of_handles_is_not_taken_for_a_missing_file(tmp_path, monkeypatch):
    """Else the last rows of a run would be passed over because the manager was busy."""
    (tmp_path / "log").write_bytes(rows(0))

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many"):
        read_chunk(tmp_path / "log", **BEGIN)


def test_a_file_cut_off_while_it_is_read_never_moves_the_offset_back(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_bytes(rows(0))
    _, place = follow(path)
    pread = os.pread

    def read_and_cut(*where):
        data = pread(*where)
        os.truncate(path, 0)
        return data

    monkeypatch.setattr(os, "pread", read_and_cut)
    assert read_chunk(path, **place) is None
    assert read_chunk(path, **place).rewound == "truncated"
