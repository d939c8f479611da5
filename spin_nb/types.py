"""Small frozen values that cross rooms.

They hold facts and draw themselves; they compute nothing.  Arrays inside are never written to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.words import HtmlRepr

Float = NDArray[np.float32]
Ints = NDArray[np.integer[Any]]
Rows = Sequence[int] | Ints
"""Row numbers, or class indices, as a caller may pass them."""


@dataclass(frozen=True, eq=False)  # arrays have no one answer to ==
class Picked:
    """A batch chosen by a strategy.

    Attributes
    ----------
    indices : int64 (k,)
        Rows of the arrays the strategy was given, in asking order.
    scores : float32 (k,)
        Score of each pick when it was picked; higher = asked first.
    q : float64 (k,)
        Probability with which each pick was drawn, given the picks before it.
    reason : str
        What the strategy was doing, for the person ("exploring: ...").
    is_sampled : bool
        Whether the picks were drawn with ``q``.  False: they are the strategy's best, and ``q`` is what they have
        under the mixture with uniform picks that the session then draws.
    """

    indices: Ints
    scores: Float
    q: NDArray[np.float64]
    reason: str = ""
    is_sampled: bool = True


@dataclass(frozen=True)
class Asked(HtmlRepr):
    """Items the session asks a person to label (``s.ask``).

    Attributes
    ----------
    ids : tuple of str
        Item ids, in asking order.
    strategy : str
        The word that chose them.
    q : tuple of float
        Acquisition probability of each, given those before it (Farquhar et al. 2021).
    reason : str
        Why these, in words.  Neither it nor the labeller says which of them are audit items; a script can tell by
        ``q``, which for an audit is that of a uniform draw.
    """

    ids: tuple[str, ...]
    strategy: str
    q: tuple[float, ...]
    reason: str

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        listing = ", ".join(self.ids[:6]) + (", ..." if len(self.ids) > 6 else "")
        return f"Asked {len(self.ids)} by {self.strategy!r} ({self.reason}): {listing}"


@dataclass(frozen=True)
class Estimate(HtmlRepr):
    """A number with its interval.

    Attributes
    ----------
    value : float or None
        Point estimate; None where the sample is too small to show one.
    low, high : float
        The 95 % interval.
    n : int
        Sample size.
    method : str
        How value and interval were computed, and from which sample.
    unanswered : int
        Of the sample, but without an answer that may judge: not among ``n``; ``low`` counts them as wrong, ``high`` as
        right.
    flagged : int
        Drawn, but bad items, so left out.
    of : str
        What it is an estimate for, in words, where that is not the whole pool.

    Examples
    --------
    >>> Estimate(0.9, 0.62, 0.97, 30, "audit sample", flagged=2, of="the 400 items not labelled by hand")
    90.0% [62.0%, 97.0%] (n=30, audit sample; of the 400 items not labelled by hand; 2 bad items left out)
    >>> Estimate(0.9, 0.7, 0.95, 30, "audit sample", unanswered=4).caveats
    '4 more without a fair answer: wrong at the low end, right at the high end'
    >>> Estimate(None, 0.0, 1.0, 0, "audit sample")
    not known yet (n=0, audit sample)
    """

    value: float | None
    low: float
    high: float
    n: int
    method: str
    unanswered: int = 0
    flagged: int = 0
    of: str = ""

    @property
    def caveats(self) -> str:
        """Words for what the interval holds for; "" where plain."""
        return "; ".join(
            [
                *([f"of {self.of}"] if self.of else []),
                *([_worst_case(self.unanswered)] if self.unanswered else []),
                *(
                    [f"{self.flagged} bad item{'' if self.flagged == 1 else 's'} left out"]
                    if self.flagged
                    else []
                ),
            ]
        )

    def __repr__(self) -> str:
        point = "" if self.value is None else f"{self.value:.1%} "
        is_known = self.n > 0 or (self.low, self.high) != (0.0, 1.0)
        span = f"{point}[{self.low:.1%}, {self.high:.1%}]" if is_known else "not known yet"
        more = f"; {self.caveats}" if self.caveats else ""
        return f"{span} (n={self.n}, {self.method}{more})"


def _worst_case(n: int) -> str:
    return f"{n} more without a fair answer: wrong at the low end, right at the high end"


@dataclass(frozen=True)
class TrainReport(HtmlRepr):
    """Outcome of one training run.

    Attributes
    ----------
    model_id : str
        Folder name under ``models/`` in the project.
    head : str
        The head shown: "graph", "linear", "mean", "trees" or the name of a model of your own.
    n_labels : int
        Labels trained on (audit labels are not among them).
    accuracy : Estimate
        Audited accuracy of this model, from the hidden audit sample.
    seconds : float
        Wall time of the run.
    validation : dict
        Head -> accuracy on training labels held out, as ``Session.train`` says: what the choice of a head rests on.
    compared : dict
        The model that was asked for, and every head, -> accuracy on the same labels held out; empty where nothing was
        asked for, or too few labels could be held out.
    note : str
        Which of them is shown and why; "" where nothing was asked for.
    """

    model_id: str
    head: str
    n_labels: int
    accuracy: Estimate
    seconds: float
    validation: dict[str, float] = field(default_factory=dict)
    compared: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def __repr__(self) -> str:
        scores = ", ".join(f"{word} {value:.1%}" for word, value in self.validation.items())
        note = f"\n  {self.note}" if self.note else ""
        return (
            f"Trained on {self.n_labels} labels in {self.seconds:.2f} s; head shown: {self.head!r}{note}\n"
            f"  audited accuracy {self.accuracy!r}\n"
            f"  on labels held out, which are the hard ones (they compare heads, they are no accuracy): "
            f"{scores or 'too few labels'}"
        )


@dataclass(frozen=True)
class Shown:
    """One item as a view shows it.

    Attributes
    ----------
    mime : str
        "image/png", "image/jpeg", "text/plain", "application/json" (a table row: name -> text),
        "application/x-series", "audio/wav", "video/x-frames" or "multipart/mixed" (several at once).
    data : bytes or str or dict
        Bytes for pictures, text otherwise, facts for series, sounds and videos.  Never HTML: views show it with
        ``textContent``.
    buffers : tuple of bytes
        What a series, sound or video is drawn from.
    size : (int, int) or None
        Width and height of the original picture, in pixels.
    parts : tuple of (str, Shown)
        Names and parts of an item that is several things at once.
    """

    mime: str
    data: Any
    buffers: tuple[bytes, ...] = ()
    size: tuple[int, int] | None = None
    parts: tuple[tuple[str, Shown], ...] = ()


@dataclass(frozen=True)
class Extent:
    """Size and text of an item, which limit its labels.

    Attributes
    ----------
    size : (int, int) or None
        Width and height of the original picture, in pixels.
    text : str or None
        The whole text.
    """

    size: tuple[int, int] | None = None
    text: str | None = None


@dataclass(frozen=True)
class Broken:
    """An item kept out of the pool, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class ExportReport(HtmlRepr):
    """Bundle that ``s.export`` wrote.

    It says how far the bundle agrees with the notebook.

    Attributes
    ----------
    folder : Path
        The bundle.
    target : str
        The word of the export target.
    files : dict
        Relative file name -> sha256 of its bytes, for every file of the bundle.
    parity : dict
        Output name -> largest absolute difference between the exported graph (onnxruntime) and the
        notebook's own answers on the golden inputs.
    agreement : float
        Share of the pool on which exported and shown head choose the same class (1.0 unless distilled).
    notes : tuple of str
        What was not checked, in words: hardware it did not run on.
    """

    folder: Path
    target: str
    files: dict[str, str]
    parity: dict[str, float]
    agreement: float
    notes: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float:
        """Largest entry of ``parity``."""
        return max(self.parity.values(), default=0.0)

    def __repr__(self) -> str:
        parity = ", ".join(f"{name} {value:.1e}" for name, value in self.parity.items())
        notes = "".join(f"\n  note: {note}" for note in self.notes)
        return (
            f"Exported {len(self.files)} files to {self.folder} for {self.target!r}\n"
            f"  largest difference from the notebook: {parity}\n"
            f"  same class as the head shown here: {self.agreement:.1%} of the pool{notes}"
        )
