"""What every head says on the labels that were asked, beside logistic regression on the same labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks._bands import half
from benchmarks._logistic import choose_c, fit, predict, scale
from benchmarks._sets import Split
from spin_nb.models.learner import Learner
from spin_nb.types import Float, Ints

LOGISTIC = "logistic, C by cross-validation"
N_BINS = 15
MIN_PROBABILITY = 1e-4
"""Below which a class counts no less likely: logistic regression gives 0 to a class that has no label yet."""
COUNTS = (20, 40, 80, 160, 320)
COUNTS_JUDGED = (40, 80, 160)  # for probabilities; from the second on, confidence too
MAX_BEHIND, MAX_NLL_RATIO, MAX_ECE, MAX_GAP = 0.01, 1.05, 0.08, 0.05


@dataclass(frozen=True)
class Quality:
    """Accuracy; mean negative log-probability, nats; expected calibration error; mean confidence less accuracy."""

    accuracy: float
    nll: float
    ece: float
    gap: float


def probabilities(learner: Learner, data: Split) -> dict[str, Float]:
    """Class probabilities (n, C) of the test part, by head; the one shown is there once more as "shown"."""
    asked: dict[str, str | None] = {"shown": None, **{head: head for head in sorted(learner.heads)}}
    return {name: learner.predict(data.test, *data.hood, head).mean for name, head in asked.items()}


def qualities(learner: Learner, data: Split) -> dict[str, Quality]:
    """Measure every head, and logistic regression on the same labels."""
    rows, y = np.asarray(learner.graph.rows), np.asarray(learner.graph.y)
    pool, test = scale(data.pool, data.test)
    model = fit(pool[rows], y, choose_c(pool[rows], y))
    probs = {**probabilities(learner, data), LOGISTIC: predict(model, test, data.n_classes)}
    return {name: quality(p, data.y_test) for name, p in probs.items()}


def quality(probs: Float, y: Ints) -> Quality:
    """Measure probabilities (n, C) against class indices (n,).

    Examples
    --------
    >>> quality(np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1])).gap
    0.2
    """
    right, confidence = probs.argmax(axis=1) == y, probs.max(axis=1)
    nll = -np.log(np.maximum(probs[np.arange(len(y)), y], MIN_PROBABILITY))
    gap = float(confidence.mean() - right.mean())
    return Quality(
        float(right.mean()), float(nll.mean()), calibration_error(confidence, right), round(gap, 12)
    )


def calibration_error(confidence: Float, right: Ints) -> float:
    """Mean distance between confidence and accuracy over 15 bins of as many items each."""
    order = np.argsort(confidence, kind="stable")
    bins = [rows for rows in np.array_split(order, N_BINS) if len(rows)]
    distances = [abs(float(confidence[rows].mean() - right[rows].mean())) for rows in bins]
    return float(np.average(distances, weights=[len(rows) for rows in bins]))


def report_heads(name: str, counts: tuple[int, ...], runs: list[list[dict[str, Quality]]]) -> list[str]:
    """Print a set's table of heads, means over seeds; return what is missed.

    ``runs`` has a list a seed with the qualities at each of ``counts``.
    """
    print(f"\n{name}: heads on the labels that auto asked, {len(runs)} seeds; accuracy ± half-width of 95 %")
    print(f"{'labels':>6}  {'head':<33}{'seeds':>5}{'accuracy':>16}{'NLL':>8}{'ECE':>8}{'conf - acc':>12}")
    misses = []
    for at, count in enumerate(counts):
        table = _by_head([run[at] for run in runs])
        for head, values in table.items():
            mean = values.mean(axis=0)
            print(
                f"{count:>6}  {head:<33}{len(values):>5}{mean[0]:>8.3f} ±{half(values[:, 0]):.3f}"
                f"{mean[1]:>8.3f}{mean[2]:>8.3f}{mean[3]:>+12.3f}"
            )
        misses += [f"{name} at {count}: {miss}" for miss in judge(count, table, len(runs))]
    return misses


def judge(count: int, table: dict[str, Float], n_seeds: int) -> list[str]:
    """Say where what is shown falls short; heads that some seeds lack take no part."""
    means = {head: values.mean(axis=0) for head, values in table.items() if len(values) == n_seeds}
    accuracy, nll, ece, gap = means["shown"]
    best = max(means, key=lambda head: means[head][0])
    misses = []
    if accuracy < means[best][0] - MAX_BEHIND:
        misses.append(f"shown {accuracy:.3f}, {best} {means[best][0]:.3f}")
    if count not in COUNTS_JUDGED:
        return misses
    _, other_nll, other_ece, _ = means[LOGISTIC]
    if nll > MAX_NLL_RATIO * other_nll:
        misses.append(f"NLL {nll:.3f}, logistic {other_nll:.3f}")
    if ece > max(MAX_ECE, other_ece):
        misses.append(f"ECE {ece:.3f}, logistic {other_ece:.3f}")
    if count >= COUNTS_JUDGED[1] and abs(gap) > MAX_GAP:
        misses.append(f"mean confidence less accuracy {gap:+.3f}")
    return misses


def _by_head(runs: list[dict[str, Quality]]) -> dict[str, Float]:
    """Qualities (seeds that have it, 4) of each head."""
    heads = dict.fromkeys(head for run in runs for head in run)
    return {
        head: np.array([[q.accuracy, q.nll, q.ece, q.gap] for run in runs if (q := run.get(head))])
        for head in heads
    }
