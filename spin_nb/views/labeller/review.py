"""The labeller on labels there are, the most doubtful first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.views.labeller.view import Labeller
from spin_nb.views.session_like import ChannelLike, SessionLike

if TYPE_CHECKING:
    import polars as pl


class ReviewLabels(Labeller, entry="labeller/page.js"):
    """Look at labels again, and keep, change or flag each (``s.review``).

    Every card says whose the label is and why it is doubted.  Enter, or the key of the label's own class, keeps it;
    another class, or what is drawn otherwise, changes it; F flags; ``;`` takes it back, since nobody can tell; U
    undoes.  Audits are left out.

    Examples
    --------
    >>> s.review                                                   # doctest: +SKIP
    """

    def __init__(self, session: SessionLike) -> None:
        super().__init__(session)
        self.mode = "review"
        self._say_why_empty()
        session.events.doubted.connect(self._on_doubted)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._words()}>"

    @property
    def queue(self) -> pl.DataFrame:
        """Labels that nobody has reviewed, the most doubtful first.

        One row a label: item, label, annotator, time, doubt (probability that it is wrong), reason.  Labels that
        changed since are doubted first; that may take as long as some trainings.
        """
        return self._session.review.frame()

    def _channel_of(self, session: SessionLike) -> ChannelLike:
        """Return what pages of this view talk to."""
        return session.review_channel

    def _count_items(self) -> int:
        """Return of how many labels the page says how many are reviewed."""
        return self._session.review.n_labels

    def _on_doubted(self, _n: int) -> None:
        self.n_items = self._count_items()
        self._say_why_empty()
        self.push("doubted", self._counts())

    def _say_why_empty(self) -> None:
        self.why_empty = self._words()

    def _words(self) -> str:
        review = self._session.review
        if review.is_looking:
            return "The labels are being doubted…"
        words = [f"{review.n_doubtful:,} labels to review are rather wrong than right"]
        if not review.n_labels:
            words = ["No label is to be reviewed"]
        if review.silence:
            words.append(review.silence)
        if review.n_audits:
            words.append(f"{review.n_audits:,} that audit are left out")
        return "; ".join(words) + "."
