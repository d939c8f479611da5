"""A fitted model on disk: arrays as safetensors, words as JSON, never code and never pickle.

What a word of the registry stands for, kinds "model" and "posterior", is rebuilt from these by its ``from_arrays``.  A
person's own network or classifier is code that the project does not hold: the weights of a network are kept all the
same, in ``own.safetensors`` under the names of its ``state_dict``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, SpinError
from spin_nb.models.fitted_model import FittedModel
from spin_nb.models.model_card import check_model_entry, content
from spin_nb.registry import resolve, words
from spin_nb.words import said_by

if TYPE_CHECKING:
    from spin_nb.pool.inputs.inputs import Inputs
    from spin_nb.protocols import Model, Posterior

MODEL_FILE, POSTERIOR_FILE = "own.safetensors", "posterior.safetensors"


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A fitted model as plain arrays and a card.

    Attributes
    ----------
    card : dict
        Name, class, class of its posterior, shape of one item where it takes items; ready for JSON.
    files : dict
        File name -> arrays; empty once on disk.
    sha256 : dict
        File name -> checksum, where the card on disk has them.
    """

    card: dict[str, Any]
    files: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)


def save_model(model: FittedModel) -> SavedModel:
    """Collect a fitted model's arrays and its card."""
    posterior = model.model.posterior if model.has_features else None  # type: ignore[union-attr]
    card = {
        "name": model.name,
        "class": _path(type(model.model)),
        "posterior": None if posterior is None else _path(type(posterior)),
        "shape": None if model.inputs is None else [int(side) for side in model.inputs.shape],
    }
    files = {MODEL_FILE: _arrays(model.model), POSTERIOR_FILE: _arrays(posterior)}
    return SavedModel(card, {name: arrays for name, arrays in files.items() if arrays})


def load_model(
    saved_model: SavedModel,
    folder: Path,
    n_classes: int,
    inputs_of: Callable[[Model | Posterior, tuple[int, ...]], Inputs | None],
) -> FittedModel:
    """Rebuild a fitted model.

    Parameters
    ----------
    saved_model : SavedModel
        From the card of a snapshot.
    folder : Path
        Of the model.
    n_classes : int
    inputs_of : callable
        (model, shape of one item) -> how items become what it takes; asked where it takes items.

    Raises
    ------
    ModelError
        It is code of the person's own, of other items, or damaged.
    """
    name = str(saved_model.card.get("name"))
    try:
        card = check_model_entry(saved_model.card)
        on_top = (
            [_rebuild(card["posterior"], saved_model, folder, POSTERIOR_FILE)] if card["posterior"] else []
        )
        model = _rebuild(card["class"], saved_model, folder, MODEL_FILE, *on_top)
        shape = card["shape"] and tuple(int(side) for side in card["shape"])
        inputs = inputs_of(model, shape) if shape else None
    except SpinError:
        raise
    except Exception as error:  # damaged or foreign files: anything may be wrong with them
        raise ModelError(f"{name} cannot be read back: {said_by(error)}", "Train it again.") from error
    if inputs is not None and tuple(inputs.shape) != shape:
        raise ModelError(f"{name} was trained on items of shape {shape}.", "Train it again.")
    return FittedModel(name, model, inputs, n_classes)


def _rebuild(path: str, saved_model: SavedModel, folder: Path, file: str, *on_top: object) -> Any:
    """Rebuild an object whose class some word stands for; nothing else is ever imported."""
    words_of_class = {
        home: (kind, word) for kind in ("model", "posterior") for word, home in words(kind).items()
    }
    cls = resolve(*words_of_class[path]) if path in words_of_class else None
    has_file = (folder / file).exists()
    if cls is None or not hasattr(cls, "from_arrays") or not has_file:
        weights = f" (its weights are in models/{folder.name}/{file})" if has_file else ""
        raise ModelError(
            f"{path.partition(':')[2]} cannot be rebuilt from what a project holds{weights}.",
            "Pass it again: s.train(model=...), or s.train(posterior=...).",
        )
    return cls.from_arrays(_read(folder / file, saved_model.sha256), *on_top)


def _arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Arrays of a model; none where it cannot give them: no reason to lose a training."""
    try:
        return {str(name): np.array(value, order="C") for name, value in dict(model.to_arrays()).items()}
    except Exception:
        return {}


def _read(path: Path, digests: dict[str, str]) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load

    return dict(load(content(path, digests)))


def _path(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
