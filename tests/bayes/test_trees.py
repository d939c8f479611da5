"""Trees beside scikit-learn's own forest, on boundaries that run across two columns, and from hostile arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from spin_nb.bayes import trees as module
from spin_nb.bayes.trees import COLUMNS_PER_SPLIT, MAX_PAIRS, Trees
from spin_nb.errors import ModelError, NotTrainedError


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((240, 6)).astype(np.float32) * np.array([1, 1, 50, 0.01, 1, 1], np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(np.int64)


@pytest.fixture
def unsmoothed(monkeypatch):
    monkeypatch.setattr(module, "PSEUDO_LABELS_PER_LEAF", 0.0)


def combined(x):
    """Columns over their spread, then sums, then differences of every pair."""
    scaled = (x / x.std(axis=0)).astype(np.float32)
    first, second = np.triu_indices(x.shape[1], 1)
    return np.hstack([scaled, scaled[:, first] + scaled[:, second], scaled[:, first] - scaled[:, second]])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [0, 5])
def test_without_smoothing_it_is_scikit_learns_forest(table, unsmoothed, seed):
    x, y = table
    trees = Trees(40, seed=seed).fit(x, y, n_classes=2)
    forest = RandomForestClassifier(
        40, max_features=COLUMNS_PER_SPLIT, oob_score=True, random_state=seed
    ).fit(combined(x), y)
    drawn = trees.predict(x).draws(np.arange(240), 40, seed=1)
    own = np.stack([tree.predict_proba(combined(x)) for tree in forest.estimators_])
    assert np.allclose(drawn.mean(axis=0), forest.predict_proba(combined(x)), atol=1e-5)
    assert np.allclose(np.sort(drawn, axis=0), np.sort(own, axis=0), atol=1e-5)
    assert np.allclose(trees.held_out, forest.oob_decision_function_, atol=1e-6)


def test_every_leaf_is_given_one_label_in_the_classes_shares(table):
    x, y = table
    trees = Trees(30).fit(x, y, n_classes=3)
    drawn = trees.predict(x).draws(np.arange(240), 30, seed=0)
    share = (np.bincount(y, minlength=3) + 1 / 3) / 241
    seen = share[2] / drawn[..., 2] - 1  # what lies in the leaf, from the class nobody has seen
    counts = drawn[..., :2] * (seen + 1)[..., None] - share[:2]
    assert np.allclose(counts, counts.round(), atol=0.1)
    assert (np.rint(seen) >= 1).all()


def test_a_boundary_across_two_columns_is_learned_from_fewer_labels_than_a_plain_forest_needs(table):
    rng = np.random.default_rng(1)
    new = rng.standard_normal((2000, 6)).astype(np.float32)
    true = new[:, 0] > new[:, 1]
    plain, ours = [], []
    for seed in range(5):
        x = np.random.default_rng(10 + seed).standard_normal((60, 6)).astype(np.float32)
        y = (x[:, 0] > x[:, 1]).astype(np.int64)
        plain.append((RandomForestClassifier(100, random_state=seed).fit(x, y).predict(new) == true).mean())
        mean = Trees(seed=seed).fit(x, y, n_classes=2).predict(new).mean
        ours.append((mean.argmax(axis=1) == true).mean())
    assert np.mean(ours) > np.mean(plain) + 0.03


def test_held_out_labels_say_how_good_it_is_and_do_not_flatter(table):
    x, _ = table
    noise = np.random.default_rng(3).integers(0, 2, 240)
    trees = Trees().fit(x, noise, n_classes=2)
    assert ((trees.predict(x).mean.argmax(axis=1) == noise).mean()) > 0.95
    assert 0.35 < (trees.held_out.argmax(axis=1) == noise).mean() < 0.65


def test_a_label_held_out_does_not_tell_that_its_class_has_one():
    x = np.random.default_rng(4).standard_normal((12, 5)).astype(np.float32)
    y = np.arange(12)
    trees = Trees().fit(x, y, n_classes=40)
    nothing_known = (1 / 40) / 12  # one label in the classes' shares, beside eleven of other classes
    assert (trees.held_out[y, y] <= nothing_known + 1e-6).all()
    assert np.allclose(trees.held_out.sum(axis=1), 1, atol=1e-5)


def test_many_columns_take_a_fixed_number_of_pairs():
    x = np.random.default_rng(0).standard_normal((50, 40)).astype(np.float32)
    trees = Trees(10).fit(x, np.arange(50) % 2, n_classes=2)
    assert trees.to_arrays()["pairs"].shape == (2, MAX_PAIRS)
    assert np.isfinite(trees.predict(x).mean).all()


def test_a_column_that_is_always_the_same_changes_nothing(table):
    x, y = table
    wide = np.hstack([x, np.full((240, 1), 7, np.float32)])
    assert (Trees().fit(wide, y, n_classes=2).predict(wide).mean.argmax(axis=1) == y).mean() > 0.95


@pytest.mark.parametrize("size", [1e-25, 1e-6, 1e18, 1e30])
def test_columns_of_any_size_are_seen(table, size):
    x, y = table
    large = (x * np.float64(size)).astype(np.float32)
    assert (Trees().fit(large, y, n_classes=2).predict(large).mean.argmax(axis=1) == y).mean() > 0.95


def test_restored_it_says_the_same(table):
    x, y = table
    trees = Trees(20, seed=4).fit(x, y, n_classes=2)
    again = Trees.from_arrays(trees.to_arrays())
    assert np.array_equal(again.predict(x).mean, trees.predict(x).mean)
    rows = np.arange(9)
    assert np.array_equal(again.predict(x).draws(rows, 7, 1), trees.predict(x).draws(rows, 7, 1))


def broken(name, change):
    def spoil(arrays):
        array = arrays[name].copy()
        change(array)
        return arrays | {name: array}

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        broken("children", lambda a: a.__setitem__((0, 5), 0)),  # a way back up: walked for ever
        broken("children", lambda a: a.__setitem__((1, 5), 10**6)),
        broken("column", lambda a: a.__setitem__(0, 10**6)),
        broken("column", lambda a: a.__setitem__(0, -1)),
        broken("roots", lambda a: a.__setitem__(0, -1)),
        broken("pairs", lambda a: a.__setitem__((0, 0), 99)),
        lambda arrays: arrays | {"threshold": arrays["threshold"][:-1]},
        lambda arrays: arrays | {"probs": arrays["probs"][:-1]},
        lambda arrays: arrays | {"column": arrays["column"].astype(np.float32)},
        lambda arrays: {name: a for name, a in arrays.items() if name != "roots"},
        lambda arrays: arrays | {"threshold": np.full_like(arrays["threshold"], np.nan)},
        lambda arrays: arrays | {"scale": np.full_like(arrays["scale"], np.nan)},
        lambda arrays: arrays | {"probs": arrays["probs"] * 7},
        lambda arrays: arrays | {"words": arrays["words"][:0]},
        lambda arrays: arrays | {"pairs": arrays["pairs"][:0]},
    ],
)
def test_arrays_that_are_no_trees_are_refused(table, spoil):
    x, y = table
    arrays = Trees(5).fit(x, y, n_classes=2).to_arrays()
    with pytest.raises(ModelError):
        Trees.from_arrays(spoil(arrays))


def test_bad_input_is_refused(table):
    x, y = table
    with pytest.raises(ModelError, match="trees of a forest"):
        Trees(1)
    for seed in (-1, 1.5, "a"):
        with pytest.raises(ModelError, match="seed"):
            Trees(seed=seed)
    assert (Trees(5, seed=2**40).fit(x, y, n_classes=2).predict(x).mean > 0).all()
    with pytest.raises(NotTrainedError):
        Trees().predict(x)
    with pytest.raises(ModelError):
        Trees(5).fit(x, y, n_classes=2).predict(x[:, :3])
