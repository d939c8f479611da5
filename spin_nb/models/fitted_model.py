"""A fitted model of the person's choice, and its predictions over a pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_draws
from spin_nb.errors import ModelError, SpinError
from spin_nb.protocols import Model, Posterior, Predictive
from spin_nb.types import Float, Ints
from spin_nb.words import said_by

if TYPE_CHECKING:
    from spin_nb.pool.inputs.inputs import Inputs

MAX_NUMBERS_PER_CHUNK = 2**22  # that go through a model at once: 16 MB
MIN_ITEMS_PER_CHUNK, MAX_ITEMS_PER_CHUNK = 16, 4096

Source = Callable[[Ints], Float]
"""Rows -> what the model takes of them, (m, ...)."""
Step = Callable[[float], None]
Answer = TypeVar("Answer")


class FittedModel:
    """A fitted model that one thread at a time asks.

    Parameters
    ----------
    name : str
        Of the head.
    model : Model or Posterior
        Fitted, and nobody else's.
    inputs : Inputs or None
        How items become what the model takes; None where it takes the encoder's features.
    n_classes : int
    """

    def __init__(self, name: str, model: Model | Posterior, inputs: Inputs | None, n_classes: int) -> None:
        self.name, self.model, self.inputs, self.n_classes = name, model, inputs, n_classes
        self._lock = RLock()
        # Where the model is a posterior on features of its own, items go through it once and these are stored.
        self._posterior: Posterior | None = (
            getattr(model, "posterior", None) if hasattr(model, "features") else None
        )

    @property
    def has_features(self) -> bool:
        """True where the model has features of its own, which are stored for each item."""
        return self._posterior is not None

    @property
    def chunk_size(self) -> int:
        """Items that go through the model at once."""
        width = 1 if self.inputs is None else prod(self.inputs.shape)
        return max(MIN_ITEMS_PER_CHUNK, min(MAX_ITEMS_PER_CHUNK, MAX_NUMBERS_PER_CHUNK // width))

    def features(self, inputs: Float) -> Float:
        """Compute the model's own features (m, width) of its inputs (m, ...)."""
        with self._lock:
            features = np.asarray(self._call(lambda: self.model.features(inputs)), np.float32)  # type: ignore[union-attr]
        if features.ndim != 2 or len(features) != len(inputs):
            raise ModelError(
                f"features of {self.name} have shape {features.shape} for {len(inputs)} items.",
                "Return (n, width), a row per item.",
            )
        return features

    def moments(self, inputs: Float) -> tuple[Float, Float, Float]:
        """Compute mean (m, C), epistemic (m,) and aleatoric (m,).

        Parameters
        ----------
        inputs : float32 (m, ...)
            The model's own features where it has some, else its inputs.

        Raises
        ------
        ModelError
            The model fails, or gives anything but probabilities.
        """
        with self._lock:
            predictive = self._predict(inputs)
            parts = self._call(lambda: (predictive.mean, predictive.epistemic, predictive.aleatoric))
        mean, epistemic, aleatoric = (np.asarray(part, np.float32) for part in parts)
        _check_moments(self.name, mean, epistemic, aleatoric, (len(inputs), self.n_classes))
        return np.maximum(mean, 0), epistemic, aleatoric  # a rounding below 0 is allowed, and no probability

    def draws(self, inputs: Float, S: int, seed: int) -> Float:
        """Draw (S, m, C) for what :meth:`moments` takes: same seed, same functions."""
        with self._lock:
            predictive = self._predict(inputs)
            return self._call(lambda: predictive.draws(np.arange(len(inputs)), S, seed))

    def predict_all(self, source: Source, n: int, step: Step | None = None) -> ModelPredictive:
        """Predict ``n`` items, a chunk at a time.

        Parameters
        ----------
        source : callable
            Rows -> what the model takes of them.
        n : int
        step : callable, optional
            Hears the fraction done before every chunk; what it raises ends the work.
        """
        size, step = self.chunk_size, step or (lambda fraction: None)
        features: list[Float] = []
        parts: list[tuple[Float, Float, Float]] = []
        for start in range(0, n, size):
            step(start / n)
            inputs = source(np.arange(start, min(start + size, n)))
            if self.has_features:
                features.append(self.features(inputs))
            parts.append(self.moments(features[-1] if features else inputs))
        step(1.0)
        empty = np.empty(0, np.float32)
        parts = parts or [(empty.reshape(0, self.n_classes), empty, empty)]
        mean, epistemic, aleatoric = (np.concatenate(part) for part in zip(*parts, strict=True))
        inputs_of_rows = np.concatenate(features) if features else source
        return ModelPredictive(self, inputs_of_rows, mean, epistemic, aleatoric)

    def predict_items(
        self, items: Sequence[object], encode: Callable[[Sequence[object]], Float]
    ) -> ModelPredictive:
        """Predict loaded items outside the pool; ``encode`` gives the encoder's features."""
        if self.inputs is None:
            features = encode(items)
            return self.predict_all(lambda rows: features[rows], len(items))
        inputs = self.inputs
        return self.predict_all(lambda rows: inputs.items([items[row] for row in rows]), len(items))

    def _predict(self, inputs: Float) -> Predictive:
        return self._call(lambda: (self._posterior or self.model).predict(inputs))

    def _call(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except SpinError:
            raise
        except Exception as error:  # a person's own code may fail in any way
            raise ModelError(
                f"{self.name} failed when asked: {said_by(error)}",
                "Mend it and train again.",
            ) from error


class ModelPredictive:
    """A fitted model's predictions: numbers at hand, draws made on demand.

    Parameters
    ----------
    model : FittedModel
        Whose predictions they are.
    inputs : array (n, ...) or callable
        The model's own features of the items, or rows -> what the model takes of them.
    mean : float32 (n, C)
    epistemic, aleatoric : float32 (n,)
        In nats.
    """

    def __init__(
        self, model: FittedModel, inputs: Float | Source, mean: Float, epistemic: Float, aleatoric: Float
    ) -> None:
        self.model, self._inputs = model, inputs
        self.mean, self.epistemic, self.aleatoric = mean, epistemic, aleatoric

    def __len__(self) -> int:
        return len(self.mean)

    def uncertainty_of(self, row: int) -> tuple[float, float]:
        """Epistemic and aleatoric of one item, nats."""
        return float(self.epistemic[row]), float(self.aleatoric[row])

    def draws(self, rows: Ints, S: int, seed: int) -> Float:
        """Joint posterior draws (S, len(rows), C).

        The same seed draws the same functions, whichever rows are asked for.
        """
        rows = check_draws(rows, S, len(self))
        size = self.model.chunk_size
        parts = [
            self.model.draws(self._inputs_at(rows[start : start + size]), S, seed)
            for start in range(0, max(len(rows), 1), size)
        ]
        return np.concatenate(parts, axis=1)

    def at(self, rows: Ints) -> ModelPredictive:
        """Select the predictions of some rows."""
        rows = np.asarray(rows, np.int64)
        inputs: Float | Source = (
            self._inputs_at(rows)
            if isinstance(self._inputs, np.ndarray)
            else lambda some: self._inputs_at(rows[some])
        )
        return ModelPredictive(self.model, inputs, *(values[rows] for values in self._moments()))

    def extend(self, more: ModelPredictive) -> ModelPredictive:
        """Append the items of ``more``; where rows are looked up, these must know them."""
        inputs = self._inputs
        if isinstance(inputs, np.ndarray):
            inputs = np.concatenate([inputs, more._inputs_at(np.arange(len(more)))])
        pairs = zip(self._moments(), more._moments(), strict=True)
        return ModelPredictive(self.model, inputs, *(np.concatenate(pair) for pair in pairs))

    def _moments(self) -> tuple[Float, Float, Float]:
        return self.mean, self.epistemic, self.aleatoric

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Pack the numbers, and the model's own features, for :meth:`from_arrays`."""
        moments = {"mean": self.mean, "epistemic": self.epistemic, "aleatoric": self.aleatoric}
        return moments | ({"held": self._inputs} if isinstance(self._inputs, np.ndarray) else {})

    @classmethod
    def from_arrays(
        cls, model: FittedModel, source: Source, arrays: dict[str, NDArray[Any]]
    ) -> ModelPredictive:
        """Rebuild from :meth:`to_arrays`, without asking the model.

        Raises
        ------
        KeyError
            Something is missing.
        """
        inputs = arrays["held"] if model.has_features else source
        return cls(model, inputs, arrays["mean"], arrays["epistemic"], arrays["aleatoric"])

    def _inputs_at(self, rows: Ints) -> Float:
        inputs: Float = self._inputs[rows] if isinstance(self._inputs, np.ndarray) else self._inputs(rows)
        return inputs


def _check_moments(
    name: str, mean: Float, epistemic: Float, aleatoric: Float, shape: tuple[int, int]
) -> None:
    n, n_classes = shape
    if mean.shape != shape or epistemic.shape != (n,) or aleatoric.shape != (n,):
        raise ModelError(
            f"{name} gives a mean of shape {mean.shape} and uncertainties of {epistemic.shape} and {aleatoric.shape} "
            f"for {n} items and {n_classes} classes.",
            "Return a Predictive: mean (n, C), epistemic (n,), aleatoric (n,).",
        )
    if not (np.isfinite(mean).all() and np.isfinite(epistemic).all() and np.isfinite(aleatoric).all()):
        raise ModelError(f"{name} gives NaN or infinite values.", "Scale the inputs, or regularise it.")
    if n and ((mean < -1e-6).any() or np.abs(mean.sum(axis=1) - 1).max() > 1e-3):
        raise ModelError(
            f"{name} gives no probabilities (the first row sums to {mean[0].sum():.3g}).",
            "Return probabilities, not logits: apply a softmax.",
        )
