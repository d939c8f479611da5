"""Time series: how often random convolutions exceed a threshold, reduced to principal components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.pca import principal
from spin_nb.types import Float

TAPS = 9
_POSITIONS = 2**14
"""Points answered at once, so that a long series takes no more memory than a short one; their count fits 16 bits."""
_FIT_VALUES = 2**24
"""Answers that thresholds are learnt from: 64 MB for one dilation."""


class Convolutions:
    """Shares of time at which random kernels fire ("convolutions").

    The kernels are of growing dilation, with a threshold each.

    Kernels have nine weights a channel, normal, less their mean, so that a level says nothing; dilations are the powers
    of two that fit the middle length of the series.  Thresholds are quantiles of each kernel's answers on the pool.
    With several channels, each is divided by its deviation and a kernel hears a random few of them.  Shares are
    standardised; their principal components are the features.  TimeSeries may have different lengths.

    Parameters
    ----------
    kernels : int
        A dilation.
    components : int
        Most components kept.

    References
    ----------
    Dempster, Petitjean & Webb 2020, ROCKET; Dempster, Schmidt & Webb 2021, MiniRocket (shares of positive values,
    thresholds from quantiles, channels drawn at random).

    Examples
    --------
    >>> waves = [np.sin(np.arange(60, dtype=np.float32) * (1 + row))[None] for row in range(8)]
    >>> Convolutions().fit(waves).encode(waves).shape
    (8, 7)
    """

    name = "convolutions"
    fit_items = 2_000

    def __init__(self, kernels: int = 128, components: int = 64) -> None:
        self.settings: dict[str, Any] = {"kernels": kernels, "components": components}
        self._parameters: dict[str, NDArray[Any]] | None = None

    def fit(self, items: Sequence[Any]) -> Convolutions:
        """Learn thresholds, scales and components from series, float32 (channels, length)."""
        rng, channel_rng = np.random.default_rng(0), np.random.default_rng(1)
        kernels, channels = self.settings["kernels"], len(items[0])
        scale = _deviation(items) if channels > 1 else np.ones(1, np.float32)
        middle = int(np.median([item.shape[1] for item in items]))
        dilations = 2 ** np.arange(max(0, int(np.log2(max(1, middle - 1) / (TAPS - 1)))) + 1)
        sample = items[:: max(1, -(-len(items) * middle * kernels // _FIT_VALUES))]
        every = max(1, -(-sum(item.shape[1] for item in sample) * kernels // _FIT_VALUES))
        weights, levels = [], []
        for dilation in dilations:
            kernel_weights = rng.standard_normal((kernels, channels, TAPS)).astype(np.float32)
            kernel_weights -= kernel_weights.mean(axis=2, keepdims=True)
            kernel_weights *= _hears(channel_rng, kernels, channels)[:, :, None]
            answers = np.concatenate(
                [
                    part[::every]
                    for item in sample
                    for part in _answers(item, scale, kernel_weights, int(dilation))
                ]
            )
            levels.append(_levels(answers, rng.uniform(0.1, 0.9, kernels)))
            weights.append(kernel_weights)
        self._parameters = {
            "scale": scale,
            "dilations": dilations.astype(np.int64),
            "weights": np.stack(weights),
            "levels": np.stack(levels),
        }
        shares = self._shares(items)
        self._parameters |= {"mean": shares.mean(axis=0), "deviation": shares.std(axis=0) + np.float32(1e-6)}
        centre, components = principal(self._standard(shares), self.settings["components"], 1.0)
        self._parameters |= {"centre": centre, "components": components}
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        Raises
        ------
        ModelError
            When nothing was learnt, or from series of another number of channels.
        """
        parameters = self._require_parameters()
        odd = next((len(item) for item in items if len(item) != len(parameters["scale"])), None)
        if odd is not None:
            raise ModelError(
                f"a series of {odd} channels; the encoder knows {len(parameters['scale'])}.",
                "Pass series like the pool's.",
            )
        standard = self._standard(self._shares(items))
        return np.asarray((standard - parameters["centre"]) @ parameters["components"], np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        return dict(self._require_parameters())

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._parameters = dict(arrays)
        return encoder

    def _shares(self, items: Sequence[Any]) -> Float:
        """Share of the points at which each kernel exceeds its level.

        It is float32 (n, dilations * kernels).
        """
        parameters = self._require_parameters()
        shares = np.empty((len(items), parameters["levels"].size), np.float32)
        for row, item in enumerate(items):
            above = [
                sum(
                    _above(part, level)
                    for part in _answers(item, parameters["scale"], weights, int(dilation))
                )
                for dilation, weights, level in zip(
                    parameters["dilations"], parameters["weights"], parameters["levels"], strict=True
                )
            ]
            shares[row] = np.concatenate(above) / item.shape[1]
        return shares

    def _standard(self, shares: Float) -> Float:
        parameters = self._require_parameters()
        return np.asarray((shares - parameters["mean"]) / parameters["deviation"], np.float32)

    def _require_parameters(self) -> dict[str, NDArray[Any]]:
        if self._parameters is None:
            raise ModelError("the encoder 'convolutions' has learnt nothing yet.", "Call fit(items) first.")
        return self._parameters


def _levels(answers: Float, shares: NDArray[np.float64]) -> Float:
    """Quantile of each kernel's answers.

    It is the float32 below, which the same float32 answers exceed.
    """
    exact = np.array([np.quantile(answers[:, row], share) for row, share in enumerate(shares)])
    near = exact.astype(np.float32)
    return np.asarray(np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near), np.float32)


def _above(answers: Float, level: Float) -> NDArray[np.int64]:
    """Count the points that exceed each level.

    It counts bytes, which is three times faster than booleans.
    """
    return (answers > level).view(np.uint8).sum(axis=0, dtype=np.uint16).astype(np.int64)


def _deviation(items: Sequence[Any]) -> Float:
    """Root mean square of each channel, its mean removed."""
    squares = np.mean([item.var(axis=1, dtype=np.float64) for item in items], axis=0)
    return np.asarray(np.where(squares > 0, np.sqrt(squares), 1), np.float32)


def _hears(rng: np.random.Generator, kernels: int, channels: int) -> Float:
    """0/1 (kernels, channels): from one channel to nine or all of them, small numbers as likely as large ones."""
    most = np.log2(min(channels, TAPS) + 1)
    mask = np.zeros((kernels, channels), np.float32)
    for row in mask:
        row[rng.permutation(channels)[: int(2 ** rng.uniform(0, most))]] = 1
    return mask


def _answers(item: Float, scale: Float, weights: Float, dilation: int) -> Iterator[Float]:
    """Answers (points, kernels) of all kernels, stretch by stretch.

    Beyond its ends a series is zero.
    """
    kernels, channels, _ = weights.shape
    reach = (TAPS - 1) * dilation
    series = np.pad(item / scale[:, None], ((0, 0), (reach // 2, reach // 2)))
    flat = np.ascontiguousarray(weights.reshape(kernels, channels * TAPS).T)
    for start in range(0, item.shape[1], _POSITIONS):
        part = series[:, start : start + _POSITIONS + reach]
        windows = np.lib.stride_tricks.sliding_window_view(part, reach + 1, axis=1)[..., ::dilation]
        yield np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(-1, channels * TAPS) @ flat
