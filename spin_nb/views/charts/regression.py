"""A regression predictive against one input: the mean, and the band split into what stays and what labels remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.views.base.theme import ALEATORIC, EPISTEMIC

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from spin_nb.bayes.linear_regression import RegressionPredictive

NINE_OF_TEN = 1.6449  # standard deviations to each side of a Gaussian's mean that hold 90 % of it
INK, GRID, MEAN = "#808080", "rgba(128,128,128,.25)", "#e69f00"  # readable on white and on black


def regression_figure(
    x: ArrayLike,
    predictive: RegressionPredictive,
    *,
    training_data: tuple[ArrayLike, ArrayLike] | None = None,
    target: int = 0,
) -> Figure:
    """Draw a regression posterior along one input.

    The inner band is noise alone (aleatoric): nine in ten observations would lie in it if the function were known.
    The outer band is where nine in ten are expected, the function being known only so well; what it adds to the
    inner one (epistemic) goes away with labels.  Variances add up, not widths.

    Parameters
    ----------
    x : float (n,) or (n, 1)
        The input, one value a row of ``predictive``; sorted here.
    predictive : RegressionPredictive
        ``mean``, ``epistemic`` and ``aleatoric`` (n, k), variances in the target's unit squared.
    training_data : (float (m,), float (m,)), optional
        Inputs and targets that were learnt from, drawn as points.
    target : int
        Which of the ``k`` targets.

    Returns
    -------
    plotly.graph_objects.Figure
        Transparent, readable on light and dark pages.

    Raises
    ------
    ModelError
        Inputs that do not fit the predictive, an unknown target, a predictive of classes.

    Examples
    --------
    >>> from spin_nb.bayes import LastLayerRegression
    >>> x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    >>> head = LastLayerRegression().fit(x[:20], 3 * x[:20, 0])
    >>> [trace.name for trace in regression_figure(x, head.predict(x)).data]
    ['epistemic: labels would remove it', 'aleatoric: stays', 'mean']
    """
    import plotly.graph_objects as go

    at, mean, noise, total = _check_curve(x, predictive, target)
    figure = go.Figure()
    for name, colour, opacity, sd in (
        ("epistemic: labels would remove it", EPISTEMIC, 0.4, total),
        ("aleatoric: stays", ALEATORIC, 0.6, noise),
    ):
        edge = np.concatenate([mean + NINE_OF_TEN * sd, (mean - NINE_OF_TEN * sd)[::-1]])
        figure.add_scatter(
            x=np.concatenate([at, at[::-1]]),
            y=edge,
            fill="toself",
            fillcolor=colour,
            opacity=opacity,
            line_width=0,
            mode="lines",
            hoverinfo="skip",
            name=name,
        )
    hover = "%{x:.3g}: %{y:.3g}, %{customdata}<extra></extra>"
    figure.add_scatter(
        x=at,
        y=mean,
        customdata=_words(noise, total),
        hovertemplate=hover,
        line={"color": MEAN, "width": 3},
        name="mean",
    )
    if training_data is not None:
        inputs, targets = _points(training_data)
        dots = {"color": INK, "size": 8, "line": {"width": 1, "color": "#ffffff"}}
        figure.add_scatter(x=inputs, y=targets, mode="markers", marker=dots, name="labels")
    axis = {"gridcolor": GRID, "zerolinecolor": GRID}
    return figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=INK,
        xaxis=axis,
        yaxis=axis,
        height=380,
        margin={"l": 50, "r": 20, "t": 20, "b": 40},
        legend={"orientation": "h", "y": -0.15},
    )


def _check_curve(
    x: ArrayLike, predictive: RegressionPredictive, target: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Inputs in rising order, mean and two deviations.

    They are standard deviations of the noise, and of an observation.
    """
    mean, epistemic, aleatoric = (
        np.asarray(getattr(predictive, p)) for p in ("mean", "epistemic", "aleatoric")
    )
    if mean.ndim != 2 or epistemic.shape != mean.shape:
        raise ModelError(
            f"a mean of shape {mean.shape} with uncertainty of shape {epistemic.shape} is no prediction of numbers.",
            "Pass what LastLayerRegression().fit(...).predict(...) returns; for classes there is s.uncertainty.",
        )
    at = np.asarray(x, np.float64).reshape(-1)
    if len(at) != len(mean):
        raise ModelError(
            f"{len(at)} inputs do not fit {len(mean)} predictions.",
            "Pass the one input that is drawn, a value a row.",
        )
    if not 0 <= target < mean.shape[1]:
        raise ModelError(
            f"there is no target {target} of {mean.shape[1]}.", f"Pass 0 to {mean.shape[1] - 1}."
        )
    order = np.argsort(at, kind="stable")
    noise, total = aleatoric[order, target], (aleatoric + epistemic)[order, target]
    return at[order], mean[order, target], np.sqrt(noise), np.sqrt(total)


def _points(training_data: tuple[ArrayLike, ArrayLike]) -> tuple[NDArray[Any], NDArray[Any]]:
    inputs, targets = (np.asarray(part, np.float64).reshape(-1) for part in training_data)
    if len(inputs) != len(targets):
        raise ModelError(
            f"{len(inputs)} inputs and {len(targets)} targets were seen.", "Pass one target an input."
        )
    return inputs, targets


def _words(noise: NDArray[Any], total: NDArray[Any]) -> list[str]:
    spread = np.sqrt(np.maximum(total**2 - noise**2, 0))
    return [f"sd {k:.2g} aleatoric, {e:.2g} epistemic" for k, e in zip(noise, spread, strict=True)]
