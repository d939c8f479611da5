"""How strongly an item speaks to the encoder."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features
from spin_nb.threads import blocks
from spin_nb.types import Float
from spin_nb.words import shown


def activation(features: Float, *, unit: int | None = None) -> Float:
    """Score by low activation level.

    It is minus the Euclidean norm of the item's activations, higher = weaker.

    A network answers weakly to what it was not trained on (Dhamija, Guenther & Boult 2018).  Meant for activations or
    logits of a trained network; in centred features the norm is the distance from the pool's middle, and this
    then asks the most ordinary item.

    Parameters
    ----------
    features : float32 (n, d)
        Activations of one layer, or logits.
    unit : int, optional
        Column whose activation alone counts: a channel, or a class's logit.

    Returns
    -------
    float32 (n,)
        In the unit of the features: 0 (silent) and below; of one unit, minus its value.

    Raises
    ------
    QueryError
        Not (n, d), NaN or infinity, no such unit.

    Examples
    --------
    >>> activation(np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [-5.0, -1.0]
    >>> activation(np.array([[3.0, 4.0], [0.0, 1.0]]), unit=1).tolist()
    [-4.0, -1.0]
    """
    features = check_features(features)
    d = features.shape[1]
    if unit is None:
        out = np.empty(len(features), np.float32)
        for block in blocks(len(features), 4 * d):
            some = features[block].astype(np.float64)
            out[block] = -np.minimum(np.sqrt(np.einsum("nd,nd->n", some, some)), np.finfo(np.float32).max)
        return out
    if isinstance(unit, bool) or not isinstance(unit, int | np.integer) or not 0 <= unit < d:
        raise QueryError(f"there is no unit {shown(unit)} among {d}.", f"Pass one of 0 to {d - 1}.")
    return 0 - features[:, unit]
