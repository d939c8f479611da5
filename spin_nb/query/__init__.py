"""Which items to ask: scores, and strategies that pick by them with a known probability."""

from spin_nb.query.auto import auto
from spin_nb.query.mixture import mixed
from spin_nb.query.scores import bald, entropy, least_confident, margin
from spin_nb.query.strategies import ask_bald, ask_entropy, ask_margin, ask_random

__all__ = [
    "ask_bald",
    "ask_entropy",
    "ask_margin",
    "ask_random",
    "auto",
    "bald",
    "entropy",
    "least_confident",
    "margin",
    "mixed",
]
