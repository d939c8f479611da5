"""Columns of what is predicted where labels are numbers, or are learnt as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.models.graph_regression import GraphRegression
from spin_nb.session.table.label_columns import is_number
from spin_nb.threads import blocks
from spin_nb.types import Float

if TYPE_CHECKING:
    import polars as pl


def number_columns(task: Any) -> tuple[str, ...]:
    """Names of the columns that are predicted for a task without classes.

    A number has its prediction and the standard deviation of it, in the unit of the labels.  Several classes and
    points, which are learnt as several numbers from 0 to 1, have the root mean square of their standard deviations.
    Nothing is learnt of boxes, outlines, spans and texts.
    """
    if is_number(task):
        return "predicted", "sd"
    return ("sd",) if task.outputs else ()


def predict_numbers(regression: GraphRegression, phi: Float, task: Any) -> dict[str, pl.Series]:
    """Predict every row of ``phi`` (n, D); columns by name."""
    import polars as pl

    mean, sd = np.empty(len(phi), np.float32), np.empty(len(phi), np.float32)
    for rows in blocks(*phi.shape):
        means, deviations = regression.predict(phi[rows])
        is_learnt = np.isfinite(deviations)  # a point that nobody has placed is not
        squares = np.where(is_learnt, deviations, 0) ** 2
        mean[rows] = means[:, 0]
        sd[rows] = np.sqrt(squares.sum(axis=1) / np.maximum(is_learnt.sum(axis=1), 1))
    if not is_number(task):
        return {"sd": pl.Series("sd", sd)}
    width = task.high - task.low
    values = np.clip(task.low + mean.astype(np.float64) * width, task.low, task.high)
    return {
        "predicted": pl.Series("predicted", values),
        "sd": pl.Series("sd", sd.astype(np.float64) * width),
    }
