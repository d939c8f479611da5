"""One number per item: a slider, or typed."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import LabelError
from spin_nb.tasks._likely import prediction, probability
from spin_nb.tasks._values import number, whole_text
from spin_nb.tasks.base import TaskBase
from spin_nb.types import Extent, Float
from spin_nb.words import short, shown

TOLERANCE_SHARE = 0.02  # share of the range within which a suggestion counts as right, where there is no step
ROUNDING_SHARE = 1e-9  # of the range: an end that lost digits in a browser or a CSV file is still that end
MIN_STEP_SHARE = 1e-12  # of the largest end: a smaller step is lost in the rounding of floats


class Number(TaskBase):
    """A number from ``low`` to ``high``.

    Parameters
    ----------
    low, high : float
        Both allowed; ``low < high``.
    step : float, optional
        Values are rounded to ``low + k * step``; without it they are kept as they are.
    unit : str
        Shown behind the number, at most 20 characters.

    Attributes
    ----------
    metric : str
        "1 - range error": 1 minus the absolute error as a share of the range.

    Raises
    ------
    LabelError
        Ends or step that are not finite numbers, ``low >= high``, a step that is not positive or exceeds the range.

    Examples
    --------
    >>> task = Number(0, 10, step=0.5, unit="mm")
    >>> task.validate(3.3)
    3.5
    >>> task.describe(3.5)
    '3.5 mm'
    >>> task.validate(11)
    Traceback (most recent call last):
    ...
    spin_nb.errors.LabelError: 11 mm is outside 0 to 10 mm.
      -> Give a number from 0 to 10.
    """

    kind: ClassVar[str] = "number"
    editor: ClassVar[str] = "number"
    metric: ClassVar[str] = "1 - range error"
    about: ClassVar[str] = "a number"

    __slots__ = ("high", "low", "step", "unit")

    def __init__(self, low: float, high: float, step: float | None = None, unit: str = "") -> None:
        self.low, self.high = number(low, "low"), number(high, "high")
        if not self.low < self.high or not math.isfinite(self.high - self.low):
            raise LabelError(
                f"low={self.low:.10g} and high={self.high:.10g} leave no range.", "Pass low < high."
            )
        self.step = None if step is None else self._checked_step(number(step, "step"))
        self.unit = whole_text(unit, "unit").strip()
        if len(self.unit) > 20:
            raise LabelError(f"the unit {shown(self.unit)} is too long.", "Use at most 20 characters.")
        super().__init__(low=self.low, high=self.high, step=self.step, unit=self.unit)

    def _checked_step(self, step: float) -> float:
        least = MIN_STEP_SHARE * max(abs(self.low), abs(self.high))
        if not max(least, 0.0) < step <= self.high - self.low:
            raise LabelError(
                f"step={step:.10g} does not divide {self.low:.10g} to {self.high:.10g}.",
                f"Pass a step above {least:.3g}, at most {self.high - self.low:.10g}, or leave it out.",
            )
        return step

    @property
    def _within(self) -> float:
        """Largest error that still counts as right."""
        return self.step / 2 if self.step is not None else TOLERANCE_SHARE * (self.high - self.low)

    def spec(self) -> dict[str, Any]:
        """Description of the task for its editor.

        ``within`` says how far off a suggestion counts as right.
        """
        return {**super().spec(), "within": float(f"{self._within:.3g}")}

    @property
    def outputs(self) -> int:
        """Width of the target, which is one."""
        return 1

    def validate(self, value: object, extent: Extent | None = None) -> float:
        """Return ``value`` as it is stored.

        It is a float, rounded to the step if there is one.

        Raises
        ------
        LabelError
            Not a number (True and "3" are none), not finite, outside ``low`` to ``high``.

        Examples
        --------
        >>> Number(0, 1).validate(1)
        1.0
        """
        plain = number(value, "the label")
        slack = ROUNDING_SHARE * (self.high - self.low)
        if not self.low - slack <= plain <= self.high + slack:
            raise LabelError(
                f"{self.describe(plain)} is outside {self.low:.10g} to {self.describe(self.high)}.",
                f"Give a number from {self.low:.10g} to {self.high:.10g}.",
            )
        return self._round(min(max(plain, self.low), self.high))

    def _round(self, value: float) -> float:
        if self.step is None:
            return value
        last = math.floor((self.high - self.low) / self.step + 1e-9)
        k = min(round((value - self.low) / self.step), last)
        # 15 digits: 0.1 * 3 is stored as 0.3, and comes back from JSON as the same float.
        return min(max(float(f"{self.low + k * self.step:.15g}"), self.low), self.high)

    def describe(self, value: float) -> str:
        """Return the number with its unit, 10 digits."""
        return short(f"{value:.10g} {self.unit}")

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """``1 - |said - truth| / (high - low)``.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> Number(0, 10).score(3, 5)
        0.8
        """
        return max(0.0, 1 - abs(self.validate(answer) - self.validate(truth)) / (self.high - self.low))

    def target(self, value: object, extent: Extent | None = None) -> Float:
        """``(value - low) / (high - low)``, float32 (1,).

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> Number(0, 10).target(5)
        array([0.5], dtype=float32)
        """
        return np.array([(self.validate(value) - self.low) / (self.high - self.low)], np.float32)

    def suggestion(self, mean: ArrayLike, sd: ArrayLike, extent: Extent | None = None) -> tuple[float, float]:
        """Suggest the mean, rounded to the step (without one to three or four digits of the range) and clipped.

        Parameters
        ----------
        mean, sd : (1,)
            Of the predicted target, a normal.

        Returns
        -------
        value : float
        p : float
            Probability that the true value is within half a step of it, without a step within 2 % of the range.
            What the normal puts beyond an end counts as that end.

        Raises
        ------
        ModelError
            Other shapes, numbers that are not finite.

        Examples
        --------
        >>> value, p = Number(0, 10, step=1).suggestion([0.5], [0.05])
        >>> value, round(p, 2)
        (5.0, 0.68)
        """
        from scipy.special import ndtr

        centre, spread = prediction(mean, sd, 1)
        width = self.high - self.low
        at = min(max(self.low + float(centre[0]) * width, self.low), self.high)
        digits = 3 - math.floor(math.log10(width))
        value = self._round(min(max(round(at, digits), self.low), self.high))
        within = self._within
        z = (np.array([value - within, value + within]) - self.low) / width
        low, high = ndtr((z - centre) / spread)
        low, high = (0.0 if z[0] <= 1e-9 else low), (1.0 if z[1] >= 1 - 1e-9 else high)
        return value, probability(float(high - low))
