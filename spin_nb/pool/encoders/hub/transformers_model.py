"""Models of the library transformers: loaded from a folder without running its code, all weights in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.library import load_library
from spin_nb.pool.encoders.hub.network import Forward, Prepare
from spin_nb.pool.encoders.hub.quiet import quiet
from spin_nb.words import listing, said_by

if TYPE_CHECKING:
    import torch

SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Nothing is fetched, and no code of the folder is run."""
_POOLER = "pooler."
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)


def load_model(folder: Path, word: str) -> tuple[torch.nn.Module, bool]:
    """Model of a folder in float32, and whether its pooling layer was trained.

    Raises
    ------
    PoolError
        When the folder lacks weights of the model its config.json describes, or has them in another shape.
    """
    import torch

    transformers = load_library("transformers", word)
    with quiet():
        try:
            net, report = transformers.AutoModel.from_pretrained(
                folder, **SAFE, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
        except RuntimeError as problem:  # weights of another shape
            raise _other(folder, said_by(problem)) from None
    if report.get("mismatched_keys"):
        raise _other(folder, f"other shapes: {listing(sorted(map(str, report['mismatched_keys'])), 2)}")
    absent = sorted(report["missing_keys"])
    rest = [name for name in absent if _POOLER not in name]
    if rest:
        raise _other(folder, f"it has no {listing(rest, 3)}")
    return net, not absent


def text_side(
    net: Any, folder: Path, name: str, padding: str | bool
) -> tuple[Prepare | None, Forward | None]:
    """Steps from texts to tensors and from these to rows, of a model that compares them with its items; else None.

    ``padding``: "max_length" fills each text up to the model's whole length, as those of pictures were trained.
    """
    if not hasattr(net, "get_text_features"):
        return None, None
    transformers = load_library("transformers", name)

    def prepare(texts: Sequence[str]) -> Any:
        check_has_tokenizer(folder)
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **SAFE)
        length = min(tokenizer.model_max_length, net.config.text_config.max_position_embeddings)
        return tokenizer(
            list(texts), padding=padding, max_length=length, truncation=True, return_tensors="pt"
        )

    return prepare, lambda tensors: embedding_of(net.get_text_features(**tensors))


def embedding_of(output: Any) -> torch.Tensor:
    """Embedding that get_image_features and its like give, itself or inside an output."""
    tensor: torch.Tensor = output if hasattr(output, "shape") else output.pooler_output
    return tensor


def check_has_tokenizer(folder: Path) -> None:
    """Refuse a folder without the files of a tokenizer: libraries make one without words in its place.

    Raises
    ------
    PoolError
    """
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise PoolError(
            f"the folder {folder.name!r} has no tokenizer: none of {', '.join(_TOKENIZERS)}.",
            "Copy tokenizer.json and tokenizer_config.json from the model's page into it.",
        )


def _other(folder: Path, why: str) -> PoolError:
    return PoolError(
        f"the weights in {folder.name!r} are not those of the model its config.json describes: {why}.",
        "Bring config.json and weights of one model, unchanged.",
    )
