"""Sounds: what audio models of the hub hear in them ("clap", "hf:owner/name")."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.folder import check_complete
from spin_nb.pool.encoders.hub.hub_encoder import FolderModel, HubEncoder
from spin_nb.pool.encoders.hub.library import load_library
from spin_nb.pool.encoders.hub.network import Network
from spin_nb.pool.encoders.hub.quiet import quiet
from spin_nb.pool.encoders.hub.terms import HubWeights
from spin_nb.pool.encoders.hub.transformers_model import SAFE, embedding_of, load_model, text_side
from spin_nb.pool.media.audio import Sound
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

PIECE_SECONDS = 10
"""A longer sound is heard in pieces of equal length, and is their mean: models would cut it at random, or not."""
_SHORTEST_SECONDS = 1
"""A shorter one is followed by silence: models need some length to hear anything."""


class Sounds(HubEncoder):
    """Sounds through an audio model that the library transformers loads ("hf:owner/name").

    Features are what the model compares with texts where it does (CLAP), else what its pooling layer gives, or the
    mean over time; the mean over pieces of ten seconds; at unit length.  The rate is the model's own, to which sounds
    are resampled.

    Parameters
    ----------
    word, repository, weights
        See :class:`HubEncoder`.
    """

    library = "transformers"
    unit = "sounds"

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        check_complete(folder, cls.weights_file, ["config.json", "preprocessor_config.json"])
        transformers = load_library("transformers", name)
        model, pooler_trained = load_model(folder, name)
        net: Any = model
        with quiet():
            extractor = transformers.AutoFeatureExtractor.from_pretrained(folder, **SAFE)
        rate = int(extractor.sampling_rate)

        def prepare(items: Sequence[Any]) -> Any:
            pieces = pieces_of(items[0], rate)
            tensors = extractor(pieces, sampling_rate=rate, return_tensors="pt", padding=_padding(extractor))
            if "is_longer" in tensors:  # of pieces that are not, CLAP's would call one longer at random
                tensors["is_longer"] = tensors["is_longer"] & False
            return tensors

        return FolderModel(
            Network(net, rows=1, device_rows=1),
            prepare,
            lambda tensors: _features(net, tensors, pooler_trained).mean(dim=0, keepdim=True),
            *text_side(net, folder, name, padding=True),
        )


def _padding(extractor: Any) -> Any:
    """The model's own way to fill a piece up, where it has one."""
    return getattr(extractor, "padding", None) or True


def pieces_of(item: Any, rate: int) -> list[Float]:
    """Pieces of a sound at a rate, float32 (n,) each, all of one length: at most ten seconds, at least one.

    Raises
    ------
    PoolError
        When it is no sound.

    Examples
    --------
    >>> sound = Sound(np.sin(np.arange(8000 * 25) * 0.1).astype(np.float32), 8000)
    >>> [len(piece) for piece in pieces_of(sound, 16_000)]
    [133334, 133334, 133334]
    """
    if not isinstance(item, Sound):
        raise PoolError(f"a {type(item).__name__} is no sound.", "Use this encoder for a pool of sounds.")
    from scipy.signal import resample_poly

    samples = np.asarray(item.samples, np.float32)
    if item.rate != rate:
        common = gcd(item.rate, rate)
        samples = resample_poly(samples, rate // common, item.rate // common).astype(np.float32)
    n_pieces = max(1, -(-len(samples) // (PIECE_SECONDS * rate)))
    length = max(-(-len(samples) // n_pieces), _SHORTEST_SECONDS * rate)
    filled_up = np.pad(samples, (0, n_pieces * length - len(samples)))
    return list(filled_up.reshape(n_pieces, length))


def _features(net: Any, tensors: dict[str, torch.Tensor], pooler_trained: bool) -> torch.Tensor:
    """One row a piece, (n, d)."""
    if hasattr(net, "get_audio_features"):
        return embedding_of(net.get_audio_features(**tensors))
    body = net.get_encoder() if net.config.is_encoder_decoder else net
    output = body(**tensors)
    if pooler_trained and getattr(output, "pooler_output", None) is not None:
        row: torch.Tensor = output.pooler_output.flatten(1)
        return row
    states: torch.Tensor = output.last_hidden_state
    return states.flatten(2).mean(dim=2) if states.ndim == 4 else states.mean(dim=1)


class CLAP(
    Sounds,
    terms=HubWeights(
        word="clap",
        model="CLAP of LAION, trained on 630,000 sounds with English texts",
        licence="Apache-2.0",
        commercial=True,
        megabytes=615,
        repository="laion/clap-htsat-unfused",
        extra="hub",
    ),
):
    """Sounds of any kind through CLAP ("clap"), with a text side in English: 512 numbers of unit length.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of laion/clap-htsat-unfused; by default they are fetched from the hub, once.

    References
    ----------
    Wu et al. 2023, Large-scale Contrastive Language-Audio Pretraining.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool="sounds/", encoder="clap")   # doctest: +SKIP
    >>> encoder = spin.encoders.CLAP(weights="clap-htsat-unfused/")   # doctest: +SKIP
    """

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)
