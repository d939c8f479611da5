"""What survives a crash: the project folder, its SQLite store, and the fold from events to current labels."""

from spin_nb.project.fold import Current, State, fold, last_redoable, last_undoable
from spin_nb.project.records import Ask, Event, Gap, Model, NewAsk, NewEvent, NewItem, Run
from spin_nb.project.store import Store

__all__ = [
    "Ask",
    "Current",
    "Event",
    "Gap",
    "Model",
    "NewAsk",
    "NewEvent",
    "NewItem",
    "Run",
    "State",
    "Store",
    "fold",
    "last_redoable",
    "last_undoable",
]
