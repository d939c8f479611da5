"""Sounds: log-mel spectrograms at a fixed number of frames, reduced to principal components."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.media.audio import Sound
from spin_nb.types import Float

QUIET = 6.0
"""Nats below the loudest frame: what is as quiet before and after the sound is left out."""
WINDOW, HOP = 0.032, 0.010
"""Seconds."""


class LogMel:
    """Log-mel spectrogram of the loud part ("log-mel").

    It is stretched to 24 frames, and its own mean is removed.

    Windows of 32 ms (Hann), 10 ms apart; 32 triangular bands up to half the lowest rate of the pool; power + 1e-6,
    logarithm.  Principal components are the features.

    Parameters
    ----------
    components : int
        Most components kept.
    bands, frames : int
        Of the spectrogram.

    References
    ----------
    Davis & Mermelstein 1980 (mel bands); Stevens, Volkmann & Newman 1937 (the mel scale).

    Examples
    --------
    >>> tones = [Sound(np.sin(np.arange(4000) * 0.1 * n).astype(np.float32), 8000) for n in range(1, 7)]
    >>> LogMel().fit(tones).encode(tones).shape
    (6, 5)
    """

    name = "log-mel"
    fit_items = 5_000

    def __init__(self, components: int = 60, bands: int = 32, frames: int = 24) -> None:
        self.settings: dict[str, Any] = {"components": components, "bands": bands, "frames": frames}
        self._rate = 0
        self._mean: Float | None = None

    def fit(self, items: Sequence[Any]) -> LogMel:
        """Learn the lowest rate and the components from sounds."""
        self._rate = min(int(item.rate) for item in items)
        self._mean, self._components = principal(self._spectra(items), self.settings["components"], 1.0)
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d)."""
        mean, components = self._require_components()
        return np.asarray((self._spectra(items) - mean) @ components, np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        mean, components = self._require_components()
        return {"rate": np.asarray([self._rate], np.int64), "mean": mean, "components": components}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._rate = int(arrays["rate"][0])
        encoder._mean, encoder._components = arrays["mean"], arrays["components"]
        return encoder

    def _spectra(self, items: Sequence[Sound]) -> Float:
        bands, frames = self.settings["bands"], self.settings["frames"]
        spectrograms = [log_mel(item, bands, self._rate) for item in items]
        return np.stack([stretch(loud_part(mel, mel.mean(axis=1), QUIET), frames) for mel in spectrograms])

    def _require_components(self) -> tuple[Float, Float]:
        if self._mean is None:
            raise ModelError("the encoder 'log-mel' has learnt nothing yet.", "Call fit(items) first.")
        return self._mean, self._components


def log_mel(sound: Sound, bands: int, rate: int) -> Float:
    """Log-mel spectrogram, (windows, bands) of bands up to half of ``rate``, in nats."""
    width, hop = max(4, round(WINDOW * sound.rate)), max(1, round(HOP * sound.rate))
    x = np.pad(sound.samples, (0, max(0, width - len(sound.samples))))
    x = x / max(np.float32(1), np.abs(x).max())  # full scale is 1, whatever a file of floats says
    windows = np.lib.stride_tricks.sliding_window_view(x, width)[::hop] * np.hanning(width).astype(np.float32)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    mel: Float = np.log(power @ _mel_bands(bands, width, sound.rate, rate) + 1e-6)
    return mel


def loud_part(mel: Float, loudness: Float, quiet: float) -> Float:
    """Windows from the first to the last whose loudness is less than ``quiet`` nats below that of the loudest."""
    loud = np.flatnonzero(loudness > loudness.max() - quiet)
    return mel[loud[0] : loud[-1] + 1]


def stretch(mel: Float, frames: int) -> Float:
    """Spectrogram at a number of frames, less its own mean, float32 (frames * bands,)."""
    at = np.linspace(0, len(mel) - 1, frames)
    low = np.floor(at).astype(int)
    high, part = np.minimum(low + 1, len(mel) - 1), (at - low)[:, None]
    resampled_mel = mel[low] * (1 - part) + mel[high] * part
    return np.asarray((resampled_mel - resampled_mel.mean()).ravel(), np.float32)


@lru_cache(64)
def _mel_bands(bands: int, width: int, rate: int, lowest: int) -> NDArray[np.float64]:
    """Mel bands as weights of a spectrum, (bins, bands).

    They are triangles whose corners are equally far apart in mel, up to half the lowest rate.
    """
    top = 2595 * np.log10(1 + lowest / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    at = np.linspace(0, rate / 2, width // 2 + 1)[:, None]
    rise = (at - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    fall = (hertz[2:] - at) / (hertz[2:] - hertz[1:-1])
    return np.maximum(np.minimum(rise, fall), 0) * (256 / width) ** 2
