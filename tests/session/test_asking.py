"""The stream of asks: how many audits, where, and that nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.errors import QueryError
from spin_nb.protocols import STRATEGY_ARRAYS
from spin_nb.session.asks.drawn_asks import Slot, draw_asks, slot
from spin_nb.session.labels.audit_plan import AuditPlan, chances
from spin_nb.types import Picked

IDS = [f"item-{i:04d}" for i in range(2000)]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.25, 0.5])
def test_every_block_of_asks_holds_its_share_of_audits(share):
    length = round(1 / share)
    audits = [slot(i, share, seed=1).audit for i in range(40 * length)]
    assert all(sum(audits[b : b + length]) == 1 for b in range(0, len(audits), length))


def test_without_a_share_nothing_is_an_audit():
    assert all(slot(i, 0.0, seed=1) == Slot(audit=False, suggest=True) for i in range(100))


@pytest.mark.parametrize("share", [5e-324, 1e-320, 1e-300, 1e-18, 2.0**-53, 1e-9, 1.0])
def test_asks_are_drawn_for_every_share_a_project_can_hold(share):
    audits = [slot(i, share, seed=1).audit for i in (*range(100), 2**40)]
    assert all(audits) if share == 1 else not any(audits[:100])


def test_an_audit_carries_no_suggestion_and_a_fifth_of_the_others_neither():
    slots = [slot(i, 0.1, seed=5) for i in range(5000)]
    assert not any(s.suggest for s in slots if s.audit)
    others = [s for s in slots if not s.audit]
    assert 0.17 < np.mean([not s.suggest for s in others]) < 0.23


@given(st.integers(0, 2**31), st.integers(0, 500))
def test_a_restart_changes_nothing(seed, number):
    assert slot(number, 0.1, seed) == slot(number, 0.1, seed)


def test_chances_are_uniform_and_depend_on_seed_and_id_alone():
    a = chances(IDS, 3)
    assert abs(a.mean() - 0.5) < 0.03
    assert abs((a < 0.1).mean() - 0.1) < 0.025
    assert (chances(IDS[100:200], 3) == a[100:200]).all()
    assert (chances(IDS, 4) != a).all()


def run(plan: AuditPlan, k: int, taken: np.ndarray | None = None):
    taken = np.zeros(len(IDS), bool) if taken is None else taken
    picked: list[int] = []

    def pick(candidates, n):
        picked.extend(candidates[:n].tolist())
        return Picked(candidates[:n], np.zeros(n, np.float32), np.full(n, 0.9), "first come")

    drawn = draw_asks(
        k,
        ids=IDS,
        excluded_mask=taken,
        plan=plan,
        number=0,
        n_audited=0,
        pick=pick,
        strategy="first",
        model_id=None,
    )
    return drawn, picked


def test_a_draft_mixes_reserved_items_into_the_strategys_picks():
    plan = AuditPlan(IDS, 0.1, seed=0)
    drawn, picked = run(plan, 100)
    audits = [row for row, ask in zip(drawn.rows, drawn.asks, strict=True) if ask.audit]
    assert len(audits) == 10
    assert plan.reserved_mask[audits].all()
    assert not plan.reserved_mask[picked].any()
    assert len(set(drawn.rows)) == 100
    assert all(0 < ask.q <= 1 for ask in drawn.asks)


def test_audit_items_are_a_uniform_sample_of_the_pool():
    hits = np.zeros(len(IDS))
    for seed in range(60):
        drawn, _ = run(AuditPlan(IDS, 0.1, seed), 200)
        hits[[row for row, ask in zip(drawn.rows, drawn.asks, strict=True) if ask.audit]] += 1
    halves = hits[:1000].sum(), hits[1000:].sum()
    assert abs(halves[0] - halves[1]) < 4 * np.sqrt(hits.sum())


def test_when_the_strategy_has_nothing_left_the_reserve_is_audited():
    plan = AuditPlan(IDS, 0.1, seed=0)
    drawn, _ = run(plan, 50, taken=~plan.reserved_mask)
    assert len(drawn.asks) == 50
    assert all(ask.audit for ask in drawn.asks)


def test_when_everything_is_taken_nothing_is_asked():
    drawn, _ = run(AuditPlan(IDS, 0.1, seed=0), 5, taken=np.ones(len(IDS), bool))
    assert drawn.asks == []


def test_a_strategy_with_a_parameter_no_session_has_is_told_what_there_is(project):
    s = project()
    strategies = {"X": lambda X: X, "temperature": lambda probs, temperature, k: probs}
    for name, strategy in strategies.items():
        with pytest.raises(QueryError) as caught:
            s.ask(2, strategy=strategy)
        assert repr(name) in caught.value.what, "the parameter is named"
        assert all(array in caught.value.do for array in STRATEGY_ARRAYS), "and what it may ask for is listed"
    assert len(s.ask(2)) == 2
