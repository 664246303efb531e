"""The jobs that can be started, by study, and what is wrong with those that cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trainui.core.costing import StartForecast
from trainui.ui.acts import JobInfo
from trainui.ui.present.ink import Line, Span, clip, line, safe, wrap
from trainui.ui.present.text import money

NO_JOBS = "no jobs: a job is a TOML file with a [job] table under jobs/"


def by_study(jobs: Sequence[JobInfo]) -> tuple[JobInfo, ...]:
    """The jobs of one study beside each other, studies in the order of their first job."""
    studies = list(dict.fromkeys(job.study for job in jobs))
    return tuple(sorted(jobs, key=lambda job: studies.index(job.study)))


def job_lines(
    jobs: Sequence[JobInfo], cursor: int, cells: int, *, marked: Collection[str] = ()
) -> tuple[list[Line], list[int]]:
    """(the lines, the line of each job): a title before each study where there are any."""
    if not jobs:
        return [line(Span(NO_JOBS, "dim"))], []
    wide = max(len(safe(job.name)) for job in jobs)
    has_titles = any(job.study for job in jobs)
    lines: list[Line] = []
    places: list[int] = []
    study: str | None = None
    for index, job in enumerate(jobs):
        if has_titles and job.study != study:
            study = job.study
            lines.append(line(Span(f"study {safe(study)}" if study else "of no study", "head")))
        here = index == cursor
        places.append(len(lines))
        name = Span(safe(job.name).ljust(wide), "bold accent" if here else "bold")
        mark = Span("◆ " if job.name in marked else "  ", "accent")
        about = Span(safe(job.problem) or safe(job.about), "bad" if job.problem else "dim")
        lines.append(clip(line("▶ " if here else "  ", mark if marked else "", name, "  ", about), cells))
    return lines, places


def several_lines(found: Sequence[StartForecast], cells: int, *, currency: str) -> tuple[Line, ...]:
    """What each of several jobs would cost, and when it begins, and the sum."""
    known = [one.usd.mid for one in found if one.usd is not None]
    rows = [row for one in found for row in wrap(line(Span(safe(one.job), "bold"), safe(one.text)), cells)]
    if len(known) == len(found):
        rows.append(line(Span(f"together about {money(sum(known), currency)}", "dim")))
    return tuple(rows)
