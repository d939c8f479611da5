"""What trains and what audits, kept label by label: the same as looked up anew from everything that holds."""

from __future__ import annotations

import random
import threading

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.session.labels.training_set import TrainingSet


def looked_up(s):
    """Item -> class of what trains, and of what audits, from the store alone."""
    in_force = drawn_since_release(s)
    trains, audits = {}, {}
    for row in s.labels.iter_rows(named=True):
        if s._live.label_log.pool.has(row["item"]) and not row["flagged"]:
            out = audits if row["item"] in in_force else trains
            out[row["item"]] = s.classes.index(row["value"])
    return trains, audits


def drawn_since_release(s):
    """Items that audit: what had a label or was drawn when audits were released does so no more."""
    released = s._project.store.meta.get("audits_released", 0)
    before = [event for event in s._project.store.events() if event.seq <= released]
    labelled = {event.item for event in before if event.kind == "label"}
    asks = [ask for ask in s._project.store.shown_asks() if ask.audit]
    old = {ask.item for ask in asks if before and ask.shown_at <= before[-1].time}
    return {ask.item for ask in asks} - labelled - old


def kept(s, rows_and_classes):
    rows, classes = rows_and_classes
    return dict(zip((s.pool.ids[row] for row in rows), classes.tolist(), strict=True))


def agrees(s):
    trains, audits = looked_up(s)
    assert kept(s, s._live.label_log.training_set.training) == trains
    assert list(kept(s, s._live.label_log.training_set.audits).items()) == list(audits.items())
    index = np.full(len(s.pool), -1)
    for id, y in {**trains, **audits}.items():
        index[s.pool.row(id)] = y
    assert s._view_data.label_index.tolist() == index.tolist()


def test_the_same_as_looked_up_anew_whatever_is_done(project):
    s, chance = project(), random.Random(0)
    s.audit.share = 0.5
    asked = list(s.ask(16).ids)
    for step in range(120):
        if step == 60:
            s.audit.release()
            asked = list(s.ask(48).ids)
        do = chance.choice(["label", "label", "label", "skip", "flag", "undo", "undo", "redo"])
        try:
            if do == "label":
                s.label(chance.choice(asked), chance.choice(s.classes))
            elif do in ("skip", "flag"):
                getattr(s, do)(chance.choice(asked))
            else:
                getattr(s, do)()
        except LabelError:  # nothing to bring back
            continue
        agrees(s)
    assert len(s._live.label_log.training_set.audits[0]) > 3


def test_rows_move_up_when_an_item_leaves_the_pool():
    rows = {"a": 0, "b": 1, "c": 2, "d": 3}
    training_set = TrainingSet(rows.get, threading.RLock())
    for seq, id in enumerate(rows):
        audit = id in "bd"
        training_set.update(id, rows[id], None if audit else seq, (seq, seq) if audit else None)
    assert training_set.index(5).tolist() == [0, 1, 2, 3, -1]
    rows.update(a=None, b=None, c=0, d=1)
    training_set.reindex()
    assert [part.tolist() for part in (*training_set.training, *training_set.audits)] == [[0], [2], [1], [3]]
    assert training_set.index(3).tolist() == [2, 3, -1]
