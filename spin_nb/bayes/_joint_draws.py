"""Draws from the Gaussians that laplace-torch fits over weights, as plain arrays: to be kept and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Arrays = dict[str, NDArray[Any]]


class Moves:
    """Where a draw lies from the optimum: normal noise times a root of the covariance.

    Parameters
    ----------
    arrays : dict
        "scale" (P,); or "root" (k, k) and "indices" (k,) of the weights that move, with "size" P; or the Kronecker
        factors of every block, "vectors.b.f" and "values.b.f", with "deltas".
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    @classmethod
    def of(cls, laplace: Any) -> Moves:
        """From a fitted laplace-torch object with Kronecker, diagonal or subnetwork covariance."""
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
        return cls({name: np.array(part.detach().cpu(), order="C") for name, part in parts.items()})

    def draw(self, S: int, seed: int) -> torch.Tensor:
        """``S`` differences (S, P) from the optimum; same seed, same draws."""
        import torch

        held = {name: torch.from_numpy(np.array(array)) for name, array in self.arrays.items()}
        generator = torch.Generator().manual_seed(seed)
        if "scale" in held:
            return torch.randn(S, len(held["scale"]), generator=generator) * held["scale"]
        if "root" in held:
            noise = torch.randn(S, len(held["indices"]), generator=generator) @ held["root"].T
            return torch.zeros(S, int(held["size"])).index_copy_(1, held["indices"], noise)
        return _kron(held, S, generator)


def _kron(held: dict[str, torch.Tensor], S: int, generator: torch.Generator) -> torch.Tensor:
    import torch

    from spin_nb.bayes._laplace_torch import import_laplace

    import_laplace()
    from laplace.utils.matrix import KronDecomposed

    vectors, values = (_factors(held, name) for name in ("vectors", "values"))
    size = sum(int(np.prod([len(factor) for factor in block])) for block in values)
    noise = torch.randn(S, size, generator=generator)
    precision = KronDecomposed(vectors, values, held["deltas"])
    return precision.bmm(noise, exponent=-0.5).reshape(S, size)


def _factors(held: dict[str, torch.Tensor], name: str) -> list[Any]:
    """One or two factors of every block."""
    names = [[f"{name}.{b}.{f}" for f in range(2)] for b in range(len(held["deltas"]))]
    return [tuple(held[factor] for factor in block if factor in held) for block in names]
