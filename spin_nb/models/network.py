"""Whole networks: fine-tuned on the labels from the same beginning each round, then a posterior on their features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.bayes._checks import check_inputs, check_labels, check_some
from spin_nb.bayes._masks import dropout_layers
from spin_nb.bayes._train import checked_logits, fresh, train
from spin_nb.bayes.dropout import dropout_predictive
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.models.choice import Cancelled
from spin_nb.registry import resolve
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Predictive

ROWS = 256  # items that go through the network at once
PRECISION = 0.1  # of the prior on every weight


class Network:
    """A torch network as a learner: fine-tune, then any posterior on what its last layer sees.

    Parameters
    ----------
    net : str, torch.nn.Module or callable
        "mlp" or "cnn" (the ones that come with spin_nb), your network from inputs (n, ...) to logits (n, C), or a
        function without arguments that makes it.  Its last layer must be a ``torch.nn.Linear``.  Every fit begins
        anew: a module is copied as it is now, a function is called again.
    posterior : str or callable
        A word of the registry ("laplace", "graph", "ensemble", ...) or a function that makes a posterior; it is
        fitted to the features before the last layer.  "dropout" uses the network's own dropout layers if it has any.
    steps : int
    rate : float
        Of Adam, falling to zero by a cosine.
    seed : int

    Examples
    --------
    >>> x = np.repeat(np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32), 4, axis=0)
    >>> network = Network("mlp", steps=50).fit(x, np.repeat([0, 1], 4), n_classes=2)
    >>> network.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """

    def __init__(
        self, net: Any, posterior: Any = "laplace", *, steps: int = 300, rate: float = 2e-3, seed: int = 0
    ) -> None:
        import torch

        if steps < 1 or not rate > 0:
            raise ModelError(f"{steps} steps at rate {rate} train nothing.", "Use 1 step or more, rate > 0.")
        self._spec = resolve("network", net)
        self._shipped = isinstance(net, str)
        if isinstance(net, torch.nn.Module):
            self._spec = fresh(net, seed)  # as it is now, whatever becomes of the person's own
        self._word, self._make = posterior, resolve("posterior", posterior)
        self._steps, self._rate, self._seed = steps, rate, seed
        self._fitted: tuple[Any, Any] | None = None
        self._shape: tuple[int, ...] = ()
        self._n_classes = 0

    def fit(
        self,
        inputs: Any,
        y: Ints,
        *,
        n_classes: int,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Network:
        """Fine-tune on items and class indices (n,); classes without a label are allowed.

        What was fitted before stays in place until all of this has succeeded.

        Parameters
        ----------
        inputs : float (n, ...) array, or torch Dataset
            A data set's items may be tensors or (tensor, anything) pairs.
        y : int (n,)
        n_classes : int
        progress : callable, optional
            Hears ``(fraction, words)``.
        cancelled : callable, optional
            Asked before every step; :class:`Cancelled` is raised when it says True.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a network of another shape, whose last layer
            is not linear or whose loss is not finite.
        Cancelled
        """
        inputs = read(inputs)
        y = check_labels(y, len(inputs), n_classes)
        check_some(inputs)
        net = self._begin(inputs.shape[1:], n_classes)
        _penultimate(net, inputs[:1], n_classes)  # refused before the work, not after it

        def step(fraction: float) -> None:
            if cancelled and cancelled():
                raise Cancelled
            if progress:
                progress(0.95 * fraction, f"fine-tuning on {len(y)} labels")

        settings: dict[str, Any] = {"precision": PRECISION, "steps": self._steps, "rate": self._rate}
        train(net, inputs, y, n_classes, seed=self._seed, step=step, **settings)
        step(1.0)
        posterior = None
        if not self._own_dropout(net):
            posterior = self._make().fit(_penultimate(net, inputs, n_classes), y, n_classes=n_classes)
        self._fitted, self._shape, self._n_classes = (net, posterior), inputs.shape[1:], n_classes
        if progress:
            progress(1.0, "trained")
        return self

    def _begin(self, shape: tuple[int, ...], n_classes: int) -> torch.nn.Module:
        if self._shipped:
            return fresh(lambda: self._spec(shape, n_classes), self._seed)
        return fresh(self._spec, self._seed)

    def _own_dropout(self, net: torch.nn.Module) -> bool:
        return self._word == "dropout" and any(float(layer.p) > 0 for layer in dropout_layers(net))

    def features(self, inputs: Any) -> Float:
        """What the last layer sees (n, width), float32; a data set is read a chunk at a time.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; items of another shape, NaN or infinite.
        """
        net, _ = self._trained()
        return np.concatenate([_penultimate(net, chunk, self._n_classes) for chunk in self._chunks(inputs)])

    def predict(self, inputs: Any) -> Predictive:
        """Predictive over items, an array (m, ...) or a torch Dataset.

        Raises
        ------
        NotTrainedError, ModelError
            As :meth:`features`.
        """
        net, posterior = self._trained()
        if posterior is None:
            return dropout_predictive(net, np.concatenate(list(self._chunks(inputs))), self._n_classes)
        found: Predictive = posterior.predict(self.features(inputs))
        return found

    def _chunks(self, inputs: Any) -> Any:
        for start in range(0, max(len(inputs), 1), ROWS):
            yield read(inputs, start, start + ROWS, shape=self._shape)

    def _trained(self) -> tuple[Any, Any]:
        if self._fitted is None:
            raise NotTrainedError(
                "this network has not been fine-tuned.", "Call fit(inputs, y, n_classes=C)."
            )
        return self._fitted


def read(
    inputs: Any, start: int = 0, stop: int | None = None, *, shape: tuple[int, ...] | None = None
) -> Float:
    """A run of items of an array or a torch Dataset, as float32 (n, ...).

    Raises
    ------
    ModelError
        Items that are no numbers, of different shapes, or not finite.
    """
    if isinstance(inputs, np.ndarray):
        return check_inputs(inputs[start:stop], shape=shape)
    import torch

    if isinstance(inputs, torch.Tensor):
        return check_inputs(inputs[start:stop].detach().cpu().numpy(), shape=shape)
    if not (hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__")):
        raise ModelError(
            f"{type(inputs).__name__} holds no items that can be looked up.",
            "Pass an array, or a torch Dataset with a length.",
        )
    rows = range(start, min(len(inputs), len(inputs) if stop is None else stop))
    items = [inputs[row] for row in rows]
    arrays = [np.asarray(item[0] if isinstance(item, (tuple, list)) else item) for item in items]
    if len({array.shape for array in arrays}) > 1:
        raise ModelError(
            f"items of the data set have different shapes: {sorted({a.shape for a in arrays})[:3]}.",
            "Resize them in the data set's transform.",
        )
    empty = np.empty((0, *(shape or (0,))), np.float32)
    return check_inputs(np.stack(arrays) if arrays else empty, shape=shape)


def _penultimate(net: torch.nn.Module, inputs: Float, n_classes: int) -> Float:
    """What the last linear layer is given, chunk by chunk (n, width).

    Raises
    ------
    ModelError
        The network does not end in a linear layer.
    """
    import torch

    linear = [module for module in net.modules() if isinstance(module, torch.nn.Linear)]
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    handles = [
        layer.register_forward_hook(lambda _, given, out: seen.append((given[0], out))) for layer in linear
    ]
    parts, before = [], net.training
    try:
        net.eval()
        with torch.no_grad():
            for start in range(0, max(len(inputs), 1), ROWS):
                seen.clear()
                out = checked_logits(net, torch.from_numpy(inputs[start : start + ROWS]), n_classes)
                if not seen or seen[-1][1].shape != out.shape or not _same(seen[-1][1], out):
                    raise ModelError(
                        f"the last layer of {type(net).__name__} is not linear.",
                        "Let it end in torch.nn.Linear; leave out what comes after it.",
                    )
                parts.append(seen[-1][0].float().numpy())
    finally:
        net.train(before)
        for handle in handles:
            handle.remove()
    return np.concatenate(parts)


def _same(given: torch.Tensor, out: torch.Tensor) -> bool:
    """Equal, NaN included: whether they are finite is told where the loss is taken."""
    return bool(((given == out) | (given.isnan() & out.isnan())).all())
