"""What a notebook shows of a result: its repr, and not a character of it as markup."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from spin_nb.project.verify import Damage
from spin_nb.session.checks.check import Check
from spin_nb.session.model.explanation import Explanation
from spin_nb.session.model.prediction import Sets
from spin_nb.session.stream.watch_report import WatchReport
from spin_nb.types import Asked, Estimate, ExportReport, TrainReport

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
ESTIMATE = Estimate(0.9, 0.8, 0.95, 40, HOSTILE)
RESULTS = [
    Asked((HOSTILE,), HOSTILE, (0.5,), HOSTILE),
    ESTIMATE,
    TrainReport("m", HOSTILE, 9, ESTIMATE, 1.0, {HOSTILE: 0.5}, note=HOSTILE),
    ExportReport(Path(HOSTILE), HOSTILE, {}, {HOSTILE: 0.0}, 1.0, (HOSTILE,)),
    Check(1, 1, 1, (Damage(HOSTILE, HOSTILE, HOSTILE),)),
    WatchReport(1, ((0, HOSTILE),), ("a",)),
    Sets(np.ones((1, 2), bool), [HOSTILE, "ok"], 0.1, 9),
    Explanation(
        id=HOSTILE,
        label=HOSTILE,
        classes=[HOSTILE, "ok"],
        mean=np.array([0.6, 0.4], np.float32),
        draws=np.zeros((1, 2), np.float32),
        epistemic=0.1,
        aleatoric=0.1,
        neighbours=(),
        changes=(),
        n_tried=1,
        effect=None,
        functions=None,
    ),
]


def text_of(page: str) -> str:
    """The text of the one element a result is shown in; any tag but its own is left in place."""
    return unescape(
        re.sub(r'^<pre style="[\w: -]+"><strong>(.*?)</strong>(.*)</pre>$', r"\1\2", page, flags=re.DOTALL)
    )


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_a_notebook_shows_the_repr_and_no_markup_of_a_hostile_name(result):
    page = result._repr_html_()
    assert HOSTILE.split()[0] in repr(result), "the name is shown"
    assert re.findall(r"</?(\w+)", page) == ["pre", "strong", "strong", "pre"]
    assert text_of(page) == repr(result)


def test_a_session_s_parts_and_predictions_are_shown_alike(project):
    s = project()
    s.label({id: s.classes[n % len(s.classes)] for n, id in enumerate(s.pool.ids[:20])})
    for result in (s.model, s.audit, s.stream, s.predict(s.pool.ids[:2])):
        assert text_of(result._repr_html_()) == repr(result)
