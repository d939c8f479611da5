"""Encoders: known answers, exact round trips, and the graph that leaves equals the numbers shown."""

from __future__ import annotations

import io
import json
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders import choose_encoder, make_encoder, pca
from spin_nb.pool.encoders.function import FunctionEncoder
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.encoders.photo import Photo
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.encoders.table import Columns
from spin_nb.pool.encoders.text import TfidfSVD
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool

ALLOWED = {
    "Add", "AveragePool", "Clip", "Concat", "Constant", "Conv", "Div", "Flatten", "Gemm", "Log", "MatMul",
    "Mul", "Neg", "ReduceSum", "Relu", "Reshape", "Shape", "Sqrt", "Sub",
}  # fmt: skip


def sentences(n: int = 80) -> list[str]:
    rng = np.random.default_rng(0)
    words = ["card", "lost", "when", "will", "my", "transfer", "arrive", "top", "up", "fee", "rate", "PIN"]
    return [" ".join(rng.choice(words, 9)) + "?" for _ in range(n)]


def rows(n: int = 60) -> list[dict]:
    rng = np.random.default_rng(0)
    return [
        {
            "speed": float(rng.normal(1500, 180)),
            "kind": "LMH"[rng.integers(3)],
            "wear": None if i % 7 == 0 else int(rng.integers(250)),
            "on": bool(i % 2),
        }
        for i in range(n)
    ]


@pytest.fixture(params=["pixels-pca", "photo", "tfidf-svd", "columns", "vectors"])
def case(request, photos):
    """(a new encoder, items)."""
    if request.param == "pixels-pca":
        return PixelsPCA, list(samples.digits().items[:300])
    if request.param == "photo":
        return Photo, photos
    if request.param == "tfidf-svd":
        return TfidfSVD, sentences()
    if request.param == "columns":
        return Columns, rows()
    return Columns, list(np.random.default_rng(0).normal(3, 2, (50, 6)).astype(np.float32))


def exported(encoder, items) -> tuple[bytes, np.ndarray]:
    import torch

    example = torch.from_numpy(encoder.prepare(items[:2]))
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            encoder.module(), (example,), stream, dynamo=False, opset_version=16,
            input_names=["input"], output_names=["features"],
            dynamic_axes={"input": {0: "batch"}, "features": {0: "batch"}},
        )  # fmt: skip
    return stream.getvalue(), encoder.prepare(items)


def test_the_torch_module_gives_what_encode_gives(case):
    import torch

    make, items = case
    encoder = make().fit(items)
    with torch.inference_mode():
        graph = encoder.module()(torch.from_numpy(encoder.prepare(items))).numpy()
    np.testing.assert_allclose(graph, encoder.encode(items), rtol=0, atol=1e-5)


def test_the_onnx_graph_gives_what_encode_gives(case):
    import onnx
    import onnxruntime

    make, items = case
    encoder = make().fit(items)
    data, inputs = exported(encoder, items)
    model = onnx.load_from_string(data)
    assert {node.op_type for node in model.graph.node} <= ALLOWED
    assert [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")] == [16]
    (answers,) = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(
        None, {"input": inputs}
    )
    np.testing.assert_allclose(answers, encoder.encode(items), rtol=0, atol=1e-5)


def test_arrays_restore_exactly_and_hold_numbers_only(case):
    make, items = case
    encoder = make().fit(items)
    arrays = encoder.to_arrays()
    assert all(array.dtype.kind in "uif" for array in arrays.values())
    unfitted = make()
    again = type(unfitted).from_arrays({name: array.copy() for name, array in arrays.items()}, unfitted)
    assert again is not unfitted
    assert np.array_equal(again.encode(items), encoder.encode(items))
    assert again.describe() == encoder.describe()


def test_no_items_give_no_rows(case):
    make, items = case
    encoder = make().fit(items)
    assert encoder.encode([]).shape == (0, encoder.encode(items).shape[1])


def test_fitting_twice_gives_the_same(case):
    make, items = case
    assert np.array_equal(make().fit(items).encode(items), make().fit(items).encode(items))


def test_what_the_device_must_do_is_json_and_has_the_shape_of_prepare(case):
    make, items = case
    encoder = make().fit(items)
    told = json.loads(json.dumps(encoder.describe()))
    assert told["input"][1:] == list(encoder.prepare(items).shape[1:])
    assert encoder.prepare(items).dtype == np.float32
    assert json.loads(json.dumps(encoder.settings)) == encoder.settings


def test_an_encoder_that_learnt_nothing_says_so(case):
    make, items = case
    for use in (lambda: make().encode(items), lambda: make().to_arrays(), lambda: make().module()):
        with pytest.raises(ModelError, match="learnt nothing"):
            use()


def test_pixels_equal_sklearn_pca_up_to_sign():
    from sklearn.decomposition import PCA

    images = samples.digits().items
    flat = images.reshape(len(images), -1).astype(np.float64) / 255
    ours = PixelsPCA(components=10).fit(list(images)).encode(list(images))
    theirs = PCA(10, svd_solver="full").fit_transform(flat)
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours, theirs * signs, atol=1e-5)


