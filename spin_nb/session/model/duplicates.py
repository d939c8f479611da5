"""Items that are there twice, exactly or nearly: ``s.duplicates``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.pool.content_hashes import equal_items
from spin_nb.pool.features.near_duplicates import near_duplicates
from spin_nb.session.arguments import whole_number
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.progress_bar import result_in_sight
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Float, Ints
from spin_nb.words import HtmlRepr, shown

if TYPE_CHECKING:
    import polars as pl

N_SHOWN = 12


@dataclass(frozen=True, eq=False, repr=False)
class DuplicateGroup(HtmlRepr):
    """Items that are the same, or nearly.

    Attributes
    ----------
    number : int
    ids : tuple of str
        In the order of the pool.
    is_exact : bool
        True where all have the same content, byte for byte.
    values : tuple
        Labels that they have, each once.
    unlabelled : tuple of str
        Ids of those without a label.
    """

    number: int
    ids: tuple[str, ...]
    is_exact: bool
    values: tuple[Any, ...]
    unlabelled: tuple[str, ...]

    @property
    def disagrees(self) -> bool:
        """True where the labels are not all the same."""
        return len(self.values) > 1

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        likeness = "equal" if self.is_exact else "nearly equal"
        labels = " and ".join(shown(value, 40) for value in self.values[:3])
        text = f"Group {self.number}: {len(self):,} {likeness} items, {shown(self.ids[0])} the first"
        if self.disagrees:
            return f"{text}; their LABELS DISAGREE: {labels}"
        return f"{text}; {len(self) - len(self.unlabelled)} labelled {labels}" if self.values else text


class Duplicates(HtmlRepr):
    """Groups of equal and of nearly equal items (``s.duplicates``).

    Those whose labels, of now, disagree come first, then the largest.

    Examples
    --------
    >>> s.duplicates                                                     # doctest: +SKIP
    >>> s.grid.show(s.duplicates)                                        # doctest: +SKIP
    >>> s.label(s.duplicates[0], "crack")                                # doctest: +SKIP
    """

    def __init__(self, groups: tuple[DuplicateGroup, ...], ratio: dict[str, float]) -> None:
        self._groups, self._ratio = groups, ratio

    @property
    def ids(self) -> list[str]:
        """Ids of all of them, group by group."""
        return [id for group in self for id in group]

    @property
    def disagreeing(self) -> list[DuplicateGroup]:
        """Groups whose labels are not all the same: some of these are wrong."""
        return [group for group in self if group.disagrees]

    @property
    def table(self) -> pl.DataFrame:
        """One row per item: group, item, exact, labels (how many different ones the group has), ratio.

        ``ratio`` is the distance to the nearest item over the median of such distances; below 0.13 it is nearly equal.
        """
        import polars as pl

        rows = [
            (group.number, id, group.is_exact, len(group.values), self._ratio[id])
            for group in self
            for id in group
        ]
        return pl.DataFrame(
            rows,
            schema={
                "group": pl.Int64,
                "item": pl.String,
                "exact": pl.Boolean,
                "labels": pl.Int64,
                "ratio": pl.Float32,
            },
            orient="row",
        )

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[DuplicateGroup]:
        return iter(self._groups)

    def __getitem__(self, number: int) -> DuplicateGroup:
        number = whole_number(number, "group", 0, QueryError)
        if number >= len(self):
            raise QueryError(
                f"there is no group {number:,} of duplicates among {len(self)}.", "s.duplicates lists them."
            )
        return self._groups[number]

    def __repr__(self) -> str:
        if not self:
            return "No two items are equal, or nearly"
        n_exact = sum(group.is_exact for group in self)
        text = (
            f"{len(self):,} groups of duplicates: {n_exact:,} of equal, {len(self) - n_exact:,} of nearly equal items; "
            f"{len(self.ids) - len(self):,} items more than there are different ones"
        )
        if self.disagreeing:
            text += f"\n  {len(self.disagreeing):,} groups whose labels disagree come first"
        lines = [f"  {group!r}" for group in self._groups[:N_SHOWN]]
        more = [f"  and {len(self) - N_SHOWN:,} more: s.duplicates.table"] if len(self) > N_SHOWN else []
        return "\n".join([text, *lines, *more])


class DuplicateFinder:
    """Looks for duplicates in the background, once for each pool and its features."""

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project, self._runtime, self._live = project, runtime, live
        self._equal: tuple[int, Ints] = -1, np.empty(0, np.int64)

    def groups(self) -> Duplicates:
        """Group the duplicates of now; waits."""
        self._live.pool_model.wait()
        pool, label_log = self._project.pool, self._live.label_log
        if self._equal[0] != len(pool):  # arrivals have joined since, or nobody has looked
            result_in_sight(self._start(), "Duplicates")
        with label_log.lock:
            self._live.try_to_catch_up()
            ids, graph = list(pool.ids), self._live.pool_model.graph
            values = {pool.row(id): value for id, value in label_log.values.items() if pool.has(id)}
        n = min(len(graph[0]), len(self._equal[1]))
        equal = self._equal[1][:n]
        group, ratio = near_duplicates(graph[0][:n], graph[1][:n], equal)
        return _duplicates(ids, group, ratio, equal, values)

    def _start(self) -> Job[None]:
        pool = self._project.pool
        job: Job[None] = self._runtime.job("Duplicates")

        def land(equal: Ints) -> None:
            self._equal = len(equal), equal

        return self._runtime.start(
            "prepare",
            job,
            lambda job: equal_items(pool, job.report),
            land,
            lambda error: self._runtime.announcer.report(f"no duplicates: {error}"),
        )


def _duplicates(ids: list[str], group: Ints, ratio: Float, equal: Ints, values: dict[int, Any]) -> Duplicates:
    order = np.argsort(group, kind="stable")[np.count_nonzero(group < 0) :]
    starts = np.flatnonzero(np.diff(group[order])) + 1
    parts = np.split(order, starts) if len(order) else []
    groups = [_group(ids, rows, equal, values) for rows in parts]
    groups.sort(key=lambda each: (not each.disagrees, -len(each)))
    numbered = tuple(
        DuplicateGroup(number, each.ids, each.is_exact, each.values, each.unlabelled)
        for number, each in enumerate(groups)
    )
    return Duplicates(numbered, {ids[row]: float(ratio[row]) for row in order})


def _group(ids: list[str], rows: Ints, equal: Ints, values: dict[int, Any]) -> DuplicateGroup:
    is_exact = equal[rows[0]] >= 0 and bool((equal[rows] == equal[rows[0]]).all())
    labels = {_as_text(values[row]): values[row] for row in rows.tolist() if row in values}
    unlabelled = tuple(ids[row] for row in rows if row not in values)
    return DuplicateGroup(-1, tuple(ids[row] for row in rows), is_exact, tuple(labels.values()), unlabelled)


def _as_text(value: object) -> str:
    """Text that equal labels share: lists of boxes are no keys."""
    return json.dumps(value, sort_keys=True, default=str)
