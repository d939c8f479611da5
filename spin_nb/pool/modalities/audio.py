"""Sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.media.audio import (
    EXTENSIONS,
    SECONDS,
    Recording,
    Sound,
    check_facts,
    check_sound,
    read_sound,
    wav,
)
from spin_nb.pool.media.safe_open import reading
from spin_nb.pool.media.spectrogram import spectrogram
from spin_nb.pool.modalities.base import Modality
from spin_nb.types import Shown
from spin_nb.words import shown

LARGEST_RATE = 48_000
"""Sounds of more samples a second are loaded with fewer: nobody hears the rest."""


@dataclass(frozen=True)
class AudioModality(Modality):
    """Sounds: their first minute, mono."""

    name = "audio"
    title = "sound"
    extensions = EXTENSIONS
    files_at_once = 2
    encoders = ("sound", "log-mel", "clap", "panns")

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is a sound."""
        return isinstance(item, Sound)

    @classmethod
    def check_file(cls, path: Path) -> int:
        """Look at a file's header."""
        check_sound(path)
        return 0

    def load(self, source: object) -> Sound:
        """Samples, float32 (n,), and their rate.

        Raises
        ------
        PoolError
            When it is no sound, cannot be read, or is silent.
        """
        return self._read(source).sound

    def show(self, source: object, size: int | None = None) -> Shown:
        """audio/wav: a WAV file (PCM of 16 bits, mono) and its spectrogram (PNG); ``size`` changes nothing."""
        whole = self._read(source)
        sound = whole.sound
        seconds = len(sound.samples) / sound.rate
        facts = {
            "seconds": seconds,
            "rate": sound.rate,
            "channels": whole.channels,
            "cut": whole.seconds > seconds + 0.01,
            "top": sound.rate / 2,
        }
        return Shown("audio/wav", facts, (wav(sound), spectrogram(sound)))

    def _read(self, source: object) -> Recording:
        whole = _whole(source) if isinstance(source, Sound) else self._file(source)
        return replace(whole, sound=_audible(whole.sound))

    def _file(self, source: object) -> Recording:
        if not isinstance(source, (str, Path, bytes)):
            kind = f"{type(source).__name__}{getattr(source, 'shape', '')}"
            raise PoolError(
                f"a {kind} is no sound: it does not say how many samples a second it has.",
                "Pass a path, the bytes of a file, or spin.Sound(samples, rate).",
            )
        with reading("sound", source):
            return read_sound(source if isinstance(source, bytes) else Path(source))


def _whole(sound: Sound) -> Recording:
    with reading("sound", sound):
        if not isinstance(sound.rate, int | np.integer):
            raise ValueError(f"its rate is {shown(sound.rate)}, no whole number of samples a second")
        check_facts(1, int(sound.rate))
        try:
            samples = np.asarray(sound.samples, np.float32)
        except (TypeError, ValueError):
            samples = np.empty(0, np.float32)
        if samples.ndim != 1 or not samples.size or not np.isfinite(samples).all():
            raise ValueError("samples are finite numbers (n,)")
        samples = samples[: SECONDS * sound.rate]
        if samples.min() == samples.max():
            raise ValueError("it is silent")
    return Recording(Sound(samples, sound.rate), 1, len(sound.samples) / sound.rate)


def _audible(sound: Sound) -> Sound:
    every = -(-sound.rate // LARGEST_RATE)
    if every == 1:
        return sound
    whole = sound.samples[: len(sound.samples) // every * every]
    if not len(whole):
        return sound
    return Sound(whole.reshape(-1, every).mean(axis=1, dtype=np.float32), sound.rate // every)
