"""A model of the person's choice is shown in place of the head cross-validation chooses."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import GraphPosterior, LastLayerLaplace, MCDropout
from spin_nb.errors import Cancelled, ModelError
from spin_nb.models.ask import ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.fitted_model import FittedModel
from spin_nb.models.learner import Learner
from spin_nb.models.model_spec import parse_model_spec
from spin_nb.models.network import Network
from spin_nb.pool.features.neighbours import nearest, neighbours

torch = pytest.importorskip("torch")


class Blobs:
    """120 items of three classes; the last twenty arrive later."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.y = np.arange(120) % 3
        self.x = (rng.standard_normal((120, 5)) * 0.6 + np.eye(3, 5)[self.y] * 2).astype(np.float32)
        self.graph = neighbours(self.x[:100], 10)
        self.hood = nearest(self.x[:100], self.x[100:], 10)

    def learner(self, n: int = 30, **more) -> Learner:
        made = Learner(self.x[:100], *self.graph, 3, **more)
        made.reset(np.arange(n), self.y[:n])
        return made

    def fit(self, learner, model=None, posterior=None, n: int = 30, **more):
        return fit_heads(learner, np.arange(n), self.y[:n], spec=parse_model_spec(model, posterior), **more)


@pytest.fixture(scope="module")
def blobs():
    return Blobs()


def forest():
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(10)


def new_items(blobs, own):
    return own.predict_items(list(blobs.x[100:]), np.stack)


@pytest.mark.parametrize(
    ("model", "posterior", "head"),
    [
        (None, "dropout", "dropout"),
        (None, "ensemble", "ensemble"),
        (None, "laplace-all", "laplace-all"),
        (None, MCDropout, "MCDropout"),
        (None, MCDropout(n_hidden=16), "MCDropout"),
        (None, forest(), "RandomForestClassifier"),
        (None, forest, "forest"),
        (forest(), None, "RandomForestClassifier"),
        (forest, None, "forest"),
        (Network("mlp", steps=50), None, "Network"),
        (None, Network("mlp", steps=50), "Network"),
        ("mlp", "dropout", "mlp"),
        (torch.nn.Linear(5, 3), "graph", "Linear"),
        (MCDropout(n_hidden=16), None, "MCDropout"),
    ],
)
def test_what_was_asked_for_is_shown(blobs, model, posterior, head):
    made = blobs.learner()
    made.adopt(blobs.fit(made, model, posterior))
    assert made.head == head
    assert made.heads == [head, "graph", "linear", "mean"]
    testing.check_predictive(made.predictive(), 100, 3)
    new = new_items(blobs, made.fitted_model())
    testing.check_predictive(new, 20, 3)
    assert (new.mean.argmax(axis=1) == blobs.y[100:]).mean() > 0.8
    assert np.array_equal(made.predictive("linear").mean, made.predictive("linear").mean)
    assert len(ask(made, 3, np.arange(30, 100), strategy="bald").indices) == 3


@pytest.mark.parametrize(("posterior", "head"), [("laplace", "linear"), ("graph", "graph")])
def test_a_head_that_is_there_already_is_shown_by_its_word(blobs, posterior, head):
    made = blobs.learner()
    made.adopt(blobs.fit(made, posterior=posterior))
    assert made.head == head
    assert made.fitted_model() is None


@pytest.mark.parametrize(("model", "posterior"), [(None, "ensemble"), ("mlp", None), ("mlp", "dropout")])
def test_arrivals_are_answered_too_as_new_items_are(blobs, model, posterior):
    made = blobs.learner()
    made.adopt(blobs.fit(made, model, posterior))
    before, new = made.predictive().mean, new_items(blobs, made.fitted_model())
    made.extend(blobs.x[100:110], blobs.hood[0][:10], blobs.hood[1][:10])
    made.extend(blobs.x[110:], blobs.hood[0][10:], blobs.hood[1][10:], new.at(np.arange(10, 20)))
    after = made.predictive()
    assert np.array_equal(after.mean[:100], before)
    assert np.allclose(after.mean[100:], new.mean, atol=1e-5)
    drawn = after.draws(np.arange(98, 120), 6, 1)
    assert np.allclose(drawn[:, 2:], new.draws(np.arange(20), 6, 1), atol=1e-5), "the same functions for both"


def test_items_that_join_while_it_trains_are_caught_up_with(blobs):
    made = blobs.learner()
    fit = blobs.fit(made, posterior="dropout")
    made.extend(blobs.x[100:], *blobs.hood)
    made.adopt(fit)
    testing.check_predictive(made.predictive(), 120, 3)


def test_without_a_wish_the_mean_is_shown_and_the_heads_are_those_of_every_training(blobs):
    made = blobs.learner()
    fit = blobs.fit(made)
    assert fit.head == "mean"
    own = blobs.fit(made, posterior="dropout").validation
    assert set(fit.validation) - set(own) == {"trees"}  # not grown where another model was asked for
    assert all(own[head] == fit.validation[head] for head in ("graph", "linear"))


def test_a_failed_fit_leaves_the_last_good_model(blobs):
    from sklearn.linear_model import LogisticRegression

    made = blobs.learner()
    made.adopt(blobs.fit(made, posterior="ensemble"))
    before = made.predictive().mean
    with pytest.raises(ModelError, match="could not be fitted"):
        blobs.fit(made, posterior=LogisticRegression(C=-1.0))
    assert np.array_equal(made.predictive().mean, before)


