"""Posteriors over class scores, in closed form or by drawing networks, and what they say: arrays in, arrays out."""

from spin_nb.bayes.basis import GraphBasis, graph_basis
from spin_nb.bayes.committee import Committee
from spin_nb.bayes.dropout import MCDropout, dropout_predictive
from spin_nb.bayes.ensemble import Ensemble
from spin_nb.bayes.graph import GraphPosterior, LiveGraph
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.bayes.laplace_torch import LaplaceAll, LaplaceSubnet
from spin_nb.bayes.linear_regression import LastLayerRegression, RegressionPredictive
from spin_nb.bayes.mixture import mixture, stacking_powers
from spin_nb.bayes.predictive import RowsPredictive, decompose, entropy
from spin_nb.bayes.trees import Trees

__all__ = [
    "Committee",
    "Ensemble",
    "GraphBasis",
    "GraphPosterior",
    "LaplaceAll",
    "LaplaceSubnet",
    "LastLayerLaplace",
    "LastLayerRegression",
    "LiveGraph",
    "MCDropout",
    "RegressionPredictive",
    "RowsPredictive",
    "Trees",
    "decompose",
    "dropout_predictive",
    "entropy",
    "graph_basis",
    "mixture",
    "stacking_powers",
]
