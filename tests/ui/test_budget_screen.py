"""The money on the screens: strip, banner, ladder, burn-down, pages, what a run costs, what a start will."""

from threading import Event

import pytest
from conftest import settle, until
from money_story import BUDGET, COSTS, LEASES, PLANS, SPENT, TIGHT, TOO_LONG, burn_points, ledger_lines
from msgspec.structs import replace
from story import NOW, RUNS, Job, Story
from test_dashboard import press, text_of, toasts

from trainui.core.config.model import Ladder
from trainui.core.errors import UserError
from trainui.core.store.moneyviews import BudgetView, Spent
from trainui.core.store.views import EventView
from trainui.ui.book import BY, Book
from trainui.ui.plot.burndown import Burndown, End, Level, draw, forecast, time_labels, x_scale
from trainui.ui.plot.scale import Scale
from trainui.ui.present.burning import burndown, ends_line
from trainui.ui.present.columns import Column, columns
from trainui.ui.present.ink import ascii_only, line, plain, width
from trainui.ui.present.money import banner, budget_lines, fit_lines, ladder_line, run_money
from trainui.ui.present.rows import table
from trainui.ui.present.spending import lease_page, ledger_page, plan_page, spent_page
from trainui.ui.present.story import event_lines, run_head
from trainui.ui.present.strips import money_line
from trainui.ui.screens.budget import BudgetScreen
from trainui.ui.screens.confirm import what_a_pause_keeps
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.start import Start
from trainui.ui.widgets.banner import Banner

HOUR = 3600.0


def told(lines) -> str:
    return "\n".join(map(plain, lines))


# ---------------------------------------------------------------- strip, banner, ladder


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"idle_since": NOW - 840}, ["idle 14 min = 0.30 $"]),
        ({"over_usd": 0.12}, ["0.12 $ over the budget"]),
        ({"left_usd": 0.0, "spent_usd": 9.5, "reserve_usd": 1.0}, ["only the reserve is left"]),
        ({"left_usd": 0.0, "spent_usd": 10.0, "reserve_usd": 1.0}, ["nothing is left"]),
        ({"over_usd": 0.12, "total_usd": None}, ["spent, no budget set", "0.12 $ over the budget"]),
        ({"currency": "EUR"}, ["1.29 €/h", "4.12 of 10.00 €"]),
        ({"left_usd": 0.0, "reserve_usd": 0.0}, ["nothing is left"]),
    ],
)
def test_the_strip_tells_what_was_paid_for_nothing(changes, parts):
    shown = plain(money_line(replace(BUDGET, **changes), 118, title="boundary", now=NOW))
    assert [part for part in parts if part not in shown] == []


def test_what_is_over_stays_on_the_narrowest_strip():
    assert "over the budget" in plain(money_line(replace(TIGHT, left_usd=0.0), 60, title="boundary", now=NOW))


@pytest.mark.parametrize(
    ("step", "tone"), [("", ""), ("tell", ""), ("admit_no_more", "warn"), ("stop_least", "bad"), ("stop_all", "bad")]
)  # fmt: skip
def test_the_money_is_as_urgent_as_the_step_that_was_reached(step, tone):
    strip = money_line(replace(BUDGET, step=step, used=0.5), 118, title="", now=NOW)
    assert next(span.tone for span in strip if span.text == "4.12") == tone


def test_the_ladder_names_its_steps_and_which_were_reached():
    ladder = Ladder(tell=40, stop_least=None)
    shown = plain(ladder_line(replace(BUDGET, step="admit_no_more", used=0.8), ladder, 118))
    assert shown == (" 80 % used: nothing new starts   ladder  ● 40 tell  ● 75 admit no more  ○ 100 stop all")
    assert plain(ladder_line(BUDGET, Ladder(), 80)).endswith("ladder  ● 50  ○ 75  ○ 90  ○ 100")
    assert ladder_line(BudgetView(), ladder, 118) == ()


@pytest.mark.parametrize("cells", [60, 80, 118, 200])
@pytest.mark.parametrize("budget", [BUDGET, TIGHT, BudgetView()], ids=["calm", "tight", "none"])
def test_the_head_of_the_budget_screen_fits_whatever_the_width(budget, cells):
    rows = [*budget_lines(budget, Ladder(), RUNS, cells, now=NOW), *banner(budget, cells, now=NOW)]
    assert [plain(row) for row in rows if width(row) > cells] == []
    assert "None" not in told(rows)


