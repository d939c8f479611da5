"""A file with weights that others trained: found, read, and told from what is none."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spin_nb.errors import PoolError
from spin_nb.io import checksum, open_regular
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.words import said_by, shown

OBJECTS = "it holds objects other than arrays, which could run code and are not read"
_HEAD_BYTES = 64
_STARTS = {
    b"<": "it is a web page",
    b"version https://git-lfs": "it is git-lfs's note of where the file is, not the file",
    b"pk\x03\x04": "it is a zip archive of something else, or was cut off",
    b"\x80": OBJECTS,
}
"""How a file begins, in lower case -> what it is."""


class MissingWeightsError(MissingPackageError):
    """The weights are not on this machine, or may not be read: nothing is wrong with the pool."""


def weights_file(path: Path | str) -> Path:
    """File of a path that a person passes.

    Raises
    ------
    PoolError
        When it is none.
    """
    file = regular_file(path)
    if file is None:
        raise PoolError(f"weights={shown(path)} is no file.", "Pass the path of the weights.")
    return file


def regular_file(path: Path | str) -> Path | None:
    """File of a path, "~" the home of who runs this; None where there is none.

    Raises
    ------
    MissingWeightsError
        When it is a folder, or the system does not let it be looked at.
    """
    try:
        file = Path(path).expanduser()
        with reading_weights(file), suppress(FileNotFoundError, NotADirectoryError):
            if stat.S_ISREG(file.stat().st_mode):
                return file
            kind = "a folder" if file.is_dir() else "no regular file"
            raise MissingWeightsError(
                f"{shown(str(file), 200)} is {kind}, not a file with weights.",
                "Pass the path of the file itself: weights=path; or put the file in its place.",
            )
    except MissingWeightsError:
        raise
    except (TypeError, ValueError, RuntimeError):  # no path, or one of a person who has no home
        pass
    return None


def read_weights(file: Path) -> bytes:
    """Bytes of a file with weights.

    Raises
    ------
    MissingWeightsError
        When the system does not let it be read.
    """
    with reading_weights(file):
        return file.read_bytes()


def digest_of_file(file: Path) -> str:
    """sha256 of a file with weights.

    Raises
    ------
    MissingWeightsError
        When the system does not let it be read.
    """
    with reading_weights(file):
        return checksum(file)


@contextmanager
def reading_weights(file: Path) -> Iterator[None]:
    """Turn what the system refuses about a file, or a folder of files, with weights into a MissingWeightsError."""
    try:
        yield
    except OSError as problem:
        raise MissingWeightsError(
            f"the weights {shown(str(file), 200)} cannot be read: {problem.strerror or said_by(problem)}.",
            "Look whether it is there and may be read by you; or pass another copy: weights=path.",
        ) from None


def content_in_words(file: Path) -> str:
    """Clause on a file that holds no weights: as far as its first bytes tell, what it is instead.

    Raises
    ------
    MissingWeightsError
        When the system does not let it be read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "weights.pth")
    >>> file.write_bytes(b"<!DOCTYPE html><html>...")
    24
    >>> content_in_words(file)
    'it is a web page'
    """
    with reading_weights(file), open_regular(file) as stream:
        head = stream.read(_HEAD_BYTES).lstrip()
        size = file.stat().st_size
    if not size:
        return "it is empty"
    return next(
        (words for start, words in _STARTS.items() if head.lower().startswith(start)),
        f"its {size:,} bytes are something else",
    )
