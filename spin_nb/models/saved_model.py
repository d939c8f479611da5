"""A model of the person's choice on disk: arrays as safetensors, words as JSON, never code and never pickle.

What a word of the registry stands for, kinds "model" and "posterior", is rebuilt from these by its ``from_arrays``.  A
person's own network or classifier is code that the project does not hold: the weights of a network are kept all the
same, in ``own.safetensors`` under the names of its ``state_dict``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, SpinError
from spin_nb.models.card import check_own, content
from spin_nb.models.fitted_model import Own
from spin_nb.registry import resolve, words
from spin_nb.words import said_by

OWN, POSTERIOR = "own.safetensors", "posterior.safetensors"


@dataclass(frozen=True)
class Kept:
    """What is kept of a fitted model.

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


def keep(own: Own) -> Kept:
    """What to write of it."""
    posterior = own.model.posterior if own.holds_features else None
    card = {
        "name": own.name,
        "class": _path(type(own.model)),
        "posterior": None if posterior is None else _path(type(posterior)),
        "shape": None if own.inputs is None else [int(side) for side in own.inputs.shape],
    }
    found = {OWN: _arrays(own.model), POSTERIOR: _arrays(posterior)}
    return Kept(card, {name: arrays for name, arrays in found.items() if arrays})


def bring_back(
    kept: Kept, folder: Path, n_classes: int, inputs_of: Callable[[Any, tuple[int, ...]], Any]
) -> Own:
    """The fitted model again.

    Parameters
    ----------
    kept : Kept
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
    name = str(kept.card.get("name"))
    try:
        card = check_own(kept.card)
        on_top = [_rebuilt(card["posterior"], kept, folder, POSTERIOR)] if card["posterior"] else []
        model = _rebuilt(card["class"], kept, folder, OWN, *on_top)
        shape = card["shape"] and tuple(int(side) for side in card["shape"])
        inputs = inputs_of(model, shape) if shape else None
    except SpinError:
        raise
    except Exception as error:  # damaged or foreign files: anything may be wrong with them
        raise ModelError(f"{name} cannot be read back: {said_by(error)}", "Train it again.") from error
    if inputs is not None and tuple(inputs.shape) != shape:
        raise ModelError(f"{name} was trained on items of shape {shape}.", "Train it again.")
    return Own(name, model, inputs, n_classes)


def _rebuilt(path: str, kept: Kept, folder: Path, file: str, *on_top: Any) -> Any:
    """An object of a class that some word stands for; nothing else is ever imported."""
    known = {home: (kind, word) for kind in ("model", "posterior") for word, home in words(kind).items()}
    made = resolve(*known[path]) if path in known else None
    held = (folder / file).exists()
    if made is None or not hasattr(made, "from_arrays") or not held:
        weights = f" (its weights are in models/{folder.name}/{file})" if held else ""
        raise ModelError(
            f"{path.partition(':')[2]} cannot be rebuilt from what a project holds{weights}.",
            "Pass it again: s.train(model=...), or s.train(posterior=...).",
        )
    return made.from_arrays(_read(folder / file, kept.sha256), *on_top)


def _arrays(model: Any) -> dict[str, NDArray[Any]]:
    """What the model gives to be kept; nothing where it cannot: that is no reason to lose a training."""
    try:
        found = dict(model.to_arrays())
        return {str(name): np.array(value, order="C") for name, value in found.items()}
    except Exception:
        return {}


def _read(path: Path, digests: dict[str, str]) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load

    return dict(load(content(path, digests)))


def _path(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
