"""A posterior of the person's choice beside the heads that are always there."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from spin_nb.bayes.committee import Committee
from spin_nb.errors import ModelError
from spin_nb.models.choice import HEADS, Fit
from spin_nb.registry import resolve
from spin_nb.types import Float, Ints

ALREADY = {"laplace": "linear", "graph": "graph"}  # words of the heads that every training fits


def check(spec: Any) -> Any:
    """Return ``spec`` if a posterior can be made of it: nothing is trained for a word that does not exist.

    Raises
    ------
    UnknownWordError
        No such word.
    ModelError
        An object that is neither a posterior nor a classifier with probabilities.
    """
    made = resolve("posterior", spec)
    if hasattr(made, "state_dict") and not isinstance(made, type):
        raise ModelError(
            f"a network ({type(made).__name__}) is no posterior by itself.",
            "Pass spin_nb.models.network.Network(net), or spin_nb.bayes.MCDropout(net).",
        )
    if spec is not None and not callable(made):
        _ready(made, 0)
    return spec


def with_posterior(fit: Fit, spec: Any, features: Float, y: Ints, n_classes: int, seed: int) -> Fit:
    """``fit`` showing the posterior asked for, fitted to the labelled rows; as it is where none was asked for.

    Parameters
    ----------
    spec : None, str, callable or object
        A word, what makes a posterior, a posterior, or a scikit-learn classifier, which becomes a committee.

    Raises
    ------
    UnknownWordError, ModelError
        As :func:`check`; what fitting raises.
    """
    if check(spec) is None:
        return fit
    if isinstance(spec, str) and spec in ALREADY:
        return replace(fit, head=ALREADY[spec])
    made = resolve("posterior", spec)
    posterior = _ready(made() if callable(made) else copy.deepcopy(made), seed)
    fitted = posterior.fit(features, y, n_classes=n_classes)
    name = spec if isinstance(spec, str) else getattr(spec, "__name__", type(spec).__name__)
    return replace(fit, head=f"own {name}" if name in HEADS else name, posterior=fitted)


def _ready(made: Any, seed: int) -> Any:
    """A posterior as it is, a scikit-learn estimator as a committee; anything else is refused."""
    if hasattr(made, "get_params"):
        return Committee(made, seed=seed)
    if not (hasattr(made, "fit") and hasattr(made, "predict")):
        raise ModelError(
            f"{made!r} is no posterior.",
            "Pass a word ('dropout'), an object with fit and predict, or a scikit-learn classifier.",
        )
    return made
