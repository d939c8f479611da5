"""PANNs CNN14 by its word: from random weights laid out as the file on Zenodo is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch

import spin_nb as spin
from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.hub.sounds import pieces_of
from spin_nb.pool.encoders.weights_file import MissingWeightsError
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.session.checks.weights import SETTINGS
from spin_nb.testing import check_encoder

FILE = "Cnn14_mAP=0.431.pth"
RATE, WINDOW, HOP, BANDS = 32_000, 1024, 320, 64
CHANNELS = (4, 6, 8, 8, 10, 12)
"""Of the blocks: the file has 64 to 2,048."""
WIDTH = 20


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> Sound:
    return Sound(np.random.default_rng(seed).normal(size=int(seconds * rate)).astype(np.float32) / 4, rate)


def random_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights named and laid out as those of the file, fewer maps a block, with norms that do something."""
    rng = torch.Generator().manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}

    def norm(name: str, channels: int) -> None:
        for part, low in {"weight": 0.5, "bias": 0.0, "running_mean": -0.1, "running_var": 0.5}.items():
            weights[f"{name}.{part}"] = low + torch.rand(channels, generator=rng)
        weights[f"{name}.num_batches_tracked"] = torch.tensor(1)

    angles = 2 * np.pi * np.outer(np.arange(WINDOW // 2 + 1), np.arange(WINDOW)) / WINDOW
    window = scipy.signal.get_window("hann", WINDOW)
    for part, wave in {"real": np.cos(angles), "imag": -np.sin(angles)}.items():
        kernel = torch.from_numpy((wave * window).astype(np.float32))[:, None]
        weights[f"spectrogram_extractor.stft.conv_{part}.weight"] = kernel
    weights["logmel_extractor.melW"] = torch.rand(WINDOW // 2 + 1, BANDS, generator=rng) ** 8
    norm("bn0", BANDS)
    weights["bn0.running_var"] *= 100
    inputs = 1
    for number, channels in enumerate(CHANNELS, 1):
        for layer, wide in ((1, inputs), (2, channels)):
            deviation = (2 / (wide * 9)) ** 0.5
            name = f"conv_block{number}.conv{layer}.weight"
            weights[name] = torch.randn(channels, wide, 3, 3, generator=rng) * deviation
            norm(f"conv_block{number}.bn{layer}", channels)
        inputs = channels
    for name, outputs, wide in (("fc1", WIDTH, inputs), ("fc_audioset", 527, WIDTH)):
        weights[f"{name}.weight"] = torch.randn(outputs, wide, generator=rng) / wide**0.5
        weights[f"{name}.bias"] = torch.randn(outputs, generator=rng) / 10
    return weights


def save(path, weights: dict[str, torch.Tensor]):
    torch.save({"iteration": 600_000, "model": weights}, path)
    return path


def by_hand(weights: dict[str, torch.Tensor], samples: np.ndarray) -> np.ndarray:
    """The network written out once more: spectrum by scipy's Fourier transform, norms by themselves."""

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        parts = (weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return torch.nn.functional.batch_norm(x, *parts)

    window = scipy.signal.get_window("hann", WINDOW)
    padded = np.pad(samples.astype(np.float64), WINDOW // 2, mode="reflect")
    _, _, spectrum = scipy.signal.stft(
        padded, window=window, nperseg=WINDOW, noverlap=WINDOW - HOP, boundary=None, padded=False
    )
    power = np.abs(spectrum.T * window.sum()) ** 2
    mel = power @ weights["logmel_extractor.melW"].numpy()
    bands = torch.from_numpy(10 * np.log10(np.maximum(mel, 1e-10))).float()
    x = normed(bands, "bn0")[None, None]
    for number in range(1, 7):
        for layer in (1, 2):
            block = f"conv_block{number}"
            x = torch.nn.functional.conv2d(x, weights[f"{block}.conv{layer}.weight"], padding=1)
            x = normed(x, f"{block}.bn{layer}").relu()
        x = torch.nn.functional.avg_pool2d(x, 2 if number < 6 else 1)
    x = x.mean(dim=3)
    x = x.max(dim=2).values + x.mean(dim=2)
    return (x @ weights["fc1.weight"].T + weights["fc1.bias"]).relu().numpy()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Random weights in a file as Zenodo's."""
    return save(tmp_path_factory.mktemp("weights") / "small.pth", random_weights())


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folder where panns_inference keeps its file, in an empty home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "panns_data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def sounds():
    """Six short sounds."""
    return [noise(0.3 + 0.2 * number, 8_000, number) for number in range(6)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sounds):
    """Folder with their files."""
    path = tmp_path_factory.mktemp("sounds")
    for number, sound in enumerate(sounds):
        (path / f"{number}.wav").write_bytes(wav(sound))
    return path


def test_features_are_those_of_the_network_written_out(file):
    encoder = spin.encoders.PANNs(weights=file)
    short, long = noise(3.3), noise(25, 16_000, seed=1)
    expected = by_hand(random_weights(), short.samples)
    assert 0 < (expected > 0).sum() < WIDTH, "some of the embedding is zero, some not"
    np.testing.assert_allclose(encoder.encode([short]), unit_length(expected), atol=1e-4)
    pieces = [by_hand(random_weights(), piece) for piece in pieces_of(long, RATE)]
    assert len(pieces) == 3
    np.testing.assert_allclose(
        encoder.encode([short, long])[1:], unit_length(np.mean(pieces, axis=0)), atol=1e-4
    )
    assert not np.allclose(expected, by_hand(random_weights(), noise(3.3, seed=2).samples), rtol=1e-3)


def test_it_keeps_the_contract(file, sounds):
    check_encoder(lambda: spin.encoders.PANNs(weights=file), sounds)
    assert len(spin.encoders.PANNs(weights=file).encode([])) == 0
    silence = Sound(np.zeros(100, np.float32), 8_000)
    assert np.isfinite(spin.encoders.PANNs(weights=file).encode([silence])).all()


def test_weights_by_themselves_are_read_as_those_in_a_checkpoint(file, sounds, tmp_path):
    torch.save(random_weights(), tmp_path / "bare.pth")
    bare = spin.encoders.PANNs(weights=str(tmp_path / "bare.pth"))
    np.testing.assert_array_equal(
        bare.encode(sounds[:2]), spin.encoders.PANNs(weights=file).encode(sounds[:2])
    )


def test_the_word_without_its_file_says_what_to_bring(home, folder, tmp_path):
    with pytest.raises(MissingWeightsError) as caught:
        spin.open(tmp_path / "x.spin", pool=folder, classes=["a", "b"], encoder="panns")
    assert (
        f'wget -O "{FILE}" "https://zenodo.org/record/3987831/files/Cnn14_mAP%3D0.431.pth"' in caught.value.do
    )
    assert f'encoder=spin.encoders.PANNs(weights="{FILE}")' in caught.value.do
    assert "~/panns_data/" in caught.value.do


def test_the_word_on_other_items_says_what_reads_them(tmp_path):
    with pytest.raises(
        PoolError, match="'panns' reads items of the modality 'audio', this pool holds 'text'"
    ):
        spin.open(tmp_path / "x.spin", pool=["a text", "another"], classes=["a", "b"], encoder="panns")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda weights: weights.pop("conv_block6.bn2.bias"), "it has no 'conv_block6.bn2.bias'"),
        (
            lambda weights: weights.update({"conv_block2.conv1.weight": torch.zeros(6, 5, 3, 3)}),
            "'conv_block2.conv1.weight' is of shape (6, 5, 3, 3), not (n, 4, 3, 3)",
        ),
        (
            lambda weights: weights.update(
                {"spectrogram_extractor.stft.conv_real.weight": torch.zeros(257, 1, 512)}
            ),
            "'spectrogram_extractor.stft.conv_real.weight' is of shape (257, 1, 512), not (513, 1, 1024)",
        ),
        (lambda weights: weights["fc1.bias"].fill_(torch.nan), "'fc1.bias' holds NaN or infinity"),
    ],
)
def test_a_wrong_weights_file_says_so(tmp_path, damage, reason):
    weights = random_weights()
    damage(weights)
    with pytest.raises(PoolError) as caught:
        spin.encoders.PANNs(weights=save(tmp_path / "other.pth", weights))
    assert "'other.pth' does not hold the weights of PANNs CNN14" in caught.value.what
    assert reason in caught.value.what
    assert FILE in caught.value.do


def test_a_file_that_is_something_else_says_so(file, tmp_path):
    torch.save({"model": [1, 2]}, tmp_path / "list.pth")
    (tmp_path / "half.pth").write_bytes(file.read_bytes()[:100_000])  # a download that was cut off
    (tmp_path / "text.pth").write_bytes(b"hello")
    for name in ("list", "half", "text"):
        with pytest.raises(PoolError, match="does not hold the weights of PANNs CNN14"):
            spin.encoders.PANNs(weights=tmp_path / f"{name}.pth")
    with pytest.raises(PoolError, match="is no file"):
        spin.encoders.PANNs(weights=tmp_path / "none.pth")
    with pytest.raises(PoolError, match="a str is no sound"):
        spin.encoders.PANNs(weights=file).encode(["a text"])


def test_a_project_goes_on_with_the_same_weights_and_notices_others(home, folder, tmp_path, capsys):
    save(home / FILE, random_weights())
    path = tmp_path / "x.spin"
    with spin.open(path, pool=folder, classes=["a", "b"], encoder="panns") as s:
        before = np.array(s._live.pool_model.features)
    output = capsys.readouterr().out
    assert output == f"{spin.encoders.PANNs.pretrained[0]}\n"
    assert "Licence CC-BY-4.0, commercial use allowed; 327 MB from zenodo.org/record/3987831." in output
    with spin.open(path) as s:  # the project has the word, the terms and the features
        np.testing.assert_array_equal(s._live.pool_model.features, before)
    assert capsys.readouterr().out == ""
    save(home / FILE, random_weights(seed=1))
    with spin.open(path) as s:
        other = spin.encoders.PANNs(weights=home / FILE).encode(s.pool.load(range(6)))
        np.testing.assert_allclose(s._live.pool_model.features, other, atol=1e-5)
    assert not np.allclose(before, other, atol=1e-3)


def test_heads_that_learnt_with_other_weights_are_let_go(home, folder, tmp_path):
    save(home / FILE, random_weights())
    path = tmp_path / "x.spin"
    with spin.open(path, pool=folder, classes=["a", "b"], encoder="panns") as s:
        for number, id in enumerate(s.pool.ids):
            s.label(id, "ab"[number % 2])
        s.train(wait=True)
        assert "on labels held out" in repr(s.model)
        assert s.check().ok
    with spin.open(path) as s:
        assert s.model.head == "mean"
        assert s.problem is None
    save(home / FILE, random_weights(seed=1))
    with spin.open(path) as s:
        assert s.model.heads == ["graph"]
        assert "learnt from features of another 'panns'. Train again: s.train()." in str(s.problem)
        assert "on labels held out" not in repr(s.model)


def test_arrays_of_other_weights_are_refused(file, tmp_path):
    arrays = spin.encoders.PANNs(weights=file).to_arrays()
    other = spin.encoders.PANNs(weights=save(tmp_path / "small.pth", random_weights(seed=1)))
    with pytest.raises(ModelError, match="other weights"):
        type(other).from_arrays(arrays, other)


@pytest.fixture
def labelled_project(home, folder, tmp_path):
    """Project with trained heads, whose file of weights goes when it is called."""
    save(home / FILE, random_weights())
    with spin.open(tmp_path / "x.spin", pool=folder, classes=["a", "b"], encoder="panns") as s:
        for number, id in enumerate(s.pool.ids):
            s.label(id, "ab"[number % 2])
        s.train(wait=True)
    (home / FILE).unlink()
    return tmp_path / "x.spin"


@pytest.mark.parametrize("options", [{}, {"encoder": "panns"}, {"read_only": True}], ids=str)
def test_a_project_whose_file_has_gone_opens_with_the_features_it_keeps(
    labelled_project, options, sounds, capsys
):
    with spin.open(labelled_project, **options) as s:
        assert "~/panns_data/Cnn14_mAP=0.431.pth, which are not on this machine" in capsys.readouterr().out
        assert s.labels.height == 6
        assert s.model.predictive.mean.shape == (6, 2)
        assert s.model.head == "mean"
        assert s.problem is None
        with pytest.raises(MissingWeightsError) as caught:
            s.predict(sounds[:1])
        assert "this project's features come from 'panns'" in caught.value.what
        assert 'encoder=spin.encoders.PANNs(weights="' in caught.value.do
        assert "encoder='sound'" in caught.value.do


def test_what_is_computed_without_the_file_is_refused_and_goes_on_with_it(labelled_project, home, sounds):
    with spin.open(labelled_project) as s:
        with pytest.raises(MissingWeightsError):
            s.watch(sounds[:2], wait=True)
        assert len(s.pool) == len(s.items) == 6
        s.undo()
        s.train(wait=True)
    save(home / FILE, random_weights())
    with spin.open(labelled_project) as s:
        assert len(s.predict(sounds[:1])) == 1
        assert s.labels.height == 5


def test_a_project_that_keeps_no_features_says_both_ways_out(labelled_project):
    for path in (labelled_project / "features").iterdir():
        path.unlink()
    with pytest.raises(MissingWeightsError) as caught:
        spin.open(labelled_project)
    assert "this project's features come from 'panns'" in caught.value.what
    assert "~/panns_data/Cnn14_mAP=0.431.pth" in caught.value.what
    assert 'encoder=spin.encoders.PANNs(weights="' in caught.value.do
    assert "encoder='sound'" in caught.value.do
    with spin.open(labelled_project, encoder="sound") as s:
        assert s.labels.height == 6


@pytest.mark.parametrize("facts", [None, 3, {}, {"name": "panns"}, {"name": "panns", "settings": [1]}])
def test_a_project_that_did_not_keep_its_settings_says_both_ways_out(labelled_project, facts, home):
    save(home / FILE, random_weights())
    with spin.open(labelled_project) as s:
        s._project.store.set_meta(SETTINGS, facts)
    (home / FILE).unlink()
    with pytest.raises(MissingWeightsError, match="this project's features come from 'panns'"):
        spin.open(labelled_project)


def test_a_folder_in_the_place_of_the_file_damages_no_project(labelled_project, home):
    (home / FILE).mkdir()
    with spin.open(labelled_project) as s:
        assert s.model.head == "mean"
        assert s.check().ok


def test_another_encoder_that_is_not_there_is_refused_as_ever(home, folder, tmp_path):
    with spin.open(tmp_path / "x.spin", pool=folder, classes=["a", "b"], encoder="sound"):
        pass
    with pytest.raises(MissingWeightsError) as caught:
        spin.open(tmp_path / "x.spin", encoder="panns")
    assert "this project" not in caught.value.what
