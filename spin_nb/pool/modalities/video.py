"""Videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.media.images import LARGEST_SIDE, LOAD_SIDE, SHOW_SIDE, Pixels, encode_jpeg, shrink
from spin_nb.pool.media.safe_open import reading
from spin_nb.pool.media.video import EXTENSIONS, Clip, check_video, evenly, frame_size, read_frames
from spin_nb.pool.modalities.base import Modality
from spin_nb.types import Extent, Shown
from spin_nb.words import shown

FRAMES_LOADED, FRAMES_SHOWN = 8, 24
"""Frames of a video that are loaded, and shown at once."""
SHOWN_SIDE_PIXELS = 480


@dataclass(frozen=True)
class VideoModality(Modality):
    """Videos: frames that are evenly spaced stand for the whole.

    Frames by themselves, uint8 (k, h, w, 3), serve too; they count as one a second.
    """

    name = "video"
    title = "video"
    extensions = EXTENSIONS
    module = "cv2"
    batch_axes = 5
    chunk_items = 32
    encoders = ("frames",)

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is frames.

        They are uint8 (k, h, w, 3).
        """
        return isinstance(item, np.ndarray) and item.dtype == np.uint8 and item.ndim == 4

    @classmethod
    def check_file(cls, path: Path) -> int:
        """Look at a file's header."""
        check_video(path)
        return 0

    def load(self, source: object) -> Pixels:
        """Evenly spaced frames, uint8 (k, h, w, 3).

        There are at most 8, of at most 256 pixels a side.

        Raises
        ------
        PoolError
            When it is no video, or has no frame that can be read.
        """
        return np.stack(list(self._frames(source, LOAD_SIDE, most=FRAMES_LOADED)[1].values()))

    def show(self, source: object, size: int | None = None) -> Shown:
        """video/x-frames: at most 24 evenly spaced frames as JPEG, at most ``size`` pixels a side (default 480)."""
        side = min(size or SHOWN_SIDE_PIXELS, SHOWN_SIDE_PIXELS)
        clip, frames = self._frames(source, side, most=FRAMES_SHOWN)
        facts = {
            "seconds": clip.frames / clip.rate,
            "rate": clip.rate,
            "frames": clip.frames,
            "at": list(frames),
        }
        return Shown(
            "video/x-frames", facts, tuple(encode_jpeg(frame, side) for frame in frames.values()), clip.size
        )

    def frame(self, source: object, number: int, size: int | None = None) -> Shown:
        """image/jpeg: one frame, at most ``size`` pixels a side (default 512, at most 1600).

        Raises
        ------
        PoolError
            When there is no such frame.
        """
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 0:
            raise PoolError(f"{shown(number)} is no number of a frame.", "Frames count from 0.")
        side = min(size or SHOW_SIDE, LARGEST_SIDE)
        clip, frames = self._frames(source, side, at=[int(number)])
        return Shown("image/jpeg", encode_jpeg(frames[int(number)], side), size=clip.size)

    def extent(self, source: object) -> Extent:
        """Width and height of its frames."""
        if isinstance(source, (str, Path)):
            with reading("video", source):
                return Extent(size=frame_size(Path(source)))
        return Extent(size=_clip(_array(source)).size)

    def _frames(
        self, source: object, side: int, *, at: list[int] | None = None, most: int = 1
    ) -> tuple[Clip, dict[int, Pixels]]:
        if isinstance(source, (str, Path)):
            with reading("video", source):
                return read_frames(Path(source), side, at=at, most=most)
        frames = _array(source)
        numbers = evenly(len(frames), most) if at is None else at
        if numbers[-1] >= len(frames):
            raise PoolError(f"the video has no frame {numbers[-1]}.", f"Its last one is {len(frames) - 1}.")
        return _clip(frames), {number: shrink(frames[number], side) for number in numbers}


def _clip(frames: Pixels) -> Clip:
    return Clip(len(frames), 1.0, (frames.shape[2], frames.shape[1]))


def _array(source: object) -> Pixels:
    if (
        isinstance(source, np.ndarray)
        and source.dtype == np.uint8
        and source.ndim == 4
        and source.shape[3] == 3
        and source.size
    ):
        return source
    kind = f"{type(source).__name__}{getattr(source, 'shape', '')}"
    raise PoolError(f"a {kind} is no video.", "Pass the path of a file, or frames, uint8 (k, h, w, 3).")
