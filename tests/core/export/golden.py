"""What the made-up study comes to in each format, as files that are looked at: `python -m tests.core.export.golden`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.core.export.story_store import NOW, STUDY, frozen, make
from trainui import __version__
from trainui.core.export.writing import export_runs

FOLDER = Path(__file__).parent / "golden"
FORMATS = ("md", "json", "results", "notes", "html", "csv")
NAMES = ("summary.md", "summary.json", "results.json", "NOTES.md", "summary.html", "runs.csv", "points.csv")


def texts(folder: Path) -> dict[str, str]:
    """File → what it holds, less what is of this machine; written below `folder`."""
    path = make(folder)
    with frozen():
        export_runs(path, study=STUDY, to=folder / "out", formats=FORMATS, now=NOW)
    found = {name: (folder / "out" / name).read_bytes().decode() for name in NAMES}
    return {
        name: _without_parts(text.replace(str(folder), "PROJECT").replace(__version__, "VERSION"))
        for name, text in found.items()
    }


def _without_parts(text: str) -> str:
    """A page without its style, its script and what tells that they are its own: they are looked at where they are."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1>…</\1>", text, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256-…", text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for name, text in texts(Path(place)).items():
            (FOLDER / name).write_bytes(text.encode())
