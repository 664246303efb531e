"""The HTML page in a headless Chromium: alone, without complaint, for mouse, keyboard, eyes and ears."""

import base64
import hashlib
import itertools
import math
import re

import pytest

from tests.chromium import chromium, page
from tests.core.money_store import START, Books
from trainui.core.export.charts import INKS, ON_WHITE
from trainui.core.export.gathering import gather
from trainui.core.export.page import write
from trainui.core.gates import parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.intents import Desk
from trainui.core.store.schema import atomic
from trainui.core.store.verdicts import write_gates

HOSTILE = (
    "</script><script>window.hacked=1</script>", "<!--<script>", "\"'><img src=x onerror=window.hacked=1>", "=cmd()",
    "{{ 7*7 }}", "</style>", "javascript:window.hacked=1", "\u202eevil\u2066", "]]>", "&lt;b&gt;", "\x1b[31mred",
)  # fmt: skip
needs_chromium = pytest.mark.skipif(chromium() is None, reason="needs Chromium")


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def log(books, run, metric, told, *, start=0.0):
    records = [
        Record(metrics={metric: value}, step=n, epoch=n / 4, at=START + start + n) for n, value in enumerate(told)
    ]  # fmt: skip
    with atomic(books.db):
        books.streams.add_records(run, "jsonl", records, now=START)


def story(books):
    """Two runs: one falls and stays finite, one goes NaN."""
    books.run("mlp-1", end=40, spec={"params": {"lr": 0.1}})
    books.run("conv-1", end=40, spec={"params": {"lr": 0.2}}, result="failed", cause="exit 1")
    log(books, "mlp-1", "val/mae", [100.0 / (n + 1) for n in range(40)])
    log(books, "conv-1", "val/mae", [50.0 / (n + 1) for n in range(20)] + [math.nan] * 20)
    for metric in ("a", "b", "c", "d", "e", "f", "g"):
        log(books, "mlp-1", metric, [1.0, 2.0, 3.0])


def written(books, tmp_path, *runs):
    reader = books.reader()
    (path,) = write(reader, gather(reader, runs or ("mlp-1", "conv-1"), now=START + 100), tmp_path)
    reader.close()
    return path


async def opened(tab, path):
    await tab.open(path.as_uri())
    await tab.until("document.documentElement?.dataset?.ready === 'yes'")


async def key(tab, name, *, shift=False):
    codes = {"ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Tab": 9, "Escape": 27, "Enter": 13}
    told = {"key": name, "windowsVirtualKeyCode": codes.get(name, 0), "modifiers": 8 if shift else 0}
    if name not in codes:
        told["text"] = name
    await tab.do("Input.dispatchKeyEvent", type="keyDown" if name not in codes else "rawKeyDown", **told)
    await tab.do("Input.dispatchKeyEvent", type="keyUp", **told)


async def place(tab, share, number=0):
    """(x, y) on the screen of a place in a chart: 0 its left edge, 1 its right edge."""
    return await tab.evaluate(
        f"""(() => {{
        const svg = document.querySelectorAll("figure.chart svg.plot")[{number}];
        svg.scrollIntoView({{block: "center", behavior: "instant"}});
        const box = svg.getBoundingClientRect();
        return [box.left + box.width * (58 + {share} * (640 - 58 - 12)) / 640, box.top + box.height / 2];
        }})()"""
    )


