"""The log screen, the events screen, notes, tags and undo, under a person's fingers."""

from types import SimpleNamespace

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import EVENTS, HOSTILE_LOG, NOW, RUNS, Story
from test_dashboard import SIZES, press, text_of, toasts

from trainui.core.errors import UserError
from trainui.core.ingest.pages import Pages
from trainui.core.store.views import EventView
from trainui.ui.app import Dashboard
from trainui.ui.leafing import Leafing, Spot
from trainui.ui.present.log import row_heights, row_lines, signs_of
from trainui.ui.screens.events import EventsScreen
from trainui.ui.screens.log import LogScreen
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.remark import Note, Tag
from trainui.ui.screens.run import RunScreen
from trainui.ui.settings import Settings
from trainui.ui.widgets.log_paper import LogPaper


def logged(tmp_path, lines) -> Story:
    """The story, with a log on the disk for transformer-3, where the cursor is first."""
    (tmp_path / "output.log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Story(runs=[replace(RUNS[0], directory=str(tmp_path)), *RUNS[1:]])


def page(app) -> list[str]:
    return ["".join(span.text for span in one) for one in app.screen.page.lines]


async def leaf(pilot, *names):
    for name in names:
        await pilot.press(name)
        await pilot.pause()


async def open_log(app, pilot):
    await settle(pilot)
    await pilot.press("V")
    await until(pilot, lambda: isinstance(app.screen, LogScreen) and app.screen.page.lines)


LINES = [f"epoch {n} loss {1 / (n + 1):.4f}" for n in range(500)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_the_log_opens_at_its_end_and_every_key_moves_in_it(dashboard, tmp_path, size):
    app = dashboard(logged(tmp_path, LINES))
    async with app.run_test(size=size) as pilot:
        await open_log(app, pilot)
        height = app.screen.page.size.height
        assert page(app) == LINES[-height:]
        assert "follows" in text_of(app)
        await leaf(pilot, "up", "k")
        assert page(app)[-1] == LINES[-3]
        assert "follows" not in text_of(app)
        await leaf(pilot, "home")
        assert page(app) == LINES[:height]
        await leaf(pilot, "down", "j", "pagedown")
        assert page(app)[0] == LINES[2 + height - 1]
        await leaf(pilot, "pageup", "G")
        assert page(app)[-1] == LINES[-1]
        await leaf(pilot, "g", "f")
        assert page(app)[-1] == LINES[-1]
        await leaf(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_a_log_that_grows_is_followed_until_somebody_scrolls_up(dashboard, tmp_path):
    app = dashboard(logged(tmp_path, LINES))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        with (tmp_path / "output.log").open("a") as log:
            log.write("the newest line\n")
        await until(pilot, lambda: page(app)[-1] == "the newest line")
        await leaf(pilot, "up")
        with (tmp_path / "output.log").open("a") as log:
            log.write("one more\n" * 1000)
        await until(pilot, lambda: f"{(tmp_path / 'output.log').stat().st_size / 1e3:.1f} kB" in text_of(app))
        assert "one more" not in page(app)
        (tmp_path / "output.log").write_text("all anew\n")
        await until(pilot, lambda: page(app) == ["all anew"])


async def test_words_are_found_down_and_up_and_marked(dashboard, tmp_path):
    lines = [*LINES, "RuntimeError: nan in loss", *LINES, "another nan here", *LINES]
    app = dashboard(logged(tmp_path, lines))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        await leaf(pilot, "home", "slash", *"nan", "enter")
        await until(pilot, lambda: "RuntimeError: nan in loss" in page(app))
        hit = next(one for one in app.screen.page.lines if one and one[0].text.startswith("RuntimeError"))
        assert [span.text for span in hit if "reverse" in span.tone] == ["nan"]
        await leaf(pilot, "n")
        await until(pilot, lambda: "another nan here" in page(app))
        await leaf(pilot, "n")
        await until(pilot, lambda: "no more 'nan'" in text_of(app))
        assert "another nan here" in page(app)
        await leaf(pilot, "N")
        await until(pilot, lambda: "RuntimeError: nan in loss" in page(app))


async def test_letters_typed_at_once_are_words_and_not_keys(dashboard, tmp_path):
    app = dashboard(logged(tmp_path, [*LINES, "fwnNGq/ is here", *LINES]))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        await pilot.press("home", "slash", *"fwnNGq", "slash", "enter")
        await until(pilot, lambda: "fwnNGq/ is here" in page(app))
        await leaf(pilot, "slash", "x", "escape")  # from the words, then from the log
        assert isinstance(app.screen, LogScreen)
        await leaf(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_a_long_search_is_ended_by_escape(dashboard, tmp_path, monkeypatch):
    app = dashboard(logged(tmp_path, LINES))
    asked = []

    def endless(self, wanted, start, *, backwards, is_cancelled):
        while not is_cancelled(0.42):
            asked.append(wanted)

    monkeypatch.setattr(Pages, "find", endless)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        await leaf(pilot, "slash", "x", "enter")
        await until(pilot, lambda: "42 % searched" in text_of(app))
        await leaf(pilot, "escape")
        await until(pilot, lambda: "the search was ended" in text_of(app))
        assert asked
        assert isinstance(app.screen, LogScreen)


async def test_long_lines_are_wrapped_or_cut_and_moved_aside(dashboard, tmp_path):
    long = "".join(f"{n:05d}" for n in range(100))
    app = dashboard(logged(tmp_path, ["short", long, "end"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        assert "".join(page(app)) == f"short{long}end"
        await leaf(pilot, "w")
        assert len(page(app)) == 3
        assert page(app)[1].endswith("…")
        await leaf(pilot, "right")
        assert page(app)[1].startswith(long[20:60])
        await leaf(pilot, "left", "left")
        assert page(app)[1].startswith(long[:60])


async def test_the_wheel_leafs_and_the_help_knows_the_keys(dashboard, tmp_path):
    app = dashboard(logged(tmp_path, LINES))
    async with app.run_test(size=(120, 100)) as pilot:
        await open_log(app, pilot)
        app.screen.page.post_message(LogPaper.Wheeled(-3))
        await until(pilot, lambda: page(app)[-1] == LINES[-4])
        await leaf(pilot, "question_mark")
        await until(pilot, lambda: "long lines wrapped, or cut" in text_of(app))
        await leaf(pilot, "escape", "escape", "N")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen))
        await leaf(pilot, "question_mark")
        await until(pilot, lambda: "only events of the next kind" in text_of(app))


async def test_nothing_in_a_log_drives_the_terminal(dashboard, tmp_path):
    app = dashboard(logged(tmp_path, HOSTILE_LOG))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        assert page(app)[:2] == ["[bold red]not markup[/]", "not red"]
        assert not any(char in "".join(page(app)) for char in "\x1b\x07\u202e")


async def test_no_log_yet_is_said(dashboard, tmp_path):
    story = logged(tmp_path, [])
    (tmp_path / "output.log").unlink()
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        assert "nothing was printed yet" in text_of(app)
        await leaf(pilot, "up", "pagedown", "home", "end", "slash", "x", "enter")
        await until(pilot, lambda: "no more 'x'" in text_of(app))


# -------------------------------------------------------------------- events


async def test_all_events_are_listed_by_kind_and_lead_to_their_run(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen) and app.screen.event)
        assert "4 events" in text_of(app)
        assert app.screen.event.id == 4
        await press(pilot, "f")
        assert "1 event" in text_of(app)
        assert app.screen.event.kind == "checkpoint"
        await press(pilot, "F", "home")
        assert app.screen.event.id == 1
        await press(pilot, "down", "r")
        assert {one.text for one in EVENTS if one.run == "transformer-3"} == {
            one.text for one in app.screen._shown
        }
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert app.screen.run_name == "transformer-3"
        await press(pilot, "N")
        assert isinstance(app.screen, EventsScreen)
        assert "of transformer-3" in text_of(app)
        await press(pilot, "escape", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_a_new_event_moves_the_cursor_only_when_it_was_on_the_newest(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen) and app.screen.event)
        for new, expected in ((5, 5), (6, 4)):
            if new == 6:
                await press(pilot, "up")
            story.event_views.append(EventView(id=new, at=NOW, run="mlp-2", kind="note", text="news"))
            story.changes += 1
            await until(pilot, lambda new=new: len(app.screen._shown) == new)
            assert app.screen.event.id == expected


async def test_an_event_leads_to_its_line_of_the_log(dashboard, tmp_path):
    story = logged(tmp_path, LINES)
    story.places["transformer-3"] = (2790.0, 31.0)
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen) and app.screen.event)
        await press(pilot, "V")
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and LINES[31] in page(app))
        assert [one[0].tone for one in app.screen.page.lines if one[0].text.startswith("epoch 31 ")] == [
            " bold"
        ]


def event(text, kind="gate") -> EventView:
    return EventView(id=1, at=NOW, run="a", kind=kind, text=text)


@pytest.mark.parametrize(
    ("happened", "place", "line"),
    [
        (event("loss rose at step 32"), (99.0, 1.0), "step 32/100 loss 3"),
        (event("mae: warn since epoch 3"), (None, None), "Epoch [3/50] loss"),
        (event("tripped"), (40.0, None), '{"step": 40, "loss": 1}'),
        (event("tripped"), (40.0, None), " 40/100 [00:12<00:20]"),
        (event("tripped"), (None, 7.0), "Epoch 007: val 3"),
        (event("/x/a b/runs/a/best 1.pt val/mae 129.2", "checkpoint"), (40.0, 2.0), "saved best 1.pt"),
        (event("/x/runs/a/last.pt", "checkpoint"), (None, None), "to /y/runs/a/last.pt"),
        (event("asked for by root", "checkpoint"), (40.0, None), "step 40"),
    ],
)
def test_where_an_event_happened_is_known_by_what_the_line_says(tmp_path, happened, place, line):
    other = [
        "step 132/1000 loss 3.32",
        "Epoch [33/50]",
        '{"step": 400}',
        " 140/1000",
        "Epoch 70: val 7.3",
        "",
    ]
    (tmp_path / "log").write_text("\n".join([*other, line, *other]))
    pages = Pages(tmp_path / "log")
    found = next(at for sign in signs_of(happened, *place) if (at := pages.find(sign, 0)) is not None)
    assert pages.forward(found, 1)[0].text.strip() == line.strip()


# -------------------------------------------------------------------- notes, tags, undo


async def test_a_note_is_typed_beside_the_run(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        await until(pilot, lambda: isinstance(app.screen, Note))
        await press(pilot, "enter")
        await until(pilot, lambda: "nothing is typed yet" in text_of(app))
        await press(pilot, *"lr too", "space", "q", "enter")
        await until(pilot, lambda: ("note", "transformer-3", "lr too q") in story.calls)
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_tags_are_changed_and_changed_back(dashboard, story):
    app = dashboard()
    story.tagged = ["+best", "-old"]
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "number_sign")
        await until(pilot, lambda: isinstance(app.screen, Tag))
        await until(
            pilot, lambda: "-old takes one away" in text_of(app) and "esc keeps nothing" in text_of(app)
        )
        await press(pilot, *"best -old", "enter")
        await until(pilot, lambda: ("tag", "transformer-3", "best", "-old") in story.calls)
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await press(pilot, "Z")
        await until(pilot, lambda: ("tag", "transformer-3", "-best", "+old") in story.calls)
        await press(pilot, "Z")
        await until(pilot, lambda: "nothing to undo" in toasts(app))


async def test_a_word_that_is_no_tag_is_said_below_the_line(dashboard, story):
    app = dashboard()
    story.refusal = UserError("'*' is no tag", hint="letters")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "number_sign")
        await until(pilot, lambda: isinstance(app.screen, Tag))
        await press(pilot, "asterisk", "enter")
        await until(pilot, lambda: "is no tag (letters)" in text_of(app))
        await press(pilot, "escape")
        assert isinstance(app.screen, Overview)


