"""The contracts: what each exchangeable part must do, with shapes, axis order and units.

``n`` items, ``d`` features, ``C`` classes, ``S`` posterior draws.  Features and probabilities are float32.
``draws`` is always ``(S, n, C)``: draw ``s`` is ONE posterior sample applied to all rows (shared noise), so
joint quantities (BatchBALD, EPIG) are right.  :mod:`spin_nb.testing` holds each contract as executable checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from spin_nb.types import ExportReport, Float, Ints, Picked, Shown


@runtime_checkable
class Predictive(Protocol):
    """Posterior predictive over ``n`` items.

    ``mean`` (n, C) rows sum to 1; ``epistemic`` (n,) and ``aleatoric`` (n,) in nats, both >= 0;
    ``draws(rows, S, seed)`` (S, len(rows), C): same seed, same functions, whichever rows are asked for.
    """

    @property
    def mean(self) -> Float: ...
    @property
    def epistemic(self) -> Float: ...
    @property
    def aleatoric(self) -> Float: ...
    def draws(self, rows: Ints, S: int, seed: int) -> Float: ...


@runtime_checkable
class Posterior(Protocol):
    """A Bayesian head: features in, :class:`Predictive` out.

    ``fit`` takes features (n, d) and class indices (n,); classes without a label are allowed.
    """

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> Posterior: ...
    def predict(self, features: Float) -> Predictive: ...


class Strategy(Protocol):
    """Chooses ``k`` rows to ask.  Deterministic given ``seed``; ties go to the lowest index.

    ``probs`` (n, C) and ``draws`` (S, n, C) describe the candidates only.  ``q`` of the result lies in (0, 1].
    """

    def __call__(self, probs: Float, draws: Float, k: int, *, seed: int) -> Picked: ...


class Modality(Protocol):
    """What an item is: how it is loaded and how it is shown."""

    name: str

    def load(self, source: Any) -> Any: ...
    def show(self, source: Any) -> Shown: ...


class Encoder(Protocol):
    """Turns loaded items into features (n, d), float32, finite.

    ``fit`` learns what it needs from the pool; ``arrays``/``restore`` round-trip it without pickle.
    ``name`` and ``settings`` enter the key of the feature cache.
    """

    name: str

    def fit(self, items: Sequence[Any]) -> Encoder: ...
    def encode(self, items: Sequence[Any]) -> Float: ...
    def arrays(self) -> dict[str, NDArray[Any]]: ...
    def restore(self, arrays: dict[str, NDArray[Any]]) -> Encoder: ...


class Exportable(Protocol):
    """An encoder that can go into an ONNX graph.

    ``prepare`` turns items into the graph's input tensor (n, ...), float32, what the device must do itself;
    ``describe`` says in words and numbers how; ``module`` is a ``torch.nn.Module`` from that tensor to features.
    """

    def prepare(self, items: Sequence[Any]) -> Float: ...
    def describe(self) -> dict[str, Any]: ...
    def module(self) -> Any: ...


@runtime_checkable
class DriftDetector(Protocol):
    """river's own words: feed one number at a time, then read ``drift_detected``."""

    def update(self, x: float) -> Any: ...
    @property
    def drift_detected(self) -> bool: ...


class ExportTarget(Protocol):
    """Writes a bundle into ``folder`` and proves it against ``example``.

    ``model`` is a :class:`spin_nb.models.snapshot.Snapshot`; ``example`` holds loaded items.
    """

    def __call__(self, model: Any, example: Sequence[Any], folder: Path) -> ExportReport: ...
