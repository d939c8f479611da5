"""What survives a crash: the project folder, its SQLite store, and the fold from events to current labels."""

from spin_nb.project.fold import Current, State, fold, last_redoable, last_undoable
from spin_nb.project.records import Ask, Event, Model, NewAsk, NewEvent, NewItem, Run, SequenceGapError
from spin_nb.project.store import Store

__all__ = [
    "Ask",
    "Current",
    "Event",
    "Model",
    "NewAsk",
    "NewEvent",
    "NewItem",
    "Run",
    "SequenceGapError",
    "State",
    "Store",
    "fold",
    "last_redoable",
    "last_undoable",
]
