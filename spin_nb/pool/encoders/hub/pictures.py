"""Pictures: what vision models of the hub see in them ("dinov2", "siglip2", "clip", "hf:owner/name")."""

from __future__ import annotations

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

if TYPE_CHECKING:
    import torch


class Pictures(HubEncoder):
    """Pictures through a vision model that the library transformers loads ("hf:owner/name").

    Features are what the model compares with texts where it does (CLIP, SigLIP), else what its pooling layer gives,
    its class token where that layer was not trained, or the mean over positions; at unit length.  Size, crop and
    normalisation are those of the model's own preprocessor_config.json.

    Parameters
    ----------
    word, repository, weights
        See :class:`HubEncoder`.
    """

    library = "transformers"
    unit = "pictures"

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        check_complete(folder, cls.weights_file, ["config.json", "preprocessor_config.json"])
        transformers = load_library("transformers", name)
        model, pooler_trained = load_model(folder, name)
        net: Any = model
        with quiet():
            processor = transformers.AutoImageProcessor.from_pretrained(folder, **SAFE)
        return FolderModel(
            Network(net),
            lambda items: processor(images=[as_picture(item) for item in items], return_tensors="pt"),
            lambda tensors: image_features(net, tensors, pooler_trained),
            *text_side(net, folder, name, padding="max_length"),
        )


def as_picture(item: Any) -> Any:
    """PIL image in RGB of pixels, uint8 (h, w) or (h, w, 3)."""
    from PIL import Image

    pixels = np.asarray(item)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise PoolError(
            f"a {type(item).__name__} of {pixels.dtype} {pixels.shape} is no picture.",
            "Use this encoder for a pool of pictures.",
        )
    return Image.fromarray(pixels).convert("RGB")


def image_features(net: Any, tensors: dict[str, torch.Tensor], pooler_trained: bool) -> torch.Tensor:
    """One row a picture, (n, d)."""
    if hasattr(net, "get_image_features"):
        return embedding_of(net.get_image_features(**tensors))
    output = net(**tensors)
    if pooler_trained and getattr(output, "pooler_output", None) is not None:
        embedding: torch.Tensor = output.pooler_output.flatten(1)
        return embedding
    states: torch.Tensor = output.last_hidden_state
    return states[:, 0] if states.ndim == 3 else states.mean(dim=(2, 3))


class DINOv2(
    Pictures,
    terms=HubWeights(
        word="dinov2",
        model="DINOv2 small, trained without labels on 142 million pictures",
        licence="Apache-2.0",
        commercial=True,
        megabytes=88,
        repository="facebook/dinov2-small",
        extra="hub",
    ),
):
    """Pictures through DINOv2 small ("dinov2").

    It was trained without labels on 142 million pictures: 384 numbers of unit length, told apart by what is in the
    picture and where.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of facebook/dinov2-small; by default they are fetched from the hub, once.

    References
    ----------
    Oquab et al. 2023, DINOv2: Learning Robust Visual Features without Supervision.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool="photos/", encoder="dinov2")   # doctest: +SKIP
    >>> encoder = spin.encoders.DINOv2(weights="dinov2-small/")   # doctest: +SKIP
    """

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)


class SigLIP2(
    Pictures,
    terms=HubWeights(
        word="siglip2",
        model="SigLIP 2 base, trained on pictures with texts in 109 languages",
        licence="Apache-2.0",
        commercial=True,
        megabytes=1500,
        repository="google/siglip2-base-patch16-224",
        extra="hub",
    ),
):
    """Pictures through SigLIP 2 ("siglip2"), with a text side in many languages.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of google/siglip2-base-patch16-224; by default they are fetched from the hub, once.

    References
    ----------
    Tschannen et al. 2025, SigLIP 2: Multilingual Vision-Language Encoders.

    Examples
    --------
    >>> import spin_nb as spin
    >>> encoder = spin.encoders.SigLIP2(weights="siglip2-base-patch16-224/")   # doctest: +SKIP
    >>> encoder.encode_texts(["a red car"]).shape   # doctest: +SKIP
    (1, 768)
    """

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)


class CLIP(
    Pictures,
    terms=HubWeights(
        word="clip",
        model="CLIP ViT-B/32 of LAION, trained on 2 billion pictures with English texts",
        licence="MIT",
        commercial=True,
        megabytes=605,
        repository="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        extra="hub",
    ),
):
    """Pictures through CLIP ViT-B/32 ("clip"), with a text side in English.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of laion/CLIP-ViT-B-32-laion2B-s34B-b79K; by default they are fetched from the hub, once.

    References
    ----------
    Radford et al. 2021, CLIP; Cherti et al. 2023, Reproducible scaling laws for contrastive language-image learning.

    Examples
    --------
    >>> import spin_nb as spin
    >>> encoder = spin.encoders.CLIP(weights="CLIP-ViT-B-32/")   # doctest: +SKIP
    >>> encoder.encode_texts(["a red car"]).shape   # doctest: +SKIP
    (1, 512)
    """

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)