def test_the_banner_counts_down_and_says_what_is_run_and_what_is_wrong():
    shown = [plain(row) for row in banner(TIGHT, 118, now=NOW)]
    assert shown[0].startswith(" ▲ on_idle runs in 1:20 min  C calls it off")
    assert "sudo poweroff" in shown[0]
    assert shown[1].startswith(" ▲ trainui.toml:4: total_usd")
    assert plain(banner(TIGHT, 80, now=NOW + 90)[0]).startswith(" ▲ on_idle runs now")
    dry = replace(TIGHT, countdown=replace(TIGHT.countdown, dry_run=True), problem="")
    assert "dry run" in told(banner(dry, 80, now=NOW))
    assert banner(BUDGET, 80, now=NOW) == ()


@pytest.mark.parametrize(("kind", "light"), [("budget", "¤"), ("idle", "▲")])
def test_what_the_money_tells_stands_out_in_the_log(kind, light):
    event = EventView(id=1, at=NOW, run="", kind=kind, text="80 % spent: nothing new starts")
    assert plain(event_lines([event], 80, now=NOW, colours={})[0]).split()[1] == light


# ---------------------------------------------------------------- burn-down


def falling(**changes) -> Burndown:
    points = tuple((NOW - 3 * HOUR + 360 * n, 10 - 0.129 * n) for n in range(31))
    return replace(Burndown(points=points, now=NOW, per_hour=1.29, top=10.0), **changes)


def test_the_forecast_falls_to_zero_at_the_rate_of_the_machine():
    (start, left), (end, nothing) = forecast(falling(), NOW + 9 * HOUR)
    assert (start, left) == (NOW, pytest.approx(6.13))
    assert end == pytest.approx(NOW + 6.13 / 1.29 * HOUR)
    assert nothing == pytest.approx(0, abs=1e-6)


def test_without_a_budget_what_was_spent_rises():
    rising = falling(points=((NOW - HOUR, 0.0), (NOW, 1.29)), falls=False, top=None)
    assert forecast(rising, NOW + HOUR)[1] == (NOW + HOUR, pytest.approx(2.58))
    assert forecast(replace(rising, per_hour=0.0), NOW + HOUR) == ()


def test_a_budget_that_lasts_for_weeks_does_not_squeeze_what_was():
    rich = falling(points=((NOW - HOUR, 999.0), (NOW, 998.0)), top=1000.0)
    assert x_scale(rich).high < NOW + 4 * HOUR
    assert x_scale(falling()).high > NOW + 6.13 / 1.29 * HOUR  # this one is drawn to its end


def test_a_run_that_would_end_long_after_the_money_does_not_squeeze_what_was():
    poor = falling(
        points=((NOW - HOUR, 2.0), (NOW, 1.0)), per_hour=1.0, ends=(End(at=NOW + 9 * HOUR, label="slow"),)
    )
    assert NOW + HOUR < x_scale(poor).high < NOW + 2 * HOUR


@pytest.mark.parametrize("only_ascii", [False, True], ids=["braille", "ascii"])
@pytest.mark.parametrize("size", [(20, 5), (60, 7), (80, 12), (200, 30), (10, 3), (80, 1)])
def test_the_picture_has_exactly_its_size(size, only_ascii):
    levels = (Level(left=2.0, label="reserve 2.00"), Level(left=50.0, label="off the scale"))
    ends = (End(at=NOW + HOUR, label="mlp-2"), End(at=NOW + 99 * HOUR, label="far"))
    for picture in (falling(levels=levels, ends=ends), falling(points=((NOW, 10.0),)), falling(points=())):
        drawn = draw(picture, *size, only_ascii=only_ascii)
        assert len(drawn) == size[1]
        assert {width(row) for row in drawn} == {size[0]}
        assert not only_ascii or ascii_only(told(drawn)).isascii()


