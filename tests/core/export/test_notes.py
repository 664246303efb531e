"""NOTES.md: ours between the marks, theirs everywhere else, and nothing of theirs is ever lost."""

import errno
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.export.story_store import NOW, STUDY, frozen, make
from trainui.core.errors import UserError
from trainui.core.export import notes
from trainui.core.export.marks import MarkError, Wanted, merged, understood
from trainui.core.export.markup import code, escape, fenced
from trainui.core.export.writing import export_runs

UNDER = "## Attempts"
A = Wanted(name="run a-1", body="one\ntwo", slots="**Key finding**: ", below=UNDER)
B = Wanted(name="run b-1", body="three", below=UNDER)


def page(*wanted, text="# t\n\n## Attempts\n\n## Lessons learned\n"):
    return merged(text, wanted or (A, B))[0]


@pytest.fixture
def export(tmp_path):
    path = make(tmp_path)

    def write():
        with frozen():
            export_runs(path, study=STUDY, to=tmp_path / "out", formats=("notes",), now=NOW)
        return (tmp_path / "out" / "NOTES.md").read_text(encoding="utf-8")

    write.page = tmp_path / "out" / "NOTES.md"
    write.db = path
    return write


def test_what_people_write_outside_the_marks_survives_every_export(export):
    first = export()
    told = first.replace("**Key finding**: \n", "**Key finding**: warm-up is harmful\n", 1)
    told = (
        told.replace("1. \n", "1. Monitor epoch 1\n2. Smoke tests are critical\n")
        + "\n## Mine\n\nat the end\n"
    )
    export.page.write_text("a line before all\n" + told)
    assert export() == "a line before all\n" + told
    assert export() == "a line before all\n" + told


def test_a_run_that_came_since_is_put_after_the_others_and_before_what_follows_them(export):
    first = merged("# t\n\n## Attempts\n\n## Lessons learned\n\n1. mine\n", [A])[0]
    own = first.replace("**Key finding**: ", "**Key finding**: a\n\nand more")
    both = merged(own, [A, B])[0]
    assert both.index("and more") < both.index("begin run b-1") < both.index("## Lessons learned")
    assert both.replace("\n".join(["<!-- trainui:begin run b-1 #" + both.split("run b-1 #")[1][:12] + " -->", "three",
                                   "<!-- trainui:end run b-1 -->", "", ""]), "") == own  # fmt: skip


def test_a_block_that_was_moved_is_renewed_where_it_stands():
    first = page()
    lines = understood(first).lines
    a, b = understood(first).blocks
    block = lines[b.begin : b.end + 1]
    moved = "\n".join([*block, "", *lines[: b.begin], *lines[b.end + 1 :]])
    again, complaints = merged(moved, [A, Wanted(name="run b-1", body="four")])
    assert complaints == []
    assert again == moved.replace("three", "four").replace(
        first.split("b-1 #")[1][:12], again.split("b-1 #")[1][:12]
    )
    assert (a.name, b.name) == ("run a-1", "run b-1")


def test_what_was_edited_between_marks_stays_and_is_told():
    edited = page().replace("two", "two, but not quite")
    again, complaints = merged(
        edited, [Wanted(name="run a-1", body="new"), Wanted(name="run b-1", body="new")]
    )
    assert "two, but not quite" in again
    assert "three" not in again
    assert complaints == ["NOTES.md:5: what trainui wrote of run a-1 was edited, and stays as it is"]


def test_blanks_that_an_editor_takes_away_at_the_ends_of_lines_are_no_edit():
    body = Wanted(name="run a-1", body="one  \ntwo  ")
    stripped = "\n".join(line.rstrip() for line in page(body).split("\n"))
    again, complaints = merged(stripped, [Wanted(name="run a-1", body="three")])
    assert complaints == []
    assert "three" in again


