"""Sounds: what a network that was trained to name 527 kinds of them hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spin_nb.pool.encoders.fixed_weights import FixedWeights
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.hub.network import Network
from spin_nb.pool.encoders.hub.sounds import pieces_of
from spin_nb.pool.encoders.pretrained import ZenodoWeights
from spin_nb.pool.encoders.weights_file import digest_of_file
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

WEIGHTS = ZenodoWeights(
    word="panns",
    model="CNN14 of PANNs (Kong et al. 2020), trained on AudioSet, two million sounds of all kinds",
    licence="CC-BY-4.0",
    commercial=True,
    megabytes=327,
    record=3987831,
    file="Cnn14_mAP=0.431.pth",
    home="~/panns_data",
)


class PANNs(FixedWeights):
    """Embedding of PANNs CNN14 ("panns"): 2,048 numbers of unit length, for sounds of any kind.

    The network was trained to tell 527 kinds of sounds on two million of them.  Sounds are brought to 32 kHz; what is
    longer than ten seconds is heard in pieces, and is their mean.  It learns nothing from the pool and cannot go into
    a bundle.

    Parameters
    ----------
    weights : path, optional
        Of the file Cnn14_mAP=0.431.pth; by default the one in ~/panns_data, where the library panns_inference keeps
        it.  It is never fetched.

    Raises
    ------
    PoolError
        When there is none in ~/panns_data, with the command that fetches it.
    PoolError
        When there is no such file, or it holds other weights.

    References
    ----------
    Kong et al. 2020, PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool="sounds/", encoder="panns")   # doctest: +SKIP
    >>> encoder = spin.encoders.PANNs(weights="Cnn14_mAP=0.431.pth")   # doctest: +SKIP
    """

    name = "panns"
    pretrained: ClassVar[tuple[ZenodoWeights, ...]] = (WEIGHTS,)

    def __init__(self, weights: Path | str | None = None) -> None:
        self._file = WEIGHTS.find(weights, "PANNs")
        self._digest = digest_of_file(self._file)
        self.settings: dict[str, Any] = {"weights": self._digest}
        if weights is not None:
            self.name = f"{WEIGHTS.word} of {self._file.name}"
            self._network()  # what is wrong with the file shows now

    def encode(self, items: Sequence[Any]) -> Float:
        """Features of unit length, float32 (n, d).

        Raises
        ------
        PoolError
            When an item is no sound, or the weights are another network's.
        """
        network = self._network()
        self._has_run = True
        return unit_length(
            network.run(items, _prepare, lambda tensors: _mean_of_pieces(network.net, tensors))
        )

    def remarks(self) -> list[str]:
        """Lines for a person: whether a device was too small."""
        remark = self._network().remark if self._has_run else ""
        return [f"{self.name}: {remark}"] if remark else []

    def _network(self) -> Network:
        return _load(self._digest, self._file)


def _prepare(items: Sequence[Any]) -> dict[str, torch.Tensor]:
    """Pieces of a sound, (pieces, n)."""
    import torch

    from spin_nb.pool.encoders.panns_graph import RATE

    return {"pieces": torch.from_numpy(np.stack(pieces_of(items[0], RATE)))}


def _mean_of_pieces(net: torch.nn.Module, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Mean of what the network makes of pieces, (1, d).

    They go through it one by one: the maps of ten seconds take some 50 MB, on each core.
    """
    import torch

    return torch.cat([net(piece) for piece in tensors["pieces"].split(1)]).mean(dim=0, keepdim=True)


@lru_cache(maxsize=2)
def _load(digest: str, file: Path) -> Network:
    """The network of a file, once a process.

    Raises
    ------
    PoolError
    """
    from spin_nb.pool.encoders.checkpoint import load_network

    origin = f"the whole of the file {WEIGHTS.file} ({WEIGHTS.megabytes} MB) of {WEIGHTS.origin}"
    return Network(load_network(file, _build, "PANNs CNN14", origin), rows=1, device_rows=1)


def _build(checkpoint: Mapping[str, Any]) -> torch.nn.Module:
    """The network of a checkpoint, of weights by themselves or beside what else training kept.

    Raises
    ------
    ValueError
    """
    from spin_nb.pool.encoders.panns_graph import PANNsGraph

    tensors = checkpoint.get("model", checkpoint)
    if not isinstance(tensors, Mapping):
        raise ValueError(f"its 'model' is a {type(tensors).__name__}, no arrays by name")
    return PANNsGraph(tensors)
