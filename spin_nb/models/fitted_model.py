"""A fitted model of the person's choice, and what it says of a pool."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, SpinError
from spin_nb.types import Float, Ints
from spin_nb.words import said_by

NUMBERS = 2**22  # numbers that go through a model at once: 16 MB
FEWEST, MOST = 16, 4096  # items

Source = Callable[[Ints], Float]
"""Rows -> what the model takes of them, (m, ...)."""
Step = Callable[[float], None]


class Own:
    """A fitted model, asked by one thread at a time.

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

    def __init__(self, name: str, model: Any, inputs: Any, n_classes: int) -> None:
        self.name, self.model, self.inputs, self.n_classes = name, model, inputs, n_classes
        self._alone = RLock()
        # Where the model is a posterior on features of its own, items go through it once and these are held.
        self._posterior = getattr(model, "posterior", None) if hasattr(model, "features") else None

    @property
    def holds_features(self) -> bool:
        """Whether what is held of an item is the model's own features of it."""
        return self._posterior is not None

    @property
    def at_once(self) -> int:
        """Items that go through the model at once."""
        width = 1 if self.inputs is None else prod(self.inputs.shape)
        return max(FEWEST, min(MOST, NUMBERS // width))

    def features(self, x: Float) -> Float:
        """The model's own features (m, width) of what it takes (m, ...)."""
        with self._alone:
            found = np.asarray(self._asked(lambda: self.model.features(x)), np.float32)
        if found.ndim != 2 or len(found) != len(x):
            raise ModelError(
                f"features of {self.name} have shape {found.shape} for {len(x)} items.",
                "Return (n, width), a row per item.",
            )
        return found

    def numbers(self, held: Float) -> tuple[Float, Float, Float]:
        """Mean (m, C), epistemic (m,) and aleatoric (m,) of what is held of items.

        Raises
        ------
        ModelError
            The model fails, or gives anything but probabilities.
        """
        with self._alone:
            predictive = self._predict(held)
            parts = self._asked(lambda: (predictive.mean, predictive.epistemic, predictive.aleatoric))
        mean, epistemic, aleatoric = (np.asarray(part, np.float32) for part in parts)
        _check(self.name, mean, epistemic, aleatoric, (len(held), self.n_classes))
        return mean, epistemic, aleatoric

    def draws(self, held: Float, S: int, seed: int) -> Float:
        """Draws (S, m, C) of what is held of items: same seed, same functions."""
        with self._alone:
            predictive = self._predict(held)
            drawn: Float = self._asked(lambda: predictive.draws(np.arange(len(held)), S, seed))
        return drawn

    def survey(self, source: Source, n: int, step: Step | None = None) -> OwnPredictive:
        """Ask the model about ``n`` items, a chunk at a time.

        Parameters
        ----------
        source : callable
            Rows -> what the model takes of them.
        n : int
        step : callable, optional
            Hears the fraction done before every chunk; what it raises ends the work.
        """
        size, step = self.at_once, step or (lambda fraction: None)
        kept: list[Float] = []
        parts: list[tuple[Float, Float, Float]] = []
        for start in range(0, n, size):
            step(start / n)
            x = source(np.arange(start, min(start + size, n)))
            if self.holds_features:
                kept.append(self.features(x))
            parts.append(self.numbers(kept[-1] if kept else x))
        step(1.0)
        nothing = np.empty(0, np.float32)
        parts = parts or [(nothing.reshape(0, self.n_classes), nothing, nothing)]
        mean, epistemic, aleatoric = (np.concatenate(part) for part in zip(*parts, strict=True))
        return OwnPredictive(self, np.concatenate(kept) if kept else source, mean, epistemic, aleatoric)

    def new(self, items: list[Any], encode: Callable[[list[Any]], Float]) -> OwnPredictive:
        """Ask the model about loaded items that are not in the pool; ``encode`` gives the encoder's features."""
        if self.inputs is None:
            features = encode(items)
            return self.survey(lambda rows: features[rows], len(items))
        return self.survey(lambda rows: self.inputs.items([items[row] for row in rows]), len(items))

    def _predict(self, held: Float) -> Any:
        return self._asked(lambda: (self._posterior or self.model).predict(held))

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except SpinError:
            raise
        except Exception as error:  # a person's own code may fail in any way
            raise ModelError(
                f"{self.name} failed when asked: {said_by(error)}",
                "Mend it and train again.",
            ) from error


class OwnPredictive:
    """What a model of the person's choice says of items: the numbers are there, draws are made when asked for.

    Parameters
    ----------
    by : Own
        Who says it.
    held : array (n, ...) or callable
        What is held of the items, or what gives it for some rows.
    mean : float32 (n, C)
    epistemic, aleatoric : float32 (n,)
        In nats.
    """

    def __init__(
        self, by: Own, held: Float | Source, mean: Float, epistemic: Float, aleatoric: Float
    ) -> None:
        self.by, self._held = by, held
        self.mean, self.epistemic, self.aleatoric = mean, epistemic, aleatoric

    def __len__(self) -> int:
        return len(self.mean)

    def doubt(self, row: int) -> tuple[float, float]:
        """Epistemic and aleatoric of one item, nats."""
        return float(self.epistemic[row]), float(self.aleatoric[row])

    def draws(self, rows: Ints, S: int, seed: int) -> Float:
        """Joint posterior draws (S, len(rows), C): same seed, same functions, whichever rows are asked for."""
        rows = np.asarray(rows, np.int64).reshape(-1)
        if S < 1:
            raise ModelError(f"cannot draw {S} times.", "Ask for S >= 1.")
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise ModelError(f"draws wanted for rows outside 0..{len(self) - 1}.", "Pass rows of the pool.")
        size = self.by.at_once
        parts = [
            self.by.draws(self._at(rows[start : start + size]), S, seed)
            for start in range(0, max(len(rows), 1), size)
        ]
        return np.concatenate(parts, axis=1)

    def at(self, rows: Ints) -> OwnPredictive:
        """The same of some rows."""
        rows = np.asarray(rows, np.int64)
        held = self._at(rows) if isinstance(self._held, np.ndarray) else lambda some: self._at(rows[some])
        return OwnPredictive(self.by, held, *(numbers[rows] for numbers in self._numbers()))

    def extended(self, more: OwnPredictive) -> OwnPredictive:
        """The same with the items of ``more`` after them; where rows are looked up, these must know them."""
        held = self._held
        if isinstance(held, np.ndarray):
            held = np.concatenate([held, more._at(np.arange(len(more)))])
        both = zip(self._numbers(), more._numbers(), strict=True)
        return OwnPredictive(self.by, held, *(np.concatenate(pair) for pair in both))

    def _numbers(self) -> tuple[Float, Float, Float]:
        return self.mean, self.epistemic, self.aleatoric

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, and the model's own features where they are held: what :meth:`from_arrays` takes."""
        found = {"mean": self.mean, "epistemic": self.epistemic, "aleatoric": self.aleatoric}
        return found | ({"held": self._held} if isinstance(self._held, np.ndarray) else {})

    @classmethod
    def from_arrays(cls, by: Own, source: Source, arrays: dict[str, NDArray[Any]]) -> OwnPredictive:
        """The same from :meth:`to_arrays`, without asking the model.

        Raises
        ------
        KeyError
            Something is missing.
        """
        held = arrays["held"] if by.holds_features else source
        return cls(by, held, arrays["mean"], arrays["epistemic"], arrays["aleatoric"])

    def _at(self, rows: Ints) -> Float:
        found: Float = self._held[rows] if isinstance(self._held, np.ndarray) else self._held(rows)
        return found


def _check(name: str, mean: Float, epistemic: Float, aleatoric: Float, shape: tuple[int, int]) -> None:
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