@pytest.mark.parametrize(
    ("harm", "line", "what"),
    [
        (lambda t: t.replace("<!-- trainui:end run a-1 -->\n", ""), 11, "begins within that of run a-1"),
        (lambda t: t.replace("<!-- trainui:end run b-1 -->\n", ""), 12, "has no end mark"),
        (lambda t: t.replace("<!-- trainui:end run b-1 -->", "<!-- trainui:end run b-1 --"), 14, "damaged"),
        (lambda t: t.replace("<!-- trainui:begin run a-1", "<!- trainui:begin run a-1"), 5, "damaged"),
        (lambda t: t.replace("<!-- trainui:begin run a-1", "  <!-- trainui:begin run a-1"), 5, "damaged"),
        (lambda t: t + t[t.index("<!-- trainui:begin run b-1") :], 17, "a second block of run b-1"),
        (lambda t: t.replace("trainui:end run a-1", "trainui:end run b-1", 1), 8, "ends as one of run b-1"),
        (
            lambda t: t[: t.index("<!-- trainui:begin run a-1")] + t[t.index("one\n") :],
            7,
            "that has not begun",
        ),
    ],
)
def test_marks_that_cannot_be_understood_are_told_with_their_line_and_nothing_is_written(
    export, harm, line, what
):
    first = page()
    assert understood(first).blocks
    with pytest.raises(MarkError, match=what) as told:
        merged(harm(first), [A, B])
    assert told.value.message.startswith(f"NOTES.md:{line}: ")
    export()
    harmed = export.page.read_text().replace("<!-- trainui:end run mlp-1 -->\n", "")
    export.page.write_text(harmed)
    with pytest.raises(UserError, match="nothing was written"):
        export()
    assert export.page.read_text() == harmed


def test_a_run_that_is_skipped_gets_no_block():
    text = "# t\n\n<!-- trainui:skip run a-1 -->\n"
    assert "begin run a-1" not in merged(text, [A, B])[0]
    assert "begin run b-1" in merged(text, [A, B])[0]


def test_talk_of_marks_is_no_mark():
    text = "# t\n\nleave `<!-- trainui:begin run x -->` alone, says trainui: always\n"
    assert "begin run a-1" in merged(text, [A])[0]


def test_headings_in_code_end_nothing():
    first = page(A) + ""
    told = first.replace(
        "**Key finding**: ", "**Key finding**: see\n\n```sh\n# a comment\n## another\n```\nand this"
    )
    both = merged(told, [A, B])[0]
    assert both.index("and this") < both.index("begin run b-1") < both.index("## Lessons")


def test_line_ends_and_bytes_of_people_stay_as_they_are(tmp_path):
    path = tmp_path / "NOTES.md"
    before = b"\xef\xbb\xbf# t\r\n\r\nGr\xfc\xdfe in Latin-1\r\n\r\n## Attempts\r\n\r\n## Mine\r\nlf only\n"
    path.write_bytes(before)
    path.chmod(0o640)
    assert notes.renew(path, [A, B], title="t") == []
    after = path.read_bytes()
    assert b"Gr\xfc\xdfe in Latin-1\r\n" in after
    assert after.endswith(b"lf only\n")
    assert b"one\r\ntwo\r\n" in after
    assert after.replace(after[after.index(b"<!--") : after.index(b"## Mine")], b"") == before
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_page_of_ours_is_private_and_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "docs" / "page.md", tmp_path / "NOTES.md"
    real.parent.mkdir()
    notes.renew(real, [A], title="t")
    assert real.stat().st_mode & 0o777 == 0o600
    link.symlink_to(real)
    notes.renew(link, [A, B], title="t")
    assert link.is_symlink()
    assert "begin run b-1" in real.read_text()


def test_what_is_saved_while_we_write_is_not_written_over(tmp_path, monkeypatch):
    path = tmp_path / "NOTES.md"
    notes.renew(path, [A], title="t")
    saves = iter(["first\n", "second\n"])
    real = os.fsync

    def meanwhile(fd):
        for text in saves:
            with path.open("a") as file:
                file.write(text)
            break
        real(fd)

    monkeypatch.setattr(notes.os, "fsync", meanwhile)
    notes.renew(path, [A, B], title="t")
    text = path.read_text()
    assert text.count("first\n") == text.count("second\n") == 1
    assert "begin run b-1" in text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["NOTES.md"]


