"""What the dashboard shows of gates: values and bands, what was done, what is asked, and what lies ahead."""

import re

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, Story
from test_dashboard import toasts

from trainui.core.errors import UserError
from trainui.core.gates.drawing import Drawing, drawing_of
from trainui.core.store.doings import ActionView, AnswerView
from trainui.core.store.outbox import Message
from trainui.core.store.outcomes import Outcomes, TurnView
from trainui.core.store.views import CurvePoint, GateView
from trainui.ui.plot.axis import BY_TIME
from trainui.ui.plot.figure import Chart, draw
from trainui.ui.plot.series import Guide, Mark, Series, from_points
from trainui.ui.present.charts import charts
from trainui.ui.present.gates import Group, Known, gate_table, grouped
from trainui.ui.present.ink import ascii_only, plain, width
from trainui.ui.screens.answer import Answer
from trainui.ui.screens.run import RunScreen

RUN = "transformer-3"
TRIPPED = GateView(gate="falling", role="flag", run=RUN, verdict="tripped", at_epoch=29, at_step=2610, value=0.4,
                   rule="1 % per 8 epochs", metric="val/mae", reason="moved 0.4 % in 8 epochs", severity="critical",
                   action="would have stopped")  # fmt: skip
SHARE = GateView(gate="mae-80", role="criterion", run=RUN, verdict="ok", value=91.3, rule="best(val/mae) < 80",
                 threshold=80.0, metric="val/mae", interval=(88.2, 94.4), label="nearly")  # fmt: skip
CURVE = GateView(gate="plan", role="expect", run=RUN, verdict="ok", rule="val/mae not above its written curve",
                 metric="val/mae", drawing=Drawing(curve=((0, 520), (10, 180), (50, 90))))  # fmt: skip
WATCHED = GateView(gate="watch/spike", role="flag", run=RUN, verdict="warn", rule="no spike", metric="train/loss",
                   is_default=True)  # fmt: skip
QUESTION = GateView(gate="look-in", role="ask", run=RUN, verdict="warn", rule="asks: curves still plausible?",
                    reason="asks: curves still plausible?", quote="Check every 1-2 hours")  # fmt: skip
ACROSS = GateView(gate="gate-4", role="ask", run="study:phase 3", verdict="unknown", rule="asks: go on?")


def _action(action, outcome, **told):
    return ActionView(
        run=RUN, gate="falling", verdict="tripped", action=action, outcome=outcome, at=NOW, **told
    )


BROUGHT = Outcomes(
    actions=(
        _action("flag", "flagged", is_done=True),
        _action("notify", "notified", is_done=True, would_save_seconds=60),
        _action("checkpoint", "it had ended", is_done=False),
        _action("stop", "would have stopped (not armed)", is_done=False,
                   would_save_seconds=4320, would_save_usd=0.52),
    ),
    answers=(AnswerView(run=RUN, gate="look-in", is_yes=False, who="ann", note="noisy", at=NOW - 3600),),
    alarms=(
        TurnView(run=RUN, gate="falling", verdict="tripped", step=2610, epoch=29),
        TurnView(run=RUN, gate="mae-80", verdict="failed", step=3060, epoch=34),
    ),
)  # fmt: skip


def power(floor, scale, c, last):
    return [CurvePoint(step=n * 90.0, epoch=float(n), value=floor + scale * (n + 1) ** -c, at=NOW)
            for n in range(last + 1)]  # fmt: skip


@pytest.fixture
def judged() -> Story:
    """A story whose transformer is on its way to 80 and tripped a gate."""
    story = Story()
    story.points[RUN, "val/mae"] = power(60, 460, 0.8, 34)
    story.gate_views = [TRIPPED, SHARE, CURVE, WATCHED, QUESTION, ACROSS]
    story.came_of = {RUN: BROUGHT}
    return story


def text_of(app) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def opened(pilot, *names):
    await settle(pilot)
    await pilot.press("enter")
    await until(
        pilot, lambda: isinstance(pilot.app.screen, RunScreen) and pilot.app.snapshot.detail is not None
    )
    for name in names:
        await pilot.press(name)
    await settle(pilot)


# ---------------------------------------------------------------- the list


@pytest.mark.parametrize("cells", [44, 80, 160])
def test_a_gate_tells_its_band_its_label_what_was_done_and_what_was_said(cells):
    known = Known(outcomes=BROUGHT, hints={"mae-80": "expected to miss 80: 87.5"}, now=NOW)
    rows = gate_table([TRIPPED, SHARE, WATCHED, QUESTION], cells, known)
    shown = re.sub(r"\s+", " ", " ".join(map(plain, rows)))
    for part in ("tripped at epoch 29, critical", "91.30 (88.20..94.40) nearly", "default watch", "→ notified",
                 "would have stopped (not armed), 1:12 h and 0.52 $ saved", "checkpoint withheld: it had ended",
                 "A answers it", "ann said no: noisy", "expected to miss 80: 87.5"):  # fmt: skip
        assert part in shown or cells == 44
    assert "flagged" not in shown
    assert shown.count("would have stopped") == 1
    assert shown.count("saved") == 1
    assert all(width(row) <= cells for row in rows)


