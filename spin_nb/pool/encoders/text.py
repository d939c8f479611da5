"""Texts: TF-IDF of words, reduced by a truncated SVD, at unit length."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array

_WORD = re.compile(r"\w+")
MAX_TEXT_SHARE = 0.2
"""Of the texts: a term that more have says nothing about any of them."""
MIN_TEXTS_FOR_SHARE = 100


class TfidfSVD:
    """Rare words' weights, projected ("tfidf-svd").

    They are of unit length.

    Weight of a term: ``sqrt(count) * idf`` with ``idf = ln((1 + n) / (1 + n_with_term)) + 1``.  Terms are case-folded
    runs of letters, digits and ``_``.  Those in at least two texts and, from 100 texts on, in no more than a fifth of
    them are kept, the commonest ``vocabulary`` of these.  A text's length is divided out after the projection: two
    texts are as near as the angle between them is small, however many known words they have.

    Measured with the session's default question (``benchmarks/labels.py``): area under the accuracy curve .78 on AG
    News and .51 on 77 banking intents; with 100 components, word pairs and no unit length .70 and .34.

    Parameters
    ----------
    components : int
        Most components kept.
    vocabulary : int
        Most terms kept.

    References
    ----------
    Deerwester et al. 1990, Indexing by Latent Semantic Analysis; Halko, Martinsson & Tropp 2011 (the SVD).

    Examples
    --------
    >>> texts = ["the cat sat", "the cat ran", "a dog ran"]
    >>> TfidfSVD().fit(texts).encode(texts).shape
    (3, 2)
    """

    name = "tfidf-svd"
    fit_items = 100_000

    def __init__(self, components: int = 300, vocabulary: int = 10_000) -> None:
        self.settings: dict[str, Any] = {"components": components, "vocabulary": vocabulary}
        self._terms: dict[str, int] | None = None

    def fit(self, items: Sequence[Any]) -> TfidfSVD:
        """Learn terms, idf weights and components from texts.

        Raises
        ------
        PoolError
            When the texts hold no word.
        """
        frequency = Counter(term for text in items for term in set(_terms(text)))
        most = MAX_TEXT_SHARE * len(items) if len(items) >= MIN_TEXTS_FOR_SHARE else len(items)
        common = [term for term, count in frequency.items() if 1 < count <= most] or list(frequency)
        if not common:
            raise PoolError("the texts hold no word.", "Pass texts with letters or digits.")
        common.sort(key=lambda term: (-frequency[term], term))
        self._terms = {term: row for row, term in enumerate(common[: self.settings["vocabulary"]])}
        counts = np.array([frequency[term] for term in self._terms], np.float64)
        self._idf = (np.log((1 + len(items)) / (1 + counts)) + 1).astype(np.float32)
        weights = self._tfidf(items)
        length = np.sqrt(weights.multiply(weights).sum(axis=1) + np.float32(1e-12))
        # A long text counts no more than a short one.
        weights.data /= np.repeat(length, np.diff(weights.indptr))
        self._components = _right_vectors(weights, self.settings["components"])
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph.

        It holds counts of every term, float32 (n, V).
        """
        return np.ascontiguousarray(self._counts(items).toarray(), dtype=np.float32)

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        A text without a known term is the zero vector.
        """
        components = self._tfidf(items) @ self._components
        length = np.sqrt(np.sum(components * components, axis=1, keepdims=True) + np.float32(1e-12))
        return np.ascontiguousarray(components / length, dtype=np.float32)

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        terms = list(self._require_terms())
        return {
            "input": ["batch", len(terms)],
            "dtype": "float32",
            "tokens": f"case-fold (Python str.casefold), then every match of the regular expression {_WORD.pattern}",
            "counts": "how often each term occurs",
            "terms": terms,
        }

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        from spin_nb.pool.encoders.torch_modules import WordsGraph

        self._require_terms()
        return WordsGraph(self._idf, self._components).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; the terms as UTF-8 JSON bytes."""
        terms = np.frombuffer(json.dumps(list(self._require_terms())).encode(), np.uint8)
        return {"terms": terms, "idf": self._idf, "components": self._components}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._terms = {term: row for row, term in enumerate(json.loads(arrays["terms"].tobytes()))}
        encoder._idf, encoder._components = arrays["idf"], arrays["components"]
        return encoder

    def _counts(self, items: Sequence[Any]) -> csr_array:
        from scipy.sparse import csr_array

        column_of_term = self._require_terms()
        columns: list[int] = []
        ends = [0]
        for text in items:
            columns.extend(
                column for term in _terms(text) if (column := column_of_term.get(term)) is not None
            )
            ends.append(len(columns))
        counts = csr_array(
            (np.ones(len(columns), np.float32), np.array(columns, np.int64), np.array(ends, np.int64)),
            shape=(len(items), len(column_of_term)),
        )
        counts.sum_duplicates()
        return counts

    def _tfidf(self, items: Sequence[Any]) -> csr_array:
        counts = self._counts(items)
        counts.data = np.sqrt(counts.data) * self._idf[counts.indices]
        return counts

    def _require_terms(self) -> dict[str, int]:
        if self._terms is None:
            raise ModelError("the encoder 'tfidf-svd' has learnt nothing yet.", "Call fit(items) first.")
        return self._terms


def _terms(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _right_vectors(weights: csr_array, limit: int) -> Float:
    """(V, d) right singular vectors by falling singular value, the largest entry of each positive."""
    from sklearn.utils.extmath import randomized_svd

    d = max(1, min(limit, min(weights.shape) - 1))
    _, _, right = randomized_svd(weights, d, random_state=0)
    signs = np.sign(right[np.arange(d), np.abs(right).argmax(axis=1)])
    return np.ascontiguousarray((right * signs[:, None]).T, dtype=np.float32)