def test_the_picture_names_levels_ends_and_times():
    levels = (Level(left=2.0, label="reserve 2.00"),)
    ends = (End(at=NOW + HOUR, label="mlp-2"), End(at=NOW + 3 * HOUR, label="money ends 04:00", tone="bad"))
    shown = told(draw(falling(levels=levels, ends=ends), 100, 12))
    for word in ("now", "mlp-2", "money ends 04:00", "reserve 2.00", "00:00", "02:00"):
        assert word in shown
    assert "off" not in shown


def test_levels_whose_names_are_too_long_for_their_row_keep_their_numbers():
    levels = (Level(left=6.2, label="75 % admit no more"), Level(left=6.1, label="90 % stop the least"))
    shown = told(draw(falling(levels=levels), 60, 8))
    assert "75 %, 90 %" in shown
    assert "admit no more" not in shown


def test_levels_of_one_row_share_it():
    levels = (Level(left=2.0, label="reserve 2.00"), Level(left=2.1, label="90 % stop the least"))
    assert "reserve 2.00, 90 % stop the least" in told(draw(falling(levels=levels), 100, 8))


@pytest.mark.parametrize(
    ("hours", "most", "expected"),
    [
        (1, 4, ["01:00", "01:15", "01:30", "01:45", "02:00"]),
        (6, 4, ["02:00", "04:00", "06:00"]),
        (72, 4, ["Thu 16", "Fri 17", "Sat 18"]),
    ],
)
def test_the_times_below_are_round(hours, most, expected):
    labels = time_labels(Scale(low=NOW, high=NOW + hours * HOUR), most, NOW)
    assert [word for _, word in labels] == expected


def test_the_picture_marks_who_ends_before_the_money_does():
    book = Book(burn=tuple(burn_points()))
    picture = burndown(BUDGET, book, RUNS, COSTS, now=NOW)
    tones = {end.label: end.tone for end in picture.ends}
    assert tones == {
        "contrastive-1": "calm",
        "transformer-3": "warn",
        "mlp-2": "warn",
        "money ends 02:10": "bad",
    }
    assert picture.points[-1] == (NOW, pytest.approx(10 - burn_points()[-1].usd))
    assert picture.levels[0].label == "reserve 2.00"
    assert picture.levels[1].left == 6.0  # 50 % of what may be spent, above the reserve


def test_the_runs_that_end_too_late_are_named_first_to_last():
    shown = plain(ends_line(BUDGET, RUNS, COSTS, 200, now=NOW))
    assert shown.startswith(
        " contrastive-1 ends 01:31, in time   transformer-3 ends 02:12, 2 min after the money"
    )
    assert "transformer-3" in plain(ends_line(BUDGET, RUNS, COSTS, 60, now=NOW))
    assert ends_line(BUDGET, [], {}, 80, now=NOW) == ()


# ---------------------------------------------------------------- pages


def page(by: str, cells: int = 118) -> list[str]:
    runs = {view.run: view for view in RUNS}
    return [
        plain(row) for row in spent_page(by, SPENT[by], cells, budget=BUDGET, now=NOW, runs=runs, costs=COSTS)
    ]


def test_every_page_fits_and_sums_up():
    for by in BY:
        for cells in (39, 59, 79, 118):
            rows = page(by, cells)
            assert max(map(len, rows)) <= cells
            assert rows[0].split()[0] == by
            if len(SPENT[by]) > 1:
                assert f"{sum(one.usd for one in SPENT[by]):.2f}" in rows[-1]


def test_by_run_tells_what_is_still_to_come():
    rows = page("run")
    assert rows[0].split()[-8:] == ["$", "to", "end", "ends", "$", "per", "1", "%"]
    assert rows[1].split()[-3:] == ["0.52", "02:12", "0.019"]


def test_what_was_spent_before_is_a_row_of_its_own():
    rows = [plain(row) for row in spent_page("day", SPENT["day"], 80, budget=BUDGET, now=NOW, before=1.0)]
    assert rows[-2].split()[:2] == ["(before)", "1.00"]
    assert rows[-1].split()[:2] == ["together", "5.12"]


def test_a_study_with_a_cap_shows_it():
    name = SPENT["study"][0].name
    rows = [
        plain(row)
        for row in spent_page("study", SPENT["study"], 59, budget=BUDGET, now=NOW, caps={name: 7.5})
    ]
    assert "at most" in rows[0]
    assert rows[1].split()[:3] == [*name.split(), f"{SPENT['study'][0].usd:.2f}", "7.50"][:3]


