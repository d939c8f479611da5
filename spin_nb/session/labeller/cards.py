"""Items as the browser gets them: facts as JSON, bytes beside it, and what cannot be shown with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spin_nb.errors import PoolError
from spin_nb.types import Shown

if TYPE_CHECKING:
    from spin_nb.pool.item_loader import Size
    from spin_nb.pool.pool import Pool

Card = dict[str, Any]


def item_card(pool: Pool, row: int, offset: int = 0, *, size: Size = None) -> tuple[Card, list[bytes]]:
    """Build an item's card and its bytes.

    ``offset`` bytes buffers travel before.

    ``size`` as in :meth:`Pool.show <spin_nb.pool.pool.Pool.show>`: what a view draws, or a task ``works_on``.

    Returns
    -------
    card, buffers
        ``mime``, ``data``, ``size`` and ``buffers`` (indices), the same for every one of ``parts``; where the item
        cannot be shown, ``broken`` says why instead.
    """
    try:
        content = pool.show(row, size)
    except PoolError as error:
        return {"broken": f"{error.what} {error.do}"}, []
    return content_card(content, offset)


def content_card(content: Shown, offset: int = 0) -> tuple[Card, list[bytes]]:
    """Build the card of what is shown of an item, and its bytes; see :func:`item_card`."""
    buffers: list[bytes] = []
    return _card(content, offset, buffers), buffers


def size_bytes(card: Card, buffers: list[bytes]) -> int:
    """Estimate a card's bytes on the wire."""
    texts = (text for piece in (card, *card.get("parts", ())) if isinstance(text := piece.get("data"), str))
    return sum(map(len, buffers)) + sum(map(len, texts))


def shift_buffers(card: Card, by: int) -> Card:
    """Copy a card with buffer indices shifted ``by``."""
    out = {**card, "buffers": [at + by for at in card.get("buffers", [])]}
    if "parts" in card:
        out["parts"] = [shift_buffers(part, by) for part in card["parts"]]
    return out


def inline(card: Card, buffers: list[bytes]) -> Card:
    """Copy a card with its bytes inside.

    A widget's trait takes them so.
    """
    out = {key: value for key, value in card.items() if key != "buffers"}
    out["bytes"] = [buffers[at] for at in card.get("buffers", [])]
    if "parts" in card:
        out["parts"] = [inline(part, buffers) for part in card["parts"]]
    return out


def _card(content: Shown, offset: int, buffers: list[bytes]) -> Card:
    """A shown item; its bytes are added to ``buffers``."""
    is_picture = isinstance(content.data, bytes)
    item_buffers = [content.data] if is_picture else list(content.buffers)
    first = offset + len(buffers)
    buffers += item_buffers
    card: Card = {"mime": content.mime, "buffers": list(range(first, first + len(item_buffers)))}
    if not is_picture:
        card["data"] = content.data
    if content.size is not None:
        card["size"] = list(content.size)
    if content.parts:
        card["parts"] = [{"name": name, **_card(part, offset, buffers)} for name, part in content.parts]
    return card
