"""Training a torch network on labels: one loop for heads and for whole networks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spin_nb.bayes._checks import check_features
from spin_nb.bayes._device import beside
from spin_nb.bayes._dropout_masks import dropout_layers, dropout_masks
from spin_nb.errors import ModelError
from spin_nb.threads import torch_threads
from spin_nb.types import Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    import torch

    NetSpec: TypeAlias = torch.nn.Module | Callable[[], torch.nn.Module]
    """A network, or a function without arguments that makes one."""

ITEMS_PER_BATCH = 256
MAX_PRECISION_OF_USER_NETWORK = 0.1  # of the prior on a user's network: its scale is not ours


def mlp(d: int, n_classes: int, *, n_hidden: int, dropout: float = 0.0, seed: int = 0) -> torch.nn.Sequential:
    """Make a network with one hidden layer.

    Its weights are drawn without touching torch's own random numbers.
    """
    import torch

    linear, kinds = torch.nn.utils.skip_init, torch.nn
    layers: list[torch.nn.Module] = [linear(kinds.Linear, d, n_hidden), kinds.ReLU()]
    if dropout:
        layers.append(kinds.Dropout(dropout))
    net = kinds.Sequential(*layers, linear(kinds.Linear, n_hidden, n_classes))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            gain = np.sqrt(2 / parameter.shape[1]) if parameter.ndim > 1 else 0.0
            parameter.copy_(gain * torch.randn(parameter.shape, generator=generator))
    return net


def fresh(spec: NetSpec, seed: int) -> torch.nn.Module:
    """Copy a module, or call its factory.

    Raises
    ------
    ModelError
        Neither a module nor a function that makes one.
    """
    import torch

    if isinstance(spec, torch.nn.Module):
        return copy.deepcopy(spec)
    net: object = None
    if callable(spec):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                net = spec()
            except Exception as error:  # a person's own code may fail in any way
                net = error
    if not isinstance(net, torch.nn.Module):
        raise ModelError(
            f"{shown(spec)} is no torch network" + ("." if net is None else f": it made {shown(net)}."),
            "Pass a torch.nn.Module, or a function without arguments that makes one.",
        )
    return net


def network_for(
    spec: NetSpec | None, inputs: Float, n_classes: int, *, n_hidden: int, dropout: float = 0.0, seed: int = 0
) -> tuple[torch.nn.Module, np.float32]:
    """Return a network, and the factor of its inputs (n, d).

    A user's network has 1; ours is one hidden layer on inputs of unit size.
    """
    if spec is not None:
        return fresh(spec, seed), np.float32(1)
    check_features(inputs)
    length = float(np.sqrt(np.mean(inputs.astype(np.float64) ** 2)))
    net = mlp(inputs.shape[1], n_classes, n_hidden=n_hidden, dropout=dropout, seed=seed)
    return net, np.float32(1 / length if length else 1.0)


def pace(spec: NetSpec | None, precision: float) -> dict[str, Any]:
    """Prior precision, steps and rate: a user's network changes more carefully."""
    rate, precision = (
        (0.02, precision) if spec is None else (0.002, min(precision, MAX_PRECISION_OF_USER_NETWORK))
    )
    return {"precision": precision, "steps": 300, "rate": rate}


def threads_for(spec: NetSpec | None) -> AbstractContextManager[None]:
    """Hold torch to one thread for our own head.

    Its steps are too small to share; a user's network has all.
    """
    return torch_threads(1) if spec is None else nullcontext()


def train(
    net: torch.nn.Module,
    inputs: Float,
    y: Ints,
    n_classes: int,
    *,
    precision: float,
    steps: int,
    rate: float,
    seed: int,
    step: Callable[[float], None] | None = None,
) -> None:
    """Minimise ``sum nll + precision/2 |parameters|^2`` by Adam with a cosine rate.

    ``net`` is changed in place, on the device it is on.

    Parameters
    ----------
    step : callable, optional
        Hears the fraction done before every step; what it raises ends the training.

    Raises
    ------
    ModelError
        Logits of a wrong shape, probabilities instead of logits, a loss that is NaN or infinite.
    """
    import torch

    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    parameters = [p for p in net.parameters() if p.requires_grad]
    if not parameters:
        raise ModelError("this network has no parameter to train.", "Leave requires_grad on for some layer.")
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    _prepare(net, len(y))
    with dropout_masks(net, generator, is_shared=False):
        for n_done in range(steps):
            if step:
                step(n_done / steps)
            rows = rng.permutation(len(y))[:ITEMS_PER_BATCH]
            logits = checked_logits(net, beside(net, inputs[rows]), n_classes)
            fit = torch.nn.functional.cross_entropy(logits, torch.from_numpy(y[rows]).to(logits.device))
            loss = fit + precision / (2 * len(y)) * sum((p**2).sum() for p in parameters)
            if not torch.isfinite(loss):
                raise ModelError(
                    f"the loss became {float(loss.detach()):g} after {n_done} of {steps} steps.",
                    "Scale the inputs to about unit size, or lower the network's weights or learning rate.",
                )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    net.eval()


def _prepare(net: torch.nn.Module, n: int) -> None:
    """Training mode, but our dropout masks, and batch statistics only in a batch."""
    import torch

    net.train()
    for layer in dropout_layers(net):
        layer.eval()
    if n == 1:
        for module in net.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()


def checked_logits(net: torch.nn.Module, x: torch.Tensor, n_classes: int) -> torch.Tensor:
    """Logits (len(x), C).

    Raises
    ------
    ModelError
        The network fails on these inputs, gives another shape, or gives probabilities.
    """
    import torch

    try:
        out: Any = net(x)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ModelError(
            f"{type(net).__name__} fails on inputs of shape {tuple(x.shape)}: {error}",
            "Pass a network made for these inputs: (n, d) features, or (n, channels, height, width) pictures.",
        ) from error
    if not isinstance(out, torch.Tensor) or out.shape != (len(x), n_classes):
        output = f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__
        raise ModelError(
            f"{type(net).__name__} gives {output} for {len(x)} items and {n_classes} classes.",
            f"Let it end in a layer with {n_classes} outputs.",
        )
    with torch.no_grad():
        if len(out) and bool((out >= 0).all() and ((out.sum(1) - 1).abs() < 1e-5).all()):
            raise ModelError(
                f"{type(net).__name__} gives probabilities, logits are due.", "Remove the softmax at its end."
            )
    return out