def test_days_are_written_for_people():
    assert page("day")[1].startswith("Tue 14 Nov")


def test_nothing_spent_is_said():
    assert "nothing was spent" in told(spent_page("job", (), 80, budget=BUDGET, now=NOW))
    assert "no line" in told(ledger_page((), 80, budget=BUDGET, now=NOW))
    assert "rented" in told(lease_page((), 80, budget=BUDGET, now=NOW))
    assert "[estimate]" in told(plan_page((), 80, budget=BUDGET))


def test_names_of_jobs_are_data():
    hostile = Spent(name="[red]x\x1b[2J", usd=1.0, gpu_hours=0.0)
    shown = told(spent_page("job", (hostile,), 80, budget=BUDGET, now=NOW))
    assert "[red]x" in shown
    assert "\x1b" not in shown


def test_a_plan_shows_what_went_beyond_it():
    rows = plan_page(PLANS, 118, budget=BUDGET)
    assert "of 8 to 10" in plain(rows[1])
    for cells in range(20, 118):
        head = plain(plan_page(PLANS, cells, budget=BUDGET)[0])
        named = sum(word in head.split() for word in ("$", "GPU-h", "hours", "decisions"))
        assert head.count("planned") <= named, "what was planned never stands without what was taken"
    over = next(span for span in rows[1] if span.text == "12")
    assert over.tone == "warn"
    assert next(span for span in rows[1] if span.text == "4.12").tone == ""


def test_leases_and_ledger_show_rates_kinds_and_notes():
    leases = told(lease_page(LEASES, 118, budget=BUDGET, now=NOW))
    for word in ("a100", "1.29", "now", "3:00 h", "t4", "another machine: a100"):
        assert word in leases
    lines = list(reversed(ledger_lines()))
    shown = [plain(row) for row in ledger_page(lines, 118, budget=BUDGET, now=NOW)]
    assert "over" in shown[1]
    assert "-0.5000" in shown[2]
    assert "credit for the outage [of Tuesday]" in shown[2]


def test_words_give_way_before_numbers_do_and_empty_columns_go():
    heads = (
        Column(name="a", head="a", left=True, gives=True),
        Column(name="b", head="b"),
        Column(name="c", head="c"),
    )
    rows = [{"a": line("x" * 40), "b": line("12.34")}]
    shown = [plain(row) for row in columns(heads, rows, 24)]
    assert shown == ["a                      b", "xxxxxxxxxxxxxxxx…  12.34"]


# ---------------------------------------------------------------- a run, a start


def test_every_sum_is_in_the_currency_of_the_project():
    euros = replace(BUDGET, currency="EUR")
    runs = {view.run: view for view in RUNS}
    shown = [
        *budget_lines(euros, Ladder(), RUNS, 200, now=NOW),
        *spent_page("run", SPENT["run"], 200, budget=euros, now=NOW, runs=runs, costs=COSTS),
        *plan_page(PLANS, 200, budget=euros),
        *lease_page(LEASES, 200, budget=euros, now=NOW),
        *ledger_page(ledger_lines(), 200, budget=euros, now=NOW),
        run_money(RUNS[0], COSTS["transformer-3"], euros, 200, now=NOW),
        run_head(RUNS[0], 200, colour=0, now=NOW, currency="EUR"),
        table(RUNS, 200, tags={}, colours={}, costs=COSTS, currency="EUR", now=NOW).head,
    ]
    assert "€" in told(shown)
    assert "$" not in told(shown)
    assert "0.43 €/h goes on" in what_a_pause_keeps(RUNS[0], "EUR")


def test_a_run_tells_what_it_cost_and_will():
    shown = plain(run_money(RUNS[0], COSTS["transformer-3"], BUDGET, 200, now=NOW))
    for part in ("paid 1.38 $", "0.43 $/h", "to its end +0.52 $ = 1.90", "2 min after the money",
                 "to best(val/mae) < 80 +0.31 $", "0.019 $ per 1 % better"):  # fmt: skip
        assert part in shown
    assert plain(run_money(RUNS[0], None, BUDGET, 20, now=NOW)) == " paid 1.38 $"
    free = replace(RUNS[0], usd=0.0, usd_per_hour=0.0)
    assert run_money(free, None, BUDGET, 80, now=NOW) == ()


