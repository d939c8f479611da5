"""A session whose labels are no classes: checked, suggested, audited, undone, and there again after reopening."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ContradictionError, LabelError, ModelError

N = 60
RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 255, (N, 20, 30), dtype=np.uint8)
TEXTS = [f"card {i} was declined in {'Paris' if i % 2 else 'Rome'}" for i in range(N)]
ROWS = np.linspace(-1, 1, N, dtype=np.float32)[:, None] * np.ones(4, np.float32)

TASKS = {
    "several classes": (ROWS, spin.MultiLabel(["a", "b"]), ["b"], ["c"]),
    "number": (ROWS, spin.Number(0, 10, unit="mm"), 2.5, 11),
    "boxes": (
        PICTURES,
        spin.Boxes(["car"]),
        [{"label": "car", "x": 1.0, "y": 2.0, "width": 10.0, "height": 5.0}],
        [{"label": "car", "x": 25.0, "y": 2.0, "width": 10.0, "height": 5.0}],
    ),
    "points": (
        PICTURES,
        spin.Keypoints(["nose", "tail"], skeleton=[("nose", "tail")]),
        {"nose": [3.0, 4.0], "tail": None},
        {"nose": [3.0, 400.0], "tail": None},
    ),
    "outlines": (
        PICTURES,
        spin.Polygons(["leaf"]),
        [{"label": "leaf", "points": [[1.0, 1.0], [9.0, 1.0], [5.0, 8.0]]}],
        [{"label": "leaf", "points": [[1.0, 1.0], [9.0, 1.0]]}],
    ),
    "spans": (
        TEXTS,
        spin.Spans(["city"]),
        [{"label": "city", "start": 0, "end": 4}],
        [{"label": "city", "start": 0, "end": 400}],
    ),
    "text": (TEXTS, spin.FreeText(), "a refund", "  "),
    "pairs": (TEXTS, spin.Pairs(), "first", "third"),
}


@pytest.fixture(params=TASKS, ids=lambda word: word.replace(" ", "-"))
def case(request):
    return TASKS[request.param]


def opened(tmp_path, pool, task, **more):
    return spin.open(tmp_path / "t.spin", pool=pool, task=task, annotator="ada", **more)


def test_a_label_is_stored_undone_redone_and_found_again(tmp_path, case):
    pool, task, good, _ = case
    s = opened(tmp_path, pool, task)
    id = s.ask(3).ids[0]
    s.label(id, good)
    assert list(s.values.values()) == [good]
    s.undo()
    assert s.labels.height == 0
    s.redo()
    s.close()
    again = spin.open(tmp_path / "t.spin", annotator="ada")
    assert again.task == task
    assert again.values == {id: good}
    assert again.undo() == id


def test_what_the_task_does_not_allow_is_refused_and_nothing_is_stored(tmp_path, case):
    pool, task, good, bad = case
    s = opened(tmp_path, pool, task)
    for value in (bad, None, object(), float("nan")):
        with pytest.raises(LabelError):
            s.label({s.pool.ids[0]: good, s.pool.ids[1]: value})
    assert s.labels.height == 0


def test_a_page_is_told_why_its_label_was_refused(tmp_path, case):
    pool, task, good, bad = case
    s = opened(tmp_path, pool, task)
    cards, _ = s.queue_cards(2)
    values = [{"value": good}, {"value": bad}]
    entries = [
        {"seq": i + 1, "kind": "label", "id": card["id"], "token": card["token"], **value}
        for i, (card, value) in enumerate(zip(cards, values, strict=True))
    ]
    answer = s.apply("page", entries)
    assert answer["ack"] == 2
    assert [entry["seq"] for entry in answer["refused"]] == [2]
    assert list(s.values.values()) == [good]


def test_a_suggestion_is_on_the_card_and_the_store_knows_whether_it_was_taken_unchanged(tmp_path, case):
    pool, task, good, _ = case
    s = opened(tmp_path, pool, task)
    s.audit_share = 0
    s.suggest(dict.fromkeys(s.pool.ids, (good, 0.8)))
    cards = [card for card in s.queue_cards(16)[0] if card["suggestion"]]
    assert cards[0]["suggestion"] == {"value": good, "p": 0.8}
    other = changed(good)
    entries = [
        {
            "seq": i + 1,
            "kind": "label",
            "id": card["id"],
            "token": card["token"],
            "value": value,
            "suggested": [good, 0.8],
        }
        for i, (card, value) in enumerate(zip(cards, [good, other], strict=False))
    ]
    assert s.apply("page", entries)["refused"] == []
    assert s.labels["accepted"].to_list() == [True, False]
    assert s.labels["suggested_p"].to_list() == [0.8, 0.8]


def test_a_suggestion_without_a_probability_has_none(tmp_path):
    pool, task, good, _ = TASKS["boxes"]
    s = opened(tmp_path, pool, task)
    s.audit_share = 0
    s.suggest(dict.fromkeys(s.pool.ids, good))
    card = next(card for card in s.queue_cards(16)[0] if card["suggestion"])
    assert card["suggestion"] == {"value": good, "p": None}
    assert s.suggestion(card["id"]) == (good, None)
    entry = {"seq": 1, "kind": "label", "id": card["id"], "token": card["token"], "value": good}
    assert s.apply("page", [{**entry, "suggested": [good, None]}])["refused"] == []
    assert s.labels.select("accepted", "suggested_p").row(0) == (True, None)


def changed(value):
    if isinstance(value, dict):
        return {**value, "tail": [1.0, 1.0]}
    if isinstance(value, list):
        return []
    return {"first": "equal", "a refund": "a claim"}.get(value, 3.5)


def test_audits_are_shown_without_a_suggestion_and_judge_it(tmp_path, case):
    pool, task, good, _ = case
    s = opened(tmp_path, pool, task)
    s.audit_share = 0.5
    s.suggest(lambda id: (good, 0.9))
    cards, _ = s.queue_cards(40)
    asks = s._store.pending()
    hidden = {ask.item for ask in asks if ask.audit}
    assert hidden
    assert all(card["suggestion"] is None for card in cards if card["id"] in hidden)
    entries = [
        {"seq": i + 1, "kind": "label", "id": card["id"], "token": card["token"], "value": good}
        for i, card in enumerate(cards)
    ]
    s.apply("page", entries)
    assert s.accuracy.n == len(hidden)
    if not s.by_class:  # else the session's own model is judged
        assert s.accuracy.high == 1.0


def test_numbers_are_suggested_from_the_labels_so_far(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    s.audit_share = 0
    truth = dict(zip(s.pool.ids, (5 + 4 * ROWS[:, 0]).tolist(), strict=True))
    for _ in range(4):
        assert s.suggestion(s.pool.ids[0]) is None
        s.label({id: truth[id] for id in s.ask(1).ids})
    s.label({id: truth[id] for id in s.ask(8).ids})
    errors = [abs(s.suggestion(id)[0] - truth[id]) for id in s.pool.ids]
    assert np.mean(errors) < 0.5, "a tenth of what a guess of the middle would miss"


def test_a_suggestion_that_fails_leaves_the_card_without_one_and_says_why(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    s.suggest(lambda id: 1 / 0)
    cards, _ = s.queue_cards(3)
    assert [card["suggestion"] for card in cards] == [None] * 3
    assert "ZeroDivisionError" in s.problem


def test_suggestions_are_checked_before_any_is_taken(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    first, second = s.pool.ids[:2]
    for wrong in ({first: 3, "nobody": 3}, {first: 3, second: 11}, {first: (3, 2.0)}, 7):
        with pytest.raises(LabelError):
            s.suggest(wrong)
    assert s.suggestion(s.pool.ids[0]) is None
    assert s.suggest({first: 3, second: (4, 0.9)}) == 2
    assert s.suggestion(second) == (4.0, 0.9)


def test_what_needs_classes_says_so(tmp_path):
    s = opened(tmp_path, PICTURES, spin.Boxes(["car"]))
    for call in (
        s.train,
        lambda: s.predict(["x"]),
        lambda: s.explain("x"),
        lambda: s.export("b"),
        lambda: s.uncertainty,
    ):
        with pytest.raises(ModelError, match="needs classes"):
            call()
    assert (s.predictive, s.head, s.heads) == (None, None, [])


def test_another_task_for_the_same_project_is_refused(tmp_path):
    opened(tmp_path, PICTURES, spin.Boxes(["car"])).close()
    with pytest.raises(ContradictionError, match="Boxes"):
        spin.open(tmp_path / "t.spin", task=spin.Boxes(["bike"]))
    with pytest.raises(LabelError, match="no task"):
        spin.open(tmp_path / "u.spin", pool=PICTURES, task="boxes")


def test_keys_of_ones_own_are_there_after_reopening_and_are_nobody_elses(tmp_path):
    s = opened(tmp_path, TEXTS, spin.Spans(["city"]))
    s.bindings = {"skip": "s", "class:city": "c"}
    s.close()
    assert spin.open(tmp_path / "t.spin", annotator="ada").bindings == {"skip": "s", "class:city": "c"}
    assert spin.open(tmp_path / "t.spin", annotator="bob").bindings == {}


def test_what_is_drawn_on_a_picture_or_marked_in_a_text_needs_one(tmp_path):
    with pytest.raises(LabelError, match="image"):
        spin.open(tmp_path / "a.spin", pool=TEXTS, task=spin.Boxes(["car"]))
    with pytest.raises(LabelError, match="text"):
        spin.open(tmp_path / "b.spin", pool=PICTURES, task=spin.Spans(["city"]))
