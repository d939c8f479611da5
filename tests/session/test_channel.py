"""The labeller's channel: exactly once, in order, on any thread, through restarts and full disks."""

from __future__ import annotations

import sqlite3
import threading

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.bayes import GraphPosterior
from spin_nb.errors import LabelError, StorageError
from spin_nb.project import State
from spin_nb.session.labeller import queue as card_queue
from spin_nb.session.labeller.cards import size_bytes
from spin_nb.session.labeller.entries import ENTRIES_PER_TRANSACTION
from spin_nb.session.labels import label_log as ledger
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.labels.training_set import TrainingSet


@pytest.fixture
def s(project, digits):
    s = project()
    digits.label(s, s.ask(10).ids)
    return s


def entry(seq: int, card: dict, kind: str = "label", value: str | None = "1", **more) -> dict:
    return {"seq": seq, "kind": kind, "token": card["token"], "id": card["id"], "value": value, **more}


def queue(s, n: int = 8, have=()):
    cards, buffers = s._channel.queue_cards(n, have)
    return [c for c in cards if not c.get("kept")], buffers, cards


def test_a_card_carries_what_is_shown_and_never_says_that_it_audits(s):
    s.audit.share = 0.5
    s.suggest(dict.fromkeys(s.pool.ids, ("3", 0.6)))
    cards, buffers, _ = queue(s)
    assert len(cards) == 8
    assert all(buffers[c["buffers"][0]].startswith(b"\x89PNG") for c in cards)
    assert set().union(*cards) == {"token", "id", "row", "mime", "buffers", "size", "suggestion"}
    assert sum(c["suggestion"] is None for c in cards) >= 4


def test_what_is_queued_is_not_asked_until_it_is_shown(s):
    before = len(s.asks)
    cards, _, _ = queue(s)
    assert len(s.asks) == before
    s._channel.apply("c", [entry(1, cards[0], "shown", None)])
    assert s.asks["item"].to_list()[before:] == [cards[0]["id"]]


def test_entries_are_applied_once_and_in_order_however_often_they_are_sent(s):
    cards, _, _ = queue(s)
    entries = [entry(i + 1, card) for i, card in enumerate(cards[:4])]
    assert s._channel.apply("c", entries[:2])["ack"] == 2
    assert s._channel.apply("c", entries)["ack"] == 4
    assert s._channel.apply("c", entries[1:3])["ack"] == 4
    assert s.labels["item"].to_list()[10:] == [c["id"] for c in cards[:4]]


def test_a_gap_is_named_and_what_came_before_it_is_kept(s):
    cards, _, _ = queue(s)
    answer = s._channel.apply("c", [entry(1, cards[0]), entry(3, cards[2])])
    assert (answer["ack"], answer["gap"]) == (1, 2)
    assert s.labels["item"].to_list()[10:] == [cards[0]["id"]]


def test_an_undo_cannot_overtake_its_label(s):
    cards, _, _ = queue(s)
    undo = {"seq": 2, "kind": "undo"}
    assert s._channel.apply("c", [undo])["gap"] == 1
    answer = s._channel.apply("c", [undo, entry(1, cards[0])])
    assert answer["ack"] == 2
    assert answer["undone"] == [{"seq": 2, "id": cards[0]["id"], "n": 1}]
    assert len(s.labels) == 10
    assert s.history["kind"].to_list()[-2:] == ["label", "undo"]


def test_a_redo_says_what_it_brought_back(s):
    cards, _, _ = queue(s)
    s.label(cards[1]["id"], "2")
    s._channel.apply("c", [entry(1, cards[0]), {"seq": 2, "kind": "undo"}])
    s.undo()  # a cell takes back its own
    answer = s._channel.apply("c", [{"seq": 3, "kind": "redo"}, {"seq": 4, "kind": "redo"}])
    redone = [{"seq": 3, "id": cards[1]["id"], "n": 1}, {"seq": 4, "id": cards[0]["id"], "n": 1}]
    assert answer["redone"] == redone


