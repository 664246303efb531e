"""What a person can mend: said in one sentence, with exit code 2."""

from __future__ import annotations


class DataError(Exception):
    """Files or settings that cannot be used; the text names the file and what was expected."""
