"""Monte Carlo dropout: networks with units left out at random, the same units for every item.

A draw is one mask applied to the whole pool, so a draw is one function and joint quantities are right; the usual
recipe draws a mask per item, whose answers for two items are independent.

References
----------
Gal & Ghahramani (2016), *Dropout as a Bayesian approximation: representing model uncertainty in deep learning*.
Kirsch, van Amersfoort & Gal (2019), *BatchBALD*, section 3 (consistent masks).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spin_nb.bayes._arrays import Arrays, of_network, one_layer, pack_words, unpack_words
from spin_nb.bayes._checks import check_between, check_count, check_inputs, check_training_labels, not_fitted
from spin_nb.bayes._device import beside, pick
from spin_nb.bayes._dropout_masks import dropout_layers, dropout_masks
from spin_nb.bayes._train import checked_logits, fresh, network_for, pace, threads_for, train
from spin_nb.bayes.functions import Functions, FunctionsPredictive
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

    from spin_nb.bayes._train import NetSpec

N_MASKS = 64  # functions the mean and the uncertainties are averages over
PRIOR_PRECISION = 0.1  # of the prior on every weight


class MCDropout:
    """A network with dropout, kept on when it answers.

    Parameters
    ----------
    net : torch.nn.Module or callable, optional
        Your network with dropout layers, from inputs (n, ...) to logits (n, C); copied for every fit.  A function
        without arguments is called for a new one.  Without it, one hidden layer on features scaled to unit size.
    n_hidden : int
        Width of that hidden layer.
    p : float
        Share of its units left out.
    seed : int
    device : str or torch.device
        Where the network is: "auto" is a CUDA device where there is one, else the CPU.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> posterior = MCDropout().fit(x, np.array([0, 0, 1, 1]), n_classes=2)
    >>> posterior.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    validation = "holdout"
    asks_by = "variance"

    def __init__(
        self,
        net: NetSpec | None = None,
        *,
        n_hidden: int = 128,
        p: float = 0.5,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        check_between(p, 0, 1, "the share of dropout", "Use 0 < p < 1, for example 0.5.")
        check_count(n_hidden, 1, "the width of a hidden layer", "Use 1 or more, for example 128.")
        self.net, self.n_hidden, self.p, self.seed, self.device = net, n_hidden, p, seed, device
        self._trained_net: torch.nn.Module | None = None
        self._shape: tuple[int, ...] = ()
        self._scale = np.float32(1)

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> MCDropout:
        """Train on inputs (n, ...) and class indices.

        Classes without a label are allowed.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a network without dropout, of another
            shape, or whose loss is not finite; a device that is not there.
        """
        device, inputs = pick(self.device), check_inputs(features)
        y = check_training_labels(y, inputs, n_classes)
        net, scale = network_for(
            self.net, inputs, n_classes, n_hidden=self.n_hidden, dropout=self.p, seed=self.seed
        )
        _check_dropout(net)
        net.to(device)
        with threads_for(self.net):
            train(net, inputs * scale, y, n_classes, seed=self.seed, **pace(self.net, PRIOR_PRECISION))
        self._trained_net, self._shape, self._scale, self._n_classes = net, inputs.shape[1:], scale, n_classes
        return self

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over inputs (m, ...).

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; inputs of another shape, NaN or infinite.
        """
        if self._trained_net is None:
            raise not_fitted("network")
        inputs = check_inputs(features, shape=self._shape)
        return dropout_predictive(self._trained_net, inputs * self._scale, self._n_classes)

    def to_arrays(self) -> Arrays:
        """Pack for :meth:`from_arrays`; of a network of one's own the weights alone.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if self._trained_net is None:
            raise not_fitted("network")
        spec = None if self.net is None else type(self._trained_net).__name__
        sizes = {"shape": self._shape, "hidden": self.n_hidden, "n_classes": self._n_classes}
        words = pack_words(net=spec, p=self.p, seed=self.seed, scale=float(self._scale), **sizes)
        return words | of_network(self._trained_net)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MCDropout:
        """Rebuild from :meth:`to_arrays`; predictions are identical.

        Raises
        ------
        ModelError
            The network was one's own.
        """
        words = unpack_words(arrays)
        posterior = cls(n_hidden=words["hidden"], p=words["p"], seed=words["seed"])
        posterior._trained_net = one_layer(arrays, dropout=words["p"]).to(pick(posterior.device))
        posterior._shape, posterior._n_classes = tuple(words["shape"]), words["n_classes"]
        posterior._scale = np.float32(words["scale"])
        return posterior


def dropout_predictive(net: torch.nn.Module, inputs: Float, n_classes: int) -> FunctionsPredictive:
    """Predict with a trained network's dropout layers.

    Everything but dropout stays in eval mode.

    Parameters
    ----------
    net : torch.nn.Module
        From inputs (n, ...) to logits (n, C); copied.
    inputs : float32 (n, ...)
    n_classes : int

    Raises
    ------
    ModelError
        No dropout layer; inputs that are not finite.
    """
    net = fresh(net, 0).eval()
    _check_dropout(net)

    def draw(S: int, seed: int) -> Functions:
        return lambda x: _apply(net, x, n_classes, S, seed)

    return FunctionsPredictive(check_inputs(inputs), draw(N_MASKS, 0), draw)


def _apply(net: torch.nn.Module, x: Float, n_classes: int, S: int, seed: int) -> Float:
    import torch

    batch, generator = beside(net, x), torch.Generator().manual_seed(seed)
    with torch.no_grad(), dropout_masks(net, generator, is_shared=True):
        logits = [checked_logits(net, batch, n_classes) for _ in range(S)]
    return np.asarray(torch.stack(logits).float().cpu().numpy())


def _check_dropout(net: torch.nn.Module) -> None:
    if not any(float(layer.p) > 0 for layer in dropout_layers(net)):
        raise ModelError(
            f"{type(net).__name__} has no dropout layer, so nothing can be drawn.",
            "Add torch.nn.Dropout(0.5) before its last layer, or use posterior='laplace'.",
        )