def test_what_was_done_stands_in_the_words_beside_the_gate_where_nothing_more_is_known():
    assert "moved 0.4 % in 8 epochs; would have stopped" in "".join(map(plain, gate_table([TRIPPED], 90)))


def test_gates_across_runs_stand_below_the_runs_own_under_their_studys_name():
    own, across = Group(gates=(SHARE,)), Group(gates=(ACROSS,), title="across phase 3")
    shown = [plain(row).strip() for row in grouped((own, across), 80)]
    assert shown.index("across phase 3") > next(n for n, row in enumerate(shown) if "mae-80" in row)
    assert "across phase 3" not in [plain(row) for row in grouped((own, replace(across, gates=())), 80)]
    assert "promised nothing" in plain(grouped((Group(gates=()), across), 80)[0])


# ---------------------------------------------------------------- the charts


def chart(**changes) -> Chart:
    points = [CurvePoint(step=n, value=100.0 / (n + 1), at=0) for n in range(40)]
    return Chart(metric="loss", axis="step", series=(Series(name="a", stretches=from_points(points, axis="step")),),
                 **changes)  # fmt: skip


def drawn(one, cells=70, rows=16, **how):
    return [plain(row) for row in draw(one, cells, rows, **how)]


def test_a_mark_is_an_upright_line_with_its_name_beside_it():
    rows = drawn(chart(marks=(Mark(x=30, label="✖ falling"),)))
    assert sum("┊" in row for row in rows) >= 10
    assert sum("✖ falling" in row for row in rows) == 1


def test_marks_at_one_place_have_their_names_below_each_other():
    rows = drawn(chart(marks=tuple(Mark(x=30, label=f"✖ gate-{n}") for n in range(3))))
    assert [sum(f"✖ gate-{n}" in row for row in rows) for n in range(3)] == [1, 1, 1]


def test_a_mark_off_the_axis_is_not_drawn():
    assert drawn(chart(marks=(Mark(x=300, label="✖ later"),))) == drawn(chart())


def test_a_faint_line_goes_on_from_the_curve_and_never_covers_it():
    ahead = chart(x_end=80, guides=(Guide(points=((0, 80), (80, 5)), tone="faint"),))
    faint, alone = drawn(ahead), drawn(chart(x_end=80))
    kept = [(r, c) for r, row in enumerate(alone[1:-2]) for c, char in enumerate(row) if "⠀" < char <= "⣿"]
    assert kept
    assert all(faint[1 + r][c] == alone[1 + r][c] for r, c in kept)
    assert any("⠀" < char <= "⣿" for row in faint[1:-2] for char in row[50:])


def test_an_edge_of_a_band_does_not_stretch_the_axis():
    edge = Guide(points=((0, 90), (39, 4000)), counts=False)
    assert drawn(chart(guides=(edge,)))[1][:8] == drawn(chart())[1][:8]


def test_guides_and_marks_are_ascii_where_they_must_be():
    rows = drawn(
        chart(guides=(Guide(points=((0, 80), (39, 5))),), marks=(Mark(x=9, label="x"),)), only_ascii=True
    )
    assert all(ascii_only(row) == row for row in map(ascii_only, rows))
    assert any(":" in row for row in map(ascii_only, rows))
    assert any("." in row[8:] for row in rows[1:-2])


async def test_a_chart_has_the_written_curve_the_forecast_and_where_a_gate_tripped(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(200, 55)) as pilot:
        await opened(pilot)
        first = charts(app.snapshot, colours={RUN: 0}, tags={})[0]
        assert [mark.x for mark in first.marks] == [29]
        assert any(guide.points == CURVE.drawing.curve for guide in first.guides)
        assert len(first.guides) == 4  # the written curve; what is expected and both edges of its band
        assert first.expected
        steps = charts(app.snapshot, colours={RUN: 0}, tags={}, axis="step")[0]
        assert [mark.x for mark in steps.marks] == [2610]
        assert any(guide.points[1] == (900, 180) for guide in steps.guides)
        shown = text_of(app)
        assert "✖ falling" in shown
        assert "reach 80" in shown or "miss 80" in shown


