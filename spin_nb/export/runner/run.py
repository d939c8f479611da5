#!/usr/bin/env python3
"""Run or verify the model in this folder.  Needs Python 3.8 or newer, numpy and onnxruntime; nothing else.

    python3 run.py --verify         check every file's sha256, then replay golden.npz
    python3 run.py inputs.npy       one JSON line per row: class, probability, epistemic, probs

inputs.npy holds prepared inputs, float32, as manifest.json describes under "input".
"""

import argparse
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ITEMS_PER_BATCH = 256


class BundleError(Exception):
    """A bundle that cannot be used, and the reason."""


def path_of(name):
    """Path of a bundle file; a name that leads elsewhere is refused."""
    if not isinstance(name, str) or name != os.path.basename(name) or name in ("", ".", ".."):
        raise BundleError(f"manifest.json names a file outside this folder: {name!r}")
    return os.path.join(HERE, name)


def canonical(manifest):
    """Bytes of the manifest that its own digest covers."""
    rest = {key: value for key, value in manifest.items() if key != "self_sha256"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":")).encode("ascii")


def read_manifest():
    """Read manifest.json and check its own digest."""
    try:
        with open(path_of("manifest.json"), "rb") as file:
            manifest = json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"manifest.json cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != "spin_nb-bundle":
        raise BundleError("manifest.json is not that of a spin_nb bundle")
    if manifest.get("schema") != 1:
        schema = manifest.get("schema")
        raise BundleError(f"schema {schema!r} is unknown to this run.py, which reads schema 1")
    if hashlib.sha256(canonical(manifest)).hexdigest() != manifest.get("self_sha256"):
        raise BundleError("manifest.json was changed: its sha256 does not match")
    return manifest


def check_files(manifest):
    """Check the sha256 of every file the manifest lists."""
    for name, listed_digest in sorted(manifest["sha256"].items()):
        try:
            with open(path_of(name), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            raise BundleError(f"{name} cannot be read: {error}") from error
        if digest != listed_digest:
            raise BundleError(f"{name} was changed: sha256 is {digest}, manifest.json says {listed_digest}")


def open_model(provider):
    """Open model.onnx with onnxruntime."""
    try:
        import onnxruntime
    except ImportError as error:
        raise BundleError(f"onnxruntime cannot be imported ({error}); install it for this device") from error
    if provider not in onnxruntime.get_available_providers():
        providers = ", ".join(onnxruntime.get_available_providers())
        raise BundleError(f"onnxruntime has no provider {provider} here; it has {providers}")
    try:
        return onnxruntime.InferenceSession(path_of("model.onnx"), providers=[provider])
    except Exception as error:
        raise BundleError(f"onnxruntime cannot load model.onnx: {error}") from error


def run(session, manifest, inputs):
    """Outputs by name for prepared inputs (n, ...), computed in batches."""
    import numpy as np

    shape = tuple(manifest["input"]["shape"][1:])
    if str(inputs.dtype) != manifest["input"]["dtype"] or tuple(inputs.shape[1:]) != shape:
        description = f"{inputs.dtype} {inputs.shape}"
        raise BundleError(f"inputs are {description}, the model takes float32 (n, ...) with {shape} after n")
    if not len(inputs):
        raise BundleError("there are no inputs")
    if not np.isfinite(inputs).all():
        raise BundleError("inputs hold NaN or infinity")
    names = [output["name"] for output in manifest["outputs"]]
    name = manifest["input"]["name"]
    parts = [
        session.run(names, {name: inputs[i : i + ITEMS_PER_BATCH]})
        for i in range(0, len(inputs), ITEMS_PER_BATCH)
    ]
    return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}


def verify(manifest, provider):
    """Replay golden.npz, all rows together and the first alone; return lines of what was found."""
    import numpy as np

    check_files(manifest)
    with np.load(path_of("golden.npz"), allow_pickle=False) as file:
        golden = {name: file[name] for name in file.files}
    session = open_model(provider)
    lines = [f"{len(manifest['sha256'])} files match their sha256"]
    for rows in (len(golden["input"]), 1):
        outputs = run(session, manifest, golden["input"][:rows])
        for output in manifest["outputs"]:
            name, tolerance = output["name"], output["tolerance"]
            answers = golden[name][:rows]
            if outputs[name].shape != answers.shape:
                raise BundleError(f"{name} has shape {outputs[name].shape}, golden.npz has {answers.shape}")
            difference = float(np.abs(outputs[name].astype("f8") - answers).max())
            if not difference <= tolerance:
                raise BundleError(
                    f"{name} differs from golden.npz by {difference:.3g}, allowed is {tolerance:.3g}"
                )
            lines.append(
                f"{name}, {rows} rows: largest difference {difference:.2g} (allowed {tolerance:.2g})"
            )
    return lines


def answer(manifest, provider, path):
    """Yield one JSON line per row of the inputs at ``path``."""
    import numpy as np

    check_files(manifest)
    try:
        inputs = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read as .npy: {error}") from error
    if not isinstance(inputs, np.ndarray):
        raise BundleError(f"{path} holds several arrays; pass one .npy array")
    outputs = run(open_model(provider), manifest, inputs)
    for row, probs in enumerate(outputs["probs"]):
        best = int(probs.argmax())
        yield json.dumps(
            {
                "class": manifest["classes"][best],
                "probability": float(probs[best]),
                "epistemic": float(outputs["epistemic"][row]),
                "probs": [float(p) for p in probs],
            }
        )


def main():
    """Command line; exit status 0 if all is well, 1 with the reason on stderr otherwise."""
    parser = argparse.ArgumentParser(description="Run or verify the model in this folder.")
    parser.add_argument("inputs", nargs="?", help=".npy file of prepared inputs, float32 (n, ...)")
    parser.add_argument("--verify", action="store_true", help="check sha256 and replay golden.npz")
    parser.add_argument("--provider", default="CPUExecutionProvider", help="onnxruntime execution provider")
    arguments = parser.parse_args()
    if arguments.verify == bool(arguments.inputs):
        parser.error("pass either --verify or one .npy file")
    try:
        manifest = read_manifest()
        if arguments.verify:
            lines = [*verify(manifest, arguments.provider), "verified"]
        else:
            lines = answer(manifest, arguments.provider, arguments.inputs)
        for line in lines:
            print(line)
    except BundleError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
