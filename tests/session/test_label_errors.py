"""``s.model.label_errors()``: planted wrong labels come first, audits stay out of it, nothing moves."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ModelError, NotTrainedError


@pytest.fixture
def s(project):
    return project()


def label_with_errors(s, digits, n, errors):
    """Label the first ``n`` items, these positions among them wrong."""
    ids = s.pool.ids[:n]
    wrong = {ids[at]: str((int(digits.truth(s, ids[at])) + 1) % 10) for at in errors}
    s.label({id: digits.truth(s, id) for id in ids} | wrong)
    return list(wrong)


def test_planted_errors_come_first_with_what_they_should_be(s, digits):
    wrong_ids = label_with_errors(s, digits, 200, range(0, 200, 20))
    doubts = s.model.label_errors()
    first = doubts.table.head(10)
    assert len(set(first["item"]) & set(wrong_ids)) >= 9
    right = [row["predicted"] == digits.truth(s, row["item"]) for row in first.iter_rows(named=True)]
    assert sum(right) >= 9
    assert set(doubts.ids) <= set(first["item"]) | set(doubts.table.head(14)["item"])
    assert len(doubts.table) == 200
    assert doubts.noise_rate == pytest.approx(0.05, abs=0.025)
    assert doubts.table["wrong"].is_sorted(descending=True)
    assert f"{len(doubts)} of 200 labels" in repr(doubts)


def test_right_labels_are_left_in_peace(s, digits):
    label_with_errors(s, digits, 200, [])
    doubts = s.model.label_errors()
    assert len(doubts) <= 2
    assert doubts.noise_rate < 0.03


def test_nothing_of_the_session_moves(s, digits):
    label_with_errors(s, digits, 60, [3, 30])
    s.train(wait=True)
    before = s.model.head, s.model.predictive.mean.copy(), s.values, len(s.history)
    s.model.label_errors()
    after = s.model.head, s.model.predictive.mean, s.values, len(s.history)
    assert (before[0], before[2:]) == (after[0], after[2:])
    np.testing.assert_array_equal(before[1], after[1])


def test_audit_labels_are_not_judged(s, digits):
    s.audit.share = 0.5
    label_with_errors(s, digits, 40, [])
    asked = s.ask(20).ids
    digits.label(s, asked)
    audits = set(s.labels.filter(s.labels["audit"])["item"])
    assert audits
    assert set(s.model.label_errors().table["item"]) == set(s.values) - audits


def test_too_few_labels_are_said_to_be(s, digits):
    with pytest.raises(NotTrainedError):
        s.model.label_errors()
    digits.label(s, s.pool.ids[:4])
    with pytest.raises(ModelError, match="too few"):
        s.model.label_errors()


def test_one_class_for_all_is_doubted_by_nobody(s):
    s.label(s.pool.ids[:20], "7")
    assert len(s.model.label_errors()) == 0


def test_labels_that_are_no_classes_cannot_be_doubted_like_that(tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=["a b", "c d"] * 5, task=spin.Number(0, 9))
    with s, pytest.raises(ModelError, match="classes"):
        s.model.label_errors()
