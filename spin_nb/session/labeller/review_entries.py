"""What a page has decided in a review: a label is kept, changed, taken back or its item flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from spin_nb.project.records import NewEvent
from spin_nb.session.labeller.entries import REVERSALS, Entries
from spin_nb.session.labels.reviews import REVIEW_SOURCE
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.machine_labels import PRELABEL_SOURCE
from spin_nb.session.review.review import Review
from spin_nb.session.runtime.announcer import Announcer


class ReviewEntries(Entries):
    """Applies entries of review pages; any thread."""

    kinds: ClassVar[tuple[str, ...]] = ("keep", "label", "unsure", "flag")

    def __init__(self, project: OpenProject, live: LiveModel, review: Review, announcer: Announcer) -> None:
        super().__init__(project, live, lambda token: None, announcer)
        self._review = review

    def apply(self, client: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Apply entries as :meth:`Entries.apply` does; ``n_labels`` is the number of labels reviewed."""
        answer = super().apply(client, entries)
        return {**answer, "n_labels": self._review.n_labels - len(self._review.doubts)}

    def event_of(self, kind: str, entry: Mapping[str, Any], ask: tuple[str, str] | None) -> NewEvent:
        """Make the event of an entry; the same label given once more is kept."""
        if kind in REVERSALS or kind not in self.kinds:
            return super().event_of(kind, entry, ask)
        if kind != "keep" and self._review.machine_label(entry.get("id")) is not None:
            return replace(super().event_of(kind, entry, None), source=PRELABEL_SOURCE)
        label = self._review.check_reviewable(entry.get("id", ""))
        if kind == "keep":
            return self._keep(entry)
        event = super().event_of(kind, {**entry, "suggested": None}, None)
        if kind == "label" and event.value == label.value:
            return self._keep({**entry, "value": event.value})
        return replace(event, source=REVIEW_SOURCE)

    def _keep(self, entry: Mapping[str, Any]) -> NewEvent:
        return NewEvent(
            "keep",
            entry["id"],
            entry.get("value"),
            annotator=self._live.label_log.annotator,
            shown_ms=entry.get("shown_ms"),
        )
