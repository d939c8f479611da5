"""A posterior spec: a word, a function, a posterior or a classifier, and an unfitted posterior made of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from spin_nb.bayes.committee import Committee
from spin_nb.errors import ModelError, SpinError
from spin_nb.registry import resolve
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Posterior

Spec = TypeVar("Spec")


def check(spec: Spec) -> Spec:
    """Return ``spec`` if it stands for a posterior.

    Nothing is trained for a word that does not exist.

    Raises
    ------
    UnknownWordError
        No such word.
    ModelError
        An object that is neither a posterior nor a classifier with probabilities.
    """
    source = resolve("posterior", spec)
    if is_network(source):
        raise ModelError(
            f"a network ({type(source).__name__}) is no posterior by itself.",
            "Pass it as model=: s.train(model=net), with a posterior on top of it if you like.",
        )
    if spec is not None and (is_fittable(source) or not callable(source)):
        as_fittable(source, 0)
    return spec


def begin(spec: object, seed: int) -> Posterior:
    """Make an unfitted posterior, nobody else's.

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
    source = resolve("posterior", spec)
    if is_fittable(source) or not callable(source):
        return as_fittable(copy_of(source), seed)
    name = spec if isinstance(spec, str) else name_of(source)
    return as_fittable(call_factory(source, name, "a posterior or a classifier"), seed)


def call_factory(factory: Callable[[], object], name: str, gives: str) -> object:
    """Call a person's function that makes a model.

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


def name_of(spec: object) -> str:
    """Name of a function, or of a class."""
    function = getattr(spec, "func", spec)  # of functools.partial
    name = str(getattr(function, "__name__", type(spec).__name__))
    return name if name.isprintable() and name != "<lambda>" else "own model"


def as_fittable(source: Any, seed: int) -> Any:
    """Return a posterior or model as it is, a scikit-learn classifier as a committee.

    Raises
    ------
    ModelError
        Anything else.
    """
    if hasattr(source, "get_params"):
        if getattr(source, "_estimator_type", "") == "regressor" or _is_regressor(source):
            raise ModelError(
                f"{type(source).__name__} is a regressor; items are to be told apart into classes.",
                "Pass a classifier with predict_proba, such as RandomForestClassifier().",
            )
        return Committee(source, seed=seed)
    if not is_fittable(source):
        raise ModelError(
            f"{shown(source)} is no posterior.",
            "Pass a word ('dropout'), an object with fit and predict, or a scikit-learn classifier.",
        )
    return source


def copy_of(thing: Spec) -> Spec:
    """Copy an object deeply.

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


def is_network(thing: object) -> TypeGuard[torch.nn.Module]:
    """Say whether it is a torch network.

    Torch is not imported for that.
    """
    return hasattr(thing, "state_dict") and not isinstance(thing, type)


def is_fittable(thing: object) -> bool:
    """Say whether it is an object with ``fit`` and ``predict``, not a class of them."""
    return not isinstance(thing, type) and hasattr(thing, "fit") and hasattr(thing, "predict")


def _is_regressor(estimator: object) -> bool:
    from sklearn.base import is_regressor

    try:
        return bool(is_regressor(estimator))
    except Exception:  # what only looks like scikit-learn's is judged by its predict_proba
        return False
