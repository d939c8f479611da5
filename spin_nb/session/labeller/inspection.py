"""Look at single items: a card with its prediction and label, a frame of a video, a piece of a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from spin_nb.project.records import VALUE_KINDS
from spin_nb.session.arguments import rectangle, text, whole_number
from spin_nb.session.labeller.cards import Card, item_card
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Shown

if TYPE_CHECKING:
    from spin_nb.pool.media.images import Box

Content = TypeVar("Content")

FRAME_SIDE_PIXELS = 1600  # of a frame, at most


class Inspection:
    """Reads items for views; any thread."""

    def __init__(self, project: OpenProject, live: LiveModel) -> None:
        self._project = project
        self._live = live

    def card(self, id: str) -> tuple[Card, list[bytes]]:
        """One item with its prediction and label."""
        pool, size = self._project.pool, self._project.task.works_on
        row, (card, buffers) = self.read_stable(id, lambda row: item_card(pool, row, size=size))
        label, predictive = self._live.label_log.current(id), self._live.predictive
        card.update(
            {"id": id, "row": row, "label": label.value if label and label.kind in VALUE_KINDS else None}
        )
        card["kind"] = label.kind if label else None
        if predictive is not None:
            card["probs"] = [float(p) for p in predictive.mean[row]]
            card["epistemic"], card["aleatoric"] = predictive.uncertainty_of(row)
        return card, buffers

    def frame(self, id: str, number: int, part: str | None = None) -> tuple[Card, list[bytes]]:
        """One frame of a video as a picture."""
        part = _part(part)
        return self._picture(
            id, lambda row: self._project.pool.frame(row, number, FRAME_SIDE_PIXELS, part), frame=number
        )

    def detail(self, id: str, box: Box, size: int, part: str | None = None) -> tuple[Card, list[bytes]]:
        """Crop a picture to (x, y, width, height).

        It has at most ``size`` pixels a side.
        """
        box, size, part = rectangle(box, "box"), whole_number(size, "size"), _part(part)
        return self._picture(id, lambda row: self._project.pool.detail(row, box, size, part))

    def read_stable(self, id: str, read: Callable[[int], Content]) -> tuple[int, Content]:
        """Read an item's row and content at one moment.

        They are read again where others were excluded and rows moved meanwhile.

        Raises
        ------
        LabelError
            The item is not in the pool, or no longer.
        """
        pool, lock = self._project.pool, self._live.label_log.lock
        while True:
            with lock:
                row = pool.row(id)
            content = read(row)
            with lock:
                if pool.row(id) == row:
                    return row, content

    def _picture(self, id: str, read: Callable[[int], Shown], **facts: int) -> tuple[Card, list[bytes]]:
        _, picture = self.read_stable(id, read)
        return {"mime": picture.mime, **facts, "buffers": [0]}, [picture.data]


def _part(name: object) -> str | None:
    return None if name is None else text(name, "part")