def test_suggestions_reach_cards_that_are_queued_already_but_no_audit(s):
    s.audit.share = 0.5
    s.suggest(dict.fromkeys(s.pool.ids, ("3", 0.6)))
    cards, _, _ = queue(s, 16)
    told = []
    s.events.suggested.connect(told.append)
    s.suggest({card["id"]: ("7", 0.8) for card in cards[:12]})
    assert told == [12]
    suggestions = s._channel.queue.suggestions([*(card["token"] for card in cards), "no such token"])
    assert len(suggestions) < 16
    assert set(suggestions) == {card["token"] for card in cards if card["suggestion"]}
    given = {card["token"] for card in cards[:12]} & set(suggestions)
    assert given
    assert all(suggestions[token] == {"value": "7", "p": 0.8} for token in given)


def test_a_label_the_task_refuses_is_told_and_does_not_hold_up_the_rest(s):
    cards, _, _ = queue(s)
    answer = s._channel.apply("c", [entry(1, cards[0], value="eleven"), entry(2, cards[1])])
    assert answer["ack"] == 2
    assert answer["refused"][0]["seq"] == 1
    assert "eleven" in answer["refused"][0]["what"]
    assert s.labels["item"].to_list()[10:] == [cards[1]["id"]]


def test_entries_that_cannot_be_read_are_refused_and_hold_up_none(s):
    cards, _, _ = queue(s)
    label = {"kind": "label", "id": cards[0]["id"], "value": "1"}
    broken = [
        {},
        {"kind": None},
        {**label, "id": ["x"]},
        {**label, "id": "\ud800"},
        {**label, "value": {"a": {}}},
    ]
    numbered = [{"seq": seq, **one} for seq, one in enumerate(broken, start=1)]
    unusable = [None, "label", [], label, *({**label, "seq": seq} for seq in ("a", 0, -1, 1.5, True))]
    unusable += [{**label, "seq": seq} for seq in (float("nan"), float("inf"))]
    answer = s._channel.apply("c", [*unusable, *numbered, {"seq": 6.0, **label}])
    assert (answer["ack"], answer["gap"], answer["error"]) == (6, None, None)
    assert [told["seq"] for told in answer["refused"]] == [None] * len(unusable) + [1, 2, 3, 4, 5]
    assert all("->" in told["what"] for told in answer["refused"])
    assert s.labels["item"].to_list()[10:] == [cards[0]["id"]]


def test_a_label_stands_without_what_cannot_be_read_beside_it(s):
    cards, _, _ = queue(s)
    odd = [{"suggested": ["1", p]} for p in (float("nan"), float("inf"), 0, -3, 1.5, 10**400, "x")]
    odd += [{"suggested": said} for said in (5, "1", ["eleven", 0.5], ["1"])]
    odd += [{"token": token} for token in ("\ud800", "nope", 5, {"a": 1})]
    for seq, beside in enumerate(odd, start=1):
        answer = s._channel.apply("c", [{**entry(seq, cards[0]), **beside}])
        assert (answer["ack"], answer["refused"]) == (seq, [])
        row = s.labels.row(-1, named=True)
        assert (row["item"], row["value"]) == (cards[0]["id"], "1")
        assert (row["suggested"], row["suggested_p"], row["accepted"]) == (None, None, None)


def test_a_class_that_would_be_wrong_more_often_than_not_is_not_suggested(s, digits):
    best = dict(zip(s.pool.ids, s.model.predictive.mean.max(axis=1), strict=True))
    assert min(best.values()) < 0.5
    assert all((s.model.suggestion(id) is None) == (p < 0.5) for id, p in best.items())
    digits.label(s, s.ask(60).ids)
    best = dict(zip(s.pool.ids, s.model.predictive.mean.max(axis=1), strict=True))
    assert max(best.values()) >= 0.5
    assert all((s.model.suggestion(id) is None) == (p < 0.5) for id, p in best.items())


