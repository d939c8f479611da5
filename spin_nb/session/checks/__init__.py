"""Checks of a project on disk: is it whole, is the pool its own, what has a kill left undone."""
