"""Fall-backs of laplace-torch: which backend can compute the curvature of a network, and how strong its prior is."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.bayes._train import ITEMS_PER_BATCH
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch
    from laplace import BaseLaplace

PRECISION_BOUNDS = (1e-2, 1e3)  # what the marginal likelihood may make of it
# BackPack is hundreds of times faster and refuses what is not a plain chain of layers; then the others.
FALLBACKS = (("BackPackGGN", "kron"), ("AsdlGGN", "kron"), ("BackPackGGN", "diag"), ("CurvlinopsGGN", "kron"))
SUBNET_FALLBACKS = (("BackPackGGN", "full"), ("AsdlGGN", "full"), ("CurvlinopsGGN", "full"))


def fit_with_fallbacks(
    net: torch.nn.Module, inputs: Float, y: Ints, fallbacks: tuple[tuple[str, str], ...], **subset: object
) -> tuple[BaseLaplace, tuple[str, str]]:
    """Fit laplace-torch's object by the first backend that can.

    It is returned with its (backend, structure).

    Raises
    ------
    ModelError
        None can; it says what each said.
    """
    import torch

    library = import_laplace()
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(inputs), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(pairs, batch_size=ITEMS_PER_BATCH, generator=torch.Generator())
    problems = []
    for backend, structure in fallbacks:
        # A copy each time: backends leave hooks on the network, on which the next one stumbles.
        settings = {"hessian_structure": structure, "backend": getattr(library.curvature, backend), **subset}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                laplace = library.Laplace(copy.deepcopy(net), "classification", **settings)
                laplace.fit(loader)
                evidence = float(laplace.log_marginal_likelihood())
        except SystemExit:  # laplace-torch calls exit() where a factor has no eigenvalues
            problems.append(f"{backend}: no eigenvalues")
        except Exception as error:  # whatever a backend says of a layer it does not know
            problems.append(f"{backend}: {error or type(error).__name__}")
        else:
            if np.isfinite(evidence):
                return laplace, (backend, structure)
            problems.append(f"{backend}: a marginal likelihood of {evidence}")
    raise ModelError(
        f"laplace-torch finds no curvature for {type(net).__name__}: {'; '.join(problems)}",
        "Use posterior='laplace' (the last layer alone), plain torch.nn layers, or inputs of about unit size.",
    )


def tune_precision(laplace: BaseLaplace, before: float) -> float:
    """Set the prior precision by marginal likelihood.

    It stays within bounds.  ``before`` says where to begin, and what to keep where there is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        laplace.optimize_prior_precision(
            pred_type="glm", method="marglik", init_prior_prec=before, prior_structure="scalar"
        )
    precision = float(laplace.prior_precision)
    laplace.prior_precision = (
        float(np.clip(precision, *PRECISION_BOUNDS)) if np.isfinite(precision) else before
    )
    return float(laplace.prior_precision)
