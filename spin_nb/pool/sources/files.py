"""Files of a pool: which kind a name promises, and what its header must say."""

from __future__ import annotations

from pathlib import Path

from spin_nb.pool.media import audio, images, video

EXTENSIONS = {"image": images.EXTENSIONS, "audio": audio.EXTENSIONS, "video": video.EXTENSIONS}
"""Modality -> endings of its files, in lower case."""
_KINDS = {ending: word for word, endings in EXTENSIONS.items() for ending in endings}
WORDS = {"image": "picture", "audio": "sound", "video": "video"}


def modality_of(name: str) -> str | None:
    """Modality that the ending of a file name promises; None where it is none of ours.

    Examples
    --------
    >>> modality_of("a/b.JPG"), modality_of("b.wav"), modality_of("notes.txt")
    ('image', 'audio', None)
    """
    dot = name.rfind(".")
    return _KINDS.get(name[dot:].lower()) if dot >= 0 else None


def check_file(modality: str, path: Path) -> int:
    """Look at a file's header; the longest side of a picture in pixels, else 0.

    Raises
    ------
    ValueError
        With the reason why it cannot be an item.
    """
    if modality == "image":
        return max(images.check_picture(path))
    (audio.check_sound if modality == "audio" else video.check_video)(path)
    return 0
