"""Facts that finished training runs left in the project."""

from __future__ import annotations

from typing import Any

from spin_nb.monitor.curves import CurvePoint, is_number
from spin_nb.project.store import Store

CVScores = tuple[int, dict[str, float]]
"""Labels so far, and each head's accuracy on labels held out."""


def curve_points(store: Store) -> list[CurvePoint]:
    """Points of the learning curve, one a run.

    They are in order of the labels.
    """
    points = {point.n_labels: point for run in store.runs() if (point := _point(run.metrics))}
    return [points[n] for n in sorted(points)]


def cv_scores(store: Store) -> list[CVScores]:
    """Cross-validated accuracies of the heads, run by run."""
    runs = [(point, run.metrics) for run in store.runs() if (point := _point(run.metrics))]
    return [
        (point.n_labels, metrics["validation"])
        for point, metrics in runs
        if _are_scores(metrics.get("validation"))
    ]


def _are_scores(scores: object) -> bool:
    """Check that these are heads and accuracies.

    A project may be damaged, or come from somebody else.
    """
    return isinstance(scores, dict) and all(map(is_number, scores.values()))


def _point(metrics: dict[str, Any]) -> CurvePoint | None:
    try:
        return CurvePoint.from_json(metrics["curve"]) if "curve" in metrics else None
    except (TypeError, KeyError, ValueError):
        return None
