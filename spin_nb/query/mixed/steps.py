"""One strategy after the other: within an ask, and as labels come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.protocols import Strategy
from spin_nb.query._checks import check_k, check_labelled
from spin_nb.query.mixed._parts import (
    Arrays,
    Part,
    any_part,
    check_batch,
    free_rows,
    n_rows,
    only_rows,
    score_part,
    strategy_of,
)
from spin_nb.query.mixture import epsilon_greedy, make_picked
from spin_nb.types import Picked
from spin_nb.words import shown

Batch = Callable[..., Picked]


def best_then(score: str | Strategy, m: int, batch: str | Strategy) -> Batch:
    """Choose a batch from the best of a score.

    Filter, then diversify: the ``m`` rows that score highest are all that the batch is chosen from
    (Zhdanov 2019, "Diverse mini-batch active learning").

    Parameters
    ----------
    score : str or callable
        Filters.
    m : int
        Rows that pass; as many as are asked for, where that is more.
    batch : str or callable
        Chooses ``k`` of them: "kcenter", "typiclust", "badge".

    Returns
    -------
    callable
        A batch.  It counts as chosen without chance, even where ``batch`` draws: the session mixes uniform picks from
        all rows in, those that did not pass too, and each ``q`` is that of the mixture.

    Raises
    ------
    QueryError
        ``score`` is a batch, ``batch`` a score, ``m`` no whole number of 1 or more.
    UnknownWordError
        No such word.

    Examples
    --------
    >>> ask = best_then("margin", 3, "kcenter")
    >>> probs = np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [0.9, 0.1]])
    >>> x = np.array([[0.0], [0.1], [5], [99]])
    >>> ask(probs=probs, features=x, labelled_rows=[], k=2).indices.tolist()
    [1, 2]
    """
    filtering, choosing = score_part(score), any_part(batch)
    if not choosing.is_batch:
        raise QueryError(
            f"{choosing.word!r} is a score, it chooses no batch.", "End with one such as 'kcenter'."
        )
    if isinstance(m, bool) or not isinstance(m, int | np.integer) or m < 1:
        raise QueryError(f"{shown(m)} rows cannot pass.", "Pass a whole number, some 50 times the batch.")

    def pick(arrays: Arrays) -> Picked:
        scores = filtering.scores(arrays)
        free = free_rows(arrays, len(scores))
        k = check_k(arrays["k"], len(free))
        best = free[np.argsort(-scores[free], kind="stable")[: max(m, k)]]
        shortlist = np.sort(best)
        choice = check_batch(choosing(only_rows(arrays, shortlist)), choosing)
        rows = np.asarray(choice.indices)
        if len(rows) != k or rows.min() < 0 or rows.max() >= len(shortlist):
            raise QueryError(
                f"{choosing.word!r} did not pick {k} of {len(shortlist)} rows.", "Let it pick k rows."
            )
        reason = f"{choice.reason or choosing.word}, among the {len(shortlist):,} highest {filtering.word}"
        return make_picked(shortlist[rows], choice.scores, len(free), reason)

    name = f"{choosing.word} of {m} by {filtering.word}"
    doc = "A batch from the best of a score (:func:`best_then`)."
    return strategy_of(pick, [filtering, choosing], name, doc, "k", "labelled_rows", "seed")


def phases(steps: Sequence[tuple[int | None, str | Strategy]]) -> Batch:
    """Ask by one strategy until there are so many labels, then by the next.

    A batch is asked whole by the phase in which it begins.  Items that wait for an answer count as labels.

    Parameters
    ----------
    steps : sequence of (int or None, str or callable)
        Labels at which the phase ends, rising, and its strategy; None for the last, which has no end.

    Returns
    -------
    callable
        A batch.  It names the arrays of all phases; where one is of posterior draws, all choose among as many
        candidates as have draws (4,000).

    Raises
    ------
    QueryError
        No phases, numbers that do not rise, an end to the last one.
    UnknownWordError
        No such word.

    Examples
    --------
    >>> ask = phases([(50, "typiclust"), (None, "margin")])
    >>> ask.__name__
    'typiclust until 50, then margin'
    >>> probs, x = np.array([[0.5, 0.5], [0.9, 0.1], [0.8, 0.2]]), np.array([[0.0], [5], [6]])
    >>> ask(probs=probs, features=x, labelled_rows=[0], k=1).indices.tolist()
    [1]
    """
    ends, parts = _check_steps(steps)

    def pick(arrays: Arrays) -> Picked:
        n = n_rows(arrays)
        labelled_rows = check_labelled(arrays.get("labelled_rows"), n)
        at = int(np.searchsorted(ends, len(labelled_rows), side="right"))
        part, free = parts[at], free_rows(arrays, n)
        k = check_k(arrays["k"], len(free))
        if part.is_batch:
            choice = check_batch(part(arrays), part)
        else:
            choice = epsilon_greedy(part.scores(arrays)[free], k, seed=arrays["seed"])
            choice = replace(choice, indices=free[choice.indices], reason=f"highest {part.word}")
        until = f" until there are {ends[at]:,} labels" if at < len(ends) else ""
        return replace(choice, reason=f"{choice.reason or part.word}{until}")

    texts = [f"{part.word} until {end}" for part, end in zip(parts, ends, strict=False)] + [parts[-1].word]
    doc = "One strategy, then another (:func:`phases`)."
    return strategy_of(pick, parts, ", then ".join(texts), doc, "k", "labelled_rows", "seed")


def _check_steps(steps: object) -> tuple[list[int], list[Part]]:
    """Ends of all phases but the last, and the parts."""
    do = "Write phases([(50, 'typiclust'), (None, 'margin')])."
    pairs = list(steps) if isinstance(steps, list | tuple) else []
    if not pairs or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise QueryError(f"{shown(steps)} are no phases.", do)
    ends = [end for end, _ in pairs]
    if ends.pop() is not None:
        raise QueryError("the last phase ends: nothing would be asked after it.", do)
    if not all(isinstance(end, int | np.integer) and not isinstance(end, bool) and end > 0 for end in ends):
        raise QueryError(f"phases end at {shown(ends)}, which are no numbers of labels.", do)
    if sorted(set(ends)) != ends:
        raise QueryError(f"phases end at {shown(ends)}, which does not rise.", do)
    return ends, [any_part(strategy) for _, strategy in pairs]
