"""What lassos, bulks and review are worth: ``python -m benchmarks.worth [--sets digits,fashion] [--seeds 5]``.

A simulated person labels a pool in three ways, and minutes are counted until 90 % and 95 % of it are labelled right.
An item counts as right where its label is, or, without a label, what the model suggests, which is taken as it is and
costs nothing whichever the way.  Features by the quick encoder, no audits; pools are cut to 1,000 items.

"labeller": answers what "auto" asks, one by one, and trains after every 20 labels, or a tenth more.

"clusters": first goes through ``s.clusters``, the largest first, and once there is a model the one it doubts most.
Looks at a screenful; where fewer than nine in ten of these are of one class it is left alone.  Otherwise looks at the
rest, marks what is of another class, and labels all but the marked.  One other item in ten goes unseen and gets the
wrong label.  Then reviews what ``s.model.label_errors()`` calls wrong, item by item, and goes on with the labeller.

"clusters, trusted": the same person labels a whole cluster by the look at one screenful, and never looks at the rest.

Seconds, fixed: 2 to look at one item and press its key (4 for a text, which must be read); .3 for a thumbnail in a grid
in which the one of another kind is searched for (1 for a line of text); 1.5 to mark one; 5 to open a cluster and say
what it is; 2 for the key that labels it; an item reviewed like one labelled.  They are round numbers of the size that
people need who know their classes, not measurements; every one may be set: ``--seconds look=3,mark=1``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from benchmarks._sets import DATA, Split, is_there, load, split
from benchmarks.clusters import umap
from spin_nb.models.ask import ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.label_errors import MIN_DOUBT, find_label_errors
from spin_nb.models.learner import Learner
from spin_nb.pool.features.clusters import map_clusters
from spin_nb.types import Ints

FIRST_SEED = 3000
SET_NAMES = ("digits", "fashion", "ag_news")
TEXTS = ("ag_news", "banking77")
MAX_ITEMS = 1000
MAX_LABELS = 600  # of the labeller, in a pool of 1,000
TRAIN_EVERY, TRAIN_SHARE = 20, 0.1  # labels after which the model is trained, or share of those there are
SCREENFUL, MIN_ALIKE = 24, 0.9
MISSED_SHARE = 0.1
TARGETS = (0.9, 0.95)
WAYS = ("labeller", "clusters", "clusters, trusted")


@dataclass(frozen=True)
class Seconds:
    """What each action takes."""

    answer: float = 2.0
    look: float = 0.3
    mark: float = 1.5
    open: float = 5.0
    key: float = 2.0


OF_PICTURES, OF_TEXTS = Seconds(), Seconds(answer=4.0, look=1.0)


@dataclass(frozen=True)
class Moment:
    """Where the person stands: seconds so far, share of the pool that is right, labels, wrong ones among them."""

    seconds: float
    right: float
    n_labels: int
    n_wrong: int
    is_reviewed: bool = False


class Person:
    """A simulated person, and the learner that follows."""

    def __init__(self, data: Split, seconds: Seconds, seed: int) -> None:
        self._data, self._cost, self._seed = data, seconds, seed
        self._rng = np.random.default_rng(seed)
        self._learner = Learner(data.pool, *data.graph, data.n_classes, seed=seed)
        self._labels = np.full(len(data.pool), -1, np.int64)
        self._doubt = np.zeros(len(data.pool), np.float32)
        self._seconds = 0.0

    def moment(self) -> Moment:
        """Train, and look at the whole pool."""
        rows = np.flatnonzero(self._labels >= 0)
        y = self._labels[rows]
        values = self._labels.copy()
        if len(np.unique(y)) > 1:
            self._learner.reset(rows, y)
            self._learner.adopt(fit_heads(self._learner, rows, y))
            predictive = self._learner.predictive()
            self._doubt = np.asarray(predictive.epistemic)
            values = np.where(values < 0, predictive.mean.argmax(axis=1), values)
        n_wrong = int(np.sum(y != self._data.y[rows]))
        return Moment(self._seconds, float(np.mean(values == self._data.y)), len(rows), n_wrong)

    def answer_asks(self) -> Iterator[Moment]:
        """Answer what is asked, moment by moment."""
        while (n := int(np.sum(self._labels >= 0))) < min(len(self._labels), n_before_end(self._labels)):
            free = np.flatnonzero(self._labels < 0)
            k = min(max(TRAIN_EVERY, round(TRAIN_SHARE * n)), len(free))
            rows = ask(self._learner, k, free, seed=self._seed * 1000 + n).indices
            self._labels[rows] = self._data.y[rows]
            self._seconds += k * self._cost.answer
            yield self.moment()

    def label_clusters(self, index: Ints, *, trusts: bool) -> Iterator[Moment]:
        """Go through the clusters, moment by moment."""
        left = [np.flatnonzero(index == number) for number in range(index.max(initial=-1) + 1)]
        while left:
            doubt = [float(self._doubt[rows].mean()) for rows in left]
            rows = left.pop(int(np.argmax(doubt)))  # before there is a model the largest, which comes first
            if self._label_cluster(self._rng.permutation(rows), trusts=trusts):
                yield self.moment()

    def _label_cluster(self, rows: Ints, *, trusts: bool) -> bool:
        """Look at a cluster, and label it where it seems to be of one class; tell whether it does."""
        first = rows[:SCREENFUL]
        counts = np.bincount(self._data.y[first])
        of = int(counts.argmax())
        self._seconds += self._cost.open + self._cost.look * len(first)
        if counts[of] < MIN_ALIKE * len(first):
            return False
        looked_at = first if trusts else rows
        self._seconds += self._cost.look * (len(looked_at) - len(first))
        others = looked_at[self._data.y[looked_at] != of]
        marked = others[self._rng.random(len(others)) >= MISSED_SHARE]
        self._labels[np.setdiff1d(rows, marked)] = of
        self._seconds += self._cost.mark * len(marked) + self._cost.key
        return True

    def review(self) -> None:
        """Look again at labels that are rather wrong than right."""
        rows = np.flatnonzero(self._labels >= 0)
        if len(np.unique(self._labels[rows])) < 2:
            return
        doubted_rows = rows[find_label_errors(self._learner, rows, self._labels[rows]).wrong > MIN_DOUBT]
        self._labels[doubted_rows] = self._data.y[doubted_rows]
        self._seconds += self._cost.answer * len(doubted_rows)


def n_before_end(labels: Ints) -> int:
    """Labels at which the person stops, MAX_LABELS of the labeller's in a pool of MAX_ITEMS."""
    return max(int(MAX_LABELS / MAX_ITEMS * len(labels)), int(np.sum(labels >= 0)) + 1)


