"""Headers that promise what their file does not hold: refused in words, before memory is taken for the promise."""

from __future__ import annotations

import datetime
import os
import resource
import struct
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import PoolError, SpinError
from spin_nb.io import load_array
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.pool.modalities import AudioModality, VideoModality
from spin_nb.pool.sources import parquet
from spin_nb.pool.sources.parquet import read_parquet
from spin_nb.pool.sources.read import read_pool

MEGABYTES = 250  # that refusing may take, at most
N = 997


@pytest.fixture(autouse=True)
def little_memory():
    pl.DataFrame({"a": [1]}).write_parquet(os.devnull)  # what polars takes once is no part of it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1000 * MEGABYTES


# -- parquet ------------------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    """A whole number as Thrift's compact protocol writes it."""
    number, out = (number << 1) ^ (number >> 63), b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


FRAME = pl.DataFrame({"a": np.arange(N) * 1.0, "text": ["the same words"] * N})


def parts(path):
    data = path.read_bytes()
    length = struct.unpack("<I", data[-8:-4])[0]
    return data[: -8 - length], data[-8 - length : -8]


def whole(path, body, footer):
    path.write_bytes(body + footer + struct.pack("<I", len(footer)) + b"PAR1")


def footer_says(path, number):
    body, footer = parts(path)
    assert varint(N) in footer
    whole(path, body, footer.replace(varint(N), varint(number)))


def pages_say(path, number):
    """In as many bytes as before, so that nothing moves."""
    body, footer = parts(path)
    assert varint(N) in body
    assert len(varint(number)) == len(varint(N))
    whole(path, body.replace(varint(N), varint(number)), footer)


LIES = {
    "a billion rows": lambda path: footer_says(path, 10**9),
    "more rows than there are numbers": lambda path: footer_says(path, 2**62),
    "fewer than none": lambda path: footer_says(path, -5),
    "pages with fewer values than none": lambda path: pages_say(path, -1024),
    "pages with other numbers of values": lambda path: pages_say(path, N + 1),
    "a footer longer than the file": lambda path: path.write_bytes(
        path.read_bytes()[:-8] + struct.pack("<I", 2**32 - 1) + b"PAR1"
    ),
    "a footer that is nested": lambda path: whole(path, parts(path)[0], b"\x1c" * 5000),
    "a footer of one long list": lambda path: whole(path, parts(path)[0], b"\x29\xf5\xff\xff\xff\xff\x0f"),
    "an empty footer": lambda path: whole(path, parts(path)[0], b"\0"),
    "no footer": lambda path: whole(path, parts(path)[0], b""),
    "nothing but its first bytes": lambda path: path.write_bytes(b"PAR1PAR1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_promises_too_much_is_refused_with_the_reason(tmp_path, lie):
    path = tmp_path / "x.parquet"
    FRAME.write_parquet(path)
    LIES[lie](path)
    with pytest.raises(PoolError, match="cannot read the parquet file") as refused:
        read_pool(str(path))
    assert len(str(refused.value)) < 600


def test_the_process_outlives_a_page_with_fewer_values_than_none(tmp_path):
    """polars takes memory for 2^61 of them, which ends the process: the page is not let that far."""
    path = tmp_path / "x.parquet"
    FRAME.write_parquet(path)
    pages_say(path, -1024)
    code = (
        "import sys, spin_nb as spin\n"
        "try:\n    spin.open(sys.argv[2], pool=sys.argv[1], classes=['a', 'b'])\n"
        "except spin.SpinError as problem:\n    print('refused:', problem.what)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "p.spin")], capture_output=True, text=True
    )
    assert done.stdout.startswith("refused: cannot read the parquet file"), done.stderr[-500:]


def test_few_bytes_that_say_one_value_a_billion_times_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE_BYTES", 2**22)
    path, n = tmp_path / "x.parquet", 1_000_000
    pl.DataFrame({"a": pl.repeat(7, n, eager=True, dtype=pl.Int8)}).write_parquet(path)
    assert path.stat().st_size < 20_000
    with pytest.raises(PoolError, match="promise a table of"):
        read_pool(str(path))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"compression": "uncompressed"},
        {"compression": "snappy", "row_group_size": 100},
        {"compression": "gzip", "data_page_size": 500},
        {"compression": "lz4", "statistics": "full"},
    ],
    ids=str,
)
def test_honest_tables_are_read_as_they_are(tmp_path, how):
    rng = np.random.default_rng(0)
    frame = FRAME.with_columns(
        few=pl.Series(rng.integers(0, 3, N)),
        missing=pl.Series([None if row % 3 else row for row in range(N)]),
        list=pl.Series([[row] * (row % 4) for row in range(N)]),
        struct=pl.Series([{"x": row, "y": "z"} for row in range(N)]),
        truth=pl.Series([row % 2 == 0 for row in range(N)]),
        day=pl.Series([datetime.date(2020, 1, 1 + row % 28) for row in range(N)]),
        nothing=pl.Series([None] * N, dtype=pl.Int64),
    )
    for table in (frame, frame[:1], frame[:0]):
        table.write_parquet(tmp_path / "x.parquet", **how)
        assert read_parquet(tmp_path / "x.parquet").equals(table)


