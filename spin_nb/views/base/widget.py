"""What every widget of ours shares: its scripts as text, and one way to talk.

The browser sends ``{"call": id, "verb": word, ...}`` and always gets ``{"reply": id, ...}``, an error
included; what Python says unasked is ``{"push": word, ...}``.  Scripts and styles are given as *text*
(:mod:`spin_nb.views.base.modules`): with a path anywidget keeps closed widgets alive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anywidget
from traitlets import TraitError

from spin_nb.errors import SpinError
from spin_nb.views.base.modules import VIEWS, link, style
from spin_nb.words import said_by, shown

Answer = dict[str, Any]
Buffers = list[bytes]
Verb = Callable[[dict[str, Any]], tuple[Answer, Buffers]]

_LOG = logging.getLogger(__name__)


def in_words(error: BaseException) -> dict[str, str]:
    """An error's sentences, as the browser shows them.

    Examples
    --------
    >>> in_words(SpinError("no item 'x'.", "Pass an id of s.items."))
    {'what': "no item 'x'.", 'do': 'Pass an id of s.items.'}
    """
    if isinstance(error, SpinError):
        return {"what": error.what, "do": error.do}
    return {"what": said_by(error), "do": "The kernel's log has the traceback."}


class Brief:
    """A widget whose ``repr`` is one line.

    It is printed, and saved with a notebook.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: the last line of a notebook cell shows it>"


class View(Brief, anywidget.AnyWidget):
    """A widget of nouns (traits) and verbs (messages).

    Every message gets a reply.

    A subclass names the module it is drawn by (``class Progress(View, entry="workbench/progress.js")``), whose default
    export is the widget's script, and fills ``self.verbs``.  Verbs may run on the main thread or on a subshell thread.
    """

    verbs: dict[str, Verb]

    def __init_subclass__(cls, entry: str = "", **kwargs: Any) -> None:
        if entry:
            cls._esm = link(VIEWS / entry)
            cls._css = style(VIEWS / entry)
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.verbs = {}
        self.on_msg(self._receive)

    def push(self, word: str, fields: Answer, buffers: Buffers | None = None) -> None:
        """Tell every open copy of this view something unasked."""
        self.send({"push": word, **fields}, buffers)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what a page has set.

        What cannot be is said there, and the page gets back what holds.
        """
        before = {name: getattr(self, name) for name in sync_data if name in self.keys}
        try:
            super().set_state(sync_data)
        except (SpinError, TraitError, OverflowError) as error:  # a page may send a number of any size
            with suppress(SpinError, TraitError):
                for name, value in before.items():
                    setattr(self, name, value)
            self.push("problem", {**in_words(error), "do": "Reload the page."})
            self.send_state(list(before))

    def _receive(self, _widget: object, message: object, _buffers: object) -> None:
        if not isinstance(message, dict) or "verb" not in message:
            return
        answer, buffers = self._answer(message)
        self.send({"reply": message.get("call"), **answer}, buffers)

    def _answer(self, message: dict[str, Any]) -> tuple[Answer, Buffers]:
        word = message["verb"]
        verb = self.verbs.get(word) if isinstance(word, str) else None
        if verb is None:
            return {"problem": {"what": f"no verb {shown(word)}.", "do": "Reload the page."}}, []
        try:
            return verb(message)
        except SpinError as error:  # the person's, or the page's: nothing for the kernel's log
            return {"problem": in_words(error)}, []
        except Exception as error:
            # ipywidgets would only log it: the person must see it, so an error too is a reply.
            _LOG.exception("%s: %s failed", type(self).__name__, word)
            return {"problem": in_words(error)}, []
