"""Words of one's own: a transcription, a caption, an answer."""

from __future__ import annotations

import unicodedata
from typing import ClassVar

from spin_nb.errors import LabelError
from spin_nb.tasks._edits import levenshtein
from spin_nb.tasks._values import whole_number, whole_text
from spin_nb.tasks.base import TaskBase
from spin_nb.types import Extent
from spin_nb.words import short, shown

MAX_CHARACTERS = (
    100_000  # two texts of this length are compared in some seconds; longer ones would stop a session
)


class FreeText(TaskBase):
    """A text that the person writes.

    It is kept NFC-normalised and otherwise as written.

    Parameters
    ----------
    max_length : int
        Characters (code points) it may have, at most 100,000.

    Attributes
    ----------
    metric : str
        "1 - edit distance": 1 minus the Levenshtein distance as a share of the longer text.

    Raises
    ------
    LabelError
        ``max_length`` is not a whole number from 1 to 100,000.

    Examples
    --------
    >>> task = FreeText()
    >>> task.describe(task.validate("a red bus"))
    '“a red bus”'
    >>> task.validate("   ")
    Traceback (most recent call last):
    ...
    spin_nb.errors.LabelError: the text '   ' is blank.
      -> Write something, or skip the item.
    """

    kind: ClassVar[str] = "freetext"
    editor: ClassVar[str] = "freetext"
    metric: ClassVar[str] = "1 - edit distance"
    about: ClassVar[str] = "a text to write"

    __slots__ = ("max_length",)

    def __init__(self, max_length: int = 10_000) -> None:
        self.max_length = whole_number(max_length, "max_length")
        if not 1 <= self.max_length <= MAX_CHARACTERS:
            raise LabelError(
                f"max_length={self.max_length} is out of range.", f"Pass 1 to {MAX_CHARACTERS:,}."
            )
        super().__init__(max_length=self.max_length)

    def validate(self, value: object, extent: Extent | None = None) -> str:
        """Return the text as it is stored.

        Raises
        ------
        LabelError
            Not text, blank (nothing but white space and invisible characters), too long, lone surrogates.

        Examples
        --------
        >>> FreeText().validate("Cafe\u0301") == "Café"
        True
        """
        text = whole_text(value, "the text")
        if len(text) > self.max_length:
            raise LabelError(
                f"the text has {len(text):,} characters; {self.max_length:,} are allowed.", "Shorten it."
            )
        if all(unicodedata.category(c)[0] == "Z" or unicodedata.category(c) in ("Cc", "Cf") for c in text):
            raise LabelError(f"the text {shown(text)} is blank.", "Write something, or skip the item.")
        return text

    def describe(self, value: str) -> str:
        """Return the first words, in quotes."""
        return f"“{short(value, 58)}”"

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """1 - Levenshtein distance / length of the longer text, in code points.

        White space at the ends does not count, and any run of it counts as one space.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> FreeText().score("a red  bus", "a rad bus")
        0.8888888888888888
        """
        first, second = (" ".join(self.validate(text).split()) for text in (answer, truth))
        return 1 - levenshtein(first, second) / max(len(first), len(second))
