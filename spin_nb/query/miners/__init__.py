"""Miners: scores of where an item lies, beside what is known or beside all others; no model is asked.

Each takes features of the pool and, apart from them, of a reference: what is known.  Unless given, that is the
labelled rows.  Higher = ask first, so every one is a word for ``s.ask``, a part of a mix (:mod:`spin_nb.query.mixed`)
and something to sort by.

==================  ====================================================  =========================
word                asks first                                            beside
==================  ====================================================  =========================
embedding_distance  what is far from everything known                     labelled rows, or given
novelty             what lies where known items are dense no more         labelled rows, or given
outlier             what lies apart from its own surroundings             the pool itself
similar             what is close to something known                      labelled rows, or given
activation          what the encoder answers weakly to                    nothing
==================  ====================================================  =========================

Vectors of another model or layer are other features: pass them.
"""

from spin_nb.query.miners.activation import activation
from spin_nb.query.miners.distance import embedding_distance, similar
from spin_nb.query.miners.local_outlier_factor import novelty, outlier

__all__ = ["activation", "embedding_distance", "novelty", "outlier", "similar"]
