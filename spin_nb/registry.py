"""A word a person may write -> the object it stands for, imported on first use.

The table below is the whole list of built-in words.  Other packages add words with entry points in the group
``spin_nb.<kind>`` (``spin_nb.strategy``, ``spin_nb.encoder``, ...).  A spec is the object itself or a word.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from spin_nb.errors import UnknownWordError

WORDS: dict[str, dict[str, str]] = {
    "posterior": {
        "laplace": "spin_nb.bayes.laplace:LastLayerLaplace",
        "laplace-all": "spin_nb.bayes.laplace_torch:LaplaceAll",
        "laplace-subnet": "spin_nb.bayes.laplace_torch:LaplaceSubnet",
        "graph": "spin_nb.bayes.graph:GraphPosterior",
        "dropout": "spin_nb.bayes.dropout:MCDropout",
        "ensemble": "spin_nb.bayes.ensemble:Ensemble",
    },
    "model": {
        "network": "spin_nb.models.network:Network",
        "onnx": "spin_nb.models.onnx:OnnxModel",
    },
    "network": {
        "mlp": "spin_nb.models.architectures:mlp",
        "cnn": "spin_nb.models.architectures:cnn",
    },
    "strategy": {
        "entropy": "spin_nb.query.strategies:ask_entropy",
        "margin": "spin_nb.query.strategies:ask_margin",
        "bald": "spin_nb.query.strategies:ask_bald",
        "random": "spin_nb.query.strategies:ask_random",
    },
    "encoder": {
        "pixels-pca": "spin_nb.pool.encoders.pixels:PixelsPCA",
        "photo": "spin_nb.pool.encoders.photo:Photo",
        "tfidf-svd": "spin_nb.pool.encoders.text:TfidfSVD",
        "columns": "spin_nb.pool.encoders.table:Columns",
    },
    "modality": {
        "image": "spin_nb.pool.modalities:Image",
        "text": "spin_nb.pool.modalities:Text",
        "table": "spin_nb.pool.modalities:Table",
    },
    "detector": {"adwin": "spin_nb.monitor.drift:adwin"},
    "target": {"jetson": "spin_nb.export.jetson:export"},
    "view": {
        "map": "spin_nb.views.map:MapView",
        "labeller": "spin_nb.views.labeller:Labeller",
        "uncertainty": "spin_nb.views.uncertainty:UncertaintyView",
        "curves": "spin_nb.views.curves:CurvesView",
        "calibration": "spin_nb.views.calibration:CalibrationView",
        "drift": "spin_nb.views.drift:DriftView",
        "workbench": "spin_nb.views.workbench:Workbench",
        "progress": "spin_nb.views.progress:Progress",
    },
}


@cache
def words(kind: str) -> dict[str, str]:
    """Word -> "module:attr" for one kind, built in and added by entry points.

    Examples
    --------
    >>> sorted(words("target"))
    ['jetson']
    """
    added = {entry.name: entry.value for entry in entry_points(group=f"spin_nb.{kind}")}
    return {**added, **WORDS[kind]}


def resolve(kind: str, spec: Any, *, also: tuple[str, ...] = ()) -> Any:
    """Return the object that ``spec`` stands for; anything but a string is returned as it is.

    ``also``: further words that the caller understands itself, listed when ``spec`` is unknown.

    Raises
    ------
    UnknownWordError
        With the known words and the closest one.

    Examples
    --------
    >>> resolve("strategy", "entropi")
    Traceback (most recent call last):
    ...
    spin_nb.errors.UnknownWordError: no strategy is called 'entropi'; did you mean 'entropy'?
      -> Use one of: bald, entropy, margin, random; or pass the object itself.
    """
    if not isinstance(spec, str):
        return spec
    known = words(kind)
    if spec not in known:
        listed = sorted({*known, *also})
        close = difflib.get_close_matches(spec, listed, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise UnknownWordError(
            f"no {kind} is called {spec!r}{hint}",
            f"Use one of: {', '.join(listed)}; or pass the object itself.",
        )
    module, _, attribute = known[spec].partition(":")
    return getattr(import_module(module), attribute)