def test_what_is_still_to_be_paid_is_a_column_where_there_is_room():
    def head(cells, costs):
        return plain(table(RUNS, cells, tags={}, colours={}, costs=costs, now=NOW).head).split()

    assert head(118, COSTS)[-5:] == ["$", "to", "end", "$/h", "GPU-h"]
    assert "end" not in head(118, {})
    assert "end" not in head(80, COSTS)
    euros = table(RUNS, 118, tags={}, colours={}, costs=COSTS, currency="EUR", now=NOW)
    assert "€/h" in plain(euros.head)


@pytest.mark.parametrize(
    ("fits", "text", "ending", "tone"),
    [
        (False, TOO_LONG.text, "does not fit", "bad bold"),
        (True, "about 2 h, 1.00 $, budget lasts until 02:10", "it fits", "ok"),
        (True, "about 2 h, 1.00 $, study x has left 1.20 $: may not fit", "may not fit", "warn bold"),
        (None, "no finished run of x: nobody can say what it will cost", "it will cost", ""),
    ],
)
def test_a_start_says_whether_it_fits(fits, text, ending, tone):
    problems = ("study x has left 1.20 $",) if "may not" in text else ()
    rows = fit_lines(replace(TOO_LONG, fits=fits, text=text, problems=problems), 40)
    shown = " ".join(plain(row) for row in rows)
    assert shown.startswith("cost about") or fits is None
    assert shown.endswith(ending)
    assert rows[-1][-1].tone == tone
    assert max(map(width, rows)) <= 40


# ---------------------------------------------------------------- the screens


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 55)], ids=lambda size: "x".join(map(str, size)))
async def test_b_opens_the_money_from_anywhere_and_goes_back(dashboard, size):
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen) and "phase 3" in text_of(app))
        for word in ("left 3.88", "lasts until 02:10", "burn-down", "transformer-3", "together", "4.12"):
            assert word in text_of(app)
        assert any("⠀" < char <= "⣿" for char in text_of(app))
        await press(pilot, "b")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert "paid 1.38 $" in text_of(app)
        await press(pilot, "b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


async def test_every_page_has_its_key_and_tab_goes_round(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "b")
        words = (
            "phase 3",
            "contrastive",
            "Tue 14 Nov",
            "t4",
            "$ to end",
            "planned",
            "why it ended",
            "correction",
        )
        for key, word in enumerate(words, 1):
            await press(pilot, str(key))
            await until(pilot, lambda word=word: word in text_of(app))
        await press(pilot, "tab")
        assert app.screen.page == "study"
        await press(pilot, "shift+tab")
        assert app.screen.page == "ledger"


async def test_a_long_page_scrolls_below_its_head_and_stands_alone(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "b", "8")
        await press(pilot, "end")
        await until(pilot, lambda: "correction" not in text_of(app))
        assert "kind" in text_of(app)  # the head stays
        await press(pilot, "home")
        await until(pilot, lambda: "correction" in text_of(app))
        await press(pilot, "z")
        await until(pilot, lambda: "burn-down" not in text_of(app))
        await press(pilot, "z")
        await until(pilot, lambda: "burn-down" in text_of(app))


async def test_the_book_is_read_only_while_it_is_open(dashboard, story, monkeypatch):
    asked = []
    monkeypatch.setattr(story, "leases", lambda: asked.append(1) or [])
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert not asked
        await press(pilot, "b")
        await until(pilot, lambda: asked)
        before = len(asked)
        story.changes += 1
        story.run_views = story.run_views[1:]
        await until(pilot, lambda: len(app.snapshot.runs) == len(story.run_views))
        assert len(asked) == before  # nothing of the money moved


async def test_a_countdown_is_on_every_screen_and_its_key_calls_it_off(dashboard, story):
    story.budget_view = TIGHT
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for keys in ((), ("enter",), ("escape", "b")):
            await press(pilot, *keys)
            await until(pilot, lambda: "on_idle runs in 1:20 min" in text_of(app))
        await press(pilot, "C")
        await until(pilot, lambda: ("cancel_countdown",) in story.calls)
        await until(pilot, lambda: "cancelled on_idle" in toasts(app))


async def test_without_a_countdown_the_key_asks_for_nothing(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "C")
        assert "nothing is counted down" in toasts(app)
        assert ("cancel_countdown",) not in story.calls


async def test_a_second_of_the_countdown_changes_one_line_and_reads_nothing(dashboard, story, monkeypatch):
    story.budget_view = TIGHT
    moment = [NOW]
    app = dashboard()
    monkeypatch.setattr(app.bridge, "_clock", lambda: moment[0])
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: "1:20 min" in text_of(app))
        bar = app.screen.query_one(Banner)
        drawn, sent = [], app.snapshot
        monkeypatch.setattr(bar, "_repaint_cells", lambda row, parts: drawn.append((row, parts)))
        moment[0] += 1
        bar.tick()
        bar.tick()
        assert drawn == [(0, ((21, 23),))]
        assert "1:19 min" in plain(bar.lines[0])
        assert app.snapshot is sent


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_the_start_dialog_keeps_its_size_and_its_last_line_when_the_cost_comes(
    dashboard, monkeypatch, size
):
    many = [Job(name=f"job-{n}", params={f"param_{m}": m for m in range(12)}) for n in range(12)]
    monkeypatch.setattr("story.JOBS", many)
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, Start) and "job-0" in text_of(app))
        await pilot.pause()
        before = app.screen.query_one(".box").region
        await until(pilot, lambda: "does not fit" in text_of(app))
        assert app.screen.query_one(".box").region == before
        assert "params: key=value" in text_of(app)


