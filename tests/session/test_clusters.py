"""``s.clusters``: what lies together on the map, what is labelled in it, and all of it labelled by one call."""

from __future__ import annotations

import threading

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import ProjectError, QueryError

N = 90


@pytest.fixture
def placed(tmp_path, monkeypatch):
    """Open three groups of numbers, whose map is their first two: UMAP's compilation would take most of the time."""
    monkeypatch.setattr(
        "spin_nb.session.model.pool_model.umap_layout", lambda x, *graph, seed, progress: x[:, :2].copy()
    )
    group = np.arange(N) % 3
    rng = np.random.default_rng(0)
    x = np.column_stack([group, group**2]) + rng.normal(scale=0.01, size=(N, 2))
    x[-1] = 40, -40
    opened = []

    def open_(**options):
        pool = {} if (tmp_path / "p.spin").exists() else {"pool": x, "classes": ["a", "b", "c"]}
        opened.append(spin.open(tmp_path / "p.spin", annotator="ada", **{**pool, **options}))
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def truth(s, id):
    return "abc"[s.pool.row(id) % 3]


def test_what_lies_together_is_together_and_what_lies_apart_is_in_none(placed):
    s = placed()
    found = s.clusters
    assert found.layout == "umap"
    for cluster in found:
        assert len({truth(s, id) for id in cluster}) == 1
        assert set(cluster.examples) <= set(cluster.ids)
        assert (cluster.majority, cluster.purity, cluster.doubt, cluster.is_mixed) == (
            None,
            None,
            None,
            False,
        )
    sizes = [len(cluster) for cluster in found]
    assert sizes == sorted(sizes, reverse=True)
    assert s.pool.ids[-1] in found.rest
    assert sorted([*found.rest, *(id for cluster in found for id in cluster)]) == sorted(s.pool.ids)
    assert found.table["items"].to_list() == sizes
    assert f"{len(found.rest)} of {N} items are in none" in repr(found)


def test_a_cluster_is_labelled_by_one_call_that_one_undo_takes_back(placed):
    s = placed()
    cluster = s.clusters[0]
    report = s.label(cluster.ids, truth(s, cluster.ids[0]))
    again = s.clusters[0]
    assert again.ids == cluster.ids
    assert again.n_labelled == len(report.ids)
    assert (again.majority, again.purity) == (truth(s, cluster.ids[0]), 1.0)
    assert again.doubt >= 0
    s.undo()
    assert s.clusters[0].n_labelled == 0
    assert s.tag(cluster, "together") == len(cluster)


def test_a_cluster_that_mixes_classes_says_so(placed):
    s = placed()
    cluster = s.clusters[1]
    s.label({id: "ab"[at % 2] for at, id in enumerate(cluster.ids[:4])})
    mixed = s.clusters[1]
    assert (mixed.n_labelled, mixed.purity, mixed.is_mixed) == (4, 0.5, True)
    assert "MIXES CLASSES" in repr(mixed)
    assert "MIXES CLASSES" in repr(s.clusters)
    assert s.clusters.table["mixed"].to_list()[:2] == [False, True]


def test_the_column_filters_and_is_in_no_table_that_does_not_name_it(placed):
    s = placed()
    assert "cluster" not in s.table.columns
    cluster = s.clusters[1]
    assert s.where(pl.col("cluster") == 1).ids == list(cluster.ids)
    assert s.where(pl.col("cluster").is_null()).ids == s.clusters.rest


def test_they_are_the_same_when_the_project_is_opened_again(placed):
    s = placed()
    before = s.clusters.table.select("cluster", "items", "examples")
    s.close()
    assert placed().clusters.table.select("cluster", "items", "examples").equals(before)


def test_arrivals_are_where_their_nearest_is_and_the_others_stay(placed):
    s = placed()
    s.label({id: truth(s, id) for id in s.pool.ids[:3]})
    before = [cluster.ids for cluster in s.clusters]
    s.watch([np.array([1.0, 1.0]), np.array([40.0, -40.0])], wait=True)
    after = [cluster.ids for cluster in s.clusters]
    new = set(s.pool.ids[N:])
    assert [tuple(id for id in ids if id not in new) for ids in after] == before
    assert len(s.pool) == N + 2 == sum(map(len, after)) + len(s.clusters.rest)


def test_where_labels_are_no_classes_there_is_no_purity(tmp_path, placed, monkeypatch):
    pool = np.random.default_rng(0).normal(size=(40, 2)) * 0.01 + (np.arange(40) % 2)[:, None]
    with spin.open(tmp_path / "n.spin", pool=pool, task=spin.Number(0, 10), annotator="ada") as s:
        s.label(dict.fromkeys(s.pool.ids[:10], 3.0))
        assert sum(cluster.n_labelled for cluster in s.clusters) > 0
        assert all(cluster.purity is None and cluster.majority is None for cluster in s.clusters)


def test_without_umap_they_are_of_the_first_map_and_that_is_said(placed, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no UMAP here")

    monkeypatch.setattr("spin_nb.session.model.pool_model.umap_layout", fail)
    s = placed()
    assert s.clusters.layout == "pca"
    assert "PCA map" in repr(s.clusters)
    assert "no UMAP here" in s.problem


@pytest.mark.parametrize("number", [-1, 99, 1.5, "0", None, True, slice(2)])
def test_no_such_cluster(placed, number):
    with pytest.raises(QueryError):
        placed().clusters[number]


def test_few_items_have_no_clusters(tmp_path, placed):
    with spin.open(tmp_path / "few.spin", pool=np.arange(8.0).reshape(4, 2), classes=["a", "b"]) as s:
        assert len(s.clusters) == 0
        assert len(s.clusters.rest) == 4
        assert s.clusters.table.height == 0
        with pytest.raises(QueryError, match="no cluster 0"):
            s.clusters[0]


def test_another_thread_does_not_wait_for_them(placed):
    s, said = placed(), []

    def ask():
        try:
            s.where(pl.col("cluster") == 0)
        except QueryError as error:
            said.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert "not there yet" in said[0]
    n = len(s.clusters)
    thread = threading.Thread(target=lambda: said.append(len(s.clusters)))
    thread.start()
    thread.join()
    assert said[1] == n


def test_a_closed_session_says_so_each_time(placed):
    s = placed()
    s._live.pool_model.wait()
    s.close()
    for _ in range(2):
        with pytest.raises(ProjectError, match="closed"):
            s.clusters  # noqa: B018


def test_views_colour_by_them_without_waiting(placed):
    s = placed()
    assert s._view_data.cluster_index is None
    n = len(s.clusters)
    assert s._view_data.cluster_index.max() == n - 1
