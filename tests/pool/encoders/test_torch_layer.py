"""A layer of a torch network by name: its very numbers, and the network untouched."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

import spin_nb as spin
from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.saved import load_encoder, save_encoder
from spin_nb.pool.encoders.torch_layer import TorchLayer
from spin_nb.pool.features.cache import features
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool
from spin_nb.testing import check_encoder

ITEMS = list(samples.digits().items[:60])
TENSOR = torch.from_numpy(np.stack(ITEMS)[:, None].astype(np.float32) / 255)


def centred(numbers):
    numbers = np.asarray(numbers)
    return numbers - numbers.mean(axis=0)


class Net(nn.Module):
    def __init__(self, channels=1, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
        self.deep = nn.Conv2d(4, 8, 3)
        self.head = nn.Linear(8 * 4 * 4, 10)
        self.spare = nn.Linear(2, 2)

    def forward(self, x):
        return self.head(torch.relu(self.deep(self.body(x))).flatten(1))


@pytest.fixture
def net():
    return Net().train()


def test_it_is_a_public_name():
    assert spin.encoders.TorchLayer is TorchLayer


def test_four_axes_are_averaged_and_two_kept(net):
    still = copy.deepcopy(net).eval()
    with torch.no_grad():
        deep = still.deep(still.body(TENSOR)).mean(dim=(2, 3)).numpy()
        head = still(TENSOR).numpy()
    np.testing.assert_allclose(TorchLayer(net, "deep").fit(ITEMS).encode(ITEMS), centred(deep), atol=1e-6)
    np.testing.assert_allclose(TorchLayer(net, "head").fit(ITEMS).encode(ITEMS), centred(head), atol=1e-6)
    assert TorchLayer(net, "body.2").fit(ITEMS).encode(ITEMS).shape == (60, 4)


def test_it_keeps_the_contract(net):
    check_encoder(lambda: TorchLayer(net, "deep"), ITEMS)


def test_the_network_is_left_as_it_was(net):
    net.body.eval()
    net.head.weight.requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    TorchLayer(net, "deep").fit(ITEMS).encode(ITEMS)
    assert net.training
    assert not net.body.training
    assert [p.requires_grad for p in net.parameters()].count(False) == 1
    assert not net.deep._forward_hooks
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_later_training_of_the_network_does_not_change_the_encoder(net):
    encoder = TorchLayer(net, "deep").fit(ITEMS)
    before = encoder.encode(ITEMS)
    with torch.no_grad():
        net.deep.weight.zero_()
    np.testing.assert_array_equal(encoder.encode(ITEMS), before)


def test_an_unknown_layer_names_the_closest(net):
    with pytest.raises(PoolError, match="no layer 'dep'") as caught:
        TorchLayer(net, "dep")
    assert "'deep'" in caught.value.do
    for bad in (None, 3, ""):
        with pytest.raises(PoolError):
            TorchLayer(net, bad)


def test_a_layer_the_network_does_not_call_is_told(net):
    with pytest.raises(PoolError, match="does not call"):
        TorchLayer(net, "spare").fit(ITEMS)


def test_what_is_no_network_is_refused():
    with pytest.raises(PoolError, match="no torch network"):
        TorchLayer(lambda x: x, "0")


def test_a_network_as_it_is_is_told_the_way(net, tmp_path):
    with pytest.raises(PoolError) as caught:
        make_encoder(net, Pool.save(tmp_path, read_pool(samples.digits())))
    assert "TorchLayer" in caught.value.do


def test_grey_pictures_become_rgb_where_the_network_wants_it():
    encoder = TorchLayer(Net(channels=3), "deep").fit(ITEMS)
    assert encoder.prepare(ITEMS).shape == (60, 3, 8, 8)


def test_the_size_may_be_given_and_one_that_does_not_fit_is_told(net):
    assert TorchLayer(net, "deep", size=12).fit(ITEMS).prepare(ITEMS).shape == (60, 1, 12, 12)
    with pytest.raises(PoolError, match="cannot be multiplied") as caught:
        TorchLayer(net, "head", size=(10, 12)).fit(ITEMS)
    assert "size=" in caught.value.do
    # No further than the layer: what comes after it need not fit.
    assert TorchLayer(net, "deep", size=(10, 12)).fit(ITEMS).encode(ITEMS).shape == (60, 8)


def test_prepare_replaces_the_preparation(net):
    encoder = TorchLayer(net, "deep", prepare=lambda items: (np.stack(items)[:, None] / 255 - 0.5) / 0.5)
    still = copy.deepcopy(net).eval()
    with torch.no_grad():
        wanted = still.deep(still.body(TENSOR * 2 - 1)).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(encoder.fit(ITEMS).encode(ITEMS), centred(wanted), atol=1e-5)
    assert encoder.to_onnx() is None


def test_vectors_go_through_a_plain_network():
    net, vectors = (
        nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 2)),
        list(np.eye(5, dtype=np.float32)),
    )
    found = TorchLayer(net, "0").fit(vectors).encode(vectors)
    np.testing.assert_allclose(found, centred(net[0].weight.T.detach()), atol=1e-6)


def test_texts_need_prepare(net):
    with pytest.raises(PoolError) as caught:
        TorchLayer(net, "deep").fit(["a text"])
    assert "prepare=" in caught.value.do


def test_half_precision_and_layers_that_return_several():
    half = TorchLayer(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).bfloat16(), "1").fit(ITEMS).encode(ITEMS)
    assert half.dtype == np.float32
    found = TorchLayer(nn.Sequential(nn.Flatten(2), nn.LSTM(64, 3, batch_first=True)), "1").fit(ITEMS)
    assert found.encode(ITEMS).shape == (60, 3)


def test_a_layer_without_a_tensor_is_told():
    class Odd(nn.Module):
        def forward(self, x):
            return {"x": x}

    with pytest.raises(PoolError, match="no tensor"):
        TorchLayer(nn.Sequential(Odd()), "0").fit(ITEMS)


def test_a_network_that_catches_everything_is_left_at_the_layer_all_the_same():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(64, 3)

        def forward(self, x):
            try:
                return self.inner(x.flatten(1))
            except Exception:
                return x

    assert TorchLayer(Careful(), "inner").fit(ITEMS).encode(ITEMS).shape == (60, 3)


def test_words_go_to_an_embedding_as_integers():
    net = nn.Sequential(nn.Embedding(10, 3), nn.Flatten())
    encoder = TorchLayer(net, "1", prepare=lambda texts: [[len(text), 1] for text in texts])
    assert encoder.fit(["ab", "abc"]).encode(["ab", "abc"]).shape == (2, 6)


class Locked(nn.Linear):
    def __init__(self):
        super().__init__(64, 3)
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(Locked()),
        lambda: nn.Sequential(nn.LazyLinear(3)),
        lambda: torch.jit.script(nn.Sequential(nn.Linear(64, 3))),
    ],
    ids=["no copy", "lazy", "scripted"],
)
def test_networks_that_cannot_be_used_are_refused(make):
    with pytest.raises(PoolError, match="cannot be used"):
        TorchLayer(make(), "0")


def test_several_threads_do_not_mix_up_their_items(net):
    encoder = TorchLayer(net, "deep").fit(ITEMS)
    whole = encoder.encode(ITEMS)
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda row: encoder.encode(ITEMS[row : row + 1])[0], range(60)))
    np.testing.assert_allclose(np.stack(parts), whole, atol=1e-5)


def test_an_unknown_device_is_refused(net):
    with pytest.raises(ModelError):
        TorchLayer(net, "deep", device="gpu7")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_gives_the_same_features_and_a_module_for_the_cpu(net):
    on_gpu, on_cpu = (TorchLayer(net, "deep", device=device).fit(ITEMS) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(on_gpu.encode(ITEMS), on_cpu.encode(ITEMS), atol=1e-3)
    assert {p.device.type for p in on_gpu.module().parameters()} == {"cpu"}
    assert {p.device.type for p in net.parameters()} == {"cpu"}


def test_no_item_gives_no_row(net):
    assert TorchLayer(net, "deep").fit(ITEMS).encode([]).shape == (0, 8)


def test_before_fit_it_says_so(net):
    with pytest.raises(ModelError, match="learnt nothing"):
        TorchLayer(net, "deep").encode(ITEMS)


# -- cache, project and bundle --------------------------------------------------------------------------------


def test_other_weights_structure_or_layer_mean_another_cache(net):
    def key(*args, **more):
        return TorchLayer(*args, **more).settings

    softer = Net()
    softer.body[2] = nn.Softplus()
    keys = [
        key(net, "deep"),
        key(Net(seed=1), "deep"),
        key(softer, "deep"),
        key(net, "body"),
        key(net, "deep", size=9),
    ]
    assert all(a != b for row, a in enumerate(keys) for b in keys[:row])
    assert key(net, "deep") == key(copy.deepcopy(net).eval(), "deep")


def test_features_come_from_the_cache_the_second_time(net, tmp_path, monkeypatch):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    _, first = features(pool, TorchLayer(net, "deep"))
    rows = []
    encode = TorchLayer.encode
    monkeypatch.setattr(
        TorchLayer, "encode", lambda self, items: rows.append(len(items)) or encode(self, items)
    )
    encoder, second = features(pool, TorchLayer(net, "deep"))
    np.testing.assert_array_equal(first, second)
    assert sum(rows) == 4, "a few rows prove that the code is still the same"
    assert encoder.prepare(ITEMS).shape == (60, 1, 8, 8)


def test_other_code_under_the_same_weights_is_noticed(tmp_path):
    class Scaled(Net):
        by = 1.0

        def forward(self, x):
            return super().forward(x * self.by)

    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    _, first = features(pool, TorchLayer(Scaled(), "deep"))
    first = first.copy()
    Scaled.by = 3.0
    _, second = features(pool, TorchLayer(Scaled(), "deep"))
    assert np.abs(first - second).max() > 0.1


def test_not_finite_features_name_the_items(net, tmp_path):
    with torch.no_grad():
        net.deep.bias.fill_(float("nan"))
    with pytest.raises(PoolError, match="digit-0000"):
        features(Pool.save(tmp_path, read_pool(samples.digits())), TorchLayer(net, "deep"))


def test_a_kept_one_gives_the_same_features_without_the_network(net, tmp_path):
    (tmp_path / "pool").mkdir()
    encoder = TorchLayer(net, "deep").fit(ITEMS)
    save_encoder(encoder, tmp_path)
    kept = load_encoder(encoder.name, tmp_path)
    assert (kept.name, kept.settings) == (encoder.name, encoder.settings)
    np.testing.assert_allclose(kept.fit(ITEMS).encode(ITEMS), encoder.encode(ITEMS), atol=1e-5)
    assert load_encoder("another", tmp_path) is None


def test_what_is_kept_is_never_an_older_one_of_the_same_name(net, tmp_path):
    (tmp_path / "pool").mkdir()
    save_encoder(TorchLayer(net, "deep").fit(ITEMS), tmp_path)
    new = TorchLayer(Net(seed=5), "deep").fit(ITEMS)
    save_encoder(new, tmp_path)
    np.testing.assert_allclose(
        load_encoder(new.name, tmp_path).fit(ITEMS).encode(ITEMS), new.encode(ITEMS), atol=1e-5
    )
    save_encoder(
        TorchLayer(net, "deep", prepare=lambda items: np.stack(items)[:, None] / 255).fit(ITEMS), tmp_path
    )
    assert load_encoder(new.name, tmp_path) is None


@pytest.mark.parametrize("harm", ["flip", "cut", "facts"])
def test_a_damaged_one_is_not_used(net, tmp_path, harm):
    (tmp_path / "pool").mkdir()
    encoder = TorchLayer(net, "deep").fit(ITEMS)
    save_encoder(encoder, tmp_path)
    path = tmp_path / "pool" / ("encoder.json" if harm == "facts" else "encoder.onnx")
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content[:60] if harm in ("cut", "facts") else content)
    assert load_encoder(encoder.name, tmp_path) is None


def test_a_network_that_cannot_be_traced_still_encodes(tmp_path):
    class Odd(nn.Module):
        def forward(self, x):
            return torch.linalg.svdvals(x.flatten(2))

    encoder = TorchLayer(nn.Sequential(Odd()), "0").fit(ITEMS)
    assert encoder.encode(ITEMS).shape == (60, 1)
    assert encoder.to_onnx() is None


def test_its_module_is_what_the_bundle_exports(net):
    encoder = TorchLayer(net, "deep").fit(ITEMS)
    with torch.no_grad():
        found = encoder.module()(torch.from_numpy(encoder.prepare(ITEMS))).numpy()
    np.testing.assert_allclose(found, encoder.encode(ITEMS), atol=1e-6)
    assert encoder.describe()["input"] == ["batch", 1, 8, 8]
