"""Posteriors over class scores, closed form or nearly so, and what they say: arrays in, arrays out."""

from spin_nb.bayes.basis import GraphBasis, graph_basis
from spin_nb.bayes.graph import GraphPosterior, LiveGraph
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.bayes.predictive import RowsPredictive, averaged, decompose, entropy

__all__ = [
    "GraphBasis",
    "GraphPosterior",
    "LastLayerLaplace",
    "LiveGraph",
    "RowsPredictive",
    "averaged",
    "decompose",
    "entropy",
    "graph_basis",
]
