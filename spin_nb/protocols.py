"""The contracts: what each exchangeable part must do, with shapes, axis order and units.

``n`` items, ``d`` features, ``C`` classes, ``S`` posterior draws.  Features and probabilities are float32.
``draws`` is always ``(S, n, C)``: draw ``s`` is ONE posterior sample applied to all rows (shared noise), so
joint quantities (BatchBALD, EPIG) are right.  :mod:`spin_nb.testing` holds each contract as executable checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from numpy.typing import NDArray

from spin_nb.types import ExportReport, Extent, Float, Ints, Shown

if TYPE_CHECKING:
    import torch


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

    Three members more, if it has them:

    - ``validation``: how it is judged on labels held out.  "loo": it is fitted in a moment, once for every label;
      "folds": five times; "holdout", as without it: once more, without a fifth of the labels.
    - ``asks_by``: what "auto" asks by while it is shown.  "variance", as without it: where the graph learns most;
      "margin": where its two best classes are close, for posteriors whose uncertainty says little.
    - ``to_arrays()``, and a class method ``from_arrays(arrays)``: what a copy on disk keeps of it; no pickle.
    """

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> Posterior: ...
    def predict(self, features: Float) -> Predictive: ...


@runtime_checkable
class Model(Protocol):
    """A whole model.

    What it takes in, :class:`Predictive` out.

    ``inputs`` says what it takes: "items", prepared by :class:`spin_nb.pool.inputs.inputs.Inputs`, (n, ...) float32, or
    "features", the encoder's (n, d).  Every ``fit`` begins anew and replaces what was fitted before only when it has
    succeeded; it tells ``progress(fraction, words)``, and raises :class:`spin_nb.errors.Cancelled` once
    ``is_cancelled()`` says so.  ``predict`` may be called again and again: same seed, same functions, in all of them.

    ``validation`` and ``asks_by`` are those of a :class:`Posterior`.  Four members more, if it has them:

    - ``features(inputs)`` (n, width) float32 and ``posterior``, fitted, with
      ``predict(x) == posterior.predict(features(x))``: a pool's items then go through the model once.
    - ``form``: keywords for ``Inputs``, how items are prepared for it (``size``, ``last``, ``prepare``).
    - ``encoded_modalities``: words of modalities of which it takes "features" although its inputs are "items"; it
      does, too, where items are neither pictures nor numbers.
    - ``to_arrays()``: what a copy on disk keeps of it, name -> array; no pickle.
    """

    inputs: str

    def fit(
        self,
        inputs: Any,
        y: Ints,
        *,
        n_classes: int,
        progress: Callable[[float, str], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Model: ...
    def predict(self, inputs: Any) -> Predictive: ...


STRATEGY_ARRAYS = {
    "probs": "(n, C) class probabilities",
    "draws": "(S, n, C) the same under S posterior samples",
    "features": "(n, d) of the encoder",
    "scores": "(n,) BALD of each item, for strategies that draw by any score",
    "labelled_rows": "(m,) rows of the arrays that are labelled",
    "pool_rows": "(n,) row of the pool of each, for what is known of the whole pool, as its cost",
    "labels": "(m,) their class index",
    "target_draws": "(S, t, C) draws of items that stand for the pool, same samples as draws",
    "phi": "(n, D) features of the graph posterior",
    "covariance": "(D, D) its posterior covariance",
    "variance": "(n,) its variance of each item's scores",
    "score_means": "(n, C) its mean of each item's scores",
    "noise": "a float: its standard deviation of a label",
}
"""What a strategy may name as a parameter -> what it then gets."""


class Strategy(Protocol):
    """Chooses ``k`` rows to ask, or scores all of them.  Deterministic given ``seed``; ties go to the lowest index.

    Any function whose parameters are names of :data:`STRATEGY_ARRAYS`, ``k`` and ``seed``: it gets what it names.
    With ``k`` it returns :class:`~spin_nb.types.Picked`, ``q`` in (0, 1]; without, scores (n,), higher = ask first.
    ``n`` rows are the candidates; where ``labelled_rows`` is named also the labelled rows, which it must not pick.
    """

    def __call__(self, *arrays: Any, **settings: Any) -> Any: ...


def wants(strategy: Callable[..., object]) -> tuple[str, ...]:
    """Return the parameters of a strategy that are given to it: arrays, ``k``, ``seed``.

    Raises
    ------
    TypeError
        It requires something else.

    Examples
    --------
    >>> def mine(probs, k, *, power=2, seed=0): ...
    >>> wants(mine)
    ('probs', 'k', 'seed')
    """
    names = {*STRATEGY_ARRAYS, "k", "seed"}
    parameters = signature(strategy).parameters.values()
    for p in parameters:
        if p.name not in names and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise TypeError(f"it asks for {p.name!r}, which no session has")
        if p.name in names and p.kind is p.POSITIONAL_ONLY:
            raise TypeError(f"its parameter {p.name!r} cannot be given by name")
    return tuple(p.name for p in parameters if p.name in names)


@runtime_checkable
class Task(Protocol):
    """Kind of labels, immutable and hashable.

    Equal by content; ``type(t).from_json(t.to_json()) == t``.

    ``kind`` is the word under which it is stored, ``editor`` the view that edits it, ``metric`` the word of its
    score, ``names`` its classes, labels or points, () where it has none.  ``works_on`` says of which modality the items
    must be and how much of one the editor gets (pixels a side, characters): ``{"image": 1600}``, or {} for any.

    ``validate`` returns the value as it is stored, plain JSON that validates to itself, never None, or raises
    :class:`~spin_nb.errors.LabelError`; what it takes is limited by the item's ``extent``, where that is known.
    ``describe`` says a stored value in at most 60 characters.  ``score`` is 0 to 1, higher is better, of one item.
    ``spec`` is what the editor is told: kind, editor, names, ``empty``, from which a fresh draft starts (None: from
    nothing), and what else the task was made with.

    ``outputs`` is the width of what a model learns.  Where it is above 0 there are two members more:

    - ``target(value, extent)`` float32 (outputs,), about 0 to 1, NaN what the label does not say;
    - ``suggestion(mean, sd, extent)`` of a normal prediction of it, (outputs,) each: a value as it is stored, and
      the probability in (0, 1) that a person would accept it.

    ``learns`` says what a model learns: "classes", where ``outputs`` is 0 and ``index(value)`` is the column of
    ``names``; "numbers", where ``outputs`` is above 0; or None.
    """

    @property
    def kind(self) -> str: ...
    @property
    def editor(self) -> str: ...
    @property
    def works_on(self) -> Mapping[str, int]: ...
    @property
    def metric(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def learns(self) -> str | None: ...
    @property
    def outputs(self) -> int: ...
    def validate(self, value: object, extent: Extent | None = None) -> Any: ...
    def describe(self, value: Any) -> str: ...
    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float: ...
    def spec(self) -> dict[str, Any]: ...
    def to_json(self) -> str: ...


class Modality(Protocol):
    """Kind of items: loading and showing them.

    :class:`spin_nb.pool.modalities.Modality` is the base to derive from; it has the rest.
    """

    name: str

    def load(self, source: Any) -> Any: ...
    def show(self, source: Any) -> Shown: ...


class Encoder(Protocol):
    """Turns loaded items into features (n, d), float32, finite.

    ``fit`` learns what it needs from the pool; ``to_arrays``, and the class's
    ``from_arrays`` with an unfitted encoder that has the settings, round-trip it without pickle.
    ``name`` and ``settings`` enter the key of the feature cache.
    """

    name: str

    def fit(self, items: Sequence[Any]) -> Encoder: ...
    def encode(self, items: Sequence[Any]) -> Float: ...
    def to_arrays(self) -> dict[str, NDArray[Any]]: ...
    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self) -> Encoder: ...


class Exportable(Protocol):
    """An encoder that can go into an ONNX graph.

    ``prepare`` turns items into the graph's input tensor (n, ...), float32, what the device must do itself;
    ``describe`` says in words and numbers how; ``module`` is a ``torch.nn.Module`` from that tensor to features.
    """

    def prepare(self, items: Sequence[Any]) -> Float: ...
    def describe(self) -> dict[str, Any]: ...
    def module(self) -> torch.nn.Module: ...


@runtime_checkable
class DriftDetector(Protocol):
    """river's own words.

    Feed one number at a time, then read ``drift_detected``.
    """

    def update(self, x: float) -> object: ...
    @property
    def drift_detected(self) -> bool: ...


class ExportTarget(Protocol):
    """Writes a bundle into ``folder`` and proves it against ``example``.

    ``model`` is a :class:`spin_nb.models.snapshot.Snapshot`; ``example`` holds loaded items.
    """

    def __call__(self, model: Any, example: Sequence[Any], folder: Path) -> ExportReport: ...
