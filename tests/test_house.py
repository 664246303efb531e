"""The rules of the house, checked: imports, sizes, one SQL room, documents that are true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted(path for room in ("trainui", "jobs", "models") for path in (ROOT / room).rglob("*.py"))
CORE = [path for path in SOURCES if path.is_relative_to(ROOT / "trainui" / "core")]
LONGEST_FILE = 300
LONGEST_FUNCTION = 60
TABLES = {"trainui/ui/keys.py"}
"""One line per row and nothing to read in between: two files would only hide half of the rows."""


def shown(path):
    return str(path.relative_to(ROOT))


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_the_core_loads_no_screen_and_no_torch():
    """Import contracts see what is written; only a fresh process sees what is loaded."""
    names = [module(path) for path in CORE if path.stem not in ("keeper", "__main__")]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print([one for one in ('textual', 'rich', 'torch', 'matplotlib', 'numpy', 'jobs', 'models') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_training_script_imports_is_light():
    code = "import sys; before = set(sys.modules); import trainui; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    heavy = {"asyncio", "click", "msgspec", "numpy", "sqlite3", "textual", "torch", "subprocess"}
    assert not heavy & set(ast.literal_eval(done.stdout))


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_files_and_functions_stay_small_and_say_what_they_are(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with what it is"
    assert text.count("\n") <= LONGEST_FILE or shown(path) in TABLES, "is there a natural seam?"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{node.name} is long"


@pytest.mark.parametrize("path", [path for path in SOURCES if "store" not in path.parts], ids=shown)
def test_only_the_store_speaks_sql(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(SELECT .* FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA )", text)


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_nobody_catches_everything(path):
    """Training outlives its dashboard, and one bad tick becomes a toast: those two edges may swallow."""
    if shown(path) in ("trainui/wire.py", "trainui/ui/bridge.py"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            names = (
                {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
                if node.type
                else {"all"}
            )
            assert not names & {"Exception", "all"}, f"line {node.lineno}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "__init__.py"], ids=shown)
def test_the_readme_names_every_file(path):
    assert path.name in README, "add one line to the tree in README.md"


def test_the_readme_shows_every_key():
    from trainui.ui.keys import markdown

    for line in markdown().splitlines():
        assert line.strip() in README, "python -m trainui.ui.keys prints the table"


def test_the_readme_names_every_command():
    from trainui.cli import VERBS

    for verb in VERBS:
        assert f"trainui {verb}" in README


def test_the_readmes_examples_are_read_as_they_stand(tmp_path):
    from trainui.core.config import load_config
    from trainui.core.spec.file import load_spec

    spec, config = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "mine.toml").write_text(spec)
    (tmp_path / "trainui.toml").write_text(config)
    assert load_spec(tmp_path / "mine.toml").gates()[0].id == "no-nan"
    assert load_config(tmp_path).here.usd_per_hour == 1.29


def test_the_page_of_specs_names_every_key_and_its_example_loads(tmp_path):
    from trainui.core import config, retry, spec
    from trainui.core.gates import parse
    from trainui.core.gates.primitives import PRIMITIVES
    from trainui.core.ingest.patterns import compile_patterns
    from trainui.core.spec import results
    from trainui.core.spec.file import load_spec

    page = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    parts = {part.partition("\n")[0]: part for part in page.replace(example, "").split("\n## ")[1:]}

    def named(text):
        """The words in its code."""
        return set(re.findall(r"[\w:-]+", " ".join(re.findall(r"`([^`]+)`", text))))

    def rows(title):
        """The words in the first cells of a part's table."""
        (part,) = (part for head, part in parts.items() if title in head)
        return named(" ".join(re.findall(r"^\| ([^|]*) \|", part, re.MULTILINE)))

    places = {
        spec.Job: rows("[job]"), spec.Resources: rows("[resources]"), spec.Metrics: rows("[metrics]"),
        spec.MetricWords: rows("[metric.NAME]"), spec.Watch: rows("[watch]"), spec.Limits: rows("[limits]"), spec.Estimate: rows("[estimate]"), spec.Remedy: rows("[[remedy]]"), retry.Retry: rows("[retry]"),
        spec.Spec: named(" ".join(parts)),
        **dict.fromkeys((config.Budget, config.Ladder, config.Countdown, config.Idle, config.Machine, config.Queue, config.Notify, config.Export, config.Webhook, config.Mail, config.Config), rows("trainui.toml")),
    }  # fmt: skip
    for room in (spec, retry, config):
        for one in vars(room).values():
            if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
                assert set(one.__struct_encode_fields__) <= places[one], one.__name__
    for one in (results.ResultTable, results.ResultRow):
        assert set(one.__struct_encode_fields__) <= rows("[[table]]"), one.__name__
    gates = rows("[[gate]]")
    assert {*parse.COMMON, *parse.COUNTING, *PRIMITIVES} <= gates
    words = named(parts["`[[gate]]`"])
    assert {*parse.ROLES, *parse.ACTIONS, *parse.STATES} <= words
    for name, test in PRIMITIVES.items():
        (row,) = re.findall(
            rf"^\| [^|]*`{name}`[^|]* \|[^|]*\|[^|]*\|.*$", parts["`[[gate]]`"], re.MULTILINE
        )[-1:]
        assert {*test.required, *test.optional} <= named(row), name

    (tmp_path / "speech.toml").write_text(example, encoding="utf-8")
    loaded = load_spec(tmp_path / "speech.toml")
    shown = {key for key, value in msgspec.to_builtins(loaded).items() if value}
    assert shown == set(spec.Spec.__struct_fields__), "the example shows every table"
    assert [gate.id for gate in loaded.gates()] == ["no-nan", "wer-25"]
    (pattern,) = compile_patterns(loaded.metrics.pattern)
    assert pattern.record("epoch 3: WER 41.5").metrics == {"val/wer": 41.5}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=shown)
def test_documents_name_files_that_exist(page):
    for name in re.findall(r"`((?:trainui|jobs|models|tests|docs)/[\w./-]+\.\w+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_the_lock_names_no_host():
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_nothing_of_one_machine_stands_in_the_project():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".lock", "") and path.is_file():
            assert "/wo" + "rk/" not in path.read_text(encoding="utf-8", errors="replace"), name
