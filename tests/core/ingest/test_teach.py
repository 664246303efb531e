"""A line is taught once, and all lines like it are read."""

import math
import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.errors import UserError
from trainui.core.ingest.console import Console
from trainui.core.ingest.coverage import coverage
from trainui.core.ingest.printed import last_printed, printed_in
from trainui.core.ingest.teach import line_text, numbers_in, teach, tokens_of

CASES = [
    (
        "Epoch 5/100 | Val WER: 30.1% | Loss: 8.0",
        ["5 epoch", "100 total_epochs", "30.1 val/wer", "8.0 loss"],
    ),
    ("2024-05-01 12:33:45,123 - INFO - step 10 loss=0.5, acc=61.5%", ["10 step", "0.5 loss", "61.5 acc"]),
    ("E3 S100 loss 0.5", ["3 epoch", "100 step", "0.5 loss"]),
    (
        "Train Loss: 0.5, Acc: 61 | Val Loss: 0.6, Acc: 58",
        ["0.5 train/loss", "61 train/acc", "0.6 val/loss", "58 val/acc"],
    ),
    ("saved a/ckpt_12.pt at 579e621 v1.2.3, loss nan", ["nan loss"]),
    ("nano-gpt anaconda3 info", []),
    ("top1: 0.5 top5: 0.7", ["0.5 top1", "0.7 top5"]),
    ("0/299  11.8G  0.0787", ["0 ", "299 ", "11.8 ", "0.0787 "]),
    ("{'loss': 0.5, 'epoch': 3.0}", ["0.5 loss", "3.0 epoch"]),
    ("image_00012 loss 1,024.5", ["1,024.5 loss"]),
    ("kept 158.ckpt, loss [5. 0.25]", ["158 kept", "5. loss", "0.25 "]),
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_the_numbers_of_a_line_are_found_and_named_by_the_words_before_them(line, expected):
    assert [f"{number.text} {number.suggested}" for number in numbers_in(line)] == expected
    assert [line[number.start : number.end] for number in numbers_in(line)] == [
        one.rpartition(" ")[0] for one in expected
    ]


def test_a_pattern_is_toml_that_a_spec_can_hold():
    taught = teach("{'val wer': 30.1}", {1: "val/wer"})
    (table,) = tomllib.loads(taught.toml())["metrics"]["pattern"]
    assert table == taught.table()
    assert table["rename"] == {"val_wer": "val/wer"}
    (record,) = Console([taught.pattern()]).read(b"{'val wer': nan}")
    assert math.isnan(record.metrics["val/wer"])


# (template, lines that must not be read by it). {}: a number, {9}: in 9 columns, {s}: one that stands before a unit
TEMPLATES = [
    ("step {} loss {} lr {}", ["val step 3 loss 0.2 lr 1", "step 3 loss 0.2", "step 3 loss 0.2 lr 1 (eval)"]),
    ("[{4}/{}] err={}, took {s}s", ["[3/4] err=0.1, took 5m", "err=0.1, took 5s"]),
    ("{8} {12} {12}", ["we are here", "Epoch 5 begins", "1 2", "1 2 3 4"]),
    ("2024-05-01T10:00:00Z INFO q={9}| r={}%", ["2024-05-01T10:00:00Z WARNING q=1| r=2%"]),
    ("Epoch {}:  45%|███▌    | 45/100 [00:12<00:15, {s}it/s, loss={}]", ["Epoch 3 loss=2"]),
    ("a[b]*c+ (x={}) [y={}] $z^2 {}", ["a[b]*c+ (x=1) [y=2] $z^2"]),
    ("{s}-{s};", ["1,2;", "a-b;"]),
    ("top1 {} - top5 {}", ["top5 1 - top1 2"]),
]
FINITE = st.one_of(
    st.floats(allow_infinity=False, allow_nan=False).map(repr),
    st.floats(-1e4, 1e4).map("{:.4f}".format),
    st.floats(0, 1).map("{:.2e}".format),
    st.integers(0, 10**9).map(str),
)
NUMBERS = FINITE | st.sampled_from(["nan", "inf", "-inf"])


def _line(template: str, draw) -> tuple[str, list[tuple[int, float]]]:
    """A line of that template, and its numbers with the place where each begins."""
    text, told = "", []
    for part in re.split(r"(\{\w*\})", template):
        if not part.startswith("{"):
            text += part
            continue
        number = draw(FINITE if part == "{s}" else NUMBERS)
        text += " " * (int(part[1:-1]) - len(number) if part[1:-1].isdigit() else 0)
        told.append((len(text), float(number)))
        text += number
    cut = len(text) - len(text.lstrip())
    return text.strip(), [(start - cut, value) for start, value in told]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TEMPLATES), st.data())
def test_a_pattern_taught_from_one_line_finds_the_numbers_of_every_line_of_its_template(template, data):
    form, others = template
    (first, numbers), *rest = [_line(form, data.draw) for _ in range(4)]
    order = [start for start, _ in numbers]
    names = {one.place: f"m{order.index(one.start)}" for one in numbers_in(first) if one.start in order}
    assert len(names) == len(numbers)
    taught = teach(first, names)
    for text, values in [(first, numbers), *rest]:
        (record,) = Console([taught.pattern()]).read(text.encode())
        expected = {f"m{at}": repr(value) for at, (_, value) in enumerate(values)}
        assert {name: repr(value) for name, value in record.metrics.items()} == expected
    for other in others:
        assert taught.pattern().record(other) is None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text("0123456789.,-+eE naif:/|[]=%ab_'\\\"{}", max_size=60))
