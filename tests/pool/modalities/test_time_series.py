"""Time series as a pool: what goes in, what is kept out, what is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spin_nb.errors import PoolError, VersionError
from spin_nb.pool.features.cache import features
from spin_nb.pool.inputs.inputs import Inputs
from spin_nb.pool.modalities import TimeSeriesModality
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.user_pools import TimeSeries

RNG = np.random.default_rng(0)


def made(folder, pool, **how):
    return Pool.save(folder / "p.spin", read_pool(pool, **how))


def drawn(shown):
    return np.frombuffer(shown.buffers[0], "<f4").reshape(len(shown.data["channels"]), shown.data["points"])


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (RNG.normal(size=(5, 30)), (1, 30)),
        (RNG.normal(size=(5, 3, 30)), (3, 30)),
        ([RNG.normal(size=30) for _ in range(5)], (1, 30)),
        ([RNG.integers(0, 9, (2, 30)) for _ in range(5)], (2, 30)),
        ([[1, 2, 3, 4]] * 5, (1, 4)),
    ],
    ids=["array", "channels", "list", "list of integers with channels", "lists"],
)
def test_series_come_back_as_float32_channels_first(tmp_path, values, shape):
    pool = made(tmp_path, TimeSeries(values))
    again = Pool.open(tmp_path / "p.spin")
    for opened in (pool, again):
        assert (opened.modality, len(opened), opened.ids[4]) == ("series", 5, "item-000004")
        item = opened.load([3])[0]
        assert (item.shape, item.dtype) == (shape, np.float32)
        np.testing.assert_array_equal(item, np.asarray(values[3], np.float32).reshape(shape))


def test_lengths_may_differ(tmp_path):
    values = [RNG.normal(size=(2, n)).astype(np.float32) for n in (9, 2, 500)]
    pool = made(tmp_path, TimeSeries(values, ids=["a", "b", "c"], channels=["x", "y"]))
    for row in (2, 0, 1):
        np.testing.assert_array_equal(pool.load([row])[0], values[row])
    with pytest.raises(PoolError, match="different"):
        Inputs(pool)


def test_series_of_one_length_go_into_a_network_as_they_are(tmp_path):
    inputs = Inputs(made(tmp_path, TimeSeries(RNG.normal(size=(6, 2, 20)))))
    assert inputs.shape == (2, 20)
    assert inputs.rows([1, 4]).shape == (2, 2, 20)


def test_what_cannot_be_labelled_is_kept_out_with_its_reason_and_the_rest_goes_on(tmp_path):
    good = np.arange(8.0)
    hole, endless = good.copy(), good.copy()
    hole[3], endless[2] = np.nan, np.inf
    values = [
        good,
        hole,
        endless,
        [1.0],
        good * 1e39,
        np.ones((2, 8)),
        "text",
        good,
        np.zeros((2, 2, 2)),
        None,
    ]
    pool = made(tmp_path, TimeSeries(values))
    assert pool.ids == ["item-000000", "item-000007"]
    reasons = {item.id: item.reason for item in pool.broken}
    assert "NaN" in reasons["item-000001"]
    assert "infinite" in reasons["item-000002"]
    assert "1 points" in reasons["item-000003"]
    assert "float32" in reasons["item-000004"]
    assert "2 channels" in reasons["item-000005"]
    assert len(reasons) == 8


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (np.zeros(5), {}),
        ([1.0, 2.0], {}),
        ([], {}),
        (np.zeros((0, 5)), {}),
        ({"a": [1]}, {}),
        (np.zeros((2, 3, 4, 5)), {}),
        (np.zeros((2, 100, 6)), {}),
        (np.zeros((2, 5)), {"step": 0}),
        (np.zeros((2, 5)), {"step": float("nan")}),
        (np.zeros((2, 5)), {"start": "yesterday"}),
        (np.zeros((2, 5)), {"ids": ["a"]}),
        (np.zeros((2, 5)), {"ids": ["a", "a"]}),
        (np.zeros((2, 5)), {"labels": ["a"]}),
        (np.zeros((2, 2, 5)), {"channels": ["a", "a"]}),
        (np.zeros((2, 2, 5)), {"channels": []}),
    ],
)
def test_what_is_no_pool_of_series_is_refused(values, how):
    with pytest.raises(PoolError):
        TimeSeries(values, **how)


def test_channels_that_are_named_may_outnumber_the_points(tmp_path):
    assert made(tmp_path, TimeSeries(np.ones((2, 9, 4)), channels=list("abcdefghi"))).load([0])[0].shape == (
        9,
        4,
    )


def test_a_pool_without_one_good_series_is_refused():
    with pytest.raises(PoolError, match="none of the 2 series"):
        read_pool(TimeSeries(np.full((2, 5), np.nan)))


def test_labels_are_read_only_when_asked_for():
    series = TimeSeries(RNG.normal(size=(3, 9)), labels=["a", "b", "a"])
    assert read_pool(series).labels == {}
    assert read_pool(series, labels_from="series").labels == {
        "item-000000": "a",
        "item-000001": "b",
        "item-000002": "a",
    }
    with pytest.raises(PoolError, match="labels_from"):
        read_pool(series, labels_from="folder")


def test_a_series_is_shown_with_its_time_and_its_channels(tmp_path):
    values = RNG.normal(size=(2, 2, 30)).astype(np.float32)
    shown = made(tmp_path, TimeSeries(values, channels=["left", "right"], step=0.5, start=-2, unit="s")).show(
        1
    )
    assert shown.mime == "application/x-series"
    assert shown.data == {
        "channels": ["left", "right"],
        "points": 30,
        "start": -2.0,
        "step": 0.5,
        "unit": "s",
    }
    np.testing.assert_array_equal(drawn(shown), values[1])


def test_a_long_series_is_shown_by_its_extremes_at_their_time():
    values = np.zeros((2, 100_001), np.float32)
    values[0, 55_555], values[1, 77_777] = 9, -9
    shown = TimeSeriesModality(step=0.001).show(values, 20_000)
    seen = drawn(shown)
    assert shown.data["points"] <= 20_000
    np.testing.assert_array_equal(
        drawn(TimeSeriesModality().show(values)), values
    )  # up to 200,000 are sent as they are
    assert (seen[0].max(), seen[1].min()) == (9, -9)
    for channel, row, value in ((0, 55_555, 9), (1, 77_777, -9)):
        at = int(np.flatnonzero(seen[channel] == value)[0]) * shown.data["step"]
        assert at == pytest.approx(row * 0.001, abs=2 * shown.data["step"])
    assert TimeSeriesModality().show(values, 100).data["points"] <= 100


def test_arrivals_are_series_like_the_pools(tmp_path):
    pool = made(tmp_path, TimeSeries(RNG.normal(size=(4, 2, 30))))
    new = RNG.normal(size=(3, 2, 12)).astype(np.float32)
    rows = extend(pool, pool.read(new))
    for opened in (pool, Pool.open(tmp_path / "p.spin")):
        np.testing.assert_array_equal(opened.load([int(rows[1])])[0], new[1])
        np.testing.assert_array_equal(drawn(opened.show(int(rows[1]))), new[1])
    assert len(pool.read(TimeSeries(new))) == 3
    for bad in ([np.zeros((3, 30))], [np.full((2, 30), np.nan)], np.zeros(30), ["text"], [[1]]):
        with pytest.raises(PoolError):
            pool.read(bad)


def test_stored_series_that_do_not_fit_together_are_told_of(tmp_path):
    made(tmp_path, TimeSeries(RNG.normal(size=(4, 30))))
    home = tmp_path / "p.spin" / "pool"
    np.save(home / "ends.npy", np.array([30, 20, 90, 120]))
    with pytest.raises(PoolError, match="cannot be read"):
        Pool.open(tmp_path / "p.spin")
    facts = json.loads((home / "pool.json").read_text()) | {"schema": 3}
    (home / "pool.json").write_text(json.dumps(facts))
    with pytest.raises(VersionError):
        Pool.open(tmp_path / "p.spin")


def test_real_motions_of_six_channels(tmp_path, real):
    with np.load(real("ucr_subset/BasicMotions.npz")) as arrays:
        values, words = (
            np.concatenate([arrays["x_train"], arrays["x_test"]]),
            np.concatenate([arrays["y_train"], arrays["y_test"]]),
        )
    pool = made(tmp_path, TimeSeries(values, step=0.1, unit="s", labels=words))
    encoder, found = features(pool)
    assert (encoder.name, len(found)) == ("convolutions", 80)
    distances = ((found[:, None] - found[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = words[distances.argmin(axis=1)]
    assert (nearest == words).mean() > 0.85
