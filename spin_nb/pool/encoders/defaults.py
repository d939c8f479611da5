"""Which built-in encoder reads what."""

from __future__ import annotations

SMALL = 64
"""Pictures up to this many pixels a side go to "pixels-pca"."""

FITTING = {
    "image": ("pixels-pca", "photo"),
    "text": ("tfidf-svd",),
    "table": ("columns",),
    "series": ("convolutions",),
    "audio": ("log-mel",),
    "video": ("frames",),
    "several": ("parts",),
}
"""Built-in encoders by the modality they read."""


def word_for(modality: str, side: int | None = None) -> str:
    """Word of the encoder that "auto" stands for; ``side``: longest side of the largest picture, in pixels.

    Examples
    --------
    >>> word_for("text"), word_for("image", 28), word_for("image")
    ('tfidf-svd', 'pixels-pca', 'photo')
    """
    if modality != "image":
        return FITTING[modality][0]
    return "pixels-pca" if (side or SMALL + 1) <= SMALL else "photo"
