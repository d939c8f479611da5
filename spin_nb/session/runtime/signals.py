"""What a session tells its views.  Emitted on the main thread only; a view answers by pulling a snapshot."""

from __future__ import annotations

from psygnal import Signal, SignalGroup


class Signals(SignalGroup):
    """Signals of one session (``s.events``)."""

    asked = Signal(tuple, description="item ids that were shown to be labelled")
    labelled = Signal(tuple, description="item ids whose label changed, undo included")
    tagged = Signal(tuple, description="item ids whose tags or note changed, undo included")
    classes = Signal(
        tuple, description="names in force, after classes were added, renamed, merged, split or retired"
    )
    suggested = Signal(int, description="number of items for which somebody just gave suggestions")
    doubted = Signal(int, description="number of labels that were just doubted, to be reviewed")
    training = Signal(object, description="handle of a training run that was queued")
    trained = Signal(object, description="TrainReport of the model now in place")
    layout = Signal(str, description='"pca" or "umap": the map\'s coordinates changed')
    watched = Signal(int, description="number of arrivals just scored")
    selection = Signal(tuple, description="item ids now selected")
    problem = Signal(str, description="something failed in the background; text for the person")


def text_of(error: BaseException) -> str:
    """One readable text of an error, whatever raised it."""
    return str(error) or type(error).__name__
