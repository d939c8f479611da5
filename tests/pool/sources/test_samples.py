"""Samples: real pools that come with packages, for lessons without a network."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool


def test_photos_are_pieces_of_thirteen_pictures():
    sample = samples.photos()
    assert sample.items.shape == (396, 72, 72, 3)
    assert sample.items.dtype == np.uint8
    assert len(set(sample.ids)) == len(sample.labels) == len(sample) == 396
    assert sample.classes == sorted(set(sample.labels))
    assert len(sample.classes) == 13
    counts = [sample.labels.count(name) for name in sample.classes]
    assert min(counts) == 20
    assert max(counts) == 32
    assert all(id.rpartition("-")[0] == label for id, label in zip(sample.ids, sample.labels, strict=True))


def test_photos_are_the_same_every_time_and_nobody_elses_to_change():
    sample = samples.photos()
    sample.items[:] = 0
    assert samples.photos().items.any()


def test_pieces_of_a_picture_do_not_overlap():
    picture = np.arange(300 * 451).reshape(300, 451) % 2**30
    pieces = samples._crops(picture)
    assert len(pieces) == 24
    pixels = np.concatenate([piece[:, :, 0].ravel() for piece in pieces])
    assert len(np.unique(pixels)) == len(pixels)


def test_of_a_large_picture_pieces_are_spread_evenly():
    picture = np.zeros((1411, 1411, 3), np.uint8)
    picture[-720:, :, 0] = 1
    pieces = samples._crops(picture)
    assert len(pieces) == samples.MAX_CROPS
    assert 12 < sum(int(piece.max()) for piece in pieces) < 20


def test_a_pool_of_photos_opens_with_its_classes(tmp_path):
    sample = samples.photos()
    data = read_pool(sample, labels_from="sample")
    assert data.classes == sample.classes
    assert len(data.labels) == 396
    with spin.open(tmp_path / "photos.spin", pool=sample) as s:
        assert len(s) == 396


def test_without_the_package_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingPackageError, match=r"spin_nb\[samples\]"):
        samples.photos()
