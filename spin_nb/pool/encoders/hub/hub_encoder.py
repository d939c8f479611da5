"""What encoders with weights of the hub share: where the weights are, one network a process, unit length, cut items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from spin_nb.errors import PoolError, SpinError
from spin_nb.pool.encoders.fixed_weights import FixedWeights
from spin_nb.pool.encoders.hub.folder import digest_of, hub_folder, local_folder
from spin_nb.pool.encoders.hub.library import check_installed
from spin_nb.pool.encoders.hub.network import Forward, Network, Prepare
from spin_nb.pool.encoders.hub.terms import HubWeights, terms_of_folder
from spin_nb.pool.encoders.text_side import no_text_side
from spin_nb.types import Float
from spin_nb.words import said_by


@dataclass(frozen=True, eq=False)
class FolderModel:
    """A model of a folder: a network with the steps before it, or ``rows_of`` alone.

    Attributes
    ----------
    network : Network, optional
    prepare, forward : callable, optional
        Of items, as :meth:`Network.run` takes them.
    prepare_texts, forward_texts : callable, optional
        Of texts, where the model has a text side; ``prepare_texts`` runs on one thread.
    limit : int
        Tokens that are read of an item; 0: all.
    count_tokens : callable, optional
        Items -> how many tokens each has.
    rows_of : callable, optional
        Items -> float32 (n, d), of a model that is no network.
    """

    network: Network | None = None
    prepare: Prepare | None = None
    forward: Forward | None = None
    prepare_texts: Prepare | None = None
    forward_texts: Forward | None = None
    limit: int = 0
    count_tokens: Callable[[Sequence[Any]], list[int]] | None = None
    rows_of: Callable[[Sequence[Any]], Float] | None = None

    def rows(self, items: Sequence[Any]) -> Float:
        """Rows of items, float32 (n, d), of any length; of none, (0, 0)."""
        if not len(items):
            return np.empty((0, 0), np.float32)
        if self.network is None or self.prepare is None or self.forward is None:
            assert self.rows_of is not None
            return self.rows_of(items)
        return self.network.run(items, self.prepare, self.forward)

    def n_cut(self, items: Sequence[Any]) -> int:
        """Number of items that have more tokens than are read."""
        if not self.limit or self.count_tokens is None or not len(items):
            return 0
        return sum(count > self.limit for count in self.count_tokens(items))


class HubEncoder(FixedWeights, ABC):
    """Output of a network whose weights lie on the hub, at unit length.

    A subclass says which library loads a folder, and how items go through what it gives.  It learns nothing from the
    pool and cannot go into a bundle.

    Parameters
    ----------
    word : str
        The encoder's: "dinov2", "hf:owner/name".
    repository : str
        "owner/name" on the hub.
    weights : path, optional
        Folder with the model's files; by default the hub's cache, into which they are fetched once.

    Raises
    ------
    MissingPackageError
        When the library is not installed, or the weights are neither here nor to be fetched.
    PoolError
        When the folder is none, or holds another kind of model, or a pickle.
    """

    library: ClassVar[str]
    extra: ClassVar[str] = "hub"
    weights_file: ClassVar[str] = "model.safetensors"
    unit: ClassVar[str] = "items"
    """What its items are, in remarks."""
    pretrained: tuple[HubWeights, ...] = ()
    name: str

    def __init_subclass__(cls, terms: HubWeights | None = None) -> None:
        """Give a class of one word, ``terms`` its weights', that word."""
        if terms is not None:
            cls.name, cls.pretrained = terms.word, (terms,)

    def __init__(self, word: str, repository: str, weights: Path | str | None = None) -> None:
        check_installed(self.library, word)
        if weights is None:
            self.folder = hub_folder(repository, word, self._bring(word), self.weights_file)
        else:
            self.folder = local_folder(weights, self.weights_file)
        self.name = word if weights is None else f"{word} of {self.folder.name}"
        if not self.pretrained:
            self.pretrained = (terms_of_folder(word, repository, self.folder, self.extra),)
        self._digest = digest_of(self.folder, self.weights_file)
        self.settings: dict[str, Any] = {"weights": self._digest}
        if weights is not None:
            self._model()  # what is wrong with the folder shows now

    @classmethod
    def repository_of(cls, model: str) -> str:
        """Repository, "owner/name", of a model by the library's name for it: the same."""
        return model

    @classmethod
    @abstractmethod
    def _open(cls, folder: Path, name: str) -> FolderModel:
        """Load a folder; it may raise anything that the library raises."""

    def encode(self, items: Sequence[Any]) -> Float:
        """Features of unit length, float32 (n, d).

        Raises
        ------
        PoolError
            When the weights are another model's, or the network fails on an item.
        """
        model = self._model()
        self._has_run = True
        with self._failures(items):
            return unit_length(self._rows(model, items))

    def _rows(self, model: FolderModel, items: Sequence[Any]) -> Float:
        """Rows of items, float32 (n, d), of any length."""
        return model.rows(items)

    def encode_texts(self, texts: Sequence[str]) -> Float:
        """Texts in the space of the items' features, float32 (n, d): the nearest items are what the text says.

        Raises
        ------
        PoolError
            When the model has no text side.
        """
        model = self._model()
        if model.network is None or model.prepare_texts is None or model.forward_texts is None:
            raise no_text_side(self.name)
        with self._failures(texts):
            tensors = model.prepare_texts(list(texts))
            rows = range(len(texts))
            return unit_length(
                model.network.run(
                    rows,
                    lambda part: {name: tensor[part[0] : part[-1] + 1] for name, tensor in tensors.items()},
                    model.forward_texts,
                )
            )

    def remarks(self) -> list[str]:
        """Lines for a person: how many items were cut, and whether a device was too small."""
        if not self._has_run:
            return []
        model = self._model()
        cut = f"{self.unit} cut after {model.limit} tokens: {self._n_cut:,}." if self._n_cut else ""
        remark = model.network.remark if model.network is not None else ""
        return [f"{self.name}: {line}" for line in (cut, remark) if line]

    def _bring(self, word: str) -> str:
        """Code that makes it from a folder, "{folder}" in its place."""
        if ":" in word:
            return f'spin.encoders.HubModel("{word}", weights="{{folder}}")'
        return f'spin.encoders.{type(self).__name__}(weights="{{folder}}")'

    def _model(self) -> FolderModel:
        return _load(type(self), self.folder, self.name, self._digest)

    @contextmanager
    def _failures(self, items: Sequence[Any]) -> Iterator[None]:
        """Whatever a network raises on items, as a PoolError."""
        try:
            yield
        except SpinError:
            raise
        except Exception as problem:  # of a library that other people's models run in
            raise PoolError(
                f"{self.name!r} failed on {len(items):,} {self.unit}: {said_by(problem)}.",
                "Use another model; or pass a function items -> (n, d) of your own.",
            ) from problem


@lru_cache(maxsize=2)
def _load(kind: type[HubEncoder], folder: Path, name: str, digest: str) -> FolderModel:
    """Open a folder, once a process.

    Raises
    ------
    PoolError
    """
    try:
        return kind._open(folder, name)
    except SpinError:
        raise
    except Exception as problem:  # a folder of something else makes the libraries raise anything
        raise PoolError(
            f"{folder.name!r} holds no model that {name!r} can use: {said_by(problem)}.",
            f"Pass a folder with all files of a model that reads {kind.unit}, unchanged.",
        ) from None


def unit_length(rows: Float) -> Float:
    """Rows at unit length, those of zeros as they are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True) if rows.size else np.ones((1, 1))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
