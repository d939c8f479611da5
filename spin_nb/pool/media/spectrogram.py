"""The picture of a sound: a short-time Fourier transform in decibels."""

from __future__ import annotations

import io

import numpy as np

from spin_nb.pool.media.audio import Sound

COLUMNS, ROWS = 1000, 256
DECIBELS = 80.0
"""Range shown, below the loudest point."""
_FRAMES = 4 * COLUMNS


def spectrogram(sound: Sound) -> bytes:
    r"""Grey PNG, at most 1,000 x 256 pixels.

    Time runs rightwards, frequency upwards from 0 to half the rate, linear.

    Windows are of about 25 ms (Hann), at least four fifths overlapping where the sound is short enough; frames and
    bins that fall into one pixel are averaged as power.  White is the loudest point, black 80 dB below it.

    Examples
    --------
    >>> tone = np.sin(np.arange(8000) * 2 * np.pi * 1000 / 8000).astype(np.float32)
    >>> spectrogram(Sound(tone, 8000))[:4]
    b'\x89PNG'
    """
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(_grey(sound)).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _grey(sound: Sound) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    width = int(np.clip(2 ** round(np.log2(sound.rate * 0.025)), 256, 2048))
    x = np.pad(sound.samples, (0, max(0, width - len(sound.samples))))
    loudest = float(np.abs(x).max()) or 1.0
    hop = max(width // 8, -(-(len(x) - width) // _FRAMES), 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, width)[::hop]
    tapered = windows * (np.hanning(width) / loudest).astype(np.float32)
    power = np.abs(np.fft.rfft(tapered, axis=1)[:, 1:]) ** 2
    power = _pool_rows(_pool_rows(power, COLUMNS).T, ROWS)
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    share = (decibels - decibels.max()) / DECIBELS + 1
    return np.ascontiguousarray(np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)[::-1])


def _pool_rows(rows: np.ndarray, most: int) -> np.ndarray:
    """Means of neighbouring rows, at most ``most`` of them."""
    if len(rows) <= most:
        return rows
    edges = np.linspace(0, len(rows), most + 1).astype(int)
    return np.add.reduceat(rows, edges[:-1], axis=0) / np.diff(edges)[:, None]
