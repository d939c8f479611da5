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

from typing import Any, Self

import numpy as np

from spin_nb.bayes._checks import check_count, check_inputs, check_labels, check_some
from spin_nb.bayes._device import pick
from spin_nb.bayes._fallbacks import ROUTES, SUBNET_ROUTES, first_that_works, tuned
from spin_nb.bayes._joint_draws import Moves
from spin_nb.bayes._stored import Arrays, of_network, one_layer, packed, unpacked
from spin_nb.bayes._train import checked_logits, fresh, network_for, pace, threads_for, train
from spin_nb.bayes.functions import Functions, FunctionsPredictive
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.types import Float, Ints

DRAWS = 64  # functions the mean and the uncertainties are averages over, in antithetic pairs
PRECISION = 1.0  # of the prior the network is trained under


class LaplaceAll:
    """A network with a Gaussian posterior over all its weights.

    Parameters
    ----------
    net : torch.nn.Module or callable, optional
        Your network, from inputs (n, ...) to logits (n, C); copied for every fit.  A function without arguments is
        called for a new one.  Without it, one hidden layer on features scaled to unit size.
    hidden : int
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

    def __init__(self, net: Any = None, *, hidden: int = 50, seed: int = 0, device: Any = "auto") -> None:
        check_count(hidden, 1, "the width of a hidden layer", "Use 1 or more, for example 50.")
        self.net, self.hidden, self.seed, self.device = net, hidden, seed, device
        self.prior_precision = 0.0
        self.route = ("", "")
        self.laplace: Any = None
        self._trained: Any = None
        self._code: str | None = None  # the kind of a network that is a person's own
        self._moves: Moves | None = None
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
        y = check_labels(y, len(inputs), n_classes)
        check_some(inputs)
        net, scale = network_for(self.net, inputs, n_classes, hidden=self.hidden, seed=self.seed)
        net.to(device)
        with threads_for(self.net):
            train(net, inputs * scale, y, n_classes, seed=self.seed, **pace(self.net, PRECISION))
            self._about(net.cpu(), inputs, y, n_classes, scale)
        self._code = None if self.net is None else type(net).__name__
        return self

    def about(self, net: Any, inputs: Float, y: Ints, *, n_classes: int) -> LaplaceAll:
        """The posterior about a network that is trained already, on the inputs it was trained on; ``net`` is copied.

        Raises
        ------
        ModelError
            No backend of laplace-torch can compute its curvature.
        """
        self._about(fresh(net, 0).cpu().eval(), check_inputs(inputs), y, n_classes, np.float32(1))
        self._code = type(net).__name__
        return self

    def _about(self, net: Any, inputs: Float, y: Ints, n_classes: int, scale: np.float32) -> None:
        laplace, route = self._curvature(net, inputs * scale, y)
        precision, moves = tuned(laplace, PRECISION), Moves.of(laplace)
        self.laplace, self.route, self.prior_precision, self._moves = laplace, route, precision, moves
        self._trained, self._shape, self._scale, self._n_classes = net, inputs.shape[1:], scale, n_classes

    def _curvature(self, net: Any, inputs: Float, y: Ints) -> tuple[Any, tuple[str, str]]:
        return first_that_works(net, inputs, y, ROUTES, subset_of_weights="all")

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over inputs (m, ...) of the linearised network.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; inputs of another shape, NaN or infinite.
        """
        if self._trained is None or self._moves is None:
            raise NotTrainedError("this network has not been fitted.", "Call fit(features, y, n_classes=C).")
        inputs = check_inputs(features, shape=self._shape) * self._scale
        net, moves, n_classes = fresh(self._trained, 0), self._moves, self._n_classes

        def draw(S: int, seed: int) -> Functions:
            drawn = moves.draw((S + 1) // 2, seed)
            return lambda x: _linearised(net, x, n_classes, drawn)[:S]

        return FunctionsPredictive(inputs, draw(DRAWS, 0), draw)

    def to_arrays(self) -> Arrays:
        """What :meth:`from_arrays` needs, by name; of a network of one's own the weights alone.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if self._trained is None or self._moves is None:
            raise NotTrainedError("this network has not been fitted.", "Call fit(features, y, n_classes=C).")
        sizes = {"shape": self._shape, "hidden": self.hidden, "n_classes": self._n_classes}
        found = {"scale": float(self._scale), "precision": self.prior_precision, "route": self.route}
        words = packed(net=self._code, seed=self.seed, **sizes, **found)
        moves = {f"moves.{name}": array for name, array in self._moves.arrays.items()}
        return words | of_network(self._trained) | moves

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Rebuild from :meth:`to_arrays`; predictions are identical.  ``laplace``, laplace-torch's own object, is not.

        Raises
        ------
        ModelError
            The network was one's own.
        """
        words = unpacked(arrays)
        made = cls(hidden=words["hidden"], seed=words["seed"])
        made._trained = one_layer(arrays)
        made._shape, made._n_classes = tuple(words["shape"]), words["n_classes"]
        made._scale, made.prior_precision = np.float32(words["scale"]), words["precision"]
        made.route = tuple(words["route"])
        kept = {name: array for name, array in arrays.items() if name.startswith("moves.")}
        made._moves = Moves({name.removeprefix("moves."): array for name, array in kept.items()})
        return made


class LaplaceSubnet(LaplaceAll):
    """A network with a Gaussian posterior over its largest weights, with every covariance between them.

    Parameters
    ----------
    net, hidden, seed, device
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
        net: Any = None,
        *,
        hidden: int = 50,
        n_weights: int = 300,
        seed: int = 0,
        device: Any = "auto",
    ) -> None:
        super().__init__(net, hidden=hidden, seed=seed, device=device)
        check_count(n_weights, 1, "the weights of a subnetwork", "Use 1 to 3,000.")
        if n_weights > 3000:
            raise ModelError(f"a subnetwork of {n_weights} weights cannot be held.", "Use 1 to 3,000.")
        self.n_weights = n_weights

    def _curvature(self, net: Any, inputs: Float, y: Ints) -> tuple[Any, tuple[str, str]]:
        import torch

        size = torch.nn.utils.parameters_to_vector(net.parameters()).abs()
        largest = torch.topk(size, min(self.n_weights, len(size))).indices.sort().values
        return first_that_works(
            net, inputs, y, SUBNET_ROUTES, subset_of_weights="subnetwork", subnetwork_indices=largest
        )


def _linearised(net: Any, x: Float, n_classes: int, moves: Any) -> Float:
    """Logits (2 len(moves), n, C) of the network linearised, every move and its opposite."""
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(x))
    named = dict(net.named_parameters())
    shapes = [(name, value.shape, value.numel()) for name, value in named.items()]

    def at(parameters: Any) -> Any:
        return torch.func.functional_call(net, parameters, (batch,))

    slopes = []
    with torch.no_grad():
        centre = checked_logits(net, batch, n_classes)
        for move in moves:
            parts = torch.split(move, [size for _, _, size in shapes])
            tangent = {name: part.view(shape) for (name, shape, _), part in zip(shapes, parts, strict=True)}
            slopes.append(torch.func.jvp(at, (named,), (tangent,))[1])
        slope = torch.stack(slopes)
        return np.asarray(torch.cat([centre + slope, centre - slope]).numpy())
