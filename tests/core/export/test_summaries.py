"""Summaries of the made-up study: as they were looked at, by their schema, and harmless whatever stands in them."""

import itertools
import json
import math
import os
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
from markdown_it import MarkdownIt

from tests.core.export import golden
from tests.core.export.story_store import NOW, RUNS, STUDY, Story, frozen, make
from trainui.core.export.document import as_json, schema
from trainui.core.export.gathering import gather
from trainui.core.export.markdown import as_markdown
from trainui.core.export.markdown_run import run_part
from trainui.core.export.notes import wanted
from trainui.core.export.page import as_page
from trainui.core.export.parts import ActionDigest
from trainui.core.export.results import as_results
from trainui.core.export.whole import name_for, write_whole
from trainui.core.export.writing import export_runs
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def study(tmp_path):
    """The facts of the made-up study."""
    path = make(tmp_path)
    reader = Reader(path)
    with frozen():
        yield gather(reader, study=STUDY, now=NOW)
    reader.close()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return golden.texts(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", golden.NAMES)
def test_each_format_is_as_it_was_looked_at(found, name):
    """`python -m tests.core.export.golden` writes them anew; look at the difference before it is kept."""
    assert found[name] == (golden.FOLDER / name).read_bytes().decode()


def test_sums_of_another_currency_are_never_told_as_dollars(study):
    withheld = ActionDigest(
        action="stop", outcome="withheld", is_done=False, at=NOW, would_save_seconds=600, would_save_usd=1.5
    )
    gates = tuple(msgspec.structs.replace(one, actions=(withheld,)) for one in study.runs[1].gates)
    runs = (study.runs[0], msgspec.structs.replace(study.runs[1], gates=gates), *study.runs[2:])
    euros = msgspec.structs.replace(study, currency="EUR", runs=runs)
    page = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", as_page(euros, []), flags=re.DOTALL)
    notes = "\n".join(one.body for one in wanted(euros.studies[0], runs, euros.currency))
    for text in (page, as_markdown(euros), notes):
        assert " €" in text
        assert "$" not in text
        assert "dollar" not in text
    assert "10.0 min and 1.50 € would have been spared" in page
    assert "10.0 min and 1.50 € saved" in as_markdown(euros)
    assert "and 1.50 \\$ saved" in as_markdown(msgspec.structs.replace(euros, currency="USD"))


def test_the_document_keeps_to_the_schema_that_is_published(study, found):
    published = json.loads((DOCS / "summary.schema.json").read_text(encoding="utf-8"))
    assert published == schema(), "python -m trainui.core.export.document > docs/summary.schema.json"
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    document = json.loads(found["summary.json"])
    validator.validate(document)
    losses = next(one for one in document["runs"][1]["metrics"] if one["name"] == "train_loss")
    assert losses["last"] == "nan"
    for wrong in ("minus infinity", None):
        losses["last"] = wrong
        assert validator.is_valid(document) is (wrong is None)
    validator.validate(as_json(gather_empty()))


def gather_empty():
    from trainui.core.export.model import Digest, RunDigest, StudyDigest

    run = RunDigest(run="a-1", job="a")
    return Digest(title="", written_at=0.0, runs=(run,), studies=(StudyDigest(study="s"),))


def test_what_is_empty_can_be_told_in_every_format():
    empty = gather_empty()
    assert "a-1" in as_markdown(empty)
    assert as_results(empty)["best_epoch"] is None
    assert as_json(empty)["runs"][0]["metrics"] == []


def test_the_best_run_is_named_with_the_rule_and_with_what_speaks_against_it(study):
    (told,) = study.studies
    assert (told.best.run, told.best.metric, told.best.best.value) == ("ast-2", "val_acc", 66.4)
    assert told.best.rule.startswith(
        "the highest val_acc at any moment of a run, of the 5 runs that wrote it"
    )
    assert told.best.doubts == ()
    assert [name for name, _ in told.best.ranking] == ["ast-2", "conv-1", "baseline-1", "ast-1", "mlp-1"]


def test_what_to_do_next_comes_from_questions_remedies_and_runs_that_were_lost(study):
    steps = {one.kind: one for one in study.studies[0].next_steps}
    assert steps["retry"].command == "trainui retry mlp-1"
    assert "from last.pt" in steps["retry"].text
    assert steps["answer"].gate == "look-in"
    assert "remedy" not in steps, "it was tried"


def test_a_remedy_is_told_with_what_came_of_it(study):
    (remedy,) = study.run("ast-1").remedies
    assert (remedy.state, remedy.child, remedy.child_ended, remedy.was_better) == (
        "tried",
        "ast-2",
        "finished",
        True,
    )
    assert study.run("ast-2").remedy_tried == "no-warmup"
    assert study.run("ast-2").difference.changes[0].name == "warmup_epochs"
    assert study.run("ast-2").line_usd == pytest.approx(8.5)


def test_results_of_one_run_are_flat_and_of_several_by_name(tmp_path):
    path = make(tmp_path)
    folder = tmp_path / "runs" / "ast-2"
    (folder / "results.json").write_text('{"test_wer": NaN, "best_val_acc": 1, "huge": 1' + 400 * "0" + "}")
    with frozen():
        export_runs(
            path, ["ast-2"], to=tmp_path / "one", formats=("results", "md", "html", "csv", "json"), now=NOW
        )
    one = json.loads((tmp_path / "one" / "results.json").read_text())
    assert (one["best_val_acc"], one["best_epoch"], one["best_checkpoint"]) == (66.4, 11.0, "best.pt")
    assert one["reported"] == {"test_wer": "nan", "best_val_acc": 1, "huge": 10**400}


NASTY = (
    "<script>alert(1)</script>", "a|b|c", "x\n\n# head\n\n- item", "`code` ``more``", "[x](javascript:alert(1))",
    "![x](http://evil.example/p.png)", "\x1b[31mred\x1b]0;title\x07", "abc\u202egpj.exe\u2066", "--> <!-- y",
    "<!-- trainui:end -->", "<!-- trainui:begin run ast-1 -->", "```\n# out of the fence", "~~~\nout", "www.evil.example",
    "* * *", "1. one", "=cmd()", "&lt;b&gt;", "\\", "</details>", "$x$", "\u2028\u2029", "\ud800",
)  # fmt: skip


@pytest.fixture
def hostile(tmp_path):
    """A run of which every word comes from somebody who means no good."""
    story = Story(tmp_path)
    everything = "\n".join(NASTY).encode("utf-8", "replace").decode()
    gate = {"id": "g<i>|`", "quote": everything, "source": everything, "role": "criterion", "test": "value",
            "left": "best(val_acc)", "op": ">", "right": 1}  # fmt: skip
    remedy = {"id": "r|`<b>", "on": "exit", "set": {"a|b": everything}, "quote": everything}
    with atomic(story.db):
        story.run("evil-1", begun=0, ended=1, params={"p|`<u>": everything}, gates=(gate,), remedy=(remedy,), about=everything,
                  result="failed", cause=everything, evidence=json.dumps([everything]), log=tuple(everything.split("\n")),
                  command=everything)  # fmt: skip
        story.train("evil-1", [1.0, math.nan], [1.0, 2.0], begun=0, epoch_hours=0.1, gates=(gate,))
        story.note("evil-1", everything, at=1)
        story.saved("evil-1", "last.pt", 1, 1.0, at=0.5)
        story.db.execute("UPDATE checkpoints SET path=?", (everything,))
        story.db.execute("INSERT INTO metrics (run, name, source, rank, points, last, last_is_finite, min, max) VALUES"
                         " ('evil-1', ?, 'jsonl', 0, 0, 1, 1, 1, 1)", (everything,))  # fmt: skip
        story.db.execute("INSERT INTO tags VALUES ('evil-1', ?, 0)", (everything,))
        story.db.execute("UPDATE verdicts SET reason=?", (everything,))
        story.db.execute("UPDATE gates SET reason=?", (everything,))
    story.db.close()
    return story.path


def outside_code(text):
    """Markdown less its fences and its code."""
    kept, fence = [], ""
    for line in text.split("\n"):
        mark = re.match(r"(`{3,})", line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark:
            fence = mark[1]
        else:
            kept.append(line)
    assert not fence, "a fence is left open"
    return re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "CODE", "\n".join(kept))


@pytest.mark.parametrize("format_", ["md", "notes"])
def test_nothing_hostile_becomes_markup(hostile, tmp_path, format_):
    with frozen():
        for _ in range(2):  # the notes are read again by us
            export_runs(hostile, ["evil-1"], to=tmp_path / "out", formats=(format_,), now=NOW)
    text = (tmp_path / "out" / {"md": "summary.md", "notes": "NOTES.md"}[format_]).read_text(encoding="utf-8")
    bare = outside_code(
        re.sub(r"^<!-- trainui:(begin|end) (study|next|run evil-1)( #\w+)? -->$", "", text, flags=re.M)
    )
    assert "alert(1)" in text
    assert "<" not in bare.replace("<br>", "")
    assert not re.search(r"(?<!\\)\]\(", bare), "a link or a picture"
    assert not re.search(r"(?i)\bhttps?://|(?<!&#)\bwww\.", bare)
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text
    )
    headings = [line for line in bare.split("\n") if re.match(r" {0,3}#|(=+|-+)\s*$", line)]
    own = r"#{1,3} (evil|ast: training|Runs|Money|What|Decision|Gates|Next|Metrics|By|Remedies|Check|Last|Notes|Planned|Attempt|Lessons)"
    assert [line for line in headings if not re.match(own, line)] == []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.strip().split("\n")}
        assert len(widths) == 1, "a cell has broken out of its row"


