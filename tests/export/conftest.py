"""A head trained on scikit-learn's digits, and its bundle."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.export.targets.jetson import export
from spin_nb.models.snapshot import Snapshot


@pytest.fixture(scope="session")
def digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    return [np.uint8(image * 255 // 16) for image in data.images[:400]], data.target[:400].astype(np.int64)


@pytest.fixture(scope="session")
def trained(digits):
    """Function: a snapshot of a head trained on 60 digits, with any of its facts changed."""
    from spin_nb.pool.encoders.pixels import PixelsPCA

    items, y = digits
    encoder = PixelsPCA().fit(items)
    linear = LastLayerLaplace().fit(encoder.encode(items[:60]), y[:60], n_classes=10)
    made = Snapshot(
        "20260101-000000-abcdef",
        tuple("0123456789"),
        encoder,
        "linear",
        linear,
        validation={"linear": 0.9},
        n_labels=60,
    )
    return lambda **changes: replace(made, **changes)


@pytest.fixture(scope="session")
def finished(trained, digits, tmp_path_factory):
    """One bundle for tests that only read it: (model, report)."""
    model = trained()
    return model, export(model, digits[0][:40], tmp_path_factory.mktemp("export") / "bundle")


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of that bundle for tests that damage it."""
    return shutil.copytree(finished[1].folder, tmp_path / "copied")
