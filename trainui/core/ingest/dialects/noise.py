"""Lines that carry numbers and report nothing: source code, tracebacks, warnings, command lines."""

from __future__ import annotations

import re

_BEGINS = re.compile(
    r"(?:return\b|assert\b|raise\b|print\(|self\.|(?:if|elif|for|while|with)\b.*:$|(?:if|for|while)\s?\("
    r"|def\b|class \w+[(:]"
    r"|import\b|from\b.*\bimport\b|#(?!\s*(?:epochs?|steps?|iter)|\d|#)|\+{1,3}\s|\$\s|>>>\s+\w|\"\"\"|//|@"
    r"|File \"|Traceback\b|Namespace\(|usage:|python3?\s"
    r"|(?i:warning|error|exception|fatal|note|hint|tip)s?:(?!\s*[-+.\d]))"
)
_RAISED = re.compile(
    r"(?:^|[\s/])[A-Za-z_.]+(?:Error|Exception|Warning|Interrupt)(?:\(.{0,40}\))?:(?!\s*[-+]?[.\d])(?:\s|$)"
)
_CODE = re.compile(
    r"[\w\])]\s?(?:[-+*/]=|==|!=|<=|>=)\s?\w|\w\(\)\s?[*/.]|(?<!['\w])f['\"]|\{[A-Za-z_]\w*(?::[^{}]{0,20})?\}"
    r"|=\s?(?!nan)[A-Za-z_][\w.]*\("
)

_CLASS = re.compile("Error|Exception|Warning|Interrupt")
_SIGN = re.compile(r"[({]|[-+*/=!<>]=|f['\"]")


def is_noise(text: str) -> bool:
    """Whether a line is source code, a step of a traceback, an exception or a warning of Python's."""
    if _BEGINS.match(text) or (text.endswith((")", "),")) and "(" not in text):
        return True
    if _CLASS.search(text, 0, 200) and _RAISED.search(text, 0, 200):
        return True
    return _SIGN.search(text, 0, 400) is not None and _CODE.search(text, 0, 400) is not None
