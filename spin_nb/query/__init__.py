"""Which items to ask: scores, and strategies that pick by them with a known probability."""

from spin_nb.query.auto import auto
from spin_nb.query.batches.balanced import class_balanced
from spin_nb.query.batches.batchbald import batchbald
from spin_nb.query.batches.clue import clue
from spin_nb.query.batches.contrastive import contrastive
from spin_nb.query.batches.dcom import dcom
from spin_nb.query.batches.discriminative import discriminative
from spin_nb.query.batches.diversify import diverse, diversify
from spin_nb.query.batches.drop_query import drop_query
from spin_nb.query.batches.falcun import falcun
from spin_nb.query.batches.kcenter import kcenter
from spin_nb.query.batches.kmeans import kmeans_pp
from spin_nb.query.batches.max_herding import max_herding
from spin_nb.query.batches.power import gibbs, power, power_bald, softrank
from spin_nb.query.batches.probcover import probcover
from spin_nb.query.batches.ranked import ranked_batch
from spin_nb.query.batches.typiclust import typiclust
from spin_nb.query.batches.uniform import uniform
from spin_nb.query.density import density
from spin_nb.query.disagreement import (
    bald,
    consensus_entropy,
    mean_kl,
    variation_ratio,
    vote_entropy,
    zero_one,
)
from spin_nb.query.epig import epig, expected_error
from spin_nb.query.gradients import (
    badge,
    egl,
    egl_plus_plus,
    egl_plus_plus_heatmaps,
    egl_regression,
    head_gradient,
    learning_loss,
    multi_peak,
    predicted_loss,
)
from spin_nb.query.graph import model_change, sigma_opt, vopt
from spin_nb.query.miners import activation, embedding_distance, novelty, outlier, similar
from spin_nb.query.miners.most_similar import most_similar
from spin_nb.query.mixed import best_then, per_cost, phases, product, weighted
from spin_nb.query.mixture import epsilon_greedy
from spin_nb.query.regression import mean_std, variance
from spin_nb.query.scores import entropy, least_confident, margin
from spin_nb.types import Picked

__all__ = [
    "Picked",
    "activation",
    "auto",
    "badge",
    "bald",
    "batchbald",
    "best_then",
    "class_balanced",
    "clue",
    "consensus_entropy",
    "contrastive",
    "dcom",
    "density",
    "discriminative",
    "diverse",
    "diversify",
    "drop_query",
    "egl",
    "egl_plus_plus",
    "egl_plus_plus_heatmaps",
    "egl_regression",
    "embedding_distance",
    "entropy",
    "epig",
    "epsilon_greedy",
    "expected_error",
    "falcun",
    "gibbs",
    "head_gradient",
    "kcenter",
    "kmeans_pp",
    "learning_loss",
    "least_confident",
    "margin",
    "max_herding",
    "mean_kl",
    "mean_std",
    "model_change",
    "most_similar",
    "multi_peak",
    "novelty",
    "outlier",
    "per_cost",
    "phases",
    "power",
    "power_bald",
    "predicted_loss",
    "probcover",
    "product",
    "ranked_batch",
    "sigma_opt",
    "similar",
    "softrank",
    "typiclust",
    "uniform",
    "variance",
    "variation_ratio",
    "vopt",
    "vote_entropy",
    "weighted",
    "zero_one",
]
