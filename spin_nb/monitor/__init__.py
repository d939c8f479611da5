"""Is the model as good as it seems, and is the world still the one it learnt?  Arrays in, numbers out."""

from spin_nb.monitor.audit import audited_accuracy, wilson
from spin_nb.monitor.curves import CurvePoint, ece, labels_per_minute, nll
from spin_nb.monitor.drift import DriftMonitor, DriftPoint, adwin

__all__ = [
    "CurvePoint",
    "DriftMonitor",
    "DriftPoint",
    "adwin",
    "audited_accuracy",
    "ece",
    "labels_per_minute",
    "nll",
    "wilson",
]
