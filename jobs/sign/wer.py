"""Word error rate over a corpus: (S + D + I) / N, never clamped, nothing left out; and what a constant answer scores.

    wer          the words as they are, as jiwer counts them
    wer_phoenix  after the simplifications that PHOENIX-2014's official scoring makes

Rates are in %. A sentence is a sequence of glosses.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Sentence = Sequence[str]
_PREFIXES = re.compile(r"loc-|cl-|qu-|poss-|lh-")
_NO_SIGN = re.compile(r"__EMOTION__|__PU__|__LEFTHAND__|__EPENTHESIS__")
_SPELT = re.compile(r"(?<![^ +])([A-Z]|SCH|NN) (?=(?:[A-Z]|SCH|NN)(?![^ +]))")
_AGAIN = re.compile(r"(?<![\w-])([A-Z]+) (?=\1(?![\w-]))")
CONSTANT_OF, CONSTANT_LONG = 8, 5
"""The constant answer is looked for among so many of the most frequent glosses, up to so many of them long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edits:
    """What turns references into hypotheses."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    words: int = 0
    """Of the references."""
    wrong: int = 0
    """Sentences with any edit."""
    sentences: int = 0

    @property
    def errors(self) -> int:
        """All three kinds."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """In %; above 100 where more was inserted than there was; NaN where there were no words."""
        return 100 * self.errors / self.words if self.words else math.nan

    @property
    def ser(self) -> float:
        """Sentences with any edit, in %."""
        return 100 * self.wrong / self.sentences if self.sentences else math.nan


def edits(references: Iterable[Sentence], hypotheses: Iterable[Sentence]) -> Edits:
    """The fewest edits of each sentence, summed. Raises ValueError when one side has more sentences."""
    totals, words, wrong, sentences = [0, 0, 0], 0, 0, 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        found = _edits(reference, hypothesis)
        totals = [total + one for total, one in zip(totals, found, strict=True)]
        words += len(reference)
        wrong += any(found)
        sentences += 1
    return Edits(
        substitutions=totals[0],
        deletions=totals[1],
        insertions=totals[2],
        words=words,
        wrong=wrong,
        sentences=sentences,
    )


def _edits(reference: Sentence, hypothesis: Sentence) -> tuple[int, int, int]:
    """(substitutions, deletions, insertions), the fewest in all."""
    row = [(place, 0, 0, place) for place in range(len(hypothesis) + 1)]  # (cost, s, d, i)
    for depth, word in enumerate(reference, start=1):
        above, row = row, [(depth, 0, depth, 0)]
        for place, said in enumerate(hypothesis, start=1):
            cost, s, d, i = above[place - 1]
            best = (cost, s, d, i) if word == said else (cost + 1, s + 1, d, i)
            cost, s, d, i = above[place]
            best = min(best, (cost + 1, s, d + 1, i))
            cost, s, d, i = row[place - 1]
            row.append(min(best, (cost + 1, s, d, i + 1)))
    return row[-1][1:]


def simplified(sentence: Sentence, *, fill: bool = False) -> list[str]:
    """A sentence as PHOENIX-2014's preprocess.sh leaves it; `fill`: an empty one becomes [EMPTY], as hypotheses do."""
    text = " ".join(one for one in sentence if not _NO_SIGN.fullmatch(_PREFIXES.sub("", one)))
    text = _PREFIXES.sub("", text).replace("S0NNE", "SONNE").replace("HABEN2", "HABEN")
    text = text.replace("WIE AUSSEHEN", "WIE-AUSSEHEN")
    text = re.sub(r"ZEIGEN(?= |$)", "ZEIGEN-BILDSCHIRM", text)
    text = _SPELT.sub(r"\1+", text)
    text = re.sub(r"([A-Z][A-Z])RAUM", r"\1", text).replace("-PLUSPLUS", "")
    return _AGAIN.sub("", text).split() or (["[EMPTY]"] if fill else [])


def edits_phoenix(references: Iterable[Sentence], hypotheses: Iterable[Sentence]) -> Edits:
    """As `edits`, both sides simplified."""
    return edits((simplified(one) for one in references), (simplified(one, fill=True) for one in hypotheses))


def constant_line(train: Iterable[Sentence], references: Sequence[Sentence]) -> tuple[list[str], float]:
    """(the best found of all answers that are the same for every clip, its WER on `references`).

    Glosses that are frequent in `train` are put in one after another, wherever each helps most. A recognizer that is
    no better has learnt nothing of what it is shown.
    """
    often = [word for word, _ in Counter(word for one in train for word in one).most_common(CONSTANT_OF)]
    best: list[str] = []
    words = sum(map(len, references))
    fewest = words  # the empty answer deletes them all
    while len(best) < CONSTANT_LONG:
        tries = [[*best[:at], word, *best[at:]] for word in often for at in range(len(best) + 1)]
        counted = [(sum(_distance(one, tried) for one in references), tried) for tried in tries]
        if not counted or min(counted)[0] >= fewest:
            break
        fewest, best = min(counted)
    return best, 100 * fewest / words if words else math.nan


def _distance(reference: Sentence, hypothesis: Sentence) -> int:
    """The fewest edits, without their kinds: a long sentence against a short one, many times."""
    row = list(range(len(hypothesis) + 1))
    for depth, word in enumerate(reference, start=1):
        before, row[0] = row[0], depth
        for place, said in enumerate(hypothesis, start=1):
            before, row[place] = (
                row[place],
                before if word == said else 1 + min(before, row[place], row[place - 1]),
            )
    return row[-1]
