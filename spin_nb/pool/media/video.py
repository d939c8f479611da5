"""Reading video files, one frame at a time, through the optional package OpenCV."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from spin_nb.io import by_name
from spin_nb.pool.media.decoding_cost import MAX_PIXELS
from spin_nb.pool.media.extras import need
from spin_nb.pool.media.images import Pixels, shrink
from spin_nb.pool.media.safe_open import open_source

if TYPE_CHECKING:
    import cv2

EXTENSIONS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm"})
RATE = 25.0
"""Frames a second, where a file does not say."""
_MAX_FRAMES_COUNTED = 5_000
"""Frames counted one by one, at most, where a file does not know how many it has."""
_NEAR = 100
"""Frames that are rather read through than jumped over."""
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")


@dataclass(frozen=True)
class Clip:
    """Facts of a video file.

    They are the number of frames (0: unknown), frames a second, width and height.
    """

    frames: int
    rate: float
    size: tuple[int, int]


def check_video(path: Path) -> None:
    """Look at the first bytes of a video file.

    Only containers that hold their own frames are let through: a play list by that name would make the decoder
    open other files, and addresses.

    Raises
    ------
    ValueError
        With the reason, when it is none.
    """
    with open_source(path) as stream:
        _check(stream)


def _check(stream: BinaryIO) -> None:
    start = stream.read(12)
    avi = start[:4] == b"RIFF" and start[8:] == b"AVI "
    if not (avi or start[4:8] in _BOXES or start[:4] == b"\x1a\x45\xdf\xa3"):
        raise ValueError("not a video (MP4, MOV, AVI, MKV or WebM)")


def frame_size(path: Path) -> tuple[int, int]:
    """Width and height of a video, from its header.

    Raises
    ------
    ValueError
        With the reason, when it cannot be read.
    """
    with _open_video(path) as video:
        return _facts(video).size


def read_frames(
    path: Path, side: int, *, at: Sequence[int] | None = None, most: int = 1
) -> tuple[Clip, dict[int, Pixels]]:
    """Frames by number, uint8 (h, w, 3) RGB with the longest side at most ``side``; one is held whole at a time.

    Parameters
    ----------
    path : Path
    side : int
        In pixels.
    at : sequence of int, optional
        Which frames, rising; by default ``most`` of them, evenly spaced.
    most : int

    Raises
    ------
    ValueError
        With the reason, when not a single one can be read.
    """
    clip, frames = _attempt(path, side, at, most)
    if at is None and len(frames) + 1 < min(
        most, clip.frames
    ):  # it has fewer frames than its header promises
        clip, frames = _attempt(path, side, at, most, _count(path))
    if not frames:
        raise ValueError("no frame of it can be read" if at is None else f"it has no frame {at[0]}")
    return clip, dict(sorted(frames.items()))


def _attempt(
    path: Path, side: int, at: Sequence[int] | None, most: int, frames: int = 0
) -> tuple[Clip, dict[int, Pixels]]:
    """Read with a fresh decoder.

    One that has met the end does not always find its way back.
    """
    with _open_video(path) as video:
        clip = _facts(video)
        if frames or clip.frames:
            clip = replace(clip, frames=frames or clip.frames)
            return clip, _frames(video, evenly(clip.frames, most) if at is None else at, side)
    return _attempt(path, side, at, most, _count(path))


def evenly(n: int, most: int) -> list[int]:
    """Numbers of evenly spaced frames.

    They are at most ``most`` of ``n``, the first and the last among them.

    Examples
    --------
    >>> evenly(9, 3), evenly(2, 8)
    ([0, 4, 8], [0, 1])
    """
    return sorted({int(number) for number in np.linspace(0, n - 1, min(n, most))})


@contextmanager
def _open_video(path: Path) -> Iterator[Any]:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # damaged files are told of by us
    with open_source(path) as stream:
        _check(stream)
        cv2 = need("cv2")
        video = cv2.VideoCapture(by_name(stream, path), cv2.CAP_FFMPEG)
        try:
            if not video.isOpened():
                raise ValueError("it holds no video that can be decoded")
            yield video
        except cv2.error as problem:
            raise ValueError(str(problem)[:200]) from None
        finally:
            video.release()


def _facts(video: cv2.VideoCapture) -> Clip:
    cv2 = need("cv2")
    width, height, rate, frames = (
        video.get(fact)
        for fact in (
            cv2.CAP_PROP_FRAME_WIDTH,
            cv2.CAP_PROP_FRAME_HEIGHT,
            cv2.CAP_PROP_FPS,
            cv2.CAP_PROP_FRAME_COUNT,
        )
    )
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"its frames are {width:.0f} x {height:.0f} pixels")
    return Clip(
        int(frames) if 1 <= frames < 2**31 else 0,
        rate if math.isfinite(rate) and 0.01 < rate < 10_000 else RATE,
        (int(width), int(height)),
    )


def _count(path: Path) -> int:
    frames = 0
    with _open_video(path) as video:
        while frames < _MAX_FRAMES_COUNTED and video.grab():
            frames += 1
    if not frames:
        raise ValueError("it has no frames")
    return frames


def _frames(video: Any, numbers: Sequence[int], side: int) -> dict[int, Pixels]:
    cv2, frames, at = need("cv2"), {}, 0
    for number in numbers:
        if not 0 <= number - at <= _NEAR:
            video.set(cv2.CAP_PROP_POS_FRAMES, number)
            at = number
        while at < number and video.grab():
            at += 1
        good, frame = video.read() if at == number else (False, None)
        at += 1
        if good and frame is not None and frame.size:
            frames[number] = shrink(frame[:, :, ::-1], side)
    return frames
