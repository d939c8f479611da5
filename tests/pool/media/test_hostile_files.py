"""Files that change, lie or lead elsewhere: a ``PoolError`` with the reason, and nothing else."""

from __future__ import annotations

import json
import os
import resource
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from spin_nb.errors import PoolError
from spin_nb.pool.features.cache import features
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.pool.modalities import AudioModality, ImageModality, TextModality, VideoModality
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

TONE = wav(Sound(np.sin(np.arange(4000) * 0.3).astype(np.float32), 8000))


def png(width, height, rows):
    """PNG with a header of that size and as many rows of black pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    squeeze = zlib.compressobj(1)
    body = b"".join(squeeze.compress(bytes(width * 3 + 1)) for _ in range(rows)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def folder_instead(path):
    path.unlink()
    path.mkdir()


def forbidden(path):
    path.unlink()
    path.symlink_to(path.name)  # a link to itself


WAYS = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbage": lambda path: path.write_bytes(os.urandom(3000)),
    "zeros": lambda path: path.write_bytes(bytes(3000)),
    "a script": lambda path: path.write_bytes(b"<svg onload=alert(1)>"),
    "a pipe": pipe,
    "a folder": folder_instead,
    "a link in a circle": forbidden,
}


@pytest.fixture
def pool(tmp_path, request):
    root = tmp_path / "files"
    root.mkdir()
    for name in ("a", "b"):
        if request.param == "picture":
            pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / f"{name}.png")
        else:
            (root / f"{name}.wav").write_bytes(TONE)
    return Pool.save(tmp_path / "p.spin", read_pool(root))


@pytest.mark.parametrize("pool", ["picture", "sound"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_changed_is_refused_with_its_reason_and_the_rest_goes_on(pool, way, tmp_path):
    path = tmp_path / "files" / pool.ids[0]
    WAYS[way](path)
    with pytest.raises(PoolError) as refused:
        pool.show(0)
    assert refused.value.what
    assert refused.value.do
    if pool.modality == "image" and way != "cut short":  # whose header is whole
        with pytest.raises(PoolError):
            pool.extent(0)
    items, broken = pool.try_load([0, 1])
    assert (len(items), len(broken)) == (1, 1)
    assert pool.show(1).mime
    _, found = features(pool)
    assert len(found) == len(pool) == 1


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1), (100_000, 1_001), (9_000, 8_000)])
def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(
        png(*size, 1)
        if size[0] < 2**20
        else png(10, 10, 1).replace(struct.pack(">I", 10), b"\x7f\xff\xff\xff")
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for act in (ImageModality().show, ImageModality().load):
        with pytest.raises(PoolError):
            act(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_small_file_of_many_pixels_stays_within_what_they_take(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(8_000, 8_000, 8_000))
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    shown = ImageModality().show(path, 1600)
    assert shown.size == (8_000, 8_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 450_000  # kB; 192 MB of pixels


def test_text_bombs_in_a_picture_are_refused(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    whole = png(8, 8, 8)
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**27), 9))
    path = tmp_path / "text.png"
    path.write_bytes(whole[:33] + bomb + whole[33:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        ImageModality().show(path)
    except PoolError as problem:
        assert problem.do
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_random_damage_to_pictures_raises_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    for ending in ("png", "jpg", "gif", "webp", "tif", "bmp"):
        path = tmp_path / f"x.{ending}"
        Image.fromarray(pixels).save(path)
        whole = path.read_bytes()
        for _ in range(60):
            data = bytearray(whole)
            for at in rng.integers(0, min(len(data), 400), 3):
                data[at] = rng.integers(0, 256)
            path.write_bytes(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data)
            for act in (ImageModality().show, ImageModality().extent):
                try:
                    act(path)
                except PoolError as problem:
                    assert problem.do


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_text_is_refused_when_shown_and_stays_in_the_pool(tmp_path, text):
    pool = Pool.save(tmp_path / "p.spin", read_pool(["a text", text, "another"]))
    assert len(pool) == 3
    with pytest.raises(PoolError, match="empty"):
        pool.show(1)
    assert pool.extent(1).text == text
    assert TextModality().show("a").data == "a"


def test_a_turned_picture_has_the_size_it_is_seen_in(tmp_path):
    image = Image.new("RGB", (300, 200), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "x.jpg", exif=exif)
    pool = Pool.save(tmp_path / "p.spin", read_pool([str(tmp_path / "x.jpg")]))
    assert pool.extent(0).size == pool.show(0).size == (200, 300)
    assert pool.load([0])[0].shape[:2] == (256, 171)


def test_pictures_of_an_array_have_its_size(tmp_path):
    pool = Pool.save(tmp_path / "p.spin", read_pool(np.zeros((2, 700, 600), np.uint8)))
    assert pool.extent(0).size == pool.show(0).size == (600, 700)
    assert Pool.save(tmp_path / "q.spin", read_pool(np.ones((2, 3)))).extent(1).size is None


@pytest.mark.parametrize("ending", ["png", "wav"])
def test_a_path_with_dots_and_links_that_lead_outside(tmp_path, ending):
    root, outside = tmp_path / "files", tmp_path / "secret"
    (root / "deep").mkdir(parents=True)
    outside.mkdir()
    for path in (root / f"a.{ending}", outside / f"b.{ending}"):
        if ending == "png":
            Image.new("RGB", (90, 90)).save(path)
        else:
            path.write_bytes(TONE)
    (root / f"link.{ending}").symlink_to(outside / f"b.{ending}")
    (root / "linked").symlink_to(outside)
    pool = Pool.save(tmp_path / "p.spin", read_pool(root / "deep" / ".."))
    assert pool.ids == [f"a.{ending}"]
    assert [(item.id, item.reason) for item in pool.broken] == [
        (f"link.{ending}", "a symbolic link that leads outside the folder")
    ]
    (root / f"a.{ending}").unlink()
    (root / f"a.{ending}").symlink_to(outside / f"b.{ending}")
    with pytest.raises(PoolError, match="outside"):
        pool.show(0)


def test_links_that_go_in_a_circle_are_kept_out(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.wav").write_bytes(TONE)
    for name in ("b.wav", "c"):
        (tmp_path / "files" / name).symlink_to(name)
    found = read_pool(tmp_path / "files")
    assert (found.ids, [item.id for item in found.broken]) == (["a.wav"], ["b.wav"])


def test_ids_that_were_tampered_with_do_not_lead_outside(tmp_path, without_checksums):
    root = tmp_path / "files"
    root.mkdir()
    (root / "a.wav").write_bytes(TONE)
    (tmp_path / "secret.wav").write_bytes(TONE)
    Pool.save(tmp_path / "p.spin", read_pool(root))
    without_checksums(tmp_path / "p.spin" / "pool")
    (tmp_path / "p.spin" / "pool" / "ids.json").write_text(json.dumps(["../secret.wav"]))
    pool = Pool.open(tmp_path / "p.spin")
    for act in (pool.show, pool.extent, lambda row: pool.load([row])):
        with pytest.raises(PoolError, match="outside"):
            act(0)


def test_a_folder_of_several_kinds_takes_the_commonest(tmp_path):
    root = tmp_path / "files"
    root.mkdir()
    for name in ("a.wav", "b.WAV"):
        (root / name).write_bytes(TONE)
    Image.new("RGB", (9, 9)).save(root / "cover.png")
    (root / "notes.txt").write_text("no item")
    found = read_pool(root)
    assert (found.modality, found.ids) == ("audio", ["a.wav", "b.WAV"])
    assert [(item.id, item.reason) for item in found.broken] == [("cover.png", "a picture among sounds")]


def test_paths_in_a_list_or_a_column_are_files(tmp_path):
    (tmp_path / "a.wav").write_bytes(TONE)
    found = read_pool([tmp_path / "a.wav", tmp_path / "missing.wav"])
    assert (found.modality, found.ids) == ("audio", ["item-000000"])
    assert "no such file" in found.broken[0].reason


def test_devices_are_not_read():
    for act in (ImageModality().show, AudioModality().show, VideoModality().show):
        with pytest.raises(PoolError, match="regular"):
            act("/dev/zero")
    for act in (ImageModality().show, AudioModality().show, VideoModality().show):
        with pytest.raises(PoolError):
            act("a\0b.wav")


@pytest.mark.timeout(60)
def test_a_pipe_as_a_table_or_a_network_is_refused_before_it_is_opened(tmp_path):
    from spin_nb.pool.encoders import OnnxOutput

    for name, read in (("x.parquet", read_pool), ("x.onnx", lambda path: OnnxOutput(path, "out"))):
        os.mkfifo(tmp_path / name)
        with pytest.raises(PoolError, match="not a regular file"):
            read(tmp_path / name)
