"""What a label is: the values a person may give an item."""

from spin_nb.tasks.classes import Classes

__all__ = ["Classes"]
