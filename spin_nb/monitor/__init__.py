"""Is the model as good as it seems, and is the world still the one it learnt?  Arrays in, numbers out."""

from spin_nb.monitor.audit import audited_accuracy, wilson
from spin_nb.monitor.calibration import (
    Reliability,
    adaptive_ece,
    brier,
    classwise_ece,
    ece,
    nll,
    reliability,
)
from spin_nb.monitor.confidence_sequence import Terms, betting_band
from spin_nb.monitor.conformal import (
    audits_needed,
    class_scores,
    conformal_intervals,
    conformal_sets,
    conformal_threshold,
)
from spin_nb.monitor.curves import CurvePoint, labels_per_minute
from spin_nb.monitor.drift import DriftMonitor, DriftPoint, adwin
from spin_nb.monitor.e_detector import Alarm, EDetector, items_to_alarm, reference_of
from spin_nb.monitor.evaluate_drift import DriftScores, EveryHundred, evaluate_drift
from spin_nb.monitor.headline import Headline, Measure, headline
from spin_nb.monitor.regression import crps, interval_coverage
from spin_nb.monitor.risk import Draws, draw_audits, risk_band, risk_estimates, risk_terms, uniform_draws
from spin_nb.monitor.selective import Separation, aurc, misclassification, risk_coverage, separation
from spin_nb.monitor.temperature import apply_temperature, inverse_temperature, temperature

__all__ = [
    "Alarm",
    "CurvePoint",
    "Draws",
    "DriftMonitor",
    "DriftPoint",
    "DriftScores",
    "EDetector",
    "EveryHundred",
    "Headline",
    "Measure",
    "Reliability",
    "Separation",
    "Terms",
    "adaptive_ece",
    "adwin",
    "apply_temperature",
    "audited_accuracy",
    "audits_needed",
    "aurc",
    "betting_band",
    "brier",
    "class_scores",
    "classwise_ece",
    "conformal_intervals",
    "conformal_sets",
    "conformal_threshold",
    "crps",
    "draw_audits",
    "ece",
    "evaluate_drift",
    "headline",
    "interval_coverage",
    "inverse_temperature",
    "items_to_alarm",
    "labels_per_minute",
    "misclassification",
    "nll",
    "reference_of",
    "reliability",
    "risk_band",
    "risk_coverage",
    "risk_estimates",
    "risk_terms",
    "separation",
    "temperature",
    "uniform_draws",
    "wilson",
]
