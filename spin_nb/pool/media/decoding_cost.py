"""What a picture will take to decode, by its headers: a decoder, once begun, cannot be stopped.

Pixels bound most of it.  Besides: every scan of a progressive JPEG goes through all pixels again, and may take no more
than ten bytes; and between its pixels a file may have millions of small pieces, each of which is looked at.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from spin_nb.pool.media.safe_open import size_of

MAX_PIXELS, MAX_PLAIN_PIXELS = 80_000_000, 64_000_000
"""Of a JPEG, decoded at the size that is needed, and of any other picture, which is decoded whole first: one of
a few hundred kB takes a second and 200 MB."""
MAX_SCANNED_PIXELS = 2_000_000_000
"""Pixels times scans of a JPEG: two seconds.  Cameras and editors make ten scans."""
MAX_PIECES = 50_000
"""Chunks of a PNG, segments of a JPEG before its pixels: a second.  64 million pixels are 24,000 chunks of 8 kB."""
MAX_DIGITS_BYTES = 4_000_000
"""Of a PPM written in digits, which is read one by one in Python: two seconds."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_DIGITS = (b"P1", b"P2", b"P3")
_START_OF_SCAN, _PROGRESSIVE = 0xDA, 0xC2
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_BLOCK = 2**20


def check_pieces(stream: BinaryIO) -> None:
    """Refuse a picture of more pieces than an honest one has, before anything parses them; leaves it at its start.

    Raises
    ------
    ValueError
    """
    start = stream.read(len(_PNG))
    if start == _PNG:
        _count_chunks(stream)
    elif start[:2] == _JPEG:
        _check_scans(stream)
    elif start[:2] in _DIGITS and size_of(stream) > MAX_DIGITS_BYTES:
        raise ValueError(f"more than {MAX_DIGITS_BYTES:,} bytes of digits would take too long to read")
    stream.seek(0)


def check_pixels(width: int, height: int, form: str | None) -> None:
    """Refuse a picture too large to decode.

    Raises
    ------
    ValueError
    """
    most = MAX_PIXELS if form == "JPEG" else MAX_PLAIN_PIXELS
    if width * height > most:
        raise ValueError(f"{width} x {height} pixels are more than {most:,}")


def _count_chunks(stream: BinaryIO) -> None:
    at = len(_PNG)
    for _ in range(MAX_PIECES):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        at += 12 + int.from_bytes(head[:4], "big")
    raise _too_many()


def _check_scans(stream: BinaryIO) -> None:
    """Walk to the pixels.

    It counts the scans of a progressive picture, of which each may be all but empty.
    """
    at, pixels = 2, 0
    for _ in range(MAX_PIECES):
        stream.seek(at)
        head = stream.read(9)
        if len(head) < 4 or head[0] != 0xFF:
            return  # the decoder says what is wrong with it
        mark = head[1]
        if mark == 0xFF or mark in _WITHOUT_LENGTH:
            at += 1 if mark == 0xFF else 2
            continue
        if mark == _PROGRESSIVE and len(head) == 9:
            height, width = struct.unpack(">HH", head[5:9])
            pixels = height * width
        if mark == _START_OF_SCAN:
            if pixels:
                _count_scans(stream, at, pixels)
            return
        at += 2 + int.from_bytes(head[2:4], "big")
    raise _too_many()


def _count_scans(stream: BinaryIO, at: int, pixels: int) -> None:
    stream.seek(at)
    scans, last = 0, b""
    while block := stream.read(_BLOCK):
        scans += (last + block).count(b"\xff\xda")
        last = block[-1:]
        if scans * pixels > MAX_SCANNED_PIXELS:
            raise ValueError(f"{scans:,} scans of {pixels:,} pixels would take too long to decode")


def _too_many() -> ValueError:
    return ValueError(f"it has more than {MAX_PIECES:,} pieces, which would take too long to read")
