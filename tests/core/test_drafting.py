"""New answers in an old trainui.toml: they are in it, and all else stands where it stood."""

import tomllib

import pytest

from trainui.core.config.drafting import Answers, drafted


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("[budget]\ntotal_usd = 5 # all\n# end\n", {"budget": {"total_usd": 6}}, "[budget]\ntotal_usd = 6 # all\n# end\n"),
        ("[budget]\ntotal_usd = 5.0\n", {"budget": {"total_usd": 5}}, "[budget]\ntotal_usd = 5.0\n"),
        ("[budget]\na = 1 # x\n\n# of b\n[b]\n", {"budget": {"c": 2}}, "[budget]\na = 1 # x\nc = 2\n\n# of b\n[b]\n"),
        ("budget = { a = 1 }\n", {"budget": {"c": 2}}, "budget = { a = 1, c = 2 }\n"),
        ("[budget]\nladder = {}\n", {"budget": {"ladder": {"tell": False}}}, "[budget]\nladder = { tell = false }\n"),
        ("[budget]\na = 1\nb = 2\n", {"budget": {"a": None}}, "[budget]\nb = 2\n"),
        ("[budget]\n[budget.on_cap]\ncommand = [\n  'x', # y\n]\n[q]\n", {"budget": {"on_cap": None}}, "[budget]\n[q]\n"),
        ("[q]\nz = 1", {"budget": {"a": 1}}, "[q]\nz = 1\n\n[budget]\na = 1\n"),
        ("[[machine]]\nname = 'a'\nx = 1\n[[machine]]\nname = 'b'\nx = 1\n", {"machine": {"name": "b", "x": 2}}, "[[machine]]\nname = 'a'\nx = 1\n[[machine]]\nname = 'b'\nx = 2\n"),
        ('x = """\n[budget]\n"""\n', {"budget": {"studies": {'a "b".c': 1.5}}}, 'x = """\n[budget]\n"""\n\n[budget.studies]\n"a \\"b\\".c" = 1.5\n'),
    ],
)  # fmt: skip
def test_an_answer_stands_in_its_table_and_nothing_else_moves(text, answers, expected):
    assert drafted(text, Answers(**answers)) == expected
    tomllib.loads(expected)


@pytest.mark.parametrize(
    "text", ["budget.total_usd = 5\n", "[[budget]]\na = 1\n", "budget = 3\n", "machine = 3\n"]
)
def test_where_there_is_no_place_nothing_is_drafted(text):
    with pytest.raises(ValueError, match="no place was found"):
        drafted(text, Answers(budget={"reserve_usd": 1}, machine={"name": "a", "usd_per_hour": 1}))
