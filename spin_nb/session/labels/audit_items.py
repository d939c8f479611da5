"""Which items were drawn to audit, for whom, and what came of each; kept up to date ask by ask and label by label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from spin_nb.project.fold import Current
from spin_nb.project.records import VALUE_KINDS


@dataclass(frozen=True)
class _Shown:
    """How an audit was first put to somebody: ``number`` counts the asks of the whole project."""

    number: int
    annotator: str | None
    time: datetime


class AuditItems:
    """The audit sample in force.

    An item belongs to it from the moment its audit is shown, whoever labels it and however often, until audits are
    released: what was drawn before that trains from then on and never judges again, not with a corrected label either.

    Attributes
    ----------
    released : set of str
        Items that audited once, and no longer do.
    flagged : set of str
        Audits that turned out to be bad items.
    """

    def __init__(self) -> None:
        self._shown: dict[str, _Shown] = {}
        self._aside: set[str] = set()
        self._open: set[str] = set()
        self._answered: dict[str | None, int] = {}
        self.released: set[str] = set()
        self.flagged: set[str] = set()

    def __contains__(self, item: str) -> bool:
        return item in self._shown

    def __len__(self) -> int:
        return len(self._shown)

    @property
    def items(self) -> Iterable[str]:
        """Items in force, in the order in which they were first shown."""
        return self._shown.keys()

    def shown(self) -> list[tuple[str, datetime]]:
        """Those in force, and when each was first shown."""
        return [(item, shown.time) for item, shown in self._shown.items()]

    def show(self, item: str, number: int, annotator: str | None, time: datetime) -> None:
        """An audit was shown as the project's ask ``number``; once shown, an item stays."""
        if item not in self.released and item not in self._shown:
            self._shown[item] = _Shown(number, annotator, time)
            self._open.add(item)

    def answer(self, number: int, annotator: str | None) -> None:
        """Ask ``number``, put to ``annotator``, has been answered in some way."""
        self._answered[annotator] = max(number, self._answered.get(annotator, -1))

    def settle(self, item: str, held: Current | None) -> None:
        """What holds for an audit item now; None for nothing."""
        for group in (self.flagged, self._aside, self._open):
            group.discard(item)
        if held is None:
            self._open.add(item)
        elif held.flagged:
            self.flagged.add(item)
        elif held.kind not in VALUE_KINDS:
            self._aside.add(item)

    def release(self, items: Iterable[str]) -> None:
        """These no longer audit."""
        for item in list(items):
            self._shown.pop(item, None)
            self.released.add(item)
            for group in (self.flagged, self._aside, self._open):
                group.discard(item)

    @property
    def unanswered(self) -> list[str]:
        """Audits that are skipped, unsure, or were passed over: the same person has answered a later ask.

        One that is still on screen is none of these: to count it would tell which card audits.
        """
        passed = [item for item in self._open if self._passed(self._shown[item])]
        return [*self._aside, *passed]

    def _passed(self, shown: _Shown) -> bool:
        return self._answered.get(shown.annotator, -1) > shown.number
