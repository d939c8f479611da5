"""A committee of decision trees: for tables, where thresholds and pairs of columns matter and the rare class is small.

Trees split on single columns and on sums and differences of two: a boundary such as "torque too high for the speed"
is then one split instead of a staircase.

References
----------
Breiman (2001), *Random forests*: bootstrap samples, random columns at each split, linear combinations of columns
(Forest-RC, section 5), and the out-of-bag labels as the held-out ones (section 3.1).
Provost & Domingos (2003), *Tree induction for probability-based ranking*: smoothed leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._arrays import Arrays, pack_words, unpack_words
from spin_nb.bayes._checks import check_count, check_features, check_training_labels
from spin_nb.bayes.functions import Functions, FunctionsPredictive, member_order
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.types import Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

MAX_PAIRS = 64  # pairs of columns that are added up and subtracted: all of them up to eleven columns
COLUMNS_PER_SPLIT = 20  # columns looked at in each split
PSEUDO_LABELS_PER_LEAF = 1.0  # labels that every leaf is given, in the classes' shares


class Trees:
    """A forest whose every draw is a tree.

    Each is grown on its own bootstrap sample of the labels.

    Parameters
    ----------
    n_members : int
        Trees, at least two.
    seed : int

    Attributes
    ----------
    held_out : float32 (m, C) or None
        Of the labels it was fitted to, what the trees say that did not see them; None after :meth:`from_arrays`.

    Raises
    ------
    ModelError
        Fewer than two trees.

    Examples
    --------
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> posterior = Trees(n_members=20).fit(x, np.array([0, 0, 1, 1]), n_classes=2)
    >>> posterior.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    validation = "folds"
    asks_by = "margin"

    def __init__(self, n_members: int = 100, *, seed: int = 0) -> None:
        check_count(n_members, 2, "the trees of a forest", "Use two or more, for example 100.")
        check_count(seed, 0, "the seed of a forest", "Use a whole number, 0 or more.")
        self.n_members, self.seed = n_members, seed
        self.held_out: Float | None = None
        self._forest: Arrays = {}

    def fit(
        self, features: Float, y: Ints, *, n_classes: int, weights: NDArray[np.float64] | None = None
    ) -> Trees:
        """Grow the trees on features (m, d) and class indices (m,).

        Classes without a label are allowed.  ``weights`` (m,) says how many labels each row counts as, one
        without.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit.
        """
        from sklearn.ensemble import RandomForestClassifier

        features = check_features(features)
        y = check_training_labels(y, features, n_classes)
        spread = features.std(axis=0, dtype=np.float64)
        columns = {
            "scale": 1 / np.where(spread > 0, spread, 1),
            "pairs": _pairs(features.shape[1], self.seed),
        }
        x = _columns(features, columns)
        model = RandomForestClassifier(
            self.n_members, max_features=min(COLUMNS_PER_SPLIT, x.shape[1]), random_state=self.seed % 2**32
        )
        model.fit(x, y, sample_weight=weights)
        counts = np.bincount(y, weights, minlength=n_classes).astype(np.float64)
        label_counts = np.concatenate([member.tree_.weighted_n_node_samples for member in model.estimators_])
        self._forest = columns | _nodes_of(model, label_counts[:, None], _shares(counts).astype(np.float32))
        # Without itself: where labels are few, that a class has one at all would tell most about it.
        own = np.zeros((len(y), n_classes))
        own[np.arange(len(y)), y] = 1 if weights is None else weights
        shares_without = _shares(np.maximum(counts - own, 0))
        leaves = _leaves(x, self._forest)
        pseudo_part = (PSEUDO_LABELS_PER_LEAF / (label_counts + PSEUDO_LABELS_PER_LEAF)).astype(np.float32)
        is_unseen = _is_unseen(leaves.shape, model.estimators_samples_)
        probs = _out_of_bag(self._forest["probs"][leaves], is_unseen)
        share_of_pseudo = _out_of_bag(pseudo_part[leaves, None], is_unseen)
        without = probs + share_of_pseudo * (shares_without - _shares(counts))
        is_never_held_out = ~np.any(is_unseen, axis=0, keepdims=True).T
        self.held_out = np.where(is_never_held_out, shares_without, without).astype(np.float32)
        return self

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over features (m, d): its draws are trees.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; features of another width, NaN or infinite.
        """
        forest = self._require_forest()
        features = check_features(features, width=len(forest["scale"]))

        def every(x: Float) -> Float:
            return np.log(_leaf_probs(_columns(x, forest), forest))

        def draw(S: int, seed: int) -> Functions:
            indices, turn = np.unique(member_order(len(forest["roots"]), S, seed), return_inverse=True)
            some = forest | {"roots": forest["roots"][indices]}
            return lambda x: np.log(_leaf_probs(_columns(x, some), some))[turn]

        return FunctionsPredictive(features, every, draw)

    def to_arrays(self) -> Arrays:
        """Everything :meth:`from_arrays` needs, by name.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        return pack_words(seed=self.seed) | self._require_forest()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Trees:
        """Rebuild from :meth:`to_arrays`; predictions are identical.

        Raises
        ------
        ModelError
            They are no trees: a child that comes before its parent, a column that is not there.
        """
        forest = {name: array for name, array in arrays.items() if name != "words"}
        try:
            sound = _sound(forest)
            trees = cls(len(forest["roots"]), seed=unpack_words(arrays)["seed"])
        except ModelError:
            raise
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(
                f"these arrays are no trees: {shown(error)}.", "Train again: s.train()."
            ) from error
        if not sound:
            raise ModelError("these arrays are no trees.", "Train again: s.train().")
        trees._forest = forest
        return trees

    def _require_forest(self) -> Arrays:
        if not self._forest:
            raise NotTrainedError("these trees have not been grown.", "Call fit(features, y, n_classes=C).")
        return self._forest