def test_json_holds_nothing_that_drives_a_terminal_and_reads_back(hostile, tmp_path):
    with frozen():
        export_runs(hostile, ["evil-1"], to=tmp_path / "out", formats=("json", "results"), now=NOW)
    for name in ("summary.json", "results.json"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert not re.search(
            r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\\u001b|\\u009b", text
        )
        json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    document = json.loads((tmp_path / "out" / "summary.json").read_text())
    jsonschema.validate(document, schema())
    assert "<script>alert(1)</script>" in document["runs"][0]["notes"][0]["text"], "text is data: it is kept"


def test_what_somebody_edited_is_put_aside_and_told(tmp_path):
    path = make(tmp_path)
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    (out / "results.json").write_text("mine")

    def export():
        with frozen():
            return [one.name for one in export_runs(path, RUNS, to=out, formats=("md", "results"), now=NOW)]

    assert export() == ["results.json", "results.json.edited", "summary.md"]
    assert (out / "results.json.edited").read_text() == "mine"
    assert export() == ["results.json", "summary.md"]
    (out / "summary.md").write_text("edited")
    (out / "summary.md").chmod(0o644)
    (out / "results.json").chmod(0o644)
    assert export() == ["results.json", "summary.md", "summary.md.edited"]
    assert (out / "summary.md.edited").read_text() == "edited"
    assert (out / "summary.md").stat().st_mode & 0o777 == 0o600
    assert (out / "results.json").stat().st_mode & 0o777 == 0o644, "its own, and shared since"
    assert out.stat().st_mode & 0o777 == 0o755


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(tmp_path):
    path = tmp_path / "deep" / "er" / "x.md"
    from trainui.core.export.whole import make_folder, whole

    make_folder(path.parent)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    write_whole(path, "old")
    with pytest.raises(OSError, match="full"), whole(path) as written:
        written.file.write(b"half")
        raise OSError(28, "full")
    assert path.read_text() == "old"
    assert sorted(os.listdir(path.parent)) == [".written.json", "x.md"]


@pytest.mark.parametrize("study", ["..", ".", "/etc", "a/../b", "", "a\0b", "x" * 500, "\ud800"])
def test_no_study_leads_out_of_its_folder(tmp_path, study):
    found = (tmp_path / name_for(study)).resolve()
    assert found.parent == tmp_path
    assert name_for("phase 3") == "phase 3"
    assert name_for("a/b") != name_for("a-b")


def test_the_page_of_summaries_names_every_field_and_every_file():
    page = (DOCS / "summaries.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", page))))
    for name, struct in schema()["$defs"].items():
        assert set(struct["properties"]) <= words, name
    assert set(golden.NAMES) <= set(re.findall(r"`([^`]+)`", page))
    assert {f"best_{'METRIC'}", "reported", "is_final"} <= words


