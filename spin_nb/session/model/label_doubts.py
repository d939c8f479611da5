"""Labels that are probably wrong, as a person reads them: ``s.model.label_errors()``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.errors import NotTrainedError
from spin_nb.models.label_errors import MIN_DOUBT, LabelErrors, find_label_errors
from spin_nb.models.learner import Learner
from spin_nb.session.labels.training_data import training_data
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Ints
from spin_nb.words import HtmlRepr

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class LabelDoubts(HtmlRepr):
    """Labels, the most doubtful first.

    Attributes
    ----------
    table : DataFrame
        One row per label that trains.  Columns: item, label, predicted (by heads that did not learn from the label),
        probability (of that, by them), wrong (probability that the label is wrong), annotator, time.
    noise_rate : float
        Estimated share of wrong labels.
    """

    table: pl.DataFrame
    noise_rate: float

    @property
    def ids(self) -> list[str]:
        """Items whose label is rather wrong than right, the most doubtful first."""
        ids: list[str] = self.table.filter(self.table["wrong"] > MIN_DOUBT)["item"].to_list()
        return ids

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        text = (
            f"{len(self):,} of {len(self.table):,} labels are rather wrong than right; "
            f"about {self.noise_rate:.1%} of all are wrong"
        )
        rows = self.table.head(min(len(self), 8)).iter_rows(named=True)
        lines = [
            f"  {row['wrong']:.0%} {row['item']!r}: {row['label']!r}, not {row['predicted']!r}?"
            for row in rows
        ]
        return "\n".join([text, *lines])


def start(project: OpenProject, runtime: Runtime, live: LiveModel) -> Job[LabelDoubts]:
    """Queue the search for wrong labels behind what trains.

    Raises
    ------
    ModelError
        Labels are no classes.
    NotTrainedError
        No label trains yet.
    """
    runtime.main_thread.drain()
    project.check_classes("s.model.label_errors", "There is nothing to compare such labels with.")
    live.pool_model.wait()
    live.catch_up()
    rows, y, _, events = training_data(live.label_log)
    if not len(rows):
        raise NotTrainedError(
            "there is no label to doubt yet.", "Label a few items: s.ask(8), s.label(id, value)."
        )
    job = runtime.job("Doubting labels", visible=True)

    def work(job: Job[LabelDoubts]) -> LabelErrors:
        with live.label_log.lock:
            learner: Learner = live.pool_model.learner.freeze()
        return find_label_errors(learner, rows, y, progress=job.report, is_cancelled=lambda: job.cancelled)

    def land(errors: LabelErrors) -> LabelDoubts:
        return LabelDoubts(_table(project, live, list(events), y, errors), errors.noise_rate)

    return runtime.start("train", job, work, land, lambda error: None)


def _table(
    project: OpenProject, live: LiveModel, ids: list[str], y: Ints, errors: LabelErrors
) -> pl.DataFrame:
    import polars as pl

    classes = np.array(project.classes, object)
    order = np.argsort(-errors.wrong, kind="stable")
    with live.label_log.lock:
        labels = [live.label_log.current(ids[at]) for at in order]
    predicted = errors.probs.argmax(axis=1)[order]
    return pl.DataFrame(
        {
            "item": [ids[at] for at in order],
            "label": classes[y[order]].tolist(),
            "predicted": classes[predicted].tolist(),
            "probability": errors.probs[order, predicted],
            "wrong": errors.wrong[order],
            "annotator": [None if label is None else label.annotator for label in labels],
            "time": [None if label is None else label.time for label in labels],
        },
        schema_overrides={"annotator": pl.String, "time": pl.Datetime("us", "UTC")},
    )
