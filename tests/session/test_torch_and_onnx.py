"""A person's own torch data set, torch network and ONNX file through a whole session, and back by the path alone."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import spin_nb as spin
from spin_nb.errors import ContradictionError, LabelError
from spin_nb.models.onnx import OnnxModel
from spin_nb.pool.sources import samples

DIGITS = samples.digits()
ROWS = 200
PICTURES = torch.from_numpy(DIGITS.items[:ROWS])[:, None].float() / 255
LABELS = torch.tensor([int(label) for label in DIGITS.labels[:ROWS]])
TRUTH = LABELS.numpy()
DATASET = TensorDataset(PICTURES, LABELS)
NAMES = DIGITS.classes


@pytest.fixture(scope="module")
def net():
    """Trained on the digits: what its layers give tells them apart."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 10))
    step = torch.optim.Adam(made.parameters(), 0.01)
    for _ in range(60):
        step.zero_grad()
        nn.functional.cross_entropy(made(PICTURES), LABELS).backward()
        step.step()
    return made.eval()


@contextmanager
def project(path, **given):
    s = spin.open(path, **given)
    try:
        yield s
    finally:
        s.close()


def label_some(s, k=24):
    s.label({id: NAMES[TRUTH[s.pool.row(id)]] for id in s.ask(k).ids})


def accuracy(s):
    return (s.predict(s.pool.ids).mean.argmax(1) == TRUTH).mean()


def test_a_dataset_opens_trains_and_comes_back_by_its_path(tmp_path):
    with project(tmp_path / "x.spin", pool=DATASET, classes=NAMES) as s:
        label_some(s)
        s.train(wait=True)
        assert len(s.labels) == 24
    with project(tmp_path / "x.spin") as s:
        np.testing.assert_array_equal(s.pool.load([5])[0], DIGITS.items[5])
        assert s.predict(DATASET).mean.shape == (ROWS, 10)
    with project(tmp_path / "x.spin", pool=DATASET) as s:
        assert len(s.pool) == ROWS


def test_labels_of_a_dataset_come_in_when_asked_for(tmp_path):
    with project(tmp_path / "x.spin", pool=DATASET, labels_from="dataset") as s:
        assert s.classes == NAMES
        assert s.labels["value"].to_list()[:20] == DIGITS.labels[:20]
    with pytest.raises(LabelError, match="no classes"):
        spin.open(tmp_path / "y.spin", pool=DATASET)
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    with project(tmp_path / "z.spin", pool=DATASET, classes=words, labels_from="dataset") as s:
        assert s.labels["value"][3] == words[TRUTH[3]]


def test_another_dataset_under_the_same_path_is_refused(tmp_path):
    spin.open(tmp_path / "x.spin", pool=DATASET, classes=NAMES).close()
    with pytest.raises(ContradictionError):
        spin.open(tmp_path / "x.spin", pool=TensorDataset(PICTURES.flip(0)))


def test_a_torch_layer_comes_back_by_the_path_alone(net, tmp_path):
    with project(
        tmp_path / "x.spin", pool=DATASET, classes=NAMES, encoder=spin.encoders.TorchLayer(net, "3")
    ) as s:
        label_some(s)
        s.train(wait=True)
        before, features = accuracy(s), np.array(s._live.pool_model.features)
        assert before > 0.8
        new = s.predict(list(DIGITS.items[300:310])).mean
        report = s.export(tmp_path / "bundle")
        assert report.largest_difference < 1e-4
    with project(tmp_path / "x.spin") as s:
        np.testing.assert_array_equal(s._live.pool_model.features, features)
        s._live.pool_model.wait()
        np.testing.assert_allclose(s.predict(list(DIGITS.items[300:310])).mean, new, atol=1e-3)
        assert accuracy(s) == pytest.approx(before, abs=0.02)


def test_an_onnx_output_comes_back_when_the_file_is_gone(net, save_torch, tmp_path):
    path = save_torch(net, torch.zeros(1, 1, 8, 8))
    with project(
        tmp_path / "x.spin", pool=DATASET, classes=NAMES, encoder=spin.encoders.OnnxOutput(path, "logits")
    ) as s:
        features = np.array(s._live.pool_model.features)
        with torch.no_grad():
            own = net(PICTURES).numpy()
        np.testing.assert_allclose(features, own - own.mean(axis=0), atol=1e-4)
    path.unlink()
    with project(tmp_path / "x.spin") as s:
        np.testing.assert_array_equal(s._live.pool_model.features, features)


def test_what_cannot_be_kept_is_asked_for_again(net, tmp_path):
    encoder = spin.encoders.TorchLayer(net, "3", prepare=lambda items: np.stack(items)[:, None] / 255)
    spin.open(tmp_path / "x.spin", pool=DATASET, classes=NAMES, encoder=encoder).close()
    with pytest.raises(ContradictionError, match="not kept") as caught:
        spin.open(tmp_path / "x.spin")
    assert "encoder=" in caught.value.do
    spin.open(tmp_path / "x.spin", encoder=encoder).close()


def test_an_onnx_model_trains_predicts_and_keeps_the_last_good_one(net, save_torch, tmp_path):
    path = save_torch(nn.Sequential(net, nn.Softmax(1)), torch.zeros(1, 1, 8, 8), outputs=("probs",))
    with project(tmp_path / "x.spin", pool=DATASET, classes=NAMES) as s:
        label_some(s)
        s.train(model=OnnxModel(path), show=True, wait=True)
        with torch.no_grad():
            own = net(PICTURES).argmax(1).numpy()
        np.testing.assert_array_equal(s.predict(s.pool.ids).mean.argmax(1), own)
        with pytest.raises(spin.SpinError, match="shape"):
            s.train(model=OnnxModel(path, features=OnnxModel(path).graph.tensors[0]), show=True, wait=True)
        np.testing.assert_array_equal(s.predict(s.pool.ids).mean.argmax(1), own)
