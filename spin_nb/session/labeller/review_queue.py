"""Cards of labels to review: what a page of the labeller shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.session.arguments import sequence_of, whole_number
from spin_nb.session.labeller.cards import Card, item_card, size_bytes
from spin_nb.session.labeller.inspection import Inspection
from spin_nb.session.labeller.queue import MAX_ANSWER_BYTES
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.doubt import Doubt
from spin_nb.session.review.review import Review


class ReviewQueue:
    """Labels as cards, the most doubtful first; any thread, also while a cell is busy."""

    def __init__(
        self, project: OpenProject, review: Review, suggestions: Suggestions, inspection: Inspection
    ) -> None:
        self._project = project
        self._review = review
        self._suggestions = suggestions
        self._inspection = inspection

    def cards(self, n: int, have: Sequence[str] = ()) -> tuple[list[Card], list[bytes]]:
        """Cards for a queue of ``n``, as :meth:`CardQueue.cards` has them.

        Each has ``kind`` and ``label`` of the label as it is, or the ``suggestion`` of the machine, and ``review``: by
        whom it is (``annotator``), how probable it is that it is wrong (``doubt``), and the ``reasons``.
        """
        n, have = whole_number(n, "n"), sequence_of(have, "have")
        doubts = {doubt.token: doubt for doubt in self._review.doubts}
        stable = [token for token in have if isinstance(token, str) and token in doubts][:n]
        cards: list[Card] = [{"token": token, "kept": True} for token in stable]
        buffers: list[bytes] = []
        n_bytes, present = 0, set(stable)
        for token, doubt in doubts.items():
            if len(cards) >= n or n_bytes >= MAX_ANSWER_BYTES:
                break
            if token in present:
                continue
            try:
                card, card_buffers = self._card(doubt, len(buffers))
            except LabelError:  # it left the pool in this very moment
                continue
            cards.append({"token": token, **card})
            buffers += card_buffers
            n_bytes += size_bytes(card, card_buffers)
        return cards, buffers

    def suggestions(self, tokens: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """Suggest nothing: what is reviewed is the label."""
        sequence_of(tokens, "tokens")
        return {}

    def likeliest(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, float | None]]]:
        """Leave the classes on the first keys as they are on the cards."""
        sequence_of(tokens, "tokens")
        return {}

    def _card(self, doubt: Doubt, offset: int) -> tuple[Card, list[bytes]]:
        project = self._project

        def read(row: int) -> tuple[Card, list[bytes]]:
            card, buffers = item_card(project.pool, row, offset, size=project.task.works_on)
            if likeliest := self._suggestions.likeliest(row, True):
                card["likeliest"] = likeliest
            return card, buffers

        row, (card, buffers) = self._inspection.read_stable(doubt.item, read)
        review = {"annotator": doubt.annotator, "doubt": doubt.doubt, "reasons": list(doubt.reasons)}
        card.update({"id": doubt.item, "row": row, "review": review})
        if doubt.seq is None:
            suggestion = self._review.machine_label(doubt.item)
            card["suggestion"] = None if suggestion is None else {"value": suggestion[0], "p": suggestion[1]}
        else:
            card.update({"kind": "label", "label": doubt.label})
        return card, buffers
