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

import copy
import warnings
from typing import Any

import numpy as np

from spin_nb.bayes._checks import check_inputs, check_labels, check_some
from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.bayes._train import BATCH, checked_logits, fresh, network_for, pace, train
from spin_nb.bayes.functions import Functions, FunctionsPredictive
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.types import Float, Ints

DRAWS = 64  # functions the mean and the uncertainties are averages over, in antithetic pairs
PRECISION = 1.0  # of the prior the network is trained under
PRECISIONS = (1e-2, 1e3)  # what the marginal likelihood may make of it
# BackPack is hundreds of times faster and refuses what is not a plain chain of layers; then the others.
ROUTES = (("BackPackGGN", "kron"), ("AsdlGGN", "kron"), ("BackPackGGN", "diag"), ("CurvlinopsGGN", "kron"))
SUBNET_ROUTES = (("BackPackGGN", "full"), ("AsdlGGN", "full"), ("CurvlinopsGGN", "full"))


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

    def __init__(self, net: Any = None, *, hidden: int = 50, seed: int = 0) -> None:
        self.net, self.hidden, self.seed = net, hidden, seed
        self.prior_precision = 0.0
        self.route = ("", "")
        self.laplace: Any = None
        self._trained: Any = None
        self._shape: tuple[int, ...] = ()

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> LaplaceAll:
        """Train on inputs (n, ...) and class indices (n,), then find curvature and prior precision.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a network of another shape, whose loss is
            not finite, or whose curvature no backend of laplace-torch can compute.
        """
        inputs = check_inputs(features)
        y = check_labels(y, len(inputs), n_classes)
        check_some(inputs)
        net, scale = network_for(self.net, inputs, n_classes, hidden=self.hidden, seed=self.seed)
        train(net, inputs * scale, y, n_classes, seed=self.seed, **pace(self.net, PRECISION))
        self.laplace, self.route = self._curvature(net, inputs * scale, y)
        self.prior_precision = _tune(self.laplace)
        self._trained, self._shape, self._scale, self._n_classes = net, inputs.shape[1:], scale, n_classes
        return self

    def _curvature(self, net: Any, inputs: Float, y: Ints) -> tuple[Any, tuple[str, str]]:
        return _first_that_works(net, inputs, y, ROUTES, subset_of_weights="all")

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over inputs (m, ...) of the linearised network.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; inputs of another shape, NaN or infinite.
        """
        if self._trained is None:
            raise NotTrainedError("this network has not been fitted.", "Call fit(features, y, n_classes=C).")
        inputs = check_inputs(features, shape=self._shape) * self._scale
        net, laplace, n_classes = fresh(self._trained, 0), self.laplace, self._n_classes

        def draw(S: int, seed: int) -> Functions:
            moves = _moves(laplace, (S + 1) // 2, seed)
            return lambda x: _linearised(net, x, n_classes, moves)[:S]

        return FunctionsPredictive(inputs, draw(DRAWS, 0), draw)


class LaplaceSubnet(LaplaceAll):
    """A network with a Gaussian posterior over its largest weights, with every covariance between them.

    Parameters
    ----------
    net, hidden, seed
        As for :class:`LaplaceAll`.
    n_weights : int
        How many weights are uncertain; the others keep their value.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> LaplaceSubnet(n_weights=20).fit(x, np.array([0, 0, 1, 1]), n_classes=2).laplace.n_params_subnet
    20
    """

    def __init__(self, net: Any = None, *, hidden: int = 50, n_weights: int = 300, seed: int = 0) -> None:
        super().__init__(net, hidden=hidden, seed=seed)
        if not 0 < n_weights <= 3000:
            raise ModelError(f"a subnetwork of {n_weights} weights cannot be held.", "Use 1 to 3,000.")
        self.n_weights = n_weights

    def _curvature(self, net: Any, inputs: Float, y: Ints) -> tuple[Any, tuple[str, str]]:
        import torch

        size = torch.nn.utils.parameters_to_vector(net.parameters()).abs()
        largest = torch.topk(size, min(self.n_weights, len(size))).indices.sort().values
        return _first_that_works(
            net, inputs, y, SUBNET_ROUTES, subset_of_weights="subnetwork", subnetwork_indices=largest
        )


def _first_that_works(
    net: Any, inputs: Float, y: Ints, routes: tuple[tuple[str, str], ...], **subset: Any
) -> tuple[Any, tuple[str, str]]:
    import torch

    library = import_laplace()
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(inputs), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(pairs, batch_size=BATCH, generator=torch.Generator())
    problems = []
    for backend, structure in routes:
        # A copy each time: backends leave hooks on the network, on which the next one stumbles.
        settings = {"hessian_structure": structure, "backend": getattr(library.curvature, backend), **subset}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = library.Laplace(copy.deepcopy(net), "classification", **settings)
                found.fit(loader)
                float(found.log_marginal_likelihood())
        except Exception as error:  # whatever a backend says of a layer it does not know
            problems.append(f"{backend}: {error or type(error).__name__}")
        else:
            return found, (backend, structure)
    raise ModelError(
        f"laplace-torch finds no curvature for {type(net).__name__}: {'; '.join(problems)}",
        "Use posterior='laplace' (the last layer alone), or a network of plain torch.nn layers.",
    )


def _tune(laplace: Any) -> float:
    """Set the prior precision to the one with the highest marginal likelihood, within bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        laplace.optimize_prior_precision(
            pred_type="glm", method="marglik", init_prior_prec=PRECISION, prior_structure="scalar"
        )
    found = float(laplace.prior_precision)
    laplace.prior_precision = float(np.clip(found, *PRECISIONS)) if np.isfinite(found) else PRECISION
    return float(laplace.prior_precision)


def _moves(laplace: Any, S: int, seed: int) -> Any:
    """``S`` draws of the weights (S, P), as differences from the optimum."""
    import torch

    with torch.no_grad():
        return laplace.sample(S, generator=torch.Generator().manual_seed(seed)) - laplace.mean


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
