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

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_count, check_features, check_labels, check_some
from spin_nb.bayes._device import pick
from spin_nb.bayes._stored import Arrays, packed, unpacked
from spin_nb.bayes.functions import Functions, FunctionsPredictive, member_order
from spin_nb.errors import NotTrainedError
from spin_nb.threads import torch_threads
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

STEPS, BATCH, RATE = 250, 1024, 0.05
# Standard deviations of the prior, for inputs of root mean square norm 1.
FIRST, LAST, LINEAR = 1.5, 4.0, 4.0

Layers = list[NDArray[Any]]


class Ensemble:
    """An ensemble of softmax regressions or of networks with one hidden layer.

    Parameters
    ----------
    n_members : int
        At least two.
    hidden : int
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
        hidden: int = 64,
        bagging: bool = False,
        seed: int = 0,
        device: Any = "auto",
    ) -> None:
        check_count(n_members, 2, "the members of an ensemble", "Use two or more, for example 10.")
        check_count(hidden, 0, "the width of a hidden layer", "Use a whole number, 0 for none.")
        self.n_members, self.hidden, self.bagging = n_members, hidden, bagging
        self.seed, self.device = seed, device
        self._layers: Layers = []
        self._length = 1.0

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> Ensemble:
        """Fit every member to features (n, d) and class indices (n,); classes without a label are allowed.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a device that is not there.
        """
        device, features = pick(self.device), check_features(features)
        y = check_labels(y, len(features), n_classes)
        check_some(features)
        rng = np.random.default_rng(self.seed)
        length = float(np.sqrt(np.mean(np.sum(features.astype(np.float64) ** 2, axis=1)))) or 1.0
        prior, spread = self._prior(rng, features.shape[1], n_classes)
        shape = self.n_members, len(y)
        share = np.full(len(y), 1 / len(y))
        seen = rng.multinomial(len(y), share, size=self.n_members) if self.bagging else np.ones(shape)
        weight = seen.astype(np.float32)
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
            raise NotTrainedError("this ensemble has not been fitted.", "Call fit(features, y, n_classes=C).")
        layers = self._layers
        scaled = check_features(features, width=layers[0].shape[1]) / np.float32(self._length)

        def every(x: Float) -> Float:
            return _forward(x, layers)

        def draw(S: int, seed: int) -> Functions:
            chosen, turn = np.unique(member_order(self.n_members, S, seed), return_inverse=True)
            return lambda x: _forward(x, [layer[chosen] for layer in layers])[turn]

        return FunctionsPredictive(scaled, every, draw)

    def to_arrays(self) -> Arrays:
        """Everything :meth:`from_arrays` needs, by name.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if not self._layers:
            raise NotTrainedError("this ensemble has not been fitted.", "Call fit(features, y, n_classes=C).")
        words = packed(hidden=self.hidden, bagging=self.bagging, seed=self.seed, length=self._length)
        return words | {f"layer.{i}": layer for i, layer in enumerate(self._layers)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Ensemble:
        """Rebuild from :meth:`to_arrays`; predictions are identical."""
        words = unpacked(arrays)
        layers = [arrays[f"layer.{i}"] for i in range(len(arrays) - 1)]
        made = cls(len(layers[0]), hidden=words["hidden"], bagging=words["bagging"], seed=words["seed"])
        made._layers, made._length = layers, words["length"]
        return made

    def _prior(self, rng: np.random.Generator, d: int, n_classes: int) -> tuple[Layers, list[float]]:
        """A draw per member of each layer (M, inputs, outputs) and bias (M, 1, outputs), and their spreads."""
        if self.hidden:
            widths, last = [d, self.hidden, n_classes], LAST / np.sqrt(self.hidden)
            spread = [FIRST, FIRST, last, last]
        else:
            widths, spread = [d, n_classes], [LINEAR, LINEAR]
        shapes = [shape for a, b in pairwise(widths) for shape in ((a, b), (1, b))]
        drawn = [
            rng.standard_normal((self.n_members, *shape), np.float32) * np.float32(sd)
            for shape, sd in zip(shapes, spread, strict=True)
        ]
        return drawn, [float(sd) for sd in spread]


def _forward(x: Any, layers: Any) -> Any:
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
    """Adam on ``sum weight nll + |moved|^2 / 2`` of all members at once, in units of the prior's spread."""
    import torch

    inputs, targets, weights = (torch.from_numpy(part).to(device) for part in (x, y, weight))
    anchors = [torch.from_numpy(layer).to(device) for layer in prior]
    moved = [torch.zeros_like(anchor, requires_grad=True) for anchor in anchors]
    optimiser = torch.optim.Adam(moved, lr=RATE)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        rows: Any = slice(None)
        if len(x) > BATCH:
            rows = torch.from_numpy(rng.choice(len(x), BATCH, replace=False)).to(device)
        layers = [anchor + sd * step for anchor, sd, step in zip(anchors, spread, moved, strict=True)]
        log_probs = torch.log_softmax(_forward(inputs[rows], layers), dim=2)
        own = log_probs.gather(2, targets[rows][None, :, None].expand(len(weight), -1, 1))[..., 0]
        scale = len(x) / own.shape[1]
        loss = sum((step**2).sum() for step in moved) / 2 - scale * (weights[:, rows] * own).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    with torch.no_grad():
        return [(a + sd * step).cpu().numpy() for a, sd, step in zip(anchors, spread, moved, strict=True)]
