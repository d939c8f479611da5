"""Items as the browser gets them: facts as JSON, bytes beside it, and what cannot be shown with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from spin_nb.errors import PoolError
from spin_nb.project.records import VALUED
from spin_nb.session.arguments import rectangle, text, whole
from spin_nb.types import Extent, Shown

if TYPE_CHECKING:
    from spin_nb.pool.pictures import Box
    from spin_nb.pool.pool import Pool
    from spin_nb.session.session import Session

Card = dict[str, Any]
Read = TypeVar("Read")

FINE = 1600  # largest side of a picture that is drawn on, in pixels
NEEDS = {
    "boxes": {"image": FINE},
    "keypoints": {"image": FINE},
    "polygons": {"image": FINE},
    "spans": {"text": 2_000_000},
}
"""Editor -> the kind of item it works on, and how much of one it gets: pixels a side, characters."""


def item_card(
    pool: Pool, row: int, offset: int = 0, *, editor: str = "", size: int | None = None
) -> tuple[Card, list[bytes]]:
    """One item as a card, and its bytes; ``offset`` of them travel before.

    ``size`` as in :meth:`Pool.show <spin_nb.pool.pool.Pool.show>`; by default what the task's ``editor`` needs.

    Returns
    -------
    card, buffers
        ``mime``, ``data``, ``size`` and ``buffers`` (indices), the same for every one of ``parts``; where the item
        cannot be shown, ``broken`` says why instead.
    """
    try:
        shown = pool.show(row, size or NEEDS.get(editor))
    except PoolError as error:
        return {"broken": f"{error.what} {error.do}"}, []
    buffers: list[bytes] = []
    return _card(shown, offset, buffers), buffers


def extent(pool: Pool, row: int) -> Extent:
    """What is known of an item that limits its labels; nothing where it cannot be read."""
    try:
        return pool.extent(row)
    except PoolError:
        return Extent()


def steadily(session: Session, id: str, read: Callable[[int], Read]) -> tuple[int, Read]:
    """An item's row and what ``read`` makes of it; read again where others were kept out and rows moved meanwhile.

    Raises
    ------
    LabelError
        The item is not in the pool, or no longer.
    """
    while True:
        with session._label_log.lock:
            row = session.pool.row(id)
        found = read(row)
        with session._label_log.lock:
            if session.pool.row(id) == row:
                return row, found


def inspected(session: Session, id: str) -> tuple[Card, list[bytes]]:
    """One item with its prediction and label."""
    editor, pool = session.task.editor, session.pool
    row, (card, buffers) = steadily(session, id, lambda row: item_card(pool, row, editor=editor))
    held = session._label_log.current(id)
    predictive = session.predictive
    card.update({"id": id, "row": row, "label": held.value if held and held.kind in VALUED else None})
    card["kind"] = held.kind if held else None
    if predictive is not None:
        card["probs"] = [float(p) for p in predictive.mean[row]]
        card["epistemic"], card["aleatoric"] = predictive.doubt(row)
    return card, buffers


def framed(session: Session, id: str, number: int, part: str | None) -> tuple[Card, list[bytes]]:
    """One frame of a video as a picture."""
    part = _part(part)
    _, shown = steadily(session, id, lambda row: session.pool.frame(row, number, FINE, part))
    return {"mime": shown.mime, "frame": number, "buffers": [0]}, [shown.data]


def detailed(session: Session, id: str, box: Box, size: int, part: str | None) -> tuple[Card, list[bytes]]:
    """A piece of a picture, as fine as it is looked at."""
    box, size, part = rectangle(box, "box"), whole(size, "size"), _part(part)
    _, shown = steadily(session, id, lambda row: session.pool.detail(row, box, size, part))
    return {"mime": shown.mime, "buffers": [0]}, [shown.data]


def _part(name: Any) -> str | None:
    return None if name is None else text(name, "part")


def weight(card: Card, buffers: list[bytes]) -> int:
    """About how many bytes a card has on its way: its own, and its texts and those of its parts."""
    texts = (text for one in (card, *card.get("parts", ())) if isinstance(text := one.get("data"), str))
    return sum(map(len, buffers)) + sum(map(len, texts))


def moved(card: Card, by: int) -> Card:
    """The same card with its bytes ``by`` places further on."""
    out = {**card, "buffers": [at + by for at in card.get("buffers", [])]}
    if "parts" in card:
        out["parts"] = [moved(part, by) for part in card["parts"]]
    return out


def inline(card: Card, buffers: list[bytes]) -> Card:
    """The same card with its bytes inside, as a widget's trait takes them."""
    out = {key: value for key, value in card.items() if key != "buffers"}
    out["bytes"] = [buffers[at] for at in card.get("buffers", [])]
    if "parts" in card:
        out["parts"] = [inline(part, buffers) for part in card["parts"]]
    return out


def _card(shown: Shown, offset: int, buffers: list[bytes]) -> Card:
    """A shown item; its bytes are added to ``buffers``."""
    is_picture = isinstance(shown.data, bytes)
    own = [shown.data] if is_picture else list(shown.buffers)
    first = offset + len(buffers)
    buffers += own
    card: Card = {"mime": shown.mime, "buffers": list(range(first, first + len(own)))}
    if not is_picture:
        card["data"] = shown.data
    if shown.size is not None:
        card["size"] = list(shown.size)
    if shown.parts:
        card["parts"] = [{"name": name, **_card(part, offset, buffers)} for name, part in shown.parts]
    return card
