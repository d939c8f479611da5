"""The benchmark of labels compares fairly: what it measures is right, and its rival is as good as can be had."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from benchmarks import labels
from benchmarks._bands import half
from benchmarks._collections import Components, _grown, by_group
from benchmarks._heads import LOGISTIC, Quality, calibration_error, judge, quality
from benchmarks._logistic import FALLBACK_C, GRID, choose_c, fit, folds_of, predict, scale
from benchmarks._runs import stored
from benchmarks._sets import base_of, is_there, load

BLOBS = np.random.default_rng(0)


def blobs(n, distance, n_classes=3, d=8):
    """Features about ``n_classes`` centres, and classes."""
    y = np.arange(n) % n_classes
    centres = distance * np.eye(n_classes, d)
    return scale(centres[y] + BLOBS.standard_normal((n, d)))[0], y


def test_features_are_centred_and_of_unit_size():
    pool, test = scale(5 + 3 * BLOBS.standard_normal((50, 4)), np.full((1, 4), 5.0))
    assert np.allclose(pool.mean(axis=0), 0)
    assert np.mean(np.sum(pool**2, axis=1)) == pytest.approx(1)
    assert np.abs(test).max() < 0.5


def test_constant_features_stay_finite():
    assert np.isfinite(scale(np.ones((5, 2)))[0]).all()


def test_every_fold_leaves_each_class_something_to_learn_from():
    y = np.repeat([0, 1, 2, 3], [1, 2, 7, 30])
    folds = folds_of(y, seed=3)
    assert folds[0] == -1
    assert set(folds[1:]) == set(range(5))
    for fold in range(5):
        assert set(y[folds != fold]) == {0, 1, 2, 3}


def test_the_choice_is_the_likeliest_of_the_grid():
    x, y = blobs(60, 2.0)
    folds = folds_of(y, 0)
    likelihood = [
        sum(
            np.log(
                predict(fit(x[folds != f], y[folds != f], c), x[folds == f], 3)[
                    np.arange((folds == f).sum()), y[folds == f]
                ]
            ).sum()
            for f in range(5)
        )
        for c in GRID
    ]
    best = choose_c(x, y)
    assert likelihood[list(GRID).index(best)] == pytest.approx(max(likelihood), abs=0.05)
    assert choose_c(x, y, start=best) == best
    assert likelihood[list(GRID).index(choose_c(x, y, start=GRID[0]))] == pytest.approx(
        max(likelihood), abs=0.05
    )


def test_noise_wants_a_stiffer_model_than_classes_far_apart():
    near, y = blobs(120, 0.5)
    far, _ = blobs(120, 12.0)
    assert choose_c(near, y) < choose_c(far, y)


@pytest.mark.parametrize("y", [[0, 0, 0], [0, 1, 2], [0, 0, 1]])
def test_too_few_labels_to_hold_out_take_the_middle_of_the_grid(y):
    assert choose_c(np.eye(3), np.array(y)) == FALLBACK_C


def test_one_class_makes_no_model_and_says_nothing():
    assert fit(np.eye(3), np.zeros(3, int), 1.0) is None
    assert predict(None, np.eye(3), 4).tolist() == [[0.25] * 4] * 3


def test_a_class_without_labels_has_no_probability():
    x, y = blobs(30, 5.0)
    probs = predict(fit(x, 2 * y, 10.0), x, 6)
    assert probs[:, [1, 3, 5]].max() == 0
    assert np.allclose(probs.sum(axis=1), 1)


def test_a_warm_start_changes_the_answer_little():
    x, y = blobs(90, 2.0)
    earlier = fit(x[:60], y[:60], 10.0)
    warm, cold = fit(x, y, 10.0, earlier), fit(x, y, 10.0)
    assert np.abs(predict(warm, x, 3) - predict(cold, x, 3)).max() < 0.01
    assert fit(x[:2], y[:2], 10.0, earlier).classes_.tolist() == [0, 1]


def test_qualities_of_known_probabilities():
    measured = quality(np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1]))
    assert measured.accuracy == 0.5
    assert measured.nll == pytest.approx(-np.log([0.8, 0.4]).mean())
    assert measured.gap == pytest.approx(0.2)
    assert measured.ece == pytest.approx((0.2 + 0.6) / 2)


def test_an_impossible_truth_costs_a_finite_price():
    assert quality(np.array([[1.0, 0.0]]), np.array([1])).nll == pytest.approx(-np.log(1e-4))


def test_calibrated_confidence_has_no_error():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1, 200_000)
    right = rng.random(200_000) < confidence
    assert calibration_error(confidence, right) < 0.005
    assert calibration_error(confidence - 0.2, right) == pytest.approx(0.2, abs=0.01)


def heads(shown, logistic, best=0.9):
    return {"shown": np.array([shown]), "mean": np.array([[best, 9, 9, 9]]), LOGISTIC: np.array([logistic])}


def test_a_head_that_keeps_up_misses_nothing():
    assert judge(80, heads([0.895, 0.30, 0.07, -0.04], [0.85, 0.30, 0.02, 0]), 1) == []
    assert judge(40, heads([0.895, 0.30, 0.20, -0.20], [0.85, 0.30, 0.21, 0]), 1) == []


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ([0.88, 0.30, 0.07, 0.0], "mean 0.900"),
        ([0.90, 0.32, 0.07, 0.0], "NLL"),
        ([0.90, 0.30, 0.09, 0.0], "ECE"),
        ([0.90, 0.30, 0.07, -0.06], "confidence"),
    ],
)
def test_each_shortfall_is_named(shown, word):
    misses = judge(80, heads(shown, [0.85, 0.30, 0.02, 0]), 1)
    assert len(misses) == 1
    assert word in misses[0]


def test_a_head_that_some_seeds_lack_is_no_rival():
    table = heads([0.88, 0.3, 0.0, 0.0], [0.85, 0.3, 0, 0], best=0.88) | {
        "trees": np.array([[0.99, 0, 0, 0]])
    }
    assert judge(80, {**table, "shown": np.tile(table["shown"], (2, 1)), **twice(table)}, 2) == []


def twice(table):
    return {head: np.tile(values, (2, 1)) for head, values in table.items() if head != "trees"}


def test_half_widths_are_those_of_student():
    assert half(np.array([0.0, 1.0, 2.0])) == pytest.approx(4.303 / 3**0.5, rel=1e-3)
    assert np.isnan(half(np.array([1.0])))


def test_areas_are_means_over_labels():
    plan = labels.Plan((20, 40, 80))
    curves = np.array([[0.5, 0.7, 0.9]])
    assert labels.areas(curves, plan, 80) == pytest.approx([(0.6 * 20 + 0.8 * 40) / 60])
    assert labels.areas(curves, plan, 40) == pytest.approx([0.6])


def test_differences_are_paired_by_seed(capsys):
    plan = labels.Plan((20, 40))
    noise = np.array([[0.0], [0.2], [0.4]])
    best = 0.5 + noise + np.zeros(2)
    scores = {"auto": best - 0.03, "margin, logistic": best, "random, logistic": best - 0.2}
    misses = labels.compare(scores, plan, [0, 1], [40])
    assert len(misses) == 3
    assert all("margin" in miss and "-0.03" in miss for miss in misses)
    assert "±0.0000" in capsys.readouterr().out
    assert labels.compare({**scores, "auto": best - 0.004}, plan, [0, 1], [40]) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [("wine_tails", ("wine", "tails")), ("sign_digits", ("sign_digits", "")), ("wine", ("wine", ""))],
)
def test_names_say_how_a_set_is_distorted(name, parts):
    assert base_of(name) == parts


def test_an_encoder_goes_by_word_and_several_are_joined():
    one, both = load("wine", 0, "columns"), load("wine", 0, "quick+columns")
    assert one.pool.shape == (118, 13)
    assert both.pool.shape == (118, 26)
    for part in (both.pool[:, :13], both.pool[:, 13:]):
        assert np.allclose(part.mean(axis=0), 0, atol=1e-5)
        assert np.mean(np.sum(part**2, axis=1)) == pytest.approx(1, rel=1e-4)
    assert (both.y == one.y).all()


def test_small_pictures_are_components_of_pixels():
    pictures = np.random.default_rng(0).integers(0, 256, (90, 5, 4), dtype=np.uint8)
    features = Components().fit(pictures).encode(pictures)
    assert features.shape == (90, 20)
    assert np.allclose(features.mean(axis=0), 0, atol=1e-5)
    assert np.square(features).sum() == pytest.approx(
        np.square(pictures / 255 - (pictures / 255).mean(0)).sum(), rel=1e-4
    )


def test_planted_outliers_are_one_row_in_a_hundred():
    plain, data = load("breast_cancer", 0), load("breast_cancer_outliers", 0)
    factors = np.linalg.norm(data.pool, axis=1) / np.linalg.norm(plain.pool, axis=1)
    assert np.sum(np.isclose(factors, 20)) == 4
    assert np.sum(np.isclose(factors, 1)) == 396


def test_heavy_tails_keep_the_order_of_every_column():
    plain, data = load("wine", 0), load("wine_tails", 0)
    assert (plain.pool.argmax(axis=0) == data.pool.argmax(axis=0)).all()
    assert np.abs(data.pool).max() > 20


def test_groups_are_never_divided():
    groups = np.repeat(np.arange(10), 3)
    pool, test = by_group(groups, 0.7)(4)
    assert len(pool) == 21
    assert not set(groups[pool]) & set(groups[test])


@pytest.mark.parametrize(("low", "high", "side"), [(0, 5, (0, 32)), (95, 100, (68, 100)), (20, 80, (20, 80))])
def test_small_boxes_grow_within_the_picture(low, high, side):
    crop = _grown(low, high, 100)
    assert (crop.start, crop.stop) == side


def test_sets_of_files_are_skipped_where_there_are_none(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks._sets.DATA", tmp_path / "none")
    assert is_there("wine_outliers")
    assert not is_there("mnist")


@pytest.mark.slow
def test_a_small_part_runs_from_end_to_end_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(labels.PLANS, "wine", labels.Plan((10, 20)))
    arguments = argparse.Namespace(
        batch=10, audits=0.1, heads=True, only=[], encoder="quick", runs=tmp_path / "runs"
    )
    misses = labels.report("wine", range(2), arguments)
    printed = capsys.readouterr().out
    monkeypatch.setattr(labels, "load", None)  # what is there is not made again
    assert labels.report("wine", range(2), arguments) == misses
    assert capsys.readouterr().out == printed
    assert len(list((tmp_path / "runs").iterdir())) == 2 * 5
    lines = printed.splitlines()
    assert {"auto", *labels.RECIPES} <= {line[:33].strip() for line in lines}
    assert any(line.startswith("auto less best recipe") for line in lines)
    assert sum(LOGISTIC in line for line in lines) == 1
    assert all(miss.startswith("wine") for miss in misses)


def test_a_damaged_run_is_named(tmp_path):
    (tmp_path / "wine.json").write_text('{"points":')
    with pytest.raises(SystemExit, match=r"wine\.json is damaged"):
        stored(tmp_path / "wine.json", None)


@pytest.mark.parametrize(
    "words", [["--only", "nosuch"], ["--batch", "0"], ["--seeds", "0"], ["--audits", "2"]]
)
def test_arguments_that_measure_nothing_are_refused(monkeypatch, capsys, words):
    monkeypatch.setattr("sys.argv", ["labels", *words])
    with pytest.raises(SystemExit):
        labels.main()
    assert "error:" in capsys.readouterr().err


def test_curves_have_a_point_a_count_and_learn():
    plan = labels.Plan((20, 40, 80))
    points = list(labels.logistic(load("wine", 1), plan, 1, 10, "typiclust"))
    assert len(points) == 3
    assert points[-1].score > 0.9
    assert points[-1].heads is None
    assert isinstance(quality(np.eye(2), np.array([0, 1])), Quality)
