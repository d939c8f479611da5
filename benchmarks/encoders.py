"""Whether labels choose the right encoder: ``python -m benchmarks.encoders [--sets bccd,ag_news] [--seeds 10]``.

Labels are drawn by chance, 10 to 160 of them.  At each count the session's rule chooses between the quick encoder, a
pretrained one and both side by side, from both on; beside it is the test accuracy of the graph over each.  A choice is
right where it is within .03 of the best of the three; it matters where best and worst differ by more than that.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np

from benchmarks._bands import half
from benchmarks._sets import AUTO, DATA, PRETRAINED, QUICK, is_there, load
from spin_nb.models.encoder_evidence import evidence, likeliest
from spin_nb.models.learner import Learner

COUNTS = (10, 20, 40, 80, 160)
FIRST_SEED = 3000
NEAR, MUST_BE_RIGHT = 0.03, 0.9
JUDGED_AT = 40


def accuracies(name: str, seed: int) -> tuple[list[dict[str, float]], list[str]]:
    """Test accuracy of the graph over each encoder's features, and the encoder chosen, at each count."""
    data = load(name, seed, AUTO)
    both = f"{QUICK} + {PRETRAINED[name]}"
    splits = {both: data, **data.alternatives}
    learners = {
        one: Learner(part.pool, *part.graph, part.n_classes, seed=seed) for one, part in splits.items()
    }
    order = np.random.default_rng(seed).permutation(len(data.y))
    choice, scores, choices = both, [], []
    for count in COUNTS:
        rows, y = order[:count], data.y[order[:count]]
        by_encoder = {one: evidence(learner, rows, y) for one, learner in learners.items()}
        choice = likeliest({one: fact for one, fact in by_encoder.items() if fact is not None}, choice)
        choices.append(choice)
        at_count = {}
        for one, learner in learners.items():
            learner.reset(rows, y)
            probs = learner.predict(splits[one].test, *splits[one].hood, "graph").mean
            at_count[one] = float(np.mean(probs.argmax(axis=1) == data.y_test))
        scores.append(at_count)
    return scores, choices


def report(name: str, seeds: range) -> list[bool]:
    """Print a set's table; return for each run at 40 labels that matters whether the choice was right."""
    runs = [accuracies(name, seed) for seed in seeds]
    print(f"\n{name}: graph, {len(seeds)} seeds from {seeds[0]}; accuracy ± half-width of 95 %")
    print(f"{'labels':<30}" + "".join(f"{count:>15}" for count in COUNTS))
    for one in runs[0][0][0]:
        table = np.array([[at_count[one] for at_count in scores] for scores, _ in runs])
        print(f"{one:<30}" + "".join(f"{column.mean():9.3f} ±{half(column):.3f}" for column in table.T))
    table = np.array([[at[one] for at, one in zip(*run, strict=True)] for run in runs])
    print(f"{'as chosen':<30}" + "".join(f"{column.mean():9.3f} ±{half(column):.3f}" for column in table.T))
    behind = np.array([[max(at.values()) - at[one] for at, one in zip(*run, strict=True)] for run in runs])
    gaps = np.array([[max(at.values()) - min(at.values()) for at in scores] for scores, _ in runs])
    n_moves = sum(before != after for _, choices in runs for before, after in itertools.pairwise(choices))
    at_judged = COUNTS.index(JUDGED_AT)
    matters = gaps[:, at_judged] > NEAR
    print(f"behind the best {behind.mean():.4f} on average; changes of mind a run {n_moves / len(runs):.1f}")
    return (behind[matters, at_judged] <= NEAR).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(PRETRAINED))
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    are_right: list[bool] = []
    for name in arguments.sets:
        if is_there(name):
            are_right += report(name, range(FIRST_SEED, FIRST_SEED + arguments.seeds))
        else:
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")
    if are_right:
        word = "reached" if np.mean(are_right) >= MUST_BE_RIGHT else "MISSED"
        share = f"{np.mean(are_right):.1%} of {len(are_right)} runs"
        print(f"\nright at {JUDGED_AT} labels where it matters: {share} (asked {MUST_BE_RIGHT:.0%}) {word}")


if __name__ == "__main__":
    main()
