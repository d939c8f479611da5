"""A project opened again shows the model it was left with, or says why not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from spin_nb.bayes import LastLayerLaplace
from spin_nb.errors import ModelError, SpinError

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture
def s(project, digits):
    s = project()
    digits.label(s, s.ask(40).ids)
    return s


def flip(path):
    """Other bits in some of the numbers."""
    changed = bytearray(path.read_bytes())
    for at in range(len(changed) - 400, len(changed), 4):
        changed[at + 3] ^= 0x3F
    path.write_bytes(changed)


def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


@pytest.mark.parametrize(("model", "posterior"), [("cnn", None), ("mlp", "dropout"), ("mlp", "graph")])
def test_a_network_that_comes_with_spin_nb_is_shown_again(s, project, digits, model, posterior, monkeypatch):
    s.train(model, posterior, show=True, wait=True)
    new, before = s.predict(digits.images[:20]), s.model.predictive
    drawn = before.draws(np.arange(5), 4, 1)
    s.close()
    monkeypatch.setattr("spin_nb.models.network.train", None)  # nothing is trained again
    again = project()
    assert again.model.head == model
    assert again.problem is None
    assert np.array_equal(again.model.predictive.mean, before.mean)
    assert np.array_equal(again.model.predictive.epistemic, before.epistemic)
    assert np.allclose(again.predict(digits.images[:20]).mean, new.mean, atol=1e-6)
    assert np.allclose(again.model.predictive.draws(np.arange(5), 4, 1), drawn, atol=1e-6)


@pytest.mark.parametrize(
    "posterior", ["dropout", "ensemble", "trees", "laplace-all", "laplace-subnet", LastLayerLaplace]
)
def test_a_posterior_is_shown_again(s, project, digits, posterior):
    head = s.train(posterior=posterior, show=True, wait=True).head
    new, before = s.predict(digits.images[:20]), s.model.predictive
    drawn = before.draws(np.arange(5), 4, 1)
    s.close()
    again = project()
    assert again.model.head == head
    assert again.problem is None
    assert np.allclose(again.model.predictive.mean, before.mean, atol=1e-6)
    assert np.allclose(again.predict(digits.images[:20]).mean, new.mean, atol=1e-6)
    assert np.allclose(again.model.predictive.draws(np.arange(5), 4, 1), drawn, atol=1e-6)


def test_the_numbers_are_found_out_again_where_they_are_not_kept(s, project):
    s.train("mlp", show=True, wait=True)
    before = s.model.predictive.mean.copy()
    s.close()
    kept = list((s.folder / "features").glob("own-*.safetensors"))
    assert len(kept) == 1
    for damage in (flip, lambda path: path.write_bytes(b"damaged"), lambda path: path.unlink()):
        damage(kept[0])
        again = project()
        assert again.model.head == "mlp"
        assert np.allclose(again.model.predictive.mean, before, atol=1e-6)
        again.close()


@pytest.mark.parametrize("file", ["own.safetensors", "posterior.safetensors", "model.safetensors"])
def test_arrays_that_changed_are_told(s, project, file):
    report = s.train("mlp", show=True, wait=True)
    s.close()
    flip(s.folder / "models" / report.model_id / file)
    again = project()
    assert again.model.head == "graph"
    assert f"{file} cannot be read" in again.problem or "sha256 differs" in again.problem


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("validation", None),
        ("model_id", ["m"]),
        ("own", "x"),
        ("own", {"name": 3}),
        ("classes", []),
        ("classes", ["a", "b"]),
    ],
)
def test_whatever_a_card_says_the_project_opens(s, project, name, wrong):
    report = s.train(posterior="ensemble", show=True, wait=True)
    s.close()
    card = s.folder / "models" / report.model_id / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {name: wrong}))
    again = project()
    assert again.model.head == "graph"
    assert "rain" in again.problem, "what to do"
    assert again.model.predictive.mean.shape == (400, 10)


def test_a_refused_call_is_no_problem_of_the_background(s):
    with pytest.raises(SpinError):
        s.train("no such word")
    assert s.problem is None
    with pytest.raises(ModelError, match="raised ZeroDivisionError"):
        s.train(posterior=lambda: 1 / 0, show=True, wait=True)
    assert "ZeroDivisionError" in s.problem


def test_arrivals_since_are_answered_too(s, project, digits):
    s.train("mlp", show=True, wait=True)
    s.watch(digits.images[:20], wait=True)
    before = s.model.predictive.mean.copy()
    s.close()
    again = project()
    assert again.model.head == "mlp"
    assert np.allclose(again.model.predictive.mean, before, atol=1e-6)
    assert len(again.model.predictive.mean) == 420


def test_only_the_last_models_numbers_are_kept(s):
    s.train("mlp", show=True, wait=True)
    s.train("mlp", "dropout", show=True, wait=True)
    assert len(list((s.folder / "features").glob("own-*.safetensors"))) == 1
    s.train(wait=True)
    assert not list((s.folder / "features").glob("own-*"))


def test_a_network_of_ones_own_is_asked_for_again(s, project):
    net = small()
    report = s.train(net, show=True, wait=True)
    before = s.model.predictive.mean.copy()
    s.close()
    again = project()
    told = []
    again.events.problem.connect(told.append)
    assert again.model.head == "graph"
    assert again.model.heads == ["graph", "linear", "mean"]
    assert "'Sequential' could not be put back" in again.problem
    assert "s.train(model=" in again.problem
    assert again.problem in repr(again)
    assert told == [again.problem]
    weights = load_file(again.folder / "models" / report.model_id / "own.safetensors")
    assert set(weights) == set(net.state_dict())
    again.train(net, show=True, wait=True)
    assert again.model.head == "Sequential"
    assert again.problem is None
    assert np.array_equal(again.model.predictive.mean, before)


def test_a_classifier_is_asked_for_again(s, project):
    from sklearn.naive_bayes import GaussianNB

    s.train(GaussianNB(), show=True, wait=True)
    s.close()
    again = project()
    assert again.model.head == "graph"
    assert "'GaussianNB' could not be put back" in again.problem


def test_who_may_only_read_sees_the_same_model(s, project):
    s.train("mlp", show=True, wait=True)
    reader = project(read_only=True)
    assert reader.model.head == "mlp"
    assert np.array_equal(reader.model.predictive.mean, s.model.predictive.mean)


def test_other_features_of_the_same_width_are_not_taken_for_these(s, project):
    """The linear head was trained on what another encoder gave."""
    s.train(posterior="laplace", show=True, wait=True)
    width = s._live.pool_model.features.shape[1]
    s.close()

    def other(items):
        return np.stack([item.reshape(-1)[:width] / 255 for item in items])

    again = project(encoder=other)
    assert again.model.head == "graph"
    assert again._training.model_id is None


def test_an_onnx_model_is_shown_again_when_its_file_is_gone(s, project, digits, save_torch):
    from spin_nb.models.onnx import OnnxModel

    torch.manual_seed(0)
    path = save_torch(
        nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)), torch.zeros(1, 1, 8, 8)
    )
    s.train(OnnxModel(path), show=True, wait=True)
    before, new = s.model.predictive.mean.copy(), s.predict(digits.images[:9]).mean
    s.close()
    path.unlink()
    again = project()
    assert again.model.head == "OnnxModel"
    assert again.problem is None
    assert np.array_equal(again.model.predictive.mean, before)
    assert np.allclose(again.predict(digits.images[:9]).mean, new, atol=1e-5)
