"""A modality is one Python file, registered by one word: open, label, ask, train, close, reopen."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import registry
from spin_nb.errors import PoolError
from spin_nb.testing import check_encoder, check_modality

FILE = '''
"""Graphs as JSON: {"nodes": n, "edges": [[a, b], ...]}."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.base import Modality
from spin_nb.types import Shown


@dataclass(frozen=True)
class Graph:
    nodes: int
    edges: tuple[tuple[int, int], ...]


class DegreeEncoder:
    """Nodes, edges, and the share of the nodes that have 0, 1, 2 or more edges."""

    name = "graph-degrees"
    settings = {}

    def fit(self, graphs):
        return self

    def encode(self, graphs):
        return np.array([_degrees(graph) for graph in graphs], np.float32)

    def to_arrays(self):
        return {}

    @classmethod
    def from_arrays(cls, arrays, unfitted):
        return cls()


class GraphModality(Modality):
    name = "graph"
    title = "graph"
    extensions = frozenset({".graph"})
    encoders = (DegreeEncoder,)

    @classmethod
    def is_loaded(cls, item):
        return isinstance(item, Graph)

    @classmethod
    def check_file(cls, path):
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        return 0

    @staticmethod
    def to_text(graph):
        return json.dumps({"nodes": graph.nodes, "edges": graph.edges})

    def load(self, source):
        if isinstance(source, Graph):
            return source
        try:
            facts = json.loads(source.read_text() if isinstance(source, Path) else source)
            return Graph(int(facts["nodes"]), tuple((int(a), int(b)) for a, b in facts["edges"]))
        except (OSError, ValueError, TypeError, KeyError) as problem:
            raise PoolError(f"{source!s:.80} is no graph: {problem}.", "Pass nodes and edges.") from None

    def show(self, source, size=None):
        graph = self.load(source)
        edges = ", ".join(f"{a}-{b}" for a, b in graph.edges)
        return Shown("application/json", {"nodes": str(graph.nodes), "edges": edges})


def _degrees(graph):
    degree = np.bincount(np.array(graph.edges, int).ravel(), minlength=graph.nodes)
    shares = np.bincount(np.minimum(degree, 3), minlength=4) / graph.nodes
    return [graph.nodes, len(graph.edges), *shares]
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The module of the one file, installed as a package that registers the word "graph"."""
    site = tmp_path / "site"
    facts = site / "toy_graphs-1.0.dist-info"
    facts.mkdir(parents=True)
    (site / "toy_graphs.py").write_text(FILE)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: toy_graphs\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[spin_nb.modality]\ngraph = toy_graphs:GraphModality\n")
    monkeypatch.syspath_prepend(str(site))
    registry._added_by_packages.cache_clear()
    import toy_graphs

    yield toy_graphs
    registry._added_by_packages.cache_clear()
    sys.modules.pop("toy_graphs")


def graphs(toy, n=24):
    """Rings and stars in turn, of 4 to 15 nodes."""
    out = []
    for number in range(n):
        nodes = 4 + number // 2
        star = number % 2
        edges = [(0 if star else node - 1, node) for node in range(1, nodes)] + (
            [] if star else [(nodes - 1, 0)]
        )
        out.append(toy.Graph(nodes, tuple(edges)))
    return out


def in_a_list(toy, tmp_path):
    return graphs(toy)


def in_a_folder(toy, tmp_path):
    folder = tmp_path / "graphs"
    folder.mkdir()
    for number, graph in enumerate(graphs(toy)):
        (folder / f"{number:02}.graph").write_text(toy.GraphModality.to_text(graph))
    (folder / "empty.graph").write_text("")
    return folder


def side_by_side(toy, tmp_path):
    return spin.Multimodal(graph=graphs(toy), size=np.arange(24.0)[:, None] // 2)


def test_it_keeps_the_contracts(toy):
    items = graphs(toy)
    check_modality(toy.GraphModality(), [items[0], toy.GraphModality.to_text(items[1])])
    check_encoder(toy.DegreeEncoder, items)


@pytest.mark.parametrize("pool", [in_a_list, in_a_folder, side_by_side])
def test_it_goes_through_the_loop_and_is_there_again(toy, tmp_path, pool):
    s = spin.open(tmp_path / "p.spin", pool=pool(toy, tmp_path), classes=["ring", "star"])
    assert len(s.pool) == 24
    assert set(s.ask(3).ids) <= set(s.pool.ids)
    s.label({id: ("ring", "star")[row % 2] for row, id in enumerate(s.pool.ids) if row < 16})
    s.train(wait=True)
    mean = s.predict(s.pool.ids).mean
    assert (mean.argmax(axis=1) == np.arange(24) % 2).all()
    arrivals = (
        [{"graph": item, "size": np.zeros(1)} for item in graphs(toy, 2)]
        if pool is side_by_side
        else graphs(toy, 2)
    )
    s.watch(arrivals, wait=True)
    n = len(s.pool)
    assert n == 26
    s.close()

    again = spin.open(tmp_path / "p.spin")
    assert len(again.pool) == n
    assert again.labels.height == 16
    np.testing.assert_allclose(again.predict(again.pool.ids[:24]).mean, mean, atol=1e-5)
    loaded = again.pool.load([0, n - 1])
    loaded = [item["graph"] for item in loaded] if pool is side_by_side else loaded
    assert loaded == [graphs(toy)[0], graphs(toy)[1]]
    assert again.pool.show(0).mime in ("application/json", "multipart/mixed")
    again.close()


def test_what_is_broken_is_kept_out_with_its_reason(toy, tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=in_a_folder(toy, tmp_path), classes=["ring", "star"])
    assert [(item.id, item.reason) for item in s.pool.broken] == [("empty.graph", "it is empty")]
    s.close()


def test_kinds_are_not_mixed_and_another_encoder_is_refused(toy, tmp_path):
    with pytest.raises(PoolError, match="objects of one kind"):
        spin.open(tmp_path / "a.spin", pool=[*graphs(toy), "a text"], classes=["ring", "star"])
    with pytest.raises(PoolError, match="reads items of the modality 'text', this pool holds 'graph'"):
        spin.open(tmp_path / "b.spin", pool=graphs(toy), classes=["ring", "star"], encoder="tfidf-svd")
    with pytest.raises(PoolError, match="reads items of the modality 'graph', this pool holds 'text'"):
        spin.open(tmp_path / "c.spin", pool=["one", "two"], classes=["ring", "star"], encoder="graph-degrees")


def test_without_its_package_the_project_says_what_is_missing(toy, tmp_path, monkeypatch):
    spin.open(tmp_path / "p.spin", pool=graphs(toy), classes=["ring", "star"]).close()
    monkeypatch.undo()
    registry._added_by_packages.cache_clear()
    with pytest.raises(spin.SpinError, match="no modality is called 'graph'"):
        spin.open(tmp_path / "p.spin")