def _pairs(d: int, seed: int) -> Ints:
    """Columns to combine (2, p): every pair, or :data:`MAX_PAIRS` of them."""
    first, second = np.triu_indices(d, 1)
    if len(first) > MAX_PAIRS:
        some = np.sort(np.random.default_rng(seed).choice(len(first), MAX_PAIRS, replace=False))
        first, second = first[some], second[some]
    return np.stack([first, second])


def _columns(x: Float, forest: Arrays) -> Float:
    x_scaled = (x * forest["scale"]).astype(np.float32)  # float64: a column may be of any size
    first, second = x_scaled[:, forest["pairs"][0]], x_scaled[:, forest["pairs"][1]]
    return np.concatenate([x_scaled, first + second, first - second], axis=1)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The classes' shares of labels (..., C); of one that has none some."""
    return (counts + 1 / counts.shape[-1]) / (counts.sum(axis=-1, keepdims=True) + 1)


def _nodes_of(model: RandomForestClassifier, label_counts: NDArray[np.float64], share: Float) -> Arrays:
    """All trees as one list of nodes; a leaf is its own child."""
    trees = [member.tree_ for member in model.estimators_]
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.cumsum(sizes) - sizes
    left = np.concatenate([tree.children_left for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    nodes, offset = np.arange(len(left)), np.repeat(roots, sizes)
    leaf = left < 0
    probs = np.zeros((len(left), len(share)), np.float32)
    probs[:, model.classes_] = np.concatenate([tree.value[:, 0] for tree in trees])
    total = probs * label_counts + PSEUDO_LABELS_PER_LEAF * share
    return {
        "roots": roots.astype(np.int32),
        "children": np.where(leaf, nodes, np.stack([left, right]) + offset).astype(np.int32),
        "column": np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "probs": (total / (label_counts + PSEUDO_LABELS_PER_LEAF)).astype(np.float32),
    }


def _leaf_probs(x: Float, forest: Arrays) -> Float:
    """Class probabilities (trees, n, C) of combined columns (n, D)."""
    probs: Float = forest["probs"][_leaves(x, forest)]
    return probs


def _leaves(x: Float, forest: Arrays) -> Ints:
    """Nodes (trees, n) at which combined columns (n, D) end."""
    children, column, threshold = forest["children"], forest["column"], forest["threshold"]
    n, width = x.shape
    node = np.repeat(forest["roots"], n)
    at = np.tile(np.arange(n, dtype=np.int64) * width, len(forest["roots"]))
    flat = np.ascontiguousarray(x).ravel()
    walking = np.arange(len(node))
    while len(walking):
        here = node[walking]
        right = flat[at[walking] + column[here]] > threshold[here]
        there = children[right.view(np.int8), here]
        node[walking] = there
        walking = walking[there != here]
    leaves: Ints = node.reshape(len(forest["roots"]), n)
    return leaves


def _is_unseen(shape: tuple[int, ...], samples: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Mask (trees, n) of the labels that a tree did not see."""
    is_unseen = np.ones(shape, bool)
    for tree, rows in enumerate(samples):
        is_unseen[tree, rows] = False
    return is_unseen


def _out_of_bag(values: NDArray[Any], is_unseen: NDArray[np.bool_]) -> Float:
    """Mean of values (trees, n, C) over the trees that did not see a label, 0 where all did."""
    total = np.einsum("tn,tnc->nc", is_unseen.astype(np.float32), values)
    mean: Float = total / np.maximum(is_unseen.sum(axis=0), 1).astype(np.float32)[:, None]
    return mean


def _sound(forest: Arrays) -> bool:
    """True where every walk ends at a leaf, and every leaf holds probabilities."""
    children, pairs, d = forest["children"], forest["pairs"], len(forest["scale"])
    n, nodes = len(forest["column"]), np.arange(len(forest["column"]))
    return (
        children.shape == (2, n)
        and pairs.shape == (2, pairs.shape[-1])
        and len(forest["threshold"]) == len(forest["probs"]) == n
        and bool(((children >= nodes) & (children < n)).all())
        and bool(((children[0] == nodes) == (children[1] == nodes)).all())
        and _inside(forest["roots"], n)
        and _inside(forest["column"], d + 2 * pairs.shape[1])
        and _inside(pairs, d)
        and bool(np.isfinite(forest["scale"]).all() and np.isfinite(forest["threshold"]).all())
        and forest["probs"].shape[1] > 1
        and bool((forest["probs"] > 0).all() and (np.abs(forest["probs"].sum(axis=1) - 1) < 1e-4).all())
    )


def _inside(numbers: NDArray[Any], n: int) -> bool:
    return numbers.dtype.kind == "i" and bool(((numbers >= 0) & (numbers < n)).all())
