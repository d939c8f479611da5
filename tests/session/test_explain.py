"""Explanations say what is so: checked against the labels, the features, and what happens when they come true."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import LabelError, NotTrainedError
from spin_nb.session.model.explanation import Explanation, LabelEffect, MindChange, Neighbour
from spin_nb.session.model.what_if import MIN_DISTINCT_FUNCTIONS


@pytest.fixture
def s(project, digits):
    s = project()
    s.audit.share = 0.0
    for _ in range(25):
        digits.label(s, s.ask(1).ids)
    return s


def doubtful(s, n):
    predictive = s.model.predictive
    total = np.where(s._view_data.label_index < 0, predictive.epistemic + predictive.aleatoric, -1)
    return [s.pool.ids[row] for row in np.argsort(-total)[:n]]


def test_before_the_first_label_there_is_nothing_to_explain(project):
    with pytest.raises(NotTrainedError, match="no model to explain"):
        project().explain("item-000000")


def test_an_unknown_item_is_refused(s):
    with pytest.raises(LabelError):
        s.explain("nobody")


def test_its_numbers_are_those_of_the_prediction(s):
    id = doubtful(s, 1)[0]
    why, said = s.explain(id), s.predict([id])
    assert np.array_equal(why.mean, said.mean[0])
    assert np.array_equal(why.draws, said.draws(200)[:, 0])
    assert why.epistemic == pytest.approx(float(said.epistemic[0]), abs=1e-5)
    assert why.aleatoric == pytest.approx(float(said.aleatoric[0]), abs=1e-5)
    assert (why.label, why.answer) == (None, said.labels[0])


def test_the_nearest_labels_are_the_nearest_that_train(s, digits):
    id = doubtful(s, 1)[0]
    s.audit.release()
    features = s._live.pool_model.features
    rows = np.array([s.pool.row(item) for item in s.labels["item"]])
    distance = np.linalg.norm(features[rows] - features[s.pool.row(id)], axis=1)
    near = s.explain(id).neighbours
    assert [n.id for n in near] == [s.pool.ids[rows[i]] for i in np.argsort(distance)[:5]]
    assert [n.distance for n in near] == pytest.approx(np.sort(distance)[:5].tolist(), rel=1e-5)
    assert [n.label for n in near] == [digits.truth(s, n.id) for n in near]
    between = np.linalg.norm(features[rows][:, None] - features[rows], axis=2)
    np.fill_diagonal(between, np.inf)
    assert near[0].farther == pytest.approx(np.mean(between.min(1) > near[0].distance))


def test_audit_labels_teach_nothing_and_are_no_neighbours(project, digits):
    s = project()
    s.audit.share = 0.5
    for _ in range(20):
        digits.label(s, s.ask(1).ids)
    trained = {s.pool.ids[row] for row in s._live.label_log.training_set.training[0]}
    assert len(trained) < 20
    assert {n.id for n in s.explain(s.pool.ids[0]).neighbours} <= trained


def test_a_labelled_item_is_not_its_own_neighbour(s):
    id = s.labels["item"][0]
    why = s.explain(id)
    assert why.label == s.labels["value"][0]
    assert id not in [n.id for n in why.neighbours]
    assert why.effect is None


def test_what_the_graph_head_says_would_happen_happens(s):
    assert s.model.head == "graph"
    ids = doubtful(s, 12)
    told = [(id, change) for id in ids for change in s.explain(id).changes if change.flips]
    assert len(told) >= 10
    for id, change in told:
        assert change.chance >= 0.05
        s.label(change.id, change.value)
        after = s.predict([id])
        s.undo()
        assert after.labels == [change.becomes]
        p = after.mean[0, s.classes.index(change.becomes)]
        # All but the sharpness, which every label fits anew.
        assert p == pytest.approx(change.after, abs=0.1)


def test_what_the_linear_head_says_would_happen_happens_after_training(s):
    s.train(show=True, wait=True, posterior="laplace")
    told = [(id, change) for id in doubtful(s, 4) for change in s.explain(id).changes[:1] if change.flips]
    assert told
    before = {id: s.predict([id]).mean[0] for id, _ in told}
    for id, change in told:
        c = s.classes.index(change.becomes)
        s.label(change.id, change.value)
        s.train(show=True, wait=True, posterior="laplace")
        rise = s.predict([id]).mean[0, c] - before[id][c]
        s.undo()
        assert rise > 0.3 * (change.after - change.now)
    s.train(show=True, wait=True, posterior="laplace")


def test_where_no_label_would_change_the_answer_it_says_so(s):
    id = s.labels["item"][0]
    why = s.explain(id)
    assert not any(change.flips for change in why.changes)
    assert "No likely label of the" in why.verdict
    assert f"{why.n_tried:,} items tried" in why.verdict


def test_items_taught_are_those_the_label_would_make_surer(s):
    from spin_nb.bayes import entropy

    id = doubtful(s, 1)[0]
    taught = s.explain(id).effect
    before = s.model.predictive.mean.copy()
    others = (s._view_data.label_index < 0) & (np.arange(len(s.pool)) != s.pool.row(id))
    gain = np.zeros(len(s.pool))
    for c, name in enumerate(s.classes):
        s.label(id, name)
        gain += before[s.pool.row(id), c] * (entropy(before) - entropy(s.model.predictive.mean))
        s.undo()
    assert (taught.of, taught.looked_at) == (others.sum(), others.sum())
    assert taught.items == pytest.approx(np.sum(gain[others] >= 0.1), rel=0.3, abs=3)


def test_ten_functions_are_too_few_to_suppose_labels_with(s):
    s.train(show=True, wait=True, posterior="ensemble")
    why = s.explain(doubtful(s, 1)[0])
    assert why.functions < MIN_DISTINCT_FUNCTIONS
    assert why.changes == ()
    assert "too few" in why.verdict
    assert why.effect is None


def test_with_every_other_item_labelled_there_is_nothing_to_suppose(project, digits):
    s = project()
    s.audit.share = 0.0
    digits.label(s, s.pool.ids[1:])
    why = s.explain(s.pool.ids[0])
    assert why.n_tried == 0
    assert "nothing left to suppose" in repr(why)


def test_an_arrival_is_explained_too(s, digits):
    arrived = s.watch([digits.images[0].astype(float) + 1], wait=True).ids[0]
    assert s.explain(arrived).neighbours


def test_an_explanation_is_the_same_twice_and_one_line_a_fact(s):
    id = doubtful(s, 1)[0]
    assert repr(s.explain(id)) == repr(s.explain(id))
    assert repr(s.explain(id)).startswith(f"{id}: ")


def explanation(**other) -> Explanation:
    facts = {
        "id": "img_7",
        "label": None,
        "classes": ["ok", "crack"],
        "mean": np.float32([0.4, 0.6]),
        "draws": np.full((200, 2), 0.5, np.float32),
        "epistemic": 0.4,
        "aleatoric": 0.2,
        "neighbours": (),
        "changes": (),
        "n_tried": 12,
        "effect": None,
        "functions": None,
    }
    return Explanation(**{**facts, **other})


def test_the_words_follow_the_larger_part():
    assert "67% of it epistemic" in explanation().doubt
    assert "67% of it aleatoric" in explanation(epistemic=0.2, aleatoric=0.4).doubt
    assert "It is sure" in explanation(epistemic=0.01, aleatoric=0.02).doubt


def test_nearness_in_words():
    near = [Neighbour(f"img_{i}", "crack", 0.1 * i, 0.8) for i in range(3)]
    assert explanation().nearness == "No other item is labelled yet."
    assert "3 of the 3 nearest labels say 'crack', too." in explanation(neighbours=tuple(near)).nearness
    assert "80% of labelled items have theirs farther away" in explanation(neighbours=tuple(near)).nearness
    other = Neighbour("img_1", "ok", 0.1, None)
    assert explanation(neighbours=(other,)).nearness == "The only other label does not say 'crack'."
    assert [Neighbour("", "", 1.0, f).in_words for f in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)] == [
        "very far", "far", "as far as usual", "as far as usual", "close", "very close",
    ]  # fmt: skip
    usual = explanation(neighbours=(Neighbour("img_1", "ok", 0.1, 0.5), near[0])).nearness
    assert usual.endswith("The nearest is about as far as usual.")


def test_an_item_like_no_other_is_not_said_to_be_worth_a_label_and_worth_none():
    alone = explanation(epistemic=0.4, aleatoric=0.1)
    assert "its label would help" in alone.doubt
    assert str(LabelEffect(0, 2000, 2000)) == (
        "Its label would help with itself only: none of 2,000 others would be doubted less."
    )


def test_a_change_of_mind_in_words():
    flip = MindChange("img_7", "crack", 0.3, "ok", "crack", 0.34, 0.61)
    assert str(flip) == "If img_7 were 'crack', this would become 'crack' (61%, now 34%)."
    stay = MindChange("img_7", "crack", 0.3, "ok", "ok", 0.93, 0.71)
    assert str(stay) == "If img_7 were 'crack', this would stay 'ok' (71%, now 93%)."


def test_what_is_taught_in_words():
    assert str(LabelEffect(37, 1000, 300)).startswith("Its label would teach about 37 similar items")
    assert str(LabelEffect(37, 300, 300)).startswith("Its label would teach 37 similar items")
    assert "none of 300" in str(LabelEffect(0, 1000, 300))
