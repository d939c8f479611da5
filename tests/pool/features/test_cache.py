"""Features are computed once, survive, and go on without what cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import PoolError
from spin_nb.pool.features.cache import encode_rows, features
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool


def length(items):
    length.calls += 1
    return [[float(np.mean(item)), 1.0] for item in items]


length.calls = 0


def test_features_are_a_memory_map_and_come_from_the_cache_the_second_time(tmp_path, monkeypatch):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    encoder, found = features(pool, "auto", tmp_path)
    assert isinstance(found, np.memmap)
    assert found.dtype == np.float32
    assert not found.flags.writeable
    monkeypatch.setattr(type(encoder), "fit", lambda *a: pytest.fail("fitted again"))
    monkeypatch.setattr(type(encoder), "encode", lambda *a: pytest.fail("encoded again"))
    again, same = features(Pool.open(tmp_path), "pixels-pca", tmp_path)
    assert np.array_equal(found, same)
    assert {name: a.tobytes() for name, a in again.to_arrays().items()} == {
        name: a.tobytes() for name, a in encoder.to_arrays().items()
    }


def test_other_items_or_settings_are_other_features(tmp_path):
    from spin_nb.pool.encoders.pixels import PixelsPCA

    items = samples.digits().items
    features(Pool.save(tmp_path, read_pool(items)), "auto", tmp_path)
    features(Pool.save(tmp_path, read_pool(items[::-1])), "auto", tmp_path)
    _, few = features(Pool.open(tmp_path), PixelsPCA(components=3), tmp_path)
    assert few.shape[1] == 3
    assert len(list((tmp_path / "features").glob("*.npy"))) == 3


def test_a_picture_that_cannot_be_decoded_is_excluded_and_the_rest_goes_on(tmp_path, folder):
    path = folder / "a" / "6.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"\x00" * 40
    path.write_bytes(data)
    pool = Pool.save(tmp_path / "p", read_pool(folder))
    assert len(pool) == 9
    _, found = features(pool, "photo")
    assert len(pool) == len(found) == 8
    assert [item.id for item in pool.broken] == ["a/6.png"]
    assert "a/6.png" not in pool.ids
    again = Pool.open(tmp_path / "p")
    assert np.array_equal(features(again, "photo")[1], found)
    assert [item.id for item in again.broken] == ["a/6.png"]


def test_nothing_readable_at_all_is_an_error(tmp_path, folder):
    pool = Pool.save(tmp_path / "p", read_pool(folder))
    for path in folder.rglob("*.*"):
        path.unlink()
    with pytest.raises(PoolError, match="none of the 9"):
        features(pool)


def test_nan_features_name_the_items(tmp_path):
    pool = Pool.save(tmp_path, read_pool(["a b", "", "c d"]))
    with pytest.raises(PoolError, match="item-000001"):
        features(pool, lambda items: [[len(item) or np.nan] for item in items])


def test_arrivals_follow_the_base_rows(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    encoder, base = features(pool)
    base = np.array(base)
    extend(pool, samples.digits().items[:2])
    found = features(Pool.open(tmp_path))[1]
    assert np.array_equal(found[:-2], base)
    np.testing.assert_allclose(found[-2:], base[:2], atol=1e-6)
    np.testing.assert_allclose(encode_rows(pool, encoder, [1797]), base[:1], atol=1e-6)


def test_a_function_is_asked_again_when_what_it_closes_over_changed(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    factor = [1.0]

    def scaled(items):
        return [[factor[0] * float(np.mean(item))] for item in items]

    _, once = features(pool, scaled)
    assert np.array_equal(features(pool, scaled)[1], once)
    factor[0] = 2.0
    np.testing.assert_allclose(features(pool, scaled)[1], 2 * np.array(once), rtol=1e-6)


def test_an_expensive_function_runs_once(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    features(pool, length)
    calls = length.calls
    features(pool, length)
    assert length.calls == calls + 1  # the spot check of a few items


def test_a_damaged_cache_is_computed_again(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    _, found = features(pool)
    kept = np.array(found)
    for path in (tmp_path / "features").iterdir():
        path.write_bytes(b"damaged")
    assert np.array_equal(features(pool)[1], kept)


def flip(path):
    """Change one byte in the last quarter: a number among numbers."""
    data = bytearray(path.read_bytes())
    data[-len(data) // 8] ^= 0x40
    path.write_bytes(data)


@pytest.mark.parametrize("ending", [".npy", ".safetensors"])
def test_one_flipped_byte_in_the_cache_is_found(tmp_path, ending):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    encoder, found = features(pool)
    kept, learnt = np.array(found), {name: array.copy() for name, array in encoder.to_arrays().items()}
    del found
    flip(next((tmp_path / "features").glob(f"*{ending}")))
    encoder, again = features(Pool.open(tmp_path))
    assert np.array_equal(again, kept)
    assert all(np.array_equal(array, learnt[name]) for name, array in encoder.to_arrays().items())


def test_a_disk_that_takes_no_cache_costs_time_only(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    (tmp_path / "features").write_text("a file where the folder should be")
    _, found = features(pool)
    assert found.shape == (1797, 41)


def test_progress_rises_to_one(tmp_path):
    told = []
    features(Pool.save(tmp_path, read_pool(samples.digits())), progress=lambda part, words: told.append(part))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_pictures_are_decoded_once_for_all_encoders(tmp_path, photos, monkeypatch):
    from PIL import Image

    from spin_nb.pool.media import images

    root = tmp_path / "pictures"
    root.mkdir()
    for number, pixels in enumerate(photos):
        Image.fromarray(pixels).resize((500, 375)).save(root / f"{number:02}.jpg")
    pool = Pool.save(tmp_path / "p", read_pool(root))
    decode, sizes = images._decode, []

    def count(image, side):
        decoded = decode(image, side)
        sizes.append(image.size)
        return decoded

    monkeypatch.setattr(images, "_decode", count)
    _, both = features(pool, ["photo", "pixels-pca"])
    assert len(both) == len(photos)
    assert len(sizes) <= len(photos) + 4, "four show how large items are"
    assert max(max(size) for size in sizes) <= 256
