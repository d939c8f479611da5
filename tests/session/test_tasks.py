"""A session whose labels are no classes: checked, suggested, audited, undone, and there again after reopening."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ContradictionError, LabelError, ModelError
from spin_nb.models.graph_regression import GraphRegression
from spin_nb.session.model import numeric_suggestions as learnt

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


def test_a_label_given_once_the_pool_is_prepared_is_stored_as_well(tmp_path, case):
    pool, task, good, _ = case
    s = opened(tmp_path, pool, task)
    s._live.pool_model.wait()
    id = s.ask(1).ids[0]
    s.label(id, good)
    assert s.values == {id: good}


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
    cards, _ = s._channel.queue_cards(2)
    values = [{"value": good}, {"value": bad}]
    entries = [
        {"seq": i + 1, "kind": "label", "id": card["id"], "token": card["token"], **value}
        for i, (card, value) in enumerate(zip(cards, values, strict=True))
    ]
    answer = s._channel.apply("page", entries)
    assert answer["ack"] == 2
    assert [entry["seq"] for entry in answer["refused"]] == [2]
    assert list(s.values.values()) == [good]


def test_a_suggestion_is_on_the_card_and_the_store_knows_whether_it_was_taken_unchanged(tmp_path, case):
    pool, task, good, _ = case
    s = opened(tmp_path, pool, task)
    s.audit.share = 0
    s.suggest(dict.fromkeys(s.pool.ids, (good, 0.8)))
    cards = [card for card in s._channel.queue_cards(16)[0] if card["suggestion"]]
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
    assert s._channel.apply("page", entries)["refused"] == []
    assert s.labels["accepted"].to_list() == [True, False]
    assert s.labels["suggested_p"].to_list() == [0.8, 0.8]


@pytest.mark.parametrize("p", [np.float32(0.7), np.array(0.7), np.float32(1.0000001), 1])
def test_a_probability_may_come_from_any_library(tmp_path, p):
    pool, task, good, _ = TASKS["boxes"]
    s = opened(tmp_path, pool, task)
    s.suggest({s.pool.ids[0]: (good, p)})
    assert s.model.suggestion(s.pool.ids[0]) == (good, pytest.approx(min(float(p), 1.0)))


@pytest.mark.parametrize("p", [-0.1, 0, 1.1, float("nan"), "0.7", True])
def test_what_is_no_probability_is_refused(tmp_path, p):
    pool, task, good, _ = TASKS["boxes"]
    s = opened(tmp_path, pool, task)
    with pytest.raises(LabelError, match="probability"):
        s.suggest({s.pool.ids[0]: (good, p)})


def test_a_suggestion_without_a_probability_has_none(tmp_path):
    pool, task, good, _ = TASKS["boxes"]
    s = opened(tmp_path, pool, task)
    s.audit.share = 0
    s.suggest(dict.fromkeys(s.pool.ids, good))
    card = next(card for card in s._channel.queue_cards(16)[0] if card["suggestion"])
    assert card["suggestion"] == {"value": good, "p": None}
    assert s.model.suggestion(card["id"]) == (good, None)
    entry = {"seq": 1, "kind": "label", "id": card["id"], "token": card["token"], "value": good}
    assert s._channel.apply("page", [{**entry, "suggested": [good, None]}])["refused"] == []
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
    s.audit.share = 0.5
    s.suggest(lambda id: (good, 0.9))
    cards, _ = s._channel.queue_cards(40)
    asks = s._project.store.pending()
    hidden = {ask.item for ask in asks if ask.audit}
    assert hidden
    assert all(card["suggestion"] is None for card in cards if card["id"] in hidden)
    entries = [
        {"seq": i + 1, "kind": "label", "id": card["id"], "token": card["token"], "value": good}
        for i, card in enumerate(cards)
    ]
    s._channel.apply("page", entries)
    assert s.accuracy.n == len(hidden)
    if not s._view_data.learns_classes:  # else the session's own model is judged
        assert s.accuracy.high == 1.0


def test_numbers_are_suggested_from_the_labels_so_far(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    s.audit.share = 0
    truth = dict(zip(s.pool.ids, (5 + 4 * ROWS[:, 0]).tolist(), strict=True))
    for _ in range(4):
        assert s.model.suggestion(s.pool.ids[0]) is None
        s.label({id: truth[id] for id in s.ask(1).ids})
    s.label({id: truth[id] for id in s.ask(8).ids})
    errors = [abs(s.model.suggestion(id)[0] - truth[id]) for id in s.pool.ids]
    assert np.mean(errors) < 0.5, "a tenth of what a guess of the middle would miss"


def test_a_suggestion_that_fails_leaves_the_card_without_one_and_says_why(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    s.suggest(lambda id: 1 / 0)
    cards, _ = s._channel.queue_cards(3)
    assert [card["suggestion"] for card in cards] == [None] * 3
    assert "ZeroDivisionError" in s.problem


def test_suggestions_are_checked_before_any_is_taken(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    first, second = s.pool.ids[:2]
    for wrong in ({first: 3, "nobody": 3}, {first: 3, second: 11}, {first: (3, 2.0)}, 7):
        with pytest.raises(LabelError):
            s.suggest(wrong)
    assert s.model.suggestion(s.pool.ids[0]) is None
    assert s.suggest({first: 3, second: (4, 0.9)}) == 2
    assert s.model.suggestion(second) == (4.0, 0.9)


def test_what_was_given_goes_before_a_function_and_a_function_before_the_model(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    given, asked, left = s.pool.ids[:3]
    s.label(dict.fromkeys(s.pool.ids[10:30], 5.0))
    s.suggest({given: 1})
    s.suggest(lambda id: None if id == left else (2, 0.7))
    assert s.model.suggestion(given) == (1.0, None)
    assert s.model.suggestion(asked) == (2.0, 0.7)
    assert s.model.suggestion(left)[0] == pytest.approx(5.0, abs=0.1)


def test_what_was_suggested_can_be_taken_away_one_by_one_and_all_at_once(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    first, second, third = s.pool.ids[:3]
    s.suggest({first: 1, second: 2})
    assert s.suggest({first: None, third: 3}) == 1
    assert [s.model.suggestion(id) for id in (first, second, third)] == [None, (2.0, None), (3.0, None)]
    with pytest.raises(LabelError):
        s.suggest({second: None, "nobody": None})
    assert s.model.suggestion(second) == (2.0, None)
    s.suggest(lambda id: 4)
    assert s.suggest({second: None}) == 0
    assert s.model.suggestion(second) == (4.0, None)
    assert s.suggest(None) == 0
    assert {s.model.suggestion(id) for id in s.pool.ids} == {None}


def test_a_late_answer_of_a_function_that_was_replaced_is_dropped(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    id = s.pool.ids[0]

    def slow(id):
        s.suggest(lambda id: 2)
        return 1

    s.suggest(slow)
    assert s.model.suggestion(id) == (2.0, None)
    assert s.model.suggestion(id) == (2.0, None)


def test_corrected_labels_are_learnt_anew_and_so_are_labels_taken_back(tmp_path):
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    labelled, other = s.pool.ids[:40], s.pool.ids[-1]
    s.label(dict.fromkeys(labelled, 1.0))
    assert s.model.suggestion(other)[0] == pytest.approx(1.0, abs=0.1)
    for id in labelled:
        s.label(id, 9.0)
    assert s.model.suggestion(other)[0] == pytest.approx(9.0, abs=0.5)
    for _ in labelled:
        s.undo()
    assert s.model.suggestion(other)[0] == pytest.approx(1.0, abs=0.5)


def test_numbers_are_learnt_anew_only_when_a_tenth_of_the_labels_changed(tmp_path, monkeypatch):
    fits = []
    monkeypatch.setattr(
        learnt, "GraphRegression", lambda phi, of: fits.append(len(of)) or GraphRegression(phi, of)
    )
    s = opened(tmp_path, ROWS, spin.Number(0, 10))
    other = s.pool.ids[-1]
    s.label(dict.fromkeys(s.pool.ids[:40], 1.0))
    for number in range(3):  # to and fro is no change
        s.label(s.pool.ids[number], 9.0)
        s.model.suggestion(other)
        s.undo()
        s.model.suggestion(other)
    for number in range(4):
        s.label(s.pool.ids[number], 9.0)
        s.model.suggestion(other)
    assert fits == [40, 40]
    s.label(s.pool.ids[40], 9.0)
    s.model.suggestion(other)
    assert fits == [40, 40]


def test_where_nothing_is_suggested_nothing_is_judged(tmp_path):
    pool, task, good, _ = TASKS["boxes"]
    s = opened(tmp_path, pool, task)
    s.audit.share = 0.5
    s.label(dict.fromkeys(s.ask(50).ids, good))
    assert (s.accuracy.n, s.accuracy.value, s.accuracy.low, s.accuracy.high) == (0, None, 0.0, 1.0)
    assert "nothing is suggested yet" in repr(s)
    s.suggest({s.pool.ids[0]: []})  # from now on an item without a suggestion is one that was missed
    assert s.accuracy.n == 25
    assert s.accuracy.value < 0.1
    s.suggest(None)
    assert s.accuracy.n == 0


def test_an_audit_is_scored_again_only_where_its_label_or_its_suggestion_changed(tmp_path, monkeypatch):
    s = opened(tmp_path, TEXTS, spin.FreeText())
    s.audit.share = 0.5
    asked = s.ask(20).ids
    scored, score = [], spin.FreeText.score
    monkeypatch.setattr(spin.FreeText, "score", lambda self, *of: scored.append(of[0]) or score(self, *of))
    s.suggest(lambda id: "a refund")
    s.label(dict.fromkeys(asked, "a refund"))
    assert (s.accuracy.n, s.accuracy.value, len(scored)) == (10, None, 10)
    audit = s.labels.filter("audit")["item"][0]
    s.label(audit, "a claim")
    assert (s.accuracy.high < 1, len(scored)) == (True, 11)
    with monkeypatch.context() as patch:
        patch.setattr(
            s._suggestions, "of", lambda row: pytest.fail("no label of an audit, no look at the audits")
        )
        s.label(s.labels.filter(~s.labels["audit"])["item"][0], "a claim")
        assert s.accuracy.n == 10
    s.suggest({audit: "a claim"})
    assert s.accuracy.high == 1.0
    assert len(scored) == 12
    s.undo()
    s.undo()
    assert s.accuracy.high < 1
    assert len(scored) == 13


def test_what_needs_classes_says_so(tmp_path):
    s = opened(tmp_path, PICTURES, spin.Boxes(["car"]))
    for call in (
        s.train,
        lambda: s.predict(["x"]),
        lambda: s.explain("x"),
        lambda: s.export("b"),
        lambda: s.uncertainty,
        lambda: s.watch(PICTURES),
    ):
        with pytest.raises(ModelError, match="needs classes"):
            call()
    assert (s.model.predictive, s.model.head, s.model.heads) == (None, None, [])


def test_another_task_for_the_same_project_is_refused(tmp_path):
    opened(tmp_path, PICTURES, spin.Boxes(["car"])).close()
    with pytest.raises(ContradictionError, match="Boxes"):
        spin.open(tmp_path / "t.spin", task=spin.Boxes(["bike"]))
    with pytest.raises(LabelError, match="no task"):
        spin.open(tmp_path / "u.spin", pool=PICTURES, task="boxes")


def test_keys_of_ones_own_are_there_after_reopening_and_are_nobody_elses(tmp_path):
    s = opened(tmp_path, TEXTS, spin.Spans(["city"]))
    s.labeller.bindings = {"skip": "s", "class:city": "c"}
    s.close()
    assert spin.open(tmp_path / "t.spin", annotator="ada").labeller.bindings == {
        "skip": "s",
        "class:city": "c",
    }
    assert spin.open(tmp_path / "t.spin", annotator="bob").labeller.bindings == {}


def test_what_is_drawn_on_a_picture_or_marked_in_a_text_needs_one(tmp_path):
    with pytest.raises(LabelError, match="image"):
        spin.open(tmp_path / "a.spin", pool=TEXTS, task=spin.Boxes(["car"]))
    with pytest.raises(LabelError, match="text"):
        spin.open(tmp_path / "b.spin", pool=PICTURES, task=spin.Spans(["city"]))
