"""Encoders that learn nothing from the pool: their weights are all there is to keep of them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

from numpy.typing import NDArray

from spin_nb.pool.encoders.pretrained import as_array, check_same_weights


class FixedWeights:
    """Base of encoders that learn nothing: what is kept of one is the digest of its weights.

    A subclass sets ``name`` and ``_digest``; ``_n_cut`` and ``_has_run`` are for its remarks, and a rebuilt encoder has
    nothing to remark yet.

    Attributes
    ----------
    name : str
    fit_items : int
        Few: whatever is passed to :meth:`fit` is loaded in vain.
    """

    name: str
    fit_items = 32
    _digest: str
    _n_cut = 0
    _has_run = False

    def fit(self, items: Sequence[Any]) -> Self:
        """Learn nothing."""
        return self

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Digest of the weights: nothing else is needed."""
        return {"weights": as_array(self._digest)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the weights, and stays as it is.

        Raises
        ------
        ModelError
            When the arrays belong to other weights.
        """
        encoder = copy(unfitted or cls())
        check_same_weights(encoder.name, encoder._digest, arrays["weights"])
        encoder._n_cut, encoder._has_run = 0, False
        return encoder
