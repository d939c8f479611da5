"""Where torch works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.errors import ModelError

if TYPE_CHECKING:
    import torch

    from spin_nb.types import Float

DEVICE_ADVICE = "Use 'auto' (a CUDA device where there is one, else the CPU), 'cpu', 'cuda' or 'cuda:0'."


def pick(device: str | torch.device = "auto") -> torch.device:
    """The device meant by a word.

    Parameters
    ----------
    device : str or torch.device
        "auto" is a CUDA device where there is one, else the CPU; anything else as torch names it.

    Raises
    ------
    ModelError
        A word torch does not know, or a device that is not there.

    Examples
    --------
    >>> pick("cpu")
    device(type='cpu')
    """
    import torch

    if isinstance(device, str) and device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch_device = torch.device(device)
        # Only a number that arrives there proves it: torch knows the names of many devices it was built without.
        torch.zeros(1, device=torch_device).cpu()
    except (RuntimeError, TypeError, ValueError, AssertionError, ImportError) as error:
        # The first sentence says it; what follows may be a page of internals.
        reason = (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0].rstrip(".")
        raise ModelError(f"there is no device {device!r} here: {reason}.", DEVICE_ADVICE) from error
    return torch_device


def beside(net: torch.nn.Module, x: Float) -> torch.Tensor:
    """``x`` as a tensor where the network's weights are."""
    import torch

    first = next(net.parameters(), None)
    batch = torch.from_numpy(x if x.flags.c_contiguous else x.copy())
    return batch if first is None else batch.to(first.device)
