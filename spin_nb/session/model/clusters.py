"""Clusters of the map, as a person reads and labels them: ``s.clusters``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.session.arguments import whole_number
from spin_nb.session.model.cluster_finder import ClusterFinder
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float, Ints
from spin_nb.words import HtmlRepr, shown

if TYPE_CHECKING:
    import polars as pl

MIN_PURITY = 0.9  # of labels: below, a cluster mixes classes
N_EXAMPLES, N_SHOWN = 5, 12


@dataclass(frozen=True, eq=False, repr=False)
class Cluster(HtmlRepr):
    """One cluster of the map.

    Attributes
    ----------
    number : int
    ids : tuple of str
        Its items, in the order of the pool.
    examples : tuple of str
        Five of them, from its middle.
    n_labelled : int
        How many have a label.
    majority : str or None
        The commonest of these labels; None without one, or where labels are no classes.
    purity : float or None
        Its share of them.
    doubt : float or None
        Mean epistemic uncertainty, nats; None before there is a model.
    """

    number: int
    ids: tuple[str, ...]
    examples: tuple[str, ...]
    n_labelled: int
    majority: str | None
    purity: float | None
    doubt: float | None

    @property
    def is_mixed(self) -> bool:
        """True where more than one in ten of its labels is of another class than the commonest."""
        return self.purity is not None and self.purity < MIN_PURITY

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        text = f"Cluster {self.number}: {len(self):,} items, {self.n_labelled:,} labelled"
        if self.purity is not None:
            text += f", {self.purity:.0%} of these {shown(self.majority)}"
        if self.is_mixed:
            text += "; it MIXES CLASSES: look at its items before you label them together"
        return text


class Clusters(HtmlRepr):
    """Clusters of the map, the largest first (``s.clusters``).

    Labels are those of now; which items are together stays until the map moves.

    Attributes
    ----------
    layout : str
        Word of the map that they are of: "umap", or "pca" where UMAP failed, which hides more than it shows.

    Examples
    --------
    >>> s.clusters                                                       # doctest: +SKIP
    >>> s.grid.show(s.clusters[3])                                       # doctest: +SKIP
    >>> s.label(s.clusters[3].ids, "crack")                              # doctest: +SKIP
    """

    def __init__(self, clusters: tuple[Cluster, ...], rest: tuple[str, ...], layout: str) -> None:
        self._clusters, self._rest, self.layout = clusters, rest, layout

    @property
    def rest(self) -> list[str]:
        """Items that are in no cluster: HDBSCAN calls them noise."""
        return list(self._rest)

    @property
    def table(self) -> pl.DataFrame:
        """One row per cluster: cluster, items, labelled, majority, purity, mixed, doubt, examples."""
        import polars as pl

        rows = [
            (
                *(each.number, len(each), each.n_labelled, each.majority, each.purity),
                *(each.is_mixed, each.doubt, list(each.examples)),
            )
            for each in self
        ]
        return pl.DataFrame(
            rows,
            schema={
                "cluster": pl.Int32,
                "items": pl.Int64,
                "labelled": pl.Int64,
                "majority": pl.String,
                "purity": pl.Float64,
                "mixed": pl.Boolean,
                "doubt": pl.Float64,
                "examples": pl.List(pl.String),
            },
            orient="row",
        )

    def __len__(self) -> int:
        return len(self._clusters)

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self._clusters)

    def __getitem__(self, number: int) -> Cluster:
        number = whole_number(number, "cluster", 0, QueryError)
        if number >= len(self):
            raise QueryError(
                f"there is no cluster {number:,} among {len(self)}.",
                "s.clusters lists them; s.clusters.rest is in none.",
            )
        return self._clusters[number]

    def __repr__(self) -> str:
        n = sum(map(len, self._clusters)) + len(self._rest)
        text = (
            f"{len(self)} clusters of the {self.layout.upper()} map; "
            f"{len(self._rest):,} of {n:,} items are in none (s.clusters.rest)"
        )
        lines = [f"  {each!r}" for each in self._clusters[:N_SHOWN]]
        more = [f"  and {len(self) - N_SHOWN} more: s.clusters.table"] if len(self) > N_SHOWN else []
        return "\n".join([text, *lines, *more])


def describe_clusters(project: OpenProject, live: LiveModel, finder: ClusterFinder) -> Clusters:
    """Find the clusters of the map and describe them by what is labelled and predicted now.

    Raises
    ------
    QueryError
        On another thread than the main one, where they were not looked for yet.
    """
    index = finder.wait()
    predictive = live.predictive
    with live.label_log.lock:
        live.try_to_catch_up()
        pool_model = live.pool_model
        ids, layout, layout_name = list(project.pool.ids), pool_model.layout, pool_model.layout_name
        label_index = live.label_log.training_set.index(len(ids))
    doubt = None if predictive is None else np.asarray(predictive.epistemic, np.float32)
    classes = project.classes if project.learns_classes else None
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(index.max(initial=-1) + 2))
    parts = np.split(order, ends)
    clusters = tuple(
        _cluster(number, rows, ids, layout, label_index, doubt, classes)
        for number, rows in enumerate(parts[1:-1])
    )
    return Clusters(clusters, tuple(ids[row] for row in parts[0]), layout_name)


def _cluster(
    number: int,
    rows: Ints,
    ids: list[str],
    layout: Float,
    label_index: Ints,
    doubt: Float | None,
    classes: list[str] | None,
) -> Cluster:
    labels = label_index[rows]
    labels = labels[labels >= 0]
    majority, purity = None, None
    if classes is not None and len(labels):
        counts = np.bincount(labels)
        majority, purity = classes[int(counts.argmax())], float(counts.max() / len(labels))
    apart = np.square(layout[rows] - np.median(layout[rows], axis=0)).sum(axis=1)
    middle = rows[np.argsort(apart, kind="stable")[:N_EXAMPLES]]
    return Cluster(
        number=number,
        ids=tuple(ids[row] for row in rows),
        examples=tuple(ids[row] for row in middle),
        n_labelled=len(labels),
        majority=majority,
        purity=purity,
        doubt=None if doubt is None else float(doubt[rows[rows < len(doubt)]].mean()),
    )
