"""Lines that only say which results follow: `Validation:`, `--- eval ---`, `***** Eval results mrpc *****`."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.names import PHASES

_LONGEST = 70
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_ONLY_NAMED = re.compile(
    r"\W*train(?:ing)?(?: set| results?| metrics| stats)?\s*(?::|[\])]|[-=*#]{2,})\W*", re.IGNORECASE
)
_VERBS = {"evaluate": "eval", "validate": "val"}
_NAMES = "|".join((*PHASES, *_VERBS))
_HEADING = re.compile(
    rf"(?:(?:final|overall|the|on|results?|metrics|for|of)[\s_]+)*(?P<phase>{_NAMES})\b"
    r"(?P<tail>[\s:_]+(?:the|on|with|for|set|data|dataset|split|stats|statistics|summary|report|performance"
    rf"|epoch|{_NAMES}|(?:results?|metrics|scores?)(?:[\s_]+for[\s_]+(?P<of>\w{{2,20}})|[\s_]+\w{{2,12}}$)?))*",
    re.IGNORECASE,
)
_MARKED = re.compile(r"[-=*#~+]{2,}.*|[\[(<].*|.*[:\-=*#~\])]\s*")
_MAY_BE = re.compile(r"train|val|test|dev\b|cv\b", re.IGNORECASE)


def folder_of(text: str) -> str | None:
    """The folder that results under a heading belong to, "" when training goes on; None when it is no heading.

    `start validation` and `Evaluating...` tell what is done, and are none.
    """
    if len(text) > _LONGEST or _MAY_BE.search(text) is None or text[0] in "#\"'/$>":
        return None
    match = _HEADING.fullmatch(_EDGES.sub("", text))
    if match is None or not (match["tail"] or _MARKED.fullmatch(text)):
        return None
    if match["of"]:
        return match["of"].lower()
    words = [word for word in re.split(r"[\s:_]+", match[0].lower()) if word in PHASES or word in _VERBS]
    phases = [PHASES.get(word) or _VERBS[word] for word in words]
    phase = next((phase for phase in reversed(phases) if phase != "eval"), "eval")
    return phase if phase != "train" or _ONLY_NAMED.fullmatch(text) else ""
