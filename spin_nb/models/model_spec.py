"""A model spec: what to train and show in place of the heads that every training fits."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spin_nb.errors import ModelError, UnknownWordError
from spin_nb.models import posterior_spec
from spin_nb.models.head_selection import HEADS
from spin_nb.registry import resolve, words
from spin_nb.words import shown

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Model, Posterior

HEAD_OF_POSTERIOR = {"laplace": "linear", "graph": "graph"}  # heads that every training fits


@dataclass(frozen=True)
class ModelSpec:
    """A model to train, or a head that every training fits.

    Attributes
    ----------
    name : str
        Of the head to show.
    begin : callable or None
        Makes it anew, unfitted; None where ``name`` is one of the heads that every training fits.
    """

    name: str
    begin: Callable[[], Model | Posterior] | None = None


def parse_model_spec(
    model: object = None,
    posterior: object = None,
    *,
    seed: int = 0,
    beginnings: MutableMapping[torch.nn.Module, torch.nn.Module] | None = None,
) -> ModelSpec | None:
    """Parse what ``s.train`` takes; None where it takes nothing.

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
    >>> specs = parse_model_spec("mlp"), parse_model_spec(posterior="dropout"), parse_model_spec(posterior="laplace")
    >>> [spec.name for spec in specs]
    ['mlp', 'dropout', 'linear']
    """
    _check_kind(posterior, "posterior", "network", "model")
    _check_kind(model, "network", "posterior", "posterior")
    posterior_spec.check(posterior)
    if model is None:
        return None if posterior is None else _posterior(posterior, seed)
    resolve("network", model)
    name = _name(model)
    if isinstance(model, str):
        return ModelSpec(name, lambda: _network(model, posterior, seed))
    if posterior_spec.is_network(model):
        start = _beginning(model, {} if beginnings is None else beginnings)
        return ModelSpec(name, lambda: _network(start, posterior, seed))
    if posterior_spec.is_fittable(model):
        _check_no_posterior(model, posterior)
        posterior_spec.as_fittable(model, seed)
        start_model = posterior_spec.copy_of(model)
        return ModelSpec(name, lambda: posterior_spec.as_fittable(posterior_spec.copy_of(start_model), seed))
    if callable(model):
        return ModelSpec(name, lambda: _build(model, posterior, seed))
    raise ModelError(
        f"{shown(model)} is no model.",
        "Pass 'cnn', 'mlp', a torch network, a function that makes one, or a scikit-learn classifier.",
    )


def train_call(model: object, posterior: object) -> str:
    """Spell the call that insists on the same.

    Examples
    --------
    >>> train_call("cnn", None), train_call(None, "dropout")
    ("s.train('cnn', show=True)", "s.train(posterior='dropout', show=True)")
    """
    arguments = [] if model is None else [_source_of(model)]
    arguments += [] if posterior is None else [f"posterior={_source_of(posterior)}"]
    return f"s.train({', '.join([*arguments, 'show=True'])})"


def _source_of(spec: object) -> str:
    return repr(spec) if isinstance(spec, str) else posterior_spec.name_of(spec)


def _posterior(spec: object, seed: int) -> ModelSpec:
    if isinstance(spec, str) and spec in HEAD_OF_POSTERIOR:
        return ModelSpec(HEAD_OF_POSTERIOR[spec])
    start = posterior_spec.copy_of(spec) if posterior_spec.is_fittable(spec) else spec
    return ModelSpec(_name(spec), lambda: posterior_spec.begin(start, seed))


def _network(net: Any, posterior: object, seed: int) -> Model:
    from spin_nb.models.network import Network

    return Network(net, "laplace" if posterior is None else posterior, seed=seed)


def _beginning(
    net: torch.nn.Module, beginnings: MutableMapping[torch.nn.Module, torch.nn.Module]
) -> torch.nn.Module:
    if net not in beginnings:
        beginnings[net] = posterior_spec.copy_of(net)
    return beginnings[net]


def _build(factory: Callable[[], object], posterior: object, seed: int) -> Model | Posterior:
    """Call the function, with torch's random numbers seeded while it runs."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        product = posterior_spec.call_factory(factory, _name(factory), "a torch network or a classifier")
    if posterior_spec.is_network(product):
        return _network(product, posterior, seed)
    _check_no_posterior(product, posterior)
    return posterior_spec.as_fittable(product, seed)


def _check_kind(spec: object, kind: str, other: str, argument: str) -> None:
    if isinstance(spec, str) and spec not in words(kind) and spec in words(other):
        raise UnknownWordError(f"{spec!r} is a {other}, no {kind}.", f"Pass it as {argument}={spec!r}.")


def _check_no_posterior(model: object, posterior: object) -> None:
    if posterior is not None:
        raise ModelError(
            f"{type(model).__name__} brings its own posterior, so posterior={shown(posterior)} cannot go on it.",
            "Leave posterior= out.",
        )


def _name(spec: object) -> str:
    """A word, or the name of a function or class; never that of a head."""
    name = spec if isinstance(spec, str) else posterior_spec.name_of(spec)
    return f"own {name}" if name in HEADS else name