async def mouse(tab, kind, at, **more):
    await tab.do("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], **more)


READOUT = "document.querySelector('figure.chart .readout').innerText.replace(/\\s+/g, ' ').trim()"
WINDOW = "document.querySelector('figure.chart svg').dataset.window.split(' ').map(Number)"


def test_the_page_is_whole_without_any_script(books, tmp_path):
    story(books)
    text = written(books, tmp_path).read_text(encoding="utf-8")
    body = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    for part in (
        "mlp-1",
        "conv-1",
        "failed: exit 1",
        "<svg",
        'class="line i0 s0"',
        'class="mark i1"',
        "val/mae",
    ):
        assert part in body, part
    assert body.count("<figure") == 6, "those of the main metrics"
    assert "2 more metrics are drawn where scripts may run" in body
    for word in ("http://", "https://", "@import", "url("):
        assert word not in body.replace('xmlns="http://www.w3.org', ""), word


@needs_chromium
async def test_ticks_of_time_are_those_of_a_clock_and_no_label_covers_a_curve_or_another_label(
    books, tmp_path
):
    books.run("a-1", end=9000)
    told = [Record(metrics={"val/mae": float(n)}, step=n, at=START + 60 * n) for n in range(101)]
    tables = [
        {
            "id": f"gate-{n}",
            "role": "criterion",
            "test": "value",
            "left": "best(val/mae)",
            "op": "<",
            "right": 50 + n,
        }
        for n in range(5)
    ]
    with atomic(books.db):
        books.streams.add_records("a-1", "jsonl", told, now=START)
        write_gates(books.db, "a-1", parse_gates(tables, goals={"val/mae": "min"}))
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path, "a-1"))
        plot = "document.querySelector('figure.chart svg.plot')"
        texts = "[...{}.querySelectorAll('text.{}')].map((one) => one.firstChild.textContent)"
        assert [one for one in await tab.evaluate(texts.format(plot, "tick")) if "." in one] == []
        await tab.evaluate(
            "(() => { const axis = document.getElementById('axis'); axis.value = 'elapsed';"
            " axis.dispatchEvent(new Event('change')); })()"
        )
        ticks = await tab.evaluate(texts.format(plot, "tick"))
        assert ticks[-8:-1] == ["0", "15 min", "30 min", "45 min", "1 h", "1 h 15", "1 h 30"]
        assert await tab.evaluate(texts.format(plot, "said")) == [f"gate-{n} {50 + n}" for n in range(5)]
        boxes = await tab.evaluate(
            f"(() => {{ const box = (one) => {{ const b = one.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }};"
            f" return [box({plot}), box({plot}.querySelector('path.axis')),"
            f" ...[...{plot}.querySelectorAll('text.said')].map(box)]; }})()"
        )
    whole, axis, *said = boxes
    assert all(axis[2] <= left and right <= whole[2] for left, _, right, _ in said), (
        "beside the curves, within the chart"
    )
    tops = sorted((top, bottom) for _, top, _, bottom in said)
    assert all(before[1] <= after[0] + 2 for before, after in itertools.pairwise(tops))


def test_of_a_study_that_is_told_in_part_it_is_said_whose_money_that_is(books, tmp_path):
    story(books)
    whole, part = written(books, tmp_path).read_text(), written(books, tmp_path, "mlp-1").read_text()
    studies = [re.findall(r"<p>(\d+ runs?(?: \(\d+ told here\))?), from", text) for text in (whole, part)]
    assert studies == [["2 runs"], ["2 runs (1 told here)"]]


def test_only_the_pages_own_script_and_style_may_run(books, tmp_path):
    story(books)
    text = written(books, tmp_path).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    for kind, found in (
        ("script", re.findall(r"<script>(.*?)</script>", text, re.DOTALL)),
        ("style", re.findall(r"<style>(.*?)</style>", text, re.DOTALL)),
    ):
        (part,) = found
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert " style=" not in text.partition("</style>")[2], "it would not be allowed"
    assert not re.search(r"\son\w+=", text.partition("</style>")[2].partition("<script")[0])


def test_its_colours_can_be_seen_on_paper_and_on_screen(books, tmp_path):
    story(books)
    text = written(books, tmp_path).read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    palettes = [
        dict(re.findall(r"--([\w]+): (#\w{6});", block))
        for block in re.findall(r"\{([^{}]*--i0[^{}]*)\}", style)
    ]
    palettes = [one for one in palettes if one]
    assert len(palettes) == 4, "light, dark by wish of the system, dark by choice, print"
    for palette in palettes:
        for name, colour in palette.items():
            if name not in ("paper", "raised", "rule", "grid"):
                least = 3.0 if name.startswith("i") and name != "ink" else 4.5
                assert contrast(colour, palette["paper"]) >= least, (name, colour)
    assert tuple(palettes[0][f"i{number}"] for number in range(INKS)) == ON_WHITE
    assert palettes[1] == palettes[2]


def contrast(one, other):
    """As WCAG 2 defines it."""

    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@needs_chromium