@pytest.fixture
def many(tmp_path):
    """Forty classes, one for each column that stands out."""
    rows = np.repeat(8 * np.eye(40, dtype=np.float32), 4, axis=0)
    s = spin.open(tmp_path / "many.spin", pool=rows, classes=[f"class {i}" for i in range(40)])
    s.suggest(None)
    return s


def test_of_very_many_classes_a_card_names_the_likeliest_without_telling_an_audit(many):
    s = many
    assert all("likeliest" not in card for card in queue(s, 8)[0]), "nothing is known yet"
    s.label({s.pool.ids[4 * i]: f"class {i}" for i in range(40)})
    s.label({s.pool.ids[4 * 7 + 1]: "class 7", s.pool.ids[4 * 7 + 2]: "class 7"})
    s.audit.share = 0.5
    cards, _, _ = queue(s, 30)
    told = {card["token"]: s._channel.queue.ask_of(card["token"]).suggest for card in cards}
    assert set(told.values()) == {True, False}
    for card in cards:
        names = [name for name, _ in card["likeliest"]]
        assert len(names) == len(set(names)) == 5
        if told[card["token"]]:
            p = [p for _, p in card["likeliest"]]
            assert p == sorted(p, reverse=True)
            row = s.pool.row(card["id"])
            assert names[0] == s.classes[s.model.predictive.mean[row].argmax()]
        else:
            assert card["likeliest"][0] == ("class 7", None), "given most often, whatever the item"
            assert {p for _, p in card["likeliest"]} == {None}
    again = s._channel.likeliest([*told, "no such token"])
    assert again == {card["token"]: card["likeliest"] for card in cards}


def test_of_a_few_classes_each_has_its_own_key(s):
    cards, _, _ = queue(s, 8)
    assert s._channel.likeliest([card["token"] for card in cards]) == {}


@pytest.mark.parametrize("shown_ms", [10**400, -1, float("nan"), float("inf"), "x", None, True, [], {"a": 1}])
def test_no_nonsense_beside_a_label_refuses_it(s, shown_ms):
    cards, _, _ = queue(s)
    answer = s._channel.apply("c", [entry(1, cards[0], shown_ms=shown_ms)])
    assert (answer["ack"], answer["refused"]) == (1, [])
    assert s.labels["item"].to_list()[-1] == cards[0]["id"]


def test_a_refused_entry_that_is_sent_again_is_told_again_also_after_a_restart(s, project):
    cards, _, _ = queue(s)
    entries = [entry(1, cards[0], "shown", None), entry(2, cards[0], value="eleven"), entry(3, cards[1])]
    s._channel.apply("c", [*entries, {"seq": 4, "kind": "redo"}])  # the answer is lost on its way
    s.close()
    again = project()
    answer = again._channel.apply("c", [*entries, {"seq": 4, "kind": "redo"}, entry(5, cards[2])])
    assert (answer["ack"], [told["seq"] for told in answer["refused"]]) == (5, [2, 4])
    assert again.labels["item"].to_list()[10:] == [cards[1]["id"], cards[2]["id"]]


def test_what_is_refused_comes_back_in_a_few_words(s):
    cards, _, _ = queue(s)
    long = "x" * 2_000_000
    odd = [{"kind": long}, {"id": long}, {"value": long}, {"token": long, "id": "no such"}, {"kind": 10**400}]
    answer = s._channel.apply("c", [{**entry(seq, cards[0]), **beside} for seq, beside in enumerate(odd, 1)])
    assert [told["seq"] for told in answer["refused"]] == [1, 2, 3, 4, 5]
    assert max(len(told["what"]) for told in answer["refused"]) < 1000


