"""A session about nothing: what views may read, all of it empty.  Doubles of a test say the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.monitor.audit import wilson
from spin_nb.session.model.audit_predictions import AuditPredictions
from spin_nb.session.runtime.signals import Signals
from spin_nb.tasks import Classes


class BlankPool:
    """Ids without items."""

    columns = None

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, id: str) -> int:
        return self.ids.index(id)

    def has(self, id: str) -> bool:
        return id in self.ids


class BlankKeys:
    """Key bindings of one annotator."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}

    def get(self) -> dict[str, str]:
        return self.keys

    def set(self, keys) -> None:
        self.keys = dict(keys)


class BlankReview:
    """Nothing to look at again."""

    is_looking, silence, n_labels, n_audits, n_doubtful = False, "", 0, 0, 0

    def frame(self) -> Any:
        raise NotImplementedError("nothing is labelled")


class BlankSession:
    """The contract ``spin_nb.views.session_like.SessionLike``, without a label, a model or an item."""

    def __init__(self, classes: list[str], ids: list[str] | None = None) -> None:
        self.name, self.folder, self.annotator, self.read_only = (
            "parts.spin",
            Path("parts.spin"),
            "ada",
            False,
        )
        self.pool: Any = BlankPool(ids or [])
        self.classes, self.learns_classes = classes, True
        self.task: Any = Classes(classes)
        self.events = Signals()
        self.label_index = np.full(len(self.pool), -1, np.int64)
        self.labels_per_minute = 0.0
        self.head: str | None = None
        self.predictive: Any = None
        self.layout, self.layout_name = np.zeros((len(self.pool), 2), np.float32), "pca"
        self.encoder_name = "photo"
        self.cluster_index: Any = None
        self.accuracy = wilson(0, 0)
        self.audit_predictions = AuditPredictions(
            np.zeros((0, len(classes)), np.float32), np.zeros(0, np.int64)
        )
        self.curve: list = []
        self.cv_scores: list = []
        self.drift_points: list = []
        self.encoder_comparison = None
        self.channel, self.review_channel, self.key_bindings = self, self, BlankKeys()
        self.review: Any = BlankReview()
        self._selected: list[str] = []
        self.selected_by = "selected"

    @property
    def predictive_now(self) -> Any:
        return self.predictive

    @property
    def selected(self) -> list[str]:
        return list(self._selected)

    @selected.setter
    def selected(self, ids: list[str]) -> None:
        self.select(ids, "selected")

    def select(self, ids, source: str) -> None:
        if list(ids) != self._selected:
            self._selected, self.selected_by = list(ids), source
            self.events.selection.emit(tuple(ids))

    def similar(self, id: str, k: int):
        row = self.pool.row(id)  # the next ones in the pool
        return tuple(self.pool.ids[row + 1 : row + 1 + k])

    def value(self, id: str) -> Any:
        return None

    def decision(self, id: str) -> Any:
        return None

    def is_asked(self, id: str) -> bool:
        return False

    def decide_together(self, kind: str, ids, value: object, source: object) -> Any:
        raise NotImplementedError("nothing can be stored")

    def tags(self, id: str):
        return ()

    def tag_names(self, most: int) -> list[str]:
        return []

    def tag_together(self, kind: str, ids, tag: str, source: object) -> int:
        raise NotImplementedError("nothing can be stored")

    def revert(self, kind: str) -> list[str]:
        raise NotImplementedError("nothing was stored")

    def explain(self, id: str) -> Any:
        raise NotImplementedError("nothing is known")

    def add_class(self, name: str) -> str:
        raise NotImplementedError("nothing can be stored")

    def train(self) -> Any:
        raise NotImplementedError("there is nothing to train on")

    def start_umap(self) -> None:
        """Nothing to place."""

    def start_clusters(self) -> None:
        """Nothing to look at."""

    def view(self, word: str) -> Any:
        return getattr(self, word)

    # -- the channel ---------------------------------------------------------------------------------------

    def queue_cards(self, n: int, have=()):
        return [], []

    def suggestions(self, tokens):
        return dict.fromkeys(tokens)

    def likeliest(self, tokens):
        return {}

    def apply(self, client: str, entries):
        return {"ack": 0, "gap": None, "error": None, "n_labels": 0, "per_minute": 0.0, "at": 0}

    def past(self, kind: str, n: int, skip: int = 0):
        return []

    def card(self, id: str):
        return {"id": id}, []

    def thumbnail(self, id: str, side: int):
        return {"mime": "text/plain", "data": id, "buffers": []}, []

    def frame(self, id: str, number: int, part: str | None = None):
        return {"id": id}, []

    def detail(self, id: str, box, size: int, part: str | None = None):
        return {"id": id}, []
