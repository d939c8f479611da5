"""Bring the model last trained back from disk when a project is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spin_nb.errors import SpinError
from spin_nb.models.fitted_model import ModelPredictive
from spin_nb.models.fitting import predict_all
from spin_nb.models.head_selection import HEADS, Fit
from spin_nb.models.saved_model import load_model
from spin_nb.models.snapshot import Snapshot
from spin_nb.project.folder import MODELS, inside
from spin_nb.project.records import Model
from spin_nb.session.model import prediction_cache
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.announcer import Announcer

if TYPE_CHECKING:
    from spin_nb.models.learner import Learner

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class RecalledModel:
    """A model from disk, to be adopted.

    Attributes
    ----------
    model_id : str
        Of the model last trained.
    fits : sequence of Fit
        To be adopted one after the other.
    shown_id : str or None
        Id of the model that holds the own model shown, which may be older.
    """

    model_id: str
    fits: Sequence[Fit]
    shown_id: str | None


class Recall:
    """Reads saved models; the project always opens."""

    def __init__(self, project: OpenProject, pool_model: PoolModel, announcer: Announcer) -> None:
        self._project = project
        self._pool_model = pool_model
        self._announcer = announcer

    def last(self, learner: Learner, progress: Progress) -> RecalledModel | None:
        """Load the model last trained, without the lock.

        It comes with what it predicts for the pool; that may take time.

        One of another encoder is left alone.  One of an encoder with other settings, of other classes, or that cannot
        be read, is too, and the announcer says so; of one that cannot be rebuilt the heads that are always there are
        taken.
        """
        project = self._project
        models = project.store.models()
        if not models:
            return None
        model_id = models[-1].id
        encoder = self._pool_model.encoder
        try:
            snapshot = Snapshot.load(inside(project.folder, MODELS, model_id), encoder)
        except SpinError as error:
            self._announcer.report(f"Model {model_id} could not be read: {error}")
            return None
        if not tells_classes_apart(snapshot, project):
            names = ", ".join(snapshot.classes)
            self._announcer.report(
                f"Model {model_id} tells other classes apart ({names:.80}). Train again: s.train()."
            )
            return None
        fits = snapshot.linear.weight.shape == (len(project.classes), learner.features.shape[1])
        card, settings = models[-1].card["encoder"], getattr(encoder, "settings", {})
        if not fits or card["name"] != getattr(encoder, "name", None):
            return None
        if card["settings"] != json.loads(json.dumps(settings)):  # other weights, say
            self._announcer.report(
                f"Model {model_id} learnt from features of another {card['name']!r:.80}. Train again: s.train()."
            )
            return None
        return self._with_own_model(models, snapshot, learner, progress)

    def _with_own_model(
        self, models: Sequence[Model], snapshot: Snapshot, learner: Learner, progress: Progress
    ) -> RecalledModel:
        """Add the own models shown and last trained."""
        base = replace(snapshot.fit, training_ids=self._training_ids(snapshot))
        fits: list[Fit] = []
        shown_id = None
        if snapshot.head not in HEADS:
            holder = next((m.id for m in reversed(models) if _holds(m, snapshot.head)), snapshot.model_id)
            try:
                predictive, training_ids = self._predictive(holder, snapshot, learner, progress)
                fits.append(
                    replace(
                        base,
                        head=predictive.model.name,
                        predictive=predictive,
                        training_ids=training_ids | base.training_ids,
                    )
                )
                shown_id = holder
            except SpinError as error:
                self._announcer.report(
                    f"{snapshot.head!r} could not be put back, the graph head is shown: {error}"
                )
        fit = fits[0] if fits else base
        if snapshot.saved_model is not None and snapshot.saved_model.card.get("name") != snapshot.head:
            with suppress(SpinError):  # what nobody sees is missed when it is asked
                predictive, training_ids = self._predictive(snapshot.model_id, snapshot, learner, progress)
                fits.append(replace(fit, predictive=predictive, training_ids=training_ids))
        return RecalledModel(snapshot.model_id, fits or [fit], shown_id)

    def _predictive(
        self, model_id: str, last: Snapshot, learner: Learner, progress: Progress
    ) -> tuple[ModelPredictive, frozenset[str]]:
        """Predict the pool by an own model.

        Returns the items it learnt from, too.
        """
        project = self._project
        folder = inside(project.folder, MODELS, model_id)
        snapshot = last if model_id == last.model_id else Snapshot.load(folder, self._pool_model.encoder)
        if snapshot.saved_model is None:
            raise SpinError(f"{last.head} was not kept.", "Train it again.")
        model = load_model(snapshot.saved_model, folder, len(project.classes), self._pool_model.inputs)
        source = learner.source(model)
        predictive = prediction_cache.load(project, model_id, model, source)
        if predictive is None:
            predictive = predict_all(
                model, source, len(learner), progress=progress, is_cancelled=lambda: False
            )
        return learner.catch_up(predictive), self._training_ids(snapshot)

    def _training_ids(self, snapshot: Snapshot) -> frozenset[str]:
        events = snapshot.events
        return frozenset() if events is None else self._project.store.items_of(events.tolist())


def _holds(model: Model, name: str) -> bool:
    """Check a saved model for an own model's name."""
    own = model.card.get("own")
    return isinstance(own, dict) and own.get("name") == name


def tells_classes_apart(snapshot: Snapshot, project: OpenProject) -> bool:
    """Check that a model tells the classes in force apart, whatever they were called when it was trained."""
    classes = project.store.state().classes
    if snapshot.events is None or not classes.tables:
        return list(snapshot.classes) == project.classes
    then = classes.when_called(snapshot.classes, int(snapshot.events.max(initial=0)))
    return then is not None and classes.now.tells_apart_as(then)
