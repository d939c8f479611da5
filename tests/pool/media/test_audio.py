"""Sounds as a pool: WAV in all its forms, files that lie, what is heard and seen."""

from __future__ import annotations

import io
import os
import struct
import wave

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.features.cache import features
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.pool.media.extras import is_installed
from spin_nb.pool.modalities import AudioModality
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

RATE = 8000
TONE = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)


def written(data, *, form=1, channels=1, rate=RATE, bits=16, promised=None, extra=b"", before=b""):
    """Bytes of a WAV file whose header says what it is told to."""
    step = channels * bits // 8
    fmt = (
        struct.pack("<HHIIHH", form, channels, rate % 2**32, (rate * step) % 2**32, step % 2**16, bits)
        + extra
    )
    length = len(data) if promised is None else promised
    body = (
        b"WAVE"
        + before
        + b"fmt "
        + struct.pack("<I", len(fmt))
        + fmt
        + b"data"
        + struct.pack("<I", length)
        + data
    )
    return b"RIFF" + struct.pack("<I", len(body) % 2**32) + body


def pcm(samples, bits):
    whole = np.rint(np.asarray(samples, np.float64) * (2 ** (bits - 1) - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    return b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in whole.ravel())


def tones(folder, n=6):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        sound = np.sin(2 * np.pi * 200 * (number + 1) * np.arange(RATE // 2) / RATE).astype(np.float32)
        (folder / f"{number}.wav").write_bytes(wav(Sound(0.5 * sound, RATE)))
    return folder


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_pcm_of_every_width_is_read_to_its_precision(bits):
    found = AudioModality().load(written(pcm(TONE, bits), bits=bits))
    assert (found.rate, found.samples.dtype, found.samples.shape) == (RATE, np.float32, (RATE,))
    np.testing.assert_allclose(found.samples, TONE, atol=2 ** -(bits - 2) + 1e-6)


def test_24_bits_keep_their_sign():
    data = bytes([0, 0, 0x80, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0])
    np.testing.assert_allclose(
        AudioModality().load(written(data, bits=24)).samples, [-1, 1, -(2**-23), 0], atol=2e-7
    )


def test_floats_and_the_extensible_header():
    np.testing.assert_array_equal(
        AudioModality().load(written(TONE.tobytes(), form=3, bits=32)).samples, TONE
    )
    np.testing.assert_allclose(
        AudioModality().load(written(TONE.astype("<f8").tobytes(), form=3, bits=64)).samples, TONE, atol=1e-7
    )
    extra = struct.pack("<HHI", 22, 16, 0) + struct.pack("<H", 1) + bytes(14)
    assert len(AudioModality().load(written(pcm(TONE, 16), form=0xFFFE, extra=extra)).samples) == RATE


def test_channels_are_averaged_and_chunks_before_the_sound_passed_over():
    left_right = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    before = b"LIST" + struct.pack("<I", 5) + b"abcde\0"
    data = written(pcm(left_right, 16), channels=2, before=before)
    np.testing.assert_allclose(AudioModality().load(data).samples, TONE / 2, atol=1e-4)
    assert AudioModality().show(data).data["channels"] == 2


def test_a_file_written_by_the_standard_library_is_read(tmp_path):
    with wave.open(str(tmp_path / "x.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(44_100)
        out.writeframes(pcm(TONE, 16))
    assert AudioModality().load(str(tmp_path / "x.wav")).rate == 44_100


def test_a_header_that_does_not_know_its_length_yet_is_believed_to_the_end():
    assert len(AudioModality().load(written(pcm(TONE, 16), promised=0xFFFFFFFF)).samples) == RATE


LIES = {
    "empty": b"",
    "not a sound": b"<script>alert(1)</script>" * 10,
    "header alone": written(b"")[:20],
    "no samples": written(b""),
    "half a sample": written(b"a", bits=16),
    "promises more": written(pcm(TONE, 16), promised=10**9),
    "silent": written(bytes(2000)),
    "silent in 8 bits": written(b"\x80" * 2000, bits=8),
    "zero rate": written(pcm(TONE, 16), rate=0),
    "endless rate": written(pcm(TONE, 16), rate=2**32 - 1),
    "no channels": written(pcm(TONE, 16), channels=0),
    "60,000 channels": written(pcm(TONE, 16), channels=60_000),
    "no bits": written(pcm(TONE, 16), bits=0),
    "13 bits": written(pcm(TONE, 16), bits=13),
    "compressed": written(pcm(TONE, 16), form=85),
    "NaN": written(np.full(100, np.nan, "<f4").tobytes(), form=3, bits=32),
    "infinite": written(np.array([0, np.inf, 1], "<f4").tobytes(), form=3, bits=32),
    "beyond float32": written(np.array([0, 1e300, 1], "<f8").tobytes(), form=3, bits=64),
    "chunks that lead nowhere": b"RIFF\xff\xff\xff\xffWAVE" + b"junk\xff\xff\xff\xff" * 5,
    "chunks without end": b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 100_000,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_kept_out_with_its_reason_and_the_rest_goes_on(tmp_path, name):
    folder = tones(tmp_path / "sounds")
    (folder / "3 lies.wav").write_bytes(LIES[name])
    pool = Pool.save(tmp_path / "p.spin", read_pool(folder))
    _, found = features(pool)
    assert len(found) == len(pool) == 6
    assert [item.id for item in pool.broken] == ["3 lies.wav"]
    assert pool.broken[0].reason
    for act in (AudioModality().load, AudioModality().show):
        with pytest.raises(PoolError):
            act(folder / "3 lies.wav")


@pytest.mark.filterwarnings("error")
def test_random_bytes_in_the_header_raise_nothing_else():
    rng, whole = np.random.default_rng(0), bytearray(written(pcm(TONE[:500], 16)))
    for _ in range(500):
        data = bytearray(whole)
        for at in rng.integers(0, 48, 3):
            data[at] = rng.integers(0, 256)
        try:
            AudioModality().show(bytes(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data))
        except PoolError as problem:
            assert problem.do


def test_what_does_not_say_its_rate_is_refused(tmp_path):
    pool = Pool.save(tmp_path / "p.spin", read_pool(tones(tmp_path / "sounds")))
    for raw in (TONE, [0.1, 0.2], 5, None, {"samples": 1}):
        with pytest.raises(PoolError, match="samples a second"):
            pool.read([raw])
    assert (
        pool.read([Sound(TONE, RATE), tmp_path / "sounds" / "1.wav", wav(Sound(TONE, RATE))])[0].rate == RATE
    )


def test_what_is_shown_is_the_sound_and_its_spectrogram():
    shown = AudioModality().show(written(pcm(TONE, 16)))
    assert shown.mime == "audio/wav"
    assert shown.data == {"seconds": 1.0, "rate": RATE, "channels": 1, "cut": False, "top": 4000.0}
    with wave.open(io.BytesIO(shown.buffers[0])) as heard:
        assert heard.getparams()[:4] == (1, 2, RATE, RATE)
        np.testing.assert_allclose(np.frombuffer(heard.readframes(RATE), "<i2") / 32767, TONE, atol=1e-4)
    seen = np.asarray(Image.open(io.BytesIO(shown.buffers[1])))
    assert seen.ndim == 2
    assert seen.shape[0] <= 256
    assert seen.shape[1] <= 1000
    brightest = 1 - (seen.mean(axis=1).argmax() + 0.5) / seen.shape[0]  # upwards from 0 to 4,000 Hz
    assert brightest * 4000 == pytest.approx(1000, abs=40)


def test_time_runs_rightwards():
    late = np.concatenate([np.zeros(RATE, np.float32), TONE])
    seen = np.asarray(Image.open(io.BytesIO(AudioModality().show(Sound(late, RATE)).buffers[1]))).astype(
        float
    )
    half = seen.shape[1] // 2
    assert seen[:, half + 5 :].mean() > 4 * seen[:, : half - 5].mean() + 1


def test_a_long_sound_is_cut_to_a_minute_and_a_fast_one_slowed():
    rate = 96_000
    sound = (0.3 * np.sin(np.arange(61 * rate) / 20)).astype(np.float32)
    shown = AudioModality().show(written(pcm(sound[:1000], 16) * 61 * 96, rate=rate))
    assert shown.data == {"seconds": 60, "rate": 48_000, "channels": 1, "cut": True, "top": 24_000}
    assert Image.open(io.BytesIO(shown.buffers[1])).size == (1000, 256)
    assert len(shown.buffers[0]) == 44 + 60 * 48_000 * 2


def test_arrivals_are_kept_as_they_were_heard(tmp_path):
    pool = Pool.save(tmp_path / "p.spin", read_pool(tones(tmp_path / "sounds")))
    rows = extend(pool, pool.read([tmp_path / "sounds" / "2.wav", Sound(TONE, 16_000)]))
    for open_source in (pool, Pool.open(tmp_path / "p.spin")):
        first, second = open_source.load([int(row) for row in rows])
        np.testing.assert_array_equal(first.samples, pool.load([2])[0].samples)
        np.testing.assert_array_equal(second.samples, TONE)
        assert second.rate == 16_000
        assert open_source.show(int(rows[1])).data["seconds"] == 0.5


def test_other_formats_need_soundfile(tmp_path):
    folder = tones(tmp_path / "sounds")
    (folder / "x.flac").write_bytes(b"fLaC" + bytes(50))
    broken = read_pool(folder).broken if not is_installed("soundfile") else None
    if broken is None:
        pytest.skip("soundfile is installed: see the next test")
    assert "pip install" in broken[0].reason
    with pytest.raises(PoolError, match="soundfile"):
        AudioModality().load(folder / "x.flac")


def test_flac_and_ogg_are_read_by_soundfile(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed (extra [audio])")
    folder = tones(tmp_path / "sounds")
    for ending in ("flac", "ogg"):
        soundfile.write(folder / f"x.{ending}", np.stack([TONE, TONE], axis=1), RATE)
        shown = AudioModality().show(folder / f"x.{ending}")
        assert (shown.data["channels"], shown.data["seconds"]) == (2, 1.0)
    np.testing.assert_allclose(AudioModality().load(folder / "x.flac").samples, TONE, atol=1e-4)
    (folder / "y.mp3").write_bytes(b"ID3" + os.urandom(500))
    with pytest.raises(PoolError):
        AudioModality().load(folder / "y.mp3")


def test_3000_real_spoken_digits(tmp_path, real):
    pool = Pool.save(tmp_path / "p.spin", read_pool(real("fsdd/recordings")))
    assert (pool.modality, len(pool), pool.broken) == ("audio", 3000, [])
    few = read_pool([str(real("fsdd/recordings") / name) for name in pool.ids[::10]])
    small = Pool.save(tmp_path / "q.spin", few)
    encoder, found = features(small)
    assert (encoder.name, found.shape) == ("sound", (300, 120))
    words = np.array([name.split("_")[0] for name in pool.ids[::10]])
    distances = ((found[:, None] - found[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (words[distances.argmin(axis=1)] == words).mean() > 0.85


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        ([0.0, 1.0], 8000.0, "its rate is 8000.0, no whole number"),
        ([0.0, 1.0], None, "its rate is None"),
        ([0.0, 1.0], 0, "0 samples a second"),
        (None, 8000, "samples are finite numbers"),
        (["a"], 8000, "samples are finite numbers"),
    ],
)
def test_what_is_no_sound_says_why(samples, rate, words):
    with pytest.raises(PoolError, match=words):
        AudioModality().load(Sound(samples, rate))


def test_samples_without_a_rate_are_refused_with_what_is_public():
    with pytest.raises(PoolError) as caught:
        AudioModality().load(TONE)
    assert "spin.Sound(samples, rate)" in caught.value.do
    assert AudioModality().load(spin.Sound(TONE, RATE)).rate == RATE
