"""Audits never train, whoever labels them and wherever: on coin tosses the audited accuracy stays at one half."""

from __future__ import annotations

import os

import numpy as np
import pytest

import spin_nb as spin

FULL = os.environ.get("SPIN_ATTACK") == "full"
SEEDS = range(30 if FULL else 3)


@pytest.fixture
def tossed(tmp_path):
    """Open (again) a project whose labels are coin tosses; every second ask audits."""
    opened = []
    toss: dict[str, str] = {}

    def open_(annotator, seed=0):
        first = {} if (tmp_path / f"{seed}.spin").exists() else {"pool": points(seed), "classes": ["a", "c"]}
        s = spin.open(tmp_path / f"{seed}.spin", annotator=annotator, seed=seed, **first)
        opened.append(s)
        s._live.pool_model.wait()
        if first:
            s.audit.share = 0.5
            coin = np.random.default_rng(seed)
            toss.update({id: "ac"[coin.integers(2)] for id in s.pool.ids})
        return s

    yield open_, toss
    for s in opened:
        s.close()


def points(seed):
    return np.random.default_rng(seed).normal(size=(120, 6)).astype(np.float32)


def audits_of(s) -> set[str]:
    return set(s.asks.filter("audit")["item"])


def trained_on(s) -> set[str]:
    return {s.pool.ids[row] for row in s._live.label_log.training_set.training[0]}


def test_audits_shown_in_one_session_do_not_train_where_another_labels_them(tossed):
    open_, toss = tossed
    ada, bob = open_("ada"), open_("bob")
    shown = ada.ask(50).ids
    bob.label({id: toss[id] for id in shown})
    audits = audits_of(ada)
    assert len(audits) == 25
    assert trained_on(bob) == set(shown) - audits
    graph = {bob.pool.ids[row] for row in bob._live.pool_model.learner.graph.rows}
    assert graph == set(shown) - audits


def test_a_label_that_trained_stops_to_when_its_item_is_shown_as_an_audit_elsewhere(tossed):
    open_, toss = tossed
    ada, bob = open_("ada"), open_("bob")
    cards = {card["token"]: card["id"] for card in ada._channel.queue_cards(10)[0]}
    bob.label({id: toss[id] for id in cards.values()})
    assert trained_on(bob) == set(cards.values()), "nothing was shown, so nothing audits yet"
    ada._channel.apply("page", [{"seq": n, "kind": "shown", "token": t} for n, t in enumerate(cards, 1)])
    bob.ask(1)
    audits = audits_of(ada) & set(cards.values())
    assert audits
    assert trained_on(bob) == set(cards.values()) - audits
    assert {bob.pool.ids[row] for row in bob._live.pool_model.learner.graph.rows} == trained_on(bob)


def test_shown_asks_are_found_though_the_clock_went_back(tossed, monkeypatch):
    open_, toss = tossed
    ada, bob = open_("ada"), open_("bob")
    ada.ask(10)
    bob.values  # noqa: B018 - takes in what ada did
    monkeypatch.setattr("spin_nb.project.asks.now", lambda: "2001-01-01T00:00:00.000000+00:00")
    shown = ada.ask(10).ids
    bob.label({id: toss[id] for id in shown})
    assert not trained_on(bob) & audits_of(ada)


def test_an_event_that_lands_while_a_session_catches_up_is_not_lost(tossed, monkeypatch):
    open_, _ = tossed
    ada, bob = open_("ada"), open_("bob")
    one, other = ada.pool.ids[:2]
    read, late = bob._project.store.events, [other]

    def events(after=0):
        found = read(after)
        while late:
            ada.label(late.pop(), "c")
        return found

    monkeypatch.setattr(bob._project.store, "events", events)
    bob.label(one, "a")
    bob.values  # noqa: B018
    assert trained_on(bob) == {one, other}


def test_coin_tosses_are_right_half_of_the_time_whoever_labelled_the_audits(tossed):
    """As attack_audit_leak.py: shown to one, labelled by another, trained with trees there, opened again."""
    open_, toss = tossed
    right = audits = above = 0
    for seed in SEEDS:
        ada = open_("ada", seed)
        bob = open_("bob", seed)
        bob.label({id: toss[id] for id in ada.ask(50).ids})
        bob.train(posterior="trees", wait=True)
        ada.close()
        bob.close()
        again = open_("ada", seed)
        judged = again.audit.predictions
        right += int((judged.probs.argmax(1) == judged.truth).sum())
        audits += len(judged)
        above += again.accuracy.low > 0.5
    print(f"right {right} of {audits} audits; intervals wholly above one half: {above} of {len(SEEDS)}")
    assert audits == 25 * len(SEEDS)
    # Three standard deviations above one half: with the leak all of them are right.
    assert right < audits / 2 + 3 * np.sqrt(audits) / 2
