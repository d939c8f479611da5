"""``s.model``: the model of a session, to look at."""

from __future__ import annotations

from functools import partial

from spin_nb.project.records import Suggestion
from spin_nb.protocols import Predictive
from spin_nb.session.model import label_doubts
from spin_nb.session.model.encoder_choice import EncoderChoice
from spin_nb.session.model.encoder_comparison import EncoderComparison
from spin_nb.session.model.label_doubts import LabelDoubts
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.model.training_history import CVScores, cv_scores
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job, wait_for
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.words import HtmlRepr


class ModelPart(HtmlRepr):
    """Model in place and its scores (``s.model``).

    Train it with ``s.train()``, ask it with ``s.predict(items)``.

    Examples
    --------
    >>> s.model                                                      # doctest: +SKIP
    Head 'mean' (also graph, linear), 320 labels
      probabilities sharpened by 1.30 from 34 audits
      on labels held out: graph 93.1 %, linear 91.7 %, mean 93.4 %
    """

    __slots__ = ("_encoder_choice", "_live", "_project", "_runtime", "_suggestions")

    def __init__(
        self,
        project: OpenProject,
        runtime: Runtime,
        live: LiveModel,
        *,
        suggestions: Suggestions,
        encoder_choice: EncoderChoice,
    ) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._suggestions = suggestions
        self._encoder_choice = encoder_choice

    def __repr__(self) -> str:
        features = self._encoder_choice.words_for_a_person()
        return f"{self._heads()}\n  {features}" if features else self._heads()

    def _heads(self) -> str:
        n_labels = self._live.label_log.state.n_labels
        if not self._project.learns_classes:
            return f"No heads: labels are {self._project.task.kind!r}, {n_labels:,} so far"
        if self.head is None:
            return "No model yet: label a few items, s.labeller"
        others = ", ".join(self.heads[1:])
        text = f"Head {self.head!r}{f' (also {others})' if others else ''}, {n_labels:,} labels"
        # Those of a model that is not in place, of other features say, are none of this one's.
        scores = self.cv_scores if others else []
        calibration = self._live.calibration
        if self._live.pool_model.learner.needs_training:
            text += "; what was trained before the classes changed does not know them: s.train()"
        elif not scores:
            text += "; s.train() compares the heads"
        if calibration:
            text += f"\n  probabilities {calibration}"
        if not scores:
            return text
        n, by_head = scores[-1]
        accuracies = ", ".join(f"{head} {accuracy:.1%}" for head, accuracy in by_head.items())
        return f"{text}\n  on labels held out, at {n:,} labels: {accuracies}"

    @property
    def head(self) -> str | None:
        """Head shown; None before the first label.

        It is "graph", "linear", "mean", "trees" or the name of your model.
        """
        return self._live.head

    @property
    def heads(self) -> list[str]:
        """Heads for ``s.predict(items, head=...)``, the shown first."""
        return self._live.heads

    @property
    def predictive(self) -> Predictive | None:
        """Posterior predictive of the whole pool, live.

        It is None before the first label, and while a large folder is still being looked at.
        """
        return self._live.predictive

    @property
    def encoders(self) -> EncoderComparison | None:
        """Candidate encoders, compared by the labels when one was chosen last; None before that.

        ``s.compare_encoders()`` draws what they say now.
        """
        return self._encoder_choice.comparison

    @property
    def better_features(self) -> Job[None] | None:
        """Job that makes the features of pretrained encoders; None where there is one encoder only."""
        return self._encoder_choice.job

    @property
    def cv_scores(self) -> list[CVScores]:
        """Cross-validated accuracies of every training.

        Each is (labels, head -> accuracy on labels held out).

        The labels held out are the same for all heads where a model was asked for.
        """
        return cv_scores(self._project.store)

    def label_errors(self) -> LabelDoubts:
        """Find labels that are probably wrong, by heads that did not learn from them.

        It takes about three times as long as ``s.train()``.  Audit labels are left out: whoever mends only those that
        the model doubts makes it look better than it is.

        Returns
        -------
        LabelDoubts
            Its ``table`` has every label, the most doubtful first; ``s.grid.show(s.model.label_errors())`` shows those
            that are rather wrong than right.

        Raises
        ------
        ModelError
            Labels are no classes, or fewer than five.
        NotTrainedError
            No label trains yet.

        References
        ----------
        Northcutt, Jiang & Chuang 2021, Confident Learning, JAIR 70; ``spin_nb.models.label_errors`` has what is
        done beyond it.

        Examples
        --------
        >>> s.model.label_errors()                                     # doctest: +SKIP
        43 of 1,000 labels are rather wrong than right; about 4.4% of all are wrong
          99% 'img_7.png': '1', not '7'?
        """
        return wait_for(partial(label_doubts.start, self._project, self._runtime, self._live))

    def suggestion(self, id: str) -> Suggestion | None:
        """Return an item's suggestion and probability, or None.

        The probability may be None.

        Of classes the session's model suggests one that is right at least as often as not: of probability 0.5 or more.

        Raises
        ------
        LabelError
            Unknown item.
        """
        return self._suggestions.of(self._project.pool.row(id))
