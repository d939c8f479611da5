"""Arrivals of a wide table: reduced features raise no alarm by themselves, and hide no drift."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin


def rows(seed, n, width=800):
    """Columns of noise, most of all, that ten numbers stand behind."""
    rng = np.random.default_rng(seed)
    loadings = np.random.default_rng(9).normal(size=(10, width)) / 4
    return (rng.normal(size=(n, 10)) @ loadings + rng.normal(size=(n, width))).astype(np.float32)


@pytest.fixture
def session(tmp_path):
    with spin.open(tmp_path / "wide.spin", pool=rows(0, 500), classes=["a", "b"]) as s:
        for number in range(12):
            s.label(f"item-{number:06d}", "ab"[number % 2])
        yield s


def test_rows_like_the_pool_raise_no_alarm(session):
    assert session.watch(list(rows(1, 300))).result().alarms == ()


def test_rows_that_are_far_out_do(session):
    far_out = rows(2, 150)
    far_out[:, :80] += 30
    assert any(signal == "distance" for _, signal in session.watch([*rows(1, 150), *far_out]).result().alarms)
