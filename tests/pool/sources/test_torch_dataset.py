"""A torch Dataset as a pool: whatever it does, what can be used is used and the rest is told."""

from __future__ import annotations

import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from spin_nb.errors import PoolError, StorageError
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.torch_dataset_items import is_dataset

DIGITS = samples.digits()
PICTURES = torch.from_numpy(DIGITS.items)[:, None]
LABELS = torch.tensor([int(label) for label in DIGITS.labels])


class Listed(Dataset):
    """Items from a list; an exception in it is raised."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, row):
        item = self.items[row]
        if isinstance(item, Exception):
            raise item
        return item


class Streamed(IterableDataset):
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item


def test_pictures_are_the_arrays_they_came_from(tmp_path):
    pool = Pool.save(tmp_path, read_pool(TensorDataset(PICTURES, LABELS), near=tmp_path))
    np.testing.assert_array_equal(pool.load([0, 5, 1796]), DIGITS.items[[0, 5, 1796]])
    assert len(pool) == 1797
    assert isinstance(pool._data.items, np.memmap)
    again = Pool.open(tmp_path)
    np.testing.assert_array_equal(again.load([9]), DIGITS.items[[9]])


@pytest.mark.parametrize(
    "transform", [lambda x: x / 255, lambda x: (x / 255 - 0.13) / 0.31, lambda x: x.long()]
)
def test_scales_become_eight_bits_as_for_arrays(transform):
    tensor = transform(PICTURES.float())
    found = read_pool(TensorDataset(tensor))
    wanted = read_pool(tensor[:, 0].numpy())
    np.testing.assert_array_equal(found.items, wanted.items)
    assert found.metadata == wanted.metadata


@settings(deadline=None, max_examples=40)
@given(
    any_array(
        st.sampled_from([np.uint8, np.int32, np.float32, np.bool_]),
        st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(5, 7)),
    ).filter(lambda array: array.dtype.kind != "f" or np.isfinite(array).all())
)
def test_any_pictures_are_read_as_from_an_array(array):
    found, wanted = read_pool(TensorDataset(torch.from_numpy(array))), read_pool(array)
    np.testing.assert_array_equal(found.items, wanted.items)
    assert found.metadata == wanted.metadata


def test_float64_is_read_as_float32():
    assert read_pool(TensorDataset(torch.rand(5, 3, 8, 8, dtype=torch.float64))).items.shape == (5, 8, 8, 3)


@pytest.mark.parametrize(
    ("item", "shape"),
    [
        (torch.zeros(8, 9, dtype=torch.uint8), (8, 9)),
        (torch.zeros(1, 8, 9), (8, 9)),
        (torch.zeros(3, 8, 9), (8, 9, 3)),
        (torch.zeros(8, 9, 3), (8, 9, 3)),
        (torch.zeros(4, 8, 9, dtype=torch.bool), (8, 9, 4)),
        (torch.zeros(3, 8, 9, dtype=torch.bfloat16), (8, 9, 3)),
        (torch.zeros(3, 8, 9, requires_grad=True), (8, 9, 3)),
        (np.zeros((8, 9, 3), np.float32), (8, 9, 3)),
        (Image.new("L", (9, 8)), (8, 9)),
        (Image.new("RGBA", (9, 8)), (8, 9, 3)),
        (torch.zeros(5), (5,)),
        (torch.zeros(5, dtype=torch.int64), (5,)),
    ],
)
def test_what_an_item_may_be(item, shape):
    found = read_pool(Listed([item, (item, 3)]))
    assert found.items.shape == (2, *shape)
    assert found.items.dtype == (np.float32 if len(shape) == 1 else np.uint8)


@pytest.mark.parametrize(
    "item",
    [
        "a text",
        {"image": torch.zeros(3, 8, 8)},
        torch.tensor(3.0),
        torch.zeros(2, 3, 8, 8),
        torch.zeros(7, 8, 9),
        (),
        None,
    ],
    ids=["text", "dict", "number", "four axes", "seven channels", "empty tuple", "None"],
)
def test_what_no_item_may_be(item):
    with pytest.raises(PoolError) as caught:
        read_pool(Listed([item] * 3))
    assert ("list" if item == "a text" else "item") in caught.value.do


def test_broken_items_are_listed_and_keep_their_numbers():
    items = [(picture, 0) for picture in PICTURES[:100]]
    items[3] = OSError("cannot read 3.png")
    items[70] = (PICTURES[70, :, :5], 0)
    items[71] = (PICTURES[71].float() * float("nan"), 0)
    items[72] = (PICTURES[72].float(), 0)
    items[73] = IndexError("inside the item")
    found = read_pool(Listed(items))
    assert [item.id for item in found.broken] == [f"item-{row:06d}" for row in (3, 70, 71, 72, 73)]
    reasons = " ".join(item.reason for item in found.broken)
    for word in ("cannot read 3.png", "(5, 8)", "NaN", "float32", "inside the item"):
        assert word in reasons
    assert len(found) == 95
    assert found.ids[3] == "item-000004"
    np.testing.assert_array_equal(found.items[3], DIGITS.items[4])


def test_grey_among_rgb_becomes_rgb():
    found = read_pool(Listed([Image.new("L", (8, 8), 7), Image.new("RGB", (8, 8), (1, 2, 3))]))
    assert found.items.shape == (2, 8, 8, 3)
    assert (found.items[0] == 7).all()


def test_all_sizes_different_is_refused_with_the_sizes():
    with pytest.raises(PoolError, match="different shapes") as caught:
        read_pool(Listed([torch.zeros(3, 8 + k % 7, 8) for k in range(50)]))
    assert "transform" in caught.value.do
    later = [torch.zeros(8, 8)] * 64 + [torch.zeros(9, 9)] * 100
    with pytest.raises(PoolError, match="different shapes"):
        read_pool(Listed(later))


def test_iterable_without_a_length():
    heard = []
    found = read_pool(
        Streamed([(x, int(y)) for x, y in zip(PICTURES[:200], LABELS[:200], strict=True)]),
        labels_from="dataset",
        progress=lambda part, words: heard.append((part, words)),
    )
    assert len(found) == 200
    assert [found.labels[id] for id in found.ids] == DIGITS.labels[:200]
    assert [part for part, _ in heard[:-1]] == [0.0] * (len(heard) - 1)
    assert heard[-1] == (1.0, "200 items read")


def test_an_iterable_that_stops_halfway_is_refused():
    with pytest.raises(PoolError, match="after 2 items: ValueError: bad") as caught:
        read_pool(Streamed([PICTURES[0], PICTURES[1], ValueError("bad"), PICTURES[2]]))
    assert caught.value.do


def test_a_map_without_a_length_ends_with_its_index_error():
    class NoLength(Dataset):
        def __getitem__(self, row):
            return PICTURES[:30][row]

    assert len(read_pool(NoLength())) == 30


@pytest.mark.parametrize("drift", [-5, 5])
def test_a_length_that_changes_is_refused(drift):
    class Changing(Listed):
        def __getitem__(self, row):
            if row == 20:
                self.items = list(PICTURES[: 50 + drift])
            return super().__getitem__(row)

    with pytest.raises(PoolError, match=f"had 50 items and has {50 + drift}"):
        read_pool(Changing(list(PICTURES[:50])))


def test_random_transforms_are_refused():
    class Augmented(Listed):
        def __getitem__(self, row):
            return super().__getitem__(row) + torch.rand(1, 8, 8)

    with pytest.raises(PoolError, match="different each time") as caught:
        read_pool(Augmented(list(PICTURES[:40].float())))
    assert "random" in caught.value.do


@pytest.mark.parametrize("dataset", [Listed([]), Streamed([])], ids=["map", "iterable"])
def test_empty_is_refused(dataset):
    with pytest.raises(PoolError, match="empty"):
        read_pool(dataset)


def test_nothing_but_broken_items_is_refused_with_the_first_reason():
    with pytest.raises(PoolError, match="no disk"):
        read_pool(Listed([OSError("no disk")] * 2000))


# -- labels ---------------------------------------------------------------------------------------------------


def read_labels(labels, *, classes=None):
    dataset = Listed([(PICTURES[row], label) for row, label in enumerate(labels)])
    found = read_pool(dataset, labels_from="dataset", classes=classes)
    return [found.labels.get(id) for id in found.ids], found.classes


def test_the_datasets_own_names_come_first():
    dataset = Listed([(PICTURES[0], np.int64(1)), (PICTURES[1], torch.tensor([0]))])
    dataset.classes = ["zero", "one"]
    found = read_pool(dataset, labels_from="dataset", classes=["one", "zero"])
    assert list(found.labels.values()) == ["one", "zero"]
    assert found.classes == ["zero", "one"]
    part = read_pool(Subset(dataset, [1]), labels_from="dataset")
    assert list(part.labels.values()) == ["zero"]


def test_the_projects_names_serve_where_the_dataset_has_none_or_others():
    assert read_labels([1, 0, 1], classes=["ok", "crack"])[0] == ["crack", "ok", "crack"]
    dataset = Listed([(PICTURES[0], 1)])
    dataset.classes = ["0 - zero", "1 - one"]
    assert list(read_pool(dataset, labels_from="dataset", classes=["a", "b"]).labels.values()) == ["b"]


def test_names_are_taken_as_they_are_and_ten_comes_after_two():
    assert read_labels(["crack", "ok", None]) == (["crack", "ok", None], ["crack", "ok"])
    assert read_labels([10, 2, 2])[1] == ["2", "10"]


def test_negative_means_no_label():
    assert read_labels([-1, 0], classes=["a", "b"])[0] == [None, "a"]


@pytest.mark.parametrize(
    "label", [torch.zeros(3), 1.5, object(), {"box": 1}], ids=lambda label: type(label).__name__
)
def test_what_is_no_label_is_refused(label):
    with pytest.raises(PoolError, match="no class index"):
        read_labels([0, label])


def test_an_index_without_a_name_is_refused():
    with pytest.raises(PoolError, match="label 2 has no name"):
        read_labels([0, 2], classes=["a", "b"])


def test_labels_are_read_only_when_asked_for():
    assert read_pool(TensorDataset(PICTURES[:5], LABELS[:5])).labels == {}
    with pytest.raises(PoolError, match="dataset"):
        read_pool(TensorDataset(PICTURES[:5], LABELS[:5]), labels_from="folder")
    with pytest.raises(PoolError, match="without a label"):
        read_pool(TensorDataset(PICTURES[:5]), labels_from="dataset")


# -- around it ------------------------------------------------------------------------------------------------


def test_a_tensor_or_loader_is_told_what_to_pass():
    for thing in (PICTURES, DataLoader(TensorDataset(PICTURES))):
        with pytest.raises(PoolError) as caught:
            read_pool(thing)
        assert "TensorDataset" in caught.value.do


def test_new_items_may_be_tensors_and_datasets(tmp_path):
    pool = Pool.save(tmp_path, read_pool(TensorDataset(PICTURES.float() / 255)))
    for items in (
        PICTURES[:3],
        list(PICTURES[:3].float() / 255),
        TensorDataset(PICTURES[:3], LABELS[:3]),
        Streamed(list(PICTURES[:3])),
    ):
        np.testing.assert_array_equal(pool.read(items), DIGITS.items[:3])


@pytest.mark.parametrize("flat", [False, True])
def test_new_items_may_be_the_datasets_own_pairs(tmp_path, flat):
    items = PICTURES[:30, 0].float() / 255
    dataset = TensorDataset(items.flatten(1) if flat else items, LABELS[:30])
    pool = Pool.save(tmp_path, read_pool(dataset))
    known = pool.load([20, 21])
    for pairs in (
        [dataset[20], dataset[21]],
        [(item, int(label)) for item, label in (dataset[20], dataset[21])],
    ):
        np.testing.assert_array_equal(pool.read(pairs), known)
    for strange in (
        [(dataset[20][0], [1, 2])],
        [([1.0, 2.0], 3)],
        [(dataset[20][0], dataset[21][0][:1])],
        [{"x": dataset[20][0]}],
        [(dataset[20][0].clone().requires_grad_(), [1, 2])],
    ):
        with pytest.raises(PoolError) as caught:
            pool.read(strange)
        assert caught.value.do


def test_same_items_same_pool_and_other_items_another(tmp_path):
    one = read_pool(TensorDataset(PICTURES[:50]))
    assert one.fingerprint == read_pool(Listed(list(PICTURES[:50]))).fingerprint
    assert one.fingerprint != read_pool(TensorDataset(PICTURES[1:51])).fingerprint


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    from spin_nb.pool.sources import scratch

    class Full:
        def __init__(self, *args, **more):
            self.closed = False

        def write(self, content):
            raise OSError(28, "No space left on device")

        def close(self):
            self.closed = True

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", Full)
    with pytest.raises(StorageError, match="No space left"):
        read_pool(TensorDataset(PICTURES), near=tmp_path / "x.spin")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_only_be_read_is_gone_around(tmp_path, monkeypatch):
    from spin_nb.pool.sources import scratch

    true = scratch.tempfile.TemporaryFile

    def only_elsewhere(dir=None):
        if dir is not None:
            raise PermissionError(13, "Permission denied")
        return true()

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", only_elsewhere)
    assert len(read_pool(TensorDataset(PICTURES), near=tmp_path / "x.spin")) == 1797


def test_memory_stays_flat_while_a_large_dataset_is_read(tmp_path):
    """1,000 pictures of 224 x 224 x 3 floats are 600 MB; reading them takes a small part of it."""
    code = f"""
