"""Mixed strategies: several in one, each a word, a score or a batch of your own, or a mix again.

================================================================  ===================================================
mix                                                               asks
================================================================  ===================================================
``weighted({"margin": 1, "novelty": 0.5})``                       what ranks high in the weighted sum
``product("margin", "density")``                                  what ranks high in all
``per_cost("bald", minutes)``                                     what teaches most for its cost
``best_then("margin", 500, "kcenter")``                           a batch from the best of a score
``phases([(50, "typiclust"), (None, "margin")])``                 by one, then by another
================================================================  ===================================================

Each returns a function whose parameters are those of its parts, by name: ``s.ask(8, strategy=...)`` gives it what it
names.  A mix of scores is a score; the session draws from it with a share of uniform picks, as from any, so each pick's
probability ``q`` is right.
"""

from spin_nb.query.mixed.scores import per_cost, product, weighted
from spin_nb.query.mixed.steps import best_then, phases

__all__ = ["best_then", "per_cost", "phases", "product", "weighted"]
