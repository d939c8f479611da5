"""How far out a number of a table may lie: what the encoder of columns and its graph both hold to."""

from __future__ import annotations

LINEAR_RANGE = 5.0
"""Robust standard deviations from the median up to which a number is taken as it is."""
LARGEST = 1e30
"""Robust standard deviations; more is taken for so many."""
