"""A model from any framework, as ONNX, with a posterior on its last layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_features, check_inputs, check_labels, check_some
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.errors import Cancelled, ModelError, NotTrainedError
from spin_nb.models import posterior_spec
from spin_nb.models.onnx_last_layer import find_features, find_logits, last_layer
from spin_nb.pool.encoders.onnx_output import as_features
from spin_nb.pool.inputs.spec import Prepare
from spin_nb.pool.onnx.graph import OnnxGraph, read_onnx
from spin_nb.protocols import Posterior, Predictive
from spin_nb.types import Float, Ints


class OnnxModel:
    """An ONNX model that supplies features and logits; nothing in it is trained.

    With ``posterior="laplace"`` the posterior lies about the model's own last layer: its mean follows the model's
    logits, and the labels say how sure it may be.  The classes are then the model's, in its order.  Any other
    posterior is fitted to the features, as if they came from an encoder.

    Parameters
    ----------
    path : str or Path
        The file; from torch, Keras, TensorFlow or anything that writes ONNX.
    features : str, optional
        Name of a tensor (n, d); by default what the last linear layer is given.
    logits : str, optional
        Name of a tensor (n, C); by default the output, or what its softmax is applied to.
    posterior : str, callable or object
        As for :class:`~spin_nb.models.network.Network`.
    prepare : callable, optional
        Function of a list of loaded items that returns the model's input (n, ...).  Without it pictures are float
        in [0, 1], or 0 to 255 where the input is of integers, of the size and order of axes the input declares.

    Attributes
    ----------
    form : dict
        How :class:`~spin_nb.pool.inputs.inputs.Inputs` prepares items for it.
    posterior : Posterior or None
        Fitted.

    Raises
    ------
    PoolError
        The file cannot be read, or has no tensor of a name given.
    ModelError
        Features or logits cannot be found.

    References
    ----------
    Daxberger et al. (2021), *Laplace Redux - effortless Bayesian deep learning*: a posterior after training.

    Examples
    --------
    >>> from spin_nb.models.onnx import OnnxModel
    >>> s.train(model=OnnxModel("keras.onnx"), wait=True)   # doctest: +SKIP
    """

    inputs = "items"

    def __init__(
        self,
        path: Path | str | OnnxGraph,
        features: str | None = None,
        logits: str | None = None,
        posterior: object = "laplace",
        prepare: Prepare | None = None,
    ) -> None:
        self.graph = path if isinstance(path, OnnxGraph) else read_onnx(path)
        self.on_top = posterior_spec.check(posterior)
        self._keeps_last_layer = isinstance(posterior, str) and posterior == "laplace"
        self._prepare = prepare
        self._logits = find_logits(self.graph, logits) if self._keeps_last_layer or features is None else ""
        self._features = self.graph.require(features) if features is not None else self._last_layer_input()
        self._channels_last = self.graph.channels_last(self._features)
        size, last = self.graph.layout()
        self.form: dict[str, Any] = {"size": size, "last": last, "prepare": prepare}
        self.posterior: Posterior | None = None

    def _last_layer_input(self) -> str:
        name = find_features(self.graph, self._logits)
        if name is None or name == self.graph.input:
            names = self.graph.tensors
            raise ModelError(
                f"no linear layer makes {self._logits!r} of {self.graph.file!r}.",
                f"Name features= and logits=; it computes {', '.join(map(repr, names[-12:]))}"
                + (f" and {len(names) - 12} more." if len(names) > 12 else "."),
            )
        return name

    def fit(
        self,
        inputs: Float,
        y: Ints,
        *,
        n_classes: int,
        progress: Callable[[float, str], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> OnnxModel:
        """Fit a posterior to the features of labelled items.

        What was fitted before stays until it is there.

        Parameters
        ----------
        inputs : float (n, ...)
            As :class:`~spin_nb.pool.inputs.inputs.Inputs` prepares them by ``form``.
        y : int (n,)
        n_classes : int
        progress : callable, optional
            Hears ``(fraction, words)``.
        is_cancelled : callable, optional
            Asked between steps.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit; logits that are not one a class, or no linear
            function of the features.
        Cancelled
        """

        def step(fraction: float, words: str) -> None:
            if is_cancelled and is_cancelled():
                raise Cancelled
            if progress:
                progress(fraction, words)

        inputs = check_inputs(inputs)
        y = check_labels(y, len(inputs), n_classes)
        check_some(inputs)
        step(0.0, f"{self.graph.file}: features of {len(y)} items")
        features = self.features(inputs)
        step(0.5, f"fitting a posterior to {len(y)} labels")
        new_posterior: Posterior = (
            self._around_last_layer(inputs[:1], n_classes)
            if self._keeps_last_layer
            else posterior_spec.begin(self.on_top, 0)
        )
        self.posterior = new_posterior.fit(features, y, n_classes=n_classes)
        step(1.0, "trained")
        return self

    def _around_last_layer(self, item: Float, n_classes: int) -> LastLayerLaplace:
        weight, bias = last_layer(self.graph, self._features, self._logits, self._run(item))
        if len(bias) != n_classes:
            raise ModelError(
                f"{self._logits!r} of {self.graph.file!r} has {len(bias)} logits, the project {n_classes} classes.",
                "Use a model of these classes in this order, or pass posterior=spin_nb.bayes.LastLayerLaplace, which "
                "learns a last layer of its own.",
            )
        return LastLayerLaplace.around(weight, bias)

    def features(self, inputs: Float) -> Float:
        """Compute the input of the last layer (n, d).

        Raises
        ------
        ModelError
            Not finite.
        PoolError
            The model cannot take these items.
        """
        return check_features(as_features(self._run(check_inputs(inputs)), self._channels_last))

    def predict(self, inputs: Float) -> Predictive:
        """Predict items (m, ...).

        Raises
        ------
        NotTrainedError, ModelError, PoolError
            Not fitted; as :meth:`features`.
        """
        if self.posterior is None:
            raise NotTrainedError("this model has no posterior yet.", "Call fit(inputs, y, n_classes=C).")
        return self.posterior.predict(self.features(inputs))

    def _run(self, inputs: Float) -> NDArray[Any]:
        feed = self.graph.feed(inputs, unit=self._prepare is None)
        return self.graph.run([self._features], feed)[0]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Pack the graph and the names; nothing with ``prepare``, which cannot be saved."""
        if self._prepare is not None:
            return {}
        names = json.dumps([self.graph.file, self._features, self._logits]).encode()
        return {"graph": np.frombuffer(self.graph.content, np.uint8), "names": np.frombuffer(names, np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], posterior: Posterior) -> OnnxModel:
        """Rebuild the model, with its fitted posterior."""
        file, features, logits = json.loads(arrays["names"].tobytes())
        model = cls(OnnxGraph(arrays["graph"].tobytes(), file), features, logits or None)
        model.posterior = posterior
        return model