def test_many_entries_are_stored_in_pieces_between_which_others_write(s, tmp_path):
    other = spin.open(tmp_path / "digits.spin", annotator="bob")
    ids = s.pool.ids[100:200]
    entries = [
        {"seq": n, "kind": "label", "id": ids[n % 100], "value": "1"}
        for n in range(1, 3 * ENTRIES_PER_TRANSACTION + 1)
    ]
    between = threading.Thread(target=lambda: [other.skip(id) for id in other.pool.ids[:3]])
    between.start()
    order = [*entries[::-1], *entries[:50]]
    assert s._channel.apply("c", order)["ack"] == 3 * ENTRIES_PER_TRANSACTION
    between.join()
    mine = s.history.filter(s.history["client"] == "c")
    assert mine["client_seq"].to_list() == list(range(1, 3 * ENTRIES_PER_TRANSACTION + 1)), (
        "once each, in order"
    )
    other.close()


def test_a_full_disk_keeps_the_pieces_before_it(s, monkeypatch):
    kept, ids = s._project.store.append, s.pool.ids[100:]

    def fails_late(new, *, client=None, shown_tokens=()):
        if client is not None and client[1] > ENTRIES_PER_TRANSACTION:
            raise StorageError("the disk is full.", "Free some space.")
        return kept(new, client=client, shown_tokens=shown_tokens)

    monkeypatch.setattr(s._project.store, "append", fails_late)
    entries = [
        {"seq": n, "kind": "label", "id": ids[n % 100], "value": "1"}
        for n in range(1, ENTRIES_PER_TRANSACTION + 20)
    ]
    answer = s._channel.apply("c", entries)
    assert (answer["ack"], answer["gap"]) == (ENTRIES_PER_TRANSACTION, None)
    assert "full" in answer["error"]


def test_while_another_process_has_the_database_others_read_on(s, tmp_path, monkeypatch):
    """The writer waits without the lock that everything in this process needs."""
    monkeypatch.setattr(ledger, "BUSY_SECONDS", 600)
    cards, _, _ = queue(s)
    other = sqlite3.connect(tmp_path / "digits.spin" / "project.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = []
    writer = threading.Thread(target=lambda: answers.append(s._channel.apply("c", [entry(1, cards[0])])))
    writer.start()
    for _ in range(3):
        assert len(s._view_data.label_index) == len(s.pool)
        assert s._view_data.value(cards[0]["id"]) is None
    assert answers == [], "it is still waiting"
    other.execute("ROLLBACK")
    other.close()
    writer.join()
    assert answers[0]["ack"] == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s._channel.queue_cards(8),
        lambda s: s.ask(4),
        lambda s: s.watch(np.zeros_like(s.pool.load([0])), wait=True),
        lambda s: s.audit.release(),
    ],
    ids=["queue", "ask", "watch", "release"],
)
def test_nor_does_what_is_asked_or_joins_hold_up_who_labels_and_looks(s, tmp_path, monkeypatch, act):
    monkeypatch.setattr(ledger, "BUSY_SECONDS", 600)
    queue(s)
    other = sqlite3.connect(
        tmp_path / "digits.spin" / "project.db", isolation_level=None, check_same_thread=False
    )
    begins, begun, seen = s._project.store.transaction, threading.Event(), []

    def begin(*args, **kwargs):
        begun.set()
        return begins(*args, **kwargs)

    def look():
        begun.wait()
        for _ in range(3):
            seen.append((len(s._view_data.label_index), len(s._channel.past("undo", 2))))
        other.execute("ROLLBACK")

    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(s._project.store, "transaction", begin)
    looking = threading.Thread(target=look)
    looking.start()
    act(s)  # it is done as soon as the database is free, which is after those looks
    looking.join()
    other.close()
    assert seen == [(400, 2)] * 3


def test_undo_and_redo_are_the_only_past(s):
    with pytest.raises(LabelError, match="neither 'undo' nor 'redo'"):
        s._channel.past("zz", 3)
    for n in (-1, 1.5, "3", None, True, float("nan"), 10**400):
        with pytest.raises(LabelError, match="whole number"):
            s._channel.past("undo", n)


