"""Which labels of a learner are probably wrong, by heads that did not learn from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.models.fit_heads import fit_and_hold_out
from spin_nb.models.head_selection import MIN_LABELS_FOR_CV, Progress, within
from spin_nb.models.learner import Learner
from spin_nb.query.label_errors import confident_errors, wrong_label_probabilities
from spin_nb.types import Float, Ints

MIN_DOUBT = 0.5  # probability from which a label is rather wrong than right
N_FITS_WITHOUT = 2  # more change little


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Doubts about labels.

    Attributes
    ----------
    wrong : float32 (m,)
        Probability that each label is wrong.
    probs : float32 (m, C)
        Class probabilities of each item, by heads that did not learn from its label.
    noise_rate : float
        Share of wrong labels.
    """

    wrong: Float
    probs: Float
    noise_rate: float


def find_label_errors(
    learner: Learner,
    rows: Ints,
    y: Ints,
    *,
    progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> LabelErrors:
    """Doubt every label, by the mean of the heads.

    Heads that learn from wrong labels expect them.  So the labels that confident learning calls wrong are left out and
    the heads fitted again; then once more without those that these call wrong.  The learner stays as it is.

    Parameters
    ----------
    learner : Learner
    rows : int (m,)
        Labelled rows, m >= 5, each once.
    y : int (m,)
        Class index of each.
    progress : callable, optional
        Hears ``(fraction, words)``.
    is_cancelled : callable, optional
        Asked between steps; :class:`~spin_nb.errors.Cancelled` is raised when it says True.

    Returns
    -------
    LabelErrors

    Raises
    ------
    ModelError
        Fewer than five labels.

    References
    ----------
    Northcutt, Jiang & Chuang 2021, Confident Learning, JAIR 70.
    """
    if len(rows) < MIN_LABELS_FOR_CV:
        raise ModelError(
            f"{len(rows)} labels are too few to doubt one by the others.",
            f"Label {MIN_LABELS_FOR_CV} items or more.",
        )
    report, stop = progress or (lambda fraction, words: None), is_cancelled or (lambda: False)
    share = 1 / (1 + N_FITS_WITHOUT)
    _, held_out = fit_and_hold_out(learner, rows, y, progress=within(report, 0, share), is_cancelled=stop)
    assert held_out is not None  # there are enough labels
    probs, is_wrong = held_out, confident_errors(held_out, y)
    wrong, noise_rate = wrong_label_probabilities(probs, y)
    for at in range(N_FITS_WITHOUT):
        if not is_wrong.any() or np.sum(~is_wrong) < MIN_LABELS_FOR_CV:
            break
        first, last = ((1 + at + more) / (1 + N_FITS_WITHOUT) for more in (0, 1))
        probs = _without(learner, rows, y, ~is_wrong, within(report, first, last), stop)
        wrong, noise_rate = wrong_label_probabilities(probs, y)
        is_wrong = wrong > MIN_DOUBT
    report(1.0, "labels doubted")
    return LabelErrors(wrong, probs.astype(np.float32), noise_rate)


def _without(
    learner: Learner,
    rows: Ints,
    y: Ints,
    is_trusted: NDArray[np.bool_],
    progress: Progress,
    is_cancelled: Callable[[], bool],
) -> Float:
    """Class probabilities (m, C) by heads fitted to the trusted labels; those of a trusted one are held out."""
    snapshot = learner.freeze()
    snapshot.reset(rows[is_trusted], y[is_trusted])
    fit, held_out = fit_and_hold_out(
        snapshot, rows[is_trusted], y[is_trusted], progress=progress, is_cancelled=is_cancelled
    )
    snapshot.adopt(fit)
    probs: Float = np.array(snapshot.predictive("mean").mean[rows], np.float32)
    assert held_out is not None  # there are enough labels
    probs[is_trusted] = held_out
    return probs
