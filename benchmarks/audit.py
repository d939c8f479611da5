"""May one watch the band?  ``python -m benchmarks.audit [--sets digits,fashion] [--runs 500] [--draws 200]``.

Of each set a logistic regression learns a part, by chance; its errors on the rest are to be estimated from audits, one
after another.  A run is wrong if the band does not hold the true error after *every* draw from the tenth on: so it is
fair to whoever stops when the band is narrow, or above a target.

"watched" is :func:`spin_nb.monitor.risk_band`: audits by :func:`~spin_nb.monitor.draw_audits`, the model's own doubt
as the proxy.  "watched, uniform": the same with uniform audits.  Wilson's interval and the PPI++ interval (uniform
audits, the model's doubt as what predicts, normal limits: Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453) hold
for one look.  Width: mean at the last draw, as a ratio to Wilson's.  Labels saved: mean squared error of the plain mean
of uniform audits divided by the method's, at 50, 100 and the last draw: as many times more labels those need.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks._logistic import choose_c, fit, predict, scale
from benchmarks._sets import is_there, load
from spin_nb.monitor import draw_audits, risk_band, risk_estimates, uniform_draws
from spin_nb.types import Float

SETS = {
    "digits": (40, 400),
    "sign_digits": (100, 400),
    "fashion": (100, 1000),
    "ag_news": (200, 2000),
    "bccd": (30, 200),
}
"""Set -> labels that the model learns from: few, and many."""
FIRST_LOOK = 10
Z = 1.959964


@dataclass(frozen=True, eq=False)
class Problem:
    """Errors and doubt of a model on items that it has not learnt from, (N,) each."""

    errors: Float
    doubt: Float


def problem(name: str, n_labels: int, seed: int = 0) -> Problem:
    """Train on ``n_labels`` of the set, by chance; the rest is the pool."""
    split = load(name, seed)
    rng = np.random.default_rng(seed)
    x, y = scale(split.pool)[0], split.y
    order = rng.permutation(len(y))
    learnt, rest = order[:n_labels], order[n_labels:]
    model = fit(x[learnt], y[learnt], choose_c(x[learnt], y[learnt]))
    probs = predict(model, x[rest], split.n_classes).astype(np.float64)
    errors = (probs.argmax(axis=1) != y[rest]).astype(np.float64)
    return Problem(errors, np.clip(1 - probs.max(axis=1), 0, 1))


def wilson_bands(errors: Float) -> tuple[Float, Float]:
    """Wilson's interval after each of ``n`` errors."""
    n = np.arange(1, len(errors) + 1)
    share = np.cumsum(errors) / n
    scale_, centre = 1 + Z * Z / n, share + Z * Z / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return (centre - half) / scale_, (centre + half) / scale_


def ppi_bands(errors: Float, doubt: Float, all_doubt: Float) -> tuple[Float, Float]:
    """PPI++ interval after each of ``n`` uniform draws."""
    n = np.arange(1, len(errors) + 1)

    def moment(values: Float) -> Float:
        return np.cumsum(values) / n

    mean_e, mean_g = moment(errors), moment(doubt)
    cov = moment(errors * doubt) - mean_e * mean_g
    beta = cov / ((1 + n / len(all_doubt)) * max(float(all_doubt.var()), 1e-12))
    centre = mean_e - beta * (mean_g - all_doubt.mean())
    var_g = moment(doubt**2) - mean_g**2
    spread = np.maximum(moment(errors**2) - mean_e**2 - 2 * beta * cov + beta**2 * var_g, 0)
    half = Z * np.sqrt(spread / n + beta**2 * all_doubt.var() / len(all_doubt))
    return centre - half, centre + half


def measure(case: Problem, n_runs: int, n_draws: int) -> list[str]:
    """Rows of the table, one a method."""
    truth, n = float(case.errors.mean()), min(n_draws, len(case.errors))
    looks = [at for at in (50, 100, n) if at <= n]
    methods = ("watched", "watched, uniform", "Wilson", "PPI++")
    held = dict.fromkeys(methods, 0)
    widths: dict[str, list[float]] = {name: [] for name in methods}
    squares: dict[str, list[Float]] = {name: [] for name in methods[:3]}
    for seed in range(n_runs):
        weighted = draw_audits(case.doubt, n, seed=seed)
        evenly = uniform_draws(
            np.random.default_rng(seed).permutation(len(case.errors))[:n], len(case.errors)
        )
        some, e = case.errors[weighted.rows], case.errors[evenly.rows]
        bands = {
            "watched": risk_band(weighted, some, case.doubt),
            "watched, uniform": risk_band(evenly, e, case.doubt),
            "Wilson": wilson_bands(e),
            "PPI++": ppi_bands(e, case.doubt[evenly.rows], case.doubt),
        }
        points = {
            "watched": risk_estimates(weighted, some, case.doubt),
            "watched, uniform": risk_estimates(evenly, e, case.doubt),
            "Wilson": np.cumsum(e) / np.arange(1, n + 1),
        }
        for name, (low, high) in bands.items():
            is_right = (low <= truth + 1e-12) & (truth - 1e-12 <= high)
            held[name] += bool(is_right[FIRST_LOOK - 1 :].all())
            widths[name].append(float(high[-1] - low[-1]))
        for name, values in points.items():
            squares[name].append((values[np.array(looks) - 1] - truth) ** 2)
    plain = np.mean(squares["Wilson"], axis=0)
    rows = []
    for name in methods:
        ratio = np.mean(widths[name]) / np.mean(widths["Wilson"])
        saved = plain / np.maximum(np.mean(squares[name], axis=0), 1e-12) if name in squares else []
        gains = " / ".join(f"{gain:.2f}" for gain in saved)
        rows.append(f"  {name:18s}{held[name] / n_runs:10.3f}{ratio:12.2f}    {gains}")
    return rows


def main() -> None:
    """Print a table for every set and both models."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--draws", type=int, default=200)
    args = parser.parse_args()
    for name in args.sets.split(","):
        if not is_there(name):
            print(f"{name}: not there; set SPIN_DATA_DIR")
            continue
        for n_labels in SETS[name]:
            case = problem(name, n_labels)
            print(
                f"\n{name}, {n_labels} labels: {len(case.errors):,} items, error {case.errors.mean():.3f}, "
                f"expected by the model {case.doubt.mean():.3f}; {args.runs} runs of {args.draws} draws"
            )
            print(f"  {'':18s}{'coverage':>10s}{'x Wilson':>12s}    labels saved at 50 / 100 / {args.draws}")
            print("\n".join(measure(case, args.runs, args.draws)), flush=True)


if __name__ == "__main__":
    main()
