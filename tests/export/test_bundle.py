"""A bundle says what the notebook says, holds what it claims, and is made whole or not at all."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import onnxruntime
import pytest

from spin_nb import testing
from spin_nb.errors import ExportError
from spin_nb.export.targets.jetson import export
from spin_nb.models.snapshot import Snapshot
from spin_nb.pool.encoders.function import FunctionEncoder

FILES = {"model.onnx", "manifest.json", "golden.npz", "run.py", "README.md"}
HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
    "a\nb",
    "'; DROP TABLE items;--",
    "müll\u202e",
    "6",
    "7",
]


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def answers(folder, inputs):
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    names = ["probs", "epistemic", "logits"]
    return dict(zip(names, session.run(names, {"input": inputs}), strict=True))


def test_the_target_keeps_its_contract(trained, digits, tmp_path):
    testing.check_target(export, trained(), digits[0][:16], tmp_path / "bundle")


def test_it_holds_five_files_each_with_its_true_sha256(finished):
    report = finished[1]
    assert {p.name for p in report.folder.iterdir()} == set(report.files) == FILES
    for name, digest in report.files.items():
        assert hashlib.sha256((report.folder / name).read_bytes()).hexdigest() == digest
    assert manifest(report.folder)["sha256"] == {
        n: d for n, d in report.files.items() if n != "manifest.json"
    }


def test_items_it_was_not_proven_with_get_the_notebooks_answers_too(finished, digits):
    model, report = finished
    items = digits[0][40:]
    predictive = model.linear.predict(model.encoder.encode(items))
    found = answers(report.folder, model.encoder.prepare(items))
    np.testing.assert_allclose(found["probs"], predictive.mean, atol=1e-5)
    np.testing.assert_allclose(found["epistemic"], predictive.epistemic, atol=1e-5)
    assert predictive.epistemic.std() > 0.01


def test_epistemic_is_the_mutual_information_over_the_notebooks_own_draws(finished, digits):
    from spin_nb.bayes.predictive import decompose

    model, report = finished
    predictive = model.linear.predict(model.encoder.encode(digits[0]))
    _, _, bald = decompose(predictive.marginal(0, len(predictive)))
    found = answers(report.folder, model.encoder.prepare(digits[0]))
    np.testing.assert_allclose(found["epistemic"], bald, atol=1e-5)
    assert (found["epistemic"] >= 0).all()


def test_it_ranks_items_nearly_as_many_joint_draws_do(finished, digits):
    from scipy.stats import spearmanr

    from spin_nb.bayes.predictive import decompose

    model, report = finished
    predictive = model.linear.predict(model.encoder.encode(digits[0]))
    _, _, joint = decompose(predictive.draws(np.arange(len(digits[0])), 500, 7))
    found = answers(report.folder, model.encoder.prepare(digits[0]))["epistemic"]
    assert spearmanr(found, joint).statistic > 0.93


def test_the_manifest_says_what_a_device_needs_and_what_was_not_checked(finished):
    model, report = finished
    facts = manifest(report.folder)
    assert facts["schema"] == 1
    assert facts["classes"] == list(model.classes)
    assert facts["input"]["shape"] == ["batch", 1, 8, 8]
    assert facts["input"]["preprocessing"] == model.encoder.describe()
    assert {o["name"]: o["unit"] for o in facts["outputs"]}["epistemic"] == "nats"
    assert facts["graph"]["opset"] == 16
    assert facts["graph"]["ir_version"] <= 8
    assert {"Jetson hardware", "TensorRT"} <= set(facts["not_verified"])
    assert facts["metrics"]["cross_validation"]["n"] == model.n_labels
    assert "not run on TensorRT" in report.notes


def test_golden_rows_are_spread_over_the_example(finished, digits):
    model, report = finished
    with np.load(report.folder / "golden.npz", allow_pickle=False) as golden:
        assert len(golden["input"]) == 32
        np.testing.assert_array_equal(golden["input"][0], model.encoder.prepare(digits[0][:1])[0])
        np.testing.assert_array_equal(golden["input"][-1], model.encoder.prepare(digits[0][39:40])[0])


def test_one_example_item_is_enough(trained, digits, tmp_path):
    assert export(trained(), digits[0][:1], tmp_path / "b").largest_difference < 1e-4


def test_a_distilled_head_says_so_with_its_agreement(trained, digits, tmp_path):
    from spin_nb.models.distil import distil

    model = trained()
    features = model.encoder.encode(digits[0])
    linear, agreement = distil(features, model.linear.predict(features).mean, n_labels=60)
    report = export(trained(head="graph", linear=linear, agreement=agreement), digits[0][:8], tmp_path / "b")
    facts = manifest(tmp_path / "b")["model"]
    assert (facts["shown_head"], facts["distilled"], facts["agreement"]) == ("graph", True, agreement)
    assert report.agreement == agreement > 0.9
    assert any("distilled" in note for note in report.notes)


def test_audited_accuracy_travels_with_its_interval_and_n(trained, digits, tmp_path):
    @dataclass(frozen=True)
    class Audited(Snapshot):
        def card(self):
            return {**super().card(), "accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40}}

    export(Audited(**vars(trained())), digits[0][:8], tmp_path / "b")
    audited = manifest(tmp_path / "b")["metrics"]["audited_accuracy"]
    assert (audited["value"], audited["low"], audited["high"], audited["n"]) == (0.9, 0.8, 0.95, 40)


def test_hostile_class_names_stay_json_strings(trained, digits, tmp_path):
    names = [*HOSTILE, "x" * 500, "", "nul\x00"]
    report = export(trained(classes=tuple(names)), digits[0][:8], tmp_path / "b")
    assert manifest(tmp_path / "b")["classes"] == names
    assert set(report.files) == FILES
    assert {p.name for p in tmp_path.iterdir()} == {"b"}
    for name in ("README.md", "run.py", "model.onnx"):
        assert b"onerror" not in (tmp_path / "b" / name).read_bytes()


ENCODERS = {
    "photo": [np.random.default_rng(i).integers(0, 255, (70, 90, 3), dtype=np.uint8) for i in range(24)],
    "tfidf-svd": [
        f"{a} {b} {c}" for a in ("red", "green") for b in ("car", "bike", "bus") for c in ("slow", "fast")
    ]
    * 2,
    "columns": [{"speed": float(i), "kind": "ab"[i % 2], "hole": None if i % 5 else 1.0} for i in range(24)],
}


@pytest.mark.parametrize("word", sorted(ENCODERS))
def test_every_built_in_encoder_goes_into_the_graph(word, tmp_path):
    from spin_nb.bayes.laplace import LastLayerLaplace
    from spin_nb.registry import resolve

    items = ENCODERS[word]
    encoder = resolve("encoder", word)().fit(items)
    y = np.arange(len(items)) % 3
    linear = LastLayerLaplace().fit(encoder.encode(items), y, n_classes=3)
    model = Snapshot("m", ("a", "b", "c"), encoder, "linear", linear, n_labels=24)
    assert export(model, items, tmp_path / "b").largest_difference < 1e-4


@pytest.mark.parametrize("n_classes", [2, 77])
def test_any_number_of_classes(n_classes, digits, trained, tmp_path):
    from spin_nb.bayes.laplace import LastLayerLaplace

    encoder = trained().encoder
    # Some of the 77 have no label at all.
    linear = LastLayerLaplace().fit(
        encoder.encode(digits[0][:60]), np.arange(60) % n_classes, n_classes=n_classes
    )
    model = trained(linear=linear, classes=tuple(f"c{i}" for i in range(n_classes)))
    assert export(model, digits[0][:8], tmp_path / "b").largest_difference < 1e-4


@pytest.mark.parametrize("encoder", [FunctionEncoder(len), None])
def test_a_function_as_encoder_is_refused_with_what_to_do(trained, tmp_path, encoder):
    with pytest.raises(ExportError, match="cannot go into an ONNX graph") as caught:
        export(trained(encoder=encoder), [1], tmp_path / "b")
    assert "built-in encoder" in caught.value.do
    assert not list(tmp_path.iterdir())


def test_no_example_is_refused(trained, tmp_path):
    with pytest.raises(ExportError, match="no example item"):
        export(trained(), [], tmp_path / "b")


def test_another_structure_than_kron_is_refused(trained, digits, tmp_path):
    from spin_nb.bayes.laplace import LastLayerLaplace

    model = trained()
    linear = LastLayerLaplace("diag").fit(model.encoder.encode(digits[0][:60]), digits[1][:60], n_classes=10)
    with pytest.raises(ExportError, match="structure 'diag'"):
        export(trained(linear=linear), digits[0][:8], tmp_path / "b")
    assert not list(tmp_path.iterdir())


class Lying:
    """An encoder whose exported module computes other features than ``encode``."""

    def __init__(self, encoder, factor):
        self.encoder, self.factor = encoder, factor
        self.prepare, self.describe, self.module = encoder.prepare, encoder.describe, encoder.module

    def encode(self, items):
        return self.encoder.encode(items) * self.factor


def test_a_graph_that_disagrees_with_the_notebook_is_never_written(trained, digits, tmp_path):
    with pytest.raises(ExportError, match="differs from the notebook's by"):
        export(trained(encoder=Lying(trained().encoder, np.float32(1.1))), digits[0][:8], tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_settings_json_cannot_say_are_refused(trained, digits, tmp_path):
    lying = Lying(trained().encoder, np.float32(1))
    lying.describe = lambda: {"mean": float("nan")}
    with pytest.raises(ExportError, match="cannot be written as JSON"):
        export(trained(encoder=lying), digits[0][:8], tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_nan_items_are_refused(trained, tmp_path, digits):
    model = trained()
    lying = Lying(model.encoder, np.float32(1))
    lying.prepare = lambda items: np.full((len(items), 1, 8, 8), np.nan, np.float32)
    with pytest.raises(ExportError, match="input of the example items is not finite"):
        export(trained(encoder=lying), digits[0][:8], tmp_path / "b")
