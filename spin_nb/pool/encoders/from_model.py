"""What encoders made of a person's own model share: the form of its input, and features less their mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.function import code_digest
from spin_nb.pool.inputs.spec import InputSpec, Prepare
from spin_nb.types import Float


class FromModel(ABC):
    """A model's output as features, less their mean.

    What a rectifier gives is positive throughout: without centring, what all items share outweighs what tells them
    apart, and a linear head on few labels sees little else.
    """

    name: str
    settings: dict[str, Any]
    fit_items = 256

    def __init__(self, prepare: Prepare | None, settings: dict[str, Any]) -> None:
        self.settings = settings | {"prepare": code_digest(prepare) if prepare else None}
        self._prepare = prepare
        self._spec: InputSpec | None = None
        self._mean: Float = np.zeros(0, np.float32)

    @abstractmethod
    def _learn(self, items: Sequence[Any]) -> InputSpec:
        """InputSpec of the model's input."""

    @abstractmethod
    def _run(self, inputs: Float) -> Float:
        """The model's output (n, d) for inputs (n, ...)."""

    def fit(self, items: Sequence[Any]) -> Self:
        """Learn the input's spec and the output's mean.

        Raises
        ------
        PoolError
            When the model cannot take the items.
        """
        spec = self._learn(items)
        self._run(spec(items[:1]))  # what does not fit shows before the work
        outputs = self._run(spec(items))
        # The others are told, by name, where features are checked.
        finite = outputs[np.isfinite(outputs).all(axis=1)]
        mean = finite.mean(axis=0, dtype=np.float64) if len(finite) else np.zeros(outputs.shape[1])
        self._spec, self._mean = spec, mean.astype(np.float32)
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        Raises
        ------
        PoolError
            When the model fails on them.
        """
        return self._run(self._require_spec()(items)) - self._mean

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Input spec and mean output; not the model."""
        return {**self._require_spec().to_arrays(), "mean": self._mean}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the model, and stays as it is.
        """
        encoder = copy(unfitted)
        encoder._spec, encoder._mean = InputSpec.from_arrays(arrays, encoder._prepare), arrays["mean"]
        return encoder

    def _require_spec(self) -> InputSpec:
        if self._spec is None:
            raise ModelError(f"the encoder {self.name!r} has learnt nothing yet.", "Call fit(items) first.")
        return self._spec
