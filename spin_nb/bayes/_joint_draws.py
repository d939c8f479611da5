"""Draws from the Gaussians that laplace-torch fits over weights, as plain arrays: to be saved and loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Arrays = dict[str, NDArray[Any]]


class WeightDeviations:
    """Deviations of weights from the optimum: noise times a root of the covariance.

    Parameters
    ----------
    arrays : dict
        "scale" (P,); or "root" (k, k) and "indices" (k,) of the weights that move, with "size" P; or the Kronecker
        factors of every block, "vectors.b.f" and "values.b.f", with "deltas".
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    @classmethod
    def of(cls, laplace: Any) -> WeightDeviations:
        """Read the covariance of a fitted laplace-torch object."""
        import torch

        if hasattr(laplace, "n_params_subnet"):
            indices = laplace.backend.subnetwork_indices
            parts = {
                "root": laplace.posterior_scale,
                "indices": indices,
                "size": torch.tensor(laplace.n_params),
            }
        elif isinstance(laplace.posterior_precision, torch.Tensor):
            parts = {"scale": laplace.posterior_scale}
        else:
            precision = laplace.posterior_precision
            parts = {"deltas": precision.deltas}
            for name, blocks in (("vectors", precision.eigenvectors), ("values", precision.eigenvalues)):
                for b, factors in enumerate(blocks):
                    parts |= {f"{name}.{b}.{f}": factor for f, factor in enumerate(factors)}
        return cls({name: np.array(part.detach().cpu().numpy(), order="C") for name, part in parts.items()})

    def draw(self, S: int, seed: int) -> torch.Tensor:
        """Draw ``S`` deviations (S, P); same seed, same draws."""
        import torch

        tensors = {name: torch.from_numpy(np.array(array)) for name, array in self.arrays.items()}
        generator = torch.Generator().manual_seed(seed)
        if "scale" in tensors:
            return torch.randn(S, len(tensors["scale"]), generator=generator) * tensors["scale"]
        if "root" in tensors:
            noise = torch.randn(S, len(tensors["indices"]), generator=generator) @ tensors["root"].T
            return torch.zeros(S, int(tensors["size"])).index_copy_(1, tensors["indices"], noise)
        return _kron(tensors, S, generator)


def _kron(tensors: dict[str, torch.Tensor], S: int, generator: torch.Generator) -> torch.Tensor:
    import torch

    from spin_nb.bayes._laplace_torch import import_laplace

    import_laplace()
    from laplace.utils.matrix import KronDecomposed

    vectors, values = (_factors(tensors, name) for name in ("vectors", "values"))
    size = sum(int(np.prod([len(factor) for factor in block])) for block in values)
    noise = torch.randn(S, size, generator=generator)
    precision = KronDecomposed(vectors, values, tensors["deltas"])
    return precision.bmm(noise, exponent=-0.5).reshape(S, size)


def _factors(tensors: dict[str, torch.Tensor], name: str) -> list[Any]:
    """One or two factors of every block."""
    names = [[f"{name}.{b}.{f}" for f in range(2)] for b in range(len(tensors["deltas"]))]
    return [tuple(tensors[factor] for factor in block if factor in tensors) for block in names]