async def test_nothing_leaves_the_page_and_nothing_is_complained_of(books, tmp_path):
    story(books)
    path = written(books, tmp_path)
    async with page(tmp_path) as tab:
        await opened(tab, path)
        assert await tab.evaluate("document.querySelectorAll('figure.chart').length") == 8
        await tab.evaluate("document.getElementById('more').open = true")
        await tab.until("document.querySelectorAll('#more path.line').length === 2")
        assert await tab.evaluate(
            "[...document.querySelectorAll('figure.chart')].every(f => f.querySelector('path.line'))"
        )
        assert tab.requested == [path.as_uri()]
        assert tab.complaints == []


@needs_chromium
async def test_a_chart_is_read_with_mouse_and_keys(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path))
        await mouse(tab, "mouseMoved", await place(tab, 0.3))
        told = await tab.until(READOUT)
        assert re.fullmatch(r"epoch 2\.[89]\d*: conv-1 3\.84615 mlp-1 7\.69231", told), told
        await tab.evaluate("document.querySelector('figure.chart .stage').focus()")
        await key(tab, "Home")
        assert await tab.evaluate(READOUT) == "epoch 0: conv-1 50 mlp-1 100"
        await key(tab, "ArrowRight")
        assert await tab.evaluate(READOUT) == "epoch 0.25: conv-1 25 mlp-1 50"
        await key(tab, "ArrowRight", shift=True)
        assert (await tab.evaluate(READOUT)).startswith("epoch 2.75:")
        await key(tab, "End")
        assert await tab.evaluate(READOUT) == "epoch 9.75: mlp-1 2.5 conv-1 not finite"
        await key(tab, "Escape")
        assert await tab.evaluate(READOUT) == ""
        assert tab.complaints == []


@needs_chromium
async def test_a_chart_is_zoomed_by_dragging_by_wheel_and_by_keys_and_comes_back(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path))
        start, end = await place(tab, 0.25), await place(tab, 0.5)
        await mouse(tab, "mouseMoved", start)
        await mouse(tab, "mousePressed", start, button="left", clickCount=1)
        await mouse(tab, "mouseMoved", end, button="left", buttons=1)
        await mouse(tab, "mouseReleased", end, button="left", clickCount=1)
        low, high = await tab.evaluate(WINDOW)
        assert low == pytest.approx(9.75 / 4, abs=0.1)
        assert high == pytest.approx(9.75 / 2, abs=0.1)
        await mouse(tab, "mousePressed", end, button="left", clickCount=2)
        await mouse(tab, "mouseReleased", end, button="left", clickCount=2)
        assert await tab.until(f"({WINDOW})[1] === 9.75 && {WINDOW}") == [0, 9.75]
        await tab.evaluate("document.querySelector('figure.chart .stage').focus()")
        await mouse(tab, "mouseWheel", end, deltaX=0, deltaY=-100)
        low, high = await tab.until(f"({WINDOW})[1] < 9.75 && {WINDOW}")
        assert high - low == pytest.approx(9.75 * 0.8, abs=0.1)
        await key(tab, "0")
        assert await tab.evaluate(WINDOW) == [0, 9.75]
        await key(tab, "+")
        low, high = await tab.evaluate(WINDOW)
        assert high - low < 6
        before = await tab.evaluate("document.querySelector('figure.chart .axis ~ text').textContent")
        await key(tab, "l")
        assert await tab.evaluate(
            "document.querySelector('figure.chart svg').textContent.includes('log scale')"
        )
        assert before is not None
        assert tab.complaints == []


