"""Files with weights that the system does not let be read, or that are none: said in words, whoever needs them."""

from __future__ import annotations

import errno
import os
import zipfile

import numpy as np
import pytest
import torch

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders import pretrained, weights_file
from spin_nb.pool.encoders.candidates import is_installed
from spin_nb.pool.encoders.checkpoint import NamedTensors, load_network
from spin_nb.pool.encoders.hub.folder import check_complete, digest_of
from spin_nb.pool.encoders.weights_file import MissingWeightsError

FILE = "Cnn14_mAP=0.431.pth"
MAKERS = {
    "EfficientNetLite": "EfficientNet-Lite0",
    "MiniLM": "all-MiniLM-L6-v2",
    "PANNs": "PANNs CNN14",
}


@pytest.fixture
def unreadable(monkeypatch):
    """Let no file be opened, as without rights: who runs this may be root, who has them all."""

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(weights_file, "checksum", refuse)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_file_that_may_not_be_read_says_so(tmp_path, unreadable, maker):
    (tmp_path / "weights.bin").write_bytes(b"anything")
    with pytest.raises(MissingWeightsError) as caught:
        getattr(spin.encoders, maker)(weights=tmp_path / "weights.bin")
    assert "weights.bin' cannot be read: Permission denied." in caught.value.what
    assert "weights=path" in caught.value.do


@pytest.mark.parametrize("maker", MAKERS)
def test_a_folder_in_the_place_of_the_file_says_so(tmp_path, maker):
    with pytest.raises(PoolError, match="is a folder, not a file with weights"):
        getattr(spin.encoders, maker)(weights=tmp_path)


def test_a_folder_in_the_place_where_the_file_is_looked_for_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "panns_data" / FILE).mkdir(parents=True)
    with pytest.raises(PoolError, match="is a folder, not a file with weights"):
        spin.encoders.PANNs()


def test_a_file_of_a_folder_that_may_not_be_read_says_so(tmp_path, unreadable):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(PoolError, match=r"config.json' cannot be read: Permission denied"):
        digest_of(tmp_path)


def test_a_folder_that_may_not_be_listed_says_so(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    with pytest.raises(PoolError, match="cannot be read: Permission denied"):
        check_complete(tmp_path)


def test_a_file_that_goes_while_the_session_is_open_says_so(tmp_path):
    with pytest.raises(PoolError, match="cannot be read: No such file or directory"):
        load_network(tmp_path / "gone.pth", NamedTensors, "X", "the file of X")


def test_auto_does_without_weights_that_may_not_be_read(tmp_path, unreadable, monkeypatch):
    (tmp_path / "weights.pth").write_bytes(b"anything")
    monkeypatch.setattr(
        pretrained.Pretrained, "find", lambda self, *_: weights_file.weights_file(tmp_path / "weights.pth")
    )
    assert not is_installed("minilm")


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def write_half(path):
    torch.save({"a": torch.ones(10_000)}, path)
    path.write_bytes(path.read_bytes()[:5_000])


def write_flipped(path):
    torch.save({"a": torch.ones(10_000)}, path)
    path.write_bytes(path.read_bytes().replace(b"FloatStorage", b"FloatStorags"))


CONTENTS = {
    "it is empty": lambda path: path.write_bytes(b""),
    "it is a web page": lambda path: path.write_bytes(b"\n<!DOCTYPE html><html></html>"),
    "git-lfs's note": lambda path: path.write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0"
    ),
    "its 5 bytes are something else": lambda path: path.write_bytes(b"hello"),
    "it is a zip archive of something else, or was cut off": write_zip,
    "zip archive of something else, or was cut off.": write_half,
}
OF_TORCH = {
    "which could run code and are not read": lambda path: torch.save({"a": np.random.RandomState}, path),
    "it is damaged": write_flipped,
    "it holds a list": lambda path: torch.save([1, 2], path),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("words", CONTENTS)
def test_a_file_that_is_something_else_says_what_it_is(tmp_path, maker, words):
    CONTENTS[words](tmp_path / "other.file")
    with pytest.raises(PoolError) as caught:
        getattr(spin.encoders, maker)(weights=tmp_path / "other.file")
    refused(caught.value, words, MAKERS[maker])


@pytest.mark.parametrize("maker", ["EfficientNetLite", "PANNs"])
@pytest.mark.parametrize("words", OF_TORCH)
def test_a_file_of_torch_that_holds_something_else_says_what_it_is(tmp_path, maker, words):
    OF_TORCH[words](tmp_path / "other.file")
    with pytest.raises(PoolError) as caught:
        getattr(spin.encoders, maker)(weights=tmp_path / "other.file")
    refused(caught.value, words, MAKERS[maker])


def refused(error, words, model):
    assert (
        f"'other.file' does not hold {'the weights of ' if '-v2' not in model else ''}{model}: " in error.what
    )
    assert " is expected, and " in error.what
    assert words in error.what
    for word in ("torch.load", "weights_only", "Unpickl", "PyTorch", "Error", "protobuf"):
        assert word not in str(error), "the library's own words"
    assert error.do.startswith("Pass ")


def quantised(tensor):
    return torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (torch.Tensor.to_sparse, "'conv.weight' is a sparse array"),
        (quantised, "'conv.weight' is qint8, not floating-point numbers"),
        (lambda tensor: tensor.to(torch.complex64), "'conv.weight' is complex64, not floating-point numbers"),
        (torch.Tensor.int, "'conv.weight' is int32, not floating-point numbers"),
        (torch.Tensor.bool, "'conv.weight' is bool, not floating-point numbers"),
        (lambda tensor: tensor.to("meta"), "'conv.weight' is an array without numbers"),
        (lambda tensor: tensor.double() * 1e300, "'conv.weight' holds NaN or infinity"),
        (lambda tensor: tensor * 1e38, "'conv.weight' holds NaN or infinity"),
        (lambda tensor: tensor[:0], "not all of its numbers are stored"),
        (lambda tensor: tensor[:1].expand(10**12, 2, 3, 3), "not all of its numbers are stored"),
        (lambda tensor: tensor.numpy(), "it has no 'conv.weight'"),
        (lambda tensor: [tensor], "it has no 'conv.weight'"),
    ],
)
def test_odd_weights_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        fold(change(torch.ones(4, 2, 3, 3)), torch.ones(4))


def fold(weight, variance):
    parts = {"weight": torch.full((4,), 10.0), "bias": torch.zeros(4), "running_mean": torch.zeros(4)}
    norm = {f"norm.{part}": tensor for part, tensor in parts.items()}
    tensors = {"conv.weight": weight, "norm.running_var": variance, **norm}
    return NamedTensors(tensors).fold("conv", "norm", (None, 2, 3, 3), 1e-5)


def test_a_variance_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"'norm\.running_var', which is a variance, is below zero"):
        fold(torch.ones(4, 2, 3, 3), torch.tensor([1.0, 1.0, -1e-6, 1.0]))


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_any_floating_point_numbers_are_read(kind):
    weight, _ = fold(torch.ones(4, 2, 3, 3).to(kind).clone(), torch.ones(4))
    assert weight.dtype == torch.float32
    assert not fold(torch.nn.Parameter(torch.ones(4, 2, 3, 3)), torch.ones(4))[0].requires_grad