@pytest.mark.parametrize(
    "shape", [(400, 300), (60, 3000), (2500, 2100)], ids=["covariance", "Gram", "randomised"]
)
def test_each_route_to_principal_components_agrees_with_the_svd(shape):
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(shape[0], 6)) * [9, 7, 5, 3, 2, 1], rng.normal(size=(6, shape[1])) / 30
    X = left @ right
    mean, components = principal(X, 4, 1.0)
    Q, R = np.linalg.qr(right.T)
    truth = np.linalg.svd((left - left.mean(axis=0)) @ R.T, full_matrices=False)[2] @ Q.T
    np.testing.assert_allclose(np.abs(np.einsum("id,di->i", truth[:4], components)), 1, atol=1e-3)
    np.testing.assert_allclose(components.T @ components, np.eye(4), atol=1e-4)
    np.testing.assert_allclose(mean, X.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("rank", [40, 5, 1])
def test_components_of_few_rows_are_those_of_reflections_to_the_last_bit(rank, monkeypatch):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(60, rank)) @ rng.normal(size=(rank, 700)) + 3).astype(np.float32)
    components = principal(X, 30, 1.0)[1]
    monkeypatch.setattr(pca, "_orthonormal", lambda columns: np.linalg.qr(columns)[0])
    assert np.array_equal(components, principal(X, 30, 1.0)[1])


@given(
    any_array(
        np.float32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.floats(-10, 10, width=32)
    )
)
@settings(max_examples=60, deadline=None)
def test_principal_components_are_orthonormal_for_any_matrix(X):
    components = principal(X, 5, 0.99)[1]
    assert np.isfinite(components).all()
    assert 1 <= components.shape[1] <= 5
    np.testing.assert_allclose(components.T @ components, np.eye(components.shape[1]), atol=1e-4)


def test_pictures_that_are_all_alike_get_finite_features():
    for encoder, item in [
        (PixelsPCA(), np.zeros((8, 8), np.uint8)),
        (Photo(), np.full((90, 90, 3), 255, np.uint8)),
    ]:
        assert np.isfinite(encoder.fit([item] * 5).encode([item] * 5)).all()


def test_pictures_of_mixed_size_and_colour_meet_in_one_shape():
    items = [np.zeros((8, 8), np.uint8), np.ones((8, 8, 3), np.uint8), np.zeros((20, 10), np.uint8)]
    encoder = PixelsPCA().fit(items)
    assert encoder.prepare(items).shape == (3, 3, 8, 8)
    assert PixelsPCA().fit(items[::2]).prepare(items).shape == (3, 1, 8, 8)


def test_the_photo_descriptor_tells_direction_and_not_contrast():
    import torch

    from spin_nb.pool.encoders.torch_modules import Descriptor

    ramp = np.tile(np.linspace(0.2, 0.8, 64, dtype=np.float32), (64, 1))
    pictures = np.stack([np.stack([p] * 3) for p in (ramp, ramp.T, 0.5 + (ramp - 0.5) / 2)])
    found = Descriptor()(torch.from_numpy(pictures)).numpy()
    assert found.shape == (3, 440)
    edges = found[:, :392].reshape(3, 8, 49)
    assert edges[0].mean(axis=1).argmax() == 0  # brighter to the right
    assert edges[1].mean(axis=1).argmax() == 2  # brighter downwards: a quarter turn
    np.testing.assert_allclose(edges[2], edges[0], atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(found[:, :392], axis=1), 1, atol=1e-4)


