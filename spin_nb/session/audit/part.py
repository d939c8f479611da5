"""``s.audit``: the hidden audit sample, and what it says."""

from __future__ import annotations

from functools import partial
from numbers import Real

from spin_nb.errors import SettingError
from spin_nb.monitor.curves import CurvePoint
from spin_nb.session.audit.curve import Curve
from spin_nb.session.audit.judge import Judge
from spin_nb.session.labels.label_log import Change
from spin_nb.session.model.audit_predictions import AuditPredictions
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.announcer import Announcer
from spin_nb.types import Estimate
from spin_nb.words import HtmlRepr, shown


class AuditPart(HtmlRepr):
    """Hidden audit sample of a project (``s.audit``).

    Examples
    --------
    >>> s.audit                                                      # doctest: +SKIP
    12 audits among 120 labels, 10 % of asks audit
      accuracy 0.917 (0.646 to 0.985, 12 audits)
    """

    __slots__ = ("_announcer", "_curve", "_judge", "_live", "_project")

    def __init__(
        self, project: OpenProject, live: LiveModel, judge: Judge, curve: Curve, announcer: Announcer
    ) -> None:
        self._project = project
        self._live = live
        self._judge = judge
        self._curve = curve
        self._announcer = announcer

    def __repr__(self) -> str:
        label_log = self._live.label_log
        return (
            f"{len(label_log.training_set.audits[0]):,} audits among {label_log.state.n_labels:,} labels, "
            f"{self.share:.0%} of asks audit\n  {self._project.task.metric} {self.accuracy!r}"
        )

    @property
    def share(self) -> float:
        """Share of asks that audit, 0 to 0.5.

        It is 0.1 unless set.  Changing it keeps the audits so far.

        Audits that a larger share adds later are drawn from what nobody has labelled by then; those that come too late,
        because the model has learnt them, count in :attr:`accuracy` as without an answer.  It is the project's: whoever
        has it open elsewhere asks by it from the next ask on.
        """
        with self._live.label_log.lock:
            self._live.catch_up()
            return self._live.label_log.plan.share

    @share.setter
    def share(self, share: float) -> None:
        if isinstance(share, (str, bool)) or not isinstance(share, Real) or not 0 <= share <= 0.5:
            raise SettingError(
                f"an audit share of {shown(share)} is not between 0 and 0.5.", "Set s.audit.share = 0.1."
            )
        self._project.check_writable("change the audit share")
        label_log = self._live.label_log
        label_log.retry_while_busy(partial(label_log.save_share, float(share)))

    @property
    def accuracy(self) -> Estimate:
        """Accuracy on the hidden audit sample, with interval.

        It is the accuracy on the present pool, arrivals included, and on new items like it; where most of a small pool
        is labelled, what is left is easier than that, because the hard items were asked.  The repr says where it is
        less: what was labelled without being asked and what was flagged as bad is not part of it, and each audit that
        was skipped, left, or that the model learnt from counts as wrong at the low end and as right at the high end.

        The interval holds for one look, at a number of audits fixed beforehand.  Looking again and again, and stopping
        where it looks good, misses the truth more often than one time in twenty.
        """
        self._live.try_to_catch_up()
        return self._judge.accuracy()

    @property
    def curve(self) -> list[CurvePoint]:
        """Accuracy, calibration and pace, label by label.

        It holds those of earlier sessions, too.
        """
        return self._curve.points

    @property
    def predictions(self) -> AuditPredictions:
        """Predictions for the audits, beside their labels.

        They are ``probs`` (n, C) and ``truth`` (n,).
        """
        return self._judge.audit_predictions()

    def release(self) -> int:
        """Let the audit labels train; returns how many.

        They stop estimating accuracy for good, also where a label is corrected later: :attr:`accuracy` starts again
        from the next audits.
        """
        self._project.check_writable("release audits")

        def step() -> tuple[int, list[Change]]:
            n, changes = self._live.label_log.release_audits(self._live.catch_up)
            self._live.follow(changes)
            return n, changes

        n, changes = self._live.label_log.retry_while_busy(step)
        self._announcer.labels_changed(changes)
        return n
