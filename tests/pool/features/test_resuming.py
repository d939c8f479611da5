"""An encoding that was killed goes on where it was, and uses nothing that is not certainly its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spin_nb.pool.encoders.joined import join
from spin_nb.pool.encoders.photo import Photo
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.features import encoding
from spin_nb.pool.features.cache import features
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from tests.waiting import until

N, BATCH = 640, 32
ROOT = Path(__file__).parents[3]


class Network:
    """Stand in for a network that costs: it counts what goes through it, and can stop for good in the middle.

    ``width`` columns of the first pixels, less the mean that it learns.
    """

    name = "network"

    def __init__(self, width: int = 12, factor: float = 1.0) -> None:
        self.settings = {"width": width}
        self.width, self.factor = width, factor
        self.n_encoded = self.n_fitted = 0
        self.stops_at = 10**9

    def fit(self, items):
        self.n_fitted += len(items)
        self.mean = np.float32(np.mean([item.mean() for item in items]))
        return self

    def encode(self, items):
        if self.n_encoded + len(items) > self.stops_at:
            raise KeyboardInterrupt
        self.n_encoded += len(items)
        columns = np.resize(np.stack(items).reshape(len(items), -1).T, (self.width, len(items))).T
        return (self.factor * columns.astype(np.float32) - self.mean) / 7

    def to_arrays(self):
        return {"mean": np.array([self.mean])}

    @classmethod
    def from_arrays(cls, arrays, unfitted):
        unfitted.mean = arrays["mean"][0]
        return unfitted


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (N, 8, 8), dtype=np.uint8)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(encoding, "MIN_AXES_ITEMS", 100)
    monkeypatch.setattr("spin_nb.pool.modalities.base.Modality.chunk_items", BATCH)


def stopped(folder, pictures, encoder, at):
    """Folder of a pool of which about ``at`` items were encoded when somebody stopped it."""
    pool = Pool.save(folder, read_pool(pictures))
    encoder.stops_at = at
    with pytest.raises(KeyboardInterrupt):
        features(pool, encoder, folder)
    return next((folder / "features").glob("*.part"))


def whole(folder, pictures, encoder):
    return np.array(features(Pool.save(folder, read_pool(pictures)), encoder, folder)[1])


KILLED = """
import sys, time
sys.path[:0] = [{root!r}]
from spin_nb.pool.features.cache import features
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.pool import Pool
from tests.pool.features.test_resuming import BATCH, N, Network
Modality.chunk_items = BATCH

class Endless(Network):
    def encode(self, items):
        while self.n_encoded >= 0.4 * N:  # for good: only a signal ends it
            time.sleep(1)
        return super().encode(items)

features(Pool.open({folder!r}), Endless(), {folder!r})
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_goes_on_where_it_was(tmp_path, pictures):
    folder = tmp_path / "killed"
    Pool.save(folder, read_pool(pictures))
    code = KILLED.format(root=str(ROOT), folder=str(folder))
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        n_chunks = int(0.4 * N / BATCH)
        until(
            lambda: len(list(folder.glob("features/*.part/*.json"))) >= n_chunks or child.poll() is not None
        )
        assert child.poll() is None, "it ended before it was killed"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not list(folder.glob("features/*.npy")), "it was finished before it was killed"
    n_before = BATCH * len(list(folder.glob("features/*.part/*.json")))
    network = Network()
    _, result = features(Pool.open(folder), network, folder)
    assert network.n_fitted == 0
    assert n_before + network.n_encoded <= N + BATCH, "more than a batch went through the network twice"
    assert result.tobytes() == whole(tmp_path / "whole", pictures, Network()).tobytes()
    assert not list(folder.glob("features/*.part"))


@pytest.mark.parametrize("width", [12, 500])
def test_what_was_encoded_before_is_not_encoded_again(tmp_path, pictures, width):
    stopped(tmp_path / "p", pictures, Network(width), at=400)
    network = Network(width)
    _, result = features(Pool.open(tmp_path / "p"), network, tmp_path / "p")
    assert network.n_fitted == 0
    assert network.n_encoded <= N - 400 + BATCH + 1  # one item shows how wide features are
    assert result.tobytes() == whole(tmp_path / "w", pictures, Network(width)).tobytes()
    assert not list((tmp_path / "p" / "features").glob("*.part"))