def test_tfidf_equals_sklearn_on_square_root_counts():
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    texts = sentences()
    encoder = TfidfSVD().fit(texts)
    reference = TfidfTransformer(norm="l2", smooth_idf=True).fit_transform(np.sqrt(encoder.prepare(texts)))
    expected = TfidfTransformer(smooth_idf=True).fit(encoder.prepare(texts)).idf_
    components = encoder.to_arrays()["components"]
    np.testing.assert_allclose(encoder.to_arrays()["idf"], expected, rtol=1e-5)
    np.testing.assert_allclose(encoder.encode(texts), normalize(reference @ components), atol=1e-5)
    whole = np.linalg.svd(reference.toarray())[2][: components.shape[1]]
    assert np.abs(np.sum(whole * components.T, axis=1)[:3]).min() > 0.99, "the leading singular vectors"


def test_words_are_counted_and_those_in_every_other_text_say_nothing():
    encoder = TfidfSVD().fit(["Red CAR", "red car, red", "blue"])
    assert encoder.describe()["terms"] == ["car", "red"]
    assert encoder.prepare(["red RED car", "", "unknown"]).tolist() == [[1, 2], [0, 0], [0, 0]]
    assert not encoder.encode(["", "unknown"]).any()
    many = [f"the {('cat', 'dog', 'ant', 'owl', 'bee', 'elk')[i % 6]}" for i in range(120)]
    assert TfidfSVD().fit(many).describe()["terms"] == ["ant", "bee", "cat", "dog", "elk", "owl"]
    assert "the" in TfidfSVD().fit(many[:90]).describe()["terms"]


def test_texts_without_words_are_refused_and_one_text_works():
    with pytest.raises(PoolError, match="no word"):
        TfidfSVD().fit(["", "?!", "  "])
    assert TfidfSVD().fit(["alone"]).encode(["alone"]).shape == (1, 1)


def test_columns_standardise_mark_missing_and_know_levels():
    items = [
        {"size": 1.0, "kind": "a", "same": 3, "hole": 2.0},
        {"size": 3.0, "kind": "b", "same": 3, "hole": None},
        {"size": 5.0, "kind": "a", "same": 3, "hole": 6.0},
    ]
    encoder = Columns().fit(items)
    assert encoder.prepare(items).tolist() == [[1, 1, 0, 2, 0], [3, 0, 1, 4, 1], [5, 1, 0, 6, 0]]
    features = encoder.encode(items)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(features.std(axis=0), 1, atol=1e-6)
    odd = encoder.prepare([{"kind": "unknown", "size": "7", "extra": 1}])
    assert odd.tolist() == [[7, 0, 0, 4, 1]]


def with_outliers(n=400):
    """Four columns: normal, heavy-tailed, mostly zero, and a mark; one value of each of the first two far out."""
    rng = np.random.default_rng(0)
    zeros = np.where(rng.random(n) < 0.9, 0, rng.integers(1, 9, n))
    numbers = np.stack([rng.normal(size=n), rng.standard_t(1, n), zeros, rng.integers(0, 2, n)], axis=1)
    numbers[3, :2], numbers[7, 0], numbers[8, 0] = 1e4, 2e4, -2e4
    return list(numbers.astype(np.float32))


def test_outliers_are_drawn_in_and_keep_their_order():
    items = with_outliers()
    features = Columns().fit(items).encode(items)
    assert np.abs(features).max() < 25
    rows = [8, 0, 3, 7]
    assert list(np.argsort(features[rows, 0])) == [0, 1, 2, 3]
    far = Columns().fit(items).encode([np.float32([x, 0, 0, 0]) for x in (1e5, 1e6, 3e38)])
    assert np.isfinite(far).all()
    assert (np.diff(far[:, 0]) > 0).all(), "what is beyond all that was seen still differs"


def test_numbers_that_are_not_far_out_are_standardised_and_no_more():
    rng = np.random.default_rng(0)
    zeros = np.where(rng.random(300) < 0.95, 0, rng.uniform(1, 9, 300))
    items = list(np.stack([rng.uniform(-1, 1, 300), zeros, rng.integers(0, 2, 300)], axis=1))
    numbers = np.stack(items)
    expected = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    np.testing.assert_allclose(Columns().fit(items).encode(items), expected, atol=1e-4)


