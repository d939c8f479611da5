"""Trees in the mean: they lead it on a table they suit, count for nothing elsewhere, and ask for what is rare."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.bayes.trees import Trees
from spin_nb.errors import Cancelled
from spin_nb.models.ask import ASKS_PER_EXPLORING_ASK, ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.fitting import validation_parts
from spin_nb.models.learner import Learner
from spin_nb.models.model_spec import parse_model_spec
from spin_nb.models.tree_head import NAME
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.query import auto


class Table:
    """2,000 rows of eight columns; one in twenty fails: two columns too far apart, or a third too high."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((2100, 8)).astype(np.float32)
        fails = (np.abs(self.x[:, 0] - self.x[:, 1]) > 3) | (self.x[:, 2] > 2.2)
        self.y = fails.astype(np.int64)
        self.graph = neighbours(self.x[:2000], 15)
        self.hood = nearest(self.x[:2000], self.x[2000:], 15)

    def learner(self) -> Learner:
        return Learner(self.x[:2000], *self.graph, 2, seed=0)

    def trained(self, n: int = 160) -> Learner:
        """As many failures as others, then what training makes of them."""
        learner = self.learner()
        some = [np.flatnonzero(self.y[:2000] == c)[: n // 2] for c in (0, 1)]
        rows = np.concatenate(some)
        learner.reset(rows, self.y[rows])
        learner.adopt(fit_heads(learner, rows, self.y[rows]))
        return learner


@pytest.fixture(scope="module")
def table():
    return Table()


@pytest.fixture(scope="module")
def trained(table):
    return table.trained()


def test_trees_lead_the_mean_where_they_are_right_more_often_on_labels_held_out(table, trained):
    assert trained.head == "mean"
    assert trained.heads == ["mean", "graph", "linear", NAME]
    fit = trained._fit
    assert fit.validation[NAME] > max(fit.validation[head] for head in ("graph", "linear"))
    assert max(fit.powers, key=fit.powers.get) == NAME
    assert trained.asks_by == "margin"
    mean = trained.predictive().mean.argmax(axis=1)
    graph = trained.predictive("graph").mean.argmax(axis=1)
    y = table.y[:2000]
    assert (mean == y).mean() > (graph == y).mean() + 0.05


def test_new_items_and_arrivals_are_told_by_the_trees(table):
    learner = table.trained()
    new = learner.predict(table.x[2000:], *table.hood)
    learner.extend(table.x[2000:], *table.hood)
    assert np.allclose(learner.predictive().mean[2000:], new.mean, atol=1e-6)
    assert (new.mean.argmax(axis=1) == table.y[2000:]).mean() > 0.85
    picked = ask(learner, 5, np.arange(2000, 2100))
    assert (picked.indices >= 2000).all()


def test_auto_then_asks_where_the_trees_are_undecided(trained):
    free = np.setdiff1d(np.arange(2000), trained.graph.rows)
    picked = ask(trained, 20, free, seed=3)
    probs = trained.predictive().mean
    gap = np.abs(probs[:, 1] - probs[:, 0])
    assert "'mean' is least decided here" in picked.reason
    likeliest = np.flatnonzero(picked.q > 0.5)
    assert gap[picked.indices[likeliest[likeliest >= 2]]].max() < np.quantile(gap[free], 0.1)


@pytest.mark.parametrize("k", [1, 3, 8, 20])
def test_every_eighth_ask_is_the_graphs_whatever_the_size_of_the_batches(trained, k):
    free = np.setdiff1d(np.arange(2000), trained.graph.rows)
    g, explored = trained.graph, 0
    for seed in range(0, 24 * k, k):
        picked = ask(trained, k, free, seed=seed)
        assert len(np.unique(picked.indices)) == len(picked.q) == k
        n = sum((seed + at) % ASKS_PER_EXPLORING_ASK == 1 for at in range(k))
        explored += n
        if n:
            state = (g.phi, g.covariance, g.variance, g.scores)
            expected = auto(*state, free, n, noise=g.noise, seed=seed)
            assert np.array_equal(picked.indices[:n], expected.indices)
            assert np.array_equal(picked.q[:n], expected.q)
    assert explored == 24 * k / ASKS_PER_EXPLORING_ASK


def test_a_class_with_too_few_labels_gets_its_turn_whatever_head_is_shown(table):
    learner = table.learner()
    rows = np.concatenate([np.flatnonzero(table.y[:2000] == 0)[:20], np.flatnonzero(table.y[:2000] == 1)[:2]])
    learner.reset(rows, table.y[rows])
    picked = ask(learner, 3, np.setdiff1d(np.arange(2000), rows), seed=2)
    assert picked.reason.endswith("one ask in 4 looks for the rarest class")
    learner.reset(rows[:20], table.y[rows[:20]])
    assert "rarest" not in ask(learner, 3, np.arange(100, 2000), seed=2).reason


@pytest.mark.parametrize("n", [12, 40, 90])
@pytest.mark.parametrize("column", [0, 3])
def test_trees_count_as_far_as_the_labels_they_did_not_see_are_likely(table, n, column):
    learner = table.learner()
    rows, y = np.arange(n), (table.x[:n, column] > 0.5 * table.x[:n, 5]).astype(np.int64)
    fit = fit_heads(learner, rows, y)
    held_out = Trees(seed=0).fit(table.x[:n], y, n_classes=2).held_out
    assert fit.validation[NAME] == pytest.approx((held_out.argmax(axis=1) == y).mean())
    assert (fit.predictive is not None) == (NAME in fit.powers)
    assert all(power >= 0 for power in fit.powers.values())
    assert fit.likelihood["mean"] > np.mean([fit.likelihood[head] for head in fit.powers])


def test_trees_that_know_nothing_are_not_asked():
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(16), 40)  # clusters that no single column tells apart
    x = (rng.standard_normal((16, 64))[y] + rng.standard_normal((640, 64))).astype(np.float32) / 2
    learner = Learner(x, *neighbours(x, 15), 16, seed=0)
    rows = rng.permutation(640)[:40]
    learner.adopt(fit_heads(learner, rows, y[rows]))
    assert NAME not in learner.heads
    assert learner.asks_by == "variance"


def test_the_likelihood_of_a_head_is_of_labels_it_has_not_seen(table):
    learner = table.learner()
    rows, y = np.arange(12), table.y[:12] ^ (np.arange(12) % 3 == 0)
    graph = fit_heads(learner, rows, y).likelihood["graph"]
    left_out = []
    for row in rows:
        learner.reset(np.delete(rows, row), np.delete(y, row))
        left_out.append(learner.predictive("graph").mean[row, y[row]])
    assert graph == pytest.approx(np.log(left_out).mean(), abs=0.15)  # each with a sharpness of its own


def test_a_head_that_was_asked_for_is_not_replaced(table, trained):
    rows, y = trained.graph.rows, trained.graph.y
    for posterior in ("graph", "laplace"):
        fit = fit_heads(trained, rows, y, spec=parse_model_spec(posterior=posterior))
        assert fit.head != NAME
        assert fit.predictive is None
    asked_for = fit_heads(trained, rows, y, spec=parse_model_spec(posterior="trees"))
    assert asked_for.head == NAME
    assert asked_for.validation[NAME] > 0.8
    assert validation_parts(asked_for.predictive.model.model, 12, 0).tolist().count(0) == 3


def test_one_class_or_four_labels_grow_nothing(table):
    learner = table.learner()
    for rows in (np.flatnonzero(table.y[:2000] == 0)[:30], np.arange(4)):
        fit = fit_heads(learner, rows, table.y[rows])
        assert NAME not in fit.validation


def test_cancelled_while_the_trees_are_asked_changes_nothing(table, trained):
    before = trained._fit
    told = []
    with pytest.raises(Cancelled):
        fit_heads(
            trained,
            trained.graph.rows,
            trained.graph.y,
            progress=lambda part, words: told.append(words),
            is_cancelled=lambda: any("trees" in words for words in told),
        )
    assert trained._fit is before
