"""What was found of arrivals is found once: not again when the map is drawn anew or the project is opened again."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from spin_nb.pool.features import arrival_neighbours
from spin_nb.session.model import pool_model as stage
from spin_nb.session.stream import watcher as watching

RNG = np.random.default_rng(0)
POOL = RNG.normal(size=(60, 4)).astype(np.float32)
NEW = RNG.normal(size=(100, 4)).astype(np.float32)


@pytest.fixture
def opened(open_numbers):
    return partial(open_numbers, POOL)


@pytest.fixture
def looked_up(monkeypatch):
    """For how many items each search looked for the nearest of the pool."""
    counts = []

    def counted(base, queries, k):
        counts.append(len(queries))
        return search(base, queries, k)

    search = arrival_neighbours.nearest
    for module in (arrival_neighbours, stage, watching):
        monkeypatch.setattr(module, "nearest", counted)
    return counts


def facts(s):
    """All that follows from what lies nearest to an arrival."""
    rows = np.arange(len(s.pool))
    return {
        "phi": s._live.pool_model.learner.graph.phi,
        "layout": s._view_data.layout,
        "mean": s.model.predictive.mean,
        "as arrivals": s._live.pool_model.as_arrivals(rows).mean,
    }


def same(one, other):
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], atol=1e-4, err_msg=name)


def test_each_arrival_is_looked_up_once_as_long_as_the_project_lasts(opened, looked_up):
    s = opened()
    s.watch(NEW[:70], wait=True)
    assert sum(looked_up) == 70
    before = facts(s)
    s.close()
    again = opened()
    same(before, facts(again))
    again.watch(NEW[70:], wait=True)
    again.close()
    same(facts(opened()), facts(again))
    assert sum(looked_up) == 100


def test_after_a_kill_only_what_came_since_is_looked_up(opened, looked_up, monkeypatch):
    s = opened()
    s.watch(NEW[:70], wait=True)
    s.close()
    s = opened()
    s.watch(NEW[70:], wait=True)
    monkeypatch.setattr(s._live.pool_model, "save_neighbours", lambda: None)
    before = facts(s)
    s.close()
    looked_up.clear()
    same(before, facts(opened()))
    assert looked_up == [30]


@pytest.mark.parametrize("what", ["flipped", "of other arrivals", "cut"])
def test_what_is_kept_is_believed_only_where_it_is_about_these_arrivals(opened, looked_up, tmp_path, what):
    s = opened()
    s.watch(NEW[:70], wait=True)
    before = facts(s)
    s.close()
    (file,) = (tmp_path / "p.spin" / "features").glob("*.late15.safetensors")
    if what == "flipped":
        file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1]))
    elif what == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        arrival_neighbours.save_nearest(file, NEW[:70], arrival_neighbours.nearest(POOL, NEW[:70], 15))
    looked_up.clear()
    same(before, facts(opened()))
    assert looked_up == [70]


def test_a_project_that_was_deleted_is_not_made_anew_by_closing_it(opened, tmp_path):
    import shutil

    s = opened()
    s.watch(NEW[:5], wait=True)
    shutil.rmtree(tmp_path / "p.spin")
    s.close()
    assert not (tmp_path / "p.spin").exists()


def test_an_arrival_leaves_its_rows_and_a_few_small_objects(opened):
    """However long a stream: arrays have a row for it, and lists an id, a point of the drift plot, some numbers."""
    import gc
    import tracemalloc

    s = opened()
    s.watch(RNG.normal(size=(320, 4)).astype(np.float32), wait=True)
    n = 640
    stream = RNG.normal(size=(n, 4)).astype(np.float32)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        s.watch(stream, wait=True)
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    ours = [tracemalloc.Filter(True, "*/spin_nb/*")]  # not what some library compiles or imports meanwhile
    grown = after.filter_traces(ours).compare_to(before.filter_traces(ours), "lineno")
    assert sum(line.count_diff for line in grown) < 16 * n
