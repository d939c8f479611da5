"""The temperature of what is shown: from audits, which judge and never train, and honest about itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spin_nb.monitor import apply_temperature, conformal_sets, ece, inverse_temperature, nll
from spin_nb.session.model.export import exported_model
from spin_nb.session.model.pool_model import PoolModel


@pytest.fixture
def trained(project, digits):
    """A project with 19 audits among about 40 labels, trained."""
    s = project()
    s.audit.share = 0.5
    digits.label(s, s.ask(30).ids)
    while len(s.audit.predictions) < 19:
        digits.label(s, s.ask(1).ids)
    s.train(wait=True)
    assert (s.model.head, len(s.audit.predictions)) == ("mean", 19)
    return s


def next_audit(s, digits):
    """Label until one more audit has its label; no more."""
    n = len(s.audit.predictions)
    while len(s.audit.predictions) == n:
        digits.label(s, s.ask(1).ids)


def power(s):
    return s.audit.predictions.calibration.power


def test_the_twentieth_audit_brings_it_and_its_undo_takes_it_away(trained, digits):
    s = trained
    assert power(s) == 1
    assert s.audit.predictions.uncalibrated_probs is None
    assert "audits" not in repr(s.model)
    next_audit(s, digits)
    audits = s.audit.predictions
    assert (len(audits), len(audits.calibration)) == (20, 20)
    assert f"probabilities {audits.calibration}" in repr(s.model)
    assert "from 20 audits" in repr(s.model) or "by 20 audits" in repr(s.model)
    again = s.model.predictive.mean
    s.undo()
    assert power(s) == 1
    undone = s.model.predictive.mean
    assert np.allclose(apply_temperature(undone, 1 / audits.calibration.power), again, atol=1e-3)


def test_it_changes_no_answer_and_no_accuracy(trained, digits):
    s = trained
    next_audit(s, digits)
    audits, shown = s.audit.predictions, s.model.predictive.mean
    plain = apply_temperature(shown, power(s))
    assert abs(np.log(power(s))) > 0.01
    assert np.array_equal(plain.argmax(1), shown.argmax(1))
    assert np.array_equal(audits.probs.argmax(1), audits.uncalibrated_probs.argmax(1))
    right = (shown.argmax(1) == s._live.label_log.training_set.index(len(s.pool)))[audit_rows(s)]
    assert s.accuracy.value == pytest.approx(right.mean())


def audit_rows(s):
    return s._live.label_log.training_set.audits[0]


def test_audits_are_judged_at_the_temperature_of_the_others(trained, digits):
    s = trained
    next_audit(s, digits)
    audits = s.audit.predictions
    b, without = inverse_temperature(audits.uncalibrated_probs, audits.truth)
    assert power(s) == pytest.approx(b, rel=1e-3)
    expected = apply_temperature(audits.uncalibrated_probs, 1 / without)
    assert np.allclose(audits.probs, expected, atol=1e-3)
    shown = s.model.predictive.mean[audit_rows(s)]
    assert nll(audits.probs, audits.truth) > nll(shown, audits.truth), "shown has seen the labels themselves"
    assert s.audit.curve[-1].nll == pytest.approx(nll(audits.probs, audits.truth))
    assert s.audit.curve[-1].ece == pytest.approx(ece(audits.probs, audits.truth))


def test_sets_keep_their_promise_because_no_temperature_is_in_them(trained, digits):
    s = trained
    next_audit(s, digits)
    audits = s.audit.predictions
    plain = apply_temperature(s.model.predictive.mean, power(s))
    for score in ("lac", "aps"):
        sets = s.predict(s.pool.ids).sets(alpha=0.2, score=score)
        expected = conformal_sets(plain, audits.uncalibrated_probs, audits.truth, alpha=0.2, score=score)
        assert np.array_equal(sets.members, expected)


def test_an_audit_label_moves_the_temperature_and_nothing_that_learns(trained, digits):
    s = trained
    next_audit(s, digits)
    learner, id = s._live.pool_model.learner, s.pool.ids[int(audit_rows(s)[0])]
    heads = {head: learner.predictive(head).mean for head in ("graph", "linear")}
    before, rows = power(s), list(learner.graph.rows)
    s.label(id, next(name for name in digits.classes if name != digits.truth(s, id)))
    assert power(s) < before, "one more audit is wrong: less sure"
    assert list(learner.graph.rows) == rows
    assert not set(rows) & set(audit_rows(s).tolist())
    assert all(np.array_equal(learner.predictive(head).mean, mean) for head, mean in heads.items())
    s.train(wait=True)
    assert not learner.training_ids("mean") & {s.pool.ids[row] for row in audit_rows(s)}


def test_released_audits_no_longer_give_a_temperature_and_later_ones_do(trained, digits):
    s = trained
    next_audit(s, digits)
    s.audit.release()
    assert power(s) == 1
    assert len(s._live.calibration) == 0
    s.train(wait=True)
    while len(audit_rows(s)) < 20:
        digits.label(s, s.ask(1).ids)
    fresh = set(audit_rows(s).tolist())
    assert set(s._live.calibration.rows.tolist()) == fresh
    assert not fresh & set(s._live.pool_model.learner.graph.rows)


def test_a_project_opened_again_says_the_same_probabilities(trained, project, digits):
    s = trained
    next_audit(s, digits)
    said, shown, new = repr(s.model), s.model.predictive, s.predict(digits.images[:9])
    s.close()
    again = project()
    assert repr(again.model) == said
    assert np.allclose(again.model.predictive.mean, shown.mean, atol=1e-5)
    assert np.allclose(again.model.predictive.epistemic, shown.epistemic, atol=1e-5)
    assert np.allclose(again.predict(digits.images[:9]).mean, new.mean, atol=1e-5)


def test_a_session_that_moves_to_other_features_takes_its_audits_along(trained, digits):
    s, old = trained, trained._live.pool_model
    next_audit(s, digits)
    new = PoolModel(
        s.pool, lambda progress: (old.encoder, old.features), classes=old.classes, seed=1, folder=None
    )
    new.install(new.build(lambda fraction, words: None))
    new.learner.adopt(replace(old.learner._fit, predictive=None))
    with s._live.label_log.lock:
        s._live.move_to(new)
    assert new.learner.calibration.rows.tolist() == audit_rows(s).tolist()
    assert len(s.audit.predictions.calibration) == 20


def test_another_session_comes_to_the_same_temperature(trained, project, digits):
    s, other = trained, project(annotator="bo")
    next_audit(s, digits)
    assert len(other.audit.predictions) in (19, 20)
    other.accuracy  # noqa: B018, it looks at what was stored
    assert other.audit.predictions.calibration.power == pytest.approx(power(s), rel=1e-4)


def test_new_items_have_it_too_and_other_heads_have_none(trained, digits):
    s = trained
    new = s.predict(digits.images[:9]).mean
    graph = s.predict(s.pool.ids[:9], head="graph").mean
    learner = s._live.pool_model.learner
    rows = s._live.label_log.training_set.audits[0]
    learner.calibrate(rows[[0] * 40], np.full(40, 3))
    factor = learner.calibration.power
    assert factor < 0.9
    assert np.allclose(s.predict(digits.images[:9]).mean, apply_temperature(new, 1 / factor), atol=1e-3)
    assert np.array_equal(s.predict(s.pool.ids[:9], head="graph").mean, graph)


def test_the_bundle_carries_it(trained, digits, tmp_path):
    s = trained
    next_audit(s, digits)
    features = s._live.pool_model.features
    model = exported_model(s._project, s._live, s._training.model_id)
    assert model.temperature == pytest.approx(1 / power(s))
    shown, exported = s.model.predictive.mean, model.linear.predict(features).mean
    s.export(tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["model"]["temperature"] == pytest.approx(1 / power(s))
    assert exported.max(1).mean() == pytest.approx(shown.max(1).mean(), abs=0.07)
    # It follows the temperature: with audits that are all wrong, both are less sure by about as much.
    rows, wrong = audit_rows(s), (audits_truth(s) + 1) % 10
    s._live.pool_model.learner.calibrate(rows, wrong)
    softer = exported_model(s._project, s._live, s._training.model_id)
    moved = softer.linear.predict(features).mean.max(1).mean() - exported.max(1).mean()
    assert moved < -0.05
    assert moved == pytest.approx(s.model.predictive.mean.max(1).mean() - shown.max(1).mean(), abs=0.07)


def audits_truth(s):
    return s._live.label_log.training_set.audits[1]
