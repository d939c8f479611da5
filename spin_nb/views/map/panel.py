"""The panel beside the map: what the colours mean, and the item under the pointer."""

from __future__ import annotations

from typing import Any

import traitlets as t

from spin_nb.views.base.widget import View


class Panel(View, entry="map/panel.js"):
    """Colour chooser, legend and item card.

    Everything arrives as data and is drawn as text.

    Attributes
    ----------
    choices : list of str
        What the map may be coloured by.
    choice : int
        Index into ``choices``; the person's.
    legend : dict
        ``title``, ``note``, ``ramp`` [colour], ``low``, ``high``, ``entries`` [{name, colour, count}].
    item : dict
        ``id``, ``mime``, ``data``, ``bytes``, ``parts`` (:func:`spin_nb.session.labeller.cards.inline`), ``bars``
        [{name, p, colour}], ``facts`` [[name, value]], ``note``.
    status : str
        One line at the bottom.
    names, bindings : list of str, dict
        Classes, and keys a person has chosen: what a key on the map labels the selection as.
    n_selected : int
        How many items are selected.
    notice : str
        What such a key has done; an undo is offered beside it.
    """

    choices: t.List[str] = t.List(t.Unicode()).tag(sync=True)
    choice = t.Int(0).tag(sync=True)
    legend: t.Dict[str, Any] = t.Dict().tag(sync=True)
    item: t.Dict[str, Any] = t.Dict().tag(sync=True)
    status = t.Unicode("").tag(sync=True)
    names: t.List[str] = t.List(t.Unicode()).tag(sync=True)
    bindings: t.Dict[str, str] = t.Dict().tag(sync=True)
    n_selected = t.Int(0).tag(sync=True)
    notice = t.Unicode("").tag(sync=True)
