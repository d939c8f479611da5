"""What stands where a view will be, from the first message on."""

from __future__ import annotations

import ipywidgets as widgets

from spin_nb.views.session_like import SessionLike


def loading(what: str, session: SessionLike) -> str:
    """Sentence in the place of a coming view.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> loading("the map", SimpleNamespace(name="digits"))
    'Loading the map of digits …'
    """
    return f"Loading {what} of {session.name} …"


def waiting(what: str, session: SessionLike) -> widgets.Label:
    """That sentence as a label, which needs no script.

    A Label typesets TeX where MathJax is loaded; a project's name is text.
    """
    text = loading(what, session).replace("$", "＄").replace("\\", "＼")
    return widgets.Label(text, layout=widgets.Layout(padding="12px", min_height="60px"))
