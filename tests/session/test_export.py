"""``s.export``: the bundle says what the notebook said."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import testing
from spin_nb.errors import ExportError
from spin_nb.registry import resolve, words
from spin_nb.session.model.export import exported_model


@pytest.fixture
def trained(project, digits):
    s = project()
    digits.label(s, s.ask(40).ids)
    s.train(wait=True)
    return s


def last_model(s):
    return exported_model(s._project, s._live, s._training.model_id)


@pytest.mark.parametrize("word", sorted(words("target")))
def test_every_target_keeps_its_contract(trained, tmp_path, word):
    example = trained.pool.load(range(16))
    testing.check_target(resolve("target", word), last_model(trained), example, tmp_path / "bundle")


def test_the_bundle_answers_as_the_notebook_without_us(trained, tmp_path):
    import onnxruntime

    report = trained.export(tmp_path / "bundle")
    assert report.largest_difference <= 1e-4
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "bundle/run.py", "--verify"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "verified" in done.stdout
    model = last_model(trained)
    items = trained.pool.load(range(100))
    session = onnxruntime.InferenceSession(tmp_path / "bundle/model.onnx")
    probs, epistemic = session.run(["probs", "epistemic"], {"input": model.encoder.prepare(items)})
    ours = model.linear.predict(model.encoder.encode(items))
    assert np.abs(probs - ours.mean).max() < 1e-4
    assert np.abs(epistemic - ours.epistemic).max() < 1e-4


def test_the_manifest_states_agreement_audited_accuracy_and_what_was_not_checked(trained, tmp_path):
    report = trained.export(tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    shown = trained.model.predictive.mean.argmax(1)
    distilled = last_model(trained).linear.predict(trained._live.pool_model.features).mean.argmax(1)
    assert report.agreement == pytest.approx((shown == distilled).mean(), abs=0.01)
    assert manifest["metrics"]["audited_accuracy"]["n"] == trained.accuracy.n == 4
    assert any("Jetson" in what for what in manifest["not_verified"])
    assert manifest["classes"] == trained.classes


def test_a_function_as_encoder_cannot_be_exported(tmp_path, digits):
    s = spin.open(
        tmp_path / "p.spin",
        pool=digits.images,
        classes=digits.classes,
        encoder=lambda items: np.array([item.reshape(-1) for item in items], np.float32),
    )
    digits.label(s, s.ask(12).ids)
    s.train(wait=True)
    with pytest.raises(ExportError, match="built-in encoder"):
        s.export(tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_folder_of_somebody_elses_is_not_overwritten(trained, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("years of work")
    with pytest.raises(ExportError):
        trained.export(tmp_path / "thesis")
    assert (tmp_path / "thesis/chapter.txt").read_text() == "years of work"
