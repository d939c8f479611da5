"""Laplace approximations over all weights of a network, or over a subnetwork, by laplace-torch.

laplace-torch finds the curvature and the prior precision; the predictive is ours.  Weights are drawn from the
posterior and applied through the network linearised at its optimum, ``f(x) + J(x) (theta - theta*)``: one
Jacobian-vector product per draw instead of a Jacobian per item, and each draw is one function over all items.

References
----------
Immer, Korzepa & Bauer (2021), *Improving predictions of Bayesian neural nets via local linearization*.
Daxberger et al. (2021a), *Laplace Redux - effortless Bayesian deep learning*.
Daxberger et al. (2021b), *Bayesian deep learning via subnetwork inference*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from spin_nb.bayes._arrays import Arrays, of_network, one_layer, pack_words, unpack_words
from spin_nb.bayes._checks import check_count, check_inputs, check_training_labels, not_fitted
from spin_nb.bayes._device import pick
from spin_nb.bayes._fallbacks import FALLBACKS, SUBNET_FALLBACKS, fit_with_fallbacks, tune_precision
from spin_nb.bayes._joint_draws import WeightDeviations
from spin_nb.bayes._train import checked_logits, fresh, network_for, pace, threads_for, train
from spin_nb.bayes.functions import Functions, FunctionsPredictive
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch
    from laplace import BaseLaplace

    from spin_nb.bayes._train import NetSpec

N_DRAWS = 64  # functions the mean and the uncertainties are averages over, in antithetic pairs
PRIOR_PRECISION = 1.0  # of the prior the network is trained under


class LaplaceAll:
    """A network with a Gaussian over all its weights.

    Parameters
    ----------
    net : torch.nn.Module or callable, optional
        Your network, from inputs (n, ...) to logits (n, C); copied for every fit.  A function without arguments is
        called for a new one.  Without it, one hidden layer on features scaled to unit size.
    n_hidden : int
        Width of that hidden layer.
    seed : int
    device : str or torch.device
        Where the network is trained: "auto" is a CUDA device where there is one, else the CPU.  The curvature is
        computed and answers are given on the CPU.

    Attributes
    ----------
    prior_precision : float
        By the marginal likelihood.
    route : (str, str)
        Backend and structure of the curvature that worked for this network.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> posterior = LaplaceAll().fit(x, np.array([0, 0, 1, 1]), n_classes=2)
    >>> posterior.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    validation = "holdout"
    asks_by = "variance"

    def __init__(
        self,
        net: NetSpec | None = None,
        *,
        n_hidden: int = 50,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        check_count(n_hidden, 1, "the width of a hidden layer", "Use 1 or more, for example 50.")
        self.net, self.n_hidden, self.seed, self.device = net, n_hidden, seed, device
        self.prior_precision = 0.0
        self.route = ("", "")
        self.laplace: BaseLaplace | None = None
        self._trained_net: torch.nn.Module | None = None
        self._code: str | None = None  # the kind of a network that is a person's own
        self._deviations: WeightDeviations | None = None
        self._shape: tuple[int, ...] = ()

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> LaplaceAll:
        """Train on inputs (n, ...) and class indices (n,), then find curvature and prior precision.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a network of another shape, whose loss is
            not finite, or whose curvature no backend of laplace-torch can compute; a device that is not there.
        """
        device, inputs = pick(self.device), check_inputs(features)
        y = check_training_labels(y, inputs, n_classes)
        net, scale = network_for(self.net, inputs, n_classes, n_hidden=self.n_hidden, seed=self.seed)
        net.to(device)
        with threads_for(self.net):
            train(net, inputs * scale, y, n_classes, seed=self.seed, **pace(self.net, PRIOR_PRECISION))
            self._about(net.cpu(), inputs, y, n_classes, scale)
        self._code = None if self.net is None else type(net).__name__
        return self

    def about(self, net: torch.nn.Module, inputs: Float, y: Ints, *, n_classes: int) -> LaplaceAll:
        """Fit about a network that is trained already.

        ``inputs`` are those it was trained on; ``net`` is copied.

        Raises
        ------
        ModelError
            No backend of laplace-torch can compute its curvature.
        """
        self._about(fresh(net, 0).cpu().eval(), check_inputs(inputs), y, n_classes, np.float32(1))
        self._code = type(net).__name__
        return self

    def _about(self, net: torch.nn.Module, inputs: Float, y: Ints, n_classes: int, scale: np.float32) -> None:
        laplace, route = self._curvature(net, inputs * scale, y)
        precision, weight_deviations = tune_precision(laplace, PRIOR_PRECISION), WeightDeviations.of(laplace)
        self.laplace, self.route, self.prior_precision, self._deviations = (
            laplace,
            route,
            precision,
            weight_deviations,
        )
        self._trained_net, self._shape, self._scale, self._n_classes = net, inputs.shape[1:], scale, n_classes

    def _curvature(self, net: torch.nn.Module, inputs: Float, y: Ints) -> tuple[BaseLaplace, tuple[str, str]]:
        return fit_with_fallbacks(net, inputs, y, FALLBACKS, subset_of_weights="all")

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over inputs (m, ...) of the linearised network.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; inputs of another shape, NaN or infinite.
        """
        if self._trained_net is None or self._deviations is None:
            raise not_fitted("network")
        inputs = check_inputs(features, shape=self._shape) * self._scale
        net, weight_deviations, n_classes = fresh(self._trained_net, 0), self._deviations, self._n_classes

        def draw(S: int, seed: int) -> Functions:
            deviations = weight_deviations.draw((S + 1) // 2, seed)
            return lambda x: _linearise(net, x, n_classes, deviations)[:S]

        return FunctionsPredictive(inputs, draw(N_DRAWS, 0), draw)

    def to_arrays(self) -> Arrays:
        """Pack for :meth:`from_arrays`; of a network of one's own the weights alone.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if self._trained_net is None or self._deviations is None:
            raise not_fitted("network")
        sizes = {"shape": self._shape, "hidden": self.n_hidden, "n_classes": self._n_classes}
        facts = {"scale": float(self._scale), "precision": self.prior_precision, "route": self.route}
        words = pack_words(net=self._code, seed=self.seed, **sizes, **facts)
        deviation_arrays = {f"moves.{name}": array for name, array in self._deviations.arrays.items()}
        return words | of_network(self._trained_net) | deviation_arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Rebuild from :meth:`to_arrays`; predictions are identical.

        ``laplace``, laplace-torch's own object, is not there.

        Raises
        ------
        ModelError
            The network was one's own.
        """
        words = unpack_words(arrays)
        posterior = cls(n_hidden=words["hidden"], seed=words["seed"])
        posterior._trained_net = one_layer(arrays)
        posterior._shape, posterior._n_classes = tuple(words["shape"]), words["n_classes"]
        posterior._scale, posterior.prior_precision = np.float32(words["scale"]), words["precision"]
        posterior.route = tuple(words["route"])
        deviation_arrays = {name: array for name, array in arrays.items() if name.startswith("moves.")}
        posterior._deviations = WeightDeviations(
            {name.removeprefix("moves."): array for name, array in deviation_arrays.items()}
        )
        return posterior


class LaplaceSubnet(LaplaceAll):
    """A network with a Gaussian posterior over its largest weights, with every covariance between them.

    Parameters
    ----------
    net, n_hidden, seed, device
        As for :class:`LaplaceAll`.
    n_weights : int
        How many weights are uncertain; the others keep their value.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> LaplaceSubnet(n_weights=20).fit(x, np.array([0, 0, 1, 1]), n_classes=2).laplace.n_params_subnet
    20
    """

    def __init__(
        self,
        net: NetSpec | None = None,
        *,
        n_hidden: int = 50,
        n_weights: int = 300,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        super().__init__(net, n_hidden=n_hidden, seed=seed, device=device)
        check_count(n_weights, 1, "the weights of a subnetwork", "Use 1 to 3,000.")
        if n_weights > 3000:
            raise ModelError(f"a subnetwork of {n_weights} weights cannot be held.", "Use 1 to 3,000.")
        self.n_weights = n_weights

    def _curvature(self, net: torch.nn.Module, inputs: Float, y: Ints) -> tuple[BaseLaplace, tuple[str, str]]:
        import torch

        size = torch.nn.utils.parameters_to_vector(net.parameters()).abs()
        largest = torch.topk(size, min(self.n_weights, len(size))).indices.sort().values
        return fit_with_fallbacks(
            net, inputs, y, SUBNET_FALLBACKS, subset_of_weights="subnetwork", subnetwork_indices=largest
        )


def _linearise(net: torch.nn.Module, x: Float, n_classes: int, deviations: torch.Tensor) -> Float:
    """Logits (2 len(deviations), n, C) of the network linearised, every deviation and its opposite."""
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(x))
    parameters = dict(net.named_parameters())
    shapes = [(name, value.shape, value.numel()) for name, value in parameters.items()]

    def at(values: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.func.functional_call(net, values, (batch,))

    slopes = []
    with torch.no_grad():
        centre = checked_logits(net, batch, n_classes)
        for deviation in deviations:
            parts = torch.split(deviation, [size for _, _, size in shapes])
            tangent = {name: part.view(shape) for (name, shape, _), part in zip(shapes, parts, strict=True)}
            slopes.append(torch.func.jvp(at, (parameters,), (tangent,))[1])
        slope = torch.stack(slopes)
        return np.asarray(torch.cat([centre + slope, centre - slope]).numpy())