def test_the_suggestion_and_whether_it_was_taken_are_kept(s):
    s.suggest(dict.fromkeys(s.pool.ids, ("3", 0.6)))
    cards, _, _ = queue(s, 30)
    card = next(c for c in cards if c["suggestion"])
    name = card["suggestion"]["value"]
    s._channel.apply(
        "c",
        [entry(1, card, value=name, suggested=[name, card["suggestion"]["p"]], accepted=True, shown_ms=840)],
    )
    row = s.labels.row(-1, named=True)
    assert (row["suggested"], row["accepted"], row["shown_ms"]) == (name, True, 840)


def test_no_card_follows_once_an_answer_holds_enough_and_what_is_not_sent_was_never_proposed(s, monkeypatch):
    n_before = len(s._project.store.shown_asks())
    one = len(queue(s, 1)[1][0])
    monkeypatch.setattr(card_queue, "MAX_ANSWER_BYTES", int(2.5 * one))
    cards, buffers, _ = queue(s, 16)
    assert 2 <= len(cards) <= 4
    assert sum(map(len, buffers[:-1])) < card_queue.MAX_ANSWER_BYTES <= sum(map(len, buffers))
    tokens = [card["token"] for card in cards]
    assert [ask.token for ask in s._project.store.pending()] == list(s._channel.queue._queue) == tokens
    more, _, _ = queue(s, 16, tokens)
    assert not {card["id"] for card in more} & {card["id"] for card in cards}
    assert len(more) >= 2
    monkeypatch.setattr(card_queue, "MAX_ANSWER_BYTES", 1)
    assert len(queue(s, 16)[0]) == 1, "one always comes, however large"
    assert len(s._project.store.shown_asks()) == n_before


def test_long_texts_weigh_as_well():
    parts = {"parts": [{"name": "a", "data": "12"}, {"name": "b", "data": "345"}]}
    assert size_bytes({"data": "12345"}, [b"1", b"2"]) == 7
    assert size_bytes(parts, []) == 5


def test_kept_cards_are_not_drawn_again_and_the_queue_never_repeats_an_item(s):
    first, _, _ = queue(s, 8)
    s._channel.apply("c", [entry(1, first[0])])
    fresh, _, cards = queue(s, 10, [c["token"] for c in first[1:]])
    assert [c["token"] for c in cards[:7]] == [c["token"] for c in first[1:]]
    assert len(fresh) == 3
    assert len({c["id"] for c in first} | {c["id"] for c in fresh}) == 11


def test_a_label_sent_again_after_a_restart_finds_its_ask(s, project):
    s.audit.share = 0.5
    cards, _, _ = queue(s)
    s.close()
    again = project()
    again._channel.apply("c", [entry(i + 1, card) for i, card in enumerate(cards)])
    assert again.accuracy.n == 5  # one of the first ten, four of these
    assert again.labels["ask"].to_list()[10:] == [c["token"] for c in cards]


def test_neither_a_label_nor_what_follows_it_lists_all_labels(s, monkeypatch):
    s.audit.share = 0.5
    cards, _, _ = queue(s)
    entries = [entry(i + 1, card) for i, card in enumerate(cards)]

    def refuse(*_):
        raise AssertionError("all labels were listed")

    for owner, name in [
        (State, "current"),
        (State, "labels"),
        (LabelLog, "values"),
        (TrainingSet, "training"),
    ]:
        monkeypatch.setattr(owner, name, property(refuse))
    answer = s._channel.apply("c", [*entries, {"seq": 9, "kind": "undo"}])
    assert (answer["n_labels"], s._view_data.label_index.tolist().count(-1)) == (17, len(s.pool) - 17)
    assert (s.accuracy.n, s.audit.curve[-1].n_labels) == (4, 17)
    assert s.redo() == cards[-1]["id"]


def test_a_full_disk_leaves_the_label_pending_and_says_why(s):
    cards, _, _ = queue(s)
    with s._project.store._database.writing() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    s._project.store._database._db.execute(f"PRAGMA max_page_count = {pages}")
    refused = None
    for seq in range(1, 400):
        answer = s._channel.apply("c", [entry(seq, cards[seq % 8], value="1" if seq % 2 else "2")])
        if answer["error"]:
            refused = seq
            break
    assert refused is not None
    assert "full" in answer["error"]
    assert answer["ack"] == refused - 1
    n = len(s.history)
    s._project.store._database._db.execute("PRAGMA max_page_count = 1073741823")
    assert s._channel.apply("c", [entry(refused, cards[refused % 8])])["ack"] == refused
    assert len(s.history) == n + 1


