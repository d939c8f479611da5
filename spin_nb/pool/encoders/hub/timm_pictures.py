"""Pictures through models of the library timm ("timm:NAME")."""

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


class TimmPictures(HubEncoder):
    """Pictures through a model of timm: its output before the classifier, at unit length.

    Size, crop and normalisation are those of the model's own configuration.

    Parameters
    ----------
    word, repository, weights
        See :class:`HubEncoder`.
    """

    library = "timm"
    extra = "timm"
    unit = "pictures"

    @classmethod
    def repository_of(cls, model: str) -> str:
        """Repository of a model by timm's own name, with or without the tag of its weights.

        Raises
        ------
        PoolError
            When timm knows no such model.
        """
        if "/" in model:
            return model
        if "." in model:
            return f"timm/{model}"
        facts = load_library("timm", f"timm:{model}").models.get_pretrained_cfg(model)
        if facts is None or not facts.hf_hub_id:
            raise PoolError(
                f"timm has no weights for {shown(model)}.", "timm.list_pretrained() lists all there are."
            )
        return str(facts.hf_hub_id)

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        import torch

        check_complete(folder, cls.weights_file, ["config.json"])
        timm = load_library("timm", name)
        with quiet():
            net = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
            transform = timm.data.create_transform(**timm.data.resolve_model_data_config(net))

        def prepare(items: Sequence[Any]) -> dict[str, torch.Tensor]:
            return {"x": torch.stack([transform(as_picture(item)) for item in items])}

        return FolderModel(Network(net), prepare, lambda tensors: net(tensors["x"]))
