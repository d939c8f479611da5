"""Points of the learning curve: what the audits say, run by run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from spin_nb.monitor.calibration import ece, nll
from spin_nb.monitor.curves import CurvePoint
from spin_nb.session.audit.judge import accuracy
from spin_nb.types import Estimate

if TYPE_CHECKING:
    from spin_nb.project.store import Store
    from spin_nb.session.session import Session


def point(session: Session) -> CurvePoint:
    """The curve's point for what is shown now."""
    judged = session.audited if session.by_class else ()
    return CurvePoint(
        time=time.time(),
        n_labels=session._label_log.state.n_labels,
        n_audits=len(session._label_log.audits[0]),
        accuracy=accuracy(session),
        nll=nll(judged.probs, judged.truth) if judged else None,
        ece=ece(judged.probs, judged.truth) if judged else None,
        labels_per_minute=session.labels_per_minute,
    )


def to_json(at: CurvePoint) -> dict[str, Any]:
    """What is kept of a point with its training run."""
    return {
        "time": at.time,
        "n_labels": at.n_labels,
        "n_audits": at.n_audits,
        "accuracy": asdict(at.accuracy),
        "nll": at.nll,
        "ece": at.ece,
        "labels_per_minute": at.labels_per_minute,
    }


def from_json(kept: dict[str, Any]) -> CurvePoint:
    """A point as it was kept.

    Raises
    ------
    TypeError, KeyError, ValueError
        It is none: a project may be damaged, or come from somebody else.
    """
    at = CurvePoint(**{**kept, "accuracy": Estimate(**kept["accuracy"])})
    a = at.accuracy
    numbers = (
        at.time,
        at.n_labels,
        at.n_audits,
        at.labels_per_minute,
        a.low,
        a.high,
        a.n,
        a.unanswered,
        a.flagged,
    )
    perhaps = (a.value, at.nll, at.ece)
    if not all(_is_number(x) for x in (*numbers, *(x for x in perhaps if x is not None))):
        raise TypeError("a point of the curve holds what is no number")
    if not (isinstance(a.method, str) and isinstance(a.of, str)):
        raise TypeError("a point of the curve holds what is no text")
    return at


def same(one: CurvePoint, other: CurvePoint) -> bool:
    """Whether two points say the same of the same labels, whenever that was, and at whatever pace."""
    return replace(one, time=other.time, labels_per_minute=other.labels_per_minute) == other


def follow(points: list[CurvePoint], at: CurvePoint) -> None:
    """Append the newest point; what was undone leaves the curve."""
    while points and points[-1].n_labels >= at.n_labels:
        points.pop()
    if at.n_labels:
        points.append(at)


def replay(store: Store, known: Sequence[CurvePoint] = ()) -> list[CurvePoint]:
    """The curve of a reopened project: ``known`` label by label, and from finished runs what lies before and after."""
    runs = {at.n_labels: at for run in store.runs() if (at := _kept(run.metrics)) is not None}
    points = [runs[n] for n in sorted(runs)]
    if not known:
        return points
    first, last = known[0], known[-1]
    whole = [at for at in points if at.time < first.time and at.n_labels < first.n_labels] + list(known)
    for at in points:
        if at.time > last.time:
            follow(whole, at)
    return whole


def validations(store: Store) -> list[tuple[int, dict[str, float]]]:
    """Labels so far and each head's cross-validated accuracy, run by run."""
    runs = [(at, run.metrics) for run in store.runs() if (at := _kept(run.metrics)) is not None]
    return [(at.n_labels, run["validation"]) for at, run in runs if _is_scores(run.get("validation"))]


def _is_scores(scores: Any) -> bool:
    """Whether these are heads and their accuracies: a project may be damaged, or come from somebody else."""
    return isinstance(scores, dict) and all(map(_is_number, scores.values()))


def _is_number(x: Any) -> bool:
    """Whether this is a number that a float has room for: from a file, whole ones come in any length."""
    if not isinstance(x, (int, float)):
        return False
    try:
        float(x)
    except OverflowError:
        return False
    return True


def _kept(metrics: dict[str, Any]) -> CurvePoint | None:
    try:
        return from_json(metrics["curve"]) if "curve" in metrics else None
    except (TypeError, KeyError, ValueError):
        return None