async def test_a_mark_is_undone(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "down", "space")
        assert app.snapshot.look.marked == {"transformer-3", "mlp-2"}
        await press(pilot, "a", "Z")
        assert app.snapshot.look.marked == {"transformer-3", "mlp-2"}
        await press(pilot, "Z", "Z")
        assert not app.snapshot.look.marked


async def test_tags_and_notes_stand_on_the_screen_of_the_run(dashboard, story):
    story.run_views[0] = replace(story.run_views[0], tags=("best", "paper"))
    detail = story.detail
    story.detail = lambda name: replace(detail(name), notes=((NOW - 60, "lr was too high"),))
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "tab", "tab", "z")
        await until(pilot, lambda: "tags best paper" in text_of(app))
        assert "lr was too high" in text_of(app)


# -------------------------------------------------------------------- looks


@pytest.mark.parametrize(
    ("size", "settings"),
    [((80, 24), {}), ((120, 36), {"dark": False}), ((80, 24), {"ascii": True})],
    ids=["80x24", "light", "ascii"],
)
def test_a_log_with_what_was_looked_for_looks_as_it_did(dashboard, tmp_path, snap_compare, size, settings):
    lines = [
        *LINES[:40],
        "RuntimeError: CUDA out of memory. " + "Tried to allocate 2.00 GiB. " * 6,
        *HOSTILE_LOG,
    ]
    app = dashboard(logged(tmp_path, lines), **settings)

    async def found(pilot):
        await open_log(app, pilot)
        await leaf(pilot, "home", "slash", *"cuda", "enter")
        await until(pilot, lambda: app.screen._hit is not None)
        await leaf(pilot, "down")

    assert snap_compare(app, terminal_size=size, run_before=found)