def test_the_graph_draws_in_what_the_notebook_draws_in():
    import torch

    items = [*with_outliers(), np.float32([3e38, -3e38, 5, 1])]
    encoder = Columns().fit(items[:-1])
    graph = encoder.module()(torch.from_numpy(encoder.prepare(items))).numpy()
    np.testing.assert_allclose(graph, encoder.encode(items), rtol=1e-5, atol=1e-5)


def test_columns_of_an_earlier_version_see_what_they_saw_then():
    import torch

    items = with_outliers()
    arrays = Columns().fit(items).to_arrays()
    raw = np.stack(items)
    earlier = {"plan": arrays["plan"], "mean": raw.mean(axis=0), "scale": raw.std(axis=0)}
    encoder = Columns.from_arrays(earlier)
    expected = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    np.testing.assert_allclose(encoder.encode(items), expected, atol=1e-4)
    np.testing.assert_allclose(encoder.module()(torch.from_numpy(raw)).numpy(), expected, atol=1e-4)
    assert encoder.to_arrays().keys() == earlier.keys()


SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text(max_size=4)
)


@given(st.lists(st.fixed_dictionaries({"a": SCALARS, "b": SCALARS}), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_any_table_gives_finite_features_or_says_why_not(items):
    try:
        encoder = Columns().fit(items)
    except PoolError:
        return
    features = encoder.encode([*items, {}, {"a": "other", "c": 1}])
    assert features.shape[0] == len(items) + 2
    assert np.isfinite(features).all()
    assert np.array_equal(Columns.from_arrays(encoder.to_arrays()).encode(items), encoder.encode(items))


def test_columns_leave_out_counters_names_and_constants():
    frame = pl.DataFrame(
        {
            "row": range(1, 101),
            "serial": [f"S{i}" for i in range(100)],
            "same": ["x"] * 100,
            "value": np.random.default_rng(0).normal(size=100),
            "day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True),
        }
    )
    encoder = Columns().fit(frame.to_dicts())
    assert [plan["name"] for plan in encoder.describe()["columns"]] == ["value", "day"]
    assert encoder.prepare(frame.to_dicts()[:1])[0, 1] == 19_723
    with pytest.raises(PoolError, match="no column"):
        Columns().fit([{"same": 1}] * 4)


def test_a_persons_own_function_is_an_encoder(tmp_path):
    pool = Pool.save(tmp_path, read_pool(["ab", "abc"]))
    encoder = make_encoder(lambda items: [[len(item)] for item in items], pool)
    assert encoder.encode(["ab", "abc"]).tolist() == [[2], [3]]
    for bad in (lambda items: [1, 2], lambda items: [[1]], lambda items: [["x"], ["y"]]):
        with pytest.raises(PoolError, match="returned"):
            make_encoder(bad, pool).encode(["ab", "abc"])
    with pytest.raises(PoolError, match="no encoder"):
        make_encoder(5, pool)


def test_auto_chooses_by_what_the_items_are(tmp_path, folder):
    chosen = {
        "digits": samples.digits(),
        "photos": folder,
        "texts": ["a b", "c d"],
        "table": np.eye(3),
    }
    words = [choose_encoder(Pool.save(tmp_path / name, read_pool(pool))) for name, pool in chosen.items()]
    assert words == ["pixels-pca", "photo", "tfidf-svd", "columns"]


@pytest.mark.parametrize(
    ("word", "fitting", "pool"),
    [
        ("tfidf-svd", "pixels-pca", samples.digits()),
        ("photo", "tfidf-svd", ["a", "b"]),
        ("pixels-pca", "columns", np.eye(3)),
        ("columns", "tfidf-svd", ["a", "b"]),
    ],
)
def test_an_encoder_of_another_modality_is_refused_with_the_words_that_fit(tmp_path, word, fitting, pool):
    from spin_nb.registry import resolve

    made = Pool.save(tmp_path, read_pool(pool))
    for encoder in (word, resolve("encoder", word)()):
        with pytest.raises(PoolError, match=word) as caught:
            make_encoder(encoder, made)
        assert fitting in caught.value.do


def test_a_function_that_raises_says_what_it_raised():
    def broken(items):
        raise KeyError("colour")

    with pytest.raises(PoolError, match="KeyError: 'colour'") as caught:
        FunctionEncoder(broken).encode(["a"])
    assert isinstance(caught.value.__cause__, KeyError)
