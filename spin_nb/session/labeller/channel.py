"""What the page of a view may ask a session for; any thread, also while a cell is busy."""

from __future__ import annotations

from spin_nb.session.asks.sampler import Sampler
from spin_nb.session.labeller.entries import Entries
from spin_nb.session.labeller.inspection import Inspection
from spin_nb.session.labeller.queue import CardQueue
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.project import Project
from spin_nb.session.runtime.announcer import Announcer


class Channel:
    """The labeller's half of a session.

    Attributes
    ----------
    queue : CardQueue
        What to label next.
    entries : Entries
        What was decided.
    inspection : Inspection
        Any item, looked at.
    """

    def __init__(
        self,
        project: Project,
        live: LiveModel,
        sampler: Sampler,
        suggestions: Suggestions,
        announcer: Announcer,
    ) -> None:
        self.inspection = Inspection(project, live)
        self.queue = CardQueue(project, live, sampler, suggestions, self.inspection)
        self.entries = Entries(project, live, self.queue, announcer)
