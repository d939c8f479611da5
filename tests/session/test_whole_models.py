"""``s.train(model=...)`` through the public door: networks, classifiers and models of one's own, on real digits."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import testing
from spin_nb.errors import Cancelled, ModelError, PoolError, SpinError, UnknownWordError
from spin_nb.session.runtime.jobs import Job

torch = pytest.importorskip("torch")
nn = torch.nn


class Digits300:
    """300 digits to label, 400 that no session has seen."""

    def __init__(self) -> None:
        sample = spin.samples.digits()
        self.images, self.new = sample.items[:300], sample.items[300:700]
        self.classes = list(sample.classes)
        self.names = np.array(sample.labels)

    def label(self, s, n: int) -> None:
        rng = np.random.default_rng(0)
        rows = rng.permutation(300)[:n]
        s.label({s.pool.ids[row]: str(self.names[row]) for row in rows})

    def right(self, predicted) -> float:
        return float((np.array(predicted.labels) == self.names[300:700]).mean())


@pytest.fixture(scope="module")
def digits():
    return Digits300()


def small():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
    )


@pytest.fixture
def labelled(project, digits):
    def open_(n: int = 40, **kwargs):
        s = project(**kwargs)
        digits.label(s, n)
        return s

    return open_


@pytest.fixture
def heard(monkeypatch):
    """What training tells its handle, (fraction, words)."""
    told, report = [], Job.report

    def spy(handle, progress, message):
        if handle.name == "Training":
            told.append((progress, message))
        report(handle, progress, message)

    monkeypatch.setattr(Job, "report", spy)
    return told


class TestWhatIsShown:
    def test_a_cnn_reads_digits_it_has_not_seen(self, labelled, digits):
        s = labelled(100)
        report = s.train("cnn", show=True, wait=True)
        assert report.head == s.model.head == "cnn"
        assert s.model.heads == ["cnn", "graph", "linear", "mean"]
        new = s.predict(digits.new)
        testing.check_predictive(new._predictive, 400, 10)
        assert digits.right(new) > 0.7
        assert digits.right(s.predict(digits.new, head="graph")) > 0.7
        assert 0.7 < report.validation["cnn"] <= 1
        assert set(report.validation) == {"graph", "linear", "mean", "cnn"}

    def test_every_way_to_look_at_it_works(self, labelled, digits):
        s = labelled(40)
        s.audit.share = 0.5
        for id in s.ask(8).ids:
            s.label(id, str(digits.names[s.pool.row(id)]))
        s.train(small(), "dropout", show=True, wait=True)
        testing.check_predictive(s.model.predictive, 300, 10)
        known = s.predict(s.pool.ids[:5])
        assert np.array_equal(known.mean, s.model.predictive.mean[:5])
        assert np.allclose(s.predict(digits.images[:5]).mean, known.mean, atol=1e-5), (
            "a net needs no neighbours"
        )
        assert len(s.audit.predictions) == s.accuracy.n == 4
        assert len(s.predict(digits.new[:2])._audits) == 4
        card, _ = s._channel.card(s.pool.ids[0])
        assert card["epistemic"] == pytest.approx(float(s.model.predictive.epistemic[0]))
        for strategy in ("bald", "entropy", "auto"):
            assert len(s.ask(2, strategy=strategy)) == 2
        report = s.watch(digits.new[:20], wait=True)
        assert report.n == 20
        assert np.allclose(s.model.predictive.mean[300:], s.predict(digits.new[:20]).mean, atol=1e-5)
        assert s.model.predictive.draws(np.array([0, 319]), 3, 0).shape == (3, 2, 10)
        assert s.calibration is not None

    def test_a_label_moves_the_graph_underneath_and_not_the_model_shown(self, labelled):
        s = labelled(40)
        s.train(small(), show=True, wait=True)
        shown, graph = (
            s.model.predictive.mean.copy(),
            s._live.pool_model.learner.predictive("graph").mean.copy(),
        )
        s.label(s.ask(1).ids[0], "3")
        assert np.array_equal(s.model.predictive.mean, shown)
        assert not np.array_equal(s._live.pool_model.learner.predictive("graph").mean, graph)

    def test_it_is_exported_as_what_says_the_same(self, labelled, tmp_path):
        s = labelled(60)
        s.train(small(), show=True, wait=True)
        report = s.export(tmp_path / "bundle")
        assert report.largest_difference <= 1e-4
        assert report.agreement > 0.8

    def test_without_a_model_the_better_head_is_shown_again(self, labelled):
        s = labelled(30)
        s.train("mlp", show=True, wait=True)
        assert s.train(wait=True).head in ("graph", "linear", "mean")
        assert "mlp" not in s.model.heads


class TestWhatMayBePassed:
    def test_a_classifier_is_a_committee(self, labelled, digits):
        from sklearn.ensemble import RandomForestClassifier

        s = labelled(100)
        report = s.train(RandomForestClassifier(30), show=True, wait=True)
        assert s.model.head == "RandomForestClassifier"
        assert digits.right(s.predict(digits.new)) > 0.5
        assert report.validation["RandomForestClassifier"] > 0.5

    def test_a_factory_is_called_for_every_fit(self, labelled):
        s, made = labelled(30), []

        def net():
            made.append(1)
            return small()

        s.train(net, wait=True)
        once = len(made)
        assert once == 2, "one fit to all labels, one without a fifth"
        s.train(net, wait=True)
        assert len(made) == 2 * once

    def test_a_module_begins_where_it_was_and_two_rounds_agree(self, labelled):
        s, net = labelled(30), small()
        before = {name: value.clone() for name, value in net.state_dict().items()}
        s.train(net, wait=True)
        first = s.predict(s.pool.ids, head="Sequential").mean
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
        assert net.training, "not even its mode is changed"
        with torch.no_grad():
            net[1].weight.zero_()
        s.train(net, wait=True)
        assert np.array_equal(s.predict(s.pool.ids, head="Sequential").mean, first)

    def test_a_model_of_ones_own_takes_items_and_tells_how_far_it_is(self, labelled, digits, heard):
        class Nearest:
            """The class of the nearest picture, two to one."""

            inputs = "items"
            form = {"size": 4}  # noqa: RUF012

            def fit(self, inputs, y, *, n_classes, progress=None, is_cancelled=None):
                assert inputs.shape[1:] == (1, 4, 4)
                progress(0.5, "looking")
                self.known = inputs.reshape(len(inputs), -1), y, n_classes
                return self

            def predict(self, inputs):
                x, y, n_classes = self.known
                gaps = ((inputs.reshape(len(inputs), 1, -1) - x) ** 2).sum(2)
                return Fixed((np.eye(n_classes)[y[gaps.argmin(1)]] * 2 + 0.1) / (2 + 0.1 * n_classes))

        class Fixed:
            def __init__(self, mean):
                self.mean = mean.astype(np.float32)
                self.epistemic = self.aleatoric = np.zeros(len(mean), np.float32)

            def draws(self, rows, S, seed):
                return np.stack([self.mean[rows]] * S)

        s = labelled(60)
        s.train(Nearest, show=True, wait=True)
        assert "looking" in [words for _, words in heard]
        assert s.model.head == "Nearest"
        assert digits.right(s.predict(digits.new)) > 0.6

    def test_texts_and_mixed_rows_are_seen_through_the_encoder(self, tmp_path):
        texts = [f"{a} {b} {c}" for a in ("red", "blue") for b in ("car", "ship", "bus") for c in "abcde"]
        rows = [{"size": float(i % 2), "kind": "ab"[i % 2], "n": i} for i in range(30)]
        import polars as pl

        for name, pool in (("texts", texts), ("rows", pl.DataFrame(rows))):
            s = spin.open(tmp_path / f"{name}.spin", pool=pool, classes=["even", "odd"])
            width = s._live.pool_model.features.shape[1]
            s.label({id: ("even", "odd")[row % 2] for row, id in enumerate(s.pool.ids[:10])})
            s.train(nn.Linear(width, 2), show=True, wait=True)
            assert s.model.head == "Linear"
            assert s.predict(texts[:3] if name == "texts" else rows[:3]).mean.shape == (3, 2)
            s.train("mlp", show=True, wait=True)
            with pytest.raises(ModelError, match="no pictures") as caught:
                s.train("cnn", show=True, wait=True)
            assert "mlp" in caught.value.do
            assert s.model.head == "mlp"
            s.close()

    def test_numbers_are_seen_as_they_are_by_ones_own_network(self, tmp_path):
        x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
        seen = []

        class Net(nn.Linear):
            def forward(self, given):
                seen.append(given.detach().numpy().copy())
                return super().forward(given)

        s = spin.open(tmp_path / "p.spin", pool=x, classes=["a", "b"])
        s.label({s.pool.ids[0]: "a", s.pool.ids[1]: "b"})
        s.train(lambda: Net(3, 2), show=True, wait=True)
        assert {tuple(row) for row in seen[0]} <= {tuple(row) for row in x}
        s.close()


class TestWhatGoesWrong:
    """Each is a SpinError with a next step, told by the handle and by ``s.problem``; the last good model stays."""

    @pytest.fixture
    def s(self, labelled):
        s = labelled(30)
        s.train("mlp", show=True, wait=True)
        return s

    def refused(self, s, model, says, posterior=None, kind=ModelError, at_once=False):
        before, told = s.model.predictive.mean.copy(), []
        s.events.problem.connect(told.append)
        if at_once:
            with pytest.raises(kind, match=says) as caught:
                s.train(model, posterior)
        else:
            run = s.train(model, posterior)
            with pytest.raises(kind, match=says) as caught:
                run.result(120)
            assert run.status == "failed"
            assert told == [s.problem]
            assert caught.value.what in s.problem
            assert caught.value.do in s.problem
            assert s.problem in repr(s)
        assert caught.value.do
        assert s.model.head == "mlp"
        assert np.array_equal(s.model.predictive.mean, before)

    def test_a_net_that_does_not_end_in_a_linear_layer(self, s):
        self.refused(s, nn.Sequential(*small(), nn.Tanh()), "not linear")

    def test_a_net_of_another_number_of_classes(self, s):
        self.refused(s, nn.Sequential(nn.Flatten(), nn.Linear(64, 7)), "10 classes")

    def test_a_net_for_other_items(self, s):
        self.refused(s, nn.Linear(63, 10), "fails on inputs")

    def test_a_net_that_gives_probabilities(self, s):
        self.refused(s, nn.Sequential(*small(), nn.Softmax(1)), "logits are due")

    def test_a_loss_that_is_not_finite(self, s):
        net = small()
        with torch.no_grad():
            net[-1].bias.fill_(float("nan"))
        self.refused(s, net, "loss became nan")

    def test_a_net_without_dropout_layers_gets_a_dropout_head(self, s):
        s.train(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), "dropout", show=True, wait=True)
        assert s.model.head == "Sequential"

    def test_a_classifier_whose_rows_do_not_sum_to_one(self, s):
        from sklearn.naive_bayes import GaussianNB

        class Logits(GaussianNB):
            def predict_proba(self, x):
                return np.log(super().predict_proba(x) + 1e-3)

        self.refused(s, Logits(), "gives no probabilities")

    def test_a_classifier_that_cannot_be_fitted(self, s):
        from sklearn.linear_model import LogisticRegression

        self.refused(s, LogisticRegression(C=-1.0), "could not be fitted")

    def test_a_regressor_or_no_model_at_all(self, s):
        from sklearn.linear_model import LinearRegression

        self.refused(s, LinearRegression(), "is a regressor", at_once=True)
        self.refused(s, 3, "3 is no model", at_once=True)
        self.refused(s, True, "True is no model", at_once=True)
        self.refused(s, "cn", "did you mean 'cnn'", kind=UnknownWordError, at_once=True)
        self.refused(s, "cnn", "did you mean", posterior="laplac", kind=UnknownWordError, at_once=True)

    def test_a_factory_that_fails(self, s):
        self.refused(s, lambda: 1 / 0, "ZeroDivisionError")
        self.refused(s, lambda: None, "None is no posterior")

    def test_a_model_that_wants_items_which_are_no_numbers(self, tmp_path):
        class Wants:
            inputs = "items"

            def fit(self, inputs, y, *, n_classes, progress=None, is_cancelled=None):
                return self

            def predict(self, inputs):
                raise AssertionError

        s = spin.open(tmp_path / "p.spin", pool=["one", "two", "three"], classes=["a", "b"])
        s.label(s.pool.ids[0], "a")
        with pytest.raises(PoolError, match="needs numbers"):
            s.train(Wants(), show=True, wait=True)
        assert s.model.head == "graph"
        s.close()

    @pytest.mark.parametrize("model", ["mlp", "cnn", small])
    @pytest.mark.parametrize("n", [1, 3])
    def test_one_label_or_one_class_only_trains(self, project, digits, model, n):
        s = project()
        s.label(dict.fromkeys(s.pool.ids[:n], "4"))
        s.train(model, show=True, wait=True)
        testing.check_predictive(s.model.predictive, 300, 10)
        assert s.problem is None

    def test_a_training_that_succeeds_clears_the_problem(self, s):
        self.refused(s, nn.Linear(63, 10), "fails on inputs")
        s.train("mlp", show=True, wait=True)
        assert s.problem is None


class Slow(nn.Module):
    """Waits in its first forward pass until it may go on."""

    begun, go_on = threading.Event(), threading.Event()

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x):
        Slow.begun.set()
        Slow.go_on.wait(120)
        return self.net(x)


class TestMeanwhile:
    @pytest.fixture(autouse=True)
    def wait(self):
        Slow.begun.clear()
        Slow.go_on.clear()
        yield
        Slow.go_on.set()

    def test_labels_and_arrivals_that_come_while_it_trains_are_not_lost(self, labelled, digits):
        s = labelled(30)
        run = s.train(Slow)
        assert Slow.begun.wait(120)
        ids = s.ask(3).ids
        s.label(dict.fromkeys(ids, "5"))
        s.watch(digits.new[:20], wait=True)
        Slow.go_on.set()
        report = run.result(120)
        assert report.n_labels == 30
        assert len(s.labels) == 33
        assert len(s.model.predictive.mean) == len(s.pool) == 320
        assert len(s._live.pool_model.learner.graph.rows) == 33 - s.accuracy.n
        assert s.train("mlp", show=True, wait=True).n_labels == 33 - s.accuracy.n

    def test_cancelling_keeps_the_last_model(self, labelled):
        s = labelled(30)
        s.train("mlp", show=True, wait=True)
        before = s.model.predictive.mean.copy()
        run = s.train(Slow)
        assert Slow.begun.wait(120)
        run.cancel()
        Slow.go_on.set()
        with pytest.raises(SpinError, match="was cancelled"):
            run.result(120)
        assert run.status == "cancelled"
        assert s.model.head == "mlp"
        assert s.problem is None
        assert np.array_equal(s.model.predictive.mean, before)

    def test_the_same_asked_for_twice_is_one_training_and_another_is_another(self, labelled):
        s = labelled(30)
        s.train(Slow)
        assert Slow.begun.wait(120)
        net = small()
        first = s.train(net)
        assert s.train(net) is first
        assert s.train(net, "graph") is not first
        Slow.go_on.set()

    def test_whoever_looks_does_not_wait_for_the_pool_to_be_asked(self, labelled, digits, monkeypatch):
        """The numbers of the whole pool are there when training lands: a view computes nothing."""
        s = labelled(30)
        s.train("mlp", show=True, wait=True)
        own = s._live.pool_model.learner.fitted_model()
        monkeypatch.setattr(own, "_predict", None)
        s.label(s.ask(1).ids[0], "3")
        assert s.model.predictive.mean.shape == (300, 10)
        assert s.model.predictive.epistemic.shape == (300,)

    def test_progress_is_heard_from_the_network_and_from_the_pool(self, labelled, heard):
        labelled(30).train("mlp", show=True, wait=True)
        parts = [part for part, _ in heard]
        assert parts == sorted(parts)
        assert any("fine-tuning" in words for _, words in heard)
        assert any("of 300 items" in words for _, words in heard)


def test_a_model_may_stop_itself_once_it_is_cancelled(labelled):
    begun = threading.Event()

    class Patient:
        inputs = "features"

        def fit(self, inputs, y, *, n_classes, progress=None, is_cancelled=None):
            begun.set()
            while not is_cancelled():
                threading.Event().wait(0.01)
            raise Cancelled

        def predict(self, inputs):
            raise AssertionError

    s = labelled(30)
    run = s.train(Patient)
    assert begun.wait(120)
    run.cancel()
    with pytest.raises(SpinError, match="was cancelled"):
        run.result(120)
    assert s.model.head == "graph"
