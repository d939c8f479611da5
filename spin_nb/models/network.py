"""Whole networks: fine-tuned on the labels from the same beginning each round, then a posterior on their features."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_labels, check_some
from spin_nb.bayes._device import pick
from spin_nb.bayes._dropout_masks import dropout_layers
from spin_nb.bayes._train import fresh, train
from spin_nb.bayes.dropout import dropout_predictive
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.models import posterior_spec
from spin_nb.models.forward import ROWS, penultimate, read, weights
from spin_nb.models.head_selection import Cancelled
from spin_nb.models.threads import leaving_a_core
from spin_nb.registry import resolve
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Predictive

PRECISION = 0.1  # of the prior on every weight


class Network:
    """A torch network as a learner: fine-tune, then any posterior on what its last layer sees.

    Parameters
    ----------
    net : str, torch.nn.Module or callable
        "mlp" or "cnn" (the ones that come with spin_nb), your network from inputs (n, ...) to logits (n, C), or a
        function without arguments that makes it.  Its last layer must be a ``torch.nn.Linear``.  Every fit begins
        anew: a module is copied as it is now, a function is called again.
    posterior : str, callable or object
        A word of the registry ("laplace", "graph", "ensemble", ...), a posterior, a function that makes one, or a
        scikit-learn classifier; it is fitted to the features before the last layer.  Two are of the whole network:
        "dropout" uses its own dropout layers if it has any, "laplace-all" and "laplace-subnet" its own weights.
    steps : int
    rate : float
        Of Adam, falling to zero by a cosine.
    seed : int
    device : str or torch.device
        "auto": a CUDA device where there is one, else the CPU.

    Examples
    --------
    >>> x = np.repeat(np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32), 4, axis=0)
    >>> network = Network("mlp", steps=50).fit(x, np.repeat([0, 1], 4), n_classes=2)
    >>> network.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """

    inputs = "items"

    def __init__(
        self,
        net: Any,
        posterior: Any = "laplace",
        *,
        steps: int = 300,
        rate: float = 2e-3,
        seed: int = 0,
        device: Any = "auto",
    ) -> None:
        import torch

        if steps < 1 or not rate > 0:
            raise ModelError(f"{steps} steps at rate {rate} train nothing.", "Use 1 step or more, rate > 0.")
        self._spec = resolve("network", net)
        self._shipped = isinstance(net, str)
        if isinstance(net, torch.nn.Module):
            self._spec = fresh(net, seed)  # as it is now, whatever becomes of the person's own
        self.net, self.on_top = net if self._shipped else None, posterior_spec.check(posterior)
        self._steps, self._rate, self._seed, self._device = steps, rate, seed, pick(device)
        self._fitted: tuple[Any, Any, Any] | None = None
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
        net = self._begin(inputs.shape[1:], n_classes).to(self._device)
        penultimate(net, inputs[:1], n_classes)  # refused before the work, not after it

        def step(fraction: float) -> None:
            if cancelled and cancelled():
                raise Cancelled
            if progress:
                progress(0.95 * fraction, f"fine-tuning on {len(y)} labels")

        settings: dict[str, Any] = {"precision": PRECISION, "steps": self._steps, "rate": self._rate}
        with leaving_a_core():
            train(net, inputs, y, n_classes, seed=self._seed, step=step, **settings)
        step(1.0)
        self._fitted = (net, *self._posterior(net, inputs, y, n_classes))
        self._shape, self._n_classes = inputs.shape[1:], n_classes
        if progress:
            progress(1.0, "trained")
        return self

    def _posterior(self, net: torch.nn.Module, inputs: Float, y: Ints, n_classes: int) -> tuple[Any, Any]:
        """A posterior on what the last layer sees and None, or None and what predicts with the whole network."""
        from spin_nb.bayes.laplace_torch import LaplaceAll

        if self._own_dropout(net):
            return None, _dropping(net, n_classes)
        begun = posterior_spec.begin(self.on_top, self._seed)
        if isinstance(begun, LaplaceAll):
            return None, begun.about(net, inputs, y, n_classes=n_classes).predict
        return begun.fit(penultimate(net, inputs, n_classes), y, n_classes=n_classes), None

    def _begin(self, shape: tuple[int, ...], n_classes: int) -> torch.nn.Module:
        import torch

        if not self._shipped:
            return fresh(self._spec, self._seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            return self._spec(shape, n_classes)

    def _own_dropout(self, net: torch.nn.Module) -> bool:
        return self.on_top == "dropout" and any(float(layer.p) > 0 for layer in dropout_layers(net))

    @property
    def posterior(self) -> Any:
        """What was fitted to :meth:`features`; None where it is of the whole network."""
        return self._trained()[1]

    def features(self, inputs: Any) -> Float:
        """What the last layer sees (n, width), float32; a data set is read a chunk at a time.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; items of another shape, NaN or infinite.
        """
        net = self._trained()[0]
        return np.concatenate([penultimate(net, chunk, self._n_classes) for chunk in self._chunks(inputs)])

    def predict(self, inputs: Any) -> Predictive:
        """Predictive over items, an array (m, ...) or a torch Dataset.

        Raises
        ------
        NotTrainedError, ModelError
            As :meth:`features`.
        """
        _, posterior, whole = self._trained()
        found: Predictive = (
            posterior.predict(self.features(inputs))
            if whole is None
            else whole(np.concatenate(list(self._chunks(inputs))))
        )
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and buffers by their names in the network, as ``load_state_dict`` takes them.

        A network that comes with spin_nb also has "words", which :meth:`from_arrays` needs; with a Laplace
        approximation over its own weights, which is laplace-torch's and not kept, they say what to train again.
        """
        net, posterior, _ = self._trained()
        found = weights(net)
        if self._shipped:
            words = [self.net, self._shape, self._n_classes]
            if posterior is None and not self._own_dropout(net):
                words.append(self.on_top if isinstance(self.on_top, str) else None)
            found["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], posterior: Any = None) -> Network:
        """A network that comes with spin_nb, fitted, from :meth:`to_arrays` and its posterior.

        Raises
        ------
        ModelError
            A person's own network, weights that do not fit, or a Laplace approximation over them.
        """
        import torch

        if "words" not in arrays:
            raise ModelError(
                "it cannot be rebuilt from what a project holds (its weights are in own.safetensors, beside the "
                "model's card).",
                "Pass it again: s.train(model=...).",
            )
        word, shape, n_classes, *lost = json.loads(arrays["words"].tobytes())
        if lost:
            raise ModelError(
                f"a Laplace approximation over the weights of {word!r} is not kept (they are, in own.safetensors, "
                "beside the model's card).",
                f"Train it again: s.train({word!r}, {'posterior=...' if lost[0] is None else repr(lost[0])}).",
            )
        held = {name: torch.from_numpy(np.array(a)) for name, a in arrays.items() if name != "words"}
        network = cls(word, "dropout" if posterior is None else "laplace")
        net = network._begin(tuple(shape), n_classes)
        try:
            net.load_state_dict(held)
        except RuntimeError as error:
            raise ModelError(
                f"these are not the weights of a {word!r}: {error}", "Train it again."
            ) from error
        net = net.to(network._device).eval()
        network._fitted = net, posterior, _dropping(net, n_classes) if posterior is None else None
        network._shape, network._n_classes = tuple(shape), n_classes
        return network

    def _chunks(self, inputs: Any) -> Any:
        for start in range(0, max(len(inputs), 1), ROWS):
            yield read(inputs, start, start + ROWS, shape=self._shape)

    def _trained(self) -> tuple[Any, Any, Any]:
        if self._fitted is None:
            raise NotTrainedError(
                "this network has not been fine-tuned.", "Call fit(inputs, y, n_classes=C)."
            )
        return self._fitted


def _dropping(net: torch.nn.Module, n_classes: int) -> Callable[[Float], Predictive]:
    return lambda inputs: dropout_predictive(net, inputs, n_classes)
