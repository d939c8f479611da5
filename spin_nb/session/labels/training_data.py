"""Copies of what trains, for a model that is fitted without the lock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.session.labels.label_log import LabelLog
from spin_nb.types import Ints


def training_weights(label_log: LabelLog) -> NDArray[np.float64] | None:
    """Weights of the labels that train, float64 (n,), or None.

    They are in the order of ``TrainingSet.training``; None where each counts as one label.

    Labels that one gesture gave to many items count less: see :mod:`spin_nb.models.bulk_label_weights`.
    """
    with label_log.lock:
        return label_log.gestures.weights(list(label_log.training_set.trains))


def training_data(
    label_log: LabelLog,
) -> tuple[Ints, Ints, NDArray[np.float64] | None, dict[str, int]]:
    """Return rows, classes, weights and label events.

    They are (n,), (n,), (n,) or None, and item -> number of the event of its label.

    All in one order.
    """
    with label_log.lock:
        rows, y = label_log.training_set.training
        return rows, y, training_weights(label_log), training_events(label_log)[1]


def training_events(label_log: LabelLog) -> tuple[int, dict[str, int]]:
    """Return the revision, and item -> label event's number."""
    with label_log.lock:
        seqs = {
            id: label.seq
            for id in label_log.training_set.trains
            if (label := label_log.current(id)) is not None
        }
        return label_log.revision, seqs
