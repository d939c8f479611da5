"""The ways through laplace-torch: which backend can compute the curvature of a network, and how strong its prior is."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.bayes._train import BATCH
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

PRECISIONS = (1e-2, 1e3)  # what the marginal likelihood may make of it
# BackPack is hundreds of times faster and refuses what is not a plain chain of layers; then the others.
ROUTES = (("BackPackGGN", "kron"), ("AsdlGGN", "kron"), ("BackPackGGN", "diag"), ("CurvlinopsGGN", "kron"))
SUBNET_ROUTES = (("BackPackGGN", "full"), ("AsdlGGN", "full"), ("CurvlinopsGGN", "full"))


def first_that_works(
    net: Any, inputs: Float, y: Ints, routes: tuple[tuple[str, str], ...], **subset: Any
) -> tuple[Any, tuple[str, str]]:
    """laplace-torch's object fitted by the first of some (backend, structure) that can, and which that was.

    Raises
    ------
    ModelError
        None can; it says what each said.
    """
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
                evidence = float(found.log_marginal_likelihood())
        except SystemExit:  # laplace-torch calls exit() where a factor has no eigenvalues
            problems.append(f"{backend}: no eigenvalues")
        except Exception as error:  # whatever a backend says of a layer it does not know
            problems.append(f"{backend}: {error or type(error).__name__}")
        else:
            if np.isfinite(evidence):
                return found, (backend, structure)
            problems.append(f"{backend}: a marginal likelihood of {evidence}")
    raise ModelError(
        f"laplace-torch finds no curvature for {type(net).__name__}: {'; '.join(problems)}",
        "Use posterior='laplace' (the last layer alone), plain torch.nn layers, or inputs of about unit size.",
    )


def tuned(laplace: Any, before: float) -> float:
    """Set the prior precision to the one with the highest marginal likelihood, within bounds, and return it.

    ``before``: where to begin, and what to keep where there is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        laplace.optimize_prior_precision(
            pred_type="glm", method="marglik", init_prior_prec=before, prior_structure="scalar"
        )
    found = float(laplace.prior_precision)
    laplace.prior_precision = float(np.clip(found, *PRECISIONS)) if np.isfinite(found) else before
    return float(laplace.prior_precision)
