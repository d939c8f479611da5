"""A word a person may write -> the object it stands for, imported on first use.

``WORDS`` lists what is built in.  Other packages add words with entry points in the group ``spin_nb.<kind>``
(``spin_nb.strategy``, ``spin_nb.encoder``, ...), which are read once in a process; a notebook adds them with
:func:`register`.  A built-in word always means what is built in.  A spec is the object itself or a word.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from spin_nb.errors import SettingError, UnknownWordError
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
    "model": {  # what a model kept on disk is rebuilt by; s.train takes the words of "network"
        "network": "spin_nb.models.network:Network",
        "onnx": "spin_nb.models.onnx:OnnxModel",
    },
    "network": {
        "mlp": "spin_nb.models.architectures:mlp",
        "cnn": "spin_nb.models.architectures:cnn",
    },
    "strategy": {
        "activation": "spin_nb.query.miners.activation:activation",
        "badge": "spin_nb.query.gradients.badge:badge",
        "bald": "spin_nb.query.disagreement:bald",
        "batchbald": "spin_nb.query.batches.batchbald:batchbald",
        "class_balanced": "spin_nb.query.batches.balanced:class_balanced",
        "clue": "spin_nb.query.batches.clue:clue",
        "consensus_entropy": "spin_nb.query.disagreement:consensus_entropy",
        "contrastive": "spin_nb.query.batches.contrastive:contrastive",
        "dcom": "spin_nb.query.batches.dcom:dcom",
        "density": "spin_nb.query.density:density",
        "discriminative": "spin_nb.query.batches.discriminative:discriminative",
        "diversify": "spin_nb.query.batches.diversify:diversify",
        "drop_query": "spin_nb.query.batches.drop_query:drop_query",
        "egl": "spin_nb.query.gradients.egl:egl",
        "egl_plus_plus": "spin_nb.query.gradients.egl_plus_plus:egl_plus_plus",
        "embedding_distance": "spin_nb.query.miners.distance:embedding_distance",
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
        "mean_kl": "spin_nb.query.disagreement:mean_kl",
        "mean_std": "spin_nb.query.regression:mean_std",
        "model_change": "spin_nb.query.graph:model_change",
        "novelty": "spin_nb.query.miners.local_outlier_factor:novelty",
        "outlier": "spin_nb.query.miners.local_outlier_factor:outlier",
        "power": "spin_nb.query.batches.power:power",
        "power_bald": "spin_nb.query.batches.power:power_bald",
        "probcover": "spin_nb.query.batches.probcover:probcover",
        "random": "spin_nb.query.batches.uniform:uniform",
        "ranked_batch": "spin_nb.query.batches.ranked:ranked_batch",
        "sigma_opt": "spin_nb.query.graph:sigma_opt",
        "similar": "spin_nb.query.miners.distance:similar",
        "softrank": "spin_nb.query.batches.power:softrank",
        "typiclust": "spin_nb.query.batches.typiclust:typiclust",
        "variance": "spin_nb.query.regression:variance",
        "variation_ratio": "spin_nb.query.disagreement:variation_ratio",
        "vopt": "spin_nb.query.graph:vopt",
        "vote_entropy": "spin_nb.query.disagreement:vote_entropy",
        "zero_one": "spin_nb.query.disagreement:zero_one",
    },
    "encoder": {
        "pixels-pca": "spin_nb.pool.encoders.pixels:PixelsPCA",
        "photo": "spin_nb.pool.encoders.photo:Photo",
        "efficientnet-lite": "spin_nb.pool.encoders.efficientnet_lite:EfficientNetLite",
        "dinov2": "spin_nb.pool.encoders.hub.pictures:DINOv2",
        "siglip2": "spin_nb.pool.encoders.hub.pictures:SigLIP2",
        "clip": "spin_nb.pool.encoders.hub.pictures:CLIP",
        "tfidf-svd": "spin_nb.pool.encoders.text:TfidfSVD",
        "bge-small": "spin_nb.pool.encoders.hub.texts:BGESmall",
        "potion": "spin_nb.pool.encoders.hub.texts:Potion",
        "minilm": "spin_nb.pool.encoders.minilm:MiniLM",
        "columns": "spin_nb.pool.encoders.table:Columns",
        "convolutions": "spin_nb.pool.encoders.convolutions:Convolutions",
        "sound": "spin_nb.pool.encoders.sound:ShapeAndTexture",
        "log-mel": "spin_nb.pool.encoders.log_mel:LogMel",
        "clap": "spin_nb.pool.encoders.hub.sounds:CLAP",
        "panns": "spin_nb.pool.encoders.panns:PANNs",
        "frames": "spin_nb.pool.encoders.video_frames:Frames",
        "parts": "spin_nb.pool.encoders.multimodal:MultimodalEncoder",
    },
    "modality": {
        "image": "spin_nb.pool.modalities.image:ImageModality",
        "text": "spin_nb.pool.modalities.text:TextModality",
        "table": "spin_nb.pool.modalities.table:TableModality",
        "series": "spin_nb.pool.modalities.time_series:TimeSeriesModality",
        "audio": "spin_nb.pool.modalities.audio:AudioModality",
        "video": "spin_nb.pool.modalities.video:VideoModality",
        "several": "spin_nb.pool.modalities.multimodal:MultimodalModality",
    },
    "task": {
        "boxes": "spin_nb.tasks.boxes:Boxes",
        "classes": "spin_nb.tasks.classes:Classes",
        "freetext": "spin_nb.tasks.freetext:FreeText",
        "keypoints": "spin_nb.tasks.keypoints:Keypoints",
        "multilabel": "spin_nb.tasks.multilabel:MultiLabel",
        "number": "spin_nb.tasks.number:Number",
        "pairs": "spin_nb.tasks.pairs:Pairs",
        "polygons": "spin_nb.tasks.polygons:Polygons",
        "spans": "spin_nb.tasks.spans:Spans",
    },
    "target": {"jetson": "spin_nb.export.targets.jetson:export"},
    "view": {
        "map": "spin_nb.views.map.view:MapView",
        "grid": "spin_nb.views.grid.view:Grid",
        "labeller": "spin_nb.views.labeller.view:Labeller",
        "review": "spin_nb.views.labeller.review:ReviewLabels",
        "uncertainty": "spin_nb.views.uncertainty.view:UncertaintyView",
        "curves": "spin_nb.views.charts.curves:CurvesView",
        "calibration": "spin_nb.views.charts.calibration:CalibrationView",
        "drift": "spin_nb.views.charts.drift:DriftView",
        "encoders": "spin_nb.views.charts.encoders:EncodersView",
        "workbench": "spin_nb.views.workbench.view:Workbench",
        "progress": "spin_nb.views.workbench.progress:Progress",
    },
}
EXPECTED_WORDS: dict[tuple[str, str], str] = {
    # aeon, which has both, is no dependency: 1.6.0 needs a numba below 0.64, constraints.txt has a newer one.
    ("encoder", "minirocket"): "'convolutions' is this method, built in",
    ("encoder", "rocket"): "'convolutions' is this method, built in",
    ("encoder", "tabicl"): "TabICL is a classifier of table rows, whose encoder is 'columns'",
}
"""Kind and a word that people expect and there is none of -> what there is instead."""
_registered: dict[tuple[str, str], Callable[..., Any]] = {}


def register(kind: str, word: str, part: Callable[..., Any]) -> None:
    """Let ``word`` stand for a class or function of your own, as long as this process runs.

    The same word may be given anew, as when a cell runs twice.  A project that names the word needs it registered
    before it is opened again.

    Parameters
    ----------
    kind : str
        A key of ``WORDS``: "strategy", "task", "modality", ...
    word : str
    part : callable
        What the word stands for; :mod:`spin_nb.testing` checks whether it keeps the contract of its kind.

    Raises
    ------
    UnknownWordError
        There is no such kind.
    SettingError
        The word is taken, or ``part`` is neither class nor function.

    Examples
    --------
    >>> register("strategy", "least_red", lambda features: -features[:, 0])     # doctest: +SKIP
    >>> s.ask(10, strategy="least_red")                                         # doctest: +SKIP
    >>> register("strategy", "entropy", len)
    Traceback (most recent call last):
    ...
    spin_nb.errors.SettingError: a strategy is called 'entropy' already.
      -> Choose another word.
    """
    if word in _built_in(kind) or word in _added_by_packages(kind):
        raise SettingError(f"a {kind} is called {shown(word)} already.", "Choose another word.")
    if not isinstance(word, str) or not word or not callable(part):
        raise SettingError(
            f"{shown(part)} cannot be registered as {shown(word)}.", "Pass a word, and a class or a function."
        )
    _registered[kind, word] = part


def words(kind: str) -> dict[str, str]:
    """Word -> "module:attr" for one kind.

    They are registered, added by packages, or built in.

    Raises
    ------
    UnknownWordError
        There is no such kind.

    Examples
    --------
    >>> sorted(words("target"))
    ['jetson']
    """
    registered = {
        word: f"{part.__module__}:{getattr(part, '__qualname__', '')}"
        for (of, word), part in _registered.items()
        if of == kind
    }
    return {**registered, **_added_by_packages(kind), **_built_in(kind)}


def _built_in(kind: str) -> dict[str, str]:
    if kind not in WORDS:
        raise UnknownWordError(f"there is no kind {shown(kind)} of parts.", f"Kinds are {', '.join(WORDS)}.")
    return WORDS[kind]


@cache
def _added_by_packages(kind: str) -> dict[str, str]:
    entries = {entry.name: entry for entry in entry_points(group=f"spin_nb.{kind}")}
    for word in sorted(entries.keys() & WORDS.get(kind, {}).keys()):
        distribution = entries[word].dist
        package = entries[word].value if distribution is None else distribution.name
        warnings.warn(
            f"the package {package!r} adds a {kind} {word!r}, which spin_nb has already: spin_nb's is used. "
            "Give it another word.",
            UserWarning,
            stacklevel=3,
        )
    return {word: entry.value for word, entry in entries.items()}


def resolve(kind: str, spec: object, *, also: tuple[str, ...] = ()) -> Any:
    """Return the object that ``spec`` stands for.

    Anything but a string is returned as it is.

    ``also``: further words that the caller understands itself, listed when ``spec`` is unknown.

    Raises
    ------
    UnknownWordError
        With the known words and the closest one; or there is no such kind.

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
    places = words(kind)
    if spec not in places:
        listing = sorted({*places, *also})
        raise UnknownWordError(
            f"no {kind} is called {shown(spec)}{_hint(kind, spec, listing)}",
            f"Use one of: {', '.join(listing)}; or pass the object itself.",
        )
    if (kind, spec) in _registered:
        return _registered[kind, spec]
    module, _, attribute = places[spec].partition(":")
    return getattr(import_module(module), attribute)


def _hint(kind: str, word: str, listing: list[str]) -> str:
    """End of the sentence that a word is unknown: what there is instead, or the closest word.

    Upper and lower case are one, and so are hyphen, underscore and space.
    """
    if (kind, _plain(word)) in EXPECTED_WORDS:
        return f": {EXPECTED_WORDS[kind, _plain(word)]}."
    word_by_plain = {_plain(known): known for known in listing}
    close = difflib.get_close_matches(_plain(word), word_by_plain, n=1)
    return f"; did you mean {word_by_plain[close[0]]!r}?" if close else "."


def _plain(word: str) -> str:
    return word[:100].lower().replace("_", "-").replace(" ", "-")
