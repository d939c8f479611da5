"""``s.export``: the model last trained, as a bundle that runs without us."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from spin_nb.errors import ExportError, NotTrainedError, SpinError
from spin_nb.models.distil import distil
from spin_nb.models.snapshot import Snapshot
from spin_nb.project.folder import MODELS, inside
from spin_nb.registry import resolve
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.recall import tells_classes_apart
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Estimate, ExportReport
from spin_nb.words import said_by, shown

MAX_EXAMPLES = 32  # golden items: enough to touch every class of a usual task


def export(
    project: OpenProject,
    live: LiveModel,
    model_id: str | None,
    accuracy: Estimate,
    folder: object,
    target: object,
) -> ExportReport:
    """Write and verify a bundle of the last model.

    ``accuracy`` is what its card says.
    """
    place, write = _place(folder), _writer(target)
    snapshot = replace(exported_model(project, live, model_id), accuracy=accuracy)
    rows = np.random.default_rng(project.seed).permutation(len(project.pool))[: 2 * MAX_EXAMPLES]
    items, _ = project.pool.try_load(rows.tolist())  # a picture deleted since is no reason not to export
    report: ExportReport = write(snapshot, items[:MAX_EXAMPLES], place)
    return report


def exported_model(project: OpenProject, live: LiveModel, model_id: str | None) -> Snapshot:
    """Load the last model in its linear form.

    A graph or mean head is distilled into the linear one, with its agreement and at its temperature.
    """
    pool_model = live.pool_model
    pool_model.wait()
    if model_id is None:
        raise NotTrainedError("there is no trained model to export.", "Train first: s.train(wait=True).")
    snapshot = Snapshot.load(inside(project.folder, MODELS, model_id), pool_model.encoder)
    if not tells_classes_apart(snapshot, project):
        raise NotTrainedError(
            "the classes have changed since the model was trained.", "Train again: s.train(wait=True)."
        )
    snapshot = replace(snapshot, classes=tuple(project.classes))  # by the names in force
    snapshot = replace(snapshot, head=pool_model.learner.head, temperature=1 / live.calibration.power)
    if snapshot.head == "linear":
        return snapshot
    predictive = live.predictive
    if predictive is None:
        raise NotTrainedError("no label is left to answer from.", "Label a few items, then train again.")
    probs = predictive.mean[: pool_model.n_base]
    linear, agreement = distil(pool_model.base, probs, n_labels=snapshot.n_labels)
    return replace(snapshot, linear=linear, agreement=agreement)


def _place(folder: object) -> Path:
    if not isinstance(folder, str | Path):
        raise ExportError(f"{shown(folder)} is no folder.", 'Pass a path: s.export("bundle/").')
    try:
        place = Path(folder).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # said later, by what they are
            place.stat()
    except (ValueError, OSError, RuntimeError) as error:
        raise ExportError(
            f"{shown(folder)} cannot be a folder: {said_by(error, 100)}.", 'Pass a path: s.export("bundle/").'
        ) from None
    return place


def _writer(target: object) -> Callable[..., ExportReport]:
    """Resolve a target, or wrap a person's function.

    Any error of the function is told as one of ours.
    """
    write: Callable[..., ExportReport] = resolve("target", target)
    if isinstance(target, str):
        return write
    if not callable(write):
        raise ExportError(f"target={shown(target)} is no target.", 'Pass a word: target="jetson".')

    def own(model: object, example: object, folder: Path) -> ExportReport:
        try:
            return write(model, example, folder)
        except SpinError:
            raise
        except Exception as error:
            raise ExportError(
                f"your target raised {said_by(error)}.", "Let it take (model, example, folder)."
            ) from error

    return own
