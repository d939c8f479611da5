"""Parts of a text, each with a label."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from spin_nb.errors import LabelError
from spin_nb.tasks._labelled import Entry, LabelledList
from spin_nb.tasks._matching import f1
from spin_nb.tasks._names import known_name
from spin_nb.tasks._values import entries, fields, whole_number
from spin_nb.types import Extent

KEYS = ("label", "start", "end")
MAX_CHARACTERS = 1_000_000_000  # characters, where the text is not known


class Spans(LabelledList):
    """Any number of labelled parts of a text, which may overlap; [] says that there is nothing.

    A span is ``{"label", "start", "end"}`` in code points of the text, as Python counts and slices:
    ``text[start:end]``.

    Parameters
    ----------
    names : iterable of str
        Labels: at least one, no two alike.

    Attributes
    ----------
    metric : str
        "F1" of the two sets of spans: one counts only if label, start and end are right.

    Raises
    ------
    LabelError
        No names; a name that is empty, not text or there twice.

    Examples
    --------
    >>> task = Spans(["person", "place"])
    >>> task.describe(task.validate([{"label": "person", "start": 0, "end": 3}]))
    '1 span: person'
    """

    kind: ClassVar[str] = "spans"
    editor: ClassVar[str] = "spans"
    works_on: ClassVar[Mapping[str, int]] = MappingProxyType({"text": 2_000_000})
    metric: ClassVar[str] = "F1"
    about: ClassVar[str] = "labelled spans of a text"

    thing: ClassVar[tuple[str, str]] = ("span", "spans")

    __slots__ = ()

    def validate(self, value: object, extent: Extent | None = None) -> list[Entry]:
        """Return the spans as they are stored.

        They are sorted by start, end and label, each once.

        Raises
        ------
        LabelError
            Not a list of spans (10,000 at most), an unknown label, a span that is empty, turned round or outside
            the text.

        Examples
        --------
        >>> Spans(["person"]).validate([{"label": "person", "start": 0, "end": 30}], Extent(text="Ada met Bob."))
        Traceback (most recent call last):
        ...
        spin_nb.errors.LabelError: span 1 is 0 to 30, but the text has 12 characters.
          -> Give start and end in characters of the text, 0 <= start < end <= 12.
        """
        spans = entries(value, "the label", f'[{{"label": {self.names[0]!r}, "start": 0, "end": 3}}]')
        unique_spans = {self._span(span, extent, f"span {i}") for i, span in enumerate(spans, 1)}
        return [{"label": label, "start": start, "end": end} for start, end, label in sorted(unique_spans)]

    def _span(self, value: object, extent: Extent | None, what: str) -> tuple[int, int, str]:
        label, start, end = fields(value, KEYS, what)
        label = known_name(label, self._index, "label", f"{what}: ")
        start, end = whole_number(start, f"start of {what}"), whole_number(end, f"end of {what}")
        length = MAX_CHARACTERS if extent is None or extent.text is None else len(extent.text)
        if 0 <= start < end <= length:
            return start, end, label
        if start >= end:
            wrong = f"{what} is {start} to {end}, which holds no characters."
        elif start < 0:
            wrong = f"{what} begins at {start}, before the text."
        else:
            wrong = f"{what} is {start} to {end}, but the text has {length} characters."
        raise LabelError(
            wrong, f"Give start and end in characters of the text, 0 <= start < end <= {length}."
        )

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """F1 of spans with the same label, start and end (CoNLL-2003); two empty lists score 1.0.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> a, b = ({"label": "person", "start": s, "end": s + 3} for s in (0, 8))
        >>> Spans(["person"]).score([a, b], [a])
        0.6666666666666666
        """
        first, second = ({tuple(s.values()) for s in self.validate(v, extent)} for v in (answer, truth))
        return f1(len(first & second), len(first), len(second))
