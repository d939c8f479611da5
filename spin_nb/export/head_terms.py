"""The linear head's posterior as constants of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._logit_contrasts import contrasts
from spin_nb.bayes.predictive import MARGINAL_DRAWS, shared_noise
from spin_nb.errors import ExportError

if TYPE_CHECKING:
    from spin_nb.bayes.laplace import LastLayerLaplace


@dataclass(frozen=True, eq=False)
class HeadTerms:
    """The linear head's posterior as constants of a graph.

    In the eigenbasis of the Kronecker factors the deviation of the logits from their mean is
    ``(sqrt((x rotation)^2 spread + bias_spread) * noise) classes'``; the contrast variance, which sets the temperature
    of the probabilities, is ``((x rotation)^2 spread + bias_spread) contrasts`` (Ritter, Botev & Barber 2018;
    MacKay 1992).

    Attributes
    ----------
    weight : (C, d)
    bias : (C,)
    rotation : (d, d)
    spread : (d, C)
    bias_spread : (C,)
    classes : (C, C)
    contrasts : (C,)
    noise : (S, C)
        The draws that the notebook's epistemic uncertainty is made of.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    rotation: NDArray[Any]
    spread: NDArray[Any]
    bias_spread: NDArray[Any]
    classes: NDArray[Any]
    contrasts: NDArray[Any]
    noise: NDArray[Any]


def head_terms(linear: LastLayerLaplace) -> HeadTerms:
    """Collect the constants of a fitted head.

    Raises
    ------
    ExportError
        For another structure.
    """
    if linear.structure != "kron":
        raise ExportError(
            f"a head with structure {linear.structure!r} has no exported form.",
            "Fit it with structure='kron'.",
        )
    posterior = {
        name.removeprefix("posterior."): array
        for name, array in linear.to_arrays().items()
        if name.startswith("posterior.")
    }
    curvature = posterior["curvature"]
    return HeadTerms(
        weight=linear.weight,
        bias=linear.bias,
        rotation=posterior["rotation"],
        spread=1 / (np.outer(posterior["moments"], curvature) + linear.prior_precision),
        bias_spread=1 / (linear.n_observations * curvature + linear.bias_precision),
        classes=posterior["classes"],
        contrasts=contrasts(posterior["classes"]),
        noise=shared_noise((MARGINAL_DRAWS, len(linear.bias))),
    )
