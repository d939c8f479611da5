"""``s.ask(where=)``: asks of a part of the pool, and a sample of audits that does not notice."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from spin_nb.errors import QueryError
from spin_nb.session.asks.drawn_asks import draw_asks
from spin_nb.session.audit.sample import Sample
from spin_nb.session.labels.audit_plan import AuditPlan
from spin_nb.types import Picked


@pytest.fixture
def s(project):
    s = project()
    s._live.pool_model.wait()
    return s


def region(s, n=100):
    return s.where(pl.col("item").is_in(s.pool.ids[:n]))


def test_only_items_of_the_part_are_asked_each_once_and_none_audits(s, digits):
    s.audit.share = 0.5
    part, everything = region(s), set(s.pool.ids)
    asked = [id for _ in range(6) for id in label_all(s, digits, s.ask(5, where=part).ids)]
    assert len(set(asked)) == 30
    assert set(asked) <= set(part.ids) < everything
    assert not s.asks["audit"].any()
    assert s.table["audit"].sum() == 0


def label_all(s, digits, ids):
    digits.label(s, ids)
    return ids


@pytest.mark.parametrize("strategy", ["auto", "random", "margin", "badge", lambda probs: probs[:, 0]])
def test_every_strategy_keeps_to_the_part_and_its_probabilities_are_of_the_part(s, digits, strategy):
    digits.label(s, s.pool.ids[200:230])
    part = region(s, 50)
    asked = s.ask(4, strategy, where=part)
    assert set(asked.ids) <= set(part.ids)
    assert all(0 < q <= 1 for q in asked.q)
    assert "of 50 items that where= names" in asked.reason
    assert s.asks["reason"].to_list() == [asked.reason] * 4
    if strategy == "random":
        free = 50 - int(s._live.label_log.plan.reserved_mask[:50].sum())
        np.testing.assert_allclose(asked.q, [1 / (free - i) for i in range(4)])


def test_a_condition_is_a_part_too_and_one_that_follows_the_model(s, digits):
    digits.label(s, s.pool.ids[:20])
    doubtful = set(s.where(pl.col("margin") < 0.5).ids)
    assert doubtful
    assert set(s.ask(5, where=pl.col("margin") < 0.5).ids) <= doubtful


def test_when_the_part_is_used_up_it_says_so_and_the_rest_goes_on(s, digits):
    part = region(s, 30)
    reserved = int(s._live.label_log.plan.reserved_mask[:30].sum())
    asked = s.ask(30, where=part).ids
    assert len(asked) == 30 - reserved
    digits.label(s, asked)
    with pytest.raises(QueryError, match="nothing is left to ask of the 30 items") as refusal:
        s.ask(1, where=part)
    assert "s.ask(8)" in refusal.value.do
    assert len(s.ask(8)) == 8


def test_what_was_put_aside_comes_back_when_the_part_has_nothing_else(s, digits):
    part = region(s, 30)
    asked = s.ask(30, where=part).ids
    s.skip(asked[0])
    digits.label(s, asked[1:])
    assert s.ask(3, where=part).ids == (asked[0],)


def test_a_part_is_looked_up_again_at_each_ask(s, digits):
    unlabelled = s.where(pl.col("label").is_null(), pl.col("item").is_in(s.pool.ids[:20]))
    first = s.ask(3, where=unlabelled).ids
    digits.label(s, first)
    assert not set(s.ask(3, where=unlabelled).ids) & set(first)


def test_audits_of_the_whole_pool_come_as_without_it(s, digits, project):
    """Which items audit, and in which order, is the same whether or not a part was asked in between."""
    s.audit.share = 0.5
    part = region(s)
    for _ in range(10):
        digits.label(s, s.ask(3, where=part).ids)
        digits.label(s, s.ask(4).ids)
    plan = s._live.label_log.plan
    audits = s.asks.filter("audit")["item"].to_list()
    order = [s.pool.ids[row] for row in np.argsort(plan.chance)]
    assert audits == order[: len(audits)]
    np.testing.assert_allclose(
        s.asks.filter("audit")["q"], [1 / (len(s.pool) - i) for i in range(len(audits))]
    )


@dataclass
class World:
    """A pool whose last half is hard; a person asks now everywhere, now of one half."""

    seed: int
    n: int = 200
    share: float = 0.5
    audits: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.hard = np.arange(self.n) >= self.n // 2
        self.right = self.rng.random(self.n) < np.where(self.hard, 0.3, 0.95)
        self.ids = [f"i{row}" for row in range(self.n)]
        self.plan = AuditPlan(self.ids, self.share, self.seed)
        self.asked = np.zeros(self.n, bool)

    def ask(self, k, part=None):
        def pick(rows, k):
            return Picked(self.rng.permutation(rows)[:k], np.zeros(k, np.float32), np.full(k, 0.5))

        drawn = draw_asks(
            k,
            ids=self.ids,
            excluded_mask=self.asked if part is None else self.asked | ~part,
            plan=self.plan,
            number=int(self.asked.sum()),
            n_audited=len(self.audits),
            pick=pick,
            strategy="random",
            model_id=None,
            may_audit=part is None,
        )
        self.asked[drawn.rows] = True
        self.audits += [row for row, ask in zip(drawn.rows, drawn.asks, strict=True) if ask.audit]
        return [ask.q for ask in drawn.asks if ask.audit]

    def estimate(self, within=None):
        drawn, nothing = np.zeros(self.n, bool), np.zeros(self.n, bool)
        drawn[self.audits] = True
        sample = Sample(
            self.plan.chance,
            drawn,
            nothing,
            nothing,
            due_rows=lambda rows: rows[~self.asked[rows]],
            missed_rows=lambda rows: rows[self.asked[rows]],
            within=~nothing if within is None else within,
        )
        return sample.estimate(np.array(self.audits), self.right[self.audits], np.empty(0, np.int64))


@pytest.mark.parametrize("part", ["hard", "easy", None])
def test_audited_accuracy_stays_unbiased_and_its_interval_holds(part):
    errors, errors_of_part, covered = [], [], []
    for seed in range(400):
        w = World(seed)
        rows = {"hard": w.hard, "easy": ~w.hard, None: None}[part]
        qs = []
        for where in (rows, None) * 5:
            qs += w.ask(10, where)
        np.testing.assert_allclose(qs, [1 / (w.n - i) for i in range(len(qs))])
        estimate = w.estimate()
        errors.append(np.mean(w.right[w.audits]) - w.right.mean())
        covered.append(estimate.low <= w.right.mean() <= estimate.high)
        assert estimate.n == len(w.audits)
        of_hard = w.estimate(w.hard)
        inside = [row for row in w.audits if w.hard[row]]
        assert of_hard.n == len(inside)
        errors_of_part.append(np.mean(w.right[inside]) - w.right[w.hard].mean())
    for each in (errors, errors_of_part):
        assert abs(np.mean(each)) < 4 * np.std(each) / np.sqrt(len(each))
    assert np.mean(covered) >= 0.93