@pytest.mark.parametrize("size", [(80, 24), (200, 55)], ids=["80x24", "200x55"])
def test_the_events_look_as_they_did(dashboard, snap_compare, size):
    async def opened(pilot):
        await settle(pilot)
        await press(pilot, "N", "up")
        await until(pilot, lambda: pilot.app.screen.event and pilot.app.screen.event.id == 3)

    assert snap_compare(dashboard(), terminal_size=size, run_before=opened)


def test_the_overview_says_that_it_only_looks(story, snap_compare):
    app = Dashboard(story, title="boundary", settings=Settings(), clock=lambda: NOW, only_looks=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=settle)


# -------------------------------------------------------------------- the ways of leafing, without a screen


def leafing(tmp_path, lines, cells=10) -> Leafing:
    (tmp_path / "log").write_text("".join(f"{line}\n" for line in lines))
    return Leafing(Pages(tmp_path / "log"), lambda row: row_heights(row.text, cells))


def seen(where: Leafing, lines: int, cells: int = 10) -> list[str]:
    out = []
    for row, above in where.rows(lines):
        out += ["".join(s.text for s in one) for one in row_lines(row.text, cells, wraps=True)[above:]]
    return out[:lines]


def test_leafing_goes_through_every_line_of_the_screen_down_and_up(tmp_path):
    lines = ["a" * n for n in (3, 35, 0, 10, 11, 99, 1)]
    where = leafing(tmp_path, lines)
    drawn = [line[at : at + 10] for line in lines for at in range(0, max(1, len(line)), 10)]
    for n in range(len(drawn) - 3):
        assert seen(where, 4) == drawn[n : n + 4]
        where.roll(1, 4)
    assert seen(where, 4) == drawn[-4:]
    for n in range(len(drawn) - 5, -1, -1):
        where.roll(-1, 4)
        assert seen(where, 4) == drawn[n : n + 4]
    where.roll(-7, 4)
    assert where.top == Spot()
    where.roll(1000, 4)
    assert seen(where, 4) == drawn[-4:]


def test_a_log_that_was_cut_leaves_nobody_behind_its_end(tmp_path):
    where = leafing(tmp_path, ["line"] * 100)
    where.roll(90, 4)
    (tmp_path / "log").write_text("new\n")
    where.keep_within(4)
    assert seen(where, 4) == ["new"]


def test_wide_characters_are_wrapped_by_cells():
    assert row_heights("日本語テキスト", 6) == len(row_lines("日本語テキスト", 6, wraps=True)) == 3


def test_the_story_has_what_the_source_says():
    """A name that the screens ask for and the story lacks would only be noticed by chance."""
    from trainui.ui.acts import Actions
    from trainui.ui.reader import Reader

    story = SimpleNamespace(**dict.fromkeys(dir(Story()), 1))
    for protocol in (Actions, Reader):
        for name in vars(protocol):
            assert name.startswith("_") or hasattr(story, name), name
