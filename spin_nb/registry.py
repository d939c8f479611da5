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
from spin_nb.words import shown

WORDS: dict[str, dict[str, str]] = {
    "posterior": {
        "laplace": "spin_nb.bayes.laplace:LastLayerLaplace",
        "laplace-all": "spin_nb.bayes.laplace_torch:LaplaceAll",
        "laplace-subnet": "spin_nb.bayes.laplace_torch:LaplaceSubnet",
        "graph": "spin_nb.bayes.graph:GraphPosterior",
        "dropout": "spin_nb.bayes.dropout:MCDropout",
        "ensemble": "spin_nb.bayes.ensemble:Ensemble",
        "trees": "spin_nb.bayes.trees:Trees",
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
        "activation": "spin_nb.query.density:activation",
        "badge": "spin_nb.query.gradients.badge:badge",
        "bald": "spin_nb.query.committee:bald",
        "batchbald": "spin_nb.query.batches.batchbald:batchbald",
        "class_balanced": "spin_nb.query.batches.balanced:class_balanced",
        "clue": "spin_nb.query.batches.clue:clue",
        "consensus_entropy": "spin_nb.query.committee:consensus_entropy",
        "contrastive": "spin_nb.query.batches.contrastive:contrastive",
        "dcom": "spin_nb.query.batches.dcom:dcom",
        "density": "spin_nb.query.density:density",
        "discriminative": "spin_nb.query.batches.discriminative:discriminative",
        "diversify": "spin_nb.query.batches.diversify:diversify",
        "drop_query": "spin_nb.query.batches.drop_query:drop_query",
        "egl": "spin_nb.query.gradients.egl:egl",
        "egl_plus_plus": "spin_nb.query.gradients.egl_plus_plus:egl_plus_plus",
        "entropy": "spin_nb.query.scores:entropy",
        "epig": "spin_nb.query.epig:epig",
        "expected_error": "spin_nb.query.epig:expected_error",
        "falcun": "spin_nb.query.batches.falcun:falcun",
        "gibbs": "spin_nb.query.batches.power:gibbs",
        "kcenter": "spin_nb.query.batches.kcenter:kcenter",
        "kmeans_pp": "spin_nb.query.batches.kmeans:kmeans_pp",
        "learning_loss": "spin_nb.query.gradients.learning_loss:learning_loss",
        "least_confident": "spin_nb.query.scores:least_confident",
        "margin": "spin_nb.query.scores:margin",
        "max_herding": "spin_nb.query.batches.max_herding:max_herding",
        "mean_kl": "spin_nb.query.committee:mean_kl",
        "mean_std": "spin_nb.query.regression:mean_std",
        "model_change": "spin_nb.query.graph:model_change",
        "power": "spin_nb.query.batches.power:power",
        "power_bald": "spin_nb.query.batches.power:power_bald",
        "probcover": "spin_nb.query.batches.probcover:probcover",
        "random": "spin_nb.query.batches.uniform:uniform",
        "ranked_batch": "spin_nb.query.batches.ranked:ranked_batch",
        "sigma_opt": "spin_nb.query.graph:sigma_opt",
        "softrank": "spin_nb.query.batches.power:softrank",
        "typiclust": "spin_nb.query.batches.typiclust:typiclust",
        "variance": "spin_nb.query.regression:variance",
        "variation_ratio": "spin_nb.query.committee:variation_ratio",
        "vopt": "spin_nb.query.graph:vopt",
        "vote_entropy": "spin_nb.query.committee:vote_entropy",
        "zero_one": "spin_nb.query.committee:zero_one",
    },
    "encoder": {
        "pixels-pca": "spin_nb.pool.encoders.pixels:PixelsPCA",
        "photo": "spin_nb.pool.encoders.photo:Photo",
        "tfidf-svd": "spin_nb.pool.encoders.text:TfidfSVD",
        "columns": "spin_nb.pool.encoders.table:Columns",
        "convolutions": "spin_nb.pool.encoders.convolutions:Convolutions",
        "log-mel": "spin_nb.pool.encoders.log_mel:LogMel",
        "frames": "spin_nb.pool.encoders.video_frames:Frames",
        "parts": "spin_nb.pool.encoders.multimodal:MultimodalEncoder",
    },
    "modality": {
        "image": "spin_nb.pool.modalities:ImageModality",
        "text": "spin_nb.pool.modalities:TextModality",
        "table": "spin_nb.pool.modalities:TableModality",
        "series": "spin_nb.pool.modalities:TimeSeriesModality",
        "audio": "spin_nb.pool.modalities:AudioModality",
        "video": "spin_nb.pool.modalities:VideoModality",
        "several": "spin_nb.pool.modalities:MultimodalModality",
    },
    "detector": {"adwin": "spin_nb.monitor.drift:adwin"},
    "target": {"jetson": "spin_nb.export.targets.jetson:export"},
    "view": {
        "map": "spin_nb.views.map.view:MapView",
        "labeller": "spin_nb.views.labeller.view:Labeller",
        "uncertainty": "spin_nb.views.uncertainty.view:UncertaintyView",
        "curves": "spin_nb.views.charts.curves:CurvesView",
        "calibration": "spin_nb.views.charts.calibration:CalibrationView",
        "drift": "spin_nb.views.charts.drift:DriftView",
        "workbench": "spin_nb.views.workbench.view:Workbench",
        "progress": "spin_nb.views.workbench.progress:Progress",
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
      -> Use one of: activation, ..., zero_one; or pass the object itself.
    """
    if not isinstance(spec, str):
        return spec
    known = words(kind)
    if spec not in known:
        listed = sorted({*known, *also})
        close = difflib.get_close_matches(spec[:100], listed, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise UnknownWordError(
            f"no {kind} is called {shown(spec)}{hint}",
            f"Use one of: {', '.join(listed)}; or pass the object itself.",
        )
    module, _, attribute = known[spec].partition(":")
    return getattr(import_module(module), attribute)
