"""Values to short text, as tables."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from money_story import TIGHT
from msgspec.structs import replace
from story import EVENTS, GATES, NOW, RUNS, Story, live, run

from trainui.core.costing import StartForecast
from trainui.core.money.outlook import Range
from trainui.core.run import Result, Status
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.views import GpuView, MachineView, UsageView
from trainui.ui.exporting import default_folder
from trainui.ui.opened import thinned
from trainui.ui.present import text
from trainui.ui.present.charts import comparison, thresholds
from trainui.ui.present.facts import facts
from trainui.ui.present.gates import gate_table
from trainui.ui.present.ink import Span, ascii_only, clip, fit, fold, line, middle, plain, safe, width, wrap
from trainui.ui.present.jobs import several_lines
from trainui.ui.present.lights import gate_lights, run_light, run_word
from trainui.ui.present.rows import _best_at, _done, in_order, ranks, table
from trainui.ui.present.story import event_lines, run_head
from trainui.ui.present.strips import leaving_line, machine_line, money_line
from trainui.ui.screens.room import digits
from trainui.ui.trace import Trace


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (88.1, "88.10"),
        (131.04, "131.0"),
        (0.03123, "0.03123"),
        (0.000012, "1.2e-05"),
        (12345.6, "12346"),
        (0.0, "0"),
        (-4.25, "-4.250"),
        (None, "–"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_shows_four_digits_that_count(value, expected):
    assert text.number(value) == expected


def test_a_column_shares_its_decimals_unless_its_smallest_value_would_be_lost():
    assert text.decimals_for([0.9333, 0.85, None]) == 4
    assert text.decimals_for([45.0, 0.3]) == 2
    assert text.decimals_for([20.29, 0.0346]) is None
    assert text.decimals_for([1234.0, 0.5]) == 0
    assert text.decimals_for([None]) == 0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "–"), (0, "0 s"), (45.9, "45 s"), (60, "1 min"), (1860, "31 min"), (4320, "1:12 h"), (450_000, "5.2 d"),
     (math.inf, "–"), (-3, "0 s")],
)  # fmt: skip
def test_a_duration_is_short(seconds, expected):
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [(NOW, "01:00"), (NOW - 3600, "00:00"), (NOW - 7200, "Tue 23:00"), (NOW - 30 * 86400, "16 Oct")],
)
def test_a_clock_names_the_day_when_it_is_another(at, expected):
    assert text.clock(at, NOW) == expected


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(None, "░░░░"), (0.0, "░░░░"), (0.5, "▓▓░░"), (0.999, "▓▓▓░"), (1.0, "▓▓▓▓"), (7.0, "▓▓▓▓")],
)
def test_a_bar_is_full_only_when_it_is(fraction, expected):
    assert text.bar(fraction, 4) == expected


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("[red]x[/red]", "[red]x[/red]"),  # markup is text
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("a\tb\rc\nd", "a  b c d"),
        ("bell \x07, right to left \u202e", "bell ·, right to left ·"),
        ("\ud800", "·"),
    ],
)
def test_text_of_a_job_cannot_drive_the_terminal(raw, shown):
    assert safe(raw) == shown


def test_lines_are_measured_in_cells_not_letters():
    wide = line("漢字", Span("ab", "dim"))
    assert width(wide) == 6
    assert plain(clip(wide, 4)) == "漢 …"
    assert plain(fit(wide, 8)) == "漢字ab  "
    assert plain(fit(line("7"), 3, right=True)) == "  7"


def test_long_words_of_a_researcher_are_wrapped_not_cut():
    rows = [plain(row) for row in wrap(line(Span("validation MAE improving every epoch", "quote")), 20, 2)]
    assert rows == ["  validation MAE", "  improving every", "  epoch"]


def test_folding_drops_the_least_important_part_first():
    parts = [(0, line("name")), (2, line("least")), (1, line("more"))]
    assert [plain(fold(parts, n, " ")) for n in (20, 10, 6, 2)] == [
        "name least more",
        "name more",
        "name",
        "n…",
    ]


def test_every_glyph_of_ours_has_an_ascii_one():
    shown = "".join(light.text for light in map(run_light, RUNS)) + plain(gate_lights({"passed": 1, "ok": 2}))
    assert "?" not in ascii_only(shown + "▓░─│└┬┤┼┈…▌–×→“”")


@pytest.mark.parametrize(
    ("view", "light", "word"),
    [
        (run("a-1"), ("●", "calm"), "running"),
        (run("a-1", status=Status.QUEUED), ("○", "dim"), "queued"),
        (run("a-1", status=Status.PAUSED), ("‖", "warn"), "paused"),
        (run("a-1", status=Status.ENDED, result=Result.FINISHED), ("✔", "ok"), "finished"),
        (run("a-1", status=Status.ENDED, result=Result.FAILED), ("✖", "bad"), "failed"),
        (run("a-1", status=Status.ENDED, result=Result.LOST), ("?", "bad"), "lost"),
        (run("a-1", status=Status.ENDED, result=Result.STOPPED, cause="user"), ("■", "dim"), "stopped"),
        (run("a-1", status=Status.ENDED, result=Result.STOPPED, cause="gate x"), ("✖", "warn"), "stopped"),
    ],
)
def test_red_is_only_for_what_needs_a_person(view, light, word):
    assert (tuple(run_light(view)), run_word(view)) == (light, word)


@pytest.mark.parametrize(
    ("gates", "wide", "tight"),
    [
        ({"ok": 5, "passed": 3, "warn": 1}, "✔ 3  ● 5  ▲ 1", "✔3 ●5 ▲1"),
        ({"ok": 1, "pending": 4, "tripped": 0}, "● 1  ○ 4", "●1"),
        ({"pending": 4}, "○ 4", "○4"),
        ({"tripped": 1, "failed": 1}, "✖ 2", "✖2"),
        ({"a word from the future": 1}, "? 1", "?1"),
        ({}, "", ""),
    ],
)
def test_gate_lights_count_verdicts(gates, wide, tight):
    assert plain(gate_lights(gates)) == wide
    assert plain(gate_lights(gates, tight=True)) == tight


def rows_at(cells, runs=RUNS):
    return table(runs, cells, tags={"mlp-2": "2"}, colours=ranks(runs), marked=frozenset({"mlp-2"}), now=NOW)


@pytest.mark.parametrize(
    ("cells", "head"),
    [
        (60, ["run", "state", "done", "eta", "val/mae", "gates", "$"]),
        (80, ["run", "state", "done", "eta", "val/mae", "best", "gates", "$"]),
        (118, ["run", "state", "epoch", "eta", "val/mae", "best", "at", "gates", "$", "$/h", "GPU-h"]),
        (200, ["run", "state", "epoch", "eta", "val/mae", "best", "at", "gates", "$", "$/h", "GPU-h"]),
    ],
)
def test_columns_fold_away_on_the_right(cells, head):
    drawn = rows_at(cells)
    assert plain(drawn.head).split() == head
    assert all(width(row) <= cells for row in drawn.rows)


def test_at_50_cells_no_value_is_cut_and_the_gates_are_in_sight():
    views = [replace(view, step=24_650.0, epoch=None, progress=None) for view in RUNS[:3]]
    views[0] = replace(views[0], metric=replace(views[0].metric, name="val/loss", last=0.04618))
    drawn = rows_at(50, views)
    assert plain(drawn.head).split()[-1] == "gates"
    row = plain(drawn.rows[0])
    assert "0.04618" in row
    assert "▲1" in row


def test_at_80_cells_a_run_still_tells_everything():
    row = plain(rows_at(80).rows[0])
    for part in ("transformer-3", "running", "68 %", "1:12 h", "88.1", "86.4", "✔3", "▲1", "1.38"):
        assert part in row


def test_steps_as_large_as_a_float_can_be_do_not_break_the_table():
    vast = replace(
        RUNS[0], epoch=1e300, step=5e-324, total_epochs=1e308, metric=replace(RUNS[0].metric, best_step=1e308)
    )
    assert _done(vast) == "1e+300 of 1e+308"
    assert _best_at(vast) == "–"


def test_numbers_align_on_the_point():
    rows = [plain(row) for row in rows_at(118).rows[:3]]
    assert (
        len(
            {
                row.index(value) + len(value)
                for row, value in zip(rows, ("88.1", "131.0", "104.7"), strict=True)
            }
        )
        == 1
    )


def test_what_waits_or_ended_says_why_instead_of_progress():
    rows = [plain(row) for row in rows_at(118).rows]
    assert "waits for transformer, mlp, contrastive" in rows[3]
    assert "gate no-nan at epoch 3" in rows[4]
    assert "out of GPU memory" in rows[5]


def test_a_run_that_is_being_stopped_counts_down():
    stopping = replace(RUNS[1], status=Status.STOPPING, stop_at=NOW + 12)
    assert "killed in 12 s" in plain(rows_at(118, [stopping]).rows[0])


def test_a_marked_run_carries_a_bar_and_its_digit():
    assert plain(rows_at(80).rows[1]).startswith("▌2●")


def test_other_metrics_are_named_in_their_cell():
    other = live("asr-1", epoch=1.0, value=0.5, best=0.4, at=1, eta=5, gates={}, order=9)
    other = replace(other, metric=replace(other.metric, name="val/wer"))
    drawn = rows_at(118, [RUNS[0], other])
    assert "metric" in plain(drawn.head)
    assert "wer 0.5000" in plain(drawn.rows[1])


def test_live_runs_stand_first_and_colours_follow_the_queue():
    assert [v.run for v in in_order(reversed(RUNS))][-3:] == ["evaluate-1", "transformer-1", "transformer-2"]
    assert ranks(RUNS)["transformer-1"] == 0
    assert ranks(RUNS[1:]) != ranks(RUNS)  # a colour belongs to a place in the queue


@pytest.mark.parametrize(
    ("budget", "parts"),
    [
        (Story().budget_view, ["a100", "1.29 $/h", "4.12 of 10.00 $", "lasts until 02:10"]),
        (BudgetView(spent_usd=0.5), ["0.50 $", "no budget set"]),
        (
            BudgetView(total_usd=10, spent_usd=8, left_usd=0, reserve_usd=2),
            ["8.00 of 10.00 $", "only the reserve is left"],
        ),
        (BudgetView(total_usd=0, spent_usd=0), ["0.00 of 0.00 $"]),
    ],
)
def test_the_money_strip(budget, parts):
    shown = plain(money_line(budget, 118, title="boundary", now=NOW))
    assert [part for part in parts if part not in shown] == []


def test_the_machine_strip_folds():
    machine = Story().machine_view
    wide = plain(machine_line(machine, 200, history=[0, 0.5, 1]))
    for part in (
        "GPU0",
        "94 %",
        "A100 40G",
        "▁",
        "mem 11.3 of 40 GiB",
        "62 °C",
        "214 W",
        "cpu 38 %",
        "disk 412 GiB free",
    ):
        assert part in wide
    assert plain(machine_line(machine, 30)) == " GPU0 94 %"
    assert "no GPU   no driver" in plain(
        machine_line(replace(machine, gpus=(), no_gpu_reason="no driver"), 118)
    )
    assert "not been measured" in plain(machine_line(None, 80))


LASTS = "the budget lasts until 02:10"
COSTS_ON = "the machine costs 1.29 $/h while it is rented"


@pytest.mark.parametrize(
    ("runs", "changes", "said"),
    [
        (
            RUNS,
            {},
            "3 runs go on (transformer-3, mlp-2, contrastive-1), 0.43 $/h each, 1.29 $/h together, 1 run waits; "
            f"{LASTS}; trainui brings you back",
        ),
        (RUNS[:1], {}, f"1 run goes on (transformer-3), 0.43 $/h; {LASTS}; trainui brings you back"),
        (
            RUNS[:1],
            {"idle_since": NOW - 840, "over_usd": 0.2},
            "1 run goes on (transformer-3), 0.43 $/h; no run made progress for 14 min = 0.30 $; "
            "0.20 $ over the budget; trainui brings you back",
        ),
        (RUNS[4:], {}, f"nothing is running; {COSTS_ON}; trainui brings you back"),
        (
            RUNS[4:],
            {"idle_since": NOW - 840, "countdown": TIGHT.countdown},
            f"nothing is running; {COSTS_ON}; on_idle runs in 1:20 min: trainui budget cancel calls it off; "
            "idle for 14 min = 0.30 $; trainui brings you back",
        ),
        (
            RUNS[:1],
            {"currency": "EUR", "lasts_until": None},
            "1 run goes on (transformer-3), 0.43 €/h; trainui brings you back",
        ),
    ],
)
def test_leaving_says_what_goes_on(runs, changes, said):
    assert leaving_line(runs, replace(Story().budget_view, **changes), now=NOW) == said


def test_events_align_and_tell_their_kind():
    shown = [plain(row) for row in event_lines(EVENTS, 100, now=NOW, colours={})]
    assert shown[0].startswith(" Tue 23:53 ● transformer-2  stopped: gate")
    assert shown[3].startswith("     00:59 ▲ transformer-3  mae-improving")
    assert all(width(row) <= 40 for row in event_lines(EVENTS, 40, now=NOW, colours={}))


@pytest.mark.parametrize("cells", [60, 140])
def test_a_gate_shows_rule_value_verdict_words_and_why(cells):
    shown = "\n".join(plain(row) for row in gate_table(GATES, cells))
    for part in ("▲ ", "mae-improving", "warn at epoch 33", "1 % per 8 epochs", "best moved 0.4 %", "would have",
                 "passed at epoch 29", "best(val/mae) < 100", "86.40", "“Best model achieves <100ms MAE?”"):  # fmt: skip
        assert part in shown
    assert shown.index("mae-improving") < shown.index("mae-100")  # the worst first
    assert "promised nothing" in plain(gate_table([], cells)[0])


def test_samples_are_thinned_and_no_peak_of_anything_is_lost():
    samples = [
        UsageView(run="a", at=n, cpu=None if n == 0 else 1.0, memory=10, gpu=0.5, gpu_memory=20)
        for n in range(9)
    ]
    for n, name, most in ((1, "gpu", 0.9), (2, "cpu", 7.5), (4, "memory", 99), (7, "gpu_memory", 88)):
        samples[n] = replace(samples[n], **{name: most})
    few = thinned(samples, most=3)
    assert [one.at for one in few] == [2, 5, 8]
    assert [one.cpu for one in few] == [7.5, 1.0, 1.0]
    assert [one.memory for one in few] == [10, 99, 10]
    assert [one.gpu for one in few] == [0.9, 0.5, 0.5]
    assert [one.gpu_memory for one in few] == [20, 20, 88]
    bare = UsageView(run="a", at=0, cpu=None, memory=1)
    assert thinned([bare, bare], most=1) == (bare,)


def test_several_starts_are_summed_in_the_projects_currency():
    starts = [StartForecast(job=job, basis="", usd=Range(low=1, mid=1.25, high=2, count=3)) for job in "ab"]
    assert plain(several_lines(starts, 80, currency="EUR")[-1]) == "together about 2.50 €"


@pytest.mark.parametrize(
    ("runs", "study", "name"),
    [(["mlp-1"], "", "mlp-1"), (["a", "b"], "", "2-runs"), (["a"], "phase 3", "phase 3")],
)
def test_an_export_goes_where_it_is_looked_for(runs, study, name):
    assert default_folder(Path("/p"), runs, study) == f"/p/exports/{name}"


@pytest.mark.parametrize("study", ["..", ".", "../../x", "a/../b"])
def test_no_name_of_a_study_leads_an_export_out_of_its_folder(study):
    found = Path(default_folder(Path("/p"), ["a"], study))
    assert found.parent == Path("/p/exports")
    assert found.name not in ("", ".", "..")


def test_facts_tell_what_was_run():
    shown = "\n".join(plain(row) for row in facts(Story().detail("transformer-3"), 80, now=NOW))
    for part in ("python jobs/boundary/train.py", "learning_rate", "best.pt", "97 % understood", "[red]x"):
        assert part in shown


def test_the_head_of_a_run_folds():
    assert "epoch 34 of 50" in plain(run_head(RUNS[0], 118, colour=0, now=NOW))
    assert plain(run_head(RUNS[0], 24, colour=0, now=NOW)) == " ● transformer-3"


def test_a_metric_with_a_long_name_hides_neither_its_value_nor_the_columns_beside_it():
    name = "evaluation/validation/mean_absolute_boundary_error_in_milliseconds_over_speakers"
    views = [replace(view, metric=replace(view.metric, name=name)) for view in RUNS[:3]]
    assert "88.1" in plain(run_head(views[0], 80, colour=0, now=NOW))
    told = table(views, 80, tags={}, colours={}, now=NOW)
    usual = table(RUNS[:3], 80, tags={}, colours={}, now=NOW)
    assert "…" in plain(told.head)
    assert "$" in plain(told.head)
    for row, view in zip(told.rows, views, strict=True):
        assert view.run in plain(row)
    assert len(plain(usual.head)) <= 80


@pytest.mark.parametrize("cells", range(40))
def test_a_text_without_its_middle_fits_and_keeps_both_ends(cells):
    for name in ("val/mae", "evaluation/validation/error_a", "验证/平均绝对误差/毫秒", "e\u0301" * 30):
        told = middle(name, cells)
        assert width(line(told)) <= cells
        if cells >= 5 and told != name:
            assert told[0] == name[0]
            assert told[-1] == name[-1]
            assert "…" in told


def test_a_gate_is_one_line_in_a_chart_however_many_runs_share_it():
    shared = (GATES[0], replace(GATES[0], run="mlp-2"))
    traces = [Trace(run=run, metric="val/mae") for run in ("transformer-3", "mlp-2")]
    assert [t.label for t in thresholds(shared, traces)] == ["gate mae-100 < 100"]
    assert comparison(replace(GATES[0], rule="no sign")) == "100"


def test_presenting_and_plotting_need_no_textual():
    modules = (
        "present.rows",
        "present.story",
        "present.strips",
        "present.charts",
        "plot.figure",
        "gather",
        "settings",
    )
    code = (
        "import sys\n"
        + "\n".join(f"import trainui.ui.{m}" for m in modules)
        + "\nprint('textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_tag_of_a_run_is_one_character_however_many_runs_there_are():
    tags = digits(tuple(f"run-{n}" for n in range(30)))
    assert list(tags.values())[:10] == list("123456789a")
    assert {len(tag) for tag in tags.values()} == {1}
    assert len(set(tags.values())) == 30


@pytest.mark.parametrize("cells", [80, 120, 200])
def test_eight_gpus_are_one_list_of_how_busy_each_is_and_their_sums(cells):
    gpu = GpuView(
        name="NVIDIA H100",
        uuid="GPU",
        utilisation=0.9,
        memory_used=10 << 30,
        memory_total=80 << 30,
        temperature=60.0,
        watts=300.0,
    )
    gpus = tuple(replace(gpu, utilisation=n / 10, temperature=60.0 + n) for n in range(8))
    machine = MachineView(
        at=NOW, cpu=0.4, cores=64, memory_used=1 << 30, memory_total=200 << 30, disk_free=412 << 30, gpus=gpus
    )
    told = plain(machine_line(machine, cells))
    assert told.startswith(" 8 GPUs 0 10 20 30 40 50 60 70 %   ")
    assert "mem 80 of 640 GiB" in told
    assert "disk 412 GiB free" in told
    assert ("67 °C" in told) or cells == 80
