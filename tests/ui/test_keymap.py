"""Keys: each ID is one thing, a person's own keys hold everywhere, and no key is two things in one place."""

import pytest
from conftest import settle, until
from story import NOW, Story
from test_dashboard import press, text_of
from textual.keys import _character_to_key

from trainui.core.errors import UserError
from trainui.ui import keys
from trainui.ui.app import Dashboard
from trainui.ui.keymap import DEFAULT, Keymap, checked, clashes, known, named
from trainui.ui.preferences import Preferences
from trainui.ui.screens.answer import Answer
from trainui.ui.screens.budget import BudgetScreen
from trainui.ui.screens.confirm import Confirm
from trainui.ui.screens.help import Help, help_lines
from trainui.ui.screens.log import LogScreen
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.teach import Teach
from trainui.ui.widgets.key_line import KeyLine


def opened(**chosen) -> Dashboard:
    """A dashboard with keys of a person's own; `run_stop` is `run.stop`."""
    keymap = Keymap({id_.replace("__", "."): text for id_, text in chosen.items()})
    return Dashboard(Story(), title="boundary", preferences=Preferences(keymap=keymap), clock=lambda: NOW)


@pytest.mark.parametrize("place", keys.PLACES)
def test_no_key_is_two_things_in_one_place(place):
    table = keys.PLACES[place]
    around = () if place in keys.DIALOGS or place == "everywhere" else keys.EVERYWHERE
    owners = {}
    for key in (*around, *table):
        for name in DEFAULT.keys(key):
            assert owners.setdefault(name, key.id) == key.id, name


def test_an_id_does_the_same_wherever_it_is():
    seen = {}
    for table in keys.PLACES.values():
        for key in table:
            assert seen.setdefault(key.id, (key.key, key.action)) == (key.key, key.action)


def test_every_key_of_the_table_is_one_that_a_person_could_choose_too():
    for key in known().values():
        assert checked(key.id, key.key) == ",".join(DEFAULT.keys(key))


def test_what_people_write_is_what_textual_calls_it():
    for character in map(chr, range(33, 127)):
        assert named(character) == _character_to_key(character)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/", "slash"),
        ("f8, ctrl+x", "f8,ctrl+x"),
        ("^x", "ctrl+x"),
        (",", "comma"),
        ("esc", "escape"),
        ("PgUp", "pageup"),
        ("ctrl++", "ctrl+plus"),
        ("Ctrl+X", "ctrl+x"),
        ("X", "X"),
        ("x,x", "x"),
        ("é", "é"),
        ("", ""),
    ],
)
def test_a_key_may_be_written_in_several_ways(written, meant):
    assert checked("run.kill", written) == meant


@pytest.mark.parametrize("written", ["shift+a", "ctrl+i", "ctrl+c", "spaec", "strg+x", "f99", "a b", "ctrl+"])
def test_what_is_no_key_is_refused(written):
    with pytest.raises(UserError):
        checked("run.kill", written)


def test_keys_that_change_places_do_not_clash_and_keys_that_meet_do():
    assert clashes({"run.stop": "X", "run.kill": "x"}) == {}
    assert clashes({"run.stop": "X"}) == {"run.stop": ("X", "run.kill", "overview")}
    assert clashes({"app.leave": "s"}) == {"app.leave": ("s", "overview.start", "overview")}
    assert clashes({"confirm.yes": "q"}) == {}, "what works everywhere does nothing in a dialog"


async def test_a_key_of_ones_own_works_and_the_usual_one_does_not():
    app = opened(run__stop="f8")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "x")
        assert isinstance(app.screen, Overview)
        await press(pilot, "f8")
        assert isinstance(app.screen, Confirm)


async def test_footer_help_palette_and_sentences_name_the_keys_in_force():
    app = opened(run__stop="f8", app__help="f1", app__palette="f2", queue__hold="f7", overview__start="f3")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        shown = text_of(app)
        for word in ("f8 stop", "f1 help", "f2 palette", "f3 start"):
            assert word in shown, word
        commands = {command.title for command in app.get_system_commands(app.screen)}
        assert {"stop  (f8)", "hold  (f7)"} <= commands
        await press(pilot, "f1")
        assert isinstance(app.screen, Help)
    told = "\n".join("".join(span.text for span in row) for row in help_lines("overview", keymap=app.keymap))
    assert "f8 " in told
    empty = Dashboard(Story(runs=[]), preferences=app.preferences, clock=lambda: NOW)
    async with empty.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "no runs yet: press f3" in text_of(empty)
        assert "f1 shows every key" in text_of(empty)


