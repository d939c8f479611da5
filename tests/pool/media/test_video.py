"""Videos as a pool: a few frames stand for the whole; files that are none are kept out."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from spin_nb.errors import PoolError
from spin_nb.pool.features.cache import features
from spin_nb.pool.media import extras
from spin_nb.pool.media.extras import MissingPackageError, is_installed
from spin_nb.pool.modalities import VideoModality
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

HELD = np.stack([np.full((36, 48, 3), 10 * number, np.uint8) for number in range(20)])
FILM = b"\0\0\0\x20ftypisom" + bytes(200)


@pytest.fixture(scope="module")
def cv2():
    return pytest.importorskip("cv2", reason="OpenCV is not installed (extra [video])")


@pytest.fixture
def film(cv2, tmp_path):
    """Write a video of grey frames, each 5 brighter than the one before, and return its path."""

    def write(name="a.avi", frames=40, size=(96, 64), codec="MJPG"):
        path = tmp_path / "films" / name
        path.parent.mkdir(exist_ok=True)
        out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 10.0, size)
        for number in range(frames):
            out.write(np.full((size[1], size[0], 3), (5 * number) % 250, np.uint8))
        out.release()
        return path

    return write


def grey(jpeg):
    return float(np.asarray(Image.open(io.BytesIO(jpeg))).mean())


def test_frames_by_themselves_are_a_video():
    assert VideoModality().load(HELD).shape == (8, 36, 48, 3)
    assert VideoModality().load(VideoModality().load(HELD)).shape == (8, 36, 48, 3)
    shown = VideoModality().show(HELD)
    assert (shown.mime, shown.size) == ("video/x-frames", (48, 36))
    assert shown.data == {"seconds": 20.0, "rate": 1.0, "frames": 20, "at": list(range(20))}
    assert grey(VideoModality().frame(HELD, 7).data) == pytest.approx(70, abs=1)
    assert VideoModality().extent(HELD).size == (48, 36)


@pytest.mark.parametrize("number", [-1, 20, 10**9, 1.5, "1", None, True])
def test_a_frame_that_is_not_there_is_refused(number):
    with pytest.raises(PoolError):
        VideoModality().frame(HELD, number)


@pytest.mark.parametrize(
    "raw", [b"bytes", 5, None, np.zeros((4, 8, 8, 3)), np.zeros((0, 8, 8, 3), np.uint8), "no.mp4"]
)
def test_what_is_no_video_is_refused(raw):
    for act in (VideoModality().load, VideoModality().show, VideoModality().extent):
        with pytest.raises(PoolError):
            act(raw)


def test_evenly_spaced_frames_stand_for_the_whole(film, tmp_path):
    film()
    pool = Pool.save(tmp_path / "p.spin", read_pool(tmp_path / "films"))
    assert (pool.modality, pool.ids) == ("video", ["a.avi"])
    loaded = pool.load([0])[0]
    assert (loaded.shape, loaded.dtype) == ((8, 64, 96, 3), np.uint8)
    np.testing.assert_allclose(
        loaded.mean(axis=(1, 2, 3)), [5 * n for n in (0, 5, 11, 16, 22, 27, 33, 39)], atol=3
    )
    shown = pool.show(0)
    assert shown.size == pool.extent(0).size == (96, 64)
    assert (shown.data["frames"], shown.data["rate"], shown.data["seconds"]) == (40, 10.0, 4.0)
    assert len(shown.buffers) == len(shown.data["at"]) == 24
    for number, jpeg in zip(shown.data["at"], shown.buffers, strict=True):
        assert grey(jpeg) == pytest.approx(5 * number, abs=3)
    for number in (0, 17, 39):
        frame = pool.frame(0, number)
        assert (frame.mime, frame.size) == ("image/jpeg", (96, 64))
        assert grey(frame.data) == pytest.approx(5 * number, abs=3)
    for number in (40, 10**6, -1):
        with pytest.raises(PoolError):
            pool.frame(0, number)


def test_colours_are_red_green_blue(cv2, tmp_path):
    path = tmp_path / "red.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 64))
    for _ in range(3):
        out.write(np.full((64, 64, 3), (0, 0, 250), np.uint8))  # OpenCV writes blue, green, red
    out.release()
    assert VideoModality().load(path)[0, 32, 32, 0] > 200 > 50 > VideoModality().load(path)[0, 32, 32, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("a text", b"<b>not a film</b>"),
        ("a play list", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
        ("a list of files", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("a header alone", FILM),
        ("an empty matroska", b"\x1a\x45\xdf\xa3" + bytes(100)),
        ("an empty avi", b"RIFF\xff\xff\xff\x7fAVI LIST" + bytes(100)),
    ],
)
def test_a_video_without_frames_is_kept_out_with_its_reason(film, tmp_path, name, content):
    film()
    (tmp_path / "films" / f"{name}.mp4").write_bytes(content)
    pool = Pool.save(tmp_path / "p.spin", read_pool(tmp_path / "films"))
    encoder, found = features(pool)
    assert (encoder.name, len(found)) == ("frames", 1)
    assert [item.id for item in pool.broken] == [f"{name}.mp4"]
    with pytest.raises(PoolError):
        VideoModality().show(tmp_path / "films" / f"{name}.mp4")


def test_a_video_cut_short_shows_what_there_is_or_says_why(film):
    path = film(frames=60)
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            shown = VideoModality().show(path)
            assert len(shown.buffers) == len(shown.data["at"]) > 0
            assert max(shown.data["at"]) < shown.data["frames"] <= 60
        except PoolError as problem:
            assert problem.do


@pytest.mark.parametrize("promised", [0, 45, 10**6, 2**31 - 1])
def test_a_header_that_lies_about_the_number_of_frames(film, promised):
    path = film(frames=40)
    data = bytearray(path.read_bytes())
    at = data.index(b"avih") + 8 + 16
    data[at : at + 4] = struct.pack("<I", promised)
    at = data.index(b"strh") + 8 + 32
    data[at : at + 4] = struct.pack("<I", promised)
    path.write_bytes(data)
    shown = VideoModality().show(path)
    assert len(shown.buffers) == len(shown.data["at"]) >= 20
    assert max(shown.data["at"]) < 40
    assert VideoModality().load(path).shape[0] >= 7


def test_arrivals_keep_their_frames(film, tmp_path):
    path = film()
    pool = Pool.save(tmp_path / "p.spin", read_pool(tmp_path / "films"))
    rows = extend(pool, pool.read([path]))
    again = Pool.open(tmp_path / "p.spin")
    np.testing.assert_array_equal(again.load([int(rows[0])])[0], pool.load([0])[0])
    assert len(again.show(int(rows[0])).buffers) == 8


def test_without_opencv_nothing_is_thrown_out(tmp_path, monkeypatch):
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(FILM)

    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(MissingPackageError, match="opencv") as refused:
        read_pool(folder)
    assert "pip install" in refused.value.do


def test_a_project_opened_without_opencv_loses_no_item(film, tmp_path, monkeypatch):
    film("a.avi"), film("b.avi")
    pool = Pool.save(tmp_path / "p.spin", read_pool(tmp_path / "films"))

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(MissingPackageError):
        features(pool)
    assert len(Pool.open(tmp_path / "p.spin")) == 2


def test_real_street_videos(real, cv2, tmp_path):
    pool = Pool.save(tmp_path / "p.spin", read_pool(real("street_videos")))
    assert pool.ids == ["car-detection.mp4", "dashcam_highway.mp4", "one-by-one-person-detection.mp4"]
    shown = pool.show(pool.row("dashcam_highway.mp4"))
    assert (shown.size, shown.data["frames"], shown.data["rate"]) == ((1280, 720), 38, 25.0)
    assert max(Image.open(io.BytesIO(shown.buffers[0])).size) == 480
    assert pool.extent(0).size == (768, 432)
    frame = pool.frame(1, 37, 1600)
    assert Image.open(io.BytesIO(frame.data)).size == (1280, 720)


def test_opencv_is_there_or_these_tests_say_so():
    if not is_installed("cv2"):
        pytest.skip("OpenCV is not installed (extra [video]): files of videos were not read")
