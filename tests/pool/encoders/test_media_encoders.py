"""Encoders of series, sounds, videos and several things at once: their contract and what they can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders import choose_encoder, make_encoder
from spin_nb.pool.encoders.convolutions import Convolutions
from spin_nb.pool.encoders.log_mel import LogMel
from spin_nb.pool.encoders.multimodal import MultimodalEncoder
from spin_nb.pool.encoders.sound import ShapeAndTexture, texture
from spin_nb.pool.encoders.video_frames import Frames
from spin_nb.pool.media.audio import Sound
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.user_pools import TimeSeries
from spin_nb.testing import check_encoder

RNG = np.random.default_rng(0)
CLIPS = list(RNG.integers(0, 256, (6, 5, 40, 30, 3), dtype=np.uint8))
SOUNDS = [
    Sound(np.sin(np.arange(3000 + 100 * n) * 0.05 * (n + 1)).astype(np.float32), (8000, 16_000)[n % 2])
    for n in range(9)
]
SERIES = [RNG.normal(size=(1, 40 + 7 * n)).astype(np.float32) for n in range(9)]
MANY = [RNG.normal(size=(5, 60)).astype(np.float32) for _ in range(9)]
ROWS = [
    {
        "clip": clip,
        "sound": sound,
        "text": f"{'ab'[n % 2]} word",
        "row": {"n": n} if n else None,
        "series": series,
    }
    for n, (clip, sound, series) in enumerate(zip(CLIPS, SOUNDS, SERIES, strict=False))
]


@pytest.mark.parametrize(
    ("encoder", "items"),
    [
        (Convolutions, SERIES),
        (Convolutions, MANY),
        (LogMel, SOUNDS),
        (ShapeAndTexture, SOUNDS),
        (Frames, CLIPS),
        (MultimodalEncoder, ROWS),
    ],
    ids=["convolutions", "channels", "log-mel", "sound", "frames", "parts"],
)
def test_they_keep_the_contract(encoder, items):
    check_encoder(encoder, items)
    with pytest.raises(ModelError, match="learnt nothing"):
        encoder().encode(items)
    first, second = (encoder().fit(items).encode(items) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_level_and_a_scale_say_nothing_about_a_channel():
    """Inside the series; beyond its ends it is zero."""
    waves = [
        np.stack([np.sin(np.arange(200) / (3 + n)), RNG.normal(size=200)]).astype(np.float32)
        for n in range(8)
    ]
    scaled = [wave * np.array([[1000], [0.001]], np.float32) for wave in waves]
    np.testing.assert_allclose(
        Convolutions().fit(waves)._shares(waves), Convolutions().fit(scaled)._shares(scaled), atol=0.02
    )


@pytest.mark.parametrize("length", [2, 3, 9, 10])
def test_series_as_short_as_can_be(length):
    items = [RNG.normal(size=(2, length)).astype(np.float32) for _ in range(6)]
    assert np.isfinite(Convolutions().fit(items).encode(items)).all()


def test_a_long_series_goes_through_in_stretches_as_if_whole():
    items = [RNG.normal(size=(1, 40_000)).astype(np.float32) for _ in range(2)]
    encoder = Convolutions(kernels=4).fit(items)
    share, learnt = encoder._shares(items)[0], encoder.to_arrays()
    padded = np.pad(items[0][0], 4)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 9)
    above = (windows @ learnt["weights"][0, :, 0].T > learnt["levels"][0]).mean(axis=0)
    np.testing.assert_allclose(share[:4], above, atol=1e-4)


def test_constant_series_have_features_too():
    items = [np.full((1, 30), n, np.float32) for n in range(4)]
    assert np.isfinite(Convolutions().fit(items).encode(items)).all()


def test_series_of_other_channels_are_refused():
    with pytest.raises(ModelError, match="5"):
        Convolutions().fit(SERIES).encode(MANY)


def test_loudness_and_silence_around_it_do_not_move_a_sound():
    tone = SOUNDS[2].samples
    around = np.concatenate([np.zeros(1600, np.float32), tone, np.zeros(1600, np.float32)])
    others = [Sound(x, 8000) for x in (tone, around, 0.2 * tone, SOUNDS[7].samples)]
    found = LogMel().fit([Sound(s.samples, 8000) for s in SOUNDS]).encode(others)
    far = np.linalg.norm(found[0] - found[3])
    assert np.linalg.norm(found[0] - found[1]) < 0.5 * far
    assert np.linalg.norm(found[0] - found[2]) < 0.8 * far


def test_how_loud_a_sound_was_recorded_says_nothing():
    encoder = ShapeAndTexture().fit(SOUNDS)
    quiet = [
        Sound(0.01 * sound.samples + 0.3, sound.rate) for sound in SOUNDS
    ]  # and the device had an offset
    np.testing.assert_allclose(encoder.encode(quiet), encoder.encode(SOUNDS), atol=0.02)


def test_each_rhythm_has_its_energy_where_it_belongs():
    at = np.arange(600) / 100  # seconds
    for number, hertz in enumerate((0.7, 1.5, 3, 6, 12, 24, 40)):
        swell = np.sin(2 * np.pi * hertz * at)[:, None] * np.ones(32)
        swell[:, 16:] = 0  # the lower four wide bands only
        rhythms = texture(swell, 100.0)[96:152].reshape(7, 8)
        assert (rhythms[:, :4].argmax(axis=0) == number).all(), hertz
        correlation = texture(swell, 100.0)[152:]
        assert correlation[0] > 0.5


def clicks(rng, a_second):
    """Two seconds of clicks at random times over a little noise."""
    x = 0.001 * rng.normal(size=16_000)
    for start in rng.integers(0, 15_800, 2 * a_second):
        x[start : start + 200] += rng.normal(size=200) * np.exp(-np.arange(200) / 40)
    return Sound(x.astype(np.float32), 8000)


def test_textures_tell_sounds_apart_whose_events_come_at_any_time():
    """No two of them are alike in shape."""
    rng = np.random.default_rng(0)
    sounds, y = [clicks(rng, a_second) for a_second in (10, 60) * 20], np.arange(40) % 2
    right = {}
    for encoder in (LogMel(), ShapeAndTexture()):
        x = encoder.fit(sounds).encode(sounds)
        distances = np.linalg.norm(x[:, None] - x[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        right[encoder.name] = np.mean(y[distances.argmin(axis=1)] == y)
    assert right["sound"] > 0.9
    assert right["log-mel"] < 0.7


def test_silence_around_a_sound_moves_it_little():
    rng = np.random.default_rng(0)
    sounds = [clicks(rng, a_second) for a_second in (10, 20, 40, 60) * 5]
    silence = np.zeros(8000, np.float32)
    around = [Sound(np.concatenate([silence, sound.samples, silence]), 8000) for sound in sounds]
    for sound in around:
        sound.samples[:] += 1e-4 * rng.normal(size=len(sound.samples))  # no device is silent
    encoder = ShapeAndTexture().fit(sounds)
    distances = np.linalg.norm(encoder.encode(around)[:, None] - encoder.encode(sounds)[None], axis=2)
    assert (distances.argmin(axis=1) == np.arange(20)).all()


def test_a_pool_of_one_sound_leaves_arrivals_at_a_distance_that_can_be_used():
    encoder = ShapeAndTexture().fit([SOUNDS[0]] * 6)
    assert np.linalg.norm(encoder.encode(SOUNDS[5:6])) < 1000


def test_a_sound_as_short_as_can_be_has_features_too():
    short = [Sound(np.ones(n, np.float32), 8000) for n in (1, 2, 80, 400)]
    assert np.isfinite(ShapeAndTexture().fit(SOUNDS).encode(short)).all()


def test_the_same_sound_at_another_rate_stays_near():
    slow = [np.sin(2 * np.pi * f * np.arange(8000) / 8000).astype(np.float32) for f in (300, 700, 1500, 2500)]
    fast = [
        np.sin(2 * np.pi * f * np.arange(16_000) / 16_000).astype(np.float32) for f in (300, 700, 1500, 2500)
    ]
    encoder = LogMel().fit([*(Sound(x, 8000) for x in slow), *(Sound(x, 16_000) for x in fast)])
    a, b = (encoder.encode([Sound(x, rate) for x in xs]) for xs, rate in ((slow, 8000), (fast, 16_000)))
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    assert (distances.argmin(axis=1) == np.arange(4)).all()


def test_what_moves_is_far_from_what_stands_still():
    still = [np.repeat(RNG.integers(0, 256, (1, 20, 20, 3), dtype=np.uint8), 6, axis=0) for _ in range(4)]
    found = Frames().fit([*still, *CLIPS]).encode(still)
    half = found.shape[1] // 2
    np.testing.assert_allclose(found[:, half:], 0, atol=1e-4)


def test_a_missing_part_lies_at_the_mean():
    encoder = MultimodalEncoder().fit(ROWS)
    none = encoder.encode([dict.fromkeys(ROWS[0], None) | {"text": "a word"}])
    alone = encoder.encode([ROWS[1]])
    assert (none != 0).sum() < (alone != 0).sum()


def test_the_part_that_cannot_be_learnt_is_named():
    items = [{"words": "- -", "row": {"n": n}} for n in range(3)]
    with pytest.raises(PoolError, match="words"):
        MultimodalEncoder().fit(items)


@pytest.mark.parametrize("word", ["photo", "columns", "log-mel", "sound", "parts"])
def test_an_encoder_of_another_modality_is_refused(tmp_path, word):
    pool = Pool.save(tmp_path, read_pool(TimeSeries(RNG.normal(size=(3, 9)))))
    assert choose_encoder(pool) == "convolutions"
    with pytest.raises(PoolError, match="modality"):
        make_encoder(word, pool)