import threading, time, torch
from pathlib import Path
from torch.utils.data import Dataset
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.pool import Pool
class Big(Dataset):
    def __len__(self): return 1000
    def __getitem__(self, row): return torch.full((3, 224, 224), row / 1000)
def used():
    facts = Path("/proc/self/status").read_text()
    return int(facts.split("RssAnon:")[1].split()[0]) / 1024
if not Path("/proc/self/status").exists() or "RssAnon" not in Path("/proc/self/status").read_text():
    raise SystemExit("no RssAnon here")
import PIL.Image, numpy
most = before = used()
done = threading.Event()
def watch():
    global most
    while not done.wait(0.02): most = max(most, used())
thread = threading.Thread(target=watch); thread.start()
pool = Pool.save(r"{tmp_path}", read_pool(Big(), near=Path(r"{tmp_path}")))
done.set(); thread.join()
assert len(pool) == 1000 and (pool.load([500])[0] == 128).all()
print(round(most - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False
    )
    if "no RssAnon" in done.stderr:
        pytest.skip("the system does not tell anonymous memory apart")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200, "megabytes of memory, for 600 MB of items"


def test_torch_is_not_imported_to_look_at_a_pool():
    code = "import sys, numpy as np; from spin_nb.pool.sources.read import read_pool; read_pool(np.zeros((3, 4, 4))); "
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)


def test_a_pool_opens_while_another_thread_is_still_importing_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.data", types.ModuleType("torch.utils.data"))
    assert not is_dataset(DIGITS.items)
