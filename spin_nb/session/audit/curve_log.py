"""The learning curve label by label, kept beside the features: a reopened project shows the curve it was closed with.

A line a point, with its checksum: what was killed half way, or has changed on the disk, is passed over.  It is written
without waiting for the disk, and nothing rests on it but this picture: without it the curve has a point a training.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import numpy as np

from spin_nb.errors import SpinError
from spin_nb.io import open_regular, write_atomically
from spin_nb.monitor.curves import CurvePoint
from spin_nb.project.folder import FEATURES, inside

LOG_FILE = "curve.ndjson"
MAX_POINTS = 2000  # points that a curve is brought back with: a plot has fewer pixels
MAX_LOG_BYTES = 2**26  # bytes that are read


class CurveLog:
    """Appends points, and brings them back.

    Parameters
    ----------
    folder : Path
        Of the project.
    read_only : bool
        Nothing is written.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._folder, self._read_only = folder, read_only

    def add(self, at: CurvePoint) -> None:
        """Append a point.

        A disk that refuses costs the picture only.
        """
        if self._read_only:
            return
        with suppress(OSError, SpinError):
            # Not through a link or into a pipe: a project may come from somebody else.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            with open_regular(self._path(), flags, follow=False) as stream:
                stream.write(_line(at))

    def points(self) -> list[CurvePoint]:
        """Read the curve, at most :data:`MAX_POINTS` points; shorten a file that has grown."""
        lines = self._lines()
        points: list[CurvePoint] = []
        for line in lines:
            at = _point(line)
            if at is not None:
                append(points, at)
        if len(points) > MAX_POINTS:
            indices = np.unique(np.linspace(0, len(points) - 1, MAX_POINTS).round().astype(int))
            points = [points[i] for i in indices]
        if len(lines) > 2 * MAX_POINTS and not self._read_only:
            with suppress(SpinError):
                short = b"".join(map(_line, points))
                write_atomically(self._path(), lambda half: half.write_bytes(short))
        return points

    def _lines(self) -> list[bytes]:
        try:
            with open_regular(self._path()) as stream:
                content = stream.read(MAX_LOG_BYTES + 1)
            return content.splitlines() if len(content) <= MAX_LOG_BYTES else []
        except (OSError, SpinError):
            return []

    def _path(self) -> Path:
        return inside(self._folder, FEATURES, LOG_FILE)


def append(points: list[CurvePoint], point: CurvePoint) -> None:
    """Append the newest point, drop undone ones."""
    while points and points[-1].n_labels >= point.n_labels:
        points.pop()
    if point.n_labels:
        points.append(point)


def _line(at: CurvePoint) -> bytes:
    text = json.dumps(at.to_json(), separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(text), text)


def _point(line: bytes) -> CurvePoint | None:
    text = line[9:]
    if line[:9] != b"%08x " % crc32(text):
        return None
    try:
        return CurvePoint.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):  # of another version
        return None