def test_random_damage_to_a_table_raises_nothing_else(tmp_path):
    path = tmp_path / "x.parquet"
    FRAME.write_parquet(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(content)
        for at in rng.integers(len(data) - 800, len(data), 2):
            data[at] = rng.integers(0, 256)
        path.write_bytes(data)
        try:
            read_pool(str(path))
        except SpinError as problem:
            assert problem.do


# -- arrays -------------------------------------------------------------------------------------------------------


def header(path, **facts):
    """A header of an array, and a few numbers after it."""
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (9, 2), **facts}
        )
        stream.write(bytes(72))


ARRAYS = {
    "a terabyte": {"shape": (2**38, 2)},
    "more than there are addresses": {"shape": (2**62, 2**62)},
    "less than nothing": {"shape": (-9, 2)},
    "less than nothing, twice": {"shape": (-(2**40), -(2**40))},
    "objects": {"descr": "|O", "shape": (9,)},
    "columns with objects": {"descr": [("a", "|O")], "shape": (9,)},
    "long strings": {"descr": "<U100000000", "shape": (9,)},
}


@pytest.mark.parametrize("lie", ARRAYS)
def test_an_array_that_promises_too_much_is_refused(tmp_path, lie):
    header(tmp_path / "a.npy", **ARRAYS[lie])
    with pytest.raises(ValueError, match=r"a\.npy (holds no numbers|promises)"):
        load_array(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\3\4", b"\x93NUMPY\2\0\xff\xff\xff\xff{", b"\x93NUMPY\1\0\x10\0{'descr': __imp}", b"\x80\4."],
    ids=["empty", "zip", "header of 4 GB", "code", "pickle"],
)
def test_what_is_no_array_is_refused(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError):  # noqa: PT011  numpy has its own words
        load_array(tmp_path / "a.npy")


def test_honest_arrays_are_mapped_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    arrays = (
        rng.normal(size=(5, 3)),
        np.asfortranarray(rng.normal(size=(4, 2))),
        np.zeros((0, 7), np.float32),
    )
    for array in (*arrays, np.arange(3), np.array(4.5)):
        np.save(tmp_path / "a.npy", array)
        again = load_array(tmp_path / "a.npy")
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        assert np.array_equal(again, array)


@pytest.mark.parametrize("name", ["items.npy", "ends.npy"])
@pytest.mark.parametrize("lie", ["a terabyte", "objects", "more than there are addresses"])
def test_a_project_whose_arrays_lie_says_so(tmp_path, without_checksums, name, lie):
    series = spin.TimeSeries([np.arange(20.0) + row for row in range(8)])
    spin.open(tmp_path / "p.spin", pool=series, classes=["a", "b"]).close()
    pool = tmp_path / "p.spin" / "pool"
    without_checksums(pool)
    header(pool / name, **ARRAYS[lie])
    with pytest.raises(PoolError, match=r"the pool in .* cannot be read: (items|ends)\.npy"):
        spin.open(tmp_path / "p.spin")


# -- sounds and videos --------------------------------------------------------------------------------------------

TONE = wav(Sound(np.sin(np.arange(4000) * 0.3).astype(np.float32), 8000))


def said(field: slice, number: int) -> bytes:
    data = bytearray(TONE)
    data[field] = number.to_bytes(field.stop - field.start, "little")
    return bytes(data)


SOUNDS = {
    "a length of 4 GB": said(slice(40, 44), 2**32 - 2),
    "65,535 channels": said(slice(22, 24), 65_535),
    "four billion samples a second": said(slice(24, 28), 2**32 - 1),
    "65,535 bits": said(slice(34, 36), 65_535),
    "a chunk of 4 GB before the sound": said(slice(16, 20), 2**32 - 1),
    "ten thousand empty chunks": TONE[:12] + b"junk\0\0\0\0" * 10_000 + TONE[12:],
}


@pytest.mark.parametrize("lie", SOUNDS)
def test_a_sound_that_promises_too_much_is_refused(tmp_path, lie):
    (tmp_path / "a.wav").write_bytes(SOUNDS[lie])
    for source in (tmp_path / "a.wav", SOUNDS[lie]):
        for act in (AudioModality().show, AudioModality().load):
            with pytest.raises(PoolError, match="cannot read the sound"):
                act(source)


@pytest.fixture
def film(tmp_path):
    """Frames without headers of their own: what the file says of their size is all that is known."""
    cv2 = pytest.importorskip("cv2")
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), 0, 10, (64, 48))
    for number in range(6):
        writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    writer.release()
    return tmp_path / "a.avi"


def avi_says(path, offset, *numbers):
    """Change fields of the header that comes after ``avih``, and of that of its stream."""
    data = bytearray(path.read_bytes())
    at = data.index(b"avih") + 8 + offset
    data[at : at + 4 * len(numbers)] = struct.pack(f"<{len(numbers)}I", *numbers)
    if offset == 32:
        at = data.index(b"strf") + 8 + 4
        data[at : at + 8] = struct.pack("<2I", *numbers)
    path.write_bytes(data)


@pytest.mark.parametrize("side", [60_000, 8_000, 2**31 - 1])
def test_a_video_of_frames_that_it_cannot_hold_is_refused(film, side):
    avi_says(film, 32, side, side)
    for act in (VideoModality().show, VideoModality().load):
        with pytest.raises(PoolError, match="cannot read the video"):
            act(film)


def test_a_video_that_promises_four_billion_frames_is_read_as_far_as_it_goes(film):
    avi_says(film, 16, 2**32 - 1)
    assert VideoModality().load(film).shape[1:] == (48, 64, 3)