async def test_the_start_dialog_tells_the_cost_of_what_is_chosen(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, Start) and "does not fit" in text_of(app))
        assert ("before_start", "boundary", {}, "", 0) in story.calls
        await press(pilot, "p", "tab", *"epochs=3")
        await until(pilot, lambda: ("before_start", "boundary", {"epochs": "3"}, "full", 0) in story.calls)


async def test_a_cost_that_is_told_when_the_dialog_is_gone_is_dropped(dashboard, story, monkeypatch):
    asked, tell, told = Event(), Event(), Event()

    def slowly(job, **choice):
        asked.set()
        tell.wait(30)
        told.set()
        raise UserError("too late")

    monkeypatch.setattr(story, "before_start", slowly)
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, asked.is_set)
        dialog = app.screen
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is not dialog and not dialog.children)
        tell.set()
        await until(pilot, told.is_set)
        await settle(pilot)
        assert app.return_code is None
        assert "too late" not in text_of(app)


async def test_a_cost_that_cannot_be_told_says_why(dashboard, story, monkeypatch):
    def refuse(job, **choice):
        raise UserError("nobody knows the rate of this machine")

    monkeypatch.setattr(story, "before_start", refuse)
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: "nobody knows the rate" in text_of(app))


async def test_the_money_is_ascii_where_the_terminal_is():
    from trainui.ui.app import Dashboard
    from trainui.ui.settings import Settings

    story = Story()
    story.budget_view = TIGHT
    app = Dashboard(story, title="boundary", settings=Settings(ascii=True), clock=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for key in ("b", *"2345678z"):
            await press(pilot, key)
            assert text_of(app).isascii(), key


@pytest.mark.parametrize(
    ("size", "tight", "dark"),
    [((80, 24), False, True), ((120, 36), True, False), ((200, 55), True, True)],
    ids=["80x24", "120x36-light-tight", "200x55-tight"],
)
def test_the_budget_screen_looks_as_it_did(dashboard, story, snap_compare, size, tight, dark):
    async def opened(pilot):
        await settle(pilot)
        await press(pilot, "b", "5")

    story.budget_view = TIGHT if tight else BUDGET
    assert snap_compare(dashboard(dark=dark), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("key", ["s", "question_mark", "n", "x", "V", "N", "T"])
async def test_a_countdown_is_seen_over_every_dialog_and_screen(dashboard, story, key):
    story.budget_view = TIGHT
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, key)
        assert len(app.screen_stack) == 2
        await until(pilot, lambda: "sudo poweroff" in text_of(app).splitlines()[0])
        story.budget_view, story.changes = replace(TIGHT, countdown=None), 1
        await until(pilot, lambda: "sudo poweroff" not in text_of(app))
