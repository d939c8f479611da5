"""Ensembles: networks trained alike from different beginnings; where they disagree, labels are missing.

Every member is pulled towards its own draw from the prior instead of towards zero.  Far from the labels the
members then differ as the prior does, and with one label as much as with none: a plain ensemble of regularised
networks would agree there, and be sure of it.

References
----------
Pearce, Leibfried & Brintrup (2020), *Uncertainty in neural networks: approximately Bayesian ensembling*, eq. 9.
Lakshminarayanan, Pritzel & Blundell (2017), *Simple and scalable predictive uncertainty estimation using deep
ensembles*.
Breiman (1996), *Bagging predictors*.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._arrays import Arrays, pack_words, unpack_words
from spin_nb.bayes._checks import check_count, check_features, check_training_labels, not_fitted
from spin_nb.bayes._device import pick
from spin_nb.bayes.functions import Functions, FunctionsPredictive, member_order
from spin_nb.threads import torch_threads
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

N_STEPS, ITEMS_PER_BATCH, LEARNING_RATE = 250, 1024, 0.05
# Standard deviations of the prior, for inputs of root mean square norm 1.
FIRST_LAYER_SD, LAST_LAYER_SD, LINEAR_SD = 1.5, 4.0, 4.0

Layers = list[NDArray[Any]]
Batch = TypeVar("Batch", bound=Any)  # numpy array or torch tensor


class Ensemble:
    """Softmax regressions, or networks with one hidden layer.

    Parameters
    ----------
    n_members : int
        At least two.
    n_hidden : int
        Width of the hidden layer; 0 makes every member a softmax regression.
    bagging : bool
        Let every member see its own bootstrap sample of the labels.
    seed : int
    device : str or torch.device
        Where the members are trained: "auto" is a CUDA device where there is one, else the CPU.  They answer on the
        CPU.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> posterior = Ensemble(n_members=5).fit(x, np.array([0, 0, 1, 1]), n_classes=2)
    >>> posterior.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    validation = "holdout"
    asks_by = "variance"

    def __init__(
        self,
        n_members: int = 10,
        *,
        n_hidden: int = 64,
        bagging: bool = False,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        check_count(n_members, 2, "the members of an ensemble", "Use two or more, for example 10.")
        check_count(n_hidden, 0, "the width of a hidden layer", "Use a whole number, 0 for none.")
        self.n_members, self.n_hidden, self.bagging = n_members, n_hidden, bagging
        self.seed, self.device = seed, device
        self._layers: Layers = []
        self._length = 1.0

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> Ensemble:
        """Fit every member to features (n, d) and class indices (n,).

        Classes without a label are allowed.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a device that is not there.
        """
        device, features = pick(self.device), check_features(features)
        y = check_training_labels(y, features, n_classes)
        rng = np.random.default_rng(self.seed)
        length = float(np.sqrt(np.mean(np.sum(features.astype(np.float64) ** 2, axis=1)))) or 1.0
        prior, spread = self._prior(rng, features.shape[1], n_classes)
        shape = self.n_members, len(y)
        share = np.full(len(y), 1 / len(y))
        counts = rng.multinomial(len(y), share, size=self.n_members) if self.bagging else np.ones(shape)
        weight = counts.astype(np.float32)
        with torch_threads(1):
            layers = _descend(features / np.float32(length), y, weight, prior, spread, rng, device)
        self._layers, self._length = layers, length
        return self

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over features (m, d): its draws are members.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; features of another width, NaN or infinite.
        """
        if not self._layers:
            raise not_fitted("ensemble")
        layers = self._layers
        inputs = check_features(features, width=layers[0].shape[1]) / np.float32(self._length)

        def every(x: Float) -> Float:
            return _forward(x, layers)

        def draw(S: int, seed: int) -> Functions:
            indices, turn = np.unique(member_order(self.n_members, S, seed), return_inverse=True)
            return lambda x: _forward(x, [layer[indices] for layer in layers])[turn]

        return FunctionsPredictive(inputs, every, draw)

    def to_arrays(self) -> Arrays:
        """Everything :meth:`from_arrays` needs, by name.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if not self._layers:
            raise not_fitted("ensemble")
        words = pack_words(hidden=self.n_hidden, bagging=self.bagging, seed=self.seed, length=self._length)
        return words | {f"layer.{i}": layer for i, layer in enumerate(self._layers)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Ensemble:
        """Rebuild from :meth:`to_arrays`; predictions are identical."""
        words = unpack_words(arrays)
        layers = [arrays[f"layer.{i}"] for i in range(len(arrays) - 1)]
        ensemble = cls(len(layers[0]), n_hidden=words["hidden"], bagging=words["bagging"], seed=words["seed"])
        ensemble._layers, ensemble._length = layers, words["length"]
        return ensemble

    def _prior(self, rng: np.random.Generator, d: int, n_classes: int) -> tuple[Layers, list[float]]:
        """Draw every member's layers, with their spreads.

        Weights are (M, inputs, outputs), biases (M, 1, outputs).
        """
        if self.n_hidden:
            widths, last = [d, self.n_hidden, n_classes], LAST_LAYER_SD / np.sqrt(self.n_hidden)
            spread = [FIRST_LAYER_SD, FIRST_LAYER_SD, last, last]
        else:
            widths, spread = [d, n_classes], [LINEAR_SD, LINEAR_SD]
        shapes = [shape for a, b in pairwise(widths) for shape in ((a, b), (1, b))]
        draws = [
            rng.standard_normal((self.n_members, *shape), np.float32) * np.float32(sd)
            for shape, sd in zip(shapes, spread, strict=True)
        ]
        return draws, [float(sd) for sd in spread]


def _forward(x: Batch, layers: Sequence[Batch]) -> Batch:
    """Logits (M, n, C) of all members; numpy arrays or torch tensors."""
    for at in range(0, len(layers), 2):
        x = x @ layers[at] + layers[at + 1]
        if at + 2 < len(layers):
            x = x.clip(min=0)
    return x


def _descend(
    x: Float,
    y: Ints,
    weight: Float,
    prior: Layers,
    spread: list[float],
    rng: np.random.Generator,
    device: torch.device,
) -> Layers:
    """Minimise ``sum weight nll + |deviations|^2 / 2`` of all members by Adam.

    Deviations are in units of the prior's spread.
    """
    import torch

    inputs, targets, weights = (torch.from_numpy(part).to(device) for part in (x, y, weight))
    anchors = [torch.from_numpy(layer).to(device) for layer in prior]
    deviations = [torch.zeros_like(anchor, requires_grad=True) for anchor in anchors]
    optimiser = torch.optim.Adam(deviations, lr=LEARNING_RATE)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, N_STEPS)
    for _ in range(N_STEPS):
        rows: Any = slice(None)
        if len(x) > ITEMS_PER_BATCH:
            rows = torch.from_numpy(rng.choice(len(x), ITEMS_PER_BATCH, replace=False)).to(device)
        layers = [anchor + sd * step for anchor, sd, step in zip(anchors, spread, deviations, strict=True)]
        log_probs = torch.log_softmax(_forward(inputs[rows], layers), dim=2)
        log_likelihood = log_probs.gather(2, targets[rows][None, :, None].expand(len(weight), -1, 1))[..., 0]
        scale = len(x) / log_likelihood.shape[1]
        loss = (
            sum((step**2).sum() for step in deviations) / 2
            - scale * (weights[:, rows] * log_likelihood).sum()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    with torch.no_grad():
        return [
            (a + sd * step).cpu().numpy() for a, sd, step in zip(anchors, spread, deviations, strict=True)
        ]
