"""Lines made of pairs: those that begin with a step or an epoch, and those that name none."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head
from trainui.core.ingest.dialects.names import PHASES, is_measure, is_phased, is_prose, is_setting
from trainui.core.ingest.dialects.pairs import Pair, metrics_of, pairs_in, phase_of, without_heading
from trainui.core.ingest.fields import axis_of
from trainui.core.ingest.numbers import NUMBER

_FULLER = frozenset({"num_updates", "global_step", "global_steps"})
_TOTAL = re.compile(
    r"[\s*|>\-]*(?:num(?:ber of)?\s|max\s|total\s)?(?:epochs|steps|iters|iterations|batches|episodes)\s*[:=]",
    re.I,
)
_COUNT = re.compile(r"(?P<n>\d+)/(?P<of>\d+):?\s+|\[\s*(?P<m>\d+)\s*/\s*(?P<mof>\d+)\s*\]:?\s*")
_COUNT_LAST = re.compile(r"\s\[\s*(?P<n>\d+)\s*/\s*(?P<of>\d+)\s*\]$")
_CRY = re.compile(r"^[A-Z]\w{1,12}!+\s+(?=\w)")
_GROUPED = re.compile(
    r"(?P<group>(?:[A-Za-z]\w{0,30} ){0,2}[A-Za-z]\w{0,40}_\w{1,40}) (?=[A-Za-z]\w{0,40}[:=][-+]?[\d.])"
)
# What belongs to a step though it is no result, and stands on a line of its own.
_RATES = frozenset({"lr", "learning rate", "learning_rate", "grad norm", "grad_norm"})
_BOUNDS = ("min_", "max_", "min ", "max ")
_KERAS_TIME = re.compile(r"^-?\s*\d+m?s\s+-\s+")
_STEPPED = re.compile(r"\b(?:global_)?step = \d")
_ASIDE = re.compile(r"\([^()]*\)|\b\d+(?:\.\d+)?\s?(?:s|m|h|ms|sec|min)\b")
_AFTER = re.compile(
    r"^[\W_]*(?P<name>[A-Za-z]\w*(?: [A-Za-z]\w*){0,3}) (?:after|at|in|for)"
    r" (?P<place>(?:(?:global|train|training) )?(?:epoch|iteration|iter|step|episode)\s+\d[\d,]*)"
    rf"\s*(?::|=|is)\s*(?={NUMBER})",
    re.I,
)
_MARKS = re.compile(r"^[^\w\[(<{'\"@/\\.+#]+|^[=>*#\- ]+")
# The name of a stage before the place, as in `pretraining epoch 5 | loss 0.5`, and not `best epoch: 5`.
_NO_STAGE = (
    "best|last|final|total|max|min|num|per|early|each|every|first|next|previous|saved?"
    "|at|for|of|in|from|to|done|until|after"
)
_STAGE = re.compile(
    rf"(?:(?!(?:{_NO_STAGE})\b)[A-Za-z][\w\-]{{1,24}}\s+){{1,4}}"
    r"(?=(?:epoch|iter|iteration|step)\s+\d+\s*(?:/\s*\d+\s*)?[|:,—–]\s)"
    r"|[A-Za-z][\w\-]{1,24}\s*\|\s*(?=(?:epoch|iter|iteration|step)\s+\d)"
    r"|[A-Za-z][^:\d]{2,60}:\s*(?=\[(?:epoch|iter|iteration|step)\s+\d)",
    re.I,
)
_NUMBER_ALONE = re.compile(rf"{NUMBER}\s*(?:[|,;]|$)")
_BEST = re.compile(r"[\W_]*(?:the )?best (?:epoch|iteration|iter|step|round)\b[\s:=#]*\d+", re.IGNORECASE)
# What follows `Evaluating:` is one of several tasks: `hellaswag (10-shot, type: schema)... accuracy: 0.5`.
_TASK = re.compile(r"(?P<group>[A-Za-z][\w\-]{1,40})\s?(?:\([^()]{1,80}\))?\s?\.{2,3}\s(?=\w)")
_MARIAN = re.compile(r"\w+\.? [\d,.]+ : ")


def read_headed(text: str) -> Found | None:
    """A line that begins with a step or an epoch: the pairs after it are metrics if one of them is a decimal or
    speaks of a result, and a bare head is news."""
    if " after " in text or " at " in text or " in " in text or " for " in text:
        text = _AFTER.sub(_turned, text, count=1)
    if "est " in text and (best := _BEST.match(text)) is not None:
        return _best(text[best.end() :])
    found, rest = read_head(text)
    stage = None if found.is_headed else _STAGE.match(text)
    if stage is not None:
        found, rest = read_head(text[stage.end() :])
        found.phase = found.phase or PHASES.get(stage[0].split(maxsplit=1)[0].lower(), "")
    if not found.is_headed:
        return None
    is_total = found.epochs is None and found.steps is None and _TOTAL.match(text) is not None
    phase, after = phase_of(rest)
    if phase and _NUMBER_ALONE.match(after) is None:
        found.phase, rest = phase, after
    if _MARIAN.match(rest):
        rest = rest.replace(" : ", " | ")
    pairs = pairs_in(without_heading(rest))[0]
    settings = sum(is_setting(pair.words) for pair in pairs)
    if settings or is_total:
        if not any(is_measure(pair.words) for pair in pairs):
            return None  # `epochs: 100, batch_size: 32, lr: 0.1` is what the run was asked for
        pairs = [pair for pair in pairs if not is_setting(pair.words)]
    if not any(pair.is_precise or is_measure(pair.words) for pair in pairs):
        pairs = [pair for pair in pairs if axis_of(pair.words.lower())]  # `Step 2: found 15 files`
    _fill(found, pairs)
    return found if found.metrics or (stage is None and _is_header(text, rest)) else None


def _best(text: str) -> Found | None:
    """The results of the best epoch, told again when another one is under way: `best epoch 8 | loss=0.5`."""
    metrics = metrics_of([pair for pair in pairs_in(text)[0] if pair.is_precise and is_measure(pair.words)])
    names = {name: name if "best" in name else f"best_{name.replace('/', '_')}" for name in metrics}
    return Found(metrics={names[name]: value for name, value in metrics.items()}) if metrics else None


def _turned(match: re.Match[str]) -> str:
    """`Cost after iteration 100: 0.5` → `iteration 100 | Cost: 0.5`."""
    return f"{match['place']} | {match['name']}: " if is_measure(match["name"]) else match[0]


def read_pairs(text: str, *, indented: bool, is_under_way: bool) -> Found | None:
    """A line that does not begin with its place. It must be pairs and nothing else, and one of them a result.

    Before training is under way, settings are printed: then only what cannot be one is believed.
    """
    phase, rest = phase_of(_CRY.sub("", _MARKS.sub("", text, count=1), count=1))
    if (
        (indented and "=" in rest)
        or (" = " in rest and rest.isupper())
        or (" = " in rest and not is_under_way and not _STEPPED.search(rest))
    ):
        return None
    found, rest = _counted(without_heading(_KERAS_TIME.sub("", rest)), phase)
    group = _GROUPED.match(rest) if is_under_way else None
    if phase == "eval" and (task := _TASK.match(rest)) is not None:
        group, found.phase = task, ""
    rest = rest[group.end() :] if group else rest
    pairs, clean = pairs_in(rest, strictly=True)
    if not clean or (text.endswith(",") and len(pairs) == 1):
        return None
    pairs = [pair for pair in pairs if not is_prose(pair.words)]
    if not any(_is_result(pair, is_under_way or bool(phase)) for pair in pairs) and not (
        is_under_way
        and len(pairs) == 1
        and "=" not in rest
        and pairs[0].words.lower().removeprefix("current").strip(" _") in _RATES
    ):
        return None
    reports = [pair for pair in pairs if not is_setting(pair.words)]
    if " = " in rest and len(reports) < len(pairs):
        return None
    _fill(found, reports)
    if group is not None:
        folder = group["group"].lower().replace(" ", "_")
        found.metrics = {f"{folder}/{name}": value for name, value in found.metrics.items()}
    return found if found.metrics else None


def _counted(text: str, phase: str) -> tuple[Found, str]:
    """`100/1000: loss=0.5` and `[ 10/ 500] loss 0.5` begin with a count, as a bar does."""
    match = _COUNT.match(text)
    if match is None and text.endswith("]") and (last := _COUNT_LAST.search(text)) is not None:
        found = Found(phase=phase, step=int(last["n"]), steps=int(last["of"]), within=True)
        return found, text[: last.start()]
    if match is None:
        return Found(phase=phase), text
    count, total = match["n"] or match["m"], match["of"] or match["mof"]
    found = Found(phase=phase, step=int(count), steps=int(total), within=True)
    return found, text[match.end() :]


def _is_result(pair: Pair, is_trusted: bool) -> bool:
    if not is_measure(pair.words):
        return False
    return (
        is_trusted
        or is_phased(pair.words)
        or (pair.is_precise and not pair.words.lower().startswith(_BOUNDS))
    )


def _fill(found: Found, pairs: list[Pair]) -> None:
    """Put pairs into `found`: an axis among them (`… | epoch: 1`) where the head named none, the rest as metrics.

    A step of the whole run (`num_updates=40100`) is better than one within the epoch."""
    metrics = []
    for pair in pairs:
        name = pair.words.lower()
        phase, _, bare = name.partition(" ")
        name = bare if phase in PHASES else name
        axis = axis_of(name)
        if not axis:
            metrics.append(pair)
        elif axis == "epoch" and found.epoch is None and pair.value - pair.value == 0:
            found.epoch = pair.value
        elif axis == "step" and pair.value.is_integer() and (found.step is None or name in _FULLER):
            found.step, found.steps, found.within = int(pair.value), None, False
    found.metrics.update(metrics_of(metrics, found.phase))


def _is_header(text: str, rest: str) -> bool:
    """Whether a line without metrics announces a place: `Epoch 21/30`, `EPOCH 1`, `epoch:  175`; a list does not."""
    rest = _ASIDE.sub("", rest)
    return (
        len(text.strip(" =#*-_")) < 60
        and not text.startswith(("- ", "* "))
        and not any(map(str.isdigit, rest))
        and len(rest.split()) <= 3
    )
