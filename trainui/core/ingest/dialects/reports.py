"""Lines made of pairs: those that begin with a step or an epoch, and those that name none."""

from __future__ import annotations

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head
from trainui.core.ingest.dialects.names import is_measure, is_phased, is_prose
from trainui.core.ingest.dialects.pairs import Pair, metrics_of, pairs_in, phase_of
from trainui.core.ingest.fields import axis_of

_CODE = ("return ", "#", "+ ", "++ ", "assert ", "self.", "if ", "def ", "$ ")


def read_headed(text: str) -> Found | None:
    """A line that begins with a step or an epoch: every pair after it is a metric, and a bare head is news."""
    if text.startswith(_CODE):
        return None
    found, rest = read_head(text)
    if not found.is_headed:
        return None
    phase, rest = phase_of(rest)
    found.phase = phase or found.phase
    _fill(found, pairs_in(rest)[0])
    return found if found.metrics or _is_header(text, rest) else None


def read_pairs(text: str, *, indented: bool, is_under_way: bool) -> Found | None:
    """A line that does not begin with its place. It must be pairs and nothing else, and one of them a result.

    Before training is under way, settings are printed: then only what cannot be one is believed.
    """
    phase, rest = phase_of(text)
    if (indented and "=" in rest) or rest.startswith(_CODE):
        return None
    found, rest = _counted(rest, phase)
    pairs, clean = pairs_in(rest)
    pairs = [pair for pair in pairs if not is_prose(pair.words)]
    if not clean or not any(_is_result(pair, is_under_way or bool(phase)) for pair in pairs):
        return None
    _fill(found, pairs)
    return found if found.metrics else None


def _counted(text: str, phase: str) -> tuple[Found, str]:
    """`100/1000: loss=0.5` begins with a count, as a bar does."""
    count, blank, rest = text.partition(" ")
    number, slash, total = count.rstrip(":").partition("/")
    if blank and slash and number.isdecimal() and total.isdecimal():
        return Found(phase=phase, step=int(number), steps=int(total), within=True), rest
    return Found(phase=phase), text


def _is_result(pair: Pair, is_trusted: bool) -> bool:
    return is_measure(pair.words) and (is_trusted or pair.is_precise or is_phased(pair.words))


def _fill(found: Found, pairs: list[Pair]) -> None:
    """Put pairs into `found`: an axis among them (`… | epoch: 1`) where the head named none, the rest as metrics."""
    metrics = []
    for pair in pairs:
        axis = axis_of(pair.words.lower())
        if not axis:
            metrics.append(pair)
        elif axis == "epoch" and found.epoch is None and pair.value - pair.value == 0:
            found.epoch = pair.value
        elif axis == "step" and found.step is None and pair.value.is_integer():
            found.step = int(pair.value)
    found.metrics.update(metrics_of(metrics, found.phase))


def _is_header(text: str, rest: str) -> bool:
    """Whether a line without metrics announces a place: `Epoch 21/30`, `EPOCH 1`, `epoch:  175`."""
    return len(text) < 60 and not any(map(str.isdigit, rest)) and len(rest.split()) <= 3