def test_a_label_and_its_undo_on_a_full_disk_leave_nothing_behind(s, monkeypatch):
    cards, _, _ = queue(s)
    kept = s._project.store.append

    def fails_at_last(new, *, client=None, shown_tokens=()):
        done = kept(new, client=client, shown_tokens=shown_tokens)
        if client == ("c", 2):
            raise StorageError("the disk is full.", "Free some space.")
        return done

    monkeypatch.setattr(s._project.store, "append", fails_at_last)
    batch = [entry(1, cards[0]), {"seq": 2, "kind": "undo"}]
    assert s._channel.apply("c", batch)["ack"] == 0
    assert len(s.labels) == 10 == len(s.history)
    monkeypatch.undo()
    assert s._channel.apply("c", batch)["ack"] == 2
    assert s.history["kind"].to_list()[10:] == ["label", "undo"]
    assert s._live.label_log.state.seq == s._project.store.state().seq


def test_an_item_labelled_elsewhere_while_the_queue_was_drawn_is_not_queued(s, monkeypatch, digits):
    prepare = s._proposer.prepare

    def prepare_slowly(*args, **kwargs):
        draw = prepare(*args, **kwargs)

        def draw_and_label():
            draft = draw()
            digits.label(s, [draft.asks[0].item])
            return draft

        return draw_and_label

    monkeypatch.setattr(s._proposer, "prepare", prepare_slowly)
    cards, _, _ = queue(s)
    assert len(cards) == 7
    assert s.labels["item"].to_list()[-1] not in {c["id"] for c in cards}


def test_what_was_skipped_comes_back_when_nothing_else_is_left(tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=np.eye(4, dtype=np.float32), classes=["a", "b"])
    s.audit.share = 0
    for id in s.pool.ids:
        s.skip(id)
    cards, _, _ = queue(s)
    assert {c["id"] for c in cards} == set(s.pool.ids)
    s._channel.apply("c", [entry(1, cards[0], value="a")])
    fresh, _, kept = queue(s, 8, [c["token"] for c in cards])
    assert [c["token"] for c in kept] == [c["token"] for c in cards[1:]]
    assert fresh == []


def test_labels_are_committed_on_another_thread_while_the_home_thread_is_busy(s):
    cards, _, _ = queue(s)
    seen, answers = [], []
    s.events.labelled.connect(lambda ids: seen.append((ids, threading.get_ident())))
    worker = threading.Thread(target=lambda: answers.append(s._channel.apply("c", [entry(1, cards[0])])))
    worker.start()
    worker.join(120)
    assert answers[0]["ack"] == 1
    assert s.labels["item"].to_list()[-1] == cards[0]["id"]
    assert seen == []
    s._runtime.main_thread.drain()
    assert seen == [((cards[0]["id"],), threading.get_ident())]


def test_labelling_does_not_wait_for_training(s, digits):
    stored = threading.Event()

    class UntilStored(GraphPosterior):
        def fit(self, *args, **kwargs):
            assert stored.wait(120), "the label waited for the training"
            return super().fit(*args, **kwargs)

    digits.label(s, s.ask(30).ids)
    run = s.train(posterior=UntilStored())
    cards, _, _ = queue(s)
    s._channel.apply("c", [entry(1, cards[0])])
    assert s.labels["item"].to_list()[-1] == cards[0]["id"]
    assert not run.done
    stored.set()
    run.result(120)


def test_two_clients_do_not_share_a_count(s):
    cards, _, _ = queue(s)
    assert s._channel.apply("a", [entry(1, cards[0])])["ack"] == 1
    assert s._channel.apply("b", [entry(1, cards[1])])["ack"] == 1
    assert len(s.labels) == 12