@needs_chromium
async def test_a_run_is_hidden_an_axis_chosen_a_table_sorted_and_colours_turned(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path))
        lines = "document.querySelectorAll('figure.chart[data-chart=\"0\"] path.line').length"
        assert await tab.evaluate(lines) == 2
        await tab.evaluate("document.querySelector('.legend button').click()")
        assert await tab.evaluate(lines) == 1
        assert (
            await tab.evaluate("document.querySelector('.legend button').getAttribute('aria-pressed')")
            == "false"
        )
        await tab.evaluate(
            "const a = document.getElementById('axis'); a.value = 'step'; a.dispatchEvent(new Event('change'))"
        )
        assert await tab.evaluate(WINDOW) == [0, 39]
        first = "document.querySelector('table.sortable tbody th').innerText"
        sort = "document.querySelector('table.sortable thead button').click()"
        await tab.evaluate(sort)
        assert (await tab.evaluate(first)).startswith("conv-1")
        await tab.evaluate(sort)
        assert (await tab.evaluate(first)).startswith("mlp-1")
        assert (
            await tab.evaluate("document.querySelector('th[aria-sort]').getAttribute('aria-sort')")
            == "descending"
        )
        paper = "getComputedStyle(document.body).backgroundColor"
        before = await tab.evaluate(paper)
        await tab.evaluate("document.getElementById('theme').click()")
        assert await tab.evaluate(paper) != before
        await tab.evaluate("document.getElementById('theme').click()")
        await tab.do(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        assert await tab.evaluate(paper) == before, "what a person chose stays"
        assert tab.complaints == []


@needs_chromium
async def test_those_who_listen_find_landmarks_and_names(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path))
        await tab.do("Accessibility.enable")
        nodes = (await tab.do("Accessibility.getFullAXTree"))["nodes"]
        told = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and "role" in node
        ]
        roles = [role for role, _name in told]
        for role in ("banner", "navigation", "main", "contentinfo"):
            assert roles.count(role) == 1, role
        names = dict(told)
        assert ("region", "Curves") in told
        assert ("navigation", "Contents") in told
        for role, name in told:
            if role in ("button", "link", "table", "img", "region", "combobox", "heading", "image"):
                assert name, role
        pictures = [name for role, name in told if role in ("img", "image")]
        assert "val/mae" in pictures
        assert names
        assert any(role == "columnheader" for role in roles)
        assert any(role == "rowheader" for role in roles)
        await key(tab, "Tab")
        assert await tab.evaluate("document.activeElement.className") == "skip"
        heads = await tab.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))"
        )
        assert heads[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(heads))


@needs_chromium
async def test_it_is_printed_with_its_curves_and_closed_runs_open(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await opened(tab, written(books, tmp_path))
        whole = base64.b64decode((await tab.do("Page.printToPDF"))["data"])
        assert whole.startswith(b"%PDF")
        assert await tab.evaluate("[...document.querySelectorAll('details')].every(one => one.open)")
        await tab.do("Emulation.setEmulatedMedia", media="print")
        assert await tab.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"
        assert await tab.evaluate(
            "document.querySelector('figure.chart svg').getBoundingClientRect().height > 50"
        )


@needs_chromium
async def test_without_scripts_the_curves_and_the_runs_are_there(books, tmp_path):
    story(books)
    async with page(tmp_path) as tab:
        await tab.do("Emulation.setScriptExecutionDisabled", value=True)
        path = written(books, tmp_path)
        await tab.open(path.as_uri())
        text = await tab.until("document.readyState === 'complete' && document.body.innerText")
        assert "more metrics are drawn where scripts may run" in text
        assert await tab.evaluate(
            "document.querySelector('figure.chart path.line').getBoundingClientRect().width > 100"
        )
        assert await tab.evaluate("document.getElementById('theme').hidden")
        assert "exit 1" in text


@needs_chromium
@pytest.mark.parametrize("text", HOSTILE)
async def test_no_name_note_or_log_line_becomes_more_than_text(text, books, tmp_path):
    books.run(
        "mlp-1", end=9, result="failed", cause=text,
        spec={"params": {text: text}, "job": {"name": "mlp", "command": [text, "x"], "about": text}},
    )  # fmt: skip
    log(books, "mlp-1", text, [1.0, math.nan, 2.0])
    Desk(books.path).note("mlp-1", text)
    folder = tmp_path / "runs" / "mlp-1"
    folder.mkdir(parents=True)
    (folder / "output.log").write_text(text + "\n")
    path = written(books, tmp_path, "mlp-1")
    plain = re.sub("[\u202e\u2066]|\x1b\\[31m", "", text)
    async with page(tmp_path) as tab:
        await opened(tab, path)
        assert await tab.evaluate("window.hacked") is None
        assert await tab.evaluate("document.querySelectorAll('script').length") == 2
        assert await tab.evaluate("document.querySelectorAll('img').length") == 0
        assert await tab.evaluate("document.querySelector('figcaption bdi').textContent") == plain
        assert await tab.evaluate("document.querySelector('pre[tabindex]').textContent") == plain
        assert (await tab.evaluate("document.querySelector('p.note').textContent")).endswith(plain)
        assert tab.complaints == []
        assert tab.requested == [path.as_uri()]
    assert "\u202e" not in path.read_text(encoding="utf-8")