def test_what_a_function_makes_must_be_a_posterior_or_a_model(blobs):
    made = blobs.learner()
    with pytest.raises(ModelError, match="3 is no posterior"):
        blobs.fit(made, posterior=lambda: 3)
    with pytest.raises(ModelError, match="3 is no posterior"):
        blobs.fit(made, lambda: 3)
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        blobs.fit(made, lambda: 1 / 0)


def test_what_a_model_of_ones_own_raises_or_returns_wrongly_is_said(blobs):
    class Mine:
        def __init__(self, gives):
            self.gives = gives

        def fit(self, features, y, *, n_classes):
            if self.gives == "no fit":
                raise OSError("the licence server is down")
            return None if self.gives == "nothing" else self

        def predict(self, features):
            return self.gives(features)

    logits = LastLayerLaplace().fit(blobs.x[:9], blobs.y[:9], n_classes=3)

    class Logits:
        def __init__(self, x):
            self.mean = logits.logits(x)
            self.epistemic = self.aleatoric = np.zeros(len(x))

    class Short(Logits):
        def __init__(self, x):
            super().__init__(x[1:])

    cases = [
        ("no fit", "licence server is down"),
        ("nothing", "returned None"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda x: x, "AttributeError"),
        (Logits, "gives no probabilities"),
        (Short, r"mean of shape \(\d+, 3\)"),
    ]
    made = blobs.learner()
    for gives, says in cases:
        with pytest.raises(ModelError, match=says) as caught:
            blobs.fit(made, Mine(gives))
        assert caught.value.do


def test_a_probability_rounded_below_nothing_does_not_end_the_asking(blobs):
    class Rounded:
        def __init__(self, x):
            self.mean = np.tile(np.array([0.5, 0.5 + 5e-7, -5e-7], np.float32), (len(x), 1))
            self.epistemic = self.aleatoric = np.zeros(len(x), np.float32)

    class Mine:
        def fit(self, features, y, *, n_classes):
            return self

        def predict(self, features):
            return Rounded(features)

    made = blobs.learner()
    made.adopt(blobs.fit(made, Mine()))
    assert made.head == "Mine"
    assert made.predictive().mean.min() == 0
    for word in ("auto", "entropy"):
        assert len(ask(made, 3, np.arange(30, 100), strategy=word).indices) == 3


class TestHeldOut:
    """Accuracy on labels the model has not seen, as much of it as is affordable."""

    @pytest.mark.parametrize("posterior", [LastLayerLaplace, GraphPosterior, forest()])
    def test_cheap_posteriors_are_judged_on_every_label(self, blobs, posterior):
        fit = blobs.fit(blobs.learner(), posterior=posterior)
        assert round(fit.validation[fit.head] * 30, 6) == int(fit.validation[fit.head] * 30 + 0.5)
        assert fit.validation[fit.head] > 0.7

    def test_what_takes_long_is_judged_on_a_fifth(self, blobs):
        fits = []

        def factory():
            fits.append(1)
            return torch.nn.Linear(5, 3)

        fit = blobs.fit(blobs.learner(), factory)
        assert len(fits) == 2, "once for all labels, once without a fifth"
        assert round(fit.validation["factory"] * 6, 6) == int(fit.validation["factory"] * 6 + 0.5)
        assert fit.validation["factory"] > 0.7

    def test_few_labels_say_nothing(self, blobs):
        assert "dropout" not in blobs.fit(blobs.learner(), posterior="dropout", n=19).validation
        assert (
            "LastLayerLaplace" not in blobs.fit(blobs.learner(), posterior=LastLayerLaplace, n=4).validation
        )

    def test_no_label_is_held_out_and_trained_on(self, blobs):
        """Labels drawn by chance cannot be guessed."""
        y = np.random.default_rng(0).integers(0, 3, 60)
        made = blobs.learner()
        for posterior in (forest(), "ensemble"):
            fit = fit_heads(made, np.arange(60), y, spec=parse_model_spec(posterior=posterior))
            assert fit.validation[fit.head] < 0.6


def test_progress_rises_and_a_person_may_cancel_at_every_step(blobs):
    made, heard = blobs.learner(), []
    blobs.fit(made, "mlp", progress=lambda part, words: heard.append((part, words)))
    parts = [part for part, _ in heard]
    assert parts == sorted(parts)
    assert parts[0] >= 0
    assert parts[-1] == 1
    told = {words.split(":")[0].split(" on ")[0] for _, words in heard}
    assert {"fine-tuning", "judging mlp", "mlp"} <= told
    for stop in range(0, len(heard), len(heard) // 7):
        seen = []

        def cancelled(stop=stop, seen=seen):
            return len(seen) > stop

        with pytest.raises(Cancelled):
            blobs.fit(made, "mlp", progress=lambda *_, seen=seen: seen.append(1), is_cancelled=cancelled)
        assert len(seen) <= stop + 3


def test_one_thread_at_a_time_asks_a_model(blobs):
    """Two answers at once would meet in a network's hooks and masks."""
    import threading
    import time

    busy, met = [], []

    class Slow(GraphPosterior):
        def predict(self, features):
            met.append(len(busy))
            busy.append(1)
            time.sleep(0.01)
            busy.pop()
            return super().predict(features)

    own = FittedModel("slow", Slow().fit(blobs.x, blobs.y, n_classes=3), None, 3)
    threads = [threading.Thread(target=new_items, args=(blobs, own)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [0] * 4


def test_nothing_is_asked_about_nothing(blobs):
    own = FittedModel("graph", GraphPosterior().fit(blobs.x, blobs.y, n_classes=3), None, 3)
    said = own.predict_items([], lambda items: np.zeros((0, 5), np.float32))
    assert said.mean.shape == (0, 3)
    assert said.draws(np.zeros(0, int), 2, 0).shape == (2, 0, 3)
