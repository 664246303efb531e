"""All that digests of several runs share, read once: the runs, their specs and origins, their lines, their plans."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainui.core.comparing import origin_of
from trainui.core.costing.planned import Planned, planned
from trainui.core.errors import NotFoundError
from trainui.core.export.parts import PlannedDigest
from trainui.core.money.outlook import ratio
from trainui.core.spec import Spec
from trainui.core.spec.estimate import ESTIMATED
from trainui.core.spec.model import Job
from trainui.core.spec.study import study_of
from trainui.core.store.read import Reader
from trainui.core.store.studyviews import StudyView
from trainui.core.store.views import RunView


class Past:
    """What one look into the store found."""

    def __init__(self, reader: Reader, *, now: float) -> None:
        """`now`: Unix seconds, for what live runs took."""
        self.reader = reader
        self.now = now
        self.births = reader.births()
        born = {run: number for number, run in enumerate(self.births)}
        self.views = sorted(reader.runs(), key=lambda one: (born.get(one.run, len(born)), one.queued_at))
        self._place = {one.run: number for number, one in enumerate(self.views)}
        self.studies: dict[str, StudyView] = {one.study: one for one in reader.studies()}
        self.plans: list[Planned] = planned(reader, views=self.views)
        self._by_name = {one.run: one for one in self.views}
        self._texts = reader.study_texts()

    def view(self, run: str) -> RunView | None:
        """The run of that name."""
        return self._by_name.get(run)

    def of_study(self, study: str) -> list[RunView]:
        """The runs of a study, in the order they were queued; none for ''."""
        return [one for one in self.views if one.study == study] if study else []

    def alias(self, view: RunView) -> str:
        """What its study calls the runs of its job; '' where no file of a study does."""
        text = self._texts.get(view.study)
        names = study_of(text).plan.aliases_of(view.job) if text else ()
        return names[0] if names else ""

    def attempt(self, view: RunView) -> int:
        """The how many-th run of its job in its study it is."""
        return 1 + len(self._earlier(view))

    def before(self, view: RunView) -> RunView | None:
        """The run of its job, of the same study, that was queued before it."""
        earlier = self._earlier(view)
        return earlier[-1] if earlier else None

    def _earlier(self, view: RunView) -> list[RunView]:
        before = self.views[: self._place[view.run]]
        return [one for one in before if one.job == view.job and one.study == view.study]

    def children(self, run: str) -> list[str]:
        """The runs that go on from it."""
        return [one.run for one in self.views if one.parent == run]

    def child_for(self, run: str, kind: str) -> RunView | None:
        """The child that was tried for `kind`, `remedy nan`; the newest of several."""
        mine = [
            one for one in self.children(run) if one in self.births and self.births[one].retried_for == kind
        ]
        return self._by_name[mine[-1]] if mine else None

    def line(self, run: str) -> list[str]:
        """The runs it goes on from, the oldest first, and itself."""
        line, seen = [run], {run}
        while (view := self._by_name.get(line[0])) and view.parent and view.parent not in seen:
            line.insert(0, view.parent)
            seen.add(view.parent)
        return line

    def total(self, runs: Sequence[str], what: str) -> float:
        """The sum of a figure of runs."""
        return float(sum(getattr(self._by_name[one], what) for one in runs if one in self._by_name))

    @functools.cache  # noqa: B019 - lives as long as one export
    def spec(self, run: str) -> Spec:
        """What it was started with; a bare one where nothing is known."""
        try:
            return self.reader.spec(run)
        except NotFoundError:
            return Spec(job=Job(name=run, command=[]))

    @functools.cache  # noqa: B019
    def origin(self, run: str) -> Mapping[str, Any]:
        """Its origin.json; empty where there is none."""
        view = self._by_name.get(run)
        return origin_of(Path(view.directory)) if view else {}

    def exists(self, path: Path) -> bool:
        """Whether a file is there, as far as one may look."""
        try:
            return path.exists()
        except (OSError, ValueError):
            return False

    def planned_of(self, view: RunView, spec: Spec) -> tuple[PlannedDigest, ...]:
        """The estimate of one run of a job against what this one's line took."""
        if spec.estimate is None:
            return ()
        line = [self._by_name[one] for one in self.line(view.run) if one in self._by_name]
        begun = [one.started_at for one in line if one.started_at is not None]
        last = view.ended_at if view.ended_at is not None else self.now
        actual = {
            "usd": sum(one.usd for one in line),
            "gpu_hours": sum(one.gpu_hours for one in line),
            "wall_hours": max(last - min(begun), sum(one.seconds for one in line)) / 3600 if begun else 0.0,
        }
        found = []
        for what in ESTIMATED:
            plan = spec.estimate.planned(what)
            if plan is not None and what in actual:
                found.append(PlannedDigest(what=what, low=plan[0], high=plan[1], actual=actual[what],
                                           ratio=ratio(plan, actual[what])))  # fmt: skip
        return tuple(found)

    def plan_of(self, kind: str, study: str) -> dict[str, tuple[PlannedDigest, ...]]:
        """Name → the plan of a `study`, or of each `job` of it, against what was taken."""
        return {
            one.name: tuple(
                PlannedDigest(what=each.what, low=each.planned[0], high=each.planned[1], actual=each.actual,
                              ratio=each.ratio)
                for each in one.compared
                if each.planned is not None
            )
            for one in self.plans
            if one.kind == kind and one.study == study
        }  # fmt: skip