async def test_dialogs_and_refusals_name_the_keys_in_force():
    app = opened(
        export__pick="f2", export__folder="f3", export__study="f4", start__params="f5", start__raise="f6",
        start__close="f7,escape", overview__mark="f8", run__teach="f9",
    )  # fmt: skip
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        await until(
            pilot, lambda: "f2 takes a format or leaves it out, f3 changes the folder" in text_of(app)
        )
        assert "f4: the other" in text_of(app)
        await press(pilot, "escape", "s")
        await until(pilot, lambda: "f6 or -; higher starts first" in text_of(app))
        await press(pilot, "f5", *"epochs=3", "f7")
        await until(pilot, lambda: "f7 again leaves it, f5 goes back to it" in text_of(app))
        await press(pilot, "f7")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await press(pilot, "slash", *"mlp-2", "enter", "v")
        await until(
            pilot, lambda: any("mark two or more with f8" in note.message for note in app._notifications)
        )


async def test_keys_of_a_filter_that_is_typed_are_ones_own_too():
    app = opened(overview__filter="f4", filter__keep="f5")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "f4", *"mlp")
        assert app.screen.sieve.is_open
        assert "f5 keeps" in text_of(app)
        await press(pilot, "enter")
        assert app.screen.sieve.is_open
        await press(pilot, "f5")
        assert not app.screen.sieve.is_open
        assert app.screen.kept == "mlp"


async def test_a_letter_of_ones_own_is_a_letter_while_one_types():
    app = opened(overview__start="Q")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"Qq")
        assert app.screen.sieve.text == "Qq"


async def test_keys_of_dialogs_are_ones_own_too():
    app = opened(confirm__no="f6")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "x")
        assert isinstance(app.screen, Confirm)
        assert " f6 " in text_of(app)
        await press(pilot, "n")
        assert isinstance(app.screen, Confirm)
        await press(pilot, "f6")
        assert isinstance(app.screen, Overview)


@pytest.mark.parametrize(
    ("id_", "before", "kind", "after"),
    [
        ("log.back", ("V",), LogScreen, Overview),
        ("run.back", ("enter",), RunScreen, Overview),
        ("budget.back", ("b",), BudgetScreen, Overview),
        ("teach.back", ("T",), Teach, Overview),
        ("answer.back", ("A",), Answer, Overview),
    ],
)
async def test_the_way_back_is_ones_own_on_every_screen(id_, before, kind, after):
    app = opened(**{id_.replace(".", "__"): "f12"})
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, *before)
        if not isinstance(app.screen, kind):
            pytest.skip("the story has nothing of the kind")
        await press(pilot, "escape")
        assert isinstance(app.screen, kind)
        await press(pilot, "f12")
        await until(pilot, lambda: isinstance(app.screen, after))


async def test_what_has_no_key_is_reached_by_the_palette_alone():
    app = opened(run__kill="")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "X")
        assert isinstance(app.screen, Overview)
        assert "kill  (–)" in {command.title for command in app.get_system_commands(app.screen)}


async def test_a_key_of_ones_own_stays_where_it_was_on_the_line_of_keys():
    lines = []
    for app in (opened(), opened(run__stop="f9")):
        async with app.run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            lines.append(app.screen.query_one(KeyLine).render_line(0).text)
    assert "x stop" in lines[0]
    assert lines[1].split() == ["f9" if word == "x" else word for word in lines[0].split()]


@pytest.mark.parametrize(("keys", "told"), [(["n"], "enter keep"), (["E"], "enter change")])
async def test_a_field_that_answers_to_enter_takes_no_key_from_the_line(keys, told):
    app = opened()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        if keys == ["E"]:
            await until(pilot, lambda: app.screen.table.runs)
            while app.screen.current.status != "queued":
                await pilot.press("j")
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, Overview))
        await until(pilot, lambda: told in app.screen.query_one(KeyLine).render_line(0).text)
