"""A trained model on disk: arrays as safetensors, words and numbers as JSON; never pickle."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.errors import ModelError, SpinError, StorageError, VersionError
from spin_nb.io import checksum, has_seal, is_intact, seal, sync, sync_folder
from spin_nb.models.head_selection import EQUAL_POWERS, HEADS, Fit
from spin_nb.models.model_card import AGAIN, check_card, content
from spin_nb.models.saved_model import SavedModel, save_model
from spin_nb.pool.encoders.reduced import restore
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.registry import resolve, words
from spin_nb.types import Estimate, Ints

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

SCHEMA = 2  # 2: a model of the person's choice is kept beside the heads
CARD, ARRAYS = "card.json", "model.safetensors"  # files
EVENTS = "labels.events"  # an array of the latter


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One trained model.

    Attributes
    ----------
    model_id : str
    classes : tuple of str
    encoder : Encoder or None
        Fitted; None where it was a function that no word stands for.
    head : str
        The head shown: "graph", "linear", "mean", or the name of a model of the person's choice.
    linear : LastLayerLaplace
        The linear head: fitted to the labels, or distilled from the head shown.
    agreement : float
        Share of the pool on which ``linear`` chooses the class the head shown chooses; 1.0 unless distilled.
    validation : dict
        Head -> cross-validated accuracy on the training labels.
    n_labels : int
        Labels trained on.
    powers : dict
        Head -> the power it has in the mean.
    created : str
        UTC, ISO 8601.
    accuracy : Estimate or None
        Audited, of the head shown; known when it is exported, not when it is trained.
    temperature : float
        That audits gave the head shown, 1.0 without; known when it is exported, and part of ``linear`` then.
    saved_model : SavedModel or None
        A model of the person's choice; :func:`~spin_nb.models.saved_model.load_model` rebuilds it.
    events : int64 (n_labels,) or None
        Numbers of the events that gave the labels it learnt from; None where an earlier version did not keep them.
    """

    model_id: str
    classes: tuple[str, ...]
    encoder: Any
    head: str
    linear: LastLayerLaplace
    agreement: float = 1.0
    validation: dict[str, float] = field(default_factory=dict)
    n_labels: int = 0
    powers: dict[str, float] = field(default_factory=EQUAL_POWERS.copy)
    created: str = ""
    accuracy: Estimate | None = None
    temperature: float = 1.0
    saved_model: SavedModel | None = None
    events: Ints | None = None

    @classmethod
    def of(
        cls,
        model_id: str,
        classes: Sequence[str],
        encoder: Encoder | None,
        fit: Fit,
        n_labels: int,
        events: Ints | None = None,
    ) -> Snapshot:
        """Freeze a fit."""
        return cls(
            model_id,
            tuple(classes),
            encoder,
            fit.head,
            fit.linear,
            validation=dict(fit.validation),
            n_labels=n_labels,
            powers=dict(fit.powers),
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            saved_model=None if fit.predictive is None else save_model(fit.predictive.model),
            events=events,
        )

    @property
    def fit(self) -> Fit:
        """The heads that every training fits, for :meth:`Learner.adopt <spin_nb.models.learner.Learner.adopt>`."""
        head = self.head if self.head in HEADS else "graph"
        return Fit(head, self.linear, dict(self.validation), self.n_labels, powers=dict(self.powers))

    def card(self) -> dict[str, Any]:
        """Everything but arrays, ready for JSON."""
        return {
            "schema": SCHEMA,
            "model_id": self.model_id,
            "created": self.created,
            "classes": list(self.classes),
            "encoder": {
                "name": getattr(self.encoder, "name", None),
                "settings": dict(getattr(self.encoder, "settings", {})),
            },
            "head": self.head,
            "n_labels": self.n_labels,
            "last_event": None if self.events is None else int(self.events.max(initial=0)),
            "agreement": self.agreement,
            "validation": self.validation,
            "powers": self.powers,
            "prior_precision": self.linear.prior_precision,
            "accuracy": asdict(self.accuracy) if self.accuracy else None,
            "temperature": self.temperature,
            "own": self.saved_model.card if self.saved_model else None,
        }

    def save(self, folder: Path | str) -> None:
        """Write card and arrays into ``folder``, all or nothing.

        Raises
        ------
        StorageError
            The folder exists, or the disk refuses.
        """
        from safetensors.numpy import save_file

        folder = Path(folder)
        arrays = {f"linear.{k}": v for k, v in self.linear.to_arrays().items()}
        if self.encoder is not None:
            arrays |= {f"encoder.{k}": v for k, v in self.encoder.to_arrays().items()}
        if self.events is not None:
            arrays[EVENTS] = self.events
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".model-", dir=folder.parent) as new:
                fresh = Path(new) / "model"
                fresh.mkdir()
                files = {ARRAYS: arrays, **(self.saved_model.files if self.saved_model else {})}
                for name, content_of_file in files.items():
                    save_file({k: np.array(v, order="C") for k, v in content_of_file.items()}, fresh / name)
                card = {**self.card(), "sha256": {name: checksum(fresh / name) for name in files}}
                (fresh / CARD).write_text(json.dumps(card, indent=2), encoding="utf-8")
                seal(fresh / CARD)
                sync_folder(fresh)
                os.rename(fresh, folder)
                sync(folder.parent)
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(
                f"the model was not saved to {folder}: {error}.", "Free some space, train again."
            ) from error

    @classmethod
    def load(cls, folder: Path | str, encoder: Encoder | None = None) -> Snapshot:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder : path
        encoder : Encoder, optional
            Used instead of the stored one: for encoders that no word stands for.

        Raises
        ------
        ModelError
            Files missing or damaged: an entry of the card that cannot be one, arrays other than those saved.
        VersionError
            Written by a newer spin_nb.
        """
        from safetensors.numpy import load

        folder = Path(folder)
        try:
            if has_seal(folder / CARD) and not is_intact(folder / CARD):  # older ones have none
                raise ModelError(
                    f"{CARD} of model {folder.name} is not what was saved (sha256 differs).", AGAIN
                )
            card = json.loads((folder / CARD).read_text(encoding="utf-8"))
            if isinstance(card, dict) and isinstance(card.get("schema"), int) and card["schema"] > SCHEMA:
                raise VersionError(f"model {folder.name} was written by a newer spin_nb.", "Upgrade spin_nb.")
            digests = check_card(card).get("sha256") or {}
            arrays = load(content(folder / ARRAYS, digests))
            return cls(
                card["model_id"],
                tuple(card["classes"]),
                encoder if encoder is not None else _encoder(card["encoder"], _under("encoder.", arrays)),
                card["head"],
                LastLayerLaplace.from_arrays(_under("linear.", arrays)),
                card["agreement"],
                card["validation"],
                card["n_labels"],
                card.get("powers") or EQUAL_POWERS.copy(),
                card["created"],
                saved_model=None if card.get("own") is None else SavedModel(card["own"], sha256=digests),
                events=_numbers(arrays.get(EVENTS)),
            )
        except SpinError:
            raise
        except Exception as error:  # damaged or foreign files: anything may be wrong with them
            raise ModelError(f"model {folder} cannot be read: {error}.", AGAIN) from error


def _numbers(events: NDArray[Any] | None) -> Ints | None:
    """Numbers of events as they lie on disk, checked."""
    if events is not None and (events.ndim != 1 or events.dtype != np.int64):
        raise ValueError(f"its events are {events.dtype} of shape {events.shape}")
    return events


def _under(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _encoder(card: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Encoder | None:
    if card["name"] not in words("encoder"):
        return None
    # What a word's settings say of weights is their digest, no file; whether they are the same is checked below.
    settings = {name: value for name, value in card["settings"].items() if name != "weights"}
    try:
        new_encoder = resolve("encoder", card["name"])(**settings)
    except MissingPackageError:  # nothing is wrong with the model
        return None
    return restore(arrays, new_encoder)
