"""What the audits say, and what they do not: unanswered, bad, unasked, arrived, released, learnt from."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

import spin_nb as spin

N = 80


@pytest.fixture
def open_(tmp_path):
    """Open (again) two clean clusters; every second ask audits."""
    opened = []

    def open_(annotator="ada"):
        at = tmp_path / "points.spin"
        first = {} if at.exists() else {"pool": clusters(N), "classes": ["a", "b"]}
        opened.append(spin.open(at, annotator=annotator, **first))
        opened[-1]._live.pool_model.wait()
        if first:
            opened[-1].audit.share = 0.5
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def clusters(n, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    x[::2, 0] += 12
    return x


def truth(s, id):
    return (
        "a"
        if s._live.pool_model.features[s.pool.row(id), 0] > s._live.pool_model.features[:, 0].mean()
        else "b"
    )


def label(s, ids):
    s.label({id: truth(s, id) for id in ids})


def audits_of(s):
    return [ask["item"] for ask in s.asks.iter_rows(named=True) if ask["audit"]]


def ask_and_label(s, k):
    asked = s.ask(k).ids
    label(s, asked)
    return asked


def test_audits_put_aside_widen_the_interval_at_both_ends_and_are_said(open_):
    s = open_()
    ask_and_label(s, 48)
    assert (s.accuracy.n, s.accuracy.unanswered, s.accuracy.value) == (24, 0, 1.0)
    whole = s.accuracy
    one, other = audits_of(s)[:2]
    s.skip(one)
    s.unsure(other)
    less = s.accuracy
    assert (less.n, less.unanswered, less.value) == (22, 2, 1.0)
    assert less.low < whole.low, "unanswered counts as wrong at the low end"
    assert less.high == 1.0, "unanswered counts as right at the high end"
    assert "2 more without a fair answer: wrong at the low end, right at the high end" in repr(less)
    label(s, [one, other])
    assert s.accuracy == whole


def test_an_audit_on_screen_is_not_counted_and_one_that_was_passed_over_is(open_):
    s = open_()
    asked = s.ask(8).ids
    audits = set(audits_of(s))
    first = next(id for id in asked if id in audits)
    label(s, asked[: asked.index(first)])
    assert s.accuracy.unanswered == 0, "it would tell which card audits"
    label(s, asked[asked.index(first) + 1 :])
    assert s.accuracy.unanswered == 1
    s.close()
    assert open_().accuracy.unanswered == 1


def test_bad_items_leave_the_audits_labelled_or_not(open_):
    s = open_()
    ask_and_label(s, 48)
    labelled, bare = audits_of(s)[:2]
    s.flag(labelled)
    s.undo()
    assert s.accuracy.n == 24
    s.flag(labelled)
    s.flag(bare)
    assert (s.accuracy.n, s.accuracy.flagged, s.accuracy.unanswered) == (22, 2, 0)
    assert repr(s.accuracy).endswith("2 bad items left out)")
    assert {s.pool.ids[row] for row in s._live.label_log.training_set.training[0]}.isdisjoint(
        [labelled, bare]
    )


def test_items_labelled_unasked_are_not_what_the_estimate_is_of(open_):
    s = open_()
    label(s, s.pool.ids[:20])
    ask_and_label(s, 10)
    assert s.accuracy.of == "items nobody had labelled by hand when they were drawn, 60 of 80 now"
    audits = s.asks.filter("audit")
    assert not set(audits["item"]) & set(s.pool.ids[:20])
    expected = [1 / (N - 20 - drawn) for drawn in range(len(audits))]
    assert audits["q"].to_list() == pytest.approx(expected)
    s.close()
    assert open_().accuracy.of.endswith("60 of 80 now")


def test_what_was_asked_is_part_of_the_estimate_whoever_labels_it(open_):
    s = open_()
    ask_and_label(s, 30)
    label(s, audits_of(s)[:3])
    assert s.accuracy.of == ""


def test_arrivals_count_by_how_many_they_are_before_one_of_them_is_audited(open_):
    s = open_()
    ask_and_label(s, 48)
    before = s.accuracy
    s.watch(clusters(N, seed=1), wait=True)
    after = s.accuracy
    assert after.value is None
    assert after.low == pytest.approx(before.low / 2)
    assert after.high == 1.0
    while s.accuracy.value is None:
        ask_and_label(s, 8)
    rows = s._judge.predictions.judging()[0]
    assert (rows >= N).sum() == len(rows) - before.n, (
        "they are audited next, until they are as much as the rest"
    )
    assert s.accuracy.low > after.low


def test_released_audits_never_judge_again_with_a_corrected_label_neither(open_):
    s = open_()
    ask_and_label(s, 20)
    old, skipped = audits_of(s)[:9], audits_of(s)[9]
    s.skip(skipped)
    assert s.audit.release() == 9
    s.undo()  # takes the skip back: the item had a label before the release
    label(s, old)
    assert (s.accuracy.n, s.accuracy.unanswered) == (0, 0)
    ask_and_label(s, 20)
    fresh = set(audits_of(s)) - {*old, skipped}
    assert {s.pool.ids[row] for row in s._judge.predictions.judging()[0]} == fresh
    again = open_("bob")
    assert {again.pool.ids[row] for row in again._judge.predictions.judging()[0]} == fresh


def test_a_release_reaches_a_session_that_is_open_elsewhere(open_):
    ada, bob = open_(), open_("bob")
    ask_and_label(ada, 20)
    assert len(bob.values) == 20
    assert bob.accuracy.n == 10
    ada.audit.release()
    bob.values  # noqa: B018 - takes in what ada did
    assert bob.accuracy.n == 0
    assert len(bob._live.label_log.training_set.training[0]) == 20


def test_a_release_takes_in_what_others_have_labelled_and_holds_alike_everywhere(open_):
    ada, bob = open_(), open_("bob")
    ask_and_label(ada, 10)
    ask_and_label(bob, 30)
    assert ada.audit.release() == 20, "bob's among them, of which ada's session had not heard"
    for s in (ada, bob, open_("eve")):
        assert len(s.values) == 40
        assert s.accuracy.n == 0
        assert len(s._live.label_log.training_set.training[0]) == 40


def test_what_is_labelled_after_a_release_that_was_not_heard_of_yet_still_audits(open_):
    ada, bob = open_(), open_("bob")
    ask_and_label(ada, 20)
    waiting = bob.ask(20).ids
    ada.audit.release()
    label(bob, waiting)
    again = open_("eve")
    for s in (ada, bob):
        assert set(s.values) == set(again.values)
        assert (
            s._live.label_log.audit_items.released_items == again._live.label_log.audit_items.released_items
        )
        assert (s.accuracy.n, again.accuracy.n) == (10, 10)


def test_a_share_set_in_one_session_reserves_its_audits_in_all_that_are_open(open_):
    ada, bob = open_(), open_("bob")
    ada.audit.share = 0.1
    assert bob.audit.share == 0.1
    ada.audit.share = 0.5
    ask_and_label(bob, 20)
    again = open_("eve")
    assert bob.audit.share == again.audit.share == 0.5
    assert len(audits_of(bob)) == 10
    reserved = {again.pool.ids[row] for row in np.flatnonzero(again._live.label_log.plan.reserved_mask)}
    assert {ask["item"] for ask in bob.asks.filter(~bob.asks["audit"]).iter_rows(named=True)}.isdisjoint(
        reserved
    )


def test_a_share_that_grows_during_a_draw_reserves_its_audits_from_it(open_, monkeypatch):
    ada = open_()
    ada.audit.share = 0
    bob = open_("bob")
    prepare = bob._proposer.prepare

    def prepare_while_the_share_grows(*args, **kwargs):
        asks = prepare(*args, **kwargs)()
        ada.audit.share = 0.5
        return lambda: asks

    monkeypatch.setattr(bob._proposer, "prepare", prepare_while_the_share_grows)
    asked = bob.ask(20).ids
    assert len(asked) == 20
    reserved = {ada.pool.ids[row] for row in np.flatnonzero(ada._live.label_log.plan.reserved_mask)}
    assert reserved & set(asked) == set(audits_of(bob))


def test_audits_that_a_larger_share_comes_too_late_for_count_as_unanswered(open_):
    s = open_()
    s.audit.share = 0.1
    early = set(ask_and_label(s, 40)) - set(audits_of(s))
    assert s.accuracy.unanswered == 0
    s.audit.share = 0.5
    ask_and_label(s, 36)
    chance = dict(zip(s.pool.ids, s._live.label_log.plan.chance, strict=True))
    reach = max(chance[id] for id in audits_of(s))
    late = {id for id in early if chance[id] < reach}
    assert late
    assert (s.accuracy.n, s.accuracy.unanswered) == (len(audits_of(s)), len(late))
    assert s.accuracy.high == 1.0
    label(s, [id for id in s.pool.ids if s._view_data.label_index[s.pool.row(id)] < 0])
    assert s.accuracy.unanswered == len(late), "labels by hand are no audits that were missed"


def test_released_audits_are_none_that_were_missed_neither_before_the_next_ask_nor_after_reopening(open_):
    s = open_()
    ask_and_label(s, 20)
    s.audit.release()
    ask_and_label(s, 8)
    assert (s.accuracy.n, s.accuracy.unanswered) == (4, 0)
    assert open_().accuracy == s.accuracy


@pytest.mark.parametrize("look", [lambda s: repr(s.accuracy), repr], ids=["accuracy", "repr"])
def test_a_session_that_only_looks_says_the_accuracy_of_the_labels_that_it_shows(open_, tmp_path, look):
    ada = open_()
    ask_and_label(ada, 4)
    with closing(spin.open(tmp_path / "points.spin", annotator="bob", read_only=True)) as reader:
        reader._live.pool_model.wait()
        ask_and_label(ada, 36)
        shown = look(reader)
        assert reader.labels.height == 40
        assert "n=20" in shown
    assert look(reader) == shown, "closed, it says what was known last"


def test_a_released_item_whose_label_is_taken_back_is_asked_but_audits_no_more(open_):
    s = open_()
    asked = ask_and_label(s, 2)
    s.audit.release()
    s.undo()
    audit = audits_of(s)[0]
    rest = [id for id in s.pool.ids if id not in asked]
    label(s, rest)
    again = s.ask(2)
    assert set(again.ids) <= set(asked)
    assert audit not in {ask["item"] for ask in s.asks.iter_rows(named=True) if ask["audit"]} - {audit}
    assert s.accuracy.n == 0


@pytest.mark.parametrize("posterior", [None, "trees"])
def test_a_model_is_not_judged_by_audits_it_learnt_from_neither_after_reopening(open_, posterior):
    s, bob = open_(), open_("bob")
    cards = {card["token"]: card["id"] for card in s._channel.queue_cards(30)[0]}
    label(bob, cards.values())  # nothing was shown yet: all of them train there
    bob.train(posterior=posterior, wait=True)
    s._channel.apply(
        "page", [{"seq": n, "kind": "shown", "token": token} for n, token in enumerate(cards, 1)]
    )
    ask_and_label(bob, 20)
    shown = set(audits_of(bob)) & set(cards.values())
    assert shown
    bob.close()
    again = open_("bob")
    head = posterior or "linear"
    learnt = again._live.pool_model.learner.training_ids(head)
    assert learnt == set(cards.values())
    judge = {again.pool.ids[row] for row in again._judge.predictions.judging(head)[0]}
    assert judge == set(audits_of(again)) - shown
    assert len(again.predict(again.pool.ids[:2], head=head)._audits) == len(judge)
    assert {again.pool.ids[row] for row in again._judge.predictions.judging("graph")[0]} == set(
        audits_of(again)
    )
    if posterior:
        assert (again.accuracy.n, again.accuracy.unanswered) == (len(judge), len(shown))


def test_nothing_known_is_said_in_words(open_):
    s = open_()
    assert repr(s.accuracy).startswith("not known yet")
    assert "not known yet" in repr(s)
