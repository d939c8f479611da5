"""What a gesture on many items did, in the words of a page."""

from __future__ import annotations

from spin_nb.errors import LabelError
from spin_nb.session.label_commands import BulkReport
from spin_nb.words import shown

MAX_LABEL_CHARACTERS = 80
DECISION_WORDS = {"label": "Labelled", "skip": "Skipped", "flag": "Flagged", "unsure": "Marked as unsure"}
REVERSAL_WORDS = {"undo": "Took back", "redo": "Brought back"}


def items_in_words(n: int) -> str:
    """A number of items.

    Examples
    --------
    >>> items_in_words(1), items_in_words(1200)
    ('1 item', '1,200 items')
    """
    return f"{n:,} item" if n == 1 else f"{n:,} items"


def outcome_in_words(kind: str, value: object, report: BulkReport, n_missing: int = 0) -> str:
    """Say what one gesture did, and what it left out.

    Examples
    --------
    >>> outcome_in_words("label", "crack", BulkReport(("img_1", "img_2"), left_out=("img_3",)))
    'Labelled 2 items as crack. Left out: 1 being asked, which are answered one by one.'
    """
    of = f" as {str(value)[:MAX_LABEL_CHARACTERS]}" if kind == "label" else ""
    sentences = [f"{DECISION_WORDS[kind]} {items_in_words(len(report.ids))}{of}."]
    reasons = [
        (len(report.left_out), "being asked, which are answered one by one"),
        (len(report.audits), "audited, whose answers judge the model"),
        (n_missing, "no longer in the pool"),
    ]
    parts = [f"{n:,} {reason}" for n, reason in reasons if n]
    if parts:
        sentences.append(f"Left out: {'; '.join(parts)}.")
    return " ".join(sentences)


def check_reversal(kind: str) -> None:
    """Check that a page asks for an undo or a redo.

    Raises
    ------
    LabelError
    """
    if kind not in REVERSAL_WORDS:
        raise LabelError(f"kind={shown(kind)} is neither 'undo' nor 'redo'.", "Reload the page.")


def reversal_in_words(kind: str, n: int) -> str:
    """Say what an undo or a redo did.

    Examples
    --------
    >>> reversal_in_words("undo", 497)
    'Took back 497 items.'
    """
    return f"{REVERSAL_WORDS[kind]} {items_in_words(n)}."