def half_written(folder, chunk):
    chunk.write_bytes(chunk.read_bytes()[: chunk.stat().st_size // 2])


def one_byte_flipped(folder, chunk):
    data = bytearray(chunk.read_bytes())
    data[-5] ^= 0x40
    chunk.write_bytes(data)


def of_other_rows(folder, chunk):
    other = folder / "000003.npy"
    chunk.write_bytes(other.read_bytes())
    chunk.with_suffix(".json").write_bytes(other.with_suffix(".json").read_bytes())


def reseal(chunk, array):
    import hashlib

    np.save(chunk, array)
    facts = json.loads(chunk.with_suffix(".json").read_text())
    facts["sha256"] = hashlib.sha256(chunk.read_bytes()).hexdigest()
    chunk.with_suffix(".json").write_text(json.dumps(facts))


def of_another_dtype(folder, chunk):
    reseal(chunk, np.load(chunk).astype(np.float64))


def of_another_length(folder, chunk):
    reseal(chunk, np.load(chunk)[:-1])


def without_facts(folder, chunk):
    chunk.with_suffix(".json").write_text("[]")


@pytest.mark.parametrize(
    "damage",
    [half_written, one_byte_flipped, of_other_rows, of_another_dtype, of_another_length, without_facts],
)
def test_a_chunk_that_is_not_whole_and_its_own_is_encoded_again(tmp_path, pictures, damage):
    folder = stopped(tmp_path / "p", pictures, Network(), at=400)
    damage(folder, folder / "000001.npy")
    network = Network()
    _, result = features(Pool.open(tmp_path / "p"), network, tmp_path / "p")
    assert N - 400 + BATCH <= network.n_encoded <= N - 400 + 2 * BATCH + 1
    assert result.tobytes() == whole(tmp_path / "w", pictures, Network()).tobytes()


def test_chunks_of_an_encoder_that_learnt_otherwise_are_not_used(tmp_path, pictures):
    folder = stopped(tmp_path / "p", pictures, Network(), at=400)
    (folder / "encoder.safetensors").unlink()
    network = Network()
    _, result = features(Pool.open(tmp_path / "p"), network, tmp_path / "p")
    assert network.n_fitted > 0
    assert network.n_encoded >= N
    assert result.tobytes() == whole(tmp_path / "w", pictures, Network()).tobytes()


def test_chunks_of_items_that_are_others_now_are_removed(tmp_path, pictures):
    before = stopped(tmp_path / "p", pictures, Network(), at=400)
    after = stopped(tmp_path / "p", pictures[::-1], Network(), at=400)
    assert before != after
    assert not before.exists()
    assert after.exists()


def test_chunks_of_another_encoder_stay(tmp_path, pictures):
    folder = stopped(tmp_path / "p", pictures, Network(), at=400)
    features(Pool.open(tmp_path / "p"), "pixels-pca", tmp_path / "p")
    assert folder.exists()


def test_a_function_that_says_something_else_by_now_encodes_all_anew(tmp_path, pictures):
    state = Network()

    def through(items):
        return state.encode(items)

    state.mean = 0
    pool = Pool.save(tmp_path, read_pool(pictures))
    state.stops_at = 400
    with pytest.raises(KeyboardInterrupt):
        features(pool, through, tmp_path)
    state.factor, state.n_encoded, state.stops_at = 2.0, 0, 10**9
    _, result = features(Pool.open(tmp_path), through, tmp_path)
    np.testing.assert_allclose(result, 2.0 * pictures.reshape(N, -1)[:, :12] / 7, rtol=1e-5)


def test_pictures_that_cannot_be_read_stay_out_and_those_mended_come_in(tmp_path, photos):
    from PIL import Image

    root = tmp_path / "pictures"
    root.mkdir()
    for number in range(80):
        Image.fromarray(photos[number % 40][:60, :60]).save(root / f"{number:02}.png")
    pool = Pool.save(tmp_path / "p", read_pool(root))
    good = {name: (root / name).read_bytes() for name in ("05.png", "06.png")}
    for name, data in good.items():
        (root / name).write_bytes(data[: len(data) // 2] + bytes(40) + data[len(data) // 2 + 40 :])
    network = Network()
    network.stops_at = 60
    with pytest.raises(KeyboardInterrupt):
        features(pool, network, tmp_path / "p")
    (root / "06.png").write_bytes(good["06.png"])
    pool = Pool.open(tmp_path / "p")
    _, result = features(pool, Network(), tmp_path / "p")
    assert len(result) == len(pool) == 79
    assert "05.png" not in pool.ids
    assert "06.png" in pool.ids


def test_joined_encoders_go_on_too(tmp_path, photos, monkeypatch):
    pictures = np.stack([photo[:70, :70] for photo in photos] * 3)
    monkeypatch.setattr(encoding, "MAX_BATCH_BYTES", 40 * 70 * 70 * 3)

    def joined():
        return join([Photo(), PixelsPCA()])

    class Stop(Exception):
        pass

    def stop(fraction, words):
        if 0.4 < fraction < 1:
            raise Stop

    pool = Pool.save(tmp_path / "p", read_pool(pictures))
    with pytest.raises(Stop):
        features(pool, joined(), tmp_path / "p", progress=stop)
    lines = []
    with monkeypatch.context() as patch:
        patch.setattr(Photo, "fit", lambda *a: pytest.fail("fitted again"))
        pool = Pool.open(tmp_path / "p")
        _, result = features(pool, joined(), tmp_path / "p", progress=lambda part, words: lines.append(words))
    assert result.tobytes() == whole(tmp_path / "w", pictures, joined()).tobytes()
    assert lines[0].startswith("photo + pixels-pca: ")


def test_whoever_waits_hears_how_many_items_are_left_and_how_long(tmp_path, pictures):
    lines = []
    pool = Pool.save(tmp_path, read_pool(pictures))
    features(pool, Network(), tmp_path, progress=lambda part, words: lines.append((part, words)))
    parts = [part for part, _ in lines]
    assert parts == sorted(parts)
    assert lines[0] == (0.0, "learning network")
    assert lines[5][1].startswith("network: 160 of 640 items, ")
    assert lines[5][1].endswith(" s left")
    assert lines[-2] == (1.0, "network: 640 of 640 items")


def test_chunks_never_need_more_disk_than_the_features(tmp_path, pictures):
    folder = stopped(tmp_path / "p", pictures, Network(), at=N)
    n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    assert n_bytes <= N * 12 * 4 + 1_000 * (N / BATCH)