def curve(data: Split, way: str, seconds: Seconds, seed: int) -> Iterator[Moment]:
    """Moments of one of :data:`WAYS`."""
    person = Person(data, seconds, seed)
    if way != "labeller":
        yield from person.label_clusters(map_clusters(umap(data, seed)), trusts=way != "clusters")
        person.review()
        yield replace(person.moment(), is_reviewed=True)
    yield from person.answer_asks()


def minutes_to(moments: list[Moment], target: float) -> float:
    """Minutes until so much is right, infinite where it never is.

    Examples
    --------
    >>> minutes_to([Moment(60, 0.5, 9, 0), Moment(120, 0.93, 20, 1)], 0.9)
    2.0
    """
    return next((each.seconds / 60 for each in moments if each.right >= target), float("inf"))


def smaller(data: Split, seed: int) -> Split:
    """A pool of at most MAX_ITEMS."""
    if len(data.pool) <= MAX_ITEMS:
        return data
    rows = np.sort(np.random.default_rng(seed).choice(len(data.pool), MAX_ITEMS, replace=False))
    return split(data.pool[rows], data.y[rows], data.test, data.y_test)


def run(data: Split, way: str, seconds: Seconds, seed: int) -> list[Moment]:
    """Moments until the last target is reached, or nothing is left to do."""
    moments: list[Moment] = []
    for each in curve(data, way, seconds, seed):
        moments.append(each)
        if each.right >= TARGETS[-1]:
            break
    return moments


def report(name: str, seeds: range, changes: dict[str, float]) -> None:
    seconds = replace(OF_TEXTS if name in TEXTS else OF_PICTURES, **changes)
    pools = {seed: smaller(load(name, seed), seed) for seed in seeds}
    print(f"\n{name}: {len(pools[seeds[0]].pool):,} items, {len(seeds)} seeds from {seeds[0]}; {seconds}")
    print(f"{'':<20}{'minutes to 90 %':>24}{'to 95 %':>24}")
    for way in WAYS:
        runs = [run(pools[seed], way, seconds, seed) for seed in seeds]
        columns = [_words([minutes_to(moments, target) for moments in runs]) for target in TARGETS]
        print(f"{way:<20}{columns[0]:>24}{columns[1]:>24}   {_after_review(runs)}", flush=True)


def _words(minutes: list[float]) -> str:
    """Median and range."""
    low, middle, high = np.min(minutes), np.median(minutes), np.max(minutes)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})" if len(minutes) > 1 else f"{middle:.1f}"


def _after_review(runs: list[list[Moment]]) -> str:
    """Where the clusters left the person, and what review made of it; of the seeds that came that far."""
    stages = [
        moments[at + step]
        for moments in runs
        for at, each in enumerate(moments)
        if each.is_reviewed and at
        for step in (-1, 0)
    ]
    if not stages:
        return ""
    before, after = (np.mean([_numbers(each) for each in stages[step::2]], axis=0) for step in (0, 1))
    minutes, right, n_labels, n_wrong = before
    return (
        f"{n_labels:.0f} labels by clusters, {n_wrong:.1f} of them wrong, {right:.1%} right, {minutes:.1f} min; "
        f"after review {after[3]:.1f} wrong, {after[1]:.1%} right, {after[0]:.1f} min ({len(stages) // 2} seeds)"
    )


def _numbers(moment: Moment) -> list[float]:
    return [moment.seconds / 60, moment.right, moment.n_labels, moment.n_wrong]


def seconds_of(text: str) -> dict[str, float]:
    """Read "look=3,mark=1"; names are those of :class:`Seconds`."""
    pairs = dict(part.split("=") for part in text.split(",") if part)
    names = [field.name for field in fields(Seconds)]
    if unknown := set(pairs) - set(names):
        raise argparse.ArgumentTypeError(
            f"no action is called {', '.join(unknown)}; there are: {', '.join(names)}"
        )
    return {name: float(value) for name, value in pairs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(SET_NAMES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=seconds_of, default={})
    arguments = parser.parse_args()
    for name in arguments.sets:
        if is_there(name):
            report(name, range(FIRST_SEED, FIRST_SEED + arguments.seeds), arguments.seconds)
        else:
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")


if __name__ == "__main__":
    main()
