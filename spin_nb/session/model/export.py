"""``s.export``: the model last trained, as a bundle that runs without us."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import ExportError, NotTrainedError, SpinError
from spin_nb.models.distil import distil
from spin_nb.models.snapshot import Snapshot
from spin_nb.project.folder import MODELS, inside
from spin_nb.registry import resolve
from spin_nb.types import ExportReport
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    from spin_nb.session.session import Session

EXAMPLES = 32  # golden items: enough to touch every class of a usual task


def run(session: Session, folder: Any, target: Any) -> ExportReport:
    """Write and verify the bundle."""
    place, write = _place(folder), _writer(target)
    snapshot = current(session)
    rows = np.random.default_rng(session.seed).permutation(len(session.pool))[: 2 * EXAMPLES]
    items, _ = session.pool.try_load(rows.tolist())  # a picture deleted since is no reason not to export
    report: ExportReport = write(snapshot, items[:EXAMPLES], place)
    return report


def _place(folder: Any) -> Path:
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


def _writer(target: Any) -> Callable[..., ExportReport]:
    """A word's target, or a person's own function, of which any error is told as one of ours."""
    write: Callable[..., ExportReport] = resolve("target", target)
    if isinstance(target, str):
        return write
    if not callable(write):
        raise ExportError(f"target={shown(target)} is no target.", 'Pass a word: target="jetson".')

    def own(model: Any, example: Any, folder: Path) -> ExportReport:
        try:
            return write(model, example, folder)
        except SpinError:
            raise
        except Exception as error:
            raise ExportError(
                f"your target raised {said_by(error)}.", "Let it take (model, example, folder)."
            ) from error

    return own


def current(session: Session) -> Snapshot:
    """The model last trained; a graph or mean head distilled into the linear one, with its agreement."""
    session._pool_model.wait()
    if session._training.model_id is None:
        raise NotTrainedError("there is no trained model to export.", "Train first: s.train(wait=True).")
    folder = inside(session.folder, MODELS, session._training.model_id)
    snapshot = Snapshot.load(folder, session._pool_model.encoder)
    snapshot = replace(snapshot, accuracy=session.accuracy, head=session._pool_model.learner.head)
    if snapshot.head == "linear":
        return snapshot
    pool_model = session._pool_model
    predictive = session.predictive
    if predictive is None:
        raise NotTrainedError("no label is left to answer from.", "Label a few items, then train again.")
    probs = predictive.mean[: pool_model.n_base]
    linear, agreement = distil(pool_model.features[: pool_model.n_base], probs, n_labels=snapshot.n_labels)
    return replace(snapshot, linear=linear, agreement=agreement)
