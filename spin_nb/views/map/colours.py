"""Which colour each point of the map has, and the legend that says what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Ints
from spin_nb.views.base.theme import NEUTRAL, class_colours, ramp

if TYPE_CHECKING:
    from polars import Series

RAMP_STEPS = 64
NO_LABEL, HAS_LABEL, IS_ASKED = 0, 1, 2
QUANTITIES = {
    "epistemic": ("Uncertainty (epistemic)", "what the model does not know"),
    "aleatoric": ("Ambiguity (aleatoric)", "what stays unclear however much is labelled"),
}
NO_MODEL = "No model yet. Label a few items (s.labeller, or s.label(id, class)) and the map takes colour."

NO_CLASSES = "Labels here are no classes, so there is no uncertainty between them. Colour by labels instead."

NO_CLUSTERS = "The clusters of the map are looked for, once UMAP has made it."
MOST_CLUSTERS = 23  # colours that can be told apart, and named


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours of all points, and their legend.

    ``values`` int64 (n,) index ``colours`` ("#rrggbb"); the panel draws ``legend``.

    ``only_marks_labels``: labelled points have a colour that only says so, and must not hide the points around them.
    """

    values: Ints
    colours: list[str]
    legend: dict[str, Any]
    only_marks_labels: bool = False


def states(n: int, label_index: Ints, asked_rows: Sequence[int]) -> Ints:
    """State of each point, int64 (n,).

    It is NO_LABEL, HAS_LABEL or IS_ASKED.
    """
    state = np.where(label_index[:n] >= 0, HAS_LABEL, NO_LABEL).astype(np.int64)
    rows = np.asarray([row for row in asked_rows if row < n and state[row] == NO_LABEL], np.int64)
    state[rows] = IS_ASKED
    return state


def by_quantity(word: str, values: NDArray[Any], state: NDArray[Any], dark: bool) -> Colouring:
    """Colour by a quantity in nats.

    Labelled and asked points stand out in their own colours.
    """
    title, note = QUANTITIES[word]
    colouring = by_number(title, values, dark, unit=" nats")
    marks = ["#56b4e9" if dark else "#0072b2", "#009e73"]
    first = len(colouring.colours)
    codes = colouring.values.copy()
    codes[state == HAS_LABEL] = first
    codes[state == IS_ASKED] = first + 1
    entries = [
        {"name": name, "colour": colour, "count": int((state == code).sum())}
        for name, colour, code in zip(("labelled", "asked now"), marks, (HAS_LABEL, IS_ASKED), strict=True)
    ]
    legend = {**colouring.legend, "note": note, "entries": [e for e in entries if e["count"]]}
    return Colouring(codes, colouring.colours + marks, legend, only_marks_labels=True)


def by_number(title: str, values: NDArray[Any], dark: bool, unit: str = "") -> Colouring:
    """Colour by a number.

    It is linear between its 1st and 99th percentile; missing values are grey.
    """
    values = np.asarray(values, np.float64)
    is_finite = np.isfinite(values)
    low, high = np.percentile(values[is_finite], [1, 99]) if is_finite.any() else (0.0, 1.0)
    span = high - low if high > low else 1.0
    codes = np.full(len(values), RAMP_STEPS, np.int64)
    codes[is_finite] = (
        np.clip((values[is_finite] - low) / span * (RAMP_STEPS - 1), 0, RAMP_STEPS - 1)
        .round()
        .astype(np.int64)
    )
    colours = ramp(dark, RAMP_STEPS)
    legend: dict[str, Any] = {
        "title": title,
        "ramp": colours[:: RAMP_STEPS // 8] + colours[-1:],
        "low": f"{low:.3g}{unit}",
        "high": f"{high:.3g}{unit}",
    }
    if not is_finite.all():
        legend["entries"] = [{"name": "missing", "colour": NEUTRAL, "count": int((~is_finite).sum())}]
    return Colouring(codes, [*colours, NEUTRAL], legend)


def by_class(title: str, index: Ints, names: Sequence[str], rest: str, note: str = "") -> Colouring:
    """Colour by class index, -1 meaning ``rest`` (grey)."""
    codes = np.where(index < 0, len(names), index).astype(np.int64)
    colours = [*class_colours(len(names)), NEUTRAL]
    counts = np.bincount(codes, minlength=len(colours))
    entries = [
        {"name": str(name), "colour": colour, "count": int(count)}
        for name, colour, count in zip([*names, rest], colours, counts, strict=True)
    ]
    if not counts[-1]:
        entries.pop()
    return Colouring(codes, colours, {"title": title, "entries": entries, "note": note})


def by_cluster(index: Ints) -> Colouring:
    """Colour by cluster, the largest first; -1 and small ones are grey."""
    n = min(int(index.max(initial=-1)) + 1, MOST_CLUSTERS)
    names = [str(number) for number in range(n)]
    is_more = bool((index >= n).any())
    note = "s.clusters lists them" + (f"; those from {n} on are grey, too" if is_more else "")
    return by_class("Clusters", np.where(index < n, index, -1), names, "in none", note)


def by_column(title: str, values: Series, dark: bool, most: int = 23) -> Colouring:
    """Colour by a column (a polars series).

    Numbers are coloured on a ramp, anything else by its commonest values.
    """
    if values.dtype.is_numeric() and (values.dtype.is_float() or values.n_unique() > 12):
        return by_number(title, values.cast(float).to_numpy(), dark)
    words = ["missing" if value is None else str(value) for value in values.to_list()]
    names, index, counts = np.unique(words, return_inverse=True, return_counts=True)
    if len(names) <= most:
        return by_class(title, index.astype(np.int64), [str(name) for name in names], "other")
    commonest = np.sort(np.argsort(-counts, kind="stable")[:most])
    place = np.full(len(names), -1, np.int64)
    place[commonest] = np.arange(most)
    return by_class(title, place[index], [str(name) for name in names[commonest]], "other")


def grey(n: int, note: str) -> Colouring:
    """Every point grey, and why."""
    return Colouring(np.zeros(n, np.int64), [NEUTRAL], {"title": "", "entries": [], "note": note})
