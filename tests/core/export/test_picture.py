"""The PNG: it shows what the charts hold, and no name is read as anything but a name."""

import io
import itertools
import math
import warnings

import pytest

from tests.core.money_store import START, Books
from trainui.core.export import picture
from trainui.core.export.charts import ON_WHITE
from trainui.core.export.drafts import shared_charts
from trainui.core.export.gathering import gather
from trainui.core.export.picture import draw, write
from trainui.core.ingest.records import Record
from trainui.core.store.schema import atomic

image = pytest.importorskip("PIL.Image")


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def log(books, run, metric, told):
    records = [Record(metrics={metric: value}, step=n, at=START + n) for n, value in enumerate(told)]
    with atomic(books.db):
        books.streams.add_records(run, "jsonl", records, now=START)


def seen(png, colour):
    """(x, y) of the pixels that are nearer to a colour than 40 of 255."""
    picture = image.open(io.BytesIO(png)).convert("RGB")
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    data = picture.tobytes()
    width = picture.width
    return [
        (n % width, n // width)
        for n in range(width * picture.height)
        if max(abs(data[3 * n + at] - wanted[at]) for at in range(3)) < 40
    ]


def test_one_spike_among_many_points_stands_out_of_the_curve(books):
    books.run("a-1", end=9)
    log(books, "a-1", "val/mae", [50.0 if n == 66_666 else 1.0 + n % 2 for n in range(100_000)])
    drawn = draw(shared_charts(books.reader(), ["a-1"]))
    pale = seen(drawn, "#8fb9ff")  # the edge of the band, lighter than the line
    high = min(y for _x, y in pale)
    assert high < 90, "up to the upper edge"
    where = [x for x, y in pale if y < high + 20]
    width = image.open(io.BytesIO(drawn)).width
    assert 0.6 * width < sum(where) / len(where) < 0.72 * width


def test_where_nothing_is_finite_the_line_breaks_and_is_marked(books):
    books.run("a-1", end=9)
    log(books, "a-1", "val/mae", [1.0] * 40 + [math.nan] * 20 + [1.0] * 40)
    blue = seen(draw(shared_charts(books.reader(), ["a-1"])), ON_WHITE[0])
    xs = sorted({x for x, _y in blue})
    gaps = [right - left for left, right in itertools.pairwise(xs)]
    assert max(gaps) > 80, "nothing is drawn where nothing is known"


@pytest.mark.parametrize(
    "name",
    [
        "$\\frac{a}{$",
        "$x^2$ 50%",
        "</text><script>",
        "a\nb\x1b[31mc",
        "_loss_",
        "\u202eevil",
        "損失",
        "x" * 300,
    ],
)
def test_no_name_is_read_as_a_formula_or_stops_the_picture(name, books):
    books.run("a-1", end=9)
    log(books, "a-1", name, [2.0, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw(shared_charts(books.reader(), ["a-1"])).startswith(b"\x89PNG")


def test_letters_that_no_font_here_has_are_told_apart(monkeypatch):
    monkeypatch.setattr(picture, "WIDE_FONTS", ())
    for cache in (picture._others, picture._letters):
        cache.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            picture._text("損失 of ünïcödé → ≥ 😀 \U0001f9ea")
            == "\\u640d\\u5931 of ünïcödé → ≥ 😀 \\U0001f9ea"
        )
    for cache in (picture._others, picture._letters):
        cache.cache_clear()


def test_numbers_at_the_edge_of_all_numbers_are_drawn(books):
    books.run("a-1", end=9)
    log(books, "a-1", "val/mae", [1.7e308, -1.7e308, 0.0])
    log(books, "a-1", "tiny", [5e-324, 1e-320, 5e-324])
    log(books, "a-1", "none", [math.nan, math.inf])
    assert draw(shared_charts(books.reader(), ["a-1"])).startswith(b"\x89PNG")


def test_without_a_curve_the_picture_says_so(books, tmp_path):
    books.run("a-1", start=None, status="queued")
    reader = books.reader()
    (path,) = write(reader, gather(reader, ["a-1"], now=START), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
