"""The heatmap head's gradient against autograd; peaks against a search pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import head_gradient, multi_peak

RNG = np.random.default_rng(0)


def test_the_head_gradient_is_autograds():
    import torch

    n, D, J, H, W = 6, 5, 3, 4, 7
    head = torch.nn.Conv2d(D, J, 1)
    maps, targets = torch.randn(n, D, H, W), torch.randn(n, J, H, W)
    wanted = []
    for x, y in zip(maps, targets, strict=True):
        loss = torch.nn.functional.mse_loss(head(x[None])[0], y)
        wanted.append(sum(float((g**2).sum()) for g in torch.autograd.grad(loss, [*head.parameters()])))
    residuals = (head(maps) - targets).detach().numpy()
    assert np.allclose(head_gradient(maps.numpy(), residuals), wanted, rtol=1e-4)


def naive_peaks(image, distance, peaks, border=0):
    """Pixels no lower than any within ``distance``, above the minimum, highest first; plateaus thinned."""
    H, W = image.shape
    found = []
    for r in range(border, H - border):
        for c in range(border, W - border):
            around = image[max(0, r - distance) : r + distance + 1, max(0, c - distance) : c + distance + 1]
            if image[r, c] == around.max() and image[r, c] > image.min():
                found.append((-float(image[r, c]), r, c))
    taken = []
    for height, r, c in sorted(found):
        if all(max(abs(r - a), abs(c - b)) >= distance for _, a, b in taken):
            taken.append((height, r, c))
    return [-height for height, _, _ in taken[:peaks]]


def naive_entropy(values):
    if not values:
        return 0.0
    p = np.exp(np.array(values) - max(values))
    p /= p.sum()
    return float(-(p * np.log(p)).sum())


@pytest.mark.parametrize("paper_compat", [False, True])
@pytest.mark.parametrize(("distance", "peaks"), [(1, 5), (2, 2), (5, 5)])
def test_multi_peak_entropy_pixel_by_pixel(distance, peaks, paper_compat):
    maps = RNG.random((8, 3, 17, 20)).astype(np.float32)
    maps[4:] = np.round(maps[4:] * 4) / 4  # plateaus
    border = distance if paper_compat else 0
    wanted = [sum(naive_entropy(naive_peaks(m, distance, peaks, border)) for m in image) for image in maps]
    found = multi_peak(maps, min_distance=distance, peaks=peaks, paper_compat=paper_compat)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=1e-5)


def bump(H, W, *centres):
    rows, columns = np.mgrid[:H, :W]
    return sum(np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / 8) for r, c in centres)


def test_one_place_is_sure_two_are_not_and_joints_add_up():
    one, two = bump(32, 32, (8, 8)), bump(32, 32, (8, 8), (22, 22))
    flat = np.zeros((32, 32))
    score = multi_peak(np.array([[one, one], [one, two], [two, two], [flat, flat]], np.float32))
    assert np.allclose(score, [0, np.log(2), 2 * np.log(2), 0], atol=1e-5)


def test_as_published_a_peak_at_the_border_is_not_seen():
    maps = bump(16, 16, (2, 2), (9, 9))[None, None].astype(np.float32)
    assert multi_peak(maps)[0] > 0.6
    assert multi_peak(maps, paper_compat=True)[0] == 0


def test_bad_input_is_refused():
    for act, words in (
        (lambda: multi_peak(np.zeros((3, 4, 5))), r"\(3, 4, 5\)"),
        (lambda: multi_peak(np.full((1, 1, 4, 4), np.nan)), "NaN"),
        (lambda: multi_peak(np.zeros((1, 1, 4, 4)), peaks=0), "peaks 0"),
        (
            lambda: head_gradient(np.zeros((2, 3, 4, 4)), np.zeros((3, 1, 4, 4))),
            r"\(2, 3, 4, 4\).*\(3, 1, 4, 4\)",
        ),
    ):
        with pytest.raises(QueryError, match=words):
            act()
