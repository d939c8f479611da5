"""The learner on real digits, its snapshot on disk, and what becomes of it when distilled."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spin_nb.bayes import LastLayerLaplace
from spin_nb.errors import (
    Cancelled,
    ModelError,
    NotTrainedError,
    QueryError,
    StorageError,
    UnknownWordError,
    VersionError,
)
from spin_nb.models.ask import ask
from spin_nb.models.distil import distil
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.head_selection import HEADS, Fit, split
from spin_nb.models.learner import Learner
from spin_nb.models.snapshot import Snapshot
from spin_nb.monitor import apply_temperature, inverse_temperature
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.types import Picked
from tests.models.cards import rewrite


class Digits:
    def __init__(self):
        from sklearn.datasets import load_digits

        images, y = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(y))
        self.images = list((images.reshape(-1, 8, 8) * 15.9).astype(np.uint8)[order])
        self.y = y.astype(np.int64)[order]
        self.encoder = PixelsPCA().fit(self.images[:500])
        x = self.encoder.encode(self.images)
        self.x, self.new, self.y_new = x[:500], x[500:900], self.y[500:900]
        self.graph = neighbours(self.x, 15)
        self.hood = nearest(self.x, self.new, 15)

    def learner(self):
        return Learner(self.x, *self.graph, 10, seed=0)


@pytest.fixture(scope="module")
def digits():
    return Digits()


@pytest.fixture(scope="module")
def asked(digits):
    """A learner after 60 labels asked one by one."""
    learner = digits.learner()
    for n in range(60):
        free = np.setdiff1d(np.arange(500), learner.graph.rows)
        row = int(ask(learner, 1, free, seed=n).indices[0])
        learner.label(row, digits.y[row])
    return learner


def test_sixty_labels_are_enough_for_digits(digits, asked):
    learner = digits.learner()
    rows, y = asked.graph.rows, asked.graph.y
    learner.reset(rows, y)
    fit = fit_heads(learner, rows, y)
    learner.adopt(fit)
    shown = learner.predict(digits.new, *digits.hood)
    assert (shown.mean.argmax(axis=1) == digits.y_new).mean() > 0.9
    assert set(fit.validation) == {"graph", "linear", "mean", "trees"}
    assert learner.head == fit.head in fit.validation


def test_every_head_beats_chance_and_sums_to_one(digits, asked):
    asked.adopt(fit_heads(asked, asked.graph.rows, asked.graph.y))
    for head in ("graph", "linear", "mean"):
        for predictive, y in (
            (asked.predictive(head), digits.y[:500]),
            (asked.predict(digits.new, *digits.hood, head), digits.y_new),
        ):
            assert np.allclose(predictive.mean.sum(axis=1), 1, atol=1e-5)
            assert (predictive.mean.argmax(axis=1) == y).mean() > 0.7
            assert predictive.epistemic.min() >= 0


def test_fit_changes_nothing_until_adopted(digits, asked):
    learner = digits.learner()
    learner.label(3, 4)
    before = learner.predictive().mean.copy()
    fit = fit_heads(learner, asked.graph.rows, asked.graph.y)
    assert np.array_equal(learner.predictive().mean, before)
    assert learner.head == "graph"
    learner.adopt(Fit("linear", fit.linear))
    assert learner.head == "linear"


def test_the_map_follows_a_label_and_its_undo(digits):
    learner = digits.learner()
    assert not learner.is_trained
    learner.label(0, 7)
    one = learner.predictive().mean
    assert learner.is_trained
    assert one[0].argmax() == 7
    learner.label(1, 2)
    assert not np.array_equal(learner.predictive().mean, one)
    learner.unlabel(1)
    assert np.allclose(learner.predictive().mean, one, atol=1e-4)


def test_one_label_trains_and_shows_the_graph(digits):
    fit = fit_heads(digits.learner(), [0], [3])
    assert (fit.head, fit.validation, fit.n_labels) == ("graph", {}, 1)


def test_one_class_and_duplicate_rows_train(digits):
    learner = digits.learner()
    rows = [5, 5, 6, 7, 8, 9]
    fit = fit_heads(learner, rows, [1] * 6)
    assert fit.validation["graph"] == 1.0


def test_progress_is_told_and_cancel_is_heard(digits, asked):
    told = []
    fit_heads(asked, asked.graph.rows, asked.graph.y, progress=lambda f, words: told.append(f))
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(Cancelled):
        fit_heads(asked, asked.graph.rows, asked.graph.y, is_cancelled=lambda: True)


@pytest.mark.parametrize("head", ["linear", "mean"])
def test_a_trained_head_follows_a_label_and_its_undo(digits, asked, head):
    learner = digits.learner()
    rows, y = asked.graph.rows, asked.graph.y
    learner.reset(rows, y)
    learner.adopt(fit_heads(learner, rows, y))
    before = learner.predictive(head).mean
    row = int(np.setdiff1d(np.arange(500), rows)[np.argmin(np.delete(before.max(axis=1), rows))])
    other = int(before[row].argsort()[-2])
    learner.label(row, other)
    assert learner.predictive(head).mean[row, other] > before[row, other] + 0.1
    snapshot = learner.freeze()
    learner.unlabel(row)
    assert np.allclose(learner.predictive(head).mean, before, atol=1e-4)
    assert snapshot.predictive(head).mean[row, other] > before[row, other] + 0.1
    for labelled in rows.tolist():
        learner.unlabel(labelled)
    assert np.isfinite(learner.predictive(head).mean).all()


def test_trees_that_did_not_come_back_from_disk_are_left_out_of_the_mean(digits, asked):
    linear = fit_heads(asked, asked.graph.rows, asked.graph.y).linear
    learner = digits.learner()
    learner.reset(asked.graph.rows, asked.graph.y)
    learner.adopt(Fit("mean", linear, powers={"graph": 0.9, "linear": 0.3, "trees": 0.8}))
    with_trees = learner.predictive().mean
    learner.adopt(Fit("mean", linear, powers={"graph": 0.9, "linear": 0.3}))
    assert np.array_equal(learner.predictive().mean, with_trees)
    assert learner.asks_by == "variance"


@pytest.fixture
def trained(digits, asked):
    """A learner of the same labels, trained; and 60 rows that nobody labelled."""
    learner = digits.learner()
    learner.reset(asked.graph.rows, asked.graph.y)
    learner.adopt(fit_heads(learner, asked.graph.rows, asked.graph.y))
    return learner, np.random.default_rng(0).permutation(np.setdiff1d(np.arange(500), asked.graph.rows))[:60]


def test_from_twenty_audits_on_the_mean_has_the_temperature_that_they_warrant(digits, trained):
    learner, rows = trained
    before, drawn = learner.predictive(), learner.predictive().draws(np.arange(500), 400, 0)
    others = [learner.predictive(head).mean for head in ("graph", "linear")]
    learner.calibrate(rows[:19], digits.y[rows[:19]])
    assert (learner.calibration.power, len(learner.calibration)) == (1.0, 0)
    assert np.array_equal(learner.predictive().mean, before.mean)
    learner.calibrate(rows[:20], digits.y[rows[:20]])
    power, without = inverse_temperature(before.mean[rows[:20]], digits.y[rows[:20]])
    assert learner.calibration.power == pytest.approx(power, rel=1e-3)
    assert np.allclose(learner.calibration.powers_at(rows[:21]), [*without, power], rtol=1e-3)
    after = learner.predictive()
    assert abs(np.log(power)) > 0.05
    assert np.allclose(after.mean, apply_temperature(before.mean, 1 / power), atol=1e-3)
    assert np.array_equal(after.mean.argmax(1), before.mean.argmax(1))
    # Its draws go with it: one function each, and their mean as sure as the mean.
    moved = (after.draws(np.arange(500), 400, 0).mean(0) - drawn.mean(0)).max(1)
    assert np.corrcoef(moved, (after.mean - before.mean).max(1))[0, 1] > 0.8
    for head, mean in zip(("graph", "linear"), others, strict=True):
        assert np.array_equal(learner.predictive(head).mean, mean)


def test_the_temperature_holds_for_new_items_and_follows_each_label_and_its_undo(digits, trained):
    learner, rows = trained
    new = learner.predict(digits.new[:50], digits.hood[0][:50], digits.hood[1][:50]).mean
    learner.calibrate(rows, digits.y[rows])
    power = learner.calibration.power
    again = learner.predict(digits.new[:50], digits.hood[0][:50], digits.hood[1][:50]).mean
    assert np.allclose(again, apply_temperature(new, 1 / power), atol=1e-3)
    row = int(np.setdiff1d(np.arange(500), [*rows, *learner.graph.rows])[0])
    learner.label(row, int(digits.y[row] + 1) % 10)
    snapshot, then = learner.freeze(), learner.calibration.power
    assert then != power
    learner.unlabel(row)
    assert learner.calibration.power == pytest.approx(power, rel=1e-4)
    assert snapshot.calibration.power == then
    learner.calibrate(rows[:0], digits.y[rows[:0]])
    assert np.allclose(
        learner.predict(digits.new[:50], digits.hood[0][:50], digits.hood[1][:50]).mean, new, atol=1e-5
    )


def test_a_learner_that_was_never_trained_has_no_temperature(digits, asked):
    rows = np.arange(100, 140)
    learner = digits.learner()
    learner.reset(asked.graph.rows, asked.graph.y)
    before = learner.predictive().mean
    learner.calibrate(rows, digits.y[rows])
    assert (learner.head, len(learner.calibration)) == ("graph", 0)
    assert np.array_equal(learner.predictive().mean, before)


def test_few_labels_are_left_out_one_by_one_many_in_fifths():
    assert split(30, 0).tolist() == list(range(30))
    assert np.bincount(split(103, 0)).tolist() == [21, 21, 21, 20, 20]


@pytest.mark.parametrize("word", ["auto", "entropy", "margin", "bald", "random"])
def test_every_word_asks_pool_rows_that_may_be_asked(asked, word):
    candidates = np.setdiff1d(np.arange(500), asked.graph.rows)
    picked = ask(asked, 5, candidates, strategy=word, pending=(int(candidates[0]),), seed=1)
    assert set(picked.indices.tolist()) <= set(candidates[1:].tolist())
    assert len(picked.indices) == 5
    assert picked.reason


def test_a_strategy_of_ones_own_sees_the_candidates(asked):
    seen = {}

    def mine(probs, draws, k, *, seed):
        seen.update(probs=probs.shape, draws=draws.shape)
        return Picked(np.arange(k), np.ones(k, np.float32), np.full(k, 0.5))

    picked = ask(asked, 2, [400, 401, 402], strategy=mine, seed=0)
    assert picked.indices.tolist() == [400, 401]
    assert seen == {"probs": (3, 10), "draws": (32, 3, 10)}


def test_asking_before_any_label_and_past_the_last_item(digits):
    learner = digits.learner()
    assert ask(learner, 3, np.arange(500), seed=0).reason.startswith("exploring")
    assert len(ask(learner, 2, np.arange(500), strategy="entropy", seed=0).indices) == 2
    for word in ("auto", "entropy"):
        with pytest.raises(QueryError):
            ask(learner, 1, [], strategy=word, seed=0)
    with pytest.raises(UnknownWordError, match="entropy"):
        ask(learner, 1, [1], strategy="entropi", seed=0)


def test_arrivals_join_the_pool(digits):
    learner = digits.learner()
    learner.reset(np.arange(50), digits.y[:50])
    learner.adopt(fit_heads(learner, np.arange(50), digits.y[:50]))
    learner.extend(digits.new[:20], digits.hood[0][:20], digits.hood[1][:20])
    for head in ("graph", "linear", "mean"):
        alone = learner.predict(digits.new[:20], digits.hood[0][:20], digits.hood[1][:20], head)
        assert np.allclose(learner.predictive(head).mean[500:], alone.mean, atol=1e-4)
    learner.label(510, 3)
    assert fit_heads(learner, learner.graph.rows, learner.graph.y).n_labels == 51


def test_bad_input_is_refused(digits):
    learner = digits.learner()
    with pytest.raises(ModelError, match="no labels"):
        fit_heads(learner, [], [])
    with pytest.raises(ModelError, match="outside the pool"):
        fit_heads(learner, [500], [1])
    with pytest.raises(ModelError, match="class index 10"):
        learner.label(0, 10)
    with pytest.raises(ModelError, match="head"):
        learner.predictive("forest")
    with pytest.raises(NotTrainedError):
        learner.predictive("mean")
    with pytest.raises(ModelError, match="NaN"):
        learner.predict(np.full((1, digits.x.shape[1]), np.nan), digits.hood[0][:1], digits.hood[1][:1])


def test_a_distilled_head_agrees_is_as_sure_and_doubts_as_much(digits, asked):
    graph = asked.predictive("graph")
    probs = graph.mean
    head, agreement = distil(digits.x, probs, n_labels=60)
    same = head.predict(digits.x).mean.argmax(axis=1) == probs.argmax(axis=1)
    assert agreement == pytest.approx(same.mean(), abs=0.01)
    assert agreement > 0.9
    assert head.predict(digits.x).mean.max(1).mean() == pytest.approx(probs.max(1).mean(), abs=0.06)
    assert head.predict(digits.x).epistemic.mean() == pytest.approx(graph.epistemic.mean(), rel=0.25)
    many, _ = distil(digits.x, probs)
    assert many.predict(digits.x).epistemic.mean() < 0.6 * head.predict(digits.x).epistemic.mean()
    # No other multiple of its logits is nearer.
    nearest = cross_entropy(probs, head.predict(digits.x).mean)
    for power in (0.9, 1.1):
        assert cross_entropy(probs, head.sharpen(power).predict(digits.x).mean) > nearest


def cross_entropy(probs, other):
    return -(probs * np.log(np.maximum(other, 1e-12))).sum(1).mean()


@pytest.fixture
def snapshot(digits):
    linear = LastLayerLaplace().fit(digits.x[:60], digits.y[:60], n_classes=10)
    powers = {"graph": 0.9, "linear": 0.4}
    fit = Fit("mean", linear.cool(0.1), {"graph": 0.9, "linear": 0.8, "mean": 0.95}, 60, powers=powers)
    return Snapshot.of("m1", [str(d) for d in range(10)], digits.encoder, fit, 60)


def test_a_snapshot_comes_back_the_same(digits, snapshot, tmp_path):
    snapshot.save(tmp_path / "models" / "m1")
    again = Snapshot.load(tmp_path / "models" / "m1")
    assert again.card() == snapshot.card() == json.loads(json.dumps(snapshot.card()))
    assert np.array_equal(again.encoder.encode(digits.images[:9]), digits.encoder.encode(digits.images[:9]))
    assert np.array_equal(again.linear.predict(digits.new).mean, snapshot.linear.predict(digits.new).mean)
    learner = digits.learner()
    assert (again.fit.powers, again.linear.temperature) == ({"graph": 0.9, "linear": 0.4}, 0.1)
    learner.adopt(again.fit)
    assert learner.head == "mean"
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == ["m1"]


def test_a_snapshot_is_never_overwritten(snapshot, tmp_path):
    snapshot.save(tmp_path / "m1")
    with pytest.raises(StorageError):
        snapshot.save(tmp_path / "m1")


def test_an_encoder_whose_weights_are_not_installed_does_not_spoil_the_model(snapshot, tmp_path, monkeypatch):
    from dataclasses import replace

    from spin_nb.pool.encoders import pretrained

    class Lite:
        name = "efficientnet-lite"

        def to_arrays(self):
            return {}

    replace(snapshot, encoder=Lite()).save(tmp_path / "m1")
    monkeypatch.setattr(pretrained, "find_spec", lambda module: None)
    assert Snapshot.load(tmp_path / "m1").encoder is None


def test_an_encoder_without_a_word_must_be_given(digits, snapshot, tmp_path):
    from dataclasses import replace

    class Unregistered:
        name = "function mine"

        def to_arrays(self):
            return {}

    replace(snapshot, encoder=Unregistered()).save(tmp_path / "m1")
    assert Snapshot.load(tmp_path / "m1").encoder is None
    assert Snapshot.load(tmp_path / "m1", digits.encoder).encoder is digits.encoder


def test_damaged_missing_and_newer_snapshots_are_refused(snapshot, tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        Snapshot.load(tmp_path / "none")
    snapshot.save(tmp_path / "m1")
    card = tmp_path / "m1" / "card.json"
    rewrite(card, card.read_text().replace('"schema": 2', '"schema": 3'))
    with pytest.raises(VersionError, match="newer"):
        Snapshot.load(tmp_path / "m1")
    rewrite(card, "{")
    with pytest.raises(ModelError, match="cannot be read"):
        Snapshot.load(tmp_path / "m1")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("validation", value) for value in (None, "x", -1, {"graph": "x"})),
        *(("model_id", value) for value in (None, 3, ["m1"])),
        *(("own", value) for value in ("x", -1, [], 0)),
        *(("classes", value) for value in (None, "x", [], [1, 2], {})),
        *(("encoder", value) for value in (None, "x", {"name": 3, "settings": {}}, {"name": None})),
        *(("agreement", value) for value in (None, "x", True)),
        *(("n_labels", value) for value in (None, -1, 2.5)),
        *(("schema", value) for value in (None, "2", [])),
        ("head", 3),
        ("created", None),
        *(("sha256", value) for value in ("x", [], {"model.safetensors": 3})),
    ],
)
def test_an_entry_of_the_card_that_cannot_be_one(snapshot, tmp_path, name, wrong):
    snapshot.save(tmp_path / "m1")
    card = tmp_path / "m1" / "card.json"
    rewrite(card, json.dumps(json.loads(card.read_text()) | {name: wrong}))
    with pytest.raises(ModelError, match=f"cannot be read: '{name}' in its card") as caught:
        Snapshot.load(tmp_path / "m1")
    assert "Train again" in caught.value.do


def test_arrays_that_changed_are_refused_and_cards_without_checksums_still_load(snapshot, tmp_path):
    snapshot.save(tmp_path / "m1")
    arrays, card = tmp_path / "m1" / "model.safetensors", tmp_path / "m1" / "card.json"
    changed = bytearray(arrays.read_bytes())
    changed[-3] ^= 255
    arrays.write_bytes(changed)
    with pytest.raises(ModelError, match="cannot be read: it is not what was saved") as caught:
        Snapshot.load(tmp_path / "m1")
    assert "Train again" in caught.value.do
    older = json.loads(card.read_text())
    del older["sha256"]
    rewrite(card, json.dumps(older))
    assert Snapshot.load(tmp_path / "m1").model_id == "m1"
    rewrite(card, "[]")
    with pytest.raises(ModelError, match="cannot be read"):
        Snapshot.load(tmp_path / "m1")


def test_a_prediction_is_made_once_until_something_changes(digits, trained):
    learner, rows = trained
    row = int(np.setdiff1d(np.arange(500), [*rows, *learner.graph.rows])[0])
    earlier = {head: learner.predictive(head) for head in HEADS}
    assert all(learner.predictive(head) is earlier[head] for head in HEADS)
    snapshot, means = learner.freeze(), {head: earlier[head].mean.copy() for head in HEADS}
    learner.label(row, int(digits.y[row] + 1) % 10)
    for head in HEADS:
        assert not np.array_equal(learner.predictive(head).mean, means[head])
        assert np.array_equal(earlier[head].mean, means[head]), "what was given out stays"
        assert snapshot.predictive(head) is earlier[head]
    learner.unlabel(row)
