"""Names of models on the hub in the place of a word: "hf:owner/name"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.hub_encoder import HubEncoder
from spin_nb.pool.encoders.hub.library import check_installed
from spin_nb.words import shown

_HERE = "spin_nb.pool.encoders.hub."
LOADERS: dict[str, dict[str, str]] = {
    "hf": {"image": "pictures:Pictures", "text": "texts:Sentences", "audio": "sounds:Sounds"},
    "sentence-transformers": {"text": "texts:Sentences"},
    "timm": {"image": "timm_pictures:TimmPictures"},
    "open_clip": {"image": "open_clip_pictures:OpenClipPictures"},
}
"""What stands before the colon -> modality -> class that loads such a model."""
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def is_hub_name(word: object) -> bool:
    """Tell whether a word names a model of the hub.

    Examples
    --------
    >>> is_hub_name("hf:facebook/dinov2-small"), is_hub_name("minilm"), is_hub_name("hf:../weights")
    (True, False, False)
    """
    if not isinstance(word, str):
        return False
    prefix, _, name = word.partition(":")
    return prefix in LOADERS and _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class HubModel:
    """A model of the hub that has no word of its own.

    What loads it follows from the pool's items.  Without ``weights`` the name alone does: ``encoder="hf:owner/name"``.

    Parameters
    ----------
    name : str
        "hf:owner/name": pictures and sounds by the library transformers, texts by sentence-transformers.
        "sentence-transformers:NAME": texts; "owner/name", or a name of the library's own.
        "timm:NAME": pictures; timm's name, with or without the tag of its weights.
        "open_clip:NAME": pictures; "owner/name", or open_clip's "model/tag".
    weights : path, optional
        Folder with the model's files; by default they are fetched from the hub, once.

    Raises
    ------
    PoolError
        When the name is none.

    Examples
    --------
    >>> import spin_nb as spin
    >>> model = spin.encoders.HubModel("hf:facebook/dinov2-base", weights="dinov2-base/")
    >>> s = spin.open("x.spin", pool="photos/", encoder=model)   # doctest: +SKIP
    """

    name: str
    weights: Path | str | None = None

    def __post_init__(self) -> None:
        if not is_hub_name(self.name):
            raise PoolError(
                f"{shown(self.name)} names no model of the hub.",
                f"Pass {', '.join(f'{prefix}:NAME' for prefix in LOADERS)}, as in hf:facebook/dinov2-base.",
            )

    def encoder_for(self, modality: str) -> HubEncoder:
        """Encoder of a pool's items.

        Raises
        ------
        PoolError
            When such models do not read them, or this one cannot be model.
        """
        prefix, _, model = self.name.partition(":")
        places = LOADERS[prefix]
        if modality not in places:
            raise PoolError(
                f"models named {prefix}: read items of the modality {' or '.join(map(repr, places))}, this pool holds "
                f"{modality!r}.",
                "Use a word of this modality, 'auto', or a function of your own.",
            )
        module, _, attribute = places[modality].partition(":")
        loader: type[HubEncoder] = getattr(import_module(_HERE + module), attribute)
        if self.weights is None:
            check_installed(loader.library, self.name)
            model = loader.repository_of(model)
        return loader(self.name, model, self.weights)
