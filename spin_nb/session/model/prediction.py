"""What ``s.predict`` returns: probabilities with their uncertainty, and sets that hold the truth as often as said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.monitor.conformal import conformal_sets
from spin_nb.monitor.temperature import apply_temperature
from spin_nb.protocols import Predictive
from spin_nb.session.arguments import is_file_name, whole_number
from spin_nb.session.model.audit_predictions import AuditPredictions, AuditPredictor
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.prediction_columns import CLASS_COLUMNS, class_column
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float, Ints
from spin_nb.words import HtmlRepr, shown

if TYPE_CHECKING:
    import polars as pl


def predict(
    project: OpenProject,
    live: LiveModel,
    audits: AuditPredictor,
    items: Sequence[Any] | NDArray[Any],
    head: str | None,
) -> Prediction:
    """Predict items of the pool, or new ones.

    Those of the pool are predicted as they stand there, new ones from themselves alone.

    Raises
    ------
    NotTrainedError, LabelError, PoolError
        As :meth:`Session.predict <spin_nb.session.session.Session.predict>` says.
    """
    if not isinstance(head, str | None):
        raise ModelError(f"head={shown(head)} is no head.", "Pass one of s.model.heads, or leave it out.")
    pool_model = live.pool_model
    pool_model.wait()
    with live.label_log.lock:
        live.catch_up()
        if not pool_model.learner.is_trained:
            raise NotTrainedError(
                "there is no label to predict from yet.",
                "Label a few items: s.ask(8), s.label(id, value).",
            )
        ids = _ids_among(project, items)
        if ids is not None:
            rows = np.array([project.pool.row(id) for id in ids], np.int64)
            in_pool = live.predictive if head is None else pool_model.learner.predictive(head)
            assert in_pool is not None  # the learner is trained
            return _of_rows(in_pool, rows, project.classes, audits.in_pool(in_pool, head), tuple(ids))
        audit_predictions, learner = audits.as_arrivals(head), pool_model.learner.freeze()
    # Reading and encoding new items takes time: it holds up no label.
    predictive = pool_model.predict(items, head, learner)
    return _of_rows(predictive, np.arange(len(predictive.mean)), project.classes, audit_predictions)


def _of_rows(
    predictive: Predictive,
    rows: Ints,
    classes: list[str],
    audits: AuditPredictions,
    ids: tuple[str, ...] | None = None,
) -> Prediction:
    """Take rows of a predictive; ``audits`` are the same model's, seen the same way."""
    uncertainty = predictive.epistemic[rows], predictive.aleatoric[rows]
    return Prediction(predictive.mean[rows], *uncertainty, classes, predictive, rows, audits, ids)


def _ids_among(project: OpenProject, items: Sequence[Any] | NDArray[Any]) -> list[str] | None:
    """Return the ids passed, None for new items.

    Texts, or paths of pictures, are strings too.
    """
    is_list = isinstance(items, list | tuple) or (isinstance(items, np.ndarray) and items.ndim > 0)
    if not is_list or not all(isinstance(i, str) for i in items):
        return None
    pool_ids = set(project.pool.ids)
    new = [id for id in items if id not in pool_ids]
    if new and (project.pool.modality == "text" or any(map(is_file_name, new))):
        return None
    return [str(id) for id in items] if len(items) else None


