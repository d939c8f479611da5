"""What a person may hand over by mistake: each is refused with what to do, and what was fitted before stays."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import (
    Committee,
    Ensemble,
    GraphPosterior,
    LastLayerRegression,
    LiveGraph,
    MCDropout,
    decompose,
    entropy,
)
from spin_nb.errors import ModelError
from spin_nb.registry import resolve, words

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore")
WORDS = sorted(words("posterior"))
NETWORKS = ["dropout", "laplace-all", "laplace-subnet"]


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + np.eye(3, 5)[y] * 1.5
    return x.astype(np.float32), y


def make(word, *args):
    return resolve("posterior", word)(*args)


def refused(call, says, do):
    with pytest.raises(ModelError, match=says) as caught:
        call()
    assert do in caught.value.do
    assert caught.value.what.endswith(".") or ":" in caught.value.what


@pytest.mark.parametrize("word", WORDS)
def test_one_class_only_and_classes_without_a_label(blobs, word):
    x, y = blobs
    for rows, n_classes in ((y == 2, 3), (y < 2, 5)):
        predictive = make(word).fit(x[rows], y[rows], n_classes=n_classes).predict(x)
        testing.check_predictive(predictive, 60, n_classes)
        seen = np.unique(y[rows])
        assert np.isin(predictive.mean[rows].argmax(axis=1), seen).mean() > 0.9
        unseen = np.setdiff1d(np.arange(n_classes), seen)
        assert (predictive.mean[:, unseen] > 0).all(), "a class without a label stays possible"


@pytest.mark.parametrize("word", WORDS)
def test_one_item_and_none(blobs, word):
    x, y = blobs
    posterior = make(word).fit(x, y, n_classes=3)
    whole, one, none = posterior.predict(x), posterior.predict(x[7:8]), posterior.predict(x[:0])
    assert np.allclose(one.mean, whole.mean[7:8], atol=1e-5)
    assert np.allclose(one.epistemic, whole.epistemic[7:8], atol=1e-5)
    for name, shape in (("mean", (0, 3)), ("epistemic", (0,)), ("aleatoric", (0,)), ("zero_one", (0,))):
        assert getattr(none, name).shape == shape
    assert none.draws(np.arange(0), 4, 0).shape == (4, 0, 3)


@pytest.mark.parametrize("word", WORDS)
def test_features_of_another_width(blobs, word):
    x, y = blobs
    posterior = make(word).fit(x, y, n_classes=3)
    refused(lambda: posterior.predict(x[:, :4]), "5", "")
    refused(lambda: posterior.predict(x[0]), r"\(n, ", "")
    refused(lambda: posterior.predict(np.where(x == x[3, 2], np.nan, x)), "first in row 3", "Repair or drop")


@pytest.mark.parametrize("word", WORDS)
def test_numbers_to_regress(blobs, word):
    x, _ = blobs
    refused(lambda: make(word).fit(x, x[:, 0], n_classes=3), "numbers to regress", "LastLayerRegression")
    assert LastLayerRegression().fit(x, x[:, 0]).predict(x).variance.shape == (60, 1)


@pytest.mark.parametrize("word", WORDS)
def test_labels_that_do_not_fit(blobs, word):
    x, y = blobs
    refused(lambda: make(word).fit(x, y, n_classes=2), "class index 2 is not in 0..1", "n_classes")
    refused(lambda: make(word).fit(x, y - 1, n_classes=3), "class index -1", "labels")
    refused(lambda: make(word).fit(x, y[:9], n_classes=3), "must be 60 class indices", "one integer per row")
    for n_classes in (1, -1, 3.5, None, "3"):
        refused(lambda n=n_classes: make(word).fit(x, y, n_classes=n), "two classes or more", "more classes")


@pytest.mark.parametrize("word", WORDS)
def test_features_without_a_column(blobs, word):
    x, y = blobs
    refused(lambda: make(word).fit(x[:, :0], y, n_classes=3), r"\(60, 0\) hold no numbers", "one column")


@pytest.mark.parametrize("word", WORDS)
def test_a_fit_that_is_refused_leaves_what_was_there(blobs, word):
    x, y = blobs
    posterior = make(word).fit(x, y, n_classes=3)
    before = posterior.predict(x).mean
    with pytest.raises(ModelError):
        posterior.fit(np.full((9, 2), np.inf, np.float32), y[:9], n_classes=4)
    refused(lambda: posterior.fit(x[:0, :2], y[:0], n_classes=4), "nothing to fit", "Label an item")
    assert np.array_equal(posterior.predict(x).mean, before)


def test_an_estimator_that_fails_leaves_the_committee_that_was_there(blobs):
    from sklearn.naive_bayes import GaussianNB

    class Tired(GaussianNB):
        def fit(self, x, y):
            if len(y) < 20:
                raise ValueError("too tired")
            return super().fit(x, y)

    x, y = blobs
    committee = Committee(Tired(), 4).fit(x, y, n_classes=3)
    before = committee.predict(x).mean
    refused(lambda: committee.fit(x[:9, :2], y[:9], n_classes=3), "too tired", "another estimator")
    assert np.array_equal(committee.predict(x).mean, before)


def ending(*last):
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.3), *last)


def filled(value):
    net = ending(nn.Linear(8, 3))
    nn.init.constant_(net[0].weight, value)
    return net


@pytest.mark.parametrize("word", NETWORKS)
def test_networks_that_do_not_fit(blobs, word):
    x, y = blobs
    for net, says, do in (
        (ending(nn.Linear(8, 3), nn.Softmax(1)), "gives probabilities, logits are due", "Remove the softmax"),
        (ending(nn.Linear(8, 4)), r"gives shape \(60, 4\) for 60 items and 3 classes", "3 outputs"),
        (
            nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 3)),
            "fails on inputs of shape",
            "made for these inputs",
        ),
        (filled(float("nan")), "loss became nan after 0 of", "Scale the inputs"),
        (filled(float("inf")), "loss became", "Scale the inputs"),
        ("a word", "is no torch network", "without arguments"),
        (lambda: 1 / 0, "division by zero", "without arguments"),
    ):
        refused(lambda net=net: make(word, net).fit(x, y, n_classes=3), says, do)
    refused(lambda: make(word, filled(9.0)).fit(3e37 * x, y, n_classes=3), "loss became", "Scale the inputs")
    frozen = ending(nn.Linear(8, 3)).requires_grad_(False)
    refused(lambda: make(word, frozen).fit(x, y, n_classes=3), "no parameter to train", "requires_grad")


def test_laplace_torch_is_not_allowed_to_end_the_process(blobs):
    """Where a curvature has no eigenvalues it calls ``exit()``."""
    x, y = blobs
    refused(
        lambda: make("laplace-all", filled(3.0)).fit(1e30 * x, y, n_classes=3),
        "finds no curvature for Sequential: BackPackGGN: no eigenvalues",
        "the last layer alone",
    )


@pytest.mark.parametrize("word", NETWORKS)
def test_a_batch_of_one_through_batch_norm(blobs, word):
    x, y = blobs
    net = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    predictive = make(word, net).fit(x[:1], y[:1], n_classes=3).predict(x[:1])
    testing.check_predictive(predictive, 1, 3)
    assert predictive.mean[0].argmax() == y[0]


def test_logits_where_probabilities_are_due():
    logits = np.random.default_rng(0).normal(0, 3, (4, 5, 3)).astype(np.float32)
    for call in (lambda: entropy(logits[0]), lambda: decompose(logits)):
        refused(call, "no probabilities: they go from", "softmax")
    refused(lambda: entropy([[np.nan, 1.0]]), "no probabilities", "NaN")
    refused(lambda: make("laplace").fit(logits[0], logits[0], n_classes=3), "are not", "class probabilities")


def test_settings_that_make_no_sense():
    from sklearn.naive_bayes import GaussianNB

    for call in (
        lambda: Ensemble(1),
        lambda: Ensemble(2.5),
        lambda: Ensemble(n_hidden=-1),
        lambda: Ensemble(n_hidden="a"),
        lambda: MCDropout(p=1.0),
        lambda: MCDropout(p="a"),
        lambda: MCDropout(n_hidden=0),
        lambda: make("laplace-all").__class__(n_hidden=0),
        lambda: make("laplace-subnet").__class__(n_weights=2.5),
        lambda: Committee(GaussianNB(), n_members="a"),
        lambda: GraphPosterior(0),
        lambda: GraphPosterior(float("nan")),
        lambda: GraphPosterior(-1),
        lambda: LiveGraph(np.ones((3, 2), np.float32), 2, noise=0),
        lambda: LiveGraph(np.ones((3, 2), np.float32), 1),
        lambda: make("laplace", "banded"),
        lambda: resolve("posterior", "laplace-subnet")(n_weights=10**6),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.do
