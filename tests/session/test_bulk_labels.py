"""Labels that one gesture gave to many items: all are kept and trained on, and count less where they are too many."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import LabelError
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.session.labels.training_data import training_data, training_weights
from spin_nb.session.model import training


@pytest.fixture
def s(project, digits):
    s = project()
    s._live.pool_model.wait()
    s.audit.share = 0
    digits.label(s, s.ask(30).ids)
    return s


def unlabelled(s):
    labelled = set(s.values)
    return [id for id in s.pool.ids if id not in labelled]


def sevens(s, digits, n=40):
    """Items of one class that nobody has labelled."""
    return dict.fromkeys([id for id in unlabelled(s) if digits.truth(s, id) == "7"][:n], "7")


def most(s):
    """Labels of the class that was labelled most one by one."""
    return int(np.bincount(s._live.label_log.training_set.training[1]).max())


def weights(s):
    """Item -> how many labels its label counts as."""
    rows, _, weights, _ = training_data(s._live.label_log)
    each = np.ones(len(rows)) if weights is None else weights
    return {s.pool.ids[row]: weight for row, weight in zip(rows, each, strict=True)}


def counted(s, label="7"):
    """What the labels of a class count together."""
    _, y, weights, _ = training_data(s._live.label_log)
    return float((np.ones(len(y)) if weights is None else weights)[y == s.classes.index(label)].sum())


def test_labels_given_one_by_one_count_fully(s):
    assert training_weights(s._live.label_log) is None


def test_a_gesture_of_one_class_counts_no_more_than_the_class_labelled_most(s, digits):
    limit, bulk = max(most(s), counted(s) + 1), sevens(s, digits, 30)
    s.label(bulk)
    assert len(s.values) == 30 + len(bulk)
    assert counted(s) <= limit < 30


def test_a_call_that_labels_several_classes_counts_fully(s, digits):
    s.label({id: digits.truth(s, id) for id in unlabelled(s)[:300]})
    assert training_weights(s._live.label_log) is None


def test_the_rest_in_one_call_counts_fully_where_the_rare_class_was_labelled_by_hand(project, digits):
    """Who has labelled so has said how frequent the classes are; nothing that was asked says otherwise."""
    s = project()
    s._live.pool_model.wait()
    truth = {id: digits.truth(s, id) for id in s.pool.ids[:300]}
    digits.label(s, [id for id in truth if truth[id] == "7"])
    s.label({id: "1" for id in truth if truth[id] != "7"})
    assert training_weights(s._live.label_log) is None


def test_answers_to_what_was_asked_count_fully(s, digits):
    asked = s.ask(40).ids
    s.label(dict.fromkeys(asked, "7"))
    assert training_weights(s._live.label_log) is None


def test_an_answer_given_again_by_hand_changes_what_a_gesture_counts_at_once(s, digits, project):
    """Fewer answers than labels of a person's own: from then on the gesture counts fully, live as after opening."""
    s.label(sevens(s, digits))
    assert training_weights(s._live.label_log) is not None
    for id in list(s.values)[:16]:
        s.label(id, s._view_data.value(id))
    live = np.array(s.model.predictive.mean)
    s.close()
    again = project()
    again._live.pool_model.wait()
    np.testing.assert_allclose(again.model.predictive.mean, live, atol=1e-4)


def test_undo_and_redo_take_the_weights_along(s, digits):
    before = np.array(s.model.predictive.mean)
    s.label(sevens(s, digits))
    after = np.array(s.model.predictive.mean)
    s.undo()
    assert training_weights(s._live.label_log) is None
    np.testing.assert_allclose(s.model.predictive.mean, before, atol=1e-4)
    s.redo()
    np.testing.assert_allclose(s.model.predictive.mean, after, atol=1e-4)


def test_an_item_labelled_again_by_itself_counts_fully(s, digits):
    bulk = sevens(s, digits)
    s.label(bulk)
    first = next(iter(bulk))
    s.label(first, "1")
    at = weights(s)
    assert at[first] == 1
    assert all(at[id] < 1 for id in bulk if id != first)


def test_the_live_head_is_what_a_project_that_is_opened_again_shows(s, digits, project):
    s.label(sevens(s, digits))
    digits.label(s, unlabelled(s)[:15])
    s.undo()
    digits.label(s, unlabelled(s)[-10:])
    said, before = np.array(s.model.predictive.mean), weights(s)
    assert min(before.values()) < 1
    s.close()
    again = project()
    again._live.pool_model.wait()
    assert weights(again) == before
    np.testing.assert_allclose(again.model.predictive.mean, said, atol=1e-4)


def test_labels_after_a_gesture_seldom_solve_the_graph_anew(s, digits, monkeypatch):
    bulk = sevens(s, digits)
    s.label(bulk)
    solved, reset = [], Learner.reset
    monkeypatch.setattr(Learner, "reset", lambda self, *a: (solved.append(1), reset(self, *a))[1])
    digits.label(s, unlabelled(s)[:80])
    assert len(solved) <= 4


def test_a_label_is_trained_with_what_it_counts(s, digits, monkeypatch):
    s.label(sevens(s, digits))
    passed = []

    def spy(*args, **options):
        passed.append(options["weights"])
        return fit_heads(*args, **options)

    monkeypatch.setattr(training, "fit_heads", spy)
    report = s.train(wait=True)
    assert report.n_labels == len(s._live.label_log.training_set.training[0])
    assert np.array_equal(passed[0], training_weights(s._live.label_log))


def test_many_ids_take_one_value_and_say_where_they_came_from(project):
    s = project()
    ids = s.pool.ids[50:80]
    report = s.label(ids, "7")
    assert (report.ids, report.left_out) == (tuple(ids), ())
    assert s.values == dict.fromkeys(ids, "7")
    assert s.history["source"].to_list() == ['{"by": "cell"}'] + [None] * 29
    s.undo()
    assert s.values == {}


def test_what_is_being_asked_is_left_out_of_a_bulk_and_still_audits_alone(project, digits):
    """Whoever labels thirty at once has not looked at the one that is to judge the model."""
    s = project()
    digits.label(s, s.pool.ids[:20])
    s.audit.share = 0.5
    asked = s.ask(10).ids
    others = [id for id in s.pool.ids[100:130] if id not in asked]
    report = s.label([*asked, *others], "7")
    assert (report.ids, set(report.left_out)) == (tuple(others), set(asked))
    assert set(s.values) == {*s.pool.ids[:20], *others}
    assert s.accuracy.n == 0
    digits.label(s, asked)
    assert s.accuracy.n > 0


def test_nothing_but_items_being_asked_is_refused(project):
    s = project()
    with pytest.raises(LabelError, match="being asked"):
        s.label(s.ask(3).ids, "7")
    assert s.values == {}


def test_one_value_that_the_task_does_not_allow_stores_nothing(project):
    s = project()
    with pytest.raises(LabelError):
        s.label(s.pool.ids[:5], "no digit")
    assert s.values == {}
