"""Several encoders at once: of equal weight, cached, reopened, followed by arrivals, exported as one graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import spin_nb as spin
from spin_nb.errors import Cancelled, ModelError, PoolError, UnknownWordError
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite
from spin_nb.pool.encoders.function import FunctionEncoder
from spin_nb.pool.encoders.joined import ExportableJoined, join
from spin_nb.pool.encoders.minilm import MiniLM
from spin_nb.pool.encoders.photo import Photo
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.encoders.text import TfidfSVD
from spin_nb.pool.features.cache import features
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.testing import check_encoder
from tests.pool.encoders.test_efficientnet_lite import random_weights
from tests.pool.encoders.test_minilm import write_model


def both():
    return join([Photo(), PixelsPCA(components=5)])


def test_each_has_mean_zero_and_mean_square_norm_one(photos):
    encoder = both().fit(photos)
    found = encoder.encode(photos)
    n_photo = Photo().fit(photos).encode(photos).shape[1]
    for part in (found[:, :n_photo], found[:, n_photo:]):
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=1e-5)
        assert (part**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)
    assert encoder.name == "photo + pixels-pca"
    assert encoder.settings["encoders"][1] == ["pixels-pca", {"components": 5, "keep": 0.99}]


def test_it_keeps_the_contract(photos):
    check_encoder(both, photos)
    check_encoder(
        lambda: join([PixelsPCA(), FunctionEncoder(lambda items: [[item.mean()] for item in items])]), photos
    )


def test_every_column_may_be_the_same(photos):
    grey = [np.full((90, 90), 7, np.uint8)] * 4
    assert np.array_equal(both().fit(grey).encode(grey), np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ([], PoolError, "holds no encoder"),
        (["photo", "photo"], PoolError, "'photo' is passed twice"),
        (["photo", "fotos"], UnknownWordError, "did you mean 'photo'"),
        (["photo", "tfidf-svd"], PoolError, "reads items of the modality 'text'"),
        (["photo", 3], PoolError, "3 is no encoder"),
    ],
)
def test_what_cannot_be_joined_says_why(tmp_path, photos, spec, error, words):
    pool = Pool.save(tmp_path, read_pool(np.stack([photo[:80, :90] for photo in photos])))
    with pytest.raises(error, match=words):
        make_encoder(spec, pool)
    with pytest.raises(ModelError, match="has learnt nothing"):
        both().encode(photos)


def test_a_list_of_one_is_that_one(tmp_path):
    pool = Pool.save(tmp_path, read_pool(np.zeros((3, 80, 80, 3), np.uint8)))
    assert type(make_encoder(["photo"], pool)) is type(make_encoder("photo", pool))
    assert make_encoder([["photo"]], pool).name == "photo"


def test_features_are_cached_by_the_settings_of_each(tmp_path, photos):
    pool = Pool.save(tmp_path / "pool", read_pool(np.stack([photo[:80, :90] for photo in photos])))
    _, first = features(pool, both())
    assert len(list((tmp_path / "pool" / "features").glob("*.npy"))) == 1
    encoder, again = features(pool, both())
    assert np.array_equal(first, again)
    np.testing.assert_allclose(encoder.encode(photos_of(pool)), again, atol=1e-5)
    features(pool, join([Photo(), PixelsPCA(components=4)]))
    assert len(list((tmp_path / "pool" / "features").glob("*.npy"))) == 2


def photos_of(pool: Pool) -> list[np.ndarray]:
    return pool.load(range(len(pool)))


def test_the_module_gives_the_features_of_the_notebook(photos):
    encoder = both().fit(photos)
    assert isinstance(encoder, ExportableJoined)
    inputs = encoder.prepare(photos)
    facts = encoder.describe()
    assert facts["input"] == ["batch", inputs.shape[1]]
    assert [fact["columns"] for fact in facts["encoders"]] == [[0, 12_288], [12_288, inputs.shape[1]]]
    with torch.no_grad():
        found = encoder.module()(torch.from_numpy(inputs))
    np.testing.assert_allclose(found, encoder.encode(photos), atol=1e-5)
    assert not hasattr(join([Photo(), FunctionEncoder(len)]), "module")


def test_a_project_reopens_by_its_path_and_exports_one_graph(tmp_path, photos):
    path, images = tmp_path / "x.spin", np.stack([photo[:80, :90] for photo in photos])
    with spin.open(path, pool=images, classes=["a", "b"], encoder=["photo", "pixels-pca"]) as s:
        s.label({name: "ab"[row % 2] for row, name in enumerate(s.ask(12))})
        s.train(wait=True)
    with spin.open(path) as s:
        assert s.watch(images[:3] // 2, wait=True).n == 3
        assert len(s) == 43
        assert s.export(tmp_path / "bundle").largest_difference < 1e-4
        assert not s.check().damages


def test_weights_that_others_trained_stand_beside_built_in_ones(tmp_path, photos):
    torch.save(random_weights(), tmp_path / "lite.pth")
    encoder = join([Photo(), EfficientNetLite(weights=tmp_path / "lite.pth")]).fit(photos[:9])
    assert encoder.name == "photo + efficientnet-lite of lite.pth"
    assert [weights.word for weights in encoder.pretrained] == ["efficientnet-lite"]
    with torch.no_grad():
        found = encoder.module()(torch.from_numpy(encoder.prepare(photos[:9])))
    np.testing.assert_allclose(found, encoder.encode(photos[:9]), atol=1e-4)


def test_a_network_among_them_says_how_far_it_is_while_it_learns_and_can_be_stopped(
    tmp_path, photos, monkeypatch
):
    torch.save(random_weights(), tmp_path / "lite.pth")
    monkeypatch.setattr("spin_nb.pool.encoders.efficientnet_lite._LOOKED_AT_ONCE", 4)
    monkeypatch.setattr(EfficientNetLite, "fit_items", 6)
    monkeypatch.setattr(Photo, "fit_items", 12)
    monkeypatch.setattr("spin_nb.pool.encoders.scaled.SCALE_ITEMS", 6)
    pool = Pool.save(tmp_path / "pool", read_pool(np.stack([photo[:60, :60] for photo in photos[:12]])))
    n_run, run, words = [], EfficientNetLite._run, []
    monkeypatch.setattr(
        EfficientNetLite, "_run", lambda self, rows: n_run.append(len(rows)) or run(self, rows)
    )

    def joined():
        return join([Photo(), EfficientNetLite(weights=tmp_path / "lite.pth")])

    def stop(fraction, message):
        words.append((fraction, message))
        if " of 12 items" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        features(pool, joined(), progress=stop)
    assert n_run == [4], "it stops while the network learns"
    assert words[-1][0] == pytest.approx(4 / 12)
    assert words[-1][1].startswith("photo + efficientnet-lite of lite.pth: 4 of 12 items")
    n_run.clear()
    _, found = features(pool, joined())
    assert sum(n_run) == 12, "each picture goes through the network once"
    whole = joined().fit(photos_of(pool))
    np.testing.assert_allclose(found, whole.encode(photos_of(pool)), atol=1e-5)


def test_remarks_count_every_text_once(tmp_path):
    write_model(tmp_path / "model.onnx")
    texts = [f"word {number} " * (200 if number % 5 == 0 else 1) for number in range(40)]
    pool = Pool.save(tmp_path / "pool", read_pool(texts))
    encoder, found = features(pool, join([TfidfSVD(), MiniLM(weights=tmp_path / "model.onnx")]))
    assert encoder.remarks() == ["minilm of model.onnx: texts cut after 256 tokens: 8."]
    assert len(found) == 40
