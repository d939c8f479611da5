"""Pictures, folders and real data for the tests of the pool."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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


@pytest.fixture
def without_checksums():
    """Turn a pool on disk into one of a version without checksums, in which nobody notices a changed file."""

    def strip(home: Path) -> None:
        facts = json.loads((home / "pool.json").read_text())
        del facts["files"], facts["seal"]
        (home / "pool.json").write_text(json.dumps(facts))

    return strip
