"""Texts: what sentence encoders of the hub make of them ("bge-small", "sentence-transformers:NAME", "hf:NAME")."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.folder import check_complete
from spin_nb.pool.encoders.hub.hub_encoder import FolderModel, HubEncoder
from spin_nb.pool.encoders.hub.library import load_library
from spin_nb.pool.encoders.hub.network import Network
from spin_nb.pool.encoders.hub.quiet import quiet
from spin_nb.pool.encoders.hub.terms import HubWeights
from spin_nb.pool.encoders.hub.transformers_model import check_has_tokenizer, load_model
from spin_nb.types import Float

_STATIC_TOKENS = 512


class Texts(HubEncoder):
    """Texts through a model whose items are texts; they are also what it is searched by."""

    unit = "texts"

    def encode(self, items: Sequence[Any]) -> Float:
        """Features of unit length, float32 (n, d).

        Raises
        ------
        PoolError
            When an item is no text, the weights are another model's, or the model fails.
        """
        other = next((item for item in items if not isinstance(item, str)), "")
        if not isinstance(other, str):
            raise PoolError(f"a {type(other).__name__} is no text.", "Use this encoder for a pool of texts.")
        return super().encode(items)

    def encode_texts(self, texts: Sequence[str]) -> Float:
        """Texts in the space of the features, float32 (n, d): as the pool's own are encoded."""
        return copy(self).encode(texts)


class Sentences(Texts):
    """Texts through a model that the library sentence-transformers loads.

    Pooling and the most tokens are the model's own; :meth:`remarks` says how many texts had more.  A model of the
    library transformers without a pooling of its own gives the mean over its tokens.  Features have unit length.

    Parameters
    ----------
    word, repository, weights
        See :class:`HubEncoder`.
    """

    library = "sentence_transformers"

    @classmethod
    def repository_of(cls, model: str) -> str:
        """Repository of a model: a name without an owner is one of the library's own."""
        return model if "/" in model else f"sentence-transformers/{model}"

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        _check_first_module(folder, name)
        library = load_library("sentence_transformers", name)
        with quiet():
            net = library.SentenceTransformer(
                str(folder),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            ).float()
        make_tensors = getattr(net, "preprocess", None) or net.tokenize
        lock = (
            Lock()
        )  # a tokenizer cuts and fills up by a setting of its own, which threads would change for each other

        def prepare(texts: Sequence[str]) -> Any:
            with lock:
                return make_tensors(list(texts))

        return FolderModel(
            Network(net, rows=16, device_rows=256),
            prepare,
            lambda tensors: net(tensors)["sentence_embedding"],
            limit=net.max_seq_length or 0,
            count_tokens=lambda texts: _token_counts(net.tokenizer, texts),
        )

    def _rows(self, model: FolderModel, items: Sequence[Any]) -> Float:
        """Rows of texts, those of like length together: a batch is filled up to its longest."""
        if not len(items):
            return super()._rows(model, items)
        self._n_cut += model.n_cut(items)
        order = np.argsort([len(text) for text in items], kind="stable")
        rows = super()._rows(model, [items[row] for row in order])
        features = np.empty_like(rows)
        features[order] = rows
        return features


def _check_first_module(folder: Path, name: str) -> None:
    """Refuse weights that are not those the config.json beside them describes, and a folder without a tokenizer.

    Raises
    ------
    PoolError
    """
    modules = folder / "modules.json"
    try:
        path = json.loads(modules.read_bytes())[0]["path"] if modules.is_file() else ""
        first = folder / path
    except (OSError, ValueError, LookupError, TypeError):
        raise PoolError(
            f"modules.json in {folder.name!r} cannot be read.", "Copy it from the model's page anew."
        ) from None
    check_complete(first, needs=["config.json"])
    check_has_tokenizer(first if path and any(first.glob("*token*")) else folder)
    if not json.loads((first / "config.json").read_bytes()).get(
        "is_encoder_decoder"
    ):  # of those only half is used
        load_model(first, name)


def _token_counts(tokenizer: Any, texts: Sequence[str]) -> list[int]:
    with quiet():
        return [len(ids) for ids in tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]]


class BGESmall(
    Sentences,
    terms=HubWeights(
        word="bge-small",
        model="BGE small, trained on pairs of English texts",
        licence="MIT",
        commercial=True,
        megabytes=133,
        repository="BAAI/bge-small-en-v1.5",
        extra="hub",
    ),
):
    """Texts through BGE small ("bge-small"): 384 numbers, of 512 tokens at most; English.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of BAAI/bge-small-en-v1.5; by default they are fetched from the hub, once.

    References
    ----------
    Xiao et al. 2023, C-Pack: Packed Resources For General Chinese Embeddings.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool=["a text", "another"], encoder="bge-small")   # doctest: +SKIP
    >>> encoder = spin.encoders.BGESmall(weights="bge-small-en-v1.5/")   # doctest: +SKIP
    """

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)


class Potion(
    Texts,
    terms=HubWeights(
        word="potion",
        model="Potion base 32M, one vector a word piece, distilled from BGE base",
        licence="MIT",
        commercial=True,
        megabytes=129,
        repository="minishlab/potion-base-32M",
        extra="hub",
    ),
):
    """Texts as the mean of one vector a word piece ("potion"): 512 numbers, no network; English.

    Hundreds of times faster than a network, blind to the order of words.  Of a text it reads 512 tokens.

    Parameters
    ----------
    weights : path, optional
        Folder with the files of minishlab/potion-base-32M, or of any model of the library model2vec; by default they
        are fetched from the hub, once.

    References
    ----------
    Tulkens & van Dongen 2024, Model2Vec.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool=["a text", "another"], encoder="potion")   # doctest: +SKIP
    >>> encoder = spin.encoders.Potion(weights="potion-base-32M/")   # doctest: +SKIP
    """

    library = "model2vec"

    def __init__(self, weights: Path | str | None = None) -> None:
        super().__init__(self.pretrained[0].word, self.pretrained[0].repository, weights)

    @classmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        check_complete(folder, needs=["config.json", "tokenizer.json"])
        vectors = load_library("model2vec", name).StaticModel.from_pretrained(str(folder))
        counter = type(vectors.tokenizer).from_str(vectors.tokenizer.to_str())
        counter.no_truncation()

        def rows_of(texts: Sequence[str]) -> Float:
            rows: Float = vectors.encode(list(texts), max_length=_STATIC_TOKENS, use_multiprocessing=False)
            return rows.reshape(len(texts), -1)

        return FolderModel(
            rows_of=rows_of,
            limit=_STATIC_TOKENS,
            count_tokens=lambda texts: [len(pieces.ids) for pieces in counter.encode_batch_fast(list(texts))],
        )

    def _rows(self, model: FolderModel, items: Sequence[Any]) -> Float:
        self._n_cut += model.n_cut(items)
        return super()._rows(model, items)
