"""Tags and notes of items: what a person says of them beside the label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spin_nb.errors import LabelError
from spin_nb.project.fold import Marks
from spin_nb.session.arguments import text
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.labels.new_events import Act
from spin_nb.words import shown

if TYPE_CHECKING:
    import polars as pl

MAX_TAG_CHARACTERS = 100
MAX_NOTE_CHARACTERS = 10_000


def tag_acts(label_log: LabelLog, kind: str, ids: Sequence[str], tags: Sequence[str]) -> list[Act]:
    """Acts that give tags to items, or take them away (``kind`` "tag", "untag"), where that changes anything.

    Raises
    ------
    LabelError
        Unknown items; a tag that is empty, too long or no plain line of text.
    """
    if not tags:
        raise LabelError("no tag was passed.", 'For example s.tag(s.selected, "night").')
    names = [_tag(tag) for tag in tags]
    with label_log.lock:
        for id in ids:
            label_log.pool.row(id)
        marks = label_log.state.marks
        return [
            (kind, id, name)
            for id in ids
            for name in names
            if (name in marks.get(id, Marks()).tags) == (kind == "untag")
        ]


def note_acts(label_log: LabelLog, id: str, note: str) -> list[Act]:
    """Act that writes a note on an item, none where it says so already.

    Raises
    ------
    LabelError
        Unknown item; no text, or too long a one.
    """
    if len(text(note, "note")) > MAX_NOTE_CHARACTERS:
        raise LabelError(
            f"the note has {len(note):,} characters.",
            f"Write {MAX_NOTE_CHARACTERS:,} at most, or link to a file.",
        )
    with label_log.lock:
        label_log.pool.row(id)
        is_new = label_log.state.marks.get(id, Marks()).note != note
    return [("note", id, note)] if is_new else []


def tags_frame(label_log: LabelLog) -> pl.DataFrame:
    """Every tag with the number of items that have it, most frequent first.

    The columns are tag (String) and items (Int64).
    """
    import polars as pl

    with label_log.lock:
        counts = Counter(tag for marks in label_log.state.marks.values() for tag in marks.tags)
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return pl.DataFrame(rows, schema={"tag": pl.String, "items": pl.Int64}, orient="row")


def _tag(tag: object) -> str:
    name = text(tag, "tag").strip()
    if not name or len(name) > MAX_TAG_CHARACTERS or not name.isprintable():
        raise LabelError(
            f"{shown(tag)} is no tag.", f"A tag is one line of text, 1 to {MAX_TAG_CHARACTERS} characters."
        )
    return name
