"""Items made small on the kernel's side: what crosses to a page of hundreds of them is a few kilobytes each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from spin_nb.errors import PoolError
from spin_nb.pool.pool import Pool
from spin_nb.session.arguments import text, whole_number
from spin_nb.session.labeller.cards import Card, content_card, size_bytes
from spin_nb.session.labeller.inspection import Inspection
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Shown

MAX_CACHE_BYTES = 32 * 2**20
CARD_BYTES = 500  # of a card besides its pictures and texts, about
MAX_SIDE_PIXELS = 512
MIN_SIDE_PIXELS = 16
MAX_CHARACTERS = 400
MAX_COLUMNS = 8
MAX_CELL_CHARACTERS = 120
MAX_POINTS = 300  # of a series, a channel


class Thumbnails:
    """Small cards of items, those looked at last kept in memory; any thread."""

    def __init__(self, project: OpenProject, inspection: Inspection) -> None:
        self._pool = project.pool
        self._inspection = inspection
        self._lock = threading.Lock()  # of the cache alone: nothing else is called under it
        self._cards: OrderedDict[tuple[str, int], tuple[Card, list[bytes]]] = OrderedDict()
        self._n_bytes = 0

    def card(self, id: str, side: int) -> tuple[Card, list[bytes]]:
        """One item small, and its bytes.

        A picture, or a still of a video, of at most ``side`` pixels, a sound's spectrogram, the beginning of a text or
        a row, few points of a series; of several parts the first picture, else the first.  Where it cannot be shown,
        ``broken`` says why.

        Raises
        ------
        LabelError
            The item is not in the pool.
        """
        side = min(max(whole_number(side, "side"), MIN_SIDE_PIXELS), MAX_SIDE_PIXELS)
        key = text(id, "id"), side
        with self._lock:
            if key in self._cards:
                self._cards.move_to_end(key)
                return self._cards[key]
        _, small = self._inspection.read_stable(id, lambda row: small_card(self._pool, row, side))
        if "broken" not in small[0]:  # a file may come back
            self._keep(key, small)
        return small

    def _keep(self, key: tuple[str, int], small: tuple[Card, list[bytes]]) -> None:
        with self._lock:
            if key in self._cards:
                return
            self._cards[key] = small
            self._n_bytes += CARD_BYTES + size_bytes(*small)
            while self._n_bytes > MAX_CACHE_BYTES:
                _, oldest = self._cards.popitem(last=False)
                self._n_bytes -= CARD_BYTES + size_bytes(*oldest)


def small_card(pool: Pool, row: int, side: int) -> tuple[Card, list[bytes]]:
    """Card of a row, small; ``broken`` where it cannot be read."""
    sizes = {
        "image": side,
        "video": side,
        "text": MAX_CHARACTERS,
        "table": MAX_COLUMNS,
        "series": MAX_POINTS,
    }
    try:
        content = pool.frame(row, 0, side) if pool.modality == "video" else pool.show(row, sizes)
    except PoolError as error:
        return {"broken": f"{error.what} {error.do}"}, []
    return content_card(_small(content))


def _small(content: Shown) -> Shown:
    """One still thing of what is shown of an item."""
    if content.mime == "multipart/mixed":
        return _first_picture([_small(part) for _, part in content.parts])
    if content.mime == "video/x-frames" and content.buffers:
        return Shown("image/jpeg", content.buffers[0], size=content.size)
    if content.mime == "audio/wav" and len(content.buffers) > 1:
        return Shown("image/png", content.buffers[1])
    if content.mime == "text/plain":
        return Shown(content.mime, str(content.data)[:MAX_CHARACTERS])
    if content.mime == "application/json":
        cells = list(content.data.items())[:MAX_COLUMNS]
        return Shown(content.mime, {name: str(value)[:MAX_CELL_CHARACTERS] for name, value in cells})
    return content


def _first_picture(parts: Sequence[Shown]) -> Shown:
    if not parts:
        return Shown("text/plain", "")
    return next((part for part in parts if part.mime.startswith("image/")), parts[0])
