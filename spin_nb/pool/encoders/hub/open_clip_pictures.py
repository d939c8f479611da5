"""Pictures through models of the library open_clip ("open_clip:owner/name", "open_clip:ViT-B-32/laion2b_s34b_b79k")."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.folder import check_complete
from spin_nb.pool.encoders.hub.hub_encoder import FolderModel, HubEncoder
from spin_nb.pool.encoders.hub.library import load_library
from spin_nb.pool.encoders.hub.network import Network
from spin_nb.pool.encoders.hub.pictures import as_picture
from spin_nb.pool.encoders.hub.quiet import quiet
from spin_nb.words import shown


class OpenClipPictures(HubEncoder):
    """Pictures through a model of open_clip, with a text side; at unit length.

    Parameters
    ----------
    word, repository, weights
        See :class:`HubEncoder`.
    """

    library = "open_clip"
    extra = "open-clip"
    weights_file = "open_clip_model.safetensors"
    unit = "pictures"

    @classmethod
    def repository_of(cls, model: str) -> str:
        """Repository of a model: itself, or that of open_clip's own name and tag, "ViT-B-32/laion2b_s34b_b79k".

        Raises
        ------
        PoolError
            When open_clip knows no such model.
        """
        architecture, _, tag = model.partition("/")
        library = load_library("open_clip", f"open_clip:{model}")
        if architecture not in library.list_models():
            if tag:
                return model
            raise PoolError(f"{shown(model)} is no model of open_clip.", _ADVICE)
        repository = str(library.get_pretrained_cfg(architecture, tag).get("hf_hub", "")).strip("/")
        if not repository:
            raise PoolError(f"open_clip has no weights {shown(tag)} of {architecture} on the hub.", _ADVICE)
        return repository

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        import torch

        check_complete(folder, cls.weights_file, ["open_clip_config.json"])
        library = load_library("open_clip", name)
        place = f"local-dir:{folder}"
        with quiet():
            net, transform = library.create_model_from_pretrained(place)
            tokenizer = library.get_tokenizer(place)

        def prepare(items: Sequence[Any]) -> dict[str, torch.Tensor]:
            return {"x": torch.stack([transform(as_picture(item)) for item in items])}

        return FolderModel(
            Network(net),
            prepare,
            lambda tensors: net.encode_image(tensors["x"]),
            lambda texts: {"x": tokenizer(list(texts))},
            lambda tensors: net.encode_text(tensors["x"]),
        )


_ADVICE = "Pass owner/name of the hub, or model/tag as open_clip.list_pretrained() lists them."
