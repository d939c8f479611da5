"""The map of a pool, and the panel beside it."""
