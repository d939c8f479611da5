"""The learning curve: what the audits say, label by label."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from spin_nb.monitor.calibration import ece, nll
from spin_nb.monitor.curves import CurvePoint
from spin_nb.project.store import Store
from spin_nb.session.audit.curve_log import CurveLog, append
from spin_nb.session.audit.judge import Judge
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.model.training_history import curve_points
from spin_nb.session.open_project import OpenProject


class Curve:
    """Learning curve of one project; on the main thread.

    Points of earlier sessions are part of it.
    """

    def __init__(self, project: OpenProject, label_log: LabelLog, judge: Judge) -> None:
        self._project = project
        self._label_log = label_log
        self._judge = judge
        self._log = CurveLog(project.folder, read_only=project.read_only)
        self._points = replay(project.store, self._log.points())

    @property
    def points(self) -> list[CurvePoint]:
        """The curve; at least the present point."""
        return list(self._points) or [self.now()]

    def now(self) -> CurvePoint:
        """The point for what is shown now."""
        audits = self._judge.audit_predictions() if self._project.learns_classes else ()
        return CurvePoint(
            time=time.time(),
            n_labels=self._label_log.state.n_labels,
            n_audits=len(self._label_log.training_set.audits[0]),
            accuracy=self._judge.accuracy(),
            nll=nll(audits.probs, audits.truth) if audits else None,
            ece=ece(audits.probs, audits.truth) if audits else None,
            labels_per_minute=self._label_log.labels_per_minute,
        )

    def follow(self) -> None:
        """Add the present point.

        What was undone leaves the curve.
        """
        point = self.now()
        last = self._points[-1] if self._points else None
        if last is not None and _says_the_same(last, point):  # the project was only opened again
            return
        append(self._points, point)
        self._log.add(point)


def replay(store: Store, log_points: Sequence[CurvePoint] = ()) -> list[CurvePoint]:
    """Rebuild the curve of a reopened project.

    ``log_points`` go label by label; finished runs come before and after.
    """
    of_runs = curve_points(store)
    if not log_points:
        return of_runs
    first, last = log_points[0], log_points[-1]
    earlier = [point for point in of_runs if point.time < first.time and point.n_labels < first.n_labels]
    points = [*earlier, *log_points]
    for point in of_runs:
        if point.time > last.time:
            append(points, point)
    return points


def _says_the_same(one: CurvePoint, other: CurvePoint) -> bool:
    """Compare two points, but for time and pace."""
    return replace(one, time=other.time, labels_per_minute=other.labels_per_minute) == other