async def test_o_switches_what_lies_ahead_off_and_on(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        before = text_of(app)
        await pilot.press("o")
        await settle(pilot)
        assert text_of(app) != before
        assert len(charts(app.snapshot, colours={}, tags={}, looks_ahead=False)[0].guides) == 1
        await pilot.press("o")
        await settle(pilot)
        assert text_of(app) == before


@pytest.mark.parametrize("axis", BY_TIME)
async def test_what_is_expected_by_epoch_is_not_drawn_on_an_axis_of_time_or_money(dashboard, judged, axis):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        shown = charts(app.snapshot, colours={}, tags={}, axis=axis)[0]
        assert shown.guides == ()
        assert shown.x_end is None or shown.x_end < 1e4  # not as many as there are steps
        assert len(charts(app.snapshot, colours={}, tags={})[0].guides) > 1


@pytest.mark.parametrize(
    ("fraction", "values", "scale"),
    [
        (False, [0.4], 1),
        (True, [0.4], 0.01),
        ("auto", [0.0, 0.4], 0.01),
        ("auto", [48.0], 1),
        ("auto", [], 1),
    ],
)
def test_a_gate_in_percent_lies_where_a_curve_of_fractions_has_it(fraction, values, scale):
    assert Drawing(fraction=fraction).scale(values) == scale


def test_what_a_chart_needs_is_read_from_the_text_of_the_gate():
    text = ('{"test":"track","metric":"wer","axis":"step","points":[[1,98],[10,65.5]],'
            '"~words":{"wer":{"from":["val/wer","Val WER"],"fraction":"auto"}}}')  # fmt: skip
    assert drawing_of(text, "wer") == Drawing(names=("val/wer", "Val WER"), fraction="auto", axis="step",
                                              curve=((1.0, 98.0), (10.0, 65.5)))  # fmt: skip
    assert drawing_of("", "wer") == Drawing()


async def test_a_gate_is_drawn_with_the_curve_it_calls_by_another_name(dashboard, judged):
    share = replace(SHARE, metric="mae", rule="best(mae) < 80", drawing=Drawing(names=("val/mae",)))
    judged.gate_views = [share]
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        first = charts(app.snapshot, colours={}, tags={})[0]
        assert [one.value for one in first.thresholds] == [80]
        assert "mae-80" in app.snapshot.traces[0].prospect.outlooks


# ---------------------------------------------------------------- the answers


async def test_a_question_is_answered_with_a_note(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("A")
        await until(
            pilot, lambda: isinstance(app.screen, Answer) and "curves still plausible?" in text_of(app)
        )
        await pilot.press("y", *"yes, noisy", "enter")
        await until(pilot, lambda: ("answer", RUN, "look-in", True, "yes, noisy") in judged.calls)
        await until(pilot, lambda: not isinstance(app.screen, Answer))


async def test_the_question_of_a_study_is_answered_for_the_study(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "A")
        await until(pilot, lambda: isinstance(app.screen, Answer))
        await pilot.press("tab", "y", "escape", "n", "enter")
        await until(pilot, lambda: ("answer", "study:phase 3", "gate-4", False, "") in judged.calls)


async def test_escape_answers_nothing(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("A", "y", "escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, Answer))
        assert not [call for call in judged.calls if call[0] == "answer"]


async def test_a_refused_answer_stays_to_be_read(dashboard, judged):
    app = dashboard(judged)
    judged.refusal = UserError("look-in was answered already", hint="see `trainui gates`")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("A", "n", "enter")
        await until(pilot, lambda: "answered already" in text_of(app))
        assert isinstance(app.screen, Answer)


async def test_where_nothing_is_asked_a_is_told_so(dashboard, judged):
    judged.gate_views = [SHARE]
    app = dashboard(judged)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("A")
        await until(pilot, lambda: any("nothing is asked" in note.message for note in app._notifications))


@pytest.mark.parametrize(
    ("size", "look"),
    [
        ((80, 24), {}),
        ((120, 36), {}),
        ((120, 36), {"dark": False}),
        ((200, 55), {}),
        ((80, 24), {"ascii": True}),
    ],
    ids=["80x24", "120x36", "120x36-light", "200x55", "80x24-ascii"],
)
def test_gates_look_as_they_did(dashboard, judged, snap_compare, size, look):
    async def run_before(pilot):
        await opened(pilot, *(("tab",) if size[0] == 80 else ()))

    assert snap_compare(dashboard(judged, **look), terminal_size=size, run_before=run_before)


async def test_what_gates_tell_people_is_a_toast_once_and_what_was_before_is_not(dashboard):
    story = Story()
    shown = ("toast", "bell")
    story.message_list.append(
        Message(id=50, at=NOW, kind="gate", subject="mlp-2", text="an old one", shown=shown)
    )
    app = dashboard(story)
    rung = []
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.bell = lambda: rung.append(1)
        hidden = Message(id=51, at=NOW, kind="ended", subject="mlp-2", text="nobody wants to hear of it")
        text = "mlp-2: [b]no-nan[/b] tripped"
        story.message_list += [
            hidden,
            Message(id=52, at=NOW, kind="gate", subject="mlp-2", text=text, shown=shown),
        ]
        story.changes += 1
        await until(pilot, lambda: "mlp-2: [b]no-nan[/b] tripped" in toasts(app))
        story.changes += 1
        await settle(pilot)
        assert rung == [1]
        assert "an old one" not in toasts(app)
        assert "nobody wants" not in toasts(app)