@pytest.mark.parametrize("format_", ["md", "notes"])
def test_a_reader_of_markdown_finds_no_link_no_picture_and_no_html_of_theirs(hostile, tmp_path, format_):
    with frozen():
        export_runs(hostile, ["evil-1"], to=tmp_path / "out", formats=(format_,), now=NOW)
    text = (tmp_path / "out" / {"md": "summary.md", "notes": "NOTES.md"}[format_]).read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in (*tokens, *inline)} & {
        "link_open",
        "image",
        "hr",
        "blockquote_close",
    } <= {
        "blockquote_close"  # notes are quoted
    }
    html = {
        token.content.strip() for token in (*tokens, *inline) if token.type in ("html_block", "html_inline")
    }
    ours = re.compile(r"<!-- trainui:(begin|end) (study|next|run evil-1)( #\w+)? -->")
    assert [one for one in html if one != "<br>" and not ours.fullmatch(one)] == []
    own = r"(evil|ast: training|Runs|Money|What|Decision|Gates|Next|Metrics|By|Remedies|Check|Last|Notes|Attempt|Lessons)"
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    assert [one for one in titles if not re.match(own, one)] == []
    assert "<script>" in MarkdownIt("commonmark").enable("table").render(text).replace("&lt;", "<").replace(
        "&gt;", ">"
    )


def test_a_gate_that_tripped_and_recovered_is_still_told(study):
    from msgspec.structs import replace

    from trainui.core.export.parts import Alarm, Place

    run = study.run("ast-2")
    place = Place(step=300, epoch=3.0, at=NOW - 100)
    told = run_part(replace(run, alarms=(Alarm(gate="no-nan", verdict="tripped", place=place),)), "USD")
    assert "Before that: no-nan tripped at epoch 3, step 300." in told
    assert "Before that" not in run_part(study.run("ast-1"), "USD"), "the table has it"
