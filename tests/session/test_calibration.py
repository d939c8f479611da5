"""Calibration and conformal sets through the session: from audit labels, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ModelError
from spin_nb.monitor import apply_temperature, conformal_sets


@pytest.fixture
def judged(project, digits):
    """A project with 30 audits among 60 labels."""
    s = project()
    s.audit.share = 0.5
    while len(s.labels) < 60:
        digits.label(s, s.ask(10).ids)
    return s


def test_what_is_judged_is_the_audit_sample_in_the_eyes_of_the_head_shown(judged, digits):
    s = judged
    audits = [id for id in s.labels["item"] if id in set(s.asks.filter(s.asks["audit"])["item"])]
    rows = [s.pool.row(id) for id in audits]
    assert len(s.audit.predictions) == 30 == s.accuracy.n
    assert np.array_equal(s.audit.predictions.probs, s.model.predictive.mean[rows])
    assert [digits.classes[c] for c in s.audit.predictions.truth] == digits.names[rows].tolist()
    assert s.audit.curve[-1].n_audits == 30
    assert s.audit.curve[-1].nll is not None


def test_before_the_first_label_nothing_is_judged(project):
    s = project()
    assert len(s.audit.predictions) == 0
    assert s.audit.predictions.probs.shape == (0, 10)


def test_sets_rest_on_the_audits_alone(judged):
    s = judged
    sets = s.predict(s.pool.ids).sets(alpha=0.2)
    assert sets.n_audits == 30
    expected = conformal_sets(
        s.model.predictive.mean, s.audit.predictions.probs, s.audit.predictions.truth, alpha=0.2
    )
    assert np.array_equal(sets.members, expected)
    assert sets.labels[0] == tuple(np.array(s.classes)[sets.members[0]])
    assert np.array_equal(sets.sizes, sets.members.sum(1))
    assert "30 audits" in repr(sets)
    assert "at least 80%" in repr(sets)
    assert "392 more" in repr(sets)


def test_with_too_few_audits_sets_are_refused_with_the_number(project, digits):
    s = project()
    digits.label(s, s.ask(20).ids)
    with pytest.raises(ModelError, match="at least 9 audit labels; there are 2") as caught:
        s.predict(s.pool.ids[:3]).sets(alpha=0.1)
    assert "s.audit.share" in str(caught.value)
    with pytest.raises(ModelError, match="at least 19"):
        s.predict(s.pool.ids[:3]).sets(alpha=0.05)


def test_released_audits_no_longer_vouch_for_anything(judged):
    judged.audit.release()
    with pytest.raises(ModelError, match="there are 0"):
        judged.predict(judged.pool.ids[:3]).sets()


def test_sets_of_the_unlabelled_rest_hold_the_truth_as_often_as_they_say(judged, digits):
    s = judged
    rest = np.flatnonzero(s._view_data.label_index < 0)
    truth = np.array([digits.classes.index(name) for name in digits.names[rest]])
    for score in ("lac", "aps"):
        sets = s.predict([s.pool.ids[row] for row in rest]).sets(alpha=0.1, score=score)
        assert sets.members[np.arange(len(rest)), truth].mean() > 0.8
        assert 1 <= sets.sizes.mean() < 6


def test_new_items_are_judged_by_audits_seen_as_new_and_sets_of_them_hold_the_truth_as_often_as_they_say(
    tmp_path,
):
    # Shuffled: the digits lie in order of their writers, so the last of them are not like the first.
    sample = spin.samples.digits()
    order = np.random.default_rng(0).permutation(len(sample.items))
    names = np.array(sample.labels)[order]
    s = spin.open(
        tmp_path / "p.spin", pool=sample.items[order[:400]], classes=sample.classes, annotator="ada"
    )
    s.audit.share = 0.5
    while len(s.labels) < 120:
        s.label({id: str(names[s.pool.row(id)]) for id in s.ask(20).ids})
    s.train(wait=True)
    fresh, truth = sample.items[order[400:1000]], np.searchsorted(sample.classes, names[400:1000])
    for head in (None, "graph", "linear", "mean"):
        prediction = s.predict(fresh, head=head)
        rows = s._live.label_log.training_set.audits[0]
        seen_as_new, audits = s._live.pool_model.as_arrivals(rows, head).mean, prediction._audits
        if head in (None, "mean"):  # each at the temperature of the other audits
            ratio = audits.calibration.power / audits.calibration.powers_at(rows)
            seen_as_new = apply_temperature(seen_as_new, ratio)
        assert np.array_equal(audits.probs, seen_as_new)
        sets = prediction.sets(alpha=0.1)
        assert sets.members[np.arange(600), truth].mean() > 0.85
        assert 1 <= sets.sizes.mean() < 3
    s.close()


def test_an_audit_that_has_itself_arrived_is_seen_as_new_too(judged, digits):
    s = judged
    s.watch(iter(spin.samples.digits().items[400:420]), wait=True)
    rows = np.array([3, 405, 410])
    among = s._live.pool_model.as_arrivals(rows)
    again = s.predict(spin.samples.digits().items[[405, 410]])
    assert np.allclose(among.mean[1:], again.mean, atol=1e-5)


def test_a_prediction_keeps_the_audits_of_its_own_model(judged, digits):
    s = judged
    before = s.predict(s.pool.ids)
    kept = before.sets(alpha=0.2).members
    digits.label(s, s.ask(20).ids)
    assert np.array_equal(before.sets(alpha=0.2).members, kept)


def test_the_view_is_the_same_object_and_follows_labels(judged, digits):
    s = judged
    view = s.calibration
    assert view is s.calibration
    assert len(view.figure.data[-1].x) == 30
    digits.label(s, s.ask(2).ids)
    assert len(view.figure.data[-1].x) == 31
