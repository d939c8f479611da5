"""Batches on a device: halved where its memory is full, then the CPU; the numbers stay, and it is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spin_nb.pool.encoders.hub.network import Network

ITEMS = list(range(11))


def prepare(items):
    return {"x": torch.tensor(items, dtype=torch.float32)}


class SmallDevice:
    """A device whose memory holds only so many items at once, played by the CPU."""

    type = "cuda"

    def __init__(self, room: int) -> None:
        self.room, self.sizes = room, []

    def __str__(self) -> str:
        return "cuda:0"

    def forward(self, tensors):
        self.sizes.append(len(tensors["x"]))
        if len(tensors["x"]) > self.room and self.network.device is self:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 2 * tensors["x"][:, None]


def network_on(device: SmallDevice, monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network(torch.nn.Identity(), rows=4, device_rows=8)
    network.device = device
    device.network = network
    to = torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, where: self if where is device else to(self, where))
    return network


@pytest.mark.parametrize(
    ("room", "sizes", "remark"),
    [
        (8, [8, 3], ""),
        (2, [8, 4, 2, 2, 2, 2, 2, 1], "the memory of cuda:0 is small: 2 items at once."),
        (0, [8, 4, 2, 1, 4, 4, 3], "the memory of cuda:0 is full: it goes on on the CPU, which is slower."),
    ],
)
def test_fewer_items_at_once_until_they_fit_then_the_cpu(monkeypatch, room, sizes, remark):
    device = SmallDevice(room)
    network = network_on(device, monkeypatch)
    rows = network.run(ITEMS, prepare, device.forward)
    np.testing.assert_array_equal(rows, 2 * np.arange(11, dtype=np.float32)[:, None])
    assert sorted(device.sizes) == sorted(sizes)
    assert network.remark == remark
    again = network.run(ITEMS[:3], prepare, device.forward)
    assert len(again) == 3


def test_a_network_too_large_for_the_device_runs_on_the_cpu(monkeypatch):
    class Large(torch.nn.Module):
        def to(self, device):
            if device.type != "cpu":
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self

    monkeypatch.setattr(
        "spin_nb.pool.encoders.hub.network.pick",
        lambda word: torch.device("cuda" if word == "auto" else word),
    )
    network = Network(Large())
    assert network.device.type == "cpu"
    assert network.remark == "the memory of cuda is full: it runs on the CPU, which is slower."


def test_any_other_error_is_not_taken_for_a_full_memory(monkeypatch):
    def fail(tensors):
        raise RuntimeError("shape")

    with pytest.raises(RuntimeError, match="shape"):
        network_on(SmallDevice(8), monkeypatch).run(ITEMS, prepare, fail)
