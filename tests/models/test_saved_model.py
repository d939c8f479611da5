"""A model of the person's choice on disk: what is ours comes back the same, what is theirs is told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from spin_nb.bayes import Ensemble, GraphPosterior, LastLayerLaplace, MCDropout
from spin_nb.bayes.trees import Trees
from spin_nb.errors import ModelError, VersionError
from spin_nb.models.fitted_model import FittedModel
from spin_nb.models.head_selection import Fit
from spin_nb.models.network import Network
from spin_nb.models.saved_model import MODEL_FILE, POSTERIOR_FILE, SavedModel, load_model, save_model
from spin_nb.models.snapshot import Snapshot
from tests.models.cards import rewrite

torch = pytest.importorskip("torch")
CLASSES = ["a", "b", "c"]


class Data:
    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.y = np.arange(30) % 3
        self.x = (rng.standard_normal((30, 5)) * 0.5 + np.eye(3, 5)[self.y] * 2).astype(np.float32)
        self.linear = LastLayerLaplace().fit(self.x, self.y, n_classes=3)

    def fitted_model(self, model, name="mine") -> FittedModel:
        return FittedModel(name, model.fit(self.x, self.y, n_classes=3), None, 3)

    def saved(self, own, folder) -> Snapshot:
        said = own.predict_all(lambda rows: self.x[rows], 30)
        fit = Fit(own.name, self.linear, {own.name: 0.9}, 30, said)
        Snapshot.of("m", CLASSES, None, fit, 30).save(folder)
        return Snapshot.load(folder)

    def back(self, own, folder) -> FittedModel:
        return load_model(self.saved(own, folder).saved_model, folder, 3, lambda model, shape: None)


@pytest.fixture(scope="module")
def data():
    return Data()


@pytest.mark.parametrize(
    "model",
    [
        lambda: LastLayerLaplace("full"),
        lambda: MCDropout(n_hidden=8),
        lambda: Ensemble(3),
        lambda: Trees(9),
        GraphPosterior,
        lambda: Network("mlp", "ensemble", steps=30),
        lambda: Network("mlp", steps=30),
        lambda: Network("mlp", "dropout", steps=30),
        lambda: Network("mlp", lambda: LastLayerLaplace("diag"), steps=30),
    ],
)
def test_what_is_ours_says_the_same_again(data, model, tmp_path):
    own = data.fitted_model(model())
    again = data.back(own, tmp_path / "m")
    assert again.name == own.name
    before, after = (o.predict_all(lambda rows: data.x[rows], 30) for o in (own, again))
    for name, array in before.to_arrays().items():
        assert np.array_equal(after.to_arrays()[name], array), name
    rows = np.arange(7)
    assert np.array_equal(before.draws(rows, 5, 1), after.draws(rows, 5, 1))


def test_the_weights_of_a_persons_own_network_are_kept_and_it_is_asked_for(data, tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    own = data.fitted_model(Network(net, steps=20))
    with pytest.raises(ModelError, match=r"own\.safetensors") as caught:
        data.back(own, tmp_path / "m")
    assert "s.train(model=" in caught.value.do
    weights = load_file(tmp_path / "m" / MODEL_FILE)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    assert np.array_equal(net[0].weight.detach(), own.model._fit_result[0][0].weight.detach())


def test_a_classifier_from_scikit_learn_is_asked_for(data, tmp_path):
    from sklearn.naive_bayes import GaussianNB

    from spin_nb.bayes.committee import Committee

    with pytest.raises(ModelError, match="Committee cannot be rebuilt") as caught:
        data.back(data.fitted_model(Committee(GaussianNB())), tmp_path / "m")
    assert "s.train" in caught.value.do
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "card.json",
        "card.json.sha256",
        "model.safetensors",
    ]


def test_what_holds_code_or_laplace_torch_is_asked_for(data, tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 3))
    for n, model in enumerate((MCDropout(net), Network("mlp", "laplace-all", steps=5))):
        with pytest.raises(ModelError) as caught:
            data.back(data.fitted_model(model), tmp_path / f"m{n}")
        assert caught.value.do
        assert (tmp_path / f"m{n}" / MODEL_FILE).exists(), "its weights are kept all the same"


def test_a_card_names_classes_and_imports_nothing_else(data, tmp_path):
    """A project may come from somebody else."""
    card = save_model(data.fitted_model(Network("mlp", steps=5))).card | {
        "class": "antigravity:Anything",
        "posterior": None,
    }
    with pytest.raises(ModelError, match="Anything cannot be rebuilt"):
        load_model(SavedModel(card), tmp_path, 3, lambda model, shape: None)
    assert "antigravity" not in __import__("sys").modules


def test_damaged_or_foreign_files_are_said(data, tmp_path):
    own = data.fitted_model(Network("mlp", steps=5))
    snapshot = data.saved(own, tmp_path / "m")
    other = data.fitted_model(Network("mlp", steps=5))
    (tmp_path / "m" / MODEL_FILE).write_bytes(b"no safetensors at all")
    with pytest.raises(ModelError, match="cannot be read back"):
        load_model(SavedModel(snapshot.saved_model.card), tmp_path / "m", 3, lambda model, shape: None)
    words = np.frombuffer(json.dumps(["mlp", [9], 3]).encode(), np.uint8)
    with pytest.raises(ModelError, match="not the weights of a 'mlp'"):
        Network.from_arrays({**other.model.to_arrays(), "words": words})
    with pytest.raises(ModelError, match="cannot be read back"):
        load_model(SavedModel({"name": "mine"}), tmp_path / "m", 3, lambda model, shape: None)


@pytest.mark.parametrize("file", [MODEL_FILE, POSTERIOR_FILE])
def test_arrays_that_changed_are_refused(data, tmp_path, file):
    snapshot = data.saved(data.fitted_model(Network("mlp", steps=5)), tmp_path / "m")
    path = tmp_path / "m" / file
    changed = bytearray(path.read_bytes())
    changed[-3] ^= 255
    path.write_bytes(changed)
    with pytest.raises(ModelError, match=f"{file} cannot be read: it is not what was saved"):
        load_model(snapshot.saved_model, tmp_path / "m", 3, lambda model, shape: None)


@pytest.mark.parametrize(
    ("name", "wrong"), [("name", 3), ("class", None), ("posterior", -1), ("shape", "x"), ("shape", [-1])]
)
def test_an_entry_that_cannot_be_one_is_refused(data, tmp_path, name, wrong):
    kept = data.saved(data.fitted_model(Network("mlp", steps=5)), tmp_path / "m").saved_model
    with pytest.raises(ModelError, match=f"cannot be read back: .*'{name}' in its card"):
        load_model(SavedModel({**kept.card, name: wrong}), tmp_path / "m", 3, lambda model, shape: None)


def test_what_to_train_again_is_said_by_its_word(data, tmp_path):
    with pytest.raises(ModelError, match="'mlp' is not kept") as caught:
        data.back(data.fitted_model(Network("mlp", "laplace-all", steps=5)), tmp_path / "m")
    assert "s.train('mlp', 'laplace-all')" in caught.value.do


def test_items_of_another_shape_are_refused(data, tmp_path):
    class Small:
        shape = (5,)

    class Large:
        shape = (9,)

    own = FittedModel("mine", Network("mlp", steps=5).fit(data.x, data.y, n_classes=3), Small(), 3)
    card = save_model(own)
    assert card.card["shape"] == [5]
    folder = tmp_path / "m"
    Snapshot("m", tuple(CLASSES), None, "mine", data.linear, saved_model=card).save(folder)
    assert load_model(
        Snapshot.load(folder).saved_model, folder, 3, lambda model, shape: Small()
    ).inputs.shape == (5,)
    with pytest.raises(ModelError, match=r"items of shape \(5,\)"):
        load_model(Snapshot.load(folder).saved_model, folder, 3, lambda model, shape: Large())


def test_snapshots_of_the_first_schema_still_load_and_newer_ones_are_refused(data, tmp_path):
    fit = Fit("mean", data.linear, {"graph": 0.9}, 30)
    Snapshot.of("m", CLASSES, None, fit, 30).save(tmp_path / "m")
    path = tmp_path / "m" / "card.json"
    card = json.loads(path.read_text())
    del card["own"]
    rewrite(path, json.dumps(card | {"schema": 1}))
    old = Snapshot.load(tmp_path / "m")
    assert (old.head, old.saved_model, old.fit.head) == ("mean", None, "mean")
    rewrite(path, json.dumps(card | {"schema": 1, "head": "dropout"}))
    assert Snapshot.load(tmp_path / "m").fit.head == "graph"
    rewrite(path, json.dumps(card | {"schema": 3}))
    with pytest.raises(VersionError, match="newer"):
        Snapshot.load(tmp_path / "m")


def test_nothing_on_disk_is_a_pickle(data, tmp_path):
    data.saved(data.fitted_model(Network("mlp", steps=5)), tmp_path / "m")
    for path in (tmp_path / "m").iterdir():
        assert path.suffix in (".json", ".safetensors", ".sha256")
        assert path.read_bytes()[:1] != b"\x80"
