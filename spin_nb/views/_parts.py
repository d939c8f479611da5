"""Which scripts a view is made of, in the order in which they are joined."""

from __future__ import annotations


def _below(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names)


PICTURES = _below("media", "item", "detail", "viewport")
"""What an item is, and a picture to explore and draw on."""

MEDIA = (
    *PICTURES,
    *_below(
        "media",
        "drawing",
        "text",
        "trace",
        "series_view",
        "series",
        "wave",
        "audio",
        "film",
        "video",
        "several",
        "still",
    ),
)
"""An item, whatever it is, still or to explore."""

FORMS = _below(
    "editors",
    "forms",
    "choices",
    "classes",
    "multilabel",
    "number",
    "spans_text",
    "spans_select",
    "spans_choice",
    "spans",
    "text",
    "pairs",
)
SHAPES = _below("editors", "shapes", "drawing", "outlines", "boxes", "polygons", "keypoints")
"""An editor for every task: with buttons and fields, and on pictures."""

DRAFT = _below("labeller", "keys", "words", "draft")
"""What editors rely on."""

LABELLER = (
    *MEDIA,
    *DRAFT,
    *FORMS,
    *SHAPES,
    *_below(
        "labeller",
        "outbox",
        "drafts",
        "decisions",
        "news",
        "desk",
        "stage",
        "room",
        "parts",
        "help",
        "seen",
        "page",
    ),
)
