"""Tables that a study file leaves to be filled in: how they are read, what is wrong with them and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainui.core.errors import SpecError
from trainui.core.spec.study import Study, load_studies, study_of

STUDY = """\
[study]
name = "speech"
runs = { zeta = "zeta", ami = "ami*" }

[metric.lr]
goal = "none"

[[table]]
title = "Results"
columns = { zeta = "Made up", ami = "Real" }
delta = "Gain"
rows = [
    { name = "Best", value = "best(val_acc)", unit = "%" },
    { name = "Ready", gate = "ready" },
]

[[gate]]
id = "ready"
role = "criterion"
run = "ami"
test = "value"
left = "best(val_acc)"
op = ">="
right = 75
"""


def read(folder: Path, text: str) -> tuple[Study, ...]:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return load_studies(path)


def test_its_columns_keep_their_order_when_the_study_is_written_down(tmp_path: Path):
    (study,) = read(tmp_path, STUDY)
    (table,) = study_of(study.text).results
    assert list(table.columns) == ["zeta", "ami"]
    assert (table,) == study.results
    (bare,) = read(tmp_path, STUDY.replace(STUDY[STUDY.index("[[table]]") : STUDY.index("[[gate]]")], ""))
    assert '"table"' not in bare.text, "a study without one reads as it did before there were any"


def test_in_a_file_of_several_studies_a_table_is_of_the_group_it_follows(tmp_path: Path):
    table = '[[table]]\ntitle = "{0}"\ncolumns = {{ {0} = "{0}" }}\nrows = [{{ name = "x", value = "last(x)" }}]\n'
    groups = "".join(
        f'[group.{name}]\nruns = {{ {name} = "{name}" }}\n{table.format(name)}' for name in ("a", "b")
    )
    assert {study.name: [one.title for one in study.results] for study in read(tmp_path, groups)} == {
        "a": ["a"],
        "b": ["b"],
    }
    with pytest.raises(SpecError, match=r"study\.toml:12: table 'b': value = 'last\(\)': it names no metric"):
        read(tmp_path, "last()".join(groups.rsplit("last(x)", 1)))


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("columns = { zeta", "columns = { seta", 10, "study 'speech' has no run 'seta' (did you mean 'zeta'?)"),
        ('{ zeta = "Made up", ami = "Real" }', "{}", 10, "it has no columns (known runs: zeta, ami)"),
        ('"Made up", ami = "Real"', '"Made up"', 11, "delta is of two columns, and there are 1 (leave it out)"),
        ("best(val_acc)", "bst(val_acc)", 13, "value = 'bst(val_acc)': reducer 'bst' is not known; did you mean 'best'?"),
        ("best(val_acc)", "ami: best(val_acc)", 13, "of which run it is, the column says (leave out 'ami:')"),
        ("best(val_acc)", "best(lr)", 13, 'its goal is none (say goal = "min" or "max" in this row)'),
        ('unit = "%"', "bands = [[1]]", 13, "row 'Best': bands should be a list like [[75"),
        ('unit = "%"', 'bands = [[5, "a"], [5, "b"]]', 13, "row 'Best': bands begin at the same number twice"),
        ('unit = "%"', 'gaol = "max"', 13, "[table] has no key 'gaol' (did you mean 'goal'?)"),
        ('unit = "%"', 'goal = "up"', 13, "row 'Best': goal 'up' is not known"),
        ('unit = "%"', 'gate = "ready"', 13, "row 'Best' should say either value or gate"),
        ('{ name = "Ready", gate = "ready" }', '{ name = "Ready" }', 14, "row 'Ready' should say either value or gate"),
        ('gate = "ready" }', 'gate = "raedy" }', 14, "there is no gate 'raedy' (did you mean 'ready'?)"),
        ('gate = "ready" }', 'gate = "ready", unit = "%" }', 14, "row 'Ready': unit, goal and bands go with value"),
        ('title = "Results"', 'titel = "Results"', 9, "[table] has no key 'titel' (did you mean 'title'?)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_when_the_study_is_read(
    tmp_path: Path, old: str, new: str, line: int, says: str
):
    assert STUDY.count(old) >= 1
    with pytest.raises(SpecError) as caught:
        read(tmp_path, STUDY.replace(old, new, 1))
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'study.toml'}:{line}: ")
