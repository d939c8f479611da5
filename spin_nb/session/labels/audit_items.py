"""Which items were drawn to audit, for whom, and what came of each; kept up to date ask by ask and label by label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from spin_nb.project.fold import Current
from spin_nb.project.records import NONE_OF_THESE, VALUE_KINDS


@dataclass(frozen=True)
class _Showing:
    """First showing of an audit to somebody.

    ``number`` counts the asks of the whole project.
    """

    number: int
    annotator: str | None
    time: datetime


class AuditItems:
    """The audit sample in force.

    An item belongs to it from the moment its audit is shown, whoever labels it and however often, until audits are
    released: what was drawn before that trains from then on and never judges again, not with a corrected label either.

    Attributes
    ----------
    released_items : set of str
        Items that audited once, and no longer do.
    flagged_items : set of str
        Audits that turned out to be bad items.
    unfit_items : set of str
        Audits that no class fits.
    """

    def __init__(self) -> None:
        self._showings: dict[str, _Showing] = {}
        self._deferred_items: set[str] = set()
        self._open_items: set[str] = set()
        self._last_answer: dict[str | None, int] = {}
        self.released_items: set[str] = set()
        self.flagged_items: set[str] = set()
        self.unfit_items: set[str] = set()

    def __contains__(self, item: str) -> bool:
        return item in self._showings

    def __len__(self) -> int:
        return len(self._showings)

    @property
    def n_shown(self) -> int:
        """Audit items shown so far, released ones among them."""
        return len(self._showings) + len(self.released_items)

    def has_audited(self, item: str) -> bool:
        """Check that an item audits, or did before a release."""
        return item in self._showings or item in self.released_items

    @property
    def items(self) -> Iterable[str]:
        """Items in force, first shown first."""
        return self._showings.keys()

    def showings(self) -> list[tuple[str, datetime]]:
        """List items in force with their times."""
        return [(item, showing.time) for item, showing in self._showings.items()]

    def show(self, item: str, number: int, annotator: str | None, time: datetime) -> None:
        """Note an audit shown as ask ``number``.

        Once shown, an item stays.
        """
        if item not in self.released_items and item not in self._showings:
            self._showings[item] = _Showing(number, annotator, time)
            self._open_items.add(item)

    def answer(self, number: int, annotator: str | None) -> None:
        """Note that ask ``number`` was answered."""
        self._last_answer[annotator] = max(number, self._last_answer.get(annotator, -1))

    def settle(self, item: str, label: Current | None) -> None:
        """Note an audit item's current decision, or None."""
        for group in (self.flagged_items, self.unfit_items, self._deferred_items, self._open_items):
            group.discard(item)
        if label is None:
            self._open_items.add(item)
        elif label.flagged:
            self.flagged_items.add(item)
        elif label.kind == NONE_OF_THESE:
            self.unfit_items.add(item)
        elif label.kind not in VALUE_KINDS:
            self._deferred_items.add(item)

    def release(self, items: Iterable[str]) -> None:
        """These no longer audit."""
        for item in list(items):
            self._showings.pop(item, None)
            self.released_items.add(item)
            for group in (self.flagged_items, self.unfit_items, self._deferred_items, self._open_items):
                group.discard(item)

    @property
    def unanswered_items(self) -> list[str]:
        """Audits skipped, unsure, or passed over.

        One is passed over where the same person has answered a later ask.

        One that is still on screen is none of these: to count it would tell which card audits.
        """
        passed_over = [item for item in self._open_items if self._was_passed_over(self._showings[item])]
        return [*self._deferred_items, *passed_over]

    def _was_passed_over(self, showing: _Showing) -> bool:
        return self._last_answer.get(showing.annotator, -1) > showing.number
