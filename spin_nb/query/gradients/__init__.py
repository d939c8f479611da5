"""How far an item's label would move the weights: scores and batches from gradients that are never computed one by one.

For a linear last layer the gradient of a loss is (error at the output) x (features), so its norm, and distances between
gradients, follow from the two factors; the tests hold each against autograd.
"""

from spin_nb.query.gradients.badge import badge
from spin_nb.query.gradients.egl import egl, egl_regression
from spin_nb.query.gradients.egl_plus_plus import egl_plus_plus, egl_plus_plus_heatmaps
from spin_nb.query.gradients.heatmaps import head_gradient, multi_peak
from spin_nb.query.gradients.learning_loss import learning_loss, predicted_loss

__all__ = [
    "badge",
    "egl",
    "egl_plus_plus",
    "egl_plus_plus_heatmaps",
    "egl_regression",
    "head_gradient",
    "learning_loss",
    "multi_peak",
    "predicted_loss",
]
