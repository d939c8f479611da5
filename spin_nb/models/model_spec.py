"""What a person asked to be trained and shown in place of the heads that are always there."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from spin_nb.errors import ModelError, UnknownWordError
from spin_nb.models import posterior_spec
from spin_nb.models.head_selection import HEADS
from spin_nb.registry import resolve, words
from spin_nb.words import shown

ALREADY = {"laplace": "linear", "graph": "graph"}  # words of the heads that every training fits


@dataclass(frozen=True)
class Wanted:
    """Something to train that is none of the heads, or one of them by name.

    Attributes
    ----------
    name : str
        Of the head to show.
    begin : callable or None
        Makes it anew, unfitted; None where ``name`` is one of the heads that every training fits.
    """

    name: str
    begin: Callable[[], Any] | None = None


def wanted(
    model: Any = None,
    posterior: Any = None,
    *,
    seed: int = 0,
    beginnings: MutableMapping[Any, Any] | None = None,
) -> Wanted | None:
    """What these mean; None where neither is given.

    Parameters
    ----------
    model : str, torch.nn.Module, callable or object, optional
        "cnn" or "mlp", a network, a function without arguments that makes one, a scikit-learn classifier, or an
        object of the ``Model`` or ``Posterior`` contract.
    posterior : str, callable or object, optional
        On top of a network; alone, on the encoder's features.
    seed : int
    beginnings : mapping, optional
        Remembers each network as it was when it was first passed: every training begins there.

    Raises
    ------
    UnknownWordError
        No such word.
    ModelError
        What cannot be trained, or brings its own posterior where another was asked for.

    Examples
    --------
    >>> wanted("mlp").name, wanted(posterior="dropout").name, wanted(posterior="laplace").name
    ('mlp', 'dropout', 'linear')
    """
    _not_the_other(posterior, "posterior", "network", "model")
    _not_the_other(model, "network", "posterior", "posterior")
    posterior_spec.check(posterior)
    if model is None:
        return None if posterior is None else _posterior(posterior, seed)
    resolve("network", model)
    name = _name(model)
    if isinstance(model, str):
        return Wanted(name, lambda: _network(model, posterior, seed))
    if posterior_spec.is_network(model):
        start = _beginning(model, {} if beginnings is None else beginnings)
        return Wanted(name, lambda: _network(start, posterior, seed))
    if posterior_spec.is_fittable(model):
        _alone(model, posterior)
        posterior_spec.ready(model, seed)
        start = posterior_spec.copied(model)
        return Wanted(name, lambda: posterior_spec.ready(posterior_spec.copied(start), seed))
    if callable(model):
        return Wanted(name, lambda: _made(model, posterior, seed))
    raise ModelError(
        f"{shown(model)} is no model.",
        "Pass 'cnn', 'mlp', a torch network, a function that makes one, or a scikit-learn classifier.",
    )


def as_called(model: Any, posterior: Any) -> str:
    """How to ask for the same and insist.

    Examples
    --------
    >>> as_called("cnn", None), as_called(None, "dropout")
    ("s.train('cnn', show=True)", "s.train(posterior='dropout', show=True)")
    """
    words = [] if model is None else [_spelt(model)]
    words += [] if posterior is None else [f"posterior={_spelt(posterior)}"]
    return f"s.train({', '.join([*words, 'show=True'])})"


def _spelt(spec: Any) -> str:
    return repr(spec) if isinstance(spec, str) else posterior_spec.called(spec)


def _posterior(spec: Any, seed: int) -> Wanted:
    if isinstance(spec, str) and spec in ALREADY:
        return Wanted(ALREADY[spec])
    start = posterior_spec.copied(spec) if posterior_spec.is_fittable(spec) else spec
    return Wanted(_name(spec), lambda: posterior_spec.begin(start, seed))


def _network(net: Any, posterior: Any, seed: int) -> Any:
    from spin_nb.models.network import Network

    return Network(net, "laplace" if posterior is None else posterior, seed=seed)


def _beginning(net: Any, beginnings: MutableMapping[Any, Any]) -> Any:
    if net not in beginnings:
        beginnings[net] = posterior_spec.copied(net)
    return beginnings[net]


def _made(factory: Callable[[], Any], posterior: Any, seed: int) -> Any:
    """What the function makes, with torch's random numbers seeded while it does."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = posterior_spec.made_by(factory, _name(factory), "a torch network or a classifier")
    if posterior_spec.is_network(made):
        return _network(made, posterior, seed)
    _alone(made, posterior)
    return posterior_spec.ready(made, seed)


def _not_the_other(spec: Any, kind: str, other: str, argument: str) -> None:
    if isinstance(spec, str) and spec not in words(kind) and spec in words(other):
        raise UnknownWordError(f"{spec!r} is a {other}, no {kind}.", f"Pass it as {argument}={spec!r}.")


def _alone(model: Any, posterior: Any) -> None:
    if posterior is not None:
        raise ModelError(
            f"{type(model).__name__} brings its own posterior, so posterior={shown(posterior)} cannot go on it.",
            "Leave posterior= out.",
        )


def _name(spec: Any) -> str:
    """A word as it is, a function's or class's own name, else the name of its class; never that of a head."""
    name = spec if isinstance(spec, str) else posterior_spec.called(spec)
    return f"own {name}" if name in HEADS else name
