"""Wide features, reduced to their principal components: a last step that any encoder may have.

What the graph, the heads and every question cost rises with the width of the features, some of it with its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Encoder

MAX_WIDTH = 384
"""Features wider than this are reduced."""
COMPONENTS, FEWEST = 192, 32
"""Most components kept, and how many are kept whatever rows held out say."""
KEEP = 0.99
"""Share of the variance after which components are dropped."""
HELD_OUT_SHARE, RUN = 0.5, 16
"""Rows held out vary along components kept at least half as much as those they were learnt from, over 16 of them."""
_BLOCK_NUMBERS = 2**22  # projected at once
_MEAN, _AXES, _HELD_OUT = "principal.mean", "principal.axes", "principal.held_out"
_OWN = frozenset({_MEAN, _AXES, _HELD_OUT})
_ENCODERS_OWN = frozenset(
    {"prepare", "describe", "to_onnx", "own_code", "fit_items", "pretrained", "remarks"}
)


class Reduced:
    """An encoder whose features are projected on axes.

    Name and settings are those of the encoder itself, and so is what it can do: it can be exported where that can.

    Parameters
    ----------
    encoder : Encoder
        Fitted; gives features (n, D).
    mean : float32 (D,)
        Taken off the features.
    axes : float32 (D, d)
        Orthonormal columns.
    held_out : int64 (m,), optional
        Rows of the pool that the axes were not learnt from.  Where columns are many, the others lie further out than
        any new item will: only these stand for what arrives.

    Examples
    --------
    >>> from spin_nb.pool.encoders.function import FunctionEncoder
    >>> lengths = FunctionEncoder(lambda items: [[len(item), 5.0] for item in items])
    >>> Reduced(lengths, np.array([2, 5], np.float32), np.array([[1], [0]], np.float32)).encode(["ab", "abc"])
    array([[0.],
           [1.]], dtype=float32)
    """

    def __init__(self, encoder: Encoder, mean: Float, axes: Float, held_out: Ints | None = None) -> None:
        self.encoder, self.mean, self.axes = encoder, mean, axes
        self.held_out: Ints = np.zeros(0, np.int64) if held_out is None else held_out
        self.name = encoder.name
        self.settings: dict[str, Any] = dict(getattr(encoder, "settings", {}))

    def __getattr__(self, name: str) -> Any:
        if name not in _ENCODERS_OWN:
            raise AttributeError(name)
        return getattr(self.encoder, name)

    def fit(self, items: Sequence[Any]) -> Reduced:
        """Learn encoder, mean and axes anew.

        Raises
        ------
        PoolError
            When the encoder cannot learn from the items.
        """
        self.encoder = self.encoder.fit(items)
        self.mean, self.axes = principal_axes(self.encoder.encode(items))
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        Raises
        ------
        PoolError
            When the encoder's features have another width than before.
        """
        return self.project(np.asarray(self.encoder.encode(items), np.float32))

    def project(self, features: Float) -> Float:
        """Project the encoder's features (n, D), float32 (n, d).

        Raises
        ------
        PoolError
            When they have another width than before.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise PoolError(
                f"{self.name} gave features of shape {features.shape}, {len(self.mean)} of each item are asked for.",
                "Let it give the same features of every item.",
            )
        projected = np.empty((len(features), self.axes.shape[1]), np.float32)
        step = _BLOCK_NUMBERS // len(self.mean) + 1
        for start in range(0, len(features), step):
            rows = slice(start, start + step)
            projected[rows] = (features[rows] - self.mean) @ self.axes
        return projected

    def encode_texts(self, texts: Sequence[str]) -> Float:
        """Texts in the space of the features, float32 (n, d).

        Raises
        ------
        PoolError
            When the encoder has no text side.
        """
        return self.project(encode_texts(self.encoder, texts))

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the encoder's input tensor to features."""
        from spin_nb.pool.encoders.torch_modules import ProjectedGraph

        encoder: Any = self.encoder
        return ProjectedGraph(encoder.module(), self.mean, self.axes).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt: the encoder's own, mean and axes."""
        own = {_MEAN: self.mean, _AXES: self.axes, _HELD_OUT: self.held_out}
        return {**self.encoder.to_arrays(), **own}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Any) -> Reduced:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` is the encoder, or one of these around it; it has the settings, and stays as it is.
        """
        encoder = unfitted.encoder if isinstance(unfitted, Reduced) else unfitted
        encoders_own = {name: array for name, array in arrays.items() if name not in _OWN}
        encoder = type(encoder).from_arrays(encoders_own, encoder)
        return cls(encoder, arrays[_MEAN], arrays[_AXES], arrays.get(_HELD_OUT))


def principal_axes(features: Float) -> tuple[Float, Float]:
    """Mean (D,) and principal axes (D, d), float32, of features (n, D).

    Where columns are many and rows few, most components are chance: along those of every other row, the rows between
    hardly vary.  They are left out: new items would not vary along them either.

    Measured with logistic regression, C by cross-validation, at 40 to 320 labels, on texts, pixels, an embedding and
    tables of 784 to 3,000 columns: 192 components lose nothing (of 77 intents, 128 lose a point); where components
    are chance, on one-hot categories and on columns of noise among a few that matter, 32 components are worth 2 to 31
    points more than all columns.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(300, 4)) @ np.random.default_rng(1).normal(size=(4, 500))
    >>> principal_axes(rows.astype(np.float32))[1].shape
    (500, 4)
    """
    mean, axes = principal(features, COMPONENTS, KEEP)
    if axes.shape[1] <= FEWEST:
        return mean, axes
    half_mean, half_axes = principal(features[::2], axes.shape[1], 1.0)
    seen, held_out = (
        ((rows - half_mean) @ half_axes).var(axis=0) for rows in (features[::2], features[1::2])
    )
    shares = np.convolve(held_out / seen, np.ones(RUN) / RUN, mode="valid")
    chance = np.flatnonzero(shares < HELD_OUT_SHARE)
    last = max(FEWEST, chance[0]) if len(chance) else axes.shape[1]
    return mean, np.ascontiguousarray(axes[:, :last])


def restore(arrays: dict[str, NDArray[Any]], unfitted: Encoder) -> Encoder:
    """Rebuild an encoder from its arrays, with the reduction where they hold one.

    What was stored without one stays without it.

    Examples
    --------
    >>> from spin_nb.pool.encoders.function import FunctionEncoder
    >>> restore({}, FunctionEncoder(len)).name
    'function len'
    """
    if _AXES in arrays:
        return Reduced.from_arrays(arrays, unfitted)
    return type(unfitted).from_arrays(arrays, unfitted)
