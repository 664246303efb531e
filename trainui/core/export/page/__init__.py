"""A summary as one HTML file that needs nothing else: its curves can be hovered, zoomed, printed, and read without
scripts."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trainui.core.export.charts import Chart
from trainui.core.export.drafts import shared_charts
from trainui.core.export.markup import hours, number, when
from trainui.core.export.model import Digest, Row
from trainui.core.export.parts import UsageDigest
from trainui.core.export.payload import payload
from trainui.core.export.svg import SIGNS, svg
from trainui.core.export.verdicts import SIGNS as VERDICTS
from trainui.core.export.whole import write_whole
from trainui.core.ingest.text import strip_escapes
from trainui.core.store.read import Reader

STILL = 6
"""Charts that are there without a script, and on paper."""
MOST = 60
"""Charts of one page."""
FILE = "summary.html"
PLANS = {
    "usd": "dollars",
    "gpu_hours": "GPU-hours",
    "wall_hours": "hours",
    "decision_points": "decision points",
}
KEY_OF_SIGNS = (
    f"{SIGNS['nonfinite']} not finite, {SIGNS['gate']} a gate tripped or failed, {SIGNS['checkpoint']} saved,"
    f" {SIGNS['restart']} follows another run, {SIGNS['remedy']} a remedy was tried; dashed: what a gate compares with."
)


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `summary.html` into `folder`, which exists; what was written. Raises OSError."""
    charts = shared_charts(reader, [one.run for one in digest.runs])
    return write_whole(folder / FILE, as_page(digest, charts[:MOST], left_out=max(0, len(charts) - MOST)))


def as_page(digest: Digest, charts: Sequence[Chart], *, left_out: int = 0) -> str:
    """The whole file. Nothing from a spec, a note or a log becomes markup; nothing in it leads out of the file."""
    style, script = _part("page.css"), _part("page.js")
    runs = [one.run for one in digest.runs]
    drawn = {line.run: line for chart in charts for line in chart.lines}
    keys = [
        {"number": number, "name": run, "ink": drawn[run].ink, "style": drawn[run].style}
        for number, run in enumerate(runs)
        if run in drawn
    ]
    return _environment().get_template("page.html").render(
        digest=digest, charts=charts, left_out=left_out, keys=keys,
        pictures=[
            {"metric": one.metric, "words": _words(one), "svg": Markup(svg(one, name=f"chart-{number}"))}  # noqa: S704
            for number, one in enumerate(charts[:STILL])
        ],
        curves=Markup(payload(charts, runs)),  # noqa: S704
        style=Markup(style), script=Markup(script), policy=_policy(style, script),  # noqa: S704
    )  # fmt: skip


def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What the page may do: run this one script and this one style, ask for nothing."""
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style", style), ("script", script))
    }
    return (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _words(chart: Chart) -> str:
    return {"min": "less is better", "max": "more is better"}.get(chart.goal, "")


def _environment() -> Environment:
    """Everything that is printed is free of what turns or drives a reader's screen, and escaped."""
    env = Environment(
        loader=PackageLoader("trainui.core.export", "page"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined, finalize=_harmless,
    )  # fmt: skip
    env.filters["upper_mark"] = "#{}".format
    env.filters["counted"] = lambda them: Counter(them).items()
    env.globals.update(
        signs=VERDICTS, plan_words=PLANS, key_of_signs=KEY_OF_SIGNS, num=_number, when=when, hours=hours, iso=_iso,
        money=_money, percent=_percent, said=_said, shell=shlex.join, usage=_usage, pretty=_pretty,
        heads_of=_heads, is_figures=_is_figures,
    )  # fmt: skip
    return env


def _harmless(value: Any) -> Any:
    return strip_escapes(value) if type(value) is str else value


def _number(value: float | str | None, digits: int = 5) -> str:
    return value if isinstance(value, str) else number(value, digits)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")


def _money(usd: float) -> str:
    return f"{usd:,.2f} $" if usd >= 1 or usd == 0 else f"{usd:.4f} $"


def _percent(part: float) -> str:
    return f"{part:.0%}"


def _said(value: Any) -> str:
    """A value of a spec or of a comparison, as people write it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _usage(use: UsageDigest) -> str:
    """`GPU 31 % (at most 90 %), 1.3 cores, 2.0 GiB, 3.4 GiB of GPU memory`."""
    told = []
    if use.gpu_mean is not None:
        told.append(
            f"GPU {use.gpu_mean:.0%}" + (f" (at most {use.gpu_max:.0%})" if use.gpu_max is not None else "")
        )
    if use.cpu_mean is not None:
        told.append(
            f"{use.cpu_mean:.1f} cores" + (f" (at most {use.cpu_max:.1f})" if use.cpu_max is not None else "")
        )
    told += [f"{use.peak_memory / 2**30:.1f} GiB of memory"] if use.peak_memory else []
    told += [f"{use.peak_gpu_memory / 2**30:.1f} GiB of GPU memory"] if use.peak_gpu_memory else []
    return ", ".join(told) + (f"; {use.why_no_gpu}" if use.why_no_gpu else "")


FACTS = {"usd": "dollars", "gpu_hours": "GPU-hours"}


def _heads(rows: Sequence[Row]) -> list[str]:
    """What stands over the columns of a comparison; `#` before those of numbers."""
    return [
        ("#" if _is_figures(row) else "")
        + FACTS.get(row.name, row.name.replace("_", " ") if row.kind == "fact" else row.name)
        for row in rows
    ]


def _is_figures(row: Row) -> bool:
    """Whether all that is known of it are numbers."""
    known = [value for value in row.values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )
