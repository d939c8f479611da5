"""The contract between views and what they draw.

:class:`spin_nb.session.view_data.ViewData` satisfies it, and so do the doubles of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import polars as pl

    from spin_nb.monitor.curves import CurvePoint
    from spin_nb.monitor.drift import DriftPoint
    from spin_nb.pool.media.images import Box
    from spin_nb.pool.pool import Pool
    from spin_nb.project.fold import Current
    from spin_nb.protocols import Predictive, Task
    from spin_nb.session.label_commands import BulkReport
    from spin_nb.session.model.audit_predictions import AuditPredictions
    from spin_nb.session.model.encoder_comparison import EncoderComparison
    from spin_nb.session.model.explanation import Explanation
    from spin_nb.session.model.training_history import CVScores
    from spin_nb.session.runtime.jobs import Job
    from spin_nb.session.runtime.signals import Signals
    from spin_nb.session.view_data import ViewData
    from spin_nb.types import Estimate, Float, Ints, TrainReport

Card = dict[str, Any]
"""One item as the page shows it: JSON values only."""
Buffers = list[bytes]
"""Pictures and sounds of a message, which its cards point to."""


@runtime_checkable
class ChannelLike(Protocol):
    """Calls that pages make; on any thread, also while a cell is busy."""

    def queue_cards(self, n: int, have: Sequence[str] = ()) -> tuple[list[Card], Buffers]:
        """Return up to ``n`` cards to label next; those of the tokens in ``have`` without their pictures."""

    def suggestions(self, tokens: Sequence[str]) -> Mapping[str, Card | None]:
        """Return what would be pre-filled now on queued cards."""

    def likeliest(self, tokens: Sequence[str]) -> Mapping[str, Sequence[tuple[str, float | None]]]:
        """Return the classes on the first keys of queued cards."""

    def apply(self, client: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Apply a page's entries exactly once and in order."""

    def past(self, kind: str, n: int, skip: int = 0) -> list[dict[str, Any]]:
        """Return the last events that "undo" or "redo" would take."""

    def card(self, id: str) -> tuple[Card, Buffers]:
        """Return one item with its prediction and label."""

    def thumbnail(self, id: str, side: int) -> tuple[Card, Buffers]:
        """Return one item small: a picture of at most ``side`` pixels, or the beginning of what it holds."""

    def frame(self, id: str, number: int, part: str | None = None) -> tuple[Card, Buffers]:
        """Return one frame of a video."""

    def detail(self, id: str, box: Box, size: int, part: str | None = None) -> tuple[Card, Buffers]:
        """Return a piece of a picture, (x, y, width, height), at most ``size`` pixels a side."""


@runtime_checkable
class ReviewLike(Protocol):
    """Labels to look at again."""

    @property
    def is_looking(self) -> bool: ...
    @property
    def silence(self) -> str: ...
    @property
    def n_labels(self) -> int: ...
    @property
    def n_audits(self) -> int: ...
    @property
    def n_doubtful(self) -> int: ...

    def frame(self) -> pl.DataFrame:
        """Return the labels that nobody has reviewed, the most doubtful first."""


@runtime_checkable
class KeyBindingsLike(Protocol):
    """Keys a person has chosen."""

    def get(self) -> dict[str, str]:
        """Return action, or "class:<name>" -> key."""

    def set(self, keys: Mapping[str, str]) -> None:
        """Keep these from now on."""


@runtime_checkable
class SessionLike(Protocol):
    """Facts a view draws, and the few things a hand on it does."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def annotator(self) -> str: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def task(self) -> Task: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def learns_classes(self) -> bool: ...
    @property
    def events(self) -> Signals: ...
    @property
    def label_index(self) -> Ints: ...
    @property
    def labels_per_minute(self) -> float: ...
    @property
    def head(self) -> str | None: ...
    @property
    def predictive(self) -> Predictive | None: ...
    @property
    def predictive_now(self) -> Predictive | None: ...
    @property
    def layout(self) -> Float: ...
    @property
    def layout_name(self) -> str: ...
    @property
    def cluster_index(self) -> Ints | None: ...
    @property
    def encoder_name(self) -> str: ...
    @property
    def accuracy(self) -> Estimate: ...
    @property
    def audit_predictions(self) -> AuditPredictions: ...
    @property
    def curve(self) -> list[CurvePoint]: ...
    @property
    def cv_scores(self) -> list[CVScores]: ...
    @property
    def encoder_comparison(self) -> EncoderComparison | None: ...
    @property
    def drift_points(self) -> list[DriftPoint]: ...
    @property
    def channel(self) -> ChannelLike: ...
    @property
    def review(self) -> ReviewLike: ...
    @property
    def review_channel(self) -> ChannelLike: ...
    @property
    def key_bindings(self) -> KeyBindingsLike: ...

    @property
    def selected_by(self) -> str: ...

    selected: list[str]

    def select(self, ids: Sequence[str], source: str) -> None:
        """Select items, and say what picked them."""

    def similar(self, id: str, k: int) -> Sequence[str]:
        """Return the items most like one, nearest first; any thread."""

    def value(self, id: str) -> Any | None:
        """Return the item's label now, or None; any thread."""

    def decision(self, id: str) -> Current | None:
        """Return what holds for an item now; any thread."""

    def is_asked(self, id: str) -> bool:
        """Check that an item is being asked; any thread."""

    def explain(self, id: str) -> Explanation:
        """Explain the answer an item gets."""

    def decide_together(self, kind: str, ids: Sequence[str], value: object, source: object) -> BulkReport:
        """Decide the same of items as one gesture; any thread."""

    def tags(self, id: str) -> Sequence[str]:
        """Return the tags of an item; any thread."""

    def tag_names(self, most: int) -> list[str]:
        """Return tags that items have, the most frequent first."""

    def tag_together(self, kind: str, ids: Sequence[str], tag: str, source: object) -> int:
        """Give items a tag or take it away, as one gesture; any thread."""

    def revert(self, kind: str) -> list[str]:
        """Take the last gesture back ("undo"), or bring it again ("redo"); any thread."""

    def add_class(self, name: str) -> str:
        """Add a class, return its name as it is stored; any thread."""

    def train(self) -> Job[TrainReport]:
        """Start training the heads, in the background."""

    def start_umap(self) -> None:
        """Compute UMAP in the background, once."""

    def start_clusters(self) -> None:
        """Look for the clusters of the map as it is, in the background."""

    def view(self, word: str) -> Any:
        """Return another view of the same session."""


def _view_data_is_like_a_session(data: ViewData) -> SessionLike:
    return data  # for the type checker
