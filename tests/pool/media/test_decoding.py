"""Pictures are decoded once for all who look at them, and not at all where that would take too long."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.media import decoded_images, decoding_cost, images
from spin_nb.pool.modalities import ImageModality

PIXELS = np.random.default_rng(0).integers(0, 256, (600, 900, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def nothing_kept():
    decoded_images.forget()
    yield
    decoded_images.forget()


@pytest.fixture
def decodes(monkeypatch):
    """Sizes at which pictures were decoded."""
    sides, decode = [], images._decode
    monkeypatch.setattr(images, "_decode", lambda image, side: sides.append(side) or decode(image, side))
    return sides


@pytest.fixture(params=["png", "jpg"])
def photo(tmp_path, request):
    Image.fromarray(PIXELS).save(tmp_path / f"a.{request.param}")
    return tmp_path / f"a.{request.param}"


def test_what_is_looked_at_again_is_decoded_once(photo, decodes):
    first = [ImageModality().load(photo), ImageModality().show(photo), ImageModality().show(photo, 1600)]
    n = len(decodes)
    again = [ImageModality().load(photo), ImageModality().show(photo), ImageModality().show(photo, 1600)]
    assert len(decodes) == n
    assert np.array_equal(first[0], again[0])
    assert [shown.data for shown in first[1:]] == [shown.data for shown in again[1:]]
    if photo.suffix == ".png":  # which must be decoded whole whatever is wanted of it
        assert decodes == [256, 1600]


def test_pieces_of_one_picture_are_cut_from_few_sizes(photo, decodes):
    for x in range(0, 600, 60):
        ImageModality().detail(photo, (x, 50, 250 + x // 10, 200), 200)
    assert len(decodes) <= 2


def test_what_is_remembered_is_what_decoding_gives(photo):
    sizes = (512, 256, 1600, 300)
    remembered = [images.read_picture(photo, side) for _ in range(2) for side in sizes]
    decoded_images.forget()
    for side, pixels in zip(sizes, remembered[len(sizes) :], strict=True):
        decoded_images.forget()
        assert np.array_equal(images.read_picture(photo, side), pixels)


def test_a_file_that_was_replaced_is_decoded_anew(photo):
    before = ImageModality().load(photo)
    Image.fromarray(255 - PIXELS).save(photo)
    assert not np.array_equal(ImageModality().load(photo), before)


def test_no_more_is_kept_than_there_is_room_for(tmp_path, monkeypatch, decodes):
    monkeypatch.setattr(decoded_images, "MOST_BYTES", 5 * 256 * 171 * 3)
    for number in range(9):
        Image.fromarray(np.roll(PIXELS, number, 0)).save(tmp_path / f"{number}.jpg")
        ImageModality().load(tmp_path / f"{number}.jpg")
    assert decoded_images._bytes == sum(pixels.nbytes for pixels in decoded_images._pictures.values())
    assert len(decoded_images._pictures) == 5
    n = len(decodes)
    ImageModality().load(tmp_path / "8.jpg")
    assert len(decodes) == n
    ImageModality().load(tmp_path / "0.jpg")
    assert len(decodes) == n + 1


def test_a_sitting_with_large_pictures_decodes_each_of_them_once(tmp_path, decodes):
    (tmp_path / "photos").mkdir()
    for number in range(6):
        Image.fromarray(np.roll(PIXELS, number, 0)).save(tmp_path / "photos" / f"{number}.png")
    s = spin.open(tmp_path / "p.spin", pool=tmp_path / "photos", classes=["a", "b"])
    s._live.pool_model.wait()
    for _ in range(3):
        cards, _ = s._channel.queue_cards(4)
        for card in cards:
            s._channel.card(card["id"])
    s.close()
    assert len(decodes) == 6


# -- what would take too long -------------------------------------------------------------------------------------


def scans(side: int, n: int) -> bytes:
    """A progressive JPEG whose last scan comes ``n`` times; each goes through all pixels and takes few bytes."""
    stream = io.BytesIO()
    Image.new("L", (side, side), 128).save(stream, "JPEG", progressive=True, quality=50)
    data = stream.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * n + b"\xff\xd9"


def chunks(n: int) -> bytes:
    """A PNG with ``n`` empty chunks before its pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(72))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"abCd", b"") * n + body


def segments(n: int) -> bytes:
    """A JPEG with ``n`` comments before its pixels."""
    data = scans(8, 1)
    return data[:2] + b"\xff\xfe\x00\x03x" * n + data[2:]


BOMBS = {
    "a JPEG of 1,000 scans": (lambda: scans(3000, 1000), "scans of 9,000,000 pixels"),
    "a JPEG of many comments": (lambda: segments(decoding_cost.MAX_PIECES), "pieces"),
    "four million digits": (lambda: b"P3 2000 1000 255 " + b"0 " * 6_000_000, "bytes of digits"),
    "a PNG of many chunks": (lambda: chunks(decoding_cost.MAX_PIECES), "pieces"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_its_headers_say_would_take_too_long_is_refused_before_it_is_parsed(tmp_path, decodes, bomb):
    content, why = BOMBS[bomb][0](), BOMBS[bomb][1]
    (tmp_path / "photos").mkdir()
    path = tmp_path / "photos" / "bomb.png"
    path.write_bytes(content)
    Image.fromarray(PIXELS).save(tmp_path / "photos" / "good.png")
    for act in (ImageModality().load, ImageModality().show, ImageModality().extent):
        for source in (path, content):
            with pytest.raises(PoolError, match=why):
                act(source)
    assert decodes == []
    s = spin.open(tmp_path / "p.spin", pool=tmp_path / "photos", classes=["a", "b"])
    assert (s.pool.ids, [item.id for item in s.pool.broken]) == (["good.png"], ["bomb.png"])
    s.close()


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"progressive": True, "optimize": True}], ids=str)
@pytest.mark.parametrize("size", [(6000, 4000), (9000, 6700)], ids=["24 Mpx", "60 Mpx"])
def test_photographs_of_cameras_are_read(tmp_path, size, how):
    small = Image.fromarray(PIXELS[:200, :300])
    small.resize(size, Image.Resampling.NEAREST).save(tmp_path / "a.jpg", quality=80, **how)
    assert max(ImageModality().load(tmp_path / "a.jpg").shape) == 256
    assert ImageModality().extent(tmp_path / "a.jpg").size == size


def test_a_png_in_very_many_pieces_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(chunks(20_000))
    assert ImageModality().load(tmp_path / "a.png").shape == (8, 8)


@pytest.mark.parametrize(("form", "size", "mode"), [("png", (1300, 900), "I;16"), ("jpg", (1, 900), "L")])
def test_pictures_that_could_not_be_made_smaller(tmp_path, form, size, mode):
    array = np.full(size[::-1], 30_000 if mode == "I;16" else 100, np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(array).save(tmp_path / f"a.{form}")
    assert max(ImageModality().load(tmp_path / f"a.{form}").shape) == 256
