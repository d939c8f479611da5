"""An explanation and its parts: facts, and what they say in words.  Nothing here is markup; views show it as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spin_nb.types import Float
from spin_nb.words import HtmlRepr


@dataclass(frozen=True)
class Neighbour:
    """A labelled item near the one explained.

    Attributes
    ----------
    id, label : str
    distance : float
        Euclidean, between the encoder's features.
    farther : float or None
        Share of labelled items whose own nearest label is farther away than this one is; None while few are labelled.
    """

    id: str
    label: str
    distance: float
    farther: float | None = None

    @property
    def in_words(self) -> str:
        """Distance, in words, against the usual.

        Examples
        --------
        >>> Neighbour("img_3", "crack", 0.4, farther=0.95).in_words
        'very close'
        """
        if self.farther is None:
            return ""
        words = ((0.9, "very close"), (0.7, "close"), (0.3, "as far as usual"), (0.1, "far"))
        return next((word for least, word in words if self.farther >= least), "very far")


@dataclass(frozen=True)
class MindChange:
    """Answer of an item if another had a label.

    Attributes
    ----------
    id, value : str
        The other item, and the label it is supposed to have.
    chance : float
        Probability the model gives that label.
    answer, becomes : str
        Most probable class of the item explained, now and then; the same where its mind does not change.
    now, after : float
        Probability of ``becomes``.
    """

    id: str
    value: str
    chance: float
    answer: str
    becomes: str
    now: float
    after: float

    @property
    def flips(self) -> bool:
        """True if the answer would be another."""
        return self.becomes != self.answer

    def __str__(self) -> str:
        verb = "become" if self.flips else "stay"
        premise = f"If {short(self.id)} were {short(self.value)!r}"
        return f"{premise}, this would {verb} {short(self.becomes)!r} ({self.after:.0%}, now {self.now:.0%})."


@dataclass(frozen=True)
class LabelEffect:
    """Expected gain of others from an item's label.

    Attributes
    ----------
    items : int
        How many of them would be doubted less, by ``MIN_GAIN_NATS`` nats or more.
    of : int
        Unlabelled items.
    looked_at : int
        How many of those were looked at; ``items`` is scaled up from them.
    """

    items: int
    of: int
    looked_at: int

    def __str__(self) -> str:
        if not self.items:
            return f"Its label would help with itself only: none of {self.looked_at:,} others would be doubted less."
        about = "" if self.looked_at == self.of else "about "
        noun = "similar item" if self.items == 1 else "similar items"
        return f"Its label would teach {about}{self.items:,} {noun}, of {self.of:,} without a label."


@dataclass(frozen=True, eq=False)
class Explanation(HtmlRepr):
    """Reasons of an item's answer (``s.explain(id)``).

    Attributes
    ----------
    id : str
    label : str or None
        What a person called it.
    classes : list of str
        Order of every probability column.
    mean : float32 (C,)
    draws : float32 (S, C)
        Class probabilities under ``S`` posterior samples.
    epistemic, aleatoric : float
        Nats.
    neighbours : tuple of Neighbour
        The labels nearest to it that the model learns from, nearest first; audits are no part of them.
    changes : tuple of MindChange
        Labels of other items that would change the answer, the likeliest first; or else the one that would shake it
        most.
    n_tried : int
        Items whose labels were supposed.
    effect : LabelEffect or None
        None where it is labelled already, or nothing could be supposed.
    functions : int or None
        Different posterior samples the last three rest on; None where they follow from a formula.
    """

    id: str
    label: str | None
    classes: list[str]
    mean: Float
    draws: Float
    epistemic: float
    aleatoric: float
    neighbours: tuple[Neighbour, ...]
    changes: tuple[MindChange, ...]
    n_tried: int
    effect: LabelEffect | None
    functions: int | None

    @property
    def answer(self) -> str:
        """The most probable class."""
        return self.classes[int(self.mean.argmax())]

    @property
    def doubt(self) -> str:
        """Amount and kind of doubt, in words."""
        total, most = self.epistemic + self.aleatoric, np.log(len(self.classes))
        if total < 0.05 * most:
            return f"It is sure: {total:.2f} nats of doubt, where {most:.2f} would be knowing nothing."
        share = self.epistemic / total
        head = f"{total:.2f} of at most {most:.2f} nats of doubt"
        if share >= 0.5:
            return f"{head}; {share:.0%} of it epistemic: the model has seen too little like it, its label would help."
        rest = "to the model the classes overlap here, it expects little of labels."
        return f"{head}; {1 - share:.0%} of it aleatoric: {rest}"

    @property
    def nearness(self) -> str:
        """Summary of the nearest labels, in words."""
        if not self.neighbours:
            return "No other item is labelled yet."
        n, answer = len(self.neighbours), repr(short(self.answer))
        agree = sum(neighbour.label == self.answer for neighbour in self.neighbours)
        too = ", too" if agree else ""
        first = f"{agree or 'None'} of the {n} nearest labels {'say' if agree > 1 else 'says'} {answer}{too}."
        if n == 1:
            first = f"The only other label {'says' if agree else 'does not say'} {answer}{too}."
        farther = self.neighbours[0].farther
        if farther is None:
            return first
        if 0.3 <= farther < 0.7:
            return f"{first} The nearest is about as far as usual."
        if farther >= 0.5:
            usual = f"closer than usual: {_share(farther)} labelled items have theirs farther away"
        else:
            usual = f"farther than usual: {_share(1 - farther)} labelled items have one closer by"
        return f"{first} The nearest is {usual}."

    @property
    def verdict(self) -> str:
        """Summary of the labels supposed, in words."""
        if not self.n_tried and self.functions is not None:
            return f"This posterior holds {self.functions} functions: too few to suppose labels with."
        if not self.n_tried:
            return "Every other item is labelled: there is nothing left to suppose."
        if any(change.flips for change in self.changes):
            return ""
        shaken = " This would shake it most:" if self.changes else ""
        return f"No likely label of the {self.n_tried:,} items tried would change its answer.{shaken}"

    def __repr__(self) -> str:
        top = np.argsort(-self.mean, kind="stable")[:3]
        answers = ", ".join(f"{short(self.classes[c])!r} {self.mean[c]:.0%}" for c in top)
        near = ", ".join(f"{short(n.id)} {short(n.label)!r} ({n.distance:.3g})" for n in self.neighbours)
        lines = [f"{short(self.id)}: {answers}", self.doubt, self.nearness, near, self.verdict]
        lines += [str(change) for change in self.changes]
        lines += [str(self.effect)] if self.effect else []
        return "\n  ".join(line for line in lines if line)


def _share(part: float) -> str:
    return "all" if part == 1 else f"{min(part, 0.99):.0%} of"


def short(text: object, width: int = 40) -> str:
    r"""One line of at most ``width`` characters.

    Examples
    --------
    >>> short("a\nb", 2)
    'a…'
    """
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
