"""Reading sound files: mono float32 samples, at most a minute of them.

WAV is read here, header by header, because files lie; other formats go through the optional package soundfile.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.media.extras import PACKAGES, is_installed, need
from spin_nb.pool.media.safe_open import open_source, size_of
from spin_nb.types import Float

EXTENSIONS = frozenset({".wav", ".flac", ".ogg", ".mp3"})
SECONDS = 60
"""What is read, heard and seen of a sound: its beginning, up to this long."""
RATES = (100, 400_000)
CHANNELS = 32
_BLOCK = 2**16
_CHUNKS = 1000
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN = 0xFFFFFFFF
"""Length that programs write into a header when they do not know it yet."""


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples of a sound: what an encoder is handed, and a new item may be.

    Attributes
    ----------
    samples : float32 (n,)
        Mono, the mean of all channels; full scale is -1 to 1.
    rate : int
        Samples a second.

    Examples
    --------
    >>> tone = Sound(np.sin(np.arange(8000) * 0.1).astype(np.float32), rate=8000)
    >>> s.predict([tone])   # doctest: +SKIP
    """

    samples: Float = field(repr=False)
    rate: int


@dataclass(frozen=True)
class Recording:
    """A sound as read.

    It holds the beginning, how many channels the file has, and its whole length in seconds.
    """

    sound: Sound
    channels: int
    seconds: float


@dataclass(frozen=True)
class _Header:
    form: int
    channels: int
    rate: int
    bits: int
    start: int
    frames: int


def check_sound(path: Path) -> None:
    """Look at the header of a sound file.

    Raises
    ------
    ValueError
        With the reason, when it is no sound, is cut short, or its header contradicts itself.
    """
    with open_source(path) as stream:
        if path.suffix.lower() == ".wav":
            _header(stream, size_of(stream))
            return
    if not is_installed("soundfile"):
        raise ValueError(
            f'this format needs the package soundfile: pip install "spin_nb[{PACKAGES["soundfile"][2]}]"'
        )


def read_sound(source: Path | bytes) -> Recording:
    """Read the first minute of a sound.

    The source is a file or its bytes.

    Raises
    ------
    ValueError
        With the reason, when it is damaged, or silent: every sample the same.
    MissingPackageError
        A format other than WAV, where soundfile is not installed.
    """
    is_wav = source[:4] == b"RIFF" if isinstance(source, bytes) else source.suffix.lower() == ".wav"
    with open_source(source) as stream:
        recording = _read_wav(stream, size_of(stream)) if is_wav else _read_other(stream)
    samples = recording.sound.samples
    if not np.isfinite(samples).all():
        raise ValueError("it holds NaN or infinite samples")
    if samples.min() == samples.max():
        raise ValueError("it is silent")
    return recording


def _read_wav(stream: IO[bytes], size: int) -> Recording:
    head = _header(stream, size)
    stream.seek(head.start)
    frames = min(head.frames, SECONDS * head.rate)
    samples = _mono(_blocks(stream, head, frames))
    return Recording(Sound(samples, head.rate), head.channels, head.frames / head.rate)


def _blocks(stream: IO[bytes], head: _Header, frames: int) -> Iterator[Float]:
    step = head.channels * head.bits // 8
    for start in range(0, frames, _BLOCK):
        data = stream.read(min(_BLOCK, frames - start) * step)
        yield _decode_pcm(data[: len(data) // step * step], head).reshape(-1, head.channels)


def _mono(blocks: Iterator[Float]) -> Float:
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused by the caller
        parts = [block.mean(axis=1, dtype=np.float32) for block in blocks]
    samples = np.concatenate([*parts, np.empty(0, np.float32)])
    if not len(samples):
        raise ValueError("it holds no sound")
    return samples


def _decode_pcm(data: bytes, head: _Header) -> Float:
    if head.form == _FLOAT:
        return np.frombuffer(data, f"<f{head.bits // 8}").astype(np.float32)
    if head.bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if head.bits == 24:
        low = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole: NDArray[Any] = low[:, 0] | low[:, 1] << 8 | (low[:, 2] ^ 128) - 128 << 16
    else:
        whole = np.frombuffer(data, f"<i{head.bits // 8}")
    return np.asarray(whole / np.float32(2 ** (head.bits - 1)), np.float32)


def _header(stream: IO[bytes], size: int) -> _Header:
    start = stream.read(12)
    if start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise ValueError("not a WAV file")
    fmt, at = b"", 12
    for _ in range(_CHUNKS):
        stream.seek(at)
        chunk = stream.read(8)
        if len(chunk) < 8:
            break
        name, length = struct.unpack("<4sI", chunk)
        if name == b"fmt ":
            fmt = stream.read(min(length, 40))
        if name == b"data":
            return _check_header(fmt, at + 8, length, size - at - 8)
        at += 8 + length + length % 2
    raise ValueError("it holds no sound")


def _check_header(fmt: bytes, start: int, n_promised: int, n_available: int) -> _Header:
    if len(fmt) < 16:
        raise ValueError("its header does not say how the sound is kept")
    form, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if form == _EXTENSIBLE and len(fmt) >= 26:
        form = struct.unpack("<H", fmt[24:26])[0]
    if (form, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        raise ValueError(f"WAV format {form} with {bits} bits is not PCM of 8 to 32 bits or float")
    check_facts(channels, rate)
    if n_promised > n_available and n_promised != _UNKNOWN:
        raise ValueError(
            f"cut short: its header promises {n_promised:,} bytes of sound, {n_available:,} are there"
        )
    frames = min(n_promised, n_available) // (channels * bits // 8)
    if not frames:
        raise ValueError("it holds no sound")
    return _Header(form, channels, rate, bits, start, frames)


def check_facts(channels: int, rate: int) -> None:
    """Refuse channels or a rate that no recording has."""
    if not 1 <= channels <= CHANNELS:
        raise ValueError(f"its header says {channels} channels")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"its header says {rate:,} samples a second")


def _read_other(stream: IO[bytes]) -> Recording:
    soundfile = need("soundfile")
    try:
        with soundfile.SoundFile(stream) as sound:
            rate, channels = sound.samplerate, sound.channels
            check_facts(channels, rate)
            blocks = sound.blocks(
                _BLOCK, frames=min(sound.frames, SECONDS * rate), dtype="float32", always_2d=True
            )
            return Recording(Sound(_mono(blocks), rate), channels, sound.frames / rate)
    except (RuntimeError, OSError, TypeError) as problem:  # libsndfile's own errors are RuntimeErrors
        raise ValueError(str(problem) or type(problem).__name__) from None


def wav(sound: Sound, *, exact: bool = False) -> bytes:
    """Bytes of a WAV file.

    They are PCM of 16 bits, brought to full scale where it is beyond; ``exact``: float32.
    """
    if exact:
        data, form, bits = sound.samples.astype("<f4").tobytes(), _FLOAT, 32
    else:
        loudest = max(1.0, float(np.abs(sound.samples).max()))
        data, form, bits = np.rint(sound.samples * (32767 / loudest)).astype("<i2").tobytes(), _PCM, 16
    fmt = struct.pack("<HHIIHH", form, 1, sound.rate, sound.rate * bits // 8, bits // 8, bits)
    chunks = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks
