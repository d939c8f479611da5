"""Two things side by side: which is better, or how well one fits the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from spin_nb.errors import LabelError
from spin_nb.tasks._choice import OneOf
from spin_nb.tasks._names import checked_names
from spin_nb.tasks._unseen import codes, is_blank
from spin_nb.tasks._values import whole_text
from spin_nb.words import shown

ANSWERS = ("first", "second", "equal")
MAX_QUESTION_CHARACTERS = 500  # characters of a question: it stands above every item


class Pairs(OneOf):
    """Comparison of two, or relevance of the second.

    A value is "first", "second" or "equal" (without ``tie`` one of the first two); with ``grades`` it is one of
    them.  To a model the answers are classes: ``index(value)`` is their column.

    Parameters
    ----------
    question : str, optional
        What the person is asked, at most 500 characters; "Which is better?" unless given, with grades
        "How well do they fit?".
    tie : bool
        Whether "equal" may be said.  Of no meaning with grades.
    grades : iterable of str, optional
        At least two, no two alike, in order: "no", "partly", "yes" for a query and a document.

    Attributes
    ----------
    names : tuple of str
        The answers, in column order.
    metric : str
        "accuracy": the score of an item is 1 where the answer is the true one, else 0.

    Raises
    ------
    LabelError
        A question that is not text, a ``tie`` that is not True or False, grades that are not a list of names.

    Examples
    --------
    >>> Pairs().names
    ('first', 'second', 'equal')
    >>> Pairs(grades=["no", "partly", "yes"]).index("yes")
    2
    >>> Pairs(tie=False).validate("equal")
    Traceback (most recent call last):
    ...
    spin_nb.errors.LabelError: 'equal' is not an answer of this project.
      -> Use one of: first, second.
    """

    kind: ClassVar[str] = "pairs"
    editor: ClassVar[str] = "pairs"
    metric: ClassVar[str] = "accuracy"
    about: ClassVar[str] = "a comparison of pairs"
    one: ClassVar[str] = "answer"

    __slots__ = ("grades", "question", "tie")

    def __init__(
        self, question: str | None = None, tie: bool = True, grades: Iterable[str] | None = None
    ) -> None:
        if not isinstance(tie, bool):
            raise LabelError(f"tie={shown(tie)} is neither True nor False.", "Pass tie=True or tie=False.")
        self.grades = None if grades is None else checked_names(grades, "grade", "grades", least=2)
        self.question = _question(question, with_grades=self.grades is not None)
        self.tie = tie
        names = self.grades or (ANSWERS if tie else ANSWERS[:2])
        super().__init__(names, question=self.question, tie=tie, grades=self.grades)


def _question(question: object, with_grades: bool) -> str:
    if question is None:
        return "How well do they fit?" if with_grades else "Which is better?"
    words = whole_text(question, "the question").strip()
    if not words or len(words) > MAX_QUESTION_CHARACTERS:
        raise LabelError(
            f"the question has {len(words):,} characters.",
            f"Ask in 1 to {MAX_QUESTION_CHARACTERS} characters, or leave it out.",
        )
    if is_blank(words):
        raise LabelError(
            f"the question is empty: nobody sees {codes(words)}.", "Ask in words, or leave it out."
        )
    return words