@dataclass(frozen=True, eq=False)
class Prediction(HtmlRepr):
    """Posterior predictive of some items.

    Attributes
    ----------
    mean : float32 (n, C)
        Class probabilities; rows sum to 1; columns in the order of ``classes``.
    epistemic : float32 (n,)
        What more labels would resolve, nats.
    aleatoric : float32 (n,)
        What they would not, nats.
    classes : list of str
        Class names.
    """

    mean: Float
    epistemic: Float
    aleatoric: Float
    classes: list[str]
    _predictive: Predictive
    _rows: Ints
    _audits: AuditPredictions
    _ids: tuple[str, ...] | None = None

    @property
    def table(self) -> pl.DataFrame:
        """One row an item, in the order passed.

        Columns: item, predicted, probability, margin, epistemic, aleatoric, as ``s.table`` has them.  ``item`` is the
        id, null of items that are not in the pool.

        Examples
        --------
        >>> s.predict(s.selected).table.sort("margin")                   # doctest: +SKIP
        """
        import polars as pl

        ids = [None] * len(self) if self._ids is None else self._ids
        columns = [class_column(name, self, self.classes) for name in CLASS_COLUMNS]
        return pl.DataFrame([pl.Series("item", ids, pl.String), *columns])

    def sets(self, alpha: float = 0.1, score: str = "lac") -> Sets:
        """Conformal prediction sets.

        The true class is in them for at least ``1 - alpha`` of uniformly drawn items.

        Parameters
        ----------
        alpha : float
            Share of misses you accept, in (0, 1).
        score : str
            "lac": the smallest sets on average; "aps": larger where it is harder.

        Returns
        -------
        Sets
            From the audit labels given when these items were predicted, and from nothing else.

        Raises
        ------
        ModelError
            With fewer than ``ceil(1/alpha) - 1`` audit labels.

        Notes
        -----
        The promise holds for items like those of the pool, not for a stream that has drifted.  It would be weaker of
        probabilities whose temperature the same audits gave: sets are made from them without it.
        """
        audits, mean, probs = self._audits, self.mean, self._audits.probs
        if audits.uncalibrated_probs is not None:
            mean = apply_temperature(mean, audits.calibration.power)
            probs = audits.uncalibrated_probs
        members = conformal_sets(mean, probs, audits.truth, alpha=alpha, score=score)
        return Sets(members, self.classes, alpha, len(audits))

    def draws(self, S: int, seed: int = 0) -> Float:
        """Posterior draws, float32 (S, n, C).

        Draw ``s`` is one posterior sample applied to every item.
        """
        n, seed = whole_number(S, "S", 1, ModelError), whole_number(seed, "seed", 0, ModelError)
        draws: Float = self._predictive.draws(self._rows, n, seed)
        return draws

    @property
    def labels(self) -> list[str]:
        """Most probable class of each item."""
        return [self.classes[i] for i in self.mean.argmax(1)]

    def __len__(self) -> int:
        return len(self.mean)

    def __repr__(self) -> str:
        lines = [
            f"  {self.classes[row.argmax()]!r} {row.max():.1%}  epistemic {e:.3f}  aleatoric {a:.3f} nats"
            for row, e, a in zip(self.mean[:8], self.epistemic, self.aleatoric, strict=False)
        ]
        more = f"\n  ... and {len(self) - 8} more" if len(self) > 8 else ""
        return f"Prediction of {len(self)} items over {len(self.classes)} classes\n" + "\n".join(lines) + more


@dataclass(frozen=True, eq=False)
class Sets(HtmlRepr):
    """Conformal prediction sets of some items.

    Attributes
    ----------
    members : bool (n, C)
        Which classes each item's set holds; columns in the order of ``classes``.
    classes : list of str
        Class names.
    alpha : float
        Share of misses accepted.
    n_audits : int
        Audit labels they rest on.
    """

    members: NDArray[np.bool_]
    classes: list[str]
    alpha: float
    n_audits: int

    @property
    def labels(self) -> list[tuple[str, ...]]:
        """Class names of each item's set; never empty.

        They are in the order of ``classes``.
        """
        return [tuple(self.classes[c] for c in np.flatnonzero(row)) for row in self.members]

    @property
    def sizes(self) -> Ints:
        """Number of classes of each set, int64 (n,)."""
        return self.members.sum(axis=1)

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        lines = [f"  {{{', '.join(map(repr, names))}}}" for names in self.labels[:8]]
        more = f"\n  ... and {len(self) - 8} more" if len(self) > 8 else ""
        mean = float(self.sizes.mean()) if len(self) else 0.0
        return (
            f"Sets of {len(self)} items, {mean:.2f} classes on average; at least {1 - self.alpha:.0%} hold the truth "
            f"({self.n_audits} audits)\n" + "\n".join(lines) + more
        )
