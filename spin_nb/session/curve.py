"""Points of the learning curve: what the audits say, run by run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from spin_nb.monitor.calibration import ece, nll
from spin_nb.monitor.curves import CurvePoint
from spin_nb.types import Estimate

if TYPE_CHECKING:
    from spin_nb.project.store import Store
    from spin_nb.session.core import Session


def point(session: Session) -> CurvePoint:
    """The curve's point for what is shown now."""
    judged = session.audited if session.by_class else ()
    return CurvePoint(
        time=time.time(),
        n_labels=session._ledger.state.n_labels,
        n_audits=len(session._ledger.audits[0]),
        accuracy=session.accuracy,
        nll=nll(judged.probs, judged.truth) if judged else None,
        ece=ece(judged.probs, judged.truth) if judged else None,
        labels_per_minute=session.labels_per_minute,
    )


def to_json(at: CurvePoint) -> dict[str, Any]:
    """What is kept of a point with its training run."""
    a = at.accuracy
    return {
        "time": at.time,
        "n_labels": at.n_labels,
        "n_audits": at.n_audits,
        "accuracy": {"value": a.value, "low": a.low, "high": a.high, "n": a.n, "method": a.method},
        "nll": at.nll,
        "ece": at.ece,
        "labels_per_minute": at.labels_per_minute,
    }


def from_json(kept: dict[str, Any]) -> CurvePoint:
    """A point as it was kept."""
    return CurvePoint(**{**kept, "accuracy": Estimate(**kept["accuracy"])})


def replay(store: Store) -> list[CurvePoint]:
    """The curve of a reopened project, from its finished runs."""
    points = {at.n_labels: at for run in store.runs() if (at := _kept(run.metrics)) is not None}
    return [points[n] for n in sorted(points)]


def validations(store: Store) -> list[tuple[int, dict[str, float]]]:
    """Labels so far and each head's cross-validated accuracy, run by run."""
    runs = [run.metrics for run in store.runs() if "validation" in run.metrics]
    return [(int(metrics["curve"]["n_labels"]), metrics["validation"]) for metrics in runs]


def _kept(metrics: dict[str, Any]) -> CurvePoint | None:
    return from_json(metrics["curve"]) if "curve" in metrics else None
