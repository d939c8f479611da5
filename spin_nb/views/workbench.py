"""Everything on one page: map and labeller side by side, training, and the plots below."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import traitlets as t

from spin_nb.errors import SpinError
from spin_nb.views._base import Answer, Buffers, View
from spin_nb.views.redraw import Redraw

TABS = ("uncertainty", "curves", "drift")


class Bar(View, parts=("workbench",)):
    """The line on top: the project, how it stands, a button that trains.

    Attributes
    ----------
    title, status, problem : str
        Text; ``problem`` is what went wrong last.
    ready : bool
        Whether training can be started.
    """

    title = t.Unicode("").tag(sync=True)
    status = t.Unicode("").tag(sync=True)
    problem = t.Unicode("").tag(sync=True)
    ready = t.Bool(False).tag(sync=True)


class Workbench(widgets.VBox):
    """Map, labeller, training and plots together (``s.workbench``).

    The parts are the session's own views (``s.map``, ``s.labeller``, ...): what is done in one place shows in all.
    Pointing at an item on the map shows it in the uncertainty tab too.

    Parameters
    ----------
    session : Session

    Examples
    --------
    >>> s.workbench                                    # doctest: +SKIP
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self.bar = Bar(title=session.name)
        self.bar.verbs = {"train": self._train}
        self.progress = widgets.VBox([])
        self._plots = [getattr(session, word) for word in TABS]
        self.tabs = widgets.Tab(self._plots, titles=[word.capitalize() for word in TABS])
        super().__init__(
            [self.bar, self.progress, _row(session.map, session.labeller), self.tabs],
            layout=widgets.Layout(width="100%", min_width="0"),
        )
        self.add_class("spin-page")
        self._write = Redraw(self._status, every=0.3)
        events = session.events
        for signal in (events.labelled, events.trained, events.watched):
            signal.connect(lambda *_: self._write())
        events.training.connect(self._show_run)
        events.problem.connect(self._trouble)
        session.map.observe(self._look, "hovered")
        self._status()

    def _train(self, _message: dict[str, Any]) -> tuple[Answer, Buffers]:
        self.bar.problem = ""
        try:
            self._session.train()
        except SpinError as error:
            self.bar.problem = f"{error.what} {error.do}"
        return {}, []

    def _show_run(self, handle: Any) -> None:
        from spin_nb.views.progress import Progress

        old = self.progress.children
        self.progress.children = [Progress(handle)]
        for widget in old:
            widget.close()

    def _trouble(self, text: str) -> None:
        self.bar.problem = str(text)

    def _look(self, change: Any) -> None:
        self._session.uncertainty.look(change["new"])

    def _status(self) -> None:
        s = self._session
        labels = int((s.label_index >= 0).sum())
        parts = [f"{labels:,} of {len(s.pool):,} labelled"]
        if labels:
            parts.append(f"{s.labels_per_minute:.0f} a minute")
        estimate = s.accuracy
        if estimate.n:
            shown = "" if estimate.value is None else f"{estimate.value:.1%}, "
            parts.append(
                f"audited accuracy {shown}{estimate.low:.0%} to {estimate.high:.0%} ({estimate.n} audits)"
            )
        if s.head:
            parts.append(f"head {s.head}")
        with self.bar.hold_sync():
            self.bar.status = " · ".join(parts)
            self.bar.ready = labels > 0 and not s.read_only


def _row(map: Any, labeller: Any) -> widgets.Box:
    """Side by side where there is room, one under the other where there is not."""
    left = widgets.VBox([map], layout=widgets.Layout(flex="3 1 520px", min_width="0"))
    right = widgets.VBox([labeller], layout=widgets.Layout(flex="2 1 380px", min_width="0"))
    return widgets.Box(
        [left, right], layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start", width="100%")
    )
