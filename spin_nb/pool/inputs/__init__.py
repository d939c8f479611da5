"""Loaded items as the arrays that a network or an encoder takes."""
