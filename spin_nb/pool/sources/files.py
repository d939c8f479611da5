"""Files of a pool: the kind that a name promises."""

from __future__ import annotations

from collections.abc import Mapping

from spin_nb.pool.modalities.lookup import words_by_extension


def modality_of(name: str, by_extension: Mapping[str, str] | None = None) -> str | None:
    """Modality that the ending of a file name promises.

    It is None where it is none of ours.

    ``by_extension``: :func:`words_by_extension`, for whoever asks of many names.

    Examples
    --------
    >>> modality_of("a/b.JPG"), modality_of("b.wav"), modality_of("notes.txt")
    ('image', 'audio', None)
    """
    dot = name.rfind(".")
    table = words_by_extension() if by_extension is None else by_extension
    return table.get(name[dot:].lower()) if dot >= 0 else None
