"""docs/gates.md: every example in it is read, and every primitive has its section and its picture."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from trainui.core.gates import PRIMITIVES, parse_gates
from trainui.core.gates.words import words_of
from trainui.core.spec import Remedy
from trainui.core.spec.check import check_remedies
from trainui.core.spec.study import load_studies

PAGE = Path(__file__).parents[3] / "docs" / "gates.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_an_example_is_read_as_it_stands(example, tmp_path):
    tables = tomllib.loads(example)
    if "study" in tables:
        (tmp_path / "study.toml").write_text(example, encoding="utf-8")
        (study,) = load_studies(tmp_path / "study.toml")
        assert len(study.plan.gates) == len(tables["gate"])
        return
    words = {name: words_of(said) for name, said in tables.get("metric", {}).items()}
    gates = parse_gates(tables.get("gate", []), words=words)
    assert len(gates) == len(tables.get("gate", []))
    assert gates or words or tables["remedy"]


def test_the_remedies_on_the_page_can_be():
    tables = [table for example in EXAMPLES for table in tomllib.loads(example).get("remedy", [])]
    remedies = [Remedy(from_=table.pop("from", "last"), **table) for table in tables]
    check_remedies(remedies, ())
    assert [one.advice for one in remedies] == [False, True]


def test_each_primitive_has_its_section_its_example_and_its_picture():
    parts = {part.partition("\n")[0]: part for part in PAGE.read_text(encoding="utf-8").split("\n## ")}
    for name in PRIMITIVES:
        (head,) = (head for head in parts if name in head.split(", "))
        picture = "all" if name == "any" else name
        assert f"(pictures/gate-{picture}.svg)" in parts[head]
        assert f'test = "{picture}"' in parts[head]
