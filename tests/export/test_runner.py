"""run.py stands alone: Python 3.8, the standard library, numpy, onnxruntime; and it notices any change."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spin_nb.export import manifest as manifests

RUNNER = Path(manifests.__file__).parent / "runner" / "run.py"


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-I", str(folder / "run.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def reason(folder, *arguments):
    done = run(folder, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == "" or "verified" not in done.stdout.splitlines()[-1]
    return done.stderr


def test_it_parses_under_python_3_8():
    ast.parse(RUNNER.read_text(), feature_version=(3, 8))


def test_it_imports_only_the_standard_library_numpy_and_onnxruntime():
    imported = set()
    for node in ast.walk(ast.parse(RUNNER.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def test_the_bundle_carries_it_unchanged(finished):
    assert (finished[1].folder / "run.py").read_text() == RUNNER.read_text()


def test_a_fresh_bundle_verifies(finished):
    done = run(finished[1].folder, "--verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "verified"


@pytest.mark.parametrize("name", ["model.onnx", "golden.npz", "README.md"])
def test_one_flipped_byte_is_noticed_and_named(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    assert f"{name} was changed" in reason(copied, "--verify")


def test_a_changed_model_answers_nothing_either(copied, finished, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 8, 8), np.float32))
    (copied / "model.onnx").write_bytes(b"")
    assert "model.onnx was changed" in reason(copied, tmp_path / "x.npy")


def test_a_changed_class_name_is_noticed(copied):
    text = (copied / "manifest.json").read_text()
    (copied / "manifest.json").write_text(text.replace('"3"', '"4"', 1))
    assert "manifest.json was changed" in reason(copied, "--verify")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": "other"}'])
def test_a_broken_manifest_is_a_reason_not_a_traceback(copied, content):
    (copied / "manifest.json").write_bytes(content)
    assert "manifest.json" in reason(copied, "--verify")


def test_a_missing_file_is_named(copied):
    (copied / "golden.npz").unlink()
    assert "golden.npz cannot be read" in reason(copied, "--verify")


def resealed(folder, change):
    facts = json.loads((folder / "manifest.json").read_text())
    change(facts)
    (folder / "manifest.json").write_bytes(manifests.seal_manifest(facts))


def test_a_manifest_cannot_lead_out_of_the_folder(copied):
    resealed(copied, lambda facts: facts["sha256"].update({"../../etc/passwd": "0"}))
    assert "outside this folder" in reason(copied, "--verify")


def test_a_newer_schema_is_refused(copied):
    resealed(copied, lambda facts: facts.update(schema=2))
    assert "schema 2 is unknown" in reason(copied, "--verify")


def test_answers_beyond_the_tolerance_fail(copied):
    import hashlib

    with np.load(copied / "golden.npz") as golden:
        arrays = dict(golden)
    arrays["epistemic"] = arrays["epistemic"] + np.float32(1e-3)
    np.savez(copied / "golden.npz", **arrays)
    digest = hashlib.sha256((copied / "golden.npz").read_bytes()).hexdigest()
    resealed(copied, lambda facts: facts["sha256"].update({"golden.npz": digest}))
    assert "epistemic differs from golden.npz by 0.001" in reason(copied, "--verify")


def test_each_row_gets_a_json_line_with_the_notebooks_answer(finished, digits, tmp_path):
    model, report = finished
    items = digits[0][:300]
    np.save(tmp_path / "x.npy", model.encoder.prepare(items))
    done = run(report.folder, tmp_path / "x.npy")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    predictive = model.linear.predict(model.encoder.encode(items))
    assert len(lines) == 300
    assert [line["class"] for line in lines] == [model.classes[i] for i in predictive.mean.argmax(1)]
    np.testing.assert_allclose([line["epistemic"] for line in lines], predictive.epistemic, atol=1e-5)
    np.testing.assert_allclose([line["probs"] for line in lines], predictive.mean, atol=1e-5)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 1, 8, 8)), "float64"),
        (np.zeros((2, 64), np.float32), "the model takes float32"),
        (np.zeros((0, 1, 8, 8), np.float32), "there are no inputs"),
        (np.full((1, 1, 8, 8), np.nan, np.float32), "NaN"),
        (np.float32(1), "the model takes float32"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(finished, tmp_path, array, words):
    np.save(tmp_path / "x.npy", array)
    assert words in reason(finished[1].folder, tmp_path / "x.npy")


def test_pickled_inputs_are_never_loaded(finished, tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "cannot be read as .npy" in reason(finished[1].folder, tmp_path / "x.npy")


def test_an_unknown_provider_lists_the_known_ones(finished):
    assert "it has" in reason(finished[1].folder, "--verify", "--provider", "Quantum")
