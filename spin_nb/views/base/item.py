"""One item as the map's panel and the grid's show it: plain data, never HTML."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.views.base.theme import class_colours
from spin_nb.views.session_like import Buffers, SessionLike

MAX_CHARACTERS = 2000
CARD_FIELDS = ("id", "mime", "data", "size", "buffers", "parts", "broken")


def item_card(session: SessionLike, id: str, *, hide: bool = False) -> tuple[dict[str, Any], Buffers]:
    """Card of item ``id`` for a panel, and its bytes.

    ``hide`` leaves out what the model thinks: the item is being asked, and an opinion would lead the person.
    """
    full_card, buffers = session.channel.card(id)
    card = {key: full_card[key] for key in CARD_FIELDS if key in full_card}
    if isinstance(card.get("data"), str):
        card["data"] = card["data"][:MAX_CHARACTERS]
    facts = [] if full_card.get("label") is None else [["label", session.task.describe(full_card["label"])]]
    if hide:
        card["note"] = "Being asked now: what the model thinks is kept back."
    elif full_card.get("probs") is None:
        card["note"] = "No model yet, so no prediction." if session.learns_classes else ""
    else:
        card["bars"] = bars(full_card["probs"], session.classes)
        facts += [[word, f"{full_card[word]:.3f} nats"] for word in ("epistemic", "aleatoric")]
    card["facts"] = facts
    return card, buffers


def bars(probs: ArrayLike, classes: list[str], most: int = 3) -> list[dict[str, Any]]:
    """The ``most`` likely classes, likeliest first.

    Examples
    --------
    >>> bars([0.2, 0.8], ["ok", "dent"])[0]
    {'name': 'dent', 'p': 0.8, 'colour': '#e69f00'}
    """
    palette, p = class_colours(len(classes)), np.asarray(probs)
    top = np.argsort(-p, kind="stable")[:most]
    return [{"name": classes[c], "p": float(p[c]), "colour": palette[c]} for c in top]
