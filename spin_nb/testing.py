"""The contracts of :mod:`spin_nb.protocols` as checks that anyone's part must pass.

Each ``check_*`` raises ``AssertionError`` with the broken promise, or returns None.

>>> from spin_nb.testing import check_strategy
>>> from spin_nb.registry import resolve
>>> check_strategy(resolve("strategy", "entropy"))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import SpinError
from spin_nb.protocols import DriftDetector, Modality, Model, Posterior, Predictive, Task, wants
from spin_nb.types import ExportReport, Extent, Float, Ints, Picked, Shown


def _blobs(n: int = 60, d: int = 5, C: int = 3, seed: int = 0) -> tuple[Float, Ints]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % C
    x = rng.standard_normal((n, d)) * 0.5
    x[np.arange(n), y] += 2
    return x.astype(np.float32), y.astype(np.int64)


def _pictures(n: int = 60, side: int = 8) -> tuple[Float, Ints]:
    rng, half = np.random.default_rng(0), side // 2
    y = np.arange(n) % 3
    x = rng.normal(0, 0.1, (n, 1, side, side)).astype(np.float32)
    for c, (top, left) in enumerate([(0, 0), (half, 0), (0, half)]):
        x[y == c, 0, top : top + half, left : left + half] += 0.8
    return x, y.astype(np.int64)


def check_posterior(make: Callable[[], Any]) -> None:
    """Check the contract of a posterior.

    It covers shapes, dtypes, joint draws, sensible answers, refused input; what it keeps as arrays, if it
    does.

    Parameters
    ----------
    make : callable
        Returns a fresh, unfitted posterior.
    """
    x, y = _blobs()
    posterior = make()
    assert isinstance(posterior, Posterior), "a posterior needs fit and predict"
    predictive = posterior.fit(x, y, n_classes=4).predict(x)
    check_predictive(predictive, len(x), 4)
    assert (predictive.mean.argmax(1) == y).mean() > 0.9, "three separate clusters must be told apart"
    _check_capabilities(posterior)
    _check_arrays(posterior, predictive, x)
    one = make().fit(x[:1], y[:1], n_classes=3).predict(x)
    check_predictive(one, len(x), 3)
    few, many = (make().fit(x[:k], y[:k], n_classes=3).predict(x[30:]) for k in (3, 60))
    assert many.epistemic.mean() < few.epistemic.mean(), "more labels must leave less epistemic uncertainty"
    for bad in (np.full_like(x, np.nan), x[:, :2]):
        _check_refusal(lambda bad=bad: make().fit(x, y, n_classes=3).predict(bad))  # type: ignore[misc]
    _check_refusal(lambda: make().fit(x, y + 5, n_classes=3))
    _check_refusal(lambda: make().fit(np.full_like(x, np.inf), y, n_classes=3))


def _check_capabilities(model: object) -> None:
    """Check the words by which it is judged and asked."""
    validation, asks_by = getattr(model, "validation", "holdout"), getattr(model, "asks_by", "variance")
    assert validation in ("loo", "folds", "holdout"), f"{validation!r} is not loo, folds or holdout"
    assert asks_by in ("variance", "margin"), f"{asks_by!r} is not variance or margin"


def _check_arrays(posterior: Any, predictive: Predictive, x: Float) -> None:
    """From plain arrays it answers exactly as before.

    A posterior without ``to_arrays`` is fitted again instead.
    """
    if not hasattr(posterior, "to_arrays"):
        return
    arrays = posterior.to_arrays()
    plain = all(isinstance(a, np.ndarray) and a.dtype.kind in "biuf" for a in arrays.values())
    assert plain, "to_arrays() gives arrays of numbers by name: nothing is kept by pickle"
    arrays_in_c_order = {name: np.array(array, order="C") for name, array in arrays.items()}
    again = type(posterior).from_arrays(arrays_in_c_order).predict(x)
    assert np.array_equal(again.mean, predictive.mean), "restored, it gives the same mean"
    rows = np.arange(len(x))
    assert np.array_equal(again.draws(rows, 5, 3), predictive.draws(rows, 5, 3)), "and the same draws"


def check_model(
    make: Callable[[], Any], x: Float | None = None, y: Ints | None = None, *, n_classes: int = 4
) -> None:
    """Check the contract of a model.

    It must begin anew at every fit, keep what it has until the next succeeds, and answer alike in every call.

    Parameters
    ----------
    make : callable
        Returns a fresh, unfitted model.
    x, y : float32 (n, ...) and int (n,), optional
        What it takes, items of three classes that are easy to tell apart; small pictures (n, 1, 8, 8), or features
        (n, 5), unless given.
    n_classes : int
    """
    model = make()
    assert isinstance(model, Model), "a model needs inputs, fit and predict"
    assert model.inputs in ("items", "features"), f"inputs is {model.inputs!r}, not 'items' or 'features'"
    if x is None or y is None:
        x, y = _blobs() if model.inputs == "features" else _pictures()
    fractions: list[float] = []
    model_after_fit = model.fit(
        x, y, n_classes=n_classes, progress=lambda part, words: fractions.append(part)
    )
    assert isinstance(model_after_fit, Model), "fit returns the model"
    _check_capabilities(model_after_fit)
    assert fractions == sorted(fractions), "progress does not go back"
    assert not fractions or (fractions[0] >= 0 and fractions[-1] <= 1), "progress is a fraction"
    predictive = model_after_fit.predict(x)
    check_predictive(predictive, len(x), n_classes)
    before = predictive.mean.copy()
    assert (before.argmax(1) == y).mean() > 0.8, "three separate classes must be told apart"
    _answers_alike(model_after_fit, x, predictive)
    _check_refusal(lambda: model_after_fit.fit(np.full_like(x, np.nan), y, n_classes=n_classes))
    assert np.array_equal(model_after_fit.predict(x).mean, before), (
        "a fit that fails must leave the last good one"
    )
    model_after_fit.fit(x[:9], y[:9], n_classes=n_classes)
    anew = model_after_fit.fit(x, y, n_classes=n_classes).predict(x).mean
    assert np.allclose(anew, before, atol=1e-4), "every fit begins anew"


def _answers_alike(model_after_fit: Model, x: Float, predictive: Predictive) -> None:
    """Check that any rows, in any call, answer alike.

    They must get the same numbers and the same functions.
    """
    some = np.arange(len(x))[:: max(1, len(x) // 5)]
    other, draws = model_after_fit.predict(x[some]), predictive.draws(np.arange(len(x)), 16, 7)
    assert np.allclose(other.mean, predictive.mean[some], atol=1e-4), (
        "an item's answer does not depend on its company"
    )
    again = other.draws(np.arange(len(some)), 16, 7)
    assert np.allclose(again, draws[:, some], atol=1e-4), "same seed, same functions, in another call too"
    posterior = getattr(model_after_fit, "posterior", None)
    if posterior is not None and hasattr(model_after_fit, "features"):
        through = posterior.predict(model_after_fit.features(x)).mean
        assert np.allclose(through, predictive.mean, atol=1e-4), (
            "predict(x) is posterior.predict(features(x))"
        )


def check_predictive(predictive: Predictive, n: int, C: int) -> None:
    """Check a predictive over ``n`` items, ``C`` classes."""
    assert isinstance(predictive, Predictive), "a predictive needs mean, epistemic, aleatoric and draws"
    mean, epistemic, aleatoric = predictive.mean, predictive.epistemic, predictive.aleatoric
    assert mean.shape == (n, C), f"mean is {mean.shape}, not {(n, C)}"
    assert epistemic.shape == aleatoric.shape == (n,), "one epistemic and one aleatoric number an item"
    assert mean.dtype == epistemic.dtype == aleatoric.dtype == np.float32, "float32 throughout"
    assert np.abs(mean.sum(1) - 1).max() < 1e-4, "rows of mean must sum to 1"
    assert (mean >= 0).all(), "probabilities are not negative"
    assert epistemic.min() >= -1e-5, "epistemic uncertainty is not negative"
    assert aleatoric.min() >= -1e-5, "aleatoric uncertainty is not negative"
    assert (epistemic + aleatoric).max() <= np.log(C) + 1e-3, "nothing exceeds log C nats"
    rows = np.arange(n)
    draws = predictive.draws(rows, 16, 7)
    assert draws.shape == (16, n, C), f"draws are {draws.shape}, not (S, n, C)"
    assert np.abs(draws.sum(2) - 1).max() < 1e-4, "each draw's rows must sum to 1"
    some = rows[:: max(1, n // 3)]
    again = predictive.draws(some, 16, 7)
    assert np.allclose(again, draws[:, some], atol=1e-5), "same seed must mean the same functions on any rows"
    many = predictive.draws(some, 300, 11)
    # A closed form approximates it: up to .2 off where some classes are far more uncertain than others.
    assert np.abs(many.mean(0) - mean[some]).max() < 0.25, "many draws must average to mean"


def check_strategy(strategy: Callable[..., Any]) -> None:
    """Check the contract of a strategy.

    A score is one number an item.  A batch has as many picks as asked, no repeats, none labelled, q in (0,
    1].

    Both: named parameters only (:func:`~spin_nb.protocols.wants`), seeded, what is not finite refused.
    """
    names = wants(strategy)
    inputs = {name: value for name, value in _situation().items() if name in names}
    free = 50 if "labelled_rows" in names else 56

    def ask(k: int, **other: Any) -> Any:
        settings = {name: value for name, value in (("k", k), ("seed", 3)) if name in names}
        return strategy(**{**inputs, **other}, **settings)

    answer = ask(1)
    if "k" not in names:
        assert isinstance(answer, np.ndarray), "a score function returns an array"
        assert answer.shape == (56,), f"scores are {answer.shape}, not one an item"
        assert answer.dtype == np.float32, "scores are float32"
        assert np.isfinite(answer).all(), "scores are finite"
        assert (ask(1) == answer).all(), "same seed, same scores"
    else:
        for k in (1, 7, free):
            _check_batch(ask(k), ask(k), k, free)
        for bad in (0, free + 1):
            _check_refusal(lambda bad=bad: ask(bad))  # type: ignore[misc]
    broken = next(name for name in ("probs", "draws", "features", "phi", "scores") if name in names)
    _check_refusal(lambda: ask(1, **{broken: np.full_like(inputs[broken], np.nan)}))


def _check_batch(batch: object, again: Picked, k: int, free: int) -> None:
    assert isinstance(batch, Picked), "a batch strategy returns Picked"
    assert len(batch.indices) == len(batch.scores) == len(batch.q) == k, f"{k} picks were asked for"
    assert len(set(batch.indices.tolist())) == k, "no item may be picked twice"
    assert ((batch.indices >= 0) & (batch.indices < free)).all(), "picks are rows that are not labelled"
    assert ((batch.q > 0) & (batch.q <= 1)).all(), "q must lie in (0, 1]"
    assert (batch.q[: free - 1] < 1).all(), "no pick is certain while there is a choice"
    assert (again.indices == batch.indices).all(), "same seed, same picks"


def _situation() -> dict[str, Any]:
    """One of every array of :data:`~spin_nb.protocols.STRATEGY_ARRAYS`.

    There are 50 free rows, then six labelled.
    """
    rng = np.random.default_rng(0)
    draws = rng.dirichlet(np.ones(4), size=(8, 56)).astype(np.float32)
    phi = rng.normal(size=(56, 6)).astype(np.float32) / 2
    labels = np.arange(6) % 4
    covariance = np.linalg.inv(np.eye(6) + phi[50:].T @ phi[50:] / 0.04)
    return {
        "probs": draws.mean(axis=0),
        "draws": draws,
        "features": rng.normal(size=(56, 5)).astype(np.float32),
        "labelled_rows": np.arange(50, 56),
        "pool_rows": np.arange(56),
        "labels": labels,
        "target_draws": rng.dirichlet(np.ones(4), size=(8, 9)).astype(np.float32),
        "scores": rng.random(56, np.float32),
        "phi": phi,
        "covariance": covariance,
        "variance": np.einsum("nd,de,ne->n", phi, covariance, phi).astype(np.float32),
        "score_means": rng.normal(size=(56, 4)).astype(np.float32),
        "noise": 0.2,
    }


def check_task(
    task: Task, values: Sequence[object], wrong: Sequence[object], *, extent: Extent | None = None
) -> None:
    """Check the contract of a task.

    It must be stored as JSON and read back, have values canonical and described and scores 0 to 1, and refuse
    wrong values.

    Parameters
    ----------
    task : Task
    values : sequence
        At least two that it allows, no two with the same meaning.
    wrong : sequence
        Values that it does not allow.
    extent : Extent, optional
        Of the item that all of them are labels of.
    """
    assert isinstance(task, Task), "a task has every member of Task"
    _check_description(task)
    canonical = [task.validate(value, extent) for value in values]
    for value in canonical:
        assert value is not None, "None is no value: it means that there is none"
        text = json.dumps(value, allow_nan=False)
        assert task.validate(json.loads(text), extent) == value, (
            "a stored value comes back from JSON as it was"
        )
        assert json.dumps(value) == text, "validate leaves what it is given alone"
        words = task.describe(value)
        assert 0 < len(words) <= 60, f"{words!r} is not a description of at most 60 characters"
        assert "\n" not in words, "a description is one line"
    scores = [[task.score(a, b, extent) for b in canonical] for a in canonical]
    flat = [score for row in scores for score in row]
    assert all(type(score) is float and 0 <= score <= 1 for score in flat), f"scores are 0 to 1: {flat}"
    assert all(scores[i][i] == 1 for i in range(len(canonical))), "what is said truly scores 1"
    assert min(flat) < 1, "values with different meanings do not all score 1"
    for value in wrong:
        _check_refusal(lambda value=value: task.validate(value, extent))  # type: ignore[misc]
    _check_learning(task, canonical, extent)


def _check_description(task: Any) -> None:
    """Check a task's words, names, JSON and spec.

    They must be equal to what is read back, and unchangeable.
    """
    for word in (task.kind, task.editor, task.metric):
        assert isinstance(word, str), "kind, editor and metric are words"
        assert word, "kind, editor and metric are not empty"
    assert len(task.works_on) <= 1, "works_on is one modality, or empty for any"
    assert all(type(size) is int and size > 0 for size in task.works_on.values()), (
        "and how much of an item is shown"
    )
    assert isinstance(task.names, tuple), "names is a tuple"
    assert len(set(task.names)) == len(task.names), "names are unique"
    again = type(task).from_json(task.to_json())
    assert again == task, "equal to what its JSON says"
    assert hash(again) == hash(task), "and of the same hash"
    assert again != object(), "not equal to just anything"
    assert json.loads(task.to_json())["kind"] == task.kind, "its JSON names its kind"
    spec = task.spec()
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec, "spec is plain JSON"
    assert (spec["kind"], spec["editor"], spec["names"]) == (task.kind, task.editor, list(task.names))
    if spec["empty"] is not None:
        assert task.validate(spec["empty"]) == spec["empty"], "a fresh draft starts from a value"
    try:
        task.kind = "other"
    except AttributeError:
        return
    raise AssertionError("a task cannot be changed")


def _check_learning(task: Any, canonical: Sequence[Any], extent: Extent | None) -> None:
    """Check what a model learns of its labels.

    It is a column of names, a target it can be suggested from, or nothing.
    """
    assert task.learns in ("classes", "numbers", None), "learns is one of three words"
    assert (task.learns == "numbers") == bool(task.outputs), "numbers are learned where there are outputs"
    if task.learns == "classes":
        assert task.outputs == 0, "a class is learned as a column, not as a number"
        assert [task.index(name) for name in task.names] == list(range(len(task.names))), (
            "index is a column of names"
        )
        return
    for value in canonical if task.outputs else ():
        target = task.target(value, extent)
        assert target.dtype == np.float32, "targets are float32"
        assert target.shape == (task.outputs,), f"target is {target.shape}, not {(task.outputs,)}"
        assert not (np.abs(target - 0.5) > 0.6).any(), "targets lie in about [0, 1]"
        likely = []
        for sd in (1e-4, 0.1, 1.0):
            suggestion, p = task.suggestion(target, np.full(task.outputs, sd), extent)
            assert task.validate(suggestion, extent) == suggestion, "a suggestion is a value as it is stored"
            assert task.score(suggestion, value, extent) > 0.95, "what a label teaches is suggested back"
            assert isinstance(p, float), "p is a float"
            assert 0 < p < 1, f"p = {p} is not in (0, 1)"
            likely.append(p)
        assert likely == sorted(likely, reverse=True), "the less is known, the less a suggestion is trusted"
        _check_refusal(
            lambda: task.suggestion([0.5] * (task.outputs + 1), [0.1] * (task.outputs + 1), extent)
        )


def check_modality(modality: Modality, sources: Sequence[object]) -> None:
    """Check the contract of a modality.

    It must load each source, and show it as bytes, text or named texts; never as HTML.
    """
    assert isinstance(modality.name, str), "a modality has a name"
    for source in sources:
        modality.load(source)
        item = modality.show(source)
        assert isinstance(item, Shown), "show returns Shown"
        mimes_of_dicts = (
            "application/json",
            "application/x-series",
            "audio/wav",
            "video/x-frames",
            "multipart/mixed",
        )
        kinds = {"image/png": bytes, "image/jpeg": bytes, "text/plain": str} | dict.fromkeys(
            mimes_of_dicts, dict
        )
        assert item.mime in kinds, f"{item.mime!r} is not a mime type the views show"
        assert isinstance(item.data, kinds[item.mime]), f"{item.mime} needs {kinds[item.mime].__name__}"
    _check_refusal(lambda: modality.load(object()))


def check_encoder(make: Callable[[], Any], items: Sequence[Any]) -> None:
    """Check the contract of an encoder.

    Features must be finite float32 (n, d), item by item as in bulk, and the same when restored from plain
    arrays.
    """
    encoder = make().fit(items)
    features = encoder.encode(items)
    assert features.dtype == np.float32, "features are float32"
    assert features.ndim == 2, "features are (n, d)"
    assert len(features) == len(items), "one row an item"
    assert np.isfinite(features).all(), "features are finite"
    alone = np.concatenate([encoder.encode([item]) for item in items[:5]])
    assert np.allclose(alone, features[:5], atol=1e-4), "an item's features do not depend on its company"
    arrays = encoder.to_arrays()
    assert all(isinstance(a, np.ndarray) and a.dtype != object for a in arrays.values()), "plain arrays only"
    unfitted = make()
    again = type(unfitted).from_arrays(arrays, unfitted)
    assert np.allclose(again.encode(items), features, atol=1e-6), (
        "from_arrays(to_arrays(), unfitted) must give the same features"
    )


def check_detector(make: Callable[[], Any]) -> None:
    """Check the contract of a drift detector.

    It must be quiet on what does not change, and loud when it does.
    """
    rng = np.random.default_rng(0)
    detector = make()
    assert isinstance(detector, DriftDetector), "a detector needs update and drift_detected"

    def alarms(values: Float) -> int:
        n_alarms = 0
        for value in values:
            detector.update(float(value))
            n_alarms += bool(detector.drift_detected)
        return n_alarms

    assert alarms(rng.uniform(0.1, 0.3, 500).astype(np.float32)) == 0, "an alarm where nothing changed"
    assert alarms(rng.uniform(0.7, 0.9, 500).astype(np.float32)) > 0, "no alarm where the mean jumped"


def check_target(
    export: Callable[..., ExportReport], model: object, example: Sequence[object], folder: Path
) -> ExportReport:
    """Check the contract of an export target.

    It must write a verified bundle whose files are all listed with their true sha256.
    """
    import hashlib

    report = export(model, example, folder)
    assert isinstance(report, ExportReport), "a target returns ExportReport"
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert on_disk == set(report.files), f"files and report differ: {on_disk ^ set(report.files)}"
    for name, digest in report.files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, (
            f"sha256 of {name} is wrong"
        )
    assert report.largest_difference <= 1e-4, (
        f"off by {report.largest_difference} from the notebook's answers"
    )
    return report


def _check_refusal(act: Callable[[], Any]) -> None:
    try:
        act()
    except SpinError as error:
        assert error.what, "an error says what happened"
        assert error.do, "an error says what to do"
        return
    raise AssertionError("bad input must be refused with a SpinError")
