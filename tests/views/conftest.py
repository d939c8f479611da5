"""A session as map and plots see it: same signals, small, no disk, no models."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from spin_nb.monitor.audit import wilson
from spin_nb.monitor.curves import CurvePoint
from spin_nb.session.model.explanation import Explanation, LabelEffect, MindChange, Neighbour
from spin_nb.types import Shown
from tests.views.blank_session import BlankPool, BlankSession


class DrawnPredictive:
    """Scores (n, C) with one shared noise per class: enough for a view."""

    def __init__(self, scores: np.ndarray, spread: np.ndarray) -> None:
        self._scores, self._spread = scores, spread
        self.mean = softmax(scores).astype(np.float32)
        self.epistemic = (0.4 * spread).astype(np.float32)
        self.aleatoric = (-(self.mean * np.log(self.mean + 1e-9)).sum(1)).astype(np.float32)

    def draws(self, rows, S, seed):
        noise = np.random.default_rng(seed).normal(size=(S, 1, self._scores.shape[1]))
        return softmax(self._scores[rows] + noise * self._spread[rows][:, None]).astype(np.float32)


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class DrawnSession(BlankSession):
    """Digits-like blobs; ``label`` and ``train`` do what views notice and no more."""

    def __init__(self, n: int = 120, classes: list[str] | None = None, features=None, shown=None) -> None:
        super().__init__(classes or ["ok", "crack", "dent"], [f"img_{i}" for i in range(n)])
        rng = np.random.default_rng(0)
        C = len(self.classes)
        self.truth = rng.integers(0, C, n)
        self.features = (
            features if features is not None else rng.normal(size=(n, 8)) + 4 * np.eye(C, 8)[self.truth]
        )
        columns = pl.DataFrame({"width": rng.normal(size=n), "line": [f"<b>{i % 3}</b>" for i in range(n)]})
        show = shown or (lambda row: Shown("text/plain", f"item <i>{row}</i>"))
        self.pool = DrawnPool(self.pool.ids, columns, show)
        self.layout = self.features[:, :2].astype(np.float32)
        self.umaps = self.trained = self.cluster_searches = 0
        self.explained: list[str] = []

    def label(self, *rows: int) -> None:
        self.label_index[list(rows)] = self.truth[list(rows)]
        self._learn()
        n = int((self.label_index >= 0).sum())
        self.labels_per_minute = 30.0
        self.accuracy = wilson(n // 2, n // 2 + n // 10)
        point = CurvePoint(float(n), n, self.accuracy.n, self.accuracy, 0.3, 0.05, 30.0)
        self.curve.append(point)
        self.events.labelled.emit(tuple(self.pool.ids[row] for row in rows))

    def _learn(self) -> None:
        known = self.label_index >= 0
        if not known.any():
            self.predictive = None
            return
        centres = np.stack(
            [
                self.features[self.label_index == c].mean(0)
                if (self.label_index == c).any()
                else 9 + 0 * self.features[0]
                for c in range(len(self.classes))
            ]
        )
        far = ((self.features[:, None] - centres) ** 2).sum(-1)
        scale = float(np.median(far.min(1))) + 1e-6
        self.predictive = DrawnPredictive(
            -2 * far / scale, np.sqrt(far.min(1) / scale) / np.sqrt(known.sum())
        )
        self.head = "graph"

    def start_clusters(self) -> None:
        self.cluster_searches += 1

    def start_umap(self) -> None:
        self.umaps += 1

    def move(self) -> None:
        self.layout, self.layout_name = self.layout[:, ::-1].copy(), "umap"
        self.events.layout.emit("umap")

    def card(self, id):
        row = self.pool.row(id)
        shown = self.pool.show(row)
        picture = isinstance(shown.data, bytes)
        card = {"id": id, "row": row, "mime": shown.mime, "label": None}
        card |= {"buffers": [0]} if picture else {"data": shown.data}
        if self.label_index[row] >= 0:
            card["label"] = self.classes[self.label_index[row]]
        if self.predictive is not None:
            card["probs"] = self.predictive.mean[row].tolist()
            card |= {word: float(getattr(self.predictive, word)[row]) for word in ("epistemic", "aleatoric")}
        return card, [shown.data] if picture else []

    def explain(self, id):
        """Three nearest labels by features; the item that comes next in the pool would change the answer."""
        self.explained.append(id)
        row = self.pool.row(id)
        known = np.flatnonzero(self.label_index >= 0)
        far = np.linalg.norm(self.features[known] - self.features[row], axis=1)
        near = [known[i] for i in np.argsort(far) if known[i] != row][:3]
        answer, second = (self.classes[c] for c in np.argsort(-self.predictive.mean[row])[:2])
        label = self.label_index[row]
        return Explanation(
            id=id,
            label=self.classes[label] if label >= 0 else None,
            classes=self.classes,
            mean=self.predictive.mean[row],
            draws=self.predictive.draws(np.array([row]), 200, 0)[:, 0],
            epistemic=float(self.predictive.epistemic[row]),
            aleatoric=float(self.predictive.aleatoric[row]),
            neighbours=tuple(
                Neighbour(self.pool.ids[r], self.classes[self.label_index[r]], 1.5) for r in near
            ),
            changes=(
                MindChange(
                    self.pool.ids[(row + 1) % len(self.pool)], second, 0.2, answer, second, 0.34, 0.61
                ),
            ),
            n_tried=100,
            effect=LabelEffect(37, 119, 119),
            functions=200,
        )

    def train(self):
        from psygnal import Signal

        class Job:
            changed = Signal()
            name, status, progress, message = "training", "running", 0.3, "fitting"

            def cancel(self):
                self.status = "cancelled"

            def result(self):
                return "trained"

        self.trained += 1
        self.events.training.emit(Job())

    def arrive(self, n: int, shifted: bool = False) -> None:
        from spin_nb.monitor.drift import DriftPoint

        rng = np.random.default_rng(len(self.drift_points))
        for rank in rng.random(n) * (0.2 if shifted else 1.0) + (0.8 if shifted else 0.0):
            at = len(self.drift_points)
            self.drift_points.append(
                DriftPoint(at, rank, 2 * rank, bool(shifted and at % 40 == 9), False, rank, rank)
            )
        self.events.watched.emit(n)


class DrawnPool(BlankPool):
    """Ids, extra columns and how an item looks."""

    def __init__(self, ids, columns, show) -> None:
        super().__init__(ids)
        self.columns, self._show = columns, show

    def show(self, row: int, size: int | None = None) -> Shown:
        return self._show(row)


@pytest.fixture
def drawn() -> DrawnSession:
    return DrawnSession()


@pytest.fixture
def report():
    return SimpleNamespace(n_labels=12, validation={"graph": 0.9, "linear": 0.8, "mlp": 0.43})
