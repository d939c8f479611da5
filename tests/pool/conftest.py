"""Pictures, folders and real data for the tests of the pool."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REAL = Path(os.environ.get("SPIN_DATA_DIR", Path(__file__).parents[2] / ".." / "shared" / "data")).resolve()


@pytest.fixture(scope="session")
def real():
    """Path of a real data set below SPIN_DATA_DIR; skips where it is not there."""

    def path(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"real data {name!r} is not in {REAL} (set SPIN_DATA_DIR)")
        return REAL / name

    return path


@pytest.fixture(scope="session")
def photos():
    """Smooth, coloured, textured pictures of several sizes."""
    rng = np.random.default_rng(0)

    def photo(height: int, width: int) -> np.ndarray:
        small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))

    return [photo(80 + 7 * (i % 5), 120 - 9 * (i % 4)) for i in range(40)]


@pytest.fixture
def folder(tmp_path, photos):
    """Nine good pictures in three sub-folders, PNG and JPEG."""
    root = tmp_path / "pictures"
    for number, pixels in enumerate(photos[:9]):
        place = root / "abc"[number % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.{'jpg' if number % 2 else 'png'}")
    return root
