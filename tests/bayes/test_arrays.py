"""What every word's posterior is kept as: plain arrays, from which it answers exactly as before."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.bayes import LaplaceAll, LastLayerLaplace, MCDropout
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.registry import resolve, words

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")
WORDS = sorted(words("posterior"))


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + np.eye(3, 5)[y] * 1.5
    return x.astype(np.float32), y


@pytest.fixture
def through_a_file(tmp_path):
    from safetensors.numpy import load_file, save_file

    def keep(arrays):
        save_file({name: np.array(a, order="C") for name, a in arrays.items()}, tmp_path / "kept.safetensors")
        return load_file(tmp_path / "kept.safetensors")

    return keep


def check_same(again, posterior, x):
    one, other = again.predict(x), posterior.predict(x)
    for name in ("mean", "epistemic", "aleatoric"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    rows = np.arange(0, len(x), 7)
    assert np.array_equal(one.draws(rows, 9, 4), other.draws(rows, 9, 4))


@pytest.mark.parametrize("word", WORDS)
def test_from_a_file_it_answers_exactly_the_same(blobs, through_a_file, word):
    x, y = blobs
    posterior = resolve("posterior", word)().fit(x, y, n_classes=4)
    again = type(posterior).from_arrays(through_a_file(posterior.to_arrays()))
    check_same(again, posterior, x)
    check_same(type(again).from_arrays(again.to_arrays()), posterior, x)
    refitted, fresh = (p.fit(x[:30], y[:30], n_classes=4) for p in (again, resolve("posterior", word)()))
    check_same(refitted, fresh, x)


@pytest.mark.parametrize("structure", ["kron", "full", "diag"])
def test_every_structure_and_a_layer_that_was_given(blobs, through_a_file, structure):
    x, y = blobs
    weight = np.random.default_rng(0).standard_normal((3, 5))
    for head in (LastLayerLaplace(structure), LastLayerLaplace.around(weight, structure=structure)):
        head.fit(x, y, n_classes=3)
        again = LastLayerLaplace.from_arrays(through_a_file(head.to_arrays()))
        check_same(again, head, x)
        check_same(again.fit(x[:9], y[:9], n_classes=3), head.fit(x[:9], y[:9], n_classes=3), x)


@pytest.mark.parametrize("route", [("BackPackGGN", "diag"), ("AsdlGGN", "kron")])
def test_every_route_through_laplace_torch(blobs, through_a_file, route, monkeypatch):
    monkeypatch.setattr("spin_nb.bayes.laplace_torch.FALLBACKS", (route,))
    x, y = blobs
    posterior = LaplaceAll(n_hidden=8).fit(x, y, n_classes=3)
    again = LaplaceAll.from_arrays(through_a_file(posterior.to_arrays()))
    assert again.route == posterior.route == route
    assert again.prior_precision == posterior.prior_precision
    check_same(again, posterior, x)


@pytest.mark.parametrize("word", WORDS)
def test_before_it_is_fitted_there_is_nothing_to_keep(word):
    with pytest.raises(NotTrainedError):
        resolve("posterior", word)().to_arrays()


@pytest.mark.parametrize("make", [MCDropout, LaplaceAll])
def test_a_network_of_ones_own_is_kept_as_weights_but_not_rebuilt(blobs, make):
    x, y = blobs
    net = torch.nn.Sequential(
        torch.nn.Linear(5, 4), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(4, 3)
    )
    arrays = make(net).fit(x, y, n_classes=3).to_arrays()
    assert {"net.0.weight", "net.3.bias"} <= set(arrays)
    with pytest.raises(ModelError, match=r"Sequential.*code of your own"):
        make.from_arrays(arrays)
    about = LaplaceAll().about(net, x, y, n_classes=3)
    with pytest.raises(ModelError, match="code of your own"):
        LaplaceAll.from_arrays(about.to_arrays())