def test_where_files_have_only_one_name_a_page_is_written_and_renewed(tmp_path, monkeypatch):
    def no_links(*_given, **_more):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "NOTES.md"
    assert notes.renew(path, [A], title="t") == []
    path.write_text(path.read_text().replace("**Key finding**: ", "**Key finding**: mine"))
    assert notes.renew(path, [Wanted(name="run a-1", body="new"), B], title="t") == []
    text = path.read_text()
    assert "**Key finding**: mine" in text
    assert "new\n<!-- trainui:end run a-1 -->" in text
    assert "three" in text
    assert [one.name for one in tmp_path.iterdir()] == ["NOTES.md"]


def test_a_page_that_is_never_left_alone_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "NOTES.md"
    notes.renew(path, [A], title="t")
    real = os.fsync

    def meanwhile(fd):
        with path.open("a") as file:
            file.write("again\n")
        real(fd)

    monkeypatch.setattr(notes.os, "fsync", meanwhile)
    with pytest.raises(UserError, match="changed all the time"):
        notes.renew(path, [A, B], title="t")
    assert path.read_text().count("again\n") == notes.TRIES


def test_two_that_export_at_once_leave_one_whole_page(tmp_path):
    path = tmp_path / "NOTES.md"
    notes.renew(path, [A], title="t")
    failed = []

    def write(name):
        try:
            notes.renew(path, [Wanted(name=f"run {name}", body=name)], title="t")
        except (UserError, OSError) as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(f"x-{n}",)) for n in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert understood(path.read_text()).blocks[0].name == "run a-1"


MARK = "<!-- trainui:end run a-1 -->"
HOSTILE = [
    MARK,
    "<!-- trainui:begin run a-1 -->",
    "x --> y",
    "```\n" + MARK,
    "# head\n" + MARK,
    "| a | b |\n\n" + MARK,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_run_or_a_person_says_is_a_mark(text):
    for body in (escape(text), code(text), fenced(text.split("\n")), f"> {escape(text)}"):
        first = page(Wanted(name="run a-1", body=body))
        assert [block.name for block in understood(first).blocks] == ["run a-1"]
        again, complaints = merged(first, [Wanted(name="run a-1", body=body)])
        assert (again, complaints) == (first, [])


LINES = st.lists(
    st.sampled_from(
        ["", "# t", "## Attempts", "## Mine", "text", "```", "~~~", "- x", "a\rb", "  ## no", "x\r", "\ufeff"]
    )
    | st.text(st.characters(exclude_characters="\n"), max_size=12),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(LINES, st.lists(LINES, min_size=4, max_size=4))
def test_whatever_people_write_and_wherever_every_byte_of_it_survives(before, between):
    """Outside the blocks nothing changes, and a second export of the same changes nothing at all."""
    names = [Wanted(name="study", body="s"), A, B, Wanted(name="next", body="n", below="## Next steps")]
    first, _ = merged("\n".join(before), names)
    page_of = understood(first)
    lines, at = list(page_of.lines), sorted((block.begin, block.end) for block in page_of.blocks)
    for (begin, _), own in reversed(list(zip(at, between, strict=True))):
        lines[begin:begin] = own
    text = "\n".join(lines)
    anew = [Wanted(name=one.name, body=f"{one.body} new") for one in names]
    again, complaints = merged(text, anew)
    assert complaints == []
    assert outside(again) == outside(text)
    assert merged(again, anew) == (again, [])
    kept = iter(outside(first))
    assert all(line in kept for line in before if line.strip()), "in their order"


def outside(text):
    """The lines that are people's."""
    page_of = understood(text)
    ours = {n for block in page_of.blocks for n in range(block.begin, block.end + 1)}
    return [line for n, line in enumerate(page_of.lines) if n not in ours]
