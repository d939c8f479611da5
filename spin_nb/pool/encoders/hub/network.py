"""Items through a network in batches: on a CUDA device where there is one, in what memory it has; else on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.bayes._device import pick
from spin_nb.threads import map_parts
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

Prepare = Callable[[Sequence[Any]], Any]
Forward = Callable[[Any], "torch.Tensor"]


class Network:
    """A network that gives one row an item.

    Where the memory of the device is full it goes on with half as many items at once, at last on the CPU.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode from here on.
    rows : int
        Items at once on a core.
    device_rows : int
        Items at once on a CUDA device, at first.

    Attributes
    ----------
    remark : str
        What a person should know of the device; empty: nothing.

    Examples
    --------
    >>> import torch
    >>> network = Network(torch.nn.Identity())
    >>> network.run([1.0, 2.0], lambda items: {"x": torch.tensor(items)}, lambda x: 2 * x["x"][:, None]).tolist()
    [[2.0], [4.0]]
    """

    def __init__(self, net: torch.nn.Module, rows: int = 8, device_rows: int = 128) -> None:
        self.device = pick("auto")
        self.net = net.eval().requires_grad_(False)
        self.remark = ""
        self._rows, self._device_rows = rows, device_rows
        self._place(self.device)

    def run(self, items: Sequence[Any], prepare: Prepare, forward: Forward) -> Float:
        """Rows of all items, float32 (n, d); of none, (0, 0).

        Parameters
        ----------
        items : sequence
        prepare : callable
            Items -> name -> tensor, on the CPU; it may be called on several threads at once.
        forward : callable
            Name -> tensor, where the network is -> tensor (n, d).
        """

        def through(part: Sequence[Any]) -> Float:
            return self._through(prepare(part), forward)

        rows: list[Float] = []
        at = 0
        while at < len(items) and self.device.type != "cpu":
            part = self._try(through, items[at : at + self._device_rows])
            if part is not None:
                rows.append(part)
                at += len(part)
        rest = [items[start : start + self._rows] for start in range(at, len(items), self._rows)]
        rows.extend(map_parts(through, rest) if len(rest) > 1 else map(through, rest))
        return np.concatenate(rows) if rows else np.empty((0, 0), np.float32)

    def _try(self, through: Callable[[Sequence[Any]], Float], items: Sequence[Any]) -> Float | None:
        """Rows of items; None where the memory does not hold them, and fewer are taken next time."""
        import torch

        try:
            return through(items)
        except torch.OutOfMemoryError:
            pass  # what the error refers to is let go before the memory is asked for again
        self._make_room()
        return None

    def _through(self, tensors: Any, forward: Forward) -> Float:
        import torch

        with torch.inference_mode():
            output = forward(self._on_device(tensors))
            return np.ascontiguousarray(output.float().cpu().numpy(), np.float32)

    def _on_device(self, tensors: Any) -> dict[str, torch.Tensor]:
        """Tensors where the network is; what is none, as it is."""
        return {
            name: value.to(self.device) if hasattr(value, "to") else value for name, value in tensors.items()
        }

    def _make_room(self) -> None:
        if self._device_rows > 1:
            self._device_rows //= 2
            self.remark = f"the memory of {self.device} is small: {self._device_rows} items at once."
        else:
            self.remark = f"the memory of {self.device} is full: it goes on on the CPU, which is slower."
            self._place(pick("cpu"))
        _empty_cache()

    def _place(self, device: torch.device) -> None:
        import torch

        try:
            self.net.to(device)
        except torch.OutOfMemoryError:
            self.remark = f"the memory of {device} is full: it runs on the CPU, which is slower."
            device = pick("cpu")
            self.net.to(device)
            _empty_cache()
        self.device = device


def _empty_cache() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
