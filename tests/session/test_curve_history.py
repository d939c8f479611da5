"""A reopened project shows the curve it was closed with, and whatever lies in its file, a curve."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from zlib import crc32

import pytest

from spin_nb.session.audit.curve_log import MAX_POINTS, CurveLog, _line
from spin_nb.session.model.training_history import cv_scores

KEPT = {
    "time": 0.0,
    "n_labels": 3,
    "n_audits": 0,
    "accuracy": {"value": None, "low": 0.0, "high": 1.0, "n": 0, "method": "none"},
    "nll": None,
    "ece": None,
    "labels_per_minute": 0.0,
}


@pytest.fixture
def s(project, digits):
    s = project()
    s.audit.share = 0.5
    digits.label(s, s.ask(12).ids)
    s.train(wait=True)
    digits.label(s, s.ask(4).ids)
    s.undo()
    return s


def log(s):
    return s.folder / "features" / "curve.ndjson"


def test_the_curve_is_the_same_after_reopening_label_by_label(s, project):
    before = s.audit.curve
    assert [at.n_labels for at in before] == list(range(1, 16))
    assert project().audit.curve == before, "the first session was never closed"
    s.close()
    assert project().audit.curve == before


def test_without_its_file_a_curve_has_a_point_a_training(s, project):
    s.close()
    log(s).unlink()
    assert 12 in [at.n_labels for at in project().audit.curve]


def test_a_line_that_changed_or_was_cut_is_passed_over(s, project):
    before = s.audit.curve
    s.close()
    whole = log(s).read_bytes()
    at = whole.index(b'"n_labels":5,') + len('"n_labels":')
    log(s).write_bytes(whole[:at] + b"4" + whole[at + 1 :] + b'0badf00d {"time"')
    again = project().audit.curve
    assert again == [point for point in before if point.n_labels != 5]


def test_a_person_who_may_only_read_sees_it_and_writes_nothing(s, project):
    before, size = s.audit.curve, log(s).stat().st_size
    s.close()
    assert project(read_only=True).audit.curve == before
    assert log(s).stat().st_size == size


def test_a_link_in_its_place_is_neither_read_nor_written(s, project, digits, tmp_path):
    s.close()
    outside = tmp_path / "outside"
    outside.write_bytes(log(s).read_bytes())
    before = outside.read_bytes()
    log(s).unlink()
    os.symlink(outside, log(s))
    with pytest.warns(UserWarning, match="leads outside"):
        again = project()
    digits.label(again, again.ask(1).ids)
    again.close()
    assert outside.read_bytes() == before


@pytest.mark.parametrize("what", ["n_labels", "time", "nll", "low", "value", "n"])
def test_a_point_with_a_number_no_float_has_room_for_is_passed_over(s, project, what):
    before = s.audit.curve
    s.close()
    kept = json.loads(log(s).read_bytes().splitlines()[-1][9:])
    (kept if what in kept else kept["accuracy"])[what] = 10**400
    text = json.dumps(kept).encode()
    with open(log(s), "ab") as stream:
        stream.write(b"%08x %s\n" % (crc32(text), text))
    again = project(trusted=False)
    assert again.audit.curve == before
    assert again.curves is not None


@pytest.mark.parametrize(
    "metrics",
    [
        [1],
        "curve validation",
        5,
        {"validation": {"graph": 1.0}},
        {"validation": 5, "curve": 7},
        {"validation": {"graph": "?"}, "curve": KEPT},
        {"validation": [["graph", 1.0]], "curve": KEPT},
        {"validation": {"graph": 10**400}, "curve": KEPT},
    ],
    ids=lambda metrics: str(metrics)[:40],
)
def test_a_run_that_says_nothing_of_heads_is_no_validation(metrics):
    scores = {"graph": 0.75}
    runs = [SimpleNamespace(metrics=run) for run in (metrics, {"validation": scores, "curve": KEPT})]
    assert cv_scores(SimpleNamespace(runs=lambda: runs)) == [(3, scores)]


def test_a_pipe_in_its_place_is_waited_for_by_nobody(s):
    s.close()
    log(s).unlink()
    os.mkfifo(log(s))
    assert CurveLog(s.folder).points() == []


def test_a_long_history_is_made_short_and_keeps_its_ends(s):
    import dataclasses

    last = s.audit.curve[-1]
    s.close()
    many = [dataclasses.replace(last, n_labels=n) for n in range(1, 3 * MAX_POINTS)]
    log(s).write_bytes(b"".join(map(_line, many)))
    points = CurveLog(s.folder).points()
    assert (len(points), points[0], points[-1]) == (MAX_POINTS, many[0], many[-1])
    assert len(log(s).read_bytes().splitlines()) == MAX_POINTS
    assert CurveLog(s.folder).points() == points
