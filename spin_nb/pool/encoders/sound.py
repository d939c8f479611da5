"""Sounds of any kind: the shape of their spectrogram, and its texture."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.log_mel import HOP, QUIET, log_mel, loud_part, stretch
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.media.audio import Sound
from spin_nb.types import Float

BANDS, FRAMES = 32, 24
WIDE_BANDS = 8
"""Neighbouring bands taken together, whose rhythm and correlation are measured."""
RHYTHMS = (0.4, 1, 2, 4, 8, 16, 32, 50)
"""Hertz between which the energy of each rhythm is summed."""
QUIET_TEXTURE = 9.0
"""Nats below the loudest window: a sound that dies away is part of its texture, silence around it is none."""
_SHORTEST = 256  # windows, of the spectrum of rhythms
_STEADY = 0.1  # nats: what varies less than this is not told from noise
_FARTHEST = 6.0  # deviations: what is as odd as that is odd enough


class ShapeAndTexture:
    """Shape and texture of a sound's spectrogram ("sound").

    The shape is that of "log-mel": how 32 bands rise and fall over the sound's length, stretched to 24 frames; it tells
    words and strokes apart.  The texture does not depend on when something happens: each band's mean, deviation and
    mean step, how eight wide bands are correlated, and the energy of their rhythms, from two seconds to a fiftieth of
    one; it tells rain from an engine.  Both are reduced to principal components, of mean square norm 1 each.  Every
    sound is taken at full scale: how loud it was recorded says nothing.

    Parameters
    ----------
    components : int
        Most components kept of each.

    References
    ----------
    McDermott & Simoncelli 2011, Sound texture perception via statistics of the auditory periphery.

    Examples
    --------
    >>> tones = [Sound(np.sin(np.arange(4000) * 0.1 * n).astype(np.float32), 8000) for n in range(1, 7)]
    >>> ShapeAndTexture().fit(tones).encode(tones).shape
    (6, 10)
    """

    name = "sound"
    fit_items = 5_000

    def __init__(self, components: int = 60) -> None:
        self.settings: dict[str, Any] = {"components": components}
        self._arrays: dict[str, NDArray[Any]] | None = None

    def fit(self, items: Sequence[Sound]) -> ShapeAndTexture:
        """Learn the lowest rate, the spread of textures and the components from sounds."""
        rate = min(int(item.rate) for item in items)
        shapes, textures = _shapes_and_textures(items, rate)
        arrays = {
            "rate": np.asarray([rate], np.int64),
            "centre": textures.mean(axis=0),
            "deviation": np.maximum(textures.std(axis=0), np.float32(_STEADY)),
        }
        for part, values in (("shape", shapes), ("texture", _standard(textures, arrays))):
            mean, components = principal(values, self.settings["components"], 1.0)
            coordinates = (values - mean) @ components
            # Where all sounds are one, what arrivals differ by is not blown up.
            size = max(np.sqrt(np.mean(np.sum(coordinates**2, axis=1))), np.float32(_STEADY))
            arrays |= {f"{part}_mean": mean, f"{part}_components": components / size}
        self._arrays = arrays
        return self

    def encode(self, items: Sequence[Sound]) -> Float:
        """Features, float32 (n, d)."""
        arrays = self._require_arrays()
        shapes, textures = _shapes_and_textures(items, int(arrays["rate"][0]))
        parts = [
            (values - arrays[f"{part}_mean"]) @ arrays[f"{part}_components"]
            for part, values in (("shape", shapes), ("texture", _standard(textures, arrays)))
        ]
        return np.asarray(np.hstack(parts), np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        return dict(self._require_arrays())

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._arrays = dict(arrays)
        return encoder

    def _require_arrays(self) -> dict[str, NDArray[Any]]:
        if self._arrays is None:
            raise ModelError("the encoder 'sound' has learnt nothing yet.", "Call fit(items) first.")
        return self._arrays


def _shapes_and_textures(items: Sequence[Sound], rate: int) -> tuple[Float, Float]:
    shapes, textures = [], []
    for item in items:
        mel = log_mel(_at_full_scale(item), BANDS, rate)
        # Of the power, not of its logarithm: a faint hiss in every band is no sound.
        loudness = np.log(np.exp(mel).mean(axis=1))
        shapes.append(stretch(loud_part(mel, loudness, QUIET), FRAMES))
        textures.append(texture(loud_part(mel, loudness, QUIET_TEXTURE), _windows_a_second(item)))
    if not items:
        return np.empty((0, BANDS * FRAMES), np.float32), np.empty((0, _N_STATISTICS), np.float32)
    return np.stack(shapes), np.stack(textures)


def _standard(textures: Float, arrays: dict[str, NDArray[Any]]) -> Float:
    far = np.float32(_FARTHEST)
    return np.clip((textures - arrays["centre"]) / arrays["deviation"], -far, far)


def texture(mel: Float, rate: float) -> Float:
    """Statistics of a log-mel spectrogram over time.

    Parameters
    ----------
    mel : (windows, 32)
    rate : float
        Windows a second.

    Returns
    -------
    float32 (180,)
        Of each band: the mean, the deviation, the mean step from window to window; of eight wide bands: the logarithm
        of the energy of seven rhythms, and the correlation of each pair.

    Examples
    --------
    >>> steady = texture(np.ones((100, 32)), 100.0)
    >>> steady.shape, bool(np.all(steady[:96] == 0))
    ((180,), True)
    """
    bands = mel - mel.mean()
    steps = np.abs(np.diff(bands, axis=0)).mean(axis=0) if len(bands) > 1 else np.zeros(BANDS)
    wide = bands.reshape(len(bands), WIDE_BANDS, -1).mean(axis=2)
    wide = wide - wide.mean(axis=0)
    length = max(_SHORTEST, len(wide))
    energy = np.abs(np.fft.rfft(wide * np.hanning(len(wide) + 2)[1:-1, None], n=length, axis=0)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(length, 1 / rate), RHYTHMS)
    total = np.vstack([np.zeros(WIDE_BANDS), np.cumsum(energy, axis=0)])
    rhythms = np.log(np.maximum(np.diff(total[edges], axis=0), 0) / len(wide) + 1e-3)
    units = wide / (wide.std(axis=0) + _STEADY)
    correlation = (units.T @ units / len(units))[np.triu_indices(WIDE_BANDS, 1)]
    parts = [bands.mean(axis=0), bands.std(axis=0), steps, rhythms.ravel(), correlation]
    return np.concatenate(parts).astype(np.float32)


_N_STATISTICS = 3 * BANDS + (len(RHYTHMS) - 1) * WIDE_BANDS + WIDE_BANDS * (WIDE_BANDS - 1) // 2


def _at_full_scale(sound: Sound) -> Sound:
    """Sound less its mean, which nobody hears, with its loudest sample at one."""
    samples = sound.samples - sound.samples.mean(dtype=np.float64).astype(np.float32)
    loudest = np.abs(samples).max(initial=0)
    return Sound(samples / loudest, sound.rate) if loudest else sound


def _windows_a_second(sound: Sound) -> float:
    return sound.rate / max(1, round(HOP * sound.rate))
