"""Two people on one project, in step and each at their own pace: nobody does the other's work again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError
from spin_nb.session.asks import sharing

FULL = os.environ.get("SPIN_ATTACK") == "full"
ROUNDS = 340 if FULL else 12  # of eight asks each
FREE = 400 if FULL else 64  # asks of each process
SHARED = 0.01  # of the asks, at most

# Ask eight, label half of them through the call and half through the labeller's channel.
WORKER = """
import json, random, sys
import spin_nb as spin
at, who, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
s, asked, seq, coin = spin.open(at, annotator=who), [], 0, random.Random(who)
s._live.pool_model.wait()
print("ready", flush=True)
sys.stdin.readline()
while len(asked) < n:
    got = s.ask(8, "margin").ids
    asked += got
    for id in got:
        if coin.random() < 0.5:
            s.label(id, coin.choice("ab"))
        else:
            seq += 1
            s._channel.apply("page-" + who, [{"seq": seq, "kind": "label", "id": id, "value": coin.choice("ab")}])
print(json.dumps(asked), flush=True)
s.close()
"""


@pytest.fixture
def open_(tmp_path):
    """Open (again) a project of points, for somebody."""
    opened = []

    def open_(annotator, at="points", n=400, seed=0, share=0.2):
        path = tmp_path / f"{at}.spin"
        first = {} if path.exists() else {"pool": points(n), "classes": ["a", "b"], "seed": seed}
        opened.append(spin.open(path, annotator=annotator, **first))
        opened[-1]._live.pool_model.wait()
        if first:
            opened[-1].audit.share = share
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def points(n):
    return np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)


def count(name, ada, bob):
    """Print and return how many asks both were given."""
    shared = len(set(ada) & set(bob))
    print(f"\n{name}: {len(ada)} and {len(bob)} asks, asked of both: {shared}")
    return shared


def audits_of(s):
    return s.asks.filter("audit")


@pytest.mark.parametrize("strategy", ["auto", "margin", "random"])
def test_in_step_no_item_is_asked_of_both(open_, strategy):
    n = 2 * 8 * ROUNDS + 100
    ada, bob = open_("ada", n=n), open_("bob", n=n)
    asked = {ada: [], bob: []}
    for turn in range(ROUNDS):
        for s in (ada, bob):
            got = s.ask(8, strategy).ids
            asked[s] += got
            s.label(dict.fromkeys(got[: 4 + turn % 5], "ab"[turn % 2]))
    assert count(f"in step, {strategy}", asked[ada], asked[bob]) <= SHARED * len(asked[ada])


def test_in_step_the_labellers_hold_other_cards(open_):
    n = 2 * ROUNDS + 100
    ada, bob = open_("ada", n=n), open_("bob", n=n)
    shown = {ada: [], bob: []}
    seq = 0
    for _ in range(ROUNDS):
        for s in (ada, bob):
            seq += 1
            card = s._channel.queue_cards(12)[0][0]
            shown[s].append(card["id"])
            entry = {"seq": seq, "kind": "label", "id": card["id"], "value": "a", "token": card["token"]}
            s._channel.apply("page", [entry])
    assert not {card["id"] for card in ada._channel.queue_cards(12)[0]} & {
        card["id"] for card in bob._channel.queue_cards(12)[0]
    }
    assert count("labellers in step", shown[ada], shown[bob]) == 0


def test_at_their_own_pace_hardly_an_item_is_asked_of_both(open_, tmp_path):
    open_("ada", n=2 * FREE + 200).close()
    at = str(tmp_path / "points.spin")
    command = [sys.executable, "-c", WORKER, at]
    people = [
        subprocess.Popen([*command, who, str(FREE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for who in ("ada", "bob")
    ]
    for one in people:
        assert one.stdout.readline() == "ready\n"
    for one in people:
        one.stdin.write("go\n")
        one.stdin.flush()
    ada, bob = (json.loads(one.communicate()[0]) for one in people)
    assert count("free-running", ada, bob) <= SHARED * len(ada)
    audits = audits_of(open_("ada"))
    print(f"audits: {len(audits)} of {len(ada) + len(bob)} asks")
    assert audits["item"].n_unique() == len(audits)
    assert set(audits["annotator"]) == {"ada", "bob"}


def test_what_another_took_between_the_draw_and_its_being_written_is_drawn_again(open_, monkeypatch):
    ada, bob = open_("ada"), open_("bob")
    taken, prepare = [], bob._proposer.prepare

    def prepare_too_late(*args, **kwargs):
        draft = prepare(*args, **kwargs)()
        if not taken:
            taken.extend(book_all(ada, draft))
        return lambda: draft

    monkeypatch.setattr(bob._proposer, "prepare", prepare_too_late)
    asked = bob.ask(8).ids
    assert len(asked) == 8
    assert len(taken) == 8
    assert not set(asked) & set(taken)


def book_all(s, drawn):
    """Somebody else takes exactly what was drawn."""
    from dataclasses import replace

    asks = [replace(ask, annotator=s.annotator) for ask in drawn.asks]
    return [
        ask.item
        for ask in sharing.book(s._project, s._live, asks, s._live.label_log.state.seq, at_once=True).values()
    ]


def test_one_person_alone_gets_the_same_asks_whatever_the_name(open_):
    ada, bob = open_("ada"), open_("bob", at="other")
    assert ada.ask(16).ids == bob.ask(16).ids
    assert open_("bob").ask(16, "random").ids != bob.ask(16, "random").ids


def test_the_audits_of_two_people_are_the_sample_that_one_would_have_drawn(open_):
    ada, bob = open_("ada"), open_("bob")
    for _ in range(10):
        for s in (ada, bob):
            s.label(dict.fromkeys(s.ask(5).ids, "a"))
    audits = audits_of(ada)
    assert len(audits) == 20, "one ask in five, of each"
    lowest = np.argsort(ada._live.label_log.plan.chance)[:20]
    assert set(audits["item"]) == {ada.pool.ids[row] for row in lowest}
    assert sorted(audits["q"], reverse=True) == pytest.approx([1 / (400 - m) for m in range(20)][::-1])
    assert audits["annotator"].value_counts().sort("annotator")["count"].to_list() == [10, 10]


def test_what_others_were_asked_is_asked_again_after_a_while(open_, monkeypatch):
    ada, bob = open_("ada", n=12, share=0), open_("bob")
    ada.ask(12)
    with pytest.raises(QueryError, match="asked of others in the last 30 minutes"):
        bob.ask(1)
    monkeypatch.setattr(sharing, "LEASE", timedelta(0))
    assert len(bob.ask(12)) == 12


def test_cards_given_back_are_free_for_others_at_once(open_):
    ada, bob = open_("ada", n=12, share=0), open_("bob")
    ada._channel.queue_cards(12)
    with pytest.raises(QueryError, match="asked of others"):
        bob.ask(1)
    ada._channel.queue_cards(0)
    assert len(bob.ask(12)) == 12
