"""spin_nb: uncertainty-driven labelling in a Jupyter notebook.

>>> import spin_nb as spin
>>> s = spin.open("digits.spin", pool=spin.samples.digits())   # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spin_nb.errors import SpinError
    from spin_nb.pool import encoders
    from spin_nb.pool.media.audio import Sound
    from spin_nb.pool.sources import samples
    from spin_nb.pool.sources.user_pools import Multimodal, TimeSeries
    from spin_nb.project.repair import repair
    from spin_nb.session.open import open
    from spin_nb.session.session import Session
    from spin_nb.tasks import (
        Boxes,
        Classes,
        FreeText,
        Keypoints,
        MultiLabel,
        Number,
        Pairs,
        Polygons,
        Spans,
    )
    from spin_nb.views.charts.figure import show

__version__ = "0.1.0"
__all__ = [
    "Boxes",
    "Classes",
    "FreeText",
    "Keypoints",
    "MultiLabel",
    "Multimodal",
    "Number",
    "Pairs",
    "Polygons",
    "Session",
    "Sound",
    "Spans",
    "SpinError",
    "TimeSeries",
    "__version__",
    "encoders",
    "open",
    "repair",
    "samples",
    "show",
]

_HOMES = {
    "open": "spin_nb.session.open:open",
    "repair": "spin_nb.project.repair:repair",
    "Session": "spin_nb.session.session:Session",
    "SpinError": "spin_nb.errors:SpinError",
    "samples": "spin_nb.pool.sources.samples:",
    "encoders": "spin_nb.pool.encoders:",
    "show": "spin_nb.views.charts.figure:show",
    "Sound": "spin_nb.pool.media.audio:Sound",
    "TimeSeries": "spin_nb.pool.sources.user_pools:TimeSeries",
    "Multimodal": "spin_nb.pool.sources.user_pools:Multimodal",
    **{
        name: f"spin_nb.tasks:{name}"
        for name in (
            "Boxes",
            "Classes",
            "FreeText",
            "Keypoints",
            "MultiLabel",
            "Number",
            "Pairs",
            "Polygons",
            "Spans",
        )
    },
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'spin_nb' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, _, attribute = _HOMES[name].partition(":")
    home = import_module(module)
    value = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
