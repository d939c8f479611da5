"""How views look: colours for classes and for quantities, light and dark, and text that stays text."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import traitlets as t

from spin_nb.views.base.widget import View
from spin_nb.views.session_like import SessionLike

CLASS_COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a4343", "#857aff",
    "#7ac890", "#bc0b85", "#2c43bc", "#a64e21", "#f4596f", "#00646f", "#e916de", "#ff7ad3",
    "#a6000b", "#ff9b6f", "#3785d3", "#85169b", "#f46f37", "#de0ba6", "#7a9bff", "#2c00ff",
)  # fmt: skip
"""Okabe and Ito's first six, then chosen greedily: each the farthest in OKLab from those before it, the least of
normal, protan and deutan sight (Machado et al. 2009), contrast >= 2 on white and on dark grey."""

MAGMA = (
    "#000004", "#0a0822", "#1d1147", "#36106b", "#51127c", "#6a1c81", "#832681", "#9c2e7f", "#b73779",
    "#d0416f", "#e75263", "#f56b5c", "#fc8961", "#fea772", "#fec488", "#fde2a3", "#fcfdbf",
)  # fmt: skip
"""Seventeen even steps of magma (van der Walt and Smith 2015): perceptually uniform, safe for colour-blind eyes."""

NEUTRAL = "#9a9a9a"
EPISTEMIC, ALEATORIC = "#d0416f", "#0f86b6"


class Theme(View, entry="base/theme.js"):
    """Look of the browser's page; never displayed.

    It holds ``dark`` (bool) and ``paper`` (background, "#rrggbb").
    """

    dark = t.Bool(False).tag(sync=True)
    paper = t.Unicode("#ffffff").tag(sync=True)


_THEMES: WeakKeyDictionary[Any, Theme] = WeakKeyDictionary()


def theme_of(session: SessionLike) -> Theme:
    """Theme that all views of a session follow.

    What a later view draws first has its colours already.
    """
    if session.events not in _THEMES:
        _THEMES[session.events] = Theme()
    return _THEMES[session.events]


def class_colours(n: int) -> list[str]:
    """First ``n`` class colours, "#rrggbb".

    A class has the same one whichever ``n``; after 24 they begin again.

    Examples
    --------
    >>> class_colours(2)
    ['#0072b2', '#e69f00']
    """
    return [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(n)]


def rgba(colour: str) -> list[float]:
    """[r, g, b, 1], each 0..1, of "#rrggbb".

    Examples
    --------
    >>> rgba("#ff0000")
    [1.0, 0.0, 0.0, 1.0]
    """
    return [*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1.0]


def ramp(dark: bool, steps: int = 64) -> list[str]:
    """Colours from low to high.

    High is what stands out: dark on a light page, light on a dark one.

    Examples
    --------
    >>> ramp(dark=True, steps=2)
    ['#51127c', '#fcfdbf']
    """
    anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in MAGMA], float)
    ends = (4.0, 16.0) if dark else (14.0, 2.0)
    at = np.linspace(*ends, steps)
    rgb = np.stack([np.interp(at, np.arange(len(anchors)), anchors[:, k]) for k in range(3)], axis=1)
    return ["#" + "".join(f"{round(v):02x}" for v in row) for row in rgb]


def plain(text: object, width: int = 40) -> str:
    """Text for plotly that stays text.

    It has no pseudo-HTML, no TeX, one line, at most ``width`` characters.

    Plotly reads ``<b>``, ``<a href>`` and ``&amp;`` in any text, and ``$...$`` as TeX where MathJax is loaded.

    Examples
    --------
    >>> plain("<b>crack</b> & $x$")
    '&lt;b&gt;crack&lt;/b&gt; &amp; ＄x＄'
    """
    line = " ".join(str(text).split()) or " "
    line = line if len(line) <= width else line[: width - 1] + "…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "＄")


def figure_layout(dark: bool) -> dict[str, Any]:
    """Plotly layout for one page colour.

    It is transparent, with a quiet grid and readable text.
    """
    ink, grid = ("#d5d5d5", "rgba(255,255,255,.13)") if dark else ("#333333", "rgba(0,0,0,.1)")
    card = ("#2b2b2b", "#f0f0f0") if dark else ("#ffffff", "#222222")
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": ink, "size": 12},
        "hoverlabel": {"bgcolor": card[0], "font": {"color": card[1]}, "bordercolor": grid},
        "legend": {"bgcolor": "rgba(0,0,0,0)"},
    }


def axis_layout(dark: bool) -> dict[str, Any]:
    """Plotly layout of every axis."""
    grid = "rgba(255,255,255,.13)" if dark else "rgba(0,0,0,.1)"
    return {"gridcolor": grid, "zeroline": False, "linecolor": grid, "automargin": True}
