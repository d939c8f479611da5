"""Two sessions of one project, in whatever order: each lives through what a third one reads from the disk."""

from __future__ import annotations

import os
import random
from contextlib import suppress

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import SpinError
from spin_nb.session.labels.deferrals import excluded_items

FULL = os.environ.get("SPIN_ATTACK") == "full"
# In the 368th a grid's best sharpness once leapt by a step between the sessions and the reopening.
PROJECTS = range(400) if FULL else (*range(16), 368)
CLASSES = ["a", "b", "c"]


def points(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    x[:, 0] += 2 * rng.integers(3, size=n)
    return x


def ask(s, coin):
    for id in s.ask(coin.randrange(1, 6)).ids:
        if coin.random() < 0.8:
            s.label(id, coin.choice(CLASSES))


def lasso(s, coin):
    s.label(dict.fromkeys(coin.sample(s.pool.ids, coin.randrange(2, 15)), coin.choice(CLASSES)))


STEPS = {  # what a person may do, and how often
    ask: 8,
    lasso: 1,
    lambda s, coin: s.label(coin.choice(s.pool.ids), coin.choice(CLASSES)): 2,
    lambda s, coin: s.skip(coin.choice(s.pool.ids)): 1,
    lambda s, coin: s.unsure(coin.choice(s.pool.ids)): 1,
    lambda s, coin: s.flag(coin.choice(s.pool.ids)): 1,
    lambda s, coin: s.undo(): 3,
    lambda s, coin: s.redo(): 2,
    lambda s, coin: s.audit.release(): 1,
    lambda s, coin: setattr(s.audit, "share", coin.choice([0, 0.1, 0.2, 0.5])): 0.5,
}


def facts(s):
    """What a session says of the project, and what its model says of every item."""
    values, ledger = s.values, s._live.label_log
    said = {
        "values": values,
        "classes of the rows": s._view_data.label_index.tolist(),
        "audits": sorted(zip(*(column.tolist() for column in ledger.training_set.audits), strict=True)),
        "drawn": sorted(ledger.rows(ledger.audit_items.items).tolist()),
        "unanswered": sorted(ledger.rows(ledger.audit_items.unanswered_items).tolist()),
        "released": sorted(ledger.audit_items.released_items),
        "trains": sorted(zip(*(column.tolist() for column in ledger.training_set.training), strict=True)),
        "taken": sorted(excluded_items(ledger)),
        "accuracy": repr(s.accuracy),
        "audit share": s.audit.share,
    }
    return said, None if s.model.predictive is None else s.model.predictive.mean


@pytest.mark.parametrize("seed", PROJECTS)
def test_whatever_two_people_do_both_see_what_is_on_disk(tmp_path, seed):
    coin, at = random.Random(seed), tmp_path / "points.spin"
    ada = spin.open(
        at, pool=points(coin.randrange(60, 120), seed), classes=CLASSES, annotator="ada", seed=seed
    )
    ada.audit.share = 0.5
    bob = spin.open(at, annotator=coin.choice(["ada", "bob"]))
    for _ in range(coin.randrange(10, 45)):
        step = coin.choices(list(STEPS), list(STEPS.values()))[0]
        with suppress(SpinError):  # nothing to undo, nothing left to ask
            step(coin.choice([ada, bob]), coin)
    live = [facts(s) for s in (ada, bob)]
    ada.close()
    bob.close()
    again = spin.open(at, annotator="ada")
    stored, probs = facts(again)
    assert again.check().ok
    again.close()
    for said, seen in live:
        assert said == stored
        np.testing.assert_allclose(seen, probs, atol=1e-4)
