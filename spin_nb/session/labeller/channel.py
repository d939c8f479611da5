"""What the page of a view may ask a session for; any thread, also while a cell is busy."""

from __future__ import annotations

from spin_nb.session.asks.proposer import Proposer
from spin_nb.session.labeller.entries import Entries
from spin_nb.session.labeller.inspection import Inspection
from spin_nb.session.labeller.queue import CardQueue
from spin_nb.session.labeller.review_entries import ReviewEntries
from spin_nb.session.labeller.review_queue import ReviewQueue
from spin_nb.session.labeller.thumbnails import Thumbnails
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.review import Review
from spin_nb.session.runtime.announcer import Announcer


class Channel:
    """Calls a page may make.

    ``queue_cards``, ``suggestions`` and ``likeliest`` are of the :class:`CardQueue` (what to label next), ``apply`` and
    ``past`` of the :class:`Entries` (what was decided), ``card``, ``frame`` and ``detail`` of the :class:`Inspection`
    (any item, looked at), ``thumbnail`` of the :class:`Thumbnails`.

    Attributes
    ----------
    queue : CardQueue
    inspection : Inspection
    """

    def __init__(
        self,
        project: OpenProject,
        live: LiveModel,
        proposer: Proposer,
        suggestions: Suggestions,
        announcer: Announcer,
    ) -> None:
        inspection = self.inspection = Inspection(project, live)
        queue = self.queue = CardQueue(project, live, proposer, suggestions, inspection)
        entries = Entries(project, live, queue.ask_of, announcer)
        self.queue_cards, self.suggestions, self.likeliest = queue.cards, queue.suggestions, queue.likeliest
        self.apply, self.past = entries.apply, entries.past
        self.card, self.frame, self.detail = inspection.card, inspection.frame, inspection.detail
        self.thumbnail = Thumbnails(project, inspection).card


class ReviewChannel:
    """Calls a page of labels to review may make: those of a :class:`Channel`, about another queue."""

    def __init__(
        self,
        project: OpenProject,
        live: LiveModel,
        review: Review,
        suggestions: Suggestions,
        channel: Channel,
        announcer: Announcer,
    ) -> None:
        queue = ReviewQueue(project, review, suggestions, channel.inspection)
        entries = ReviewEntries(project, live, review, announcer)
        self.queue_cards, self.suggestions, self.likeliest = queue.cards, queue.suggestions, queue.likeliest
        self.apply, self.past = entries.apply, entries.past
        self.card, self.frame, self.detail = channel.card, channel.frame, channel.detail
        self.thumbnail = channel.thumbnail
