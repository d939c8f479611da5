"""Everything on one page: map and labeller side by side, training, and the plots below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets as t

from spin_nb.errors import SpinError
from spin_nb.views.base.redraw import Redraw, soon
from spin_nb.views.base.waiting import waiting
from spin_nb.views.base.widget import Answer, Brief, Buffers, View
from spin_nb.views.session_like import SessionLike
from spin_nb.views.workbench.progress import END_STATUSES

if TYPE_CHECKING:
    from spin_nb.session.runtime.jobs import Job
    from spin_nb.types import TrainReport

TABS = ("uncertainty", "grid", "curves", "calibration", "drift")
OF_CLASSES = ("uncertainty", "calibration")


class Bar(View, entry="workbench/bar.js"):
    """The line on top.

    It holds the project, how it stands, and a button that trains.

    Attributes
    ----------
    title, status, problem : str
        Text; ``problem`` is what went wrong last.
    trains, ready, running : bool
        Whether there is anything to train; whether training can be started; whether it runs.
    doing : str
        What the run is doing now.
    fraction : float
        How far it is, 0 to 1.
    """

    title = t.Unicode("").tag(sync=True)
    status = t.Unicode("").tag(sync=True)
    problem = t.Unicode("").tag(sync=True)
    trains = t.Bool(True).tag(sync=True)
    ready = t.Bool(False).tag(sync=True)
    running = t.Bool(False).tag(sync=True)
    doing = t.Unicode("").tag(sync=True)
    fraction = t.Float(0.0).tag(sync=True)


class Workbench(Brief, widgets.VBox):
    """Map, labeller, training and plots together (``s.workbench``).

    The parts are the session's own views (``s.map``, ``s.labeller``, ...): what is done in one place shows in all.
    The labeller comes first and by itself; the map and the plot whose tab is open follow once its first item is on
    screen, other plots when their tab is opened.  Pointing at an item on the map shows it in the uncertainty tab too.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.workbench                                    # doctest: +SKIP
    """

    def __init__(self, session: SessionLike) -> None:
        self._session = session
        self._labeller = session.view("labeller")
        self.bar = Bar(title=session.name, trains=session.learns_classes)
        self.bar.verbs = {"train": self._train, "cancel": self._cancel, "rest": self._rest}
        self._run: Job[Any] | None = None
        self._trained_on = 0
        self._words = [word for word in TABS if session.learns_classes or word not in OF_CLASSES]
        self._map_place = _place("the map", session)
        places = [_place(_in_words(word), session) for word in self._words]
        self.tabs = widgets.Tab(places, titles=[word.capitalize() for word in self._words])
        super().__init__(
            [self.bar, _row(self._map_place, self._labeller), self.tabs],
            layout=widgets.Layout(width="100%", min_width="0"),
        )
        self._write = Redraw(self._status, every=0.3)
        self._open_map = Redraw(self._show_map, every=0.0, on_failure=self._trouble)
        self._open_tab = Redraw(self._show_tab, every=0.0, on_failure=self._trouble)
        self._open_all = Redraw(self._follow_labeller, every=0.0)
        self._follow_session()
        soon(self._write)
        if self._labeller.has_first_item:
            soon(self._open_all)

    def _follow_session(self) -> None:
        events = self._session.events
        for signal in (events.labelled, events.watched):
            signal.connect(lambda *_: self._write())
        events.trained.connect(self._on_trained)
        events.training.connect(self._follow)
        events.problem.connect(self._trouble)
        self._labeller.observe(self._open_all, "has_first_item")
        self.tabs.observe(self._open_tab, "selected_index")

    # -- one after the other ------------------------------------------------------------------------------

    def _follow_labeller(self) -> None:
        """Open the rest, one after the other.

        A person who labels is answered in between.
        """
        self._open_map()
        soon(self._open_tab)

    def _rest(self, _message: dict[str, Any]) -> tuple[Answer, Buffers]:
        """The page has waited long enough for the labeller."""
        self._open_all()
        return {}, []

    def _show_map(self) -> None:
        view = self._session.view("map")
        if view in self._map_place.children:
            return
        view.observe(self._look, "hover_id")
        self._map_place.children = [view]

    def _show_tab(self) -> None:
        at = self.tabs.selected_index
        if at is not None:
            self.tabs.children[at].children = [self._session.view(self._words[at])]

    # -- training -----------------------------------------------------------------------------------------

    def _train(self, _message: dict[str, Any]) -> tuple[Answer, Buffers]:
        self.bar.problem = ""
        try:
            self._session.train()
        except SpinError as error:
            self.bar.problem = f"{error.what} {error.do}"
        return {}, []

    def _cancel(self, _message: dict[str, Any]) -> tuple[Answer, Buffers]:
        if self._run is not None:
            self._run.cancel()
        return {}, []

    def _on_trained(self, report: TrainReport) -> None:
        self._trained_on = int(report.n_labels)
        self._write()

    def _follow(self, job: Job[Any]) -> None:
        """Show the newest run, in the bar.

        Nothing below it moves while somebody labels.
        """
        self._run = job
        self.bar.problem = ""
        show = Redraw(lambda: self._show_run(job), every=0.1)
        job.changed.connect(lambda *_: show())
        show()

    def _show_run(self, job: Job[Any]) -> None:
        if job is not self._run:
            return
        with self.bar.hold_sync():
            self.bar.running = job.status not in END_STATUSES
            self.bar.doing = str(job.message) if self.bar.running else ""
            self.bar.fraction = min(1.0, max(0.0, float(job.progress))) if self.bar.running else 0.0

    def _trouble(self, text: str) -> None:
        self.bar.problem = str(text)

    def _look(self, change: t.Bunch) -> None:
        at = self.tabs.selected_index
        if at is not None and self._words[at] == "uncertainty":  # for nobody to see it would only cost time
            self._session.view("uncertainty").point_at(change["new"])

    def _status(self) -> None:
        s = self._session
        labels = int((s.label_index >= 0).sum())
        parts = [f"{labels:,} of {len(s.pool):,} labelled"]
        if s.labels_per_minute >= 0.5:
            parts.append(f"{s.labels_per_minute:,.0f} a minute")
        estimate = s.accuracy
        if estimate.n:
            value_text = "" if estimate.value is None else f"{estimate.value:.1%}, "
            left = f", {estimate.unanswered} unanswered" if estimate.unanswered else ""
            parts.append(
                f"audited {s.task.metric} {value_text}{estimate.low:.0%} to {estimate.high:.0%}"
                f" ({estimate.n} audits{left})"
            )
        if s.head:
            basis = f" on {self._trained_on:,} labels" if self._trained_on else ""
            parts.append(f"head {s.head}{basis}")
        with self.bar.hold_sync():
            self.bar.status = " · ".join(parts)
            self.bar.ready = labels > 0 and not s.read_only


def _in_words(word: str) -> str:
    return "the grid" if word == "grid" else f"the {word} plot"


def _place(what: str, session: SessionLike) -> widgets.VBox:
    """Place of a coming view."""
    return widgets.VBox([waiting(what, session)], layout=widgets.Layout(min_width="0"))


def _row(map_place: widgets.VBox, labeller: widgets.Widget) -> widgets.Box:
    """Map and labeller in one row.

    The map is left of the labeller where there is room, else below it: one begins with labelling.
    """
    map_place.layout.flex = "3 1 480px"
    right = widgets.VBox([labeller], layout=widgets.Layout(flex="2 1 380px", min_width="0"))
    row = widgets.Box(
        [right, map_place],
        layout=widgets.Layout(flex_flow="row-reverse wrap", align_items="flex-start", width="100%"),
    )
    row.add_class("spin-row-of-views")
    return row