def test_any_line_can_be_taught_and_its_pattern_reads_it(text):
    line = line_text(text)
    assert "".join(token.text for token in tokens_of(line)) == line
    numbers = numbers_in(line)
    if not numbers:
        return
    taught = teach(line, {number.place: f"m/{number.place}" for number in numbers})
    record = taught.pattern().record(line)
    assert record is not None
    expected = {f"m/{number.place}": repr(number.value) for number in numbers}
    assert {name: repr(value) for name, value in record.metrics.items()} == expected
    assert tomllib.loads(taught.toml())["metrics"]["pattern"] == [taught.table()]


@pytest.mark.parametrize(
    "line",
    [
        "x" * 3000 + " loss 0.5 " + "y" * 3000,
        "1 " * 2500,
        "1,2," * 1500,
        "1-2." * 1000,
        "[" + "0.1, " * 700 + "0.5]",
        "\x1b[31mloss\x1b[0m 0.5\r",
        "loss 0.5\rloss 0.4\r\r",
        "a=b" * 1300 + "=0.5",
    ],
)
def test_a_hostile_line_gives_a_pattern_that_no_other_line_makes_slow(line):
    text = line_text(line)
    numbers = numbers_in(text)
    taught = teach(
        text, {numbers[-1].place: "loss", numbers[0].place: "loss"} if len(numbers) < 2 else {1: "a"}
    )
    assert len(taught.regex) < 20_000
    assert taught.pattern().record(text) is not None
    steps = 0
    for other in (
        text[:-1] + "~",
        text.replace(" ", "") + "~",
        "1" * 4000,
        "1," * 2000,
        "1-" * 2000,
        text[::-1],
    ):
        taught.pattern().record(other)  # a pattern that backtracks would not come back
        steps += 1
    assert steps == 6


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({}, "no number of the line has a name"),
        ({1: " "}, "no number of the line has a name"),
        ({1: "*"}, "no number of the line has a name"),
        ({3: "loss"}, "the line has no number 3 (1: 1, 2: 0.5)"),
        ({1: "loss", 2: "loss"}, "two numbers are called loss"),
    ],
)
def test_names_that_cannot_be_are_refused_in_one_sentence(names, says):
    with pytest.raises(UserError) as error:
        teach("step 1 loss 0.5", names)
    assert says in str(error.value)


def test_a_number_in_a_word_stays_unless_it_may_be_any():
    line = "fold 1 layer3: 0.5"
    assert teach(line, {2: "x"}).pattern().record("fold 9 layer3: 0.7") is not None
    assert teach(line, {2: "x"}).pattern().record("fold 9 layer4: 0.7") is None
    taught = teach("E3 loss 0.5", {1: "*", 2: "loss"})
    assert taught.pattern().record("E4 loss 0.7").metrics == {"loss": 0.7}


def test_coverage_tells_what_matched_its_values_and_what_only_looks_alike(tmp_path):
    log = tmp_path / "output.log"
    log.write_bytes(
        b"begin\nstep 1 loss 0.5\n\n"
        b"step 2 loss nan\r\x1b[2Kstep 3 loss 0.25\r\n"
        b"step 4 loss 0.1 *best*\nlr is 3\nstep 5 loss 0.75"
    )
    taught = teach("step 1 loss 0.5", {1: "step", 2: "loss"})
    found = coverage(taught.pattern(), taught.line, printed_in(log))
    assert (found.lines, found.matched, found.alike) == (7, 4, 1)
    assert found.samples == ["step 4 loss 0.1 *best*"]
    loss = found.values["loss"]
    assert (loss.points, loss.first, loss.last, loss.min, loss.max, loss.nonfinite) == (
        4,
        0.5,
        0.75,
        0.25,
        0.75,
        1,
    )
    assert [found.values["step"].first, found.values["step"].last] == [1, 5]


def test_a_line_without_words_is_like_one_with_as_many_numbers():
    taught = teach("0/299  0.0787", {3: "box"})
    found = coverage(taught.pattern(), taught.line, ["1/299  0.07", "2/299 0.06G", "1 2", "a b c"])
    assert (found.matched, found.alike, found.samples) == (1, 1, ["2/299 0.06G"])


def test_the_end_of_an_output_says_which_lines_were_understood(tmp_path):
    log = tmp_path / "output.log"
    log.write_bytes(b"step 1 loss 0.5\n\x1b[31m## it 3 ~ 0.5\x1b[0m\n\nstep 2\r## it 4 ~ 0.4\nlast ~ 3")
    told = last_printed(log, ())
    assert told.lines == ("step 1 loss 0.5", "## it 3 ~ 0.5", "step 2", "## it 4 ~ 0.4", "last ~ 3")
    assert told.understood == (True, False, True, False, False)
    assert told.is_whole
    taught = teach("## it 4 ~ 0.4", {1: "step", 2: "x"})
    assert last_printed(log, [taught.pattern()]).understood == (True, True, True, True, False)
    assert last_printed(log, (), most=2).lines == ("## it 4 ~ 0.4", "last ~ 3")
    assert not last_printed(log, (), most=2).is_whole
    assert last_printed(tmp_path / "none.log", ()).lines == ()
