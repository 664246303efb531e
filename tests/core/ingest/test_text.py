"""Log text is data and can never drive the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.ingest.text import strip_escapes, tail_lines


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain", "plain"),
        ("\x1b[32m\x1b[1mINFO\x1b[0m ok", "INFO ok"),
        ("\x1b]0;title\x07ok", "ok"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJm\x07ok", "ok"),
        ("\x1bPq#0;2;0;0;0\x1b\\ok", "ok"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cok", "ok"),
        ("\x1b]0;unfinished", "0;unfinished"),
        ("\x1bc\x1b(Bok", "ok"),
        ("a\x08b\x7f\x00c", "abc"),
        ("a\tb\nc", "a\tb\nc"),
        ("\u202egnp.exe", "gnp.exe"),
        (b"caf\xe9 \xff", "caf\ufffd \ufffd"),
        ("Größe 😀 ━━", "Größe 😀 ━━"),
    ],
)
def test_what_is_left_of_a_text(text, left):
    assert strip_escapes(text) == left


@given(st.text(st.sampled_from("\x1b[]PX^_\\;0m\x07\x9b\x9d\x90\x9c\x18\nab"), max_size=40))
def test_nothing_that_drives_a_terminal_is_left(text):
    left = strip_escapes(text)
    assert all(character.isprintable() or character in "\t\n" for character in left)
    assert strip_escapes(left) == left


def test_the_tail_shows_what_a_terminal_would_show(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"first\n\x1b[31mred\x1b[0m\r\n 10%\r 20%\r\n\nlast")
    assert tail_lines(path, 4) == ["red", " 20%", "", "last"]
    assert tail_lines(path, 1) == ["last"]
    assert tail_lines(path, 0) == []
    assert tail_lines(path, 99)[0] == "first"
    assert tail_lines(tmp_path / "absent", 5) == []


def test_the_tail_of_a_huge_file_is_read_from_its_end(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(1 << 34)
        file.seek(0, 2)
        file.write(b"\nlast but one\nlast\n")
    assert tail_lines(path, 2) == ["last but one", "last"]
    assert len(tail_lines(path, 50)) <= 50
