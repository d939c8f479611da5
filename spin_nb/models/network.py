"""Whole networks: fine-tuned on the labels, from the same beginning each round, then a posterior on top."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_labels, check_some
from spin_nb.bayes._device import pick
from spin_nb.bayes._dropout_masks import dropout_layers
from spin_nb.bayes._train import fresh, train
from spin_nb.bayes.dropout import dropout_predictive
from spin_nb.errors import Cancelled, ModelError, NotTrainedError
from spin_nb.models import posterior_spec
from spin_nb.models.forward import ITEMS_PER_BATCH, last_layer_inputs, read_inputs, weights
from spin_nb.registry import resolve
from spin_nb.threads import torch_threads
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import torch

    from spin_nb.protocols import Posterior, Predictive

    Items: TypeAlias = Float | torch.utils.data.Dataset[Any]
    Predict: TypeAlias = Callable[[Float], Predictive]
    _FitResult: TypeAlias = tuple[torch.nn.Module, Posterior | None, Predict | None]
    """The network, and a posterior on its features or what predicts with the whole of it."""

PRIOR_PRECISION = 0.1  # on every weight


class Network:
    """A torch network with any posterior on what its last layer sees.

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
        net: str | torch.nn.Module | Callable[[], torch.nn.Module],
        posterior: object = "laplace",
        *,
        steps: int = 300,
        rate: float = 2e-3,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        import torch

        if steps < 1 or not rate > 0:
            raise ModelError(f"{steps} steps at rate {rate} train nothing.", "Use 1 step or more, rate > 0.")
        self._spec = resolve("network", net)
        self._is_built_in = isinstance(net, str)
        if isinstance(net, torch.nn.Module):
            self._spec = fresh(net, seed)  # as it is now, whatever becomes of the person's own
        self.net, self.on_top = net if self._is_built_in else None, posterior_spec.check(posterior)
        self._steps, self._rate, self._seed, self._device = steps, rate, seed, pick(device)
        self._fit_result: _FitResult | None = None
        self._shape: tuple[int, ...] = ()
        self._n_classes = 0

    @property
    def encoded_modalities(self) -> tuple[str, ...]:
        """Modalities of which it takes the encoder's features: those that come with spin_nb see pictures only."""
        return ("text", "table") if self._is_built_in else ("text",)

    def fit(
        self,
        inputs: Items,
        y: Ints,
        *,
        n_classes: int,
        progress: Callable[[float, str], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
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
        is_cancelled : callable, optional
            Asked before every step; :class:`Cancelled` is raised when it says True.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, a network of another shape, whose last layer
            is not linear or whose loss is not finite.
        Cancelled
        """
        import torch

        x = read_inputs(inputs)
        y = check_labels(y, len(x), n_classes)
        check_some(x)
        net = self._begin(x.shape[1:], n_classes).to(self._device)
        last_layer_inputs(net, x[:1], n_classes)  # refused before the work, not after it

        def step(fraction: float) -> None:
            if is_cancelled and is_cancelled():
                raise Cancelled
            if progress:
                progress(0.95 * fraction, f"fine-tuning on {len(y)} labels")

        # A core is left to the person, who labels meanwhile.
        with torch_threads(torch.get_num_threads() - 1):
            train(
                net,
                x,
                y,
                n_classes,
                seed=self._seed,
                step=step,
                precision=PRIOR_PRECISION,
                steps=self._steps,
                rate=self._rate,
            )
        step(1.0)
        self._fit_result = (net, *self._fit_posterior(net, x, y, n_classes))
        self._shape, self._n_classes = x.shape[1:], n_classes
        if progress:
            progress(1.0, "trained")
        return self

    def _fit_posterior(
        self, net: torch.nn.Module, inputs: Float, y: Ints, n_classes: int
    ) -> tuple[Posterior | None, Predict | None]:
        """Fit a posterior to what the last layer sees; or return what predicts with the whole network."""
        if self._uses_dropout(net):
            return None, _predict_with_dropout(net, n_classes)
        new_posterior = posterior_spec.begin(self.on_top, self._seed)
        if hasattr(new_posterior, "about"):  # a posterior of the whole network
            return None, new_posterior.about(net, inputs, y, n_classes=n_classes).predict
        return new_posterior.fit(last_layer_inputs(net, inputs, n_classes), y, n_classes=n_classes), None

    def _begin(self, shape: tuple[int, ...], n_classes: int) -> torch.nn.Module:
        import torch

        if not self._is_built_in:
            return fresh(self._spec, self._seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            net: torch.nn.Module = self._spec(shape, n_classes)
            return net

    def _uses_dropout(self, net: torch.nn.Module) -> bool:
        return self.on_top == "dropout" and any(float(layer.p) > 0 for layer in dropout_layers(net))

    @property
    def posterior(self) -> Posterior | None:
        """Posterior fitted to :meth:`features`; None where it is of the whole network."""
        return self._result()[1]

    def features(self, inputs: Items) -> Float:
        """Compute what the last layer sees (n, width), float32.

        A data set is read a chunk at a time.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; items of another shape, NaN or infinite.
        """
        net = self._result()[0]
        return np.concatenate(
            [last_layer_inputs(net, chunk, self._n_classes) for chunk in self._chunks(inputs)]
        )

    def predict(self, inputs: Items) -> Predictive:
        """Predict an array (m, ...) or a torch Dataset.

        Raises
        ------
        NotTrainedError, ModelError
            As :meth:`features`.
        """
        _, posterior, predict = self._result()
        if predict is not None:
            return predict(np.concatenate(list(self._chunks(inputs))))
        assert posterior is not None
        return posterior.predict(self.features(inputs))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Pack weights and buffers, as ``load_state_dict`` takes them.

        A network that comes with spin_nb also has "words", which :meth:`from_arrays` needs; with a Laplace
        approximation over its own weights, which is laplace-torch's and not kept, they say what to train again.
        """
        net, posterior, _ = self._result()
        arrays = weights(net)
        if self._is_built_in:
            words = [self.net, self._shape, self._n_classes]
            if posterior is None and not self._uses_dropout(net):
                words.append(self.on_top if isinstance(self.on_top, str) else None)
            arrays["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], posterior: Posterior | None = None) -> Network:
        """Rebuild a network that comes with spin_nb, fitted.

        It takes what :meth:`to_arrays` gave, and the network's posterior.

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
        word, shape, n_classes, *specs = json.loads(arrays["words"].tobytes())
        if specs:
            posterior_argument = "posterior=..." if specs[0] is None else repr(specs[0])
            raise ModelError(
                f"a Laplace approximation over the weights of {word!r} is not kept (they are, in own.safetensors, "
                "beside the model's card).",
                f"Train it again: s.train({word!r}, {posterior_argument}).",
            )
        state = {name: torch.from_numpy(np.array(a)) for name, a in arrays.items() if name != "words"}
        network = cls(word, "dropout" if posterior is None else "laplace")
        net = network._begin(tuple(shape), n_classes)
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            raise ModelError(
                f"these are not the weights of a {word!r}: {error}", "Train it again."
            ) from error
        net = net.to(network._device).eval()
        predict = _predict_with_dropout(net, n_classes) if posterior is None else None
        network._fit_result = net, posterior, predict
        network._shape, network._n_classes = tuple(shape), n_classes
        return network

    def _chunks(self, inputs: Any) -> Iterator[Float]:
        for start in range(0, max(len(inputs), 1), ITEMS_PER_BATCH):
            yield read_inputs(inputs, start, start + ITEMS_PER_BATCH, shape=self._shape)

    def _result(self) -> _FitResult:
        if self._fit_result is None:
            raise NotTrainedError(
                "this network has not been fine-tuned.", "Call fit(inputs, y, n_classes=C)."
            )
        return self._fit_result


def _predict_with_dropout(net: torch.nn.Module, n_classes: int) -> Predict:
    return lambda inputs: dropout_predictive(net, inputs, n_classes)
