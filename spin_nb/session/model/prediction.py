"""What ``s.predict`` returns: probabilities with their uncertainty, and sets that hold the truth as often as said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.monitor.conformal import conformal_sets
from spin_nb.session.arguments import whole
from spin_nb.session.audit.judge import Audited, as_arrivals, in_pool
from spin_nb.types import Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.session.session import Session


def predict(session: Session, items: Any, head: str | None) -> Prediction:
    """``s.predict``: items of the pool as they stand there, new ones from themselves alone.

    Raises
    ------
    NotTrainedError, LabelError, PoolError
        As :meth:`Session.predict <spin_nb.session.session.Session.predict>` says.
    """
    if not isinstance(head, str | None):
        raise ModelError(f"head={shown(head)} is no head.", "Pass one of s.heads, or leave it out.")
    pool_model = session._pool_model
    pool_model.wait()
    with session._label_log.lock:
        session._catch_up()
        if not pool_model.learner.trained:
            raise NotTrainedError(
                "there is no label to predict from yet.",
                "Label a few items: s.ask(8), s.label(id, value).",
            )
        ids = _ids_among(session, items)
        if ids is not None:
            rows = np.array([session.pool.row(id) for id in ids], np.int64)
            whole = session.predictive if head is None else pool_model.learner.predictive(head)
            return Prediction._of(whole, rows, session.classes, in_pool(session, whole, head))
        audits, learner = as_arrivals(session, head), pool_model.learner.frozen()
    # Reading and encoding new items takes time: it holds up no label.
    return Prediction._all(pool_model.predict(items, head, learner), session.classes, audits)


def _ids_among(session: Session, items: Any) -> list[str] | None:
    """Ids that were passed, or None where new items were: texts, or paths of pictures, are strings too."""
    is_list = isinstance(items, list | tuple) or (isinstance(items, np.ndarray) and items.ndim > 0)
    if not is_list or not all(isinstance(i, str) for i in items):
        return None
    known = set(session.pool.ids)
    new = [id for id in items if id not in known]
    if new and (session.pool.modality == "text" or any(Path(path).is_file() for path in new)):
        return None
    return [str(id) for id in items] if len(items) else None


@dataclass(frozen=True)
class Prediction:
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
    source: Any
    rows: Ints
    audits: Audited

    @classmethod
    def _of(cls, predictive: Any, rows: Ints, classes: list[str], audits: Audited) -> Prediction:
        """Rows of a larger predictive; ``audits`` are the same model's, seen the same way."""
        picked = predictive.epistemic[rows], predictive.aleatoric[rows]
        return cls(predictive.mean[rows], *picked, classes, predictive, rows, audits)

    @classmethod
    def _all(cls, predictive: Any, classes: list[str], audits: Audited) -> Prediction:
        """All rows of a predictive."""
        return cls._of(predictive, np.arange(len(predictive.mean)), classes, audits)

    def sets(self, alpha: float = 0.1, score: str = "lac") -> Sets:
        """Classes to reckon with: the true one is among them for at least ``1 - alpha`` of uniformly drawn items.

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
        The promise holds for items like those of the pool, not for a stream that has drifted.
        """
        known = self.audits
        found = conformal_sets(self.mean, known.probs, known.truth, alpha=alpha, score=score)
        return Sets(found, self.classes, alpha, len(known))

    def draws(self, S: int, seed: int = 0) -> Float:
        """Posterior draws, float32 (S, n, C): draw ``s`` is one posterior sample applied to every item."""
        n, seed = whole(S, "S", 1, ModelError), whole(seed, "seed", 0, ModelError)
        drawn: Float = self.source.draws(self.rows, n, seed)
        return drawn

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


@dataclass(frozen=True)
class Sets:
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
        """Class names of each item's set, in the order of ``classes``; never empty."""
        return [tuple(self.classes[c] for c in np.flatnonzero(row)) for row in self.members]

    @property
    def sizes(self) -> Ints:
        """How many classes each set holds, int64 (n,)."""
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
