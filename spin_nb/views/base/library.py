"""Scripts that several views share: plotly and jupyter-scatter cross to a page once, not once a view."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import ipywidgets as widgets
import traitlets as t

from spin_nb.views.base.modules import VIEWS

# Plotly looks where it is: in the scope of a module it must find ``module``, and no other plotly may be replaced.
_BEFORE_PLOTLY = "const page = globalThis.Plotly; const module = { exports: {} };\n"
_AFTER_PLOTLY = "\nglobalThis.Plotly = page;\nexport default module.exports;\n"


class Library(widgets.Widget):
    """Gzip of an ES module that several views share.

    It is a model without a view and without a script of its own.

    Views name it by ``where``; ``library.js`` unpacks it and evaluates it once a page, whoever asks first.

    Attributes
    ----------
    packed : bytes
        The text, UTF-8, gzip.
    """

    packed = t.Bytes().tag(sync=True)

    def __init__(self, text: str) -> None:
        data = gzip.compress(text.encode(), compresslevel=9, mtime=0)
        self.key = hashlib.blake2b(data, digest_size=16).hexdigest()
        super().__init__(packed=data)

    @property
    def where(self) -> dict[str, str]:
        """Address for the browser.

        It is the model's id, and the key under which a page keeps the module.
        """
        return {"id": self.model_id, "key": self.key}


def plotly_library() -> dict[str, str]:
    """Open plotly.js as the installed plotly brings it."""
    return _open("plotly", _plotly)


def scatter_library() -> dict[str, str]:
    """Open jupyter-scatter's script with ``scatter_patch.js`` behind it."""
    return _open("scatter", _scatter)


_OPEN: dict[str, Library] = {}


def _open(name: str, text: Callable[[], str]) -> dict[str, str]:
    """Return the address of a library, one model a kernel.

    There is a new one where somebody closed all widgets.
    """
    if name not in _OPEN or _OPEN[name].comm is None:
        _OPEN[name] = Library(text())
    return _OPEN[name].where


@cache
def _plotly() -> str:
    import plotly

    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return _BEFORE_PLOTLY + script.read_text("utf-8") + _AFTER_PLOTLY


@cache
def _scatter() -> str:
    from jscatter.widget import JupyterScatter

    return str(JupyterScatter._esm) + (VIEWS / "map" / "scatter_patch.js").read_text("utf-8")
