"""A posterior of the person's choice: what may stand for one, and an unfitted one made of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from spin_nb.bayes.committee import Committee
from spin_nb.errors import ModelError, SpinError
from spin_nb.registry import resolve
from spin_nb.words import said_by, shown


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
    if is_network(made):
        raise ModelError(
            f"a network ({type(made).__name__}) is no posterior by itself.",
            "Pass it as model=: s.train(model=net), with a posterior on top of it if you like.",
        )
    if spec is not None and (is_fittable(made) or not callable(made)):
        ready(made, 0)
    return spec


def begin(spec: Any, seed: int) -> Any:
    """An unfitted posterior, nobody else's.

    Parameters
    ----------
    spec : str, callable or object
        A word, what makes a posterior, a posterior, or a scikit-learn classifier, which becomes a committee.
    seed : int
        Of the committee.

    Raises
    ------
    UnknownWordError, ModelError
        As :func:`check`; what makes one fails.
    """
    made = resolve("posterior", spec)
    if is_fittable(made) or not callable(made):
        return ready(copied(made), seed)
    name = spec if isinstance(spec, str) else called(made)
    return ready(made_by(made, name, "a posterior or a classifier"), seed)


def made_by(factory: Callable[[], Any], name: str, gives: str) -> Any:
    """What a person's function makes.

    Raises
    ------
    ModelError
        It fails.
    """
    try:
        return factory()
    except SpinError:
        raise
    except Exception as error:  # a person's own code may fail in any way
        raise ModelError(
            f"{name} raised {said_by(error)}",
            f"Mend it: it is called without arguments and returns {gives}.",
        ) from error


def called(spec: Any) -> str:
    """A function's or class's own name, else the name of its class."""
    function = getattr(spec, "func", spec)  # of functools.partial
    name = str(getattr(function, "__name__", type(spec).__name__))
    return name if name.isprintable() and name != "<lambda>" else "own model"


def ready(made: Any, seed: int) -> Any:
    """A posterior or model as it is, a scikit-learn classifier as a committee.

    Raises
    ------
    ModelError
        Anything else.
    """
    if hasattr(made, "get_params"):
        if getattr(made, "_estimator_type", "") == "regressor" or _is_regressor(made):
            raise ModelError(
                f"{type(made).__name__} is a regressor; items are to be told apart into classes.",
                "Pass a classifier with predict_proba, such as RandomForestClassifier().",
            )
        return Committee(made, seed=seed)
    if not is_fittable(made):
        raise ModelError(
            f"{shown(made)} is no posterior.",
            "Pass a word ('dropout'), an object with fit and predict, or a scikit-learn classifier.",
        )
    return made


def copied(thing: Any) -> Any:
    """A copy that what becomes of the original does not change.

    Raises
    ------
    ModelError
        It cannot be copied.
    """
    try:
        return copy.deepcopy(thing)
    except Exception as error:  # whatever a person's own object holds: locks, files, sessions
        raise ModelError(
            f"{type(thing).__name__} cannot be copied ({error}), and every training begins anew.",
            "Pass a function without arguments that makes one.",
        ) from error


def is_network(thing: Any) -> bool:
    """Whether it is a torch network; without importing torch."""
    return hasattr(thing, "state_dict") and not isinstance(thing, type)


def is_fittable(thing: Any) -> bool:
    """Whether it is an object with ``fit`` and ``predict``, not a class of them."""
    return not isinstance(thing, type) and hasattr(thing, "fit") and hasattr(thing, "predict")


def _is_regressor(estimator: Any) -> bool:
    from sklearn.base import is_regressor

    try:
        return bool(is_regressor(estimator))
    except Exception:  # what only looks like scikit-learn's is judged by its predict_proba
        return False
