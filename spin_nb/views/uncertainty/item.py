"""One item as the model sees it: plain data for the browser, which draws it as text and pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from spin_nb.session.labeller.cards import inline, item_card
from spin_nb.session.model.explanation import short
from spin_nb.views.base.theme import class_colours
from spin_nb.views.base.widget import View
from spin_nb.views.session_like import SessionLike

if TYPE_CHECKING:
    from spin_nb.session.model.explanation import Explanation

MAX_STRIPS = 8  # classes with a strip of their own
THUMBNAIL_SIZE = 96  # pixels a side, or characters
EXPECTATION_NOTE = "What the model expects from what it knows now; the labels themselves may surprise it."


class Explain(View, entry="uncertainty/item.js"):
    """A part of ``s.uncertainty``.

    What is empty is not drawn.

    Attributes
    ----------
    can : dict
        ``back``: whether there is an item to go back to; empty: no tools.
    item : dict
        A card (:func:`spin_nb.session.labeller.cards.inline`) with ``label`` and ``colour``.
    chances : dict
        ``says``, ``rows`` [{name, colour, mean, low, high, draws (float32 bytes)}], ``note``.
    doubt : dict
        ``epistemic``, ``aleatoric``, ``most`` (nats), ``words``.
    near : dict
        ``words``, ``cards`` [a card with ``label``, ``colour``, ``distance``, ``words``].
    mind : dict
        ``words``, ``rows`` [{card, text, chance}], ``lesson``, ``fine``.
    """

    can: t.Dict[str, Any] = t.Dict().tag(sync=True)
    item: t.Dict[str, Any] = t.Dict().tag(sync=True)
    chances: t.Dict[str, Any] = t.Dict().tag(sync=True)
    doubt: t.Dict[str, Any] = t.Dict().tag(sync=True)
    near: t.Dict[str, Any] = t.Dict().tag(sync=True)
    mind: t.Dict[str, Any] = t.Dict().tag(sync=True)


def card_of(session: SessionLike, id: str, size: int | None = None) -> dict[str, Any]:
    """Item ``id`` as a card with its bytes.

    It says why, where the item cannot be read.
    """
    return {"id": id, **inline(*item_card(session.pool, session.pool.row(id), size=size))}


def labelled_card(
    session: SessionLike, id: str, label: str | None, size: int | None = None
) -> dict[str, Any]:
    """:func:`card_of` with a label and its colour."""
    card = card_of(session, id, size)
    if label is not None:
        card |= {"label": label, "colour": class_colours(len(session.classes))[session.classes.index(label)]}
    return card


def chances(mean: ArrayLike, draws: ArrayLike, classes: list[str]) -> dict[str, Any]:
    """Strips of the likeliest classes, likeliest first.

    Parameters
    ----------
    mean : float (C,)
    draws : float (S, C)
    classes : list of str

    Examples
    --------
    >>> draws = np.full((200, 2), 0.5)
    >>> [row["name"] for row in chances([0.2, 0.8], draws, ["ok", "dent"])["rows"]]
    ['dent', 'ok']
    """
    mean, draws = np.asarray(mean), np.asarray(draws, np.float32)
    top = np.argsort(-mean, kind="stable")[:MAX_STRIPS]
    palette = class_colours(len(mean))
    low, high = np.percentile(draws, [5, 95], axis=0)
    rows = [
        {
            "name": classes[c],
            "colour": palette[c],
            "mean": float(mean[c]),
            "low": float(low[c]),
            "high": float(high[c]),
            "draws": np.ascontiguousarray(draws[:, c]).tobytes(),
        }
        for c in top
    ]
    rest = len(mean) - len(top)
    note = f"A dot is one of {len(draws)} posterior samples, the bar what it says."
    if rest:
        noun = "class" if rest == 1 else "classes"
        note += f" The {rest:,} other {noun} share {max(0.0, 1 - float(mean[top].sum())):.0%}."
    says = f"It says {short(classes[top[0]])!r}, {mean[top[0]]:.0%}"
    return {"says": says, "rows": rows, "note": note}


def doubt(explanation: Explanation) -> dict[str, Any]:
    """Both parts of the doubt, nats.

    The most there can be stands beside them.
    """
    return {
        "epistemic": float(explanation.epistemic),
        "aleatoric": float(explanation.aleatoric),
        "most": float(np.log(len(explanation.classes))),
        "words": explanation.doubt,
    }


def near(session: SessionLike, explanation: Explanation) -> dict[str, Any]:
    """The nearest labelled items."""
    cards = [
        labelled_card(session, neighbour.id, neighbour.label, THUMBNAIL_SIZE)
        | {"distance": f"{neighbour.distance:.3g} away", "words": neighbour.in_words}
        for neighbour in explanation.neighbours
    ]
    return {"words": explanation.nearness, "cards": cards}


def mind(session: SessionLike, explanation: Explanation, waits: Callable[[str], bool]) -> dict[str, Any]:
    """Labels that would change the answer.

    What its own would teach is told, too; items that wait for an answer are left out.
    """
    rows = [
        {
            "card": card_of(session, change.id, THUMBNAIL_SIZE),
            "text": str(change),
            "chance": f"Chance of that label: {change.chance:.0%}.",
        }
        for change in explanation.changes
        if not waits(change.id)
    ]
    words = explanation.verdict
    if explanation.changes and not rows:
        words = "It depends on items that you are being asked about now."
    lesson = "" if explanation.effect is None else str(explanation.effect)
    how = "" if explanation.functions is None else f" Counted over {explanation.functions} posterior samples."
    return {"words": words, "rows": rows, "lesson": lesson, "fine": EXPECTATION_NOTE + how}
